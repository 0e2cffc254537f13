"""The characterizations of QUBOs, and their reports."""

from __future__ import annotations

from qiskit_qoro.pages.handlers.requests import PageRequest, Report
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.source import MissingError
from qiskit_qoro.pages.views import JobFilter

__all__ = ["characterizations_page", "report"]


def characterizations_page(request: PageRequest) -> Page:
    """List the characterizations of the account."""
    found = request.source.jobs(JobFilter(kinds=frozenset({"characterization"})), limit=50, offset=0)
    values = {"found": found}
    return Page(
        "Characterizations", "characterizations.html", values, section="characterizations", refresh_s=2
    )


def report(request: PageRequest) -> Report:
    """Show the report of a characterization, in a frame."""
    html = request.source.report(request.path["job_id"])
    if html is None:
        raise MissingError("The job has no report.")
    return Report(html)
