"""The workers."""

from __future__ import annotations

from qiskit_qoro.pages.handlers.requests import PageRequest
from qiskit_qoro.pages.rendering import Page

__all__ = ["workers_page"]


def workers_page(request: PageRequest) -> Page:
    """Show the workers."""
    values = {"found": request.source.workers()}
    return Page("Workers", "workers.html", values, section="workers", refresh_s=2)
