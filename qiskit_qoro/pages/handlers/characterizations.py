"""The characterizations of QUBOs, and their reports."""

from __future__ import annotations

from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.handlers.jobs import refresh_problem
from qiskit_qoro.pages.handlers.paging import page_query, paged
from qiskit_qoro.pages.handlers.requests import PageRequest, Report
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.source import MissingError
from qiskit_qoro.pages.views import JobFilter

__all__ = ["characterizations_page", "report"]

_REFRESH_S = 2
_FIRST_CHARACTERIZATION = """\
from qiskit_qoro import QoroProvider, characterize

qubo = {(0, 0): -1, (1, 1): -1, (2, 2): -1, (0, 1): 2, (1, 2): 2}
provider = %s
result = characterize(qubo, service=provider.service)
print(result)"""
# The report of a service is a fragment. A document around it follows light and dark, and has a title.
_DOCUMENT = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Report of a characterization</title>
<style>body { margin: 0 auto; max-width: 62rem; }</style>
</head>
<body>
%s
</body>
</html>
"""


def characterizations_page(request: PageRequest) -> Page:
    """List the characterizations of the account, newest first."""
    problem = refresh_problem(request.source)
    condition = JobFilter(kinds=frozenset({JobKind.CHARACTERIZATION.value}))
    found, paging = paged(
        f"{request.prefix}/characterizations",
        page_query(request.query_lists),
        lambda limit, offset: request.source.jobs(condition, limit=limit, offset=offset),
    )
    values = {
        "found": found,
        "paging": paging,
        "problem": problem,
        "first": _FIRST_CHARACTERIZATION % request.source.facts.provider_code,
    }
    return Page(
        "Characterizations",
        "characterizations.html",
        values,
        section="characterizations",
        refresh_s=_REFRESH_S,
    )


def report(request: PageRequest) -> Report:
    """Show the report of a characterization, in a frame or on a page of its own."""
    html = request.source.report(request.path["job_id"])
    if html is None:
        raise MissingError("The job has no report.")
    return Report(_DOCUMENT % html)
