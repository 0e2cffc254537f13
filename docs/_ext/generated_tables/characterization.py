"""The directive ``characterization-table``: print thresholds and rules from the tables in the code."""

from collections.abc import Callable, Iterable

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from generated_tables.table import Table
from qiskit_qoro.qubo_analysis.analysis import CERTIFICATE
from qiskit_qoro.qubo_analysis.classical_analysis import REGIMES
from qiskit_qoro.qubo_analysis.hardness import DIFFICULTIES, POINTS
from qiskit_qoro.qubo_analysis.report.figures import FIGURES
from qiskit_qoro.qubo_analysis.report.recommendations import RULES
from qiskit_qoro.qubo_analysis.request.request_json import PRESETS


def presets() -> Iterable[tuple[str, ...]]:
    """The analyses of each preset."""
    yield "Preset", "Sweep", "Sensitivity", "Hardness, certificate, baseline, formulation"
    for preset, analysis in PRESETS.items():
        points = analysis.sweep_points
        sweep = f"{points} × {points}" if analysis.parameter_sweep else "no"
        yield (
            preset.value,
            sweep,
            *("yes" if flag else "no" for flag in (analysis.sensitivity, analysis.hardness)),
        )


def regimes() -> Iterable[tuple[str, ...]]:
    """The condition of each regime."""
    yield "Regime", "Condition", "Confidence"
    yield from ((regime.value, condition, f"{confidence:g}") for regime, condition, confidence in REGIMES)


def points() -> Iterable[tuple[str, ...]]:
    """The points for each figure."""
    yield "Figure", "Condition", "Points"
    yield from ((row.figure, row.condition, str(row.points)) for row in POINTS)


def difficulties() -> Iterable[tuple[str, ...]]:
    """The difficulty for each number of points."""
    yield "Minimum points", "Difficulty"
    yield from ((str(minimum), name) for minimum, name in DIFFICULTIES)


def certificate() -> Iterable[tuple[str, ...]]:
    """The condition of each verdict and flag."""
    yield "Name", "True if"
    yield from CERTIFICATE


def rules() -> Iterable[tuple[str, ...]]:
    """The condition of each recommendation."""
    yield "Rule", "Level", "Metric", "Condition"
    yield from ((rule.name, rule.level, rule.metric, rule.condition) for rule in RULES)


def figures() -> Iterable[tuple[str, ...]]:
    """The name of each figure in the report."""
    yield "Figure in the report", "Unit, range or meaning", "In the answer"
    for figure in FIGURES:
        yield figure.name, figure.meaning, " or ".join(key.partition(".")[2] for key in figure.keys)


TABLES: dict[str, Callable[[], Iterable[tuple[str, ...]]]] = {
    table.__name__: table for table in (presets, regimes, points, difficulties, certificate, rules, figures)
}


class CharacterizationTable(Table):
    """Prints one of :data:`TABLES`. The argument is its name."""

    required_arguments = 1

    def rows(self) -> Iterable[tuple[str, ...]]:
        """The rows of that table."""
        return TABLES[self.arguments[0]]()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("characterization-table", CharacterizationTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
