"""What a user can do with a job. Afterwards the browser shows the page again on which the form was.

The address of a form in a list has the query of the list in the parameter ``back``. The path cannot be
chosen, so that no address leads the browser elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from qiskit_qoro.pages.handlers.requests import PageRequest, Redirect
from qiskit_qoro.pages.rendering import path_segment
from qiskit_qoro.pages.source import RefusedError

__all__ = ["cancel", "delete", "resubmit"]


def cancel(request: PageRequest) -> Redirect:
    """Cancel a job."""
    return _act(request, request.source.cancel)


def delete(request: PageRequest) -> Redirect:
    """Delete a job and its results. Its page does not exist any more, so the list is shown."""
    redirect = _act(request, request.source.delete)
    if "back" in request.query or redirect.level == "bad":
        return redirect
    return Redirect("/jobs", redirect.message, redirect.level)


def resubmit(request: PageRequest) -> Redirect:
    """Submit a job again, and lead to the new job."""
    new_id = ""

    def submit(job_id: str) -> str:
        nonlocal new_id
        new_id = request.source.resubmit(job_id)
        return f"This is a new job. It has the circuits and the configuration of job {job_id}."

    redirect = _act(request, submit)
    return Redirect(_job_path(new_id), redirect.message) if new_id else redirect


def _act(request: PageRequest, action: Callable[[str], str]) -> Redirect:
    """Do something; return to where it was started, with a message. The state of the job may forbid it."""
    job_id = request.path["job_id"]
    path = _job_path(job_id)
    if "back" in request.query:
        pairs = parse_qsl(request.query["back"])
        path = f"/jobs?{urlencode(pairs)}" if pairs else "/jobs"
    try:
        return Redirect(path, action(job_id))
    except RefusedError as error:
        return Redirect(path, str(error), "bad")


def _job_path(job_id: str) -> str:
    return f"/jobs/{path_segment(job_id)}"
