"""The systems."""

from __future__ import annotations

from qiskit_qoro.pages.handlers.requests import PageRequest
from qiskit_qoro.pages.rendering import Page

__all__ = ["systems_page"]


def systems_page(request: PageRequest) -> Page:
    """Show the systems."""
    values = {"found": request.source.targets()}
    return Page("Systems", "systems.html", values, section="systems", refresh_s=2)
