"""One job: its life, what is known of it, its circuits, and the result of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from qiskit_qoro.display.reprs import short_text
from qiskit_qoro.history.job_entry import is_unfinished
from qiskit_qoro.pages.handlers.choices import status_choices
from qiskit_qoro.pages.handlers.paging import address_with, page_query, paged
from qiskit_qoro.pages.handlers.requests import PageRequest
from qiskit_qoro.pages.rendering import Page, path_segment
from qiskit_qoro.pages.results.charts import ChartPart, chart_of, drawing_of, timeline_of
from qiskit_qoro.pages.views import CircuitView, JobView

__all__ = ["job_page"]

_REFRESH_S = 2
# Most jobs end soon, so their pages are impatient at first.
_REFRESH_SOON_S, _YOUNG_S = 1, 10
_LONGEST_TITLE = 40
_LONGEST_NUMBER, _LONGEST_STATUS = 12, 100
_LONGEST_PROGRAM = 100_000


@dataclass(frozen=True)
class _Selected:
    """The circuit whose result is shown.

    Attributes:
        circuit: The circuit, or ``None`` if there is none.
        problem: Why there is none; empty if the job has no circuits.
        chart: The chart of its result.
        drawing: The drawing of the circuit.
        back: The address of the circuit before; empty if it is the first one.
        on: The address of the next circuit; empty if it is the last one.
    """

    circuit: CircuitView | None = None
    problem: str = ""
    chart: ChartPart = field(default_factory=ChartPart)
    drawing: ChartPart = field(default_factory=ChartPart)
    back: str = ""
    on: str = ""

    @property
    def kind(self) -> str:
        """The name of the class of the result; empty if there is none."""
        outcome = None if self.circuit is None else self.circuit.outcome
        return "" if outcome is None else type(outcome).__name__


def job_page(request: PageRequest) -> Page:
    """Show a job. It is requested again until it has ended, and all that is shown of it is there."""
    job_id = request.path["job_id"]
    job = request.source.job(job_id)
    is_running = is_unfinished(job.row.status)
    values: dict[str, Any] = {
        "job": job,
        "is_running": is_running,
        "timeline": timeline_of(job, request.now),
    }
    if job.is_characterization:
        values["characterization"] = request.source.characterization(job_id)
    else:
        values |= _circuits(request, job_id)
    is_loading = job.is_loading or ("found" in values and values["found"].is_loading)
    values["is_loading"] = is_loading
    return Page(
        f"Job {short_text(job_id, _LONGEST_TITLE)}",
        "job.html",
        values,
        fixed="job_head.html",
        section="jobs",
        refresh_s=_refresh_s(job, request.now) if is_running or is_loading else None,
    )


def _refresh_s(job: JobView, now: datetime) -> int:
    submitted = job.row.submitted
    is_young = submitted is not None and (now - submitted).total_seconds() < _YOUNG_S
    return _REFRESH_SOON_S if is_young else _REFRESH_S


def _circuits(request: PageRequest, job_id: str) -> dict[str, Any]:
    """Return the list of circuits, and the circuit whose result is shown."""
    path = f"{request.prefix}/jobs/{path_segment(job_id)}"
    status = request.query.get("status", "")[:_LONGEST_STATUS]
    asked = request.query.get("circuit", "")
    position = _position(asked)
    query = {"status": (status,), **page_query(request.query_lists)}
    found, paging = paged(
        path,
        query,
        lambda limit, offset: request.source.circuits(job_id, status=status, limit=limit, offset=offset),
        default_row=0 if position is None or status else position,
        back_text="Back",
        on_text="Next",
    )
    if not asked and found.rows:
        position = found.rows[0].position
    # Without a filter the position of a circuit tells the page of the list.
    page = (str(paging.number),) if status else ()
    address = partial(address_with, path, {**query, "page": page})

    def circuit_address(position: int) -> str:
        return f"{address(circuit=str(position))}#circuit"

    shown = [row.position for row in found.rows] if status else range(found.total)
    selected = _Selected(problem=f"Expected the number of a circuit, received {asked!r}." if asked else "")
    if position is not None and (asked or found.rows):
        selected = _select(request, job_id, position, circuit_address, shown)
    return {
        "found": found,
        "paging": paging,
        "status": status,
        "statuses": status_choices(path, {}, found.by_status, frozenset({status} - {""}), several=False),
        "circuit_address": circuit_address,
        "selected": selected,
        "longest_program": _LONGEST_PROGRAM,
    }


def _select(
    request: PageRequest,
    job_id: str,
    position: int,
    address: Callable[[int], str],
    shown: Sequence[int],
) -> _Selected:
    """Return a circuit with its result and its drawing.

    Args:
        request: The request.
        job_id: The job.
        position: The position of the circuit.
        address: Returns the address that shows a circuit.
        shown: The positions of the circuits that the user goes through.
    """
    circuit = request.source.circuit(job_id, position)
    if circuit is None:
        return _Selected(problem=f"Circuit {position:,} is not known.")
    place = shown.index(position) if position in shown else None
    return _Selected(
        circuit,
        chart=chart_of(circuit.outcome),
        drawing=drawing_of(circuit.program, circuit.parameters),
        back="" if not place else address(shown[place - 1]),
        on="" if place is None or place + 1 == len(shown) else address(shown[place + 1]),
    )


def _position(text: str) -> int | None:
    """Return the number of a circuit in a query; ``None`` if it is none."""
    try:
        position = int(text[:_LONGEST_NUMBER])
    except ValueError:
        return None
    return position if position >= 0 else None
