"""One job: its life, its circuits and their results, and what the user can do with it."""

from __future__ import annotations

from urllib.parse import quote

from qiskit_qoro.pages.handlers.requests import PageRequest, Redirect
from qiskit_qoro.pages.rendering import Page

__all__ = ["cancel", "delete", "job_page", "resubmit"]


def job_page(request: PageRequest) -> Page:
    """Show a job."""
    job = request.source.job(request.path["job_id"])
    return Page(f"Job {job.row.job_id}", "job.html", {"job": job}, section="jobs", refresh_s=2)


def cancel(request: PageRequest) -> Redirect:
    """Cancel a job."""
    job_id = request.path["job_id"]
    return Redirect(f"/jobs/{quote(job_id)}", request.source.cancel(job_id))


def delete(request: PageRequest) -> Redirect:
    """Delete a job and its results."""
    return Redirect("/jobs", request.source.delete(request.path["job_id"]))


def resubmit(request: PageRequest) -> Redirect:
    """Submit a job again."""
    job_id = request.source.resubmit(request.path["job_id"])
    return Redirect(f"/jobs/{quote(job_id)}", "This job was submitted with the circuits of the other one.")
