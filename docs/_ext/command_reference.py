"""The directive ``command-reference``: the commands and options of ``qiskit-qoro``, from its parser.

Each group of commands is a section. A command has its usage, its description and tables of its arguments and
options. Many commands have the same options that choose a service, so these are in one table at the end.
"""

import argparse
import re
from collections.abc import Iterable, Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.cli.parsing import PROGRAM, CommandParser
from qiskit_qoro.cli.program import build_parser

SHARED = "service"  # The title of the options that many commands share.
SHARED_ID = "options-service"
DEFAULT = re.compile(r" \(default:? ([^()]*)\)")
QUOTED = re.compile(r"'([^']+)'|(?<![\w-])(--[a-z][a-z-]*|[A-Z]+(?:_[A-Z]+)+)|(\{\"[^}]*\})")


def inline(text: str) -> Iterator[nodes.Node]:
    """Split a text of the help. Quoted words, options, variables and JSON become literals."""
    end = 0
    for match in QUOTED.finditer(text):
        yield nodes.Text(text[end : match.start()])
        yield nodes.literal(text=match[1] or match[2] or match[3])
        end = match.end()
    yield nodes.Text(text[end:])


def paragraph(text: str) -> nodes.paragraph:
    """Return a paragraph."""
    return nodes.paragraph("", "", *inline(text))


def name(action: argparse.Action) -> nodes.paragraph:
    """Return the names of an option with its value, or the name of an argument."""
    names = action.option_strings or [""]
    metavar = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
    literals = [nodes.literal(text=f"{option} {metavar}".strip()) for option in names]
    if len(literals) == 1:
        return nodes.paragraph("", "", *literals)
    return nodes.paragraph("", "", literals[0], nodes.Text(", "), literals[1])


def option_table(parser: CommandParser, actions: Iterable[argparse.Action], heading: str) -> nodes.table:
    """Return a table of options or arguments, with a column of defaults if there are any."""
    rows = []
    for action in actions:
        text = parser._get_formatter()._expand_help(action)
        default = DEFAULT.search(text)
        rows.append((name(action), DEFAULT.sub("", text), default[1] if default else ""))
    has_defaults = any(default for *_, default in rows)
    headings = (heading, "Description", *(["Default"] if has_defaults else []))
    group = nodes.tgroup(cols=len(headings))
    group += [nodes.colspec(colwidth=1) for _ in headings]
    group += nodes.thead("", nodes.row("", *(nodes.entry("", paragraph(text)) for text in headings)))
    body = nodes.tbody()
    for first, text, default in rows:
        cells = [first, paragraph(text), *([paragraph(default)] if has_defaults else [])]
        body += nodes.row("", *(nodes.entry("", cell) for cell in cells))
    group += body
    return nodes.table("", group, classes=["option-table"], align="left")


def section(identifier: str, title: nodes.Node, *content: nodes.Node) -> nodes.section:
    """Return a section."""
    return nodes.section("", nodes.title("", "", title), *content, ids=[identifier])


def groups_of(parser: CommandParser) -> dict[str, list[argparse.Action]]:
    """Return the arguments and options of a command by the title of their group, without ``--help``."""
    found = {
        group.title or "": [
            action for action in group._group_actions if "--help" not in action.option_strings
        ]
        for group in parser._action_groups
    }
    return {title: actions for title, actions in found.items() if actions}


def command_section(command: str, parser: CommandParser) -> nodes.section:
    """Return the section of a command."""
    usage = parser.format_usage().removeprefix("usage: ").strip()
    found = section(f"command-{command}", nodes.literal(text=command))
    found += nodes.literal_block(text=usage, language="text")
    found += paragraph(parser.description or "")
    for title, actions in groups_of(parser).items():
        if title == SHARED:
            link = nodes.reference("", "the options that choose a service", refid=SHARED_ID, internal=True)
            found += nodes.paragraph("", "", nodes.Text("The command also has "), link, nodes.Text("."))
        else:
            found += option_table(parser, actions, title.removesuffix("s").capitalize())
    return found


class CommandReference(SphinxDirective):
    """Describe all commands."""

    def run(self) -> list[nodes.Node]:
        """Build a section for each group of commands, and one for the shared options."""
        program = build_parser()
        built = [
            section(
                f"commands-{nodes.make_id(title)}",
                nodes.Text(f"Commands: {title}"),
                *(command_section(command.name, program.commands[command.name]) for command in commands),
            )
            for title, commands in program._groups.items()
        ]
        sharing = next(parser for parser in program.commands.values() if SHARED in groups_of(parser))
        intro = f"Without these options, a command uses the account that '{PROGRAM} whoami' shows."
        table = option_table(sharing, groups_of(sharing)[SHARED], "Option")
        built.append(section(SHARED_ID, nodes.Text("Options that choose a service"), paragraph(intro), table))
        return built


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("command-reference", CommandReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
