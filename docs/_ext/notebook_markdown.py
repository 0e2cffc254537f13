"""Convert the Markdown of the pages, which is MyST, into Markdown that Jupyter shows.

Titles of tabs become bold, figures become pictures, roles become code, and links to other pages become their
text. A sentence takes the place of a table that only the build can make. A directive that is not known here
is an error, so that no text of a page is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from drawn import DRAWINGS

__all__ = ["Titles", "to_jupyter"]

Titles = Callable[[str], str]
"""Returns the title of a page or of one of its headings, from the target of a link."""

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,}|~{3,}|:{3,}) *(?:\{(?P<name>[^}]+)\} *)?(?P<argument>.*)")
_OPTION = re.compile(r":([\w-]+): *(.*)")
# Labels `(name)=`, block breaks, comments, and attributes of the next block.
_WITHOUT_TEXT = re.compile(r" *(\([^()\s]+\)=|\+\+\+.*|%.*|\{[.#][^{}]*\}) *")
_INLINE = re.compile(
    r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]*)\)(?:\{[^}]*\})?"
    r"|(?:\{(?P<role>[\w:]+)\})?(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)(?:\{[.#][^}]*\})?",
    re.DOTALL,
)
_TABLES = {
    *("bit-orders", "characterization-table", "endpoint-table", "event-fields"),
    *("events", "extras", "metrics", "noise-setters"),
}
_TABLE = "*The web page has a table here.*"


@dataclass(frozen=True)
class _Directive:
    name: str
    argument: str
    options: dict[str, str]
    body: str


def to_jupyter(text: str, title_of: Titles) -> str:
    """Convert the text of a cell.

    Args:
        text: MyST Markdown.
        title_of: Returns the title for a link without text.

    Returns:
        Markdown. The paths of pictures stay as they are. That of a drawing is its name after ``drawing:``.

    Raises:
        ValueError: If the text contains a directive that is not known here.
    """
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_blocks(text.splitlines(), title_of))).strip()


def _blocks(lines: list[str], title_of: Titles) -> Iterator[str]:
    """Convert the fenced blocks and the text between them."""
    prose: list[str] = []
    rest = iter(lines)
    for line in rest:
        fence = _FENCE.fullmatch(line)
        if fence is None:
            if not _WITHOUT_TEXT.fullmatch(line):
                prose.append(line)
            continue
        yield _inline("\n".join(prose), title_of)
        prose.clear()
        body, end = [], re.compile(rf" *{fence['fence'][0]}{{{len(fence['fence'])},}} *")
        for inner in rest:
            if end.fullmatch(inner):
                break
            body.append(inner)
        if fence["name"] is None and fence["fence"][0] != ":":
            yield "\n".join([line, *body, fence["indent"] + fence["fence"]])
        else:
            directive = _directive(fence["name"] or "", fence["argument"], body)
            yield indent("\n" + _converted(directive, title_of) + "\n", fence["indent"])
    yield _inline("\n".join(prose), title_of)


def _directive(name: str, argument: str, lines: list[str]) -> _Directive:
    """Separate the options of a directive from its body."""
    lines = dedent("\n".join(lines)).splitlines()
    options = {}
    while lines and (option := _OPTION.fullmatch(lines[0])):
        options[option[1]] = option[2]
        del lines[0]
    return _Directive(name, argument.strip(), options, "\n".join(lines).strip("\n"))


def _converted(directive: _Directive, title_of: Titles) -> str:
    """Convert a directive."""
    name, body = directive.name, directive.body
    if name in _TABLES:
        return _TABLE
    if name in ("code-block", "terminal"):
        language = "shell" if name == "terminal" else directive.argument
        return f"```{language}\n{body}\n```"
    content = to_jupyter(body, title_of)
    if name == "figure":
        return f"![{directive.options.get('alt', '')}]({directive.argument})\n\n{content}"
    if name == "drawing":
        return f"![{DRAWINGS[directive.argument]().title}](drawing:{directive.argument})\n\n{content}"
    if name in ("tab-item", "dropdown"):
        return f"**{_inline(directive.argument, title_of)}**\n\n{content}"
    if name == "tab-set":
        return content
    raise ValueError(f"a notebook cannot show the directive {name!r}: convert it in {Path(__file__).name}")


def _inline(text: str, title_of: Titles) -> str:
    """Convert links and roles."""

    def replaced(match: re.Match[str]) -> str:
        if match["code"] is None:
            return _link(match, title_of)
        if match["role"] is None:
            return f"{match['ticks']}{match['code']}{match['ticks']}"
        return _role(match["role"], match["code"])

    return _INLINE.sub(replaced, text)


def _link(match: re.Match[str], title_of: Titles) -> str:
    """Convert a link: only other sites can be reached from a notebook."""
    text, target = match["text"], match["target"]
    if match["image"]:
        return f"![{text}]({target})"
    text = _inline(text, title_of)
    if re.match(r"(https?|mailto):", target):
        return f"[{text or target}]({target})"
    return text or f"*{title_of(target)}*"


def _role(role: str, content: str) -> str:
    """Convert a role for a name of Python, with `text <target>` or with the target only."""
    text, _, target = content.partition(" <")
    if target:
        return f"`{text}`"
    name = content.removeprefix("~").rpartition(".")[2] if content.startswith("~") else content
    return f"`{name}()`" if role.endswith((":meth", ":func")) else f"`{name}`"
