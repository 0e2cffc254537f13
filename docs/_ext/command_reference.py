"""The directive ``command-reference``: the commands and options of ``qiskit-qoro``, from its parser."""

import argparse

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.cli.program import build_parser

WIDTH = 96


def help_text(parser: argparse.ArgumentParser) -> str:
    """Return the output of ``--help``, with a fixed width."""
    parser.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=WIDTH)
    return parser.format_help()


class CommandReference(SphinxDirective):
    """Print the help of the program and of each command."""

    def run(self) -> list[nodes.Node]:
        """Build a section for each command."""
        parser = build_parser()
        built: list[nodes.Node] = [nodes.literal_block(text=help_text(parser), language="text")]
        for name, command in parser.commands.items():
            section = nodes.section(ids=[f"command-{name}"])
            section += nodes.title("", "", nodes.literal(text=name))
            section += nodes.literal_block(text=help_text(command), language="text")
            built.append(section)
        return built


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("command-reference", CommandReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
