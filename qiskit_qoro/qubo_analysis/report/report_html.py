"""Write a report as an HTML fragment: one section with inline CSS, without scripts or external resources.

Strategy: build an element tree instead of text, so that everything is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from qiskit_qoro.qubo_analysis.report.report_json import report_to_json
from qiskit_qoro.qubo_analysis.report.report_values import CharacterizationReport

__all__ = ["render_html"]

_STYLE = """
.qvr-root { font: 14px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; max-width: 60rem;
padding: 1rem; } .qvr-root h2 { font-size: 1.3rem; margin: 0 0 .5rem; } .qvr-root h3 { font-size: 1.05rem;
margin: 1.2rem 0 .3rem; } .qvr-root table { border-collapse: collapse; } .qvr-root th, .qvr-root td {
border-bottom: 1px solid #d8dee6; padding: .2rem .8rem .2rem 0; text-align: left; } .qvr-root td.qvr-number
{ font-variant-numeric: tabular-nums; } .qvr-root code { font-family: ui-monospace, monospace;
overflow-wrap: anywhere; } .qvr-root li.qvr-action { color: #9c1c1c; } .qvr-root li.qvr-warn { color:
#8a5300; } .qvr-root rect { fill: #3b6fb5; } .qvr-root rect.qvr-target { fill: #2c8a57; }
"""

_BAR_WIDTH, _BAR_HEIGHT = 160, 10
_MAX_ROWS = 40

# Figures with sections of their own, and the sweep, which is too long to show.
_NOT_IN_SUMMARY = (
    "energy_landscape",
    "state_probabilities",
    "sensitivity",
    "structural_sensitivity",
    "constraint_diagnostics",
)


def render_html(report: CharacterizationReport) -> str:
    """Return a report as a self-contained HTML fragment.

    Args:
        report: The report.
    """
    body = report_to_json(report)
    root = ET.Element("section", {"class": "qvr-root"})
    ET.SubElement(root, "style").text = _STYLE
    ET.SubElement(root, "h2").text = "QUBO characterization"
    figures = body["report"]
    _recommendations(root, body["recommendations"])
    _table(
        root, "Summary", _flat({key: value for key, value in figures.items() if key not in _NOT_IN_SUMMARY})
    )
    if body["hardness"] is not None:
        _table(root, "Hardness", _flat(body["hardness"]))
    _bars(
        root,
        "Likeliest states",
        (
            (item["state"], item["probability"], item["is_target"])
            for item in figures.get("state_probabilities", ())
        ),
    )
    for key, title in (("sensitivity", "Sensitivity"), ("structural_sensitivity", "Structural sensitivity")):
        _bars(root, title, ((str(item["qubit"]), item["score"], False) for item in figures.get(key, ())))
    for number, item in enumerate(figures.get("constraint_diagnostics", ())):
        _table(root, f"Constraint {number}", _flat(item))
    return ET.tostring(root, encoding="unicode", method="html", short_empty_elements=False)


def _recommendations(root: ET.Element, items: list[dict[str, str]]) -> None:
    if not items:
        return
    ET.SubElement(root, "h3").text = "Recommendations"
    listing = ET.SubElement(root, "ul")
    for item in items:
        entry = ET.SubElement(listing, "li", {"class": f"qvr-{item['level']}"})
        entry.text = f"{item['metric']}: {item['text']}"


def _flat(values: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    """Iterate over nested values with dotted keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _table(root: ET.Element, title: str, rows: Iterable[tuple[str, object]]) -> None:
    ET.SubElement(root, "h3").text = title
    table = ET.SubElement(root, "table")
    for key, value in rows:
        row = ET.SubElement(table, "tr")
        ET.SubElement(row, "th").text = key
        ET.SubElement(row, "td", {"class": "qvr-number"}).text = _format(value)


def _bars(root: ET.Element, title: str, rows: Iterable[tuple[str, float, bool]]) -> None:
    """Add a table with a bar for each row. The largest number has the longest bar."""
    listed = list(rows)
    if not listed:
        return
    ET.SubElement(root, "h3").text = title
    table = ET.SubElement(root, "table")
    largest = max(number for _, number, _ in listed) or 1.0
    for label, number, is_target in listed[:_MAX_ROWS]:
        row = ET.SubElement(table, "tr")
        ET.SubElement(ET.SubElement(row, "th"), "code").text = label
        ET.SubElement(row, "td", {"class": "qvr-number"}).text = _format(number)
        size = {"width": str(_BAR_WIDTH), "height": str(_BAR_HEIGHT)}
        image = ET.SubElement(ET.SubElement(row, "td"), "svg", {**size, "role": "presentation"})
        bar = {"width": f"{_BAR_WIDTH * max(number, 0.0) / largest:.1f}", "height": str(_BAR_HEIGHT)}
        ET.SubElement(image, "rect", bar | ({"class": "qvr-target"} if is_target else {}))
    if len(listed) > _MAX_ROWS:
        ET.SubElement(root, "p").text = f"{len(listed) - _MAX_ROWS} more are not shown."


def _format(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if value is None:
        return "unknown"
    if isinstance(value, list | tuple):
        return ", ".join(map(_format, value[:_MAX_ROWS])) + (" …" if len(value) > _MAX_ROWS else "")
    return str(value)
