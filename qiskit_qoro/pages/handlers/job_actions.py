"""What a user can do with a job. Afterwards the browser shows the page again on which the form was.

The address of a form in a list has the query of the list in the parameter ``back``. The path cannot be
chosen, so that no address leads the browser elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from qiskit_qoro.errors import QoroError
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

    job_id = request.path["job_id"]
    with request.submissions.once(job_id, request.form.get("number", "")) as is_first:
        if not is_first:
            return Redirect(_path_back(request), _SENT_TWICE, "warning")
        redirect = _act(request, submit)
    return Redirect(_job_path(new_id), redirect.message) if new_id else redirect


_SENT_TWICE = (
    "The browser has sent the same form twice, so the job was not submitted another time. The list of jobs "
    "has the new job as soon as the service has accepted it. To submit one more, choose Resubmit here."
)


def _act(request: PageRequest, action: Callable[[str], str]) -> Redirect:
    """Do something; return to where it was started, with a message. The state of the job may forbid it.

    A page at the address of the action would send the form again when the user loads it again.
    """
    path = _path_back(request)
    try:
        return Redirect(path, action(request.path["job_id"]))
    except (RefusedError, QoroError) as error:
        return Redirect(path, str(error), "bad")


def _path_back(request: PageRequest) -> str:
    if "back" not in request.query:
        return _job_path(request.path["job_id"])
    pairs = parse_qsl(request.query["back"])
    return f"/jobs?{urlencode(pairs)}" if pairs else "/jobs"


def _job_path(job_id: str) -> str:
    return f"/jobs/{path_segment(job_id)}"
