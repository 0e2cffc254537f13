"""The directive ``noise-setters``: the setters of a noise model, from the table that the code uses."""

import inspect
from collections.abc import Iterable

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from generated_tables.table import Table
from qiskit_qoro import NoiseModel
from qiskit_qoro.models.noise.model import SETTERS
from qiskit_qoro.models.noise.setters import NoiseKind, Setter


def signature(setter: Setter) -> str:
    """The setter as it is called, with its defaults."""
    parameters = (
        name if default is inspect.Parameter.empty else f"{name}={default}"
        for name, default in setter.defaults.items()
    )
    return f"`{setter.name}({', '.join(parameters)})"


def meaning(setter: Setter) -> str:
    """The first sentence of its docstring, without markup."""
    first_line = inspect.getdoc(getattr(NoiseModel, setter.name)).splitlines()[0]
    return first_line.replace(":meth:", "").replace("`", "")


class SetterTable(Table):
    """Print the setters of one kind. The argument is the name of the kind."""

    required_arguments = 1

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each setter."""
        kind = NoiseKind[self.arguments[0]]
        yield "Setter", "What it does"
        for setter in SETTERS.values():
            if setter.kind is kind:
                yield signature(setter), meaning(setter)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("noise-setters", SetterTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
