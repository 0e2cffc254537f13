"""The directives ``engine-options`` and ``engine-methods``: what the engine and the local service support.

The options come from the table that the code uses, and what they did in the tests from
``reference/engine-options.json``, which the tests check.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from generated_table import Table
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.local.engine.supported import SUPPORTED_METHODS
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.engine_options import EngineOption, OptionKind
from qiskit_qoro.models.maestro import ENGINE_OPTIONS

FACTS = Path(__file__).parents[1] / "reference/engine-options.json"
JOBS = ("counts", "values")


def values(option: EngineOption) -> str:
    """The values that an option takes."""
    if option.kind in (OptionKind.SIMULATOR, OptionKind.METHOD):
        return f"a {option.kind.value}, see below"
    return option.expected.removeprefix("one of ")


def default(option: EngineOption) -> str:
    """The default of the engine."""
    if option.default is None:
        return "the engine chooses"
    return "none" if option.default == {} else str(option.default)


def observed(option: EngineOption, facts: Mapping[str, Any] | None) -> str:
    """What an option did in the tests of the local service."""
    if option.needs is not None:
        return f"refused: it needs {option.needs}"
    if facts is None:
        return "see below"
    tested = f"{listed(facts['counts'])}; tested with {facts['value']}"
    if "runs" in facts["counts"].values():
        return f"{tested}: counts depend on the number of processors, values stay the same"
    changes = []
    for job in JOBS:
        methods = [method for method, found in facts[job].items() if found == "changes"]
        if methods:
            changes.append(f"{job} change with {listed(methods)}")
    return f"{tested}: {'; '.join(changes) or 'no result changes'}"


def listed(methods: Collection[str]) -> str:
    """The names of methods."""
    return "all methods" if len(methods) == len(SimulationMethod) else ", ".join(methods)


def options() -> Iterable[tuple[str, ...]]:
    """One row for each option."""
    yield "Option", "What it does", "Methods, and what it changed in the tests"
    tested = json.loads(FACTS.read_text())
    for name, option in sorted(ENGINE_OPTIONS.items()):
        yield (
            f"`{name}",
            f"{option.help.replace('`', '')}: {values(option)}; default: {default(option)}",
            observed(option, tested.get(name)),
        )


def methods() -> Iterable[tuple[str, ...]]:
    """One row for each simulator."""
    yield "Simulator", "Number", "Methods on the local service"
    for simulator, supported in SUPPORTED_METHODS.items():
        named = ", ".join(f"{method.name} ({method.value})" for method in sorted(supported))
        yield (
            f"`{simulator.name}",
            str(simulator.value),
            named or "none: the engine's package does not run it",
        )


class OptionTable(Table):
    """Print the options of the engine."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each option."""
        return options()


class MethodTable(Table):
    """Print the methods of each simulator."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each simulator."""
        return methods()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("engine-options", OptionTable)
    app.add_directive("engine-methods", MethodTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
