"""The directives ``engine-options``, ``engine-option-effects`` and ``engine-methods``.

The options come from the table that the code uses, and what they did in the tests from
``reference/engine-options.json``, which the tests check.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from generated_tables.table import Table
from qiskit_qoro.local.engine.supported import SUPPORTED_METHODS
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.engine_options import EngineOption, OptionKind
from qiskit_qoro.models.maestro import ENGINE_OPTIONS

FACTS = Path(__file__).parents[2] / "reference/engine-options.json"
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


def changed(facts: Mapping[str, str]) -> str:
    """The methods whose results an option changed in the tests."""
    if "runs" in facts.values():
        return "not compared: it depends on the number of processors"
    methods = [method for method, found in facts.items() if found == "changes"]
    if len(methods) == len(facts):
        return "yes"
    return f"with {', '.join(methods)}" if methods else "no"


def listed(methods: Collection[str]) -> str:
    """The names of methods."""
    return "all methods" if len(methods) == len(SimulationMethod) else ", ".join(methods)


def options() -> Iterable[tuple[str, ...]]:
    """One row for each option."""
    yield "Option", "Description", "Values", "Default"
    for name, option in sorted(ENGINE_OPTIONS.items()):
        meaning = option.help.replace("`", "")
        needs = f". Needs {option.needs}" if option.needs else ""
        yield f"`{name}", f"{meaning[0].upper()}{meaning[1:]}{needs}", values(option), default(option)


def effects() -> Iterable[tuple[str, ...]]:
    """One row for each option that the tests set."""
    yield "Option", "Tested methods", "Counts changed", "Values changed"
    for name, facts in sorted(json.loads(FACTS.read_text()).items()):
        yield (
            f"`{name}={facts['value']}",
            listed(facts["counts"]),
            *(changed(facts[job]) for job in JOBS),
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


class EffectTable(Table):
    """Print what options did in the tests."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each option that the tests set."""
        return effects()


class MethodTable(Table):
    """Print the methods of each simulator."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each simulator."""
        return methods()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("engine-options", OptionTable)
    app.add_directive("engine-option-effects", EffectTable)
    app.add_directive("engine-methods", MethodTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
