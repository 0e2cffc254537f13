"""The list of jobs: filters, pages, and the actions of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qiskit_qoro.errors import QoroError
from qiskit_qoro.pages.handlers.choices import Choice, status_choices
from qiskit_qoro.pages.handlers.paging import address_with, page_query, paged
from qiskit_qoro.pages.handlers.requests import PageRequest, Redirect
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.source import Source
from qiskit_qoro.pages.views import JobFilter

__all__ = ["jobs_page", "refresh_problem", "start_page"]

_REFRESH_S = 2
# A filter has at most this many characters. A list has no link that filters by a longer tag.
_LONGEST_TEXT = 200
_MAX_OPTIONS = 100
_FIRST_JOB = """\
from qiskit import QuantumCircuit, transpile
from qiskit_qoro import QoroProvider

circuit = QuantumCircuit(2)
circuit.h(0)
circuit.cx(0, 1)
circuit.measure_all()

provider = %s
backend = provider.get_backend("qoro_maestro")
job = backend.run(transpile(circuit, backend), shots=1000)
print(job.result().get_counts())"""


def start_page(_request: PageRequest) -> Redirect:
    """Lead to the jobs."""
    return Redirect("/jobs")


def jobs_page(request: PageRequest) -> Page:
    """Show some of the jobs of the account, newest first."""
    condition = JobFilter(
        statuses=_values(request, "status"),
        kinds=_values(request, "kind"),
        tag=request.query.get("tag", "")[:_LONGEST_TEXT],
        text=request.query.get("text", "")[:_LONGEST_TEXT].strip(),
    )
    path = f"{request.prefix}/jobs"
    query = {
        "status": tuple(sorted(condition.statuses)),
        "kind": tuple(sorted(condition.kinds)),
        "tag": (condition.tag,),
        "text": (condition.text,),
    }
    problem = refresh_problem(request.source)
    found, paging = paged(
        path,
        {**query, **page_query(request.query_lists)},
        lambda limit, offset: request.source.jobs(condition, limit=limit, offset=offset),
    )
    values = {
        "found": found,
        "paging": paging,
        "condition": condition,
        "problem": problem,
        "statuses": status_choices(path, query, found.by_status, condition.statuses, several=True),
        "active": _active(path, query),
        "tags": _options(found.tags, condition.tag),
        "kinds": _options(found.kinds, *sorted(condition.kinds)),
        "tag_address": lambda tag: address_with(path, query, tag=tag) if len(tag) <= _LONGEST_TEXT else "",
        "clear_address": path,
        "first_job": _FIRST_JOB % request.source.facts.provider_code,
        "back": address_with("", paging.query, page=str(paging.number)).removeprefix("?"),
    }
    return Page("Jobs", "jobs_live.html", values, fixed="jobs.html", section="jobs", refresh_s=_REFRESH_S)


def _values(request: PageRequest, name: str) -> frozenset[str]:
    """Return the values of a parameter that may occur several times."""
    return frozenset(value[:_LONGEST_TEXT] for value in request.query_lists.get(name, ()) if value)


def _active(path: str, query: Mapping[str, Sequence[str]]) -> list[Choice]:
    """Return links that remove one of the conditions, except for those on the status."""
    return [
        Choice(value, address_with(path, query, **{name: [one for one in values if one != value]}), name=name)
        for name, values in query.items()
        if name != "status"
        for value in values
        if value
    ]


def _options(known: Sequence[str], *chosen: str) -> list[str]:
    """Return the values to choose from. Those that are chosen are among them, even if no job has them."""
    listed = [value for value in known if len(value) <= _LONGEST_TEXT][:_MAX_OPTIONS]
    return [value for value in dict.fromkeys((*listed, *chosen)) if value]


def refresh_problem(source: Source) -> str:
    """Update the statuses; return why that is impossible. The list is of use even if they are out of date."""
    try:
        source.refresh()
    except QoroError as error:
        return str(error)
    return ""
