"""Check the prose of the README, the pages and the docstrings with proselint and with ``prose_rules.toml``.

``python docs/check_prose.py [FILE ...]`` prints each place, the rule and what to write. The status is 1 if
there is any. The rules of this project are checks of proselint, in its registry beside its own ones.
"""

from __future__ import annotations

import re
import sys
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from prose_text import CODE, docstrings, prose_of_docstring, prose_of_page, without_code_blocks
from proselint.checks import __register__ as checks_of_proselint
from proselint.config import DEFAULT, Config
from proselint.registry import CheckRegistry
from proselint.registry.checks import Check, CheckFlags, CheckResult, types
from proselint.registry.checks.engine import Fancy
from proselint.tools import LintFile

__all__ = ["Finding", "check_docstrings", "check_page", "main"]

ROOT = Path(__file__).parents[1]
RULES: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "prose_rules.toml").read_text(encoding="utf-8")
)

_BETWEEN = "\n\n"
_WORD = re.compile(r"[^\W_][\w'’.,/:=<>≤≥×±–-]*")
_SENTENCE_END = re.compile(rf"(?<=[.!?])[)\"”]?\s+(?=[A-Z0-9{CODE}(\"“])|(?<=[:;])\s|\n")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_NAME_IN_HEADING = re.compile(r"(?<![.?:] )(?<!^)\b[A-Z][a-z]+\b")


class Finding(NamedTuple):
    """A place that breaks a rule."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def main(names: list[str]) -> int:
    """Check files, or everything if none is named."""
    findings: list[Finding] = []
    for path in [Path(name).resolve() for name in names] or _all_files():
        findings += check_docstrings(path) if path.suffix == ".py" else check_page(path)
    sys.stdout.writelines(f"{finding}\n" for finding in sorted(findings))
    return 1 if findings else 0


def check_page(path: Path) -> Iterator[Finding]:
    """Check a page in Markdown."""
    text = path.read_text(encoding="utf-8")
    yield from _check(path, [(1, text, prose_of_page(text))], _ALL)
    yield from _check_headings(path, text)


def check_docstrings(path: Path) -> Iterator[Finding]:
    """Check the docstrings of a module. The checks of proselint would take longer than the rest together."""
    texts = [(line, text, prose_of_docstring(text)) for line, text in docstrings(path)]
    yield from _check(path, texts, _OURS)


def _all_files() -> list[Path]:
    pages = (path for path in sorted(ROOT.glob("docs/**/*.md")) if "_build" not in path.parts)
    return [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
        *pages,
        *sorted(ROOT.glob("qiskit_qoro/**/*.py")),
    ]


def _check(path: Path, texts: Sequence[tuple[int, str, str]], config: Config) -> Iterator[Finding]:
    """Check texts of one file.

    Args:
        path: The file.
        texts: The first line of each text in the file, the text, and its prose.
        config: Which checks are on.
    """
    starts, lines, originals = [], [], []
    length = 1  # proselint puts a line break before the text
    for line, text, _ in texts:
        starts.append(length)
        lines.append(line)
        originals.append(text)
        length += len(text) + len(_BETWEEN)
    for found in LintFile(str(path), _BETWEEN.join(prose for _, _, prose in texts)).lint(config):
        result = found.check_result
        place = bisect_right(starts, result.span[0]) - 1
        within = result.span[0] - starts[place]
        # A pattern may begin with the blank before a word.
        before = originals[place][: within + 1]
        line = lines[place] + before.count("\n") - before.endswith("\n")
        yield Finding(_shown(path), line, result.check_path, result.message)


def _check_headings(path: Path, text: str) -> Iterator[Finding]:
    names = set(RULES["headings"]["names"])
    for found in _HEADING.finditer(without_code_blocks(text)):
        title = re.sub(r"`[^`]*`|\]\([^)]*\)", CODE, found[1])
        capitals = [word for word in _NAME_IN_HEADING.findall(title) if word not in names]
        if capitals:
            line = text.count("\n", 0, found.start()) + 1
            message = f"write {', '.join(capitals)} in small letters, or add the name to the list of names"
            yield Finding(_shown(path), line, "qoro.headings", message)


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _check_sentences(text: str, check: Check) -> Iterator[CheckResult]:
    """Find sentences that are too long."""
    limit = RULES["limits"]["words_in_a_sentence"]
    begin = 0
    for end in [*_SENTENCE_END.finditer(text), None]:
        sentence = text[begin : end.start() if end else len(text)]
        words = len(_WORD.findall(sentence))
        if words > limit:
            start = begin + len(sentence) - len(sentence.lstrip())
            shown = " ".join(sentence.split()[:6])
            message = f"{words} words, at most {limit}: divide the sentence that begins with {shown!r}"
            yield CheckResult(check.path, message, (start, begin + len(sentence)), None)
        begin = end.end() if end else len(text)


def _check_forms(instead: Mapping[str, str], text: str, check: Check) -> Iterator[CheckResult]:
    """Find words and phrases that are not part of other words."""
    choices = "|".join(
        re.escape(form).replace(r"\ ", " +") for form in sorted(instead, key=len, reverse=True)
    )
    for found in re.finditer(rf"(?<![\w-])(?:{choices})(?![\w-])", text, re.IGNORECASE):
        form = " ".join(found[0].split())
        advice = instead.get(form) or instead.get(form.lower())
        if advice:
            yield CheckResult(check.path, f"instead of {form!r}, write: {advice}", found.span(), advice)


def _our_checks() -> Iterator[Check]:
    for group in ("words", "spelling", "terms"):
        yield Check(check_type=partial(_check_forms, RULES[group]), path=f"qoro.{group}")
    for pattern, advice in RULES["patterns"].items():
        kind = types.ExistenceSimple(pattern=pattern)
        yield Check(kind, engine=Fancy(), path="qoro.patterns", message=f"{{0!r}}: {advice}")
    yield Check(_check_sentences, path="qoro.sentences", flags=CheckFlags(allow_quotes=True))


def _config(checks: Mapping[str, bool]) -> Config:
    """Return which checks are on. Proselint expects the most specific names first."""
    return {
        "max_errors": 100_000,
        "checks": dict(sorted(checks.items(), key=lambda item: -item[0].count("."))),
    }


CheckRegistry().register_many((*checks_of_proselint, *_our_checks()))
_OURS = _config({"qoro": True})
_ALL = _config(DEFAULT["checks"] | RULES["proselint"] | {"qoro": True})

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
