"""The directive ``error-reference``: all errors and what to do about them, from their docstrings.

The first paragraph of a docstring says what the error means, and the second what to do. The HTTP status codes
come from the table that the client uses.
"""

import inspect
import re
from importlib import import_module

from api_pages import table
from api_table import first_line, plain, public_name
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.service.transport.request_errors import ERROR_CLASSES

TREE = re.compile(r" {4}(.*?\w.*?)(?: {2,}|$)")
CODE = re.compile(r"\((\d+)\)")


def codes(cls: type[BaseException]) -> str:
    """Return the HTTP status codes of a class."""
    found = [str(code) for code, (of_code, *_) in ERROR_CLASSES.items() if of_code is cls]
    return ", ".join(found or CODE.findall(cls.__doc__ or ""))


def tree(module: str) -> list[str]:
    """Return the picture of all classes in the docstring of the module."""
    picture = inspect.getdoc(import_module(module)).split("::\n\n")[1].split("\n\n")[0]
    classes = (TREE.match(line)[1] for line in picture.splitlines())
    return ["", ".. code-block:: text", "", *(f"   {line}" for line in classes), ""]


def text(module: str) -> str:
    """Return the source of the table and of the descriptions."""
    lines_of_tree = tree(module)
    names = re.findall(r"(?:── |^ +)(\w+Error)\b", "\n".join(lines_of_tree), re.MULTILINE)
    errors = {name: getattr(import_module(module), name) for name in names}
    rows = (
        (
            f":py:exc:`~{public_name(module, name)}`",
            first_line(cls),
            plain(inspect.getdoc(cls).split("\n\n")[1]),
            codes(cls),
        )
        for name, cls in errors.items()
    )
    lines = ["What to do", "----------", "", *table(rows, ("Error", "Meaning", "What to do", "HTTP"))]
    lines += ["Base classes", "------------", *lines_of_tree]
    lines += ["Classes", "-------", ""]
    for name in errors:
        lines += [
            f".. autoexception:: {public_name(module, name)}",
            "   :members:",
            "   :show-inheritance:",
            "",
        ]
    return "\n".join(lines)


class ErrorReference(SphinxDirective):
    """Describe the errors of a module. The argument is its name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the sections."""
        return self.parse_text_to_nodes(text(self.arguments[0]), allow_section_headings=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("error-reference", ErrorReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
