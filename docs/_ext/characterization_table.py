"""The directive ``characterization-table``: thresholds and rules, from the tables that the code uses."""

from collections.abc import Callable, Iterable

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.qubo_analysis.analysis import CERTIFICATE
from qiskit_qoro.qubo_analysis.hardness import DIFFICULTIES, POINTS
from qiskit_qoro.qubo_analysis.landscape import REGIMES
from qiskit_qoro.qubo_analysis.report.recommendations import RULES
from qiskit_qoro.qubo_analysis.request_json import PRESETS


def presets() -> Iterable[tuple[str, ...]]:
    """Yield what each preset computes."""
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
    """Yield when each regime applies."""
    yield "Regime", "When", "Confidence"
    yield from ((regime.value, when, f"{confidence:g}") for regime, when, confidence in REGIMES)


def points() -> Iterable[tuple[str, ...]]:
    """Yield the conditions that make a problem harder."""
    yield "Figure", "Condition", "Points"
    yield from ((row.figure, row.condition, str(row.points)) for row in POINTS)


def difficulties() -> Iterable[tuple[str, ...]]:
    """Yield the difficulty for a number of points."""
    yield "Points at least", "Difficulty"
    yield from ((str(least), name) for least, name in DIFFICULTIES)


def certificate() -> Iterable[tuple[str, ...]]:
    """Yield when each verdict and flag is true."""
    yield "Name", "True if"
    yield from CERTIFICATE


def rules() -> Iterable[tuple[str, ...]]:
    """Yield when each recommendation is made."""
    yield "Rule", "Level", "Metric", "Condition"
    yield from ((rule.name, rule.level, rule.metric, rule.condition) for rule in RULES)


TABLES: dict[str, Callable[[], Iterable[tuple[str, ...]]]] = {
    table.__name__: table for table in (presets, regimes, points, difficulties, certificate, rules)
}


def row(texts: tuple[str, ...]) -> nodes.row:
    """Return a table row with one paragraph for each cell."""
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in texts))


class CharacterizationTable(SphinxDirective):
    """Print one of :data:`TABLES`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Build the table."""
        heading, *rest = TABLES[self.arguments[0]]()
        group = nodes.tgroup(cols=len(heading))
        group += [nodes.colspec(colwidth=1) for _ in heading]
        group += nodes.thead("", row(heading))
        group += nodes.tbody("", *map(row, rest))
        return [nodes.table("", group)]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("characterization-table", CharacterizationTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
