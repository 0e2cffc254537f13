"""The directives ``metrics``, ``events`` and ``event-fields``, from the tables that the code uses."""

from collections.abc import Iterable
from string import Formatter

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from generated_tables.table import Table
from qiskit_qoro.local.metrics.metric_table import METRICS, MetricRow, MetricType
from qiskit_qoro.local.service_events import EVENTS, FIELDS, EventRow


def source(row: MetricRow) -> str:
    """Since when the value of a metric counts, or when it was read."""
    if row.is_stored:
        return "from the database"
    return "now" if row.kind is MetricType.GAUGE else "since the start"


def names(row: EventRow) -> str:
    """The fields of an event, except for the message, which JSON has as its text."""
    required = [name for _, name, _, _ in Formatter().parse(row.text) if name]
    return ", ".join(name for name in sorted({*required, *row.optional}) if name != "message")


class MetricTable(Table):
    """Print the metrics."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each metric."""
        yield "Metric", "Type", "Labels", "What it measures", "Value"
        for name, row in METRICS.items():
            meaning = row.meaning.replace("`", "")
            yield f"`{name}", row.kind.value, ", ".join(row.labels), meaning, source(row)


class EventTable(Table):
    """Print the kinds of events."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each kind."""
        yield "Event", "Level", "When", "Fields"
        for kind, row in EVENTS.items():
            yield f"`{kind.value}", row.level.value, row.meaning.replace("`", ""), names(row)


class FieldTable(Table):
    """Print the fields of events."""

    def rows(self) -> Iterable[tuple[str, ...]]:
        """One row for each field."""
        yield "Field", "What it means"
        for name, meaning in FIELDS.items():
            if name != "message":
                yield f"`{name}", meaning.replace("`", "")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("metrics", MetricTable)
    app.add_directive("events", EventTable)
    app.add_directive("event-fields", FieldTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
