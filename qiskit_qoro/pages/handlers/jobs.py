"""The list of jobs."""

from __future__ import annotations

from qiskit_qoro.pages.handlers.requests import PageRequest, Redirect
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.views import JobFilter

__all__ = ["jobs_page", "start_page"]

_ROWS = 50


def start_page(_request: PageRequest) -> Redirect:
    """Lead to the jobs."""
    return Redirect("/jobs")


def jobs_page(request: PageRequest) -> Page:
    """Show some of the jobs of the account."""
    condition = JobFilter(
        statuses=frozenset(request.query_lists.get("status", ())) - {""},
        tag=request.query.get("tag", ""),
        text=request.query.get("text", ""),
    )
    found = request.source.jobs(condition, limit=_ROWS, offset=0)
    values = {"found": found, "condition": condition}
    return Page("Jobs", "jobs_live.html", values, fixed="jobs.html", section="jobs", refresh_s=2)
