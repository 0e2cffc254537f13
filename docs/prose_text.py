"""Take the prose out of pages and docstrings. Whatever is not prose becomes blanks, so that no place changes.

The result has one line for each paragraph, heading, list item and cell of a table. So a phrase is found even
if a line of the page ends within it. Code and formulas become a sign, which counts as a word.

``<!-- prose: off -->`` and ``<!-- prose: on -->`` surround text that is not checked, such as examples of bad
prose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["CODE", "docstrings", "prose_of_docstring", "prose_of_page", "without_code_blocks"]

CODE = "¤"
"""Stands for code and formulas."""

_OFF = re.compile(r"<!-- prose: off -->.*?(?:<!-- prose: on -->|\Z)", re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_FENCE = re.compile(r"^([ \t]*)(`{3,}|:{3,}|~{3,})(.*)$")
_PROSE_DIRECTIVES = re.compile(
    r"\{(?:note|tip|hint|warning|attention|important|seealso|admonition|dropdown|card|grid|grid-item|grid-item-card"
    r"|tab-set|tab-item|drawing|figure)\}"
)
_CAPTION = re.compile(r"^\s*(?:alt|caption): (?=\S)(?![>|])", re.MULTILINE)
_OPTION = re.compile(r"^[ \t]*:[\w-]+:.*$", re.MULTILINE)

# Each pattern is replaced by blanks, or by a sign and blanks. The order counts.
_REMOVED = (
    (re.compile(r"^(?:%|\.\. |\(\S+\)=$).*$", re.MULTILINE), ""),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"\{\{[^}]*\}\}"), CODE),
    (re.compile(r"\$\$.+?\$\$", re.DOTALL), CODE),
    (re.compile(r"(?:\{[\w:-]+\})?(`+)(?!`)(?:.|\n(?!\n))+?(?<!`)\1(?!`)"), CODE),
    (re.compile(r"(?<![\\$\w])\$(?=\S)[^$\n]+(?:\n[^$\n]+)?\$(?!\w)"), CODE),
    (re.compile(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)(?:\{[^}]*\})?"), ""),
    (re.compile(r"</?\w[^<>]*>"), ""),
    (re.compile(r"https?://\S+"), CODE),
    (re.compile(r"^[ \t]*\|?(?:[ \t]*:?-{3,}:?[ \t]*\|?)+$", re.MULTILINE), ""),
    (re.compile(r"!?\["), ""),
    (re.compile(r"\*+|(?<!\w)_+|_+(?!\w)"), ""),
)
_MARK = re.compile(r"^[ \t]*(?:[-*+] |\d+\. |: |#+ |> )", re.MULTILINE)
_HEADING_OR_ROW = re.compile(r"[ \t]*(?:#+ |\|)")
_DOCSTRING_ROLE = re.compile(r":[\w:]+:`[^`]+`|``.+?``(?!`)|`[^`\n]+`_?", re.DOTALL)
_DOCTEST = re.compile(r"^[ \t]*>>>.*(?:\n[ \t]*\S.*)*", re.MULTILINE)
_LITERAL_BLOCK = re.compile(r"(?<=::)\n\n(?:(?P<indent>[ \t]+).*\n(?:(?P=indent).*\n|[ \t]*\n)*)")
_TABLE = re.compile(r"^[ \t]*=+(?: +=+)+\n(?:.*\S.*\n)+", re.MULTILINE)
_ARGUMENT = re.compile(r"^[ \t]*\*{0,2}[\w.]+(?: \([^)]*\))?:(?=[ \n])", re.MULTILINE)


def prose_of_page(text: str) -> str:
    """Return the prose of a page in Markdown, with the same length and the same places."""
    prose = _erase(_OFF, _erase(_FRONT_MATTER, text))
    prose = _erase(_OPTION, without_code_blocks(prose))
    for pattern, sign in _REMOVED:
        prose = _erase(pattern, prose, sign)
    return _joined(_erase(_MARK, prose), text, _MARK)


def prose_of_docstring(text: str) -> str:
    """Return the prose of a docstring, with the same length and the same places."""
    prose = _erase(_LITERAL_BLOCK, _erase(_DOCTEST, text))
    prose = _erase(_DOCSTRING_ROLE, _erase(_TABLE, prose), CODE)
    return _joined(_erase(_MARK, _erase(_ARGUMENT, prose)), text, _MARK, _ARGUMENT)


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each docstring of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            value = node.body[0].value  # type: ignore[attr-defined]
            yield value.lineno, value.value


def without_code_blocks(text: str) -> str:
    """Return a page with blanks for its code. Captions and the contents of admonitions stay."""
    return "".join(_lines_without_code(text))


def _lines_without_code(text: str) -> Iterator[str]:
    code_fence = ""
    for line in text.splitlines(keepends=True):
        fence = _FENCE.match(line)
        if code_fence:
            if fence and fence[2].startswith(code_fence) and not fence[3].strip():
                code_fence = ""
            caption = _CAPTION.match(line)
            kept = caption.end() if caption else len(line)
            yield _blanks(line[:kept]) + line[kept:]
        elif fence:
            if fence[3].strip() and not _PROSE_DIRECTIVES.search(fence[3]):
                code_fence = fence[2]
            yield _blanks(line)
        else:
            yield line


def _erase(pattern: re.Pattern[str], text: str, sign: str = "") -> str:
    return pattern.sub(lambda found: sign + _blanks(found[0][len(sign) :]), text)


def _blanks(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _joined(prose: str, text: str, *marks: re.Pattern[str]) -> str:
    """Join the lines of each paragraph.

    Args:
        prose: The prose.
        text: The text that it was taken from, with the same lines.
        marks: What begins a paragraph at the beginning of a line of the text.
    """
    lines, originals = prose.split("\n"), text.split("\n")
    joined = [lines[0]]
    for place in range(1, len(lines)):
        is_break = (
            not lines[place].strip()
            or not lines[place - 1].strip()
            or _HEADING_OR_ROW.match(originals[place - 1])
            or any(mark.match(originals[place]) for mark in marks)
        )
        joined.append("\n" if is_break else " ")
        joined.append(lines[place])
    return "".join(joined).replace("|", "\n")
