"""Convert the Markdown of the pages, which is MyST, into Markdown that Jupyter shows.

Directives become quotes, headings or pictures, roles become code, and links to other pages become their text.
A directive that has no counterpart in a notebook is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import dedent, indent

__all__ = ["Titles", "to_jupyter"]

Titles = Callable[[str], str]
"""Returns the title of a page or of one of its headings, from the target of a link."""

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,}|~{3,}|:{3,}) *(?:\{(?P<name>[^}]+)\} *)?(?P<argument>.*)")
_OPTION = re.compile(r":([\w-]+): *(.*)")
# Labels `(name)=`, block breaks, comments, and attributes of the next block.
_WITHOUT_TEXT = re.compile(r" *(\([^()\s]+\)=|\+\+\+.*|%.*|\{[.#][^{}]*\}) *")
_INLINE = re.compile(
    r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]*)\)(?:\{[^}]*\})?"
    r"|<(?:project|path|inv):(?P<page>[^>]*)>"
    r"|(?:\{(?P<role>[\w:+-]+)\})?(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)(?:\{[.#][^}]*\})?",
    re.DOTALL,
)
_ADMONITIONS = {
    *("admonition", "attention", "caution", "danger", "error", "hint"),
    *("important", "note", "seealso", "tip", "warning"),
}


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
        Markdown. The paths of pictures stay as they are.
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
            directive = _directive(fence["name"] or "container", fence["argument"], body)
            yield indent("\n" + _converted(directive, title_of) + "\n", fence["indent"])
    yield _inline("\n".join(prose), title_of)


def _directive(name: str, argument: str, lines: list[str]) -> _Directive:
    """Separate the options of a directive from its body."""
    lines = dedent("\n".join(lines)).splitlines()
    if lines[:1] == ["---"] and "---" in lines[1:]:
        end = lines.index("---", 1)
        written, lines = lines[1:end], lines[end + 1 :]
        options = {key: value.strip() for key, _, value in (line.partition(":") for line in written)}
    else:
        options = {}
        while lines and (option := _OPTION.fullmatch(lines[0])):
            options[option[1]] = option[2]
            del lines[0]
    return _Directive(name, argument.strip(), options, "\n".join(lines).strip("\n"))


def _converted(directive: _Directive, title_of: Titles) -> str:
    """Convert a directive."""
    name = directive.name
    if name in ("code-block", "code", "sourcecode"):
        return f"```{directive.argument}\n{directive.body}\n```"
    if name == "terminal":
        return f"```shell\n{directive.body}\n```"
    if name == "math":
        return f"$$\n{directive.argument}{directive.body}\n$$"
    if name in ("figure", "image"):
        picture = f"![{directive.options.get('alt', '')}]({directive.argument})"
        return picture if name == "image" else f"{picture}\n\n{to_jupyter(directive.body, title_of)}"
    argument, content = _inline(directive.argument, title_of), to_jupyter(directive.body, title_of)
    if name in _ADMONITIONS:
        heading = argument if name == "admonition" else name.replace("seealso", "see also").capitalize()
        more = "" if name == "admonition" else argument
        return "\n".join(f"> {line}".rstrip() for line in f"**{heading}**\n\n{more}{content}".splitlines())
    if name in ("tab-item", "dropdown", "grid-item-card", "card", "rubric"):
        return f"**{argument}**\n\n{content}" if argument else content
    if name in ("tab-set", "grid", "grid-item", "container", "div"):
        return content
    return ""


def _inline(text: str, title_of: Titles) -> str:
    """Convert links and roles."""

    def replaced(match: re.Match[str]) -> str:
        if match["page"] is not None:
            return f"*{title_of(match['page'])}*"
        if match["code"] is None:
            return _link(match, title_of)
        if match["role"] is None:
            return f"{match['ticks']}{match['code']}{match['ticks']}"
        return _role(match["role"], match["code"], title_of)

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


def _role(role: str, content: str, title_of: Titles) -> str:
    """Convert a role, with `text <target>` or with the target only."""
    text, _, target = content.partition(" <")
    if role == "math":
        return f"${content}$"
    if role in ("doc", "ref", "numref"):
        return text if target else f"*{title_of(content)}*"
    if target or ":" not in role:
        return f"`{text}`"
    name = content.removeprefix("~").rpartition(".")[2] if content.startswith("~") else content
    return f"`{name}()`" if role.endswith((":meth", ":func")) else f"`{name}`"
