"""The table of the Python reference, ``reference/api.toml``: its groups, pages and names.

A name in ``qiskit_qoro.__all__`` is documented as users import it: ``qiskit_qoro.QoroBackend``. References to
the module that defines it work too, see ``bare_names``.
"""

import inspect
import re
import tomllib
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import qiskit_qoro

REFERENCE = Path(__file__).parents[1] / "reference"
TABLE = REFERENCE / "api.toml"

ROLE = re.compile(r":[\w:]+:`~?(?:[\w.]+\.)?([\w.]+)`")


def public_name(module: str, name: str) -> str:
    """Return the qualified name that users import."""
    return f"{import_from(module, name)}.{name}"


def import_from(module: str, name: str) -> str:
    """Return the module that users import a name from."""
    return qiskit_qoro.__name__ if name in qiskit_qoro.__all__ else module


def first_line(documented: object) -> str:
    """Return the first paragraph of a docstring."""
    return plain((inspect.getdoc(documented) or "").partition("\n\n")[0])


def plain(paragraph: str) -> str:
    """Return a paragraph as one line. Roles become literals, because they need the context of a class."""
    return ROLE.sub(r"``\1``", " ".join(paragraph.split()))


@dataclass(frozen=True)
class Page:
    """A page of the reference."""

    module: str
    names: list[str]
    title: str = ""
    members: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    created: bool = True
    module_text: bool = False

    @property
    def heading(self) -> str:
        """The title of the page."""
        return self.title or self.names[0]

    @property
    def file_name(self) -> str:
        """The name of the source file."""
        return f"{self.module.removeprefix(qiskit_qoro.__name__).removeprefix('.')}.rst"

    @property
    def objects(self) -> dict[str, Any]:
        """The documented objects by name."""
        module = import_module(self.module)
        return {name: getattr(module, name) for name in self.names}


@dataclass(frozen=True)
class Group:
    """Pages with one topic."""

    title: str
    text: str
    pages: list[Page]


def read_groups() -> list[Group]:
    """Read the table of all pages."""
    groups = tomllib.loads(TABLE.read_text(encoding="utf-8"))["groups"]
    return [Group(**{**group, "pages": [Page(**page) for page in group["pages"]]}) for group in groups]


def documented_names() -> dict[str, str]:
    """Return the name under which each object is documented, by the name of the module that defines it."""
    names = {
        f"{found.__module__}.{found.__name__}": public_name(page.module, name)
        for group in read_groups()
        for page in group.pages
        for name, found in page.objects.items()
    }
    module = import_module(f"{qiskit_qoro.__name__}.errors")
    return names | {
        f"{module.__name__}.{name}": public_name(module.__name__, name) for name in module.__all__
    }


def role_of(documented: object) -> str:
    """Return the role that refers to an object."""
    if not inspect.isclass(documented):
        return "func"
    return "exc" if issubclass(documented, BaseException) else "class"
