"""Change the signatures and the docstrings of the classes in the Python reference."""

import inspect
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from api_pages import table
from api_table import Page, documented_names, first_line, public_name, read_groups
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

import qiskit_qoro

MIN_MEMBERS = 3  # A shorter list of methods is not worth a table.


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


def member_tables(cls: type, documented: Mapping[str, str], hidden: Collection[str]) -> list[str]:
    """Return a table of methods and one of attributes, if there are several."""
    lines = []
    found = list(members_of(cls, documented, hidden))
    for role, caption in (("meth", "Methods"), ("attr", "Attributes")):
        rows = [(reference, text) for kind, reference, text in found if kind == role]
        if len(rows) >= MIN_MEMBERS:
            lines += ["", f".. rubric:: {caption}", *table(rows)]
    return lines


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
    """Connect the changes."""
    texts = ClassTexts()
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", texts.hide_signature)
    app.connect("autodoc-process-docstring", texts.hide_arguments, priority=400)
    app.connect("autodoc-process-docstring", texts.add_tables, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
