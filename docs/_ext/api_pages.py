"""Write the pages of the Python reference: one for each module in ``reference/api.toml``.

The pages are written before Sphinx looks for source files, into ``reference/api``, which Git ignores. A page
has the line that imports its names, a table of what is on it, and the docstrings. The directive
``api-overview`` prints all groups of the table.

A name in ``qiskit_qoro.__all__`` is documented as users import it: ``qiskit_qoro.QoroBackend``. References to
the module that defines it work too, see ``bare_names``.
"""

import inspect
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import qiskit_qoro

REFERENCE = Path(__file__).parents[1] / "reference"
TABLE = REFERENCE / "api.toml"
PAGES = REFERENCE / "api"

ROLE = re.compile(r":[\w:]+:`~?(?:[\w.]+\.)?([\w.]+)`")
MAX_COLUMNS = 90  # Longer lines of code have to be scrolled.
MIN_MEMBERS = 3  # A shorter list of methods is not worth a table.


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


def own_classes(cls: type) -> Iterator[type]:
    """A class and the base classes from this package."""
    return (base for base in cls.__mro__ if base.__module__.partition(".")[0] == qiskit_qoro.__name__)


def members_of(
    cls: type, documented: Mapping[str, str], hidden: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """The kind, the reference and the first line of each public method and property."""
    seen = set()
    for base in own_classes(cls):
        owner = documented.get(f"{base.__module__}.{base.__name__}")
        if owner is None:
            continue
        for name, member in vars(base).items():
            if name.startswith("_") or name in seen or name in hidden:
                continue
            seen.add(name)
            plain = getattr(member, "__func__", member)
            if not inspect.isfunction(plain) and not isinstance(member, property | cached_property):
                continue
            text = first_line(getattr(cls, name) if inspect.isfunction(plain) else member)
            is_method = inspect.isfunction(plain)
            shown = f"{name}()" if is_method else name
            role = "meth" if is_method else "attr"
            if text:
                yield role, f":py:{role}:`{shown} <{owner}.{name}>`", text


def table(rows: Iterable[tuple[str, ...]], header: tuple[str, ...] = ()) -> list[str]:
    """Return the lines of a table."""
    lines = ["", ".. list-table::", "   :widths: auto", "   :align: left", "   :class: api-table"]
    lines += ["   :header-rows: 1", ""] if header else [""]
    for row in [header, *rows] if header else rows:
        lines += [f"   {'*' if index == 0 else ' '} - {cell}" for index, cell in enumerate(row)]
    return [*lines, ""]


def member_tables(cls: type, documented: Mapping[str, str], hidden: Collection[str]) -> list[str]:
    """Return a table of methods and one of attributes, if there are several."""
    lines = []
    found = list(members_of(cls, documented, hidden))
    for role, caption in (("meth", "Methods"), ("attr", "Attributes")):
        rows = [(reference, text) for kind, reference, text in found if kind == role]
        if len(rows) >= MIN_MEMBERS:
            lines += ["", f".. rubric:: {caption}", *table(rows)]
    return lines


def directive(page: Page, name: str, documented: object) -> list[str]:
    """Return the autodoc directive of a name."""
    kind = {"func": "function", "class": "class", "exc": "exception"}[role_of(documented)]
    lines = ["", f".. auto{kind}:: {public_name(page.module, name)}"]
    if kind == "function":
        return lines
    lines.append(f"   :members: {', '.join(page.members)}".rstrip())
    if page.hidden:
        lines.append(f"   :exclude-members: {', '.join(page.hidden)}")
    if kind == "exception":
        lines.append("   :show-inheritance:")
    if issubclass(documented, Enum):
        lines.append("   :undoc-members:")
    return lines


def import_lines(module: str, names: list[str]) -> list[str]:
    """Return the statement that imports names, on one line or with one line for each name."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= MAX_COLUMNS:
        return [f"   {line}"]
    return [f"   from {module} import (", *(f"       {name}," for name in names), "   )"]


def page_text(page: Page) -> str:
    """Return the source of a page."""
    objects = page.objects
    lines = [page.heading, "=" * len(page.heading), ""]
    if page.module_text:
        lines += [f".. automodule:: {page.module}", "   :no-members:", ""]
    lines += [".. code-block:: python", ""]
    by_module: dict[str, list[str]] = {}
    for name in page.names:
        by_module.setdefault(import_from(page.module, name), []).append(name)
    for module, names in by_module.items():
        lines += import_lines(module, names)
    if len(objects) > 1:
        lines += table(
            (f":py:{role_of(found)}:`~{public_name(page.module, name)}`", first_line(found))
            for name, found in objects.items()
        )
    for name, found in objects.items():
        lines += directive(page, name, found)
    for name in page.data:
        lines += ["", f".. autodata:: {page.module}.{name}"]
    return "\n".join([*lines, ""])


def origin(module: str, name: str) -> str:
    """Say where a name is imported from, if it is not the package."""
    source = import_from(module, name)
    return "" if source == qiskit_qoro.__name__ else f" Import it from ``{source}``."


def overview_text() -> str:
    """Return the source of the overview: a section for each group."""
    lines = []
    for group in read_groups():
        lines += [group.title, "-" * len(group.title), "", group.text]
        lines += table(
            (
                (
                    f":py:{role_of(found)}:`~{public_name(page.module, name)}`",
                    first_line(found) + origin(page.module, name),
                )
                for page in group.pages
                for name, found in page.objects.items()
            ),
            header=("Name", "Description"),
        )
        lines += [".. toctree::", "   :hidden:", ""]
        lines += [f"   api/{page.file_name.removesuffix('.rst')}" for page in group.pages]
        lines.append("")
    return "\n".join(lines)


class Overview(SphinxDirective):
    """Print the groups of the reference."""

    def run(self) -> list[nodes.Node]:
        """Build a section for each group."""
        self.env.note_dependency(str(TABLE))
        return self.parse_text_to_nodes(overview_text(), allow_section_headings=True)


def write_pages(_app: Sphinx) -> None:
    """Write each page that has changed, and remove pages that are not in the table any more."""
    PAGES.mkdir(exist_ok=True)
    texts = {page.file_name: page_text(page) for group in read_groups() for page in group.pages}
    for path in PAGES.iterdir():
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        path = PAGES / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def pages_of_classes() -> dict[str, tuple[Page, type]]:
    """Return the page and the class for each documented name."""
    return {
        public_name(page.module, name): (page, found)
        for group in read_groups()
        for page in group.pages
        for name, found in page.objects.items()
        if inspect.isclass(found)
    }


class ClassTexts:
    """Changes the signatures and the docstrings of classes."""

    def __init__(self) -> None:
        self._classes = pages_of_classes()
        self._documented = documented_names()

    def hide_signature(
        self, _app: Sphinx, _kind: str, name: str, _found: object, _options: object, *_signature: str
    ) -> tuple[str, None] | None:
        """Leave out the arguments of a constructor that users do not call."""
        page, _ = self._classes.get(name, (None, None))
        return None if page is None or page.created else ("", None)

    def hide_arguments(
        self, _app: Sphinx, _kind: str, name: str, _found: object, _options: object, lines: list[str]
    ) -> None:
        """Leave out the descriptions of these arguments, before Napoleon reads the docstring."""
        page, _ = self._classes.get(name, (None, None))
        if page is None or page.created or "Args:" not in lines:
            return
        start = lines.index("Args:")
        ends = (
            index for index, line in enumerate(lines) if index > start and line and not line.startswith(" ")
        )
        del lines[start : next(ends, len(lines))]

    def add_tables(
        self, _app: Sphinx, _kind: str, name: str, _found: object, _options: object, lines: list[str]
    ) -> None:
        """Append the tables of methods and attributes, after Napoleon has read the docstring."""
        page, cls = self._classes.get(name, (None, None))
        if page is not None and not page.members:
            lines += member_tables(cls, self._documented, page.hidden)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write the pages at the start, and register the directive."""
    app.connect("builder-inited", write_pages)
    texts = ClassTexts()
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", texts.hide_signature)
    app.connect("autodoc-process-docstring", texts.hide_arguments, priority=400)
    app.connect("autodoc-process-docstring", texts.add_tables, priority=600)
    app.add_directive("api-overview", Overview)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
