"""The credits of the account."""

from __future__ import annotations

from qiskit_qoro.pages.handlers.requests import PageRequest
from qiskit_qoro.pages.rendering import Page

__all__ = ["credits_page"]


def credits_page(request: PageRequest) -> Page:
    """Show the balance, the ledger, and the cost per day."""
    found = request.source.credits(limit=50, offset=0)
    return Page("Credits", "credits.html", {"found": found}, section="credits", refresh_s=5)
