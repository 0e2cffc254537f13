"""The address of pages that a provider has opened, as terminals and notebooks show it."""

from __future__ import annotations

from dataclasses import dataclass

from qiskit_qoro.display.cards import Card, Link
from qiskit_qoro.pages.sign_in import CODE_LIFETIME_S
from qiskit_qoro.printable import printable_line

__all__ = ["PagesLink"]


@dataclass(frozen=True, repr=False)
class PagesLink:
    """The address of web pages. ``str()`` returns it, and a notebook shows a link.

    The address contains a one-time code. It signs in once, within 15 minutes, so it is useless in a notebook
    that is saved.

    Attributes:
        address: The address.
        note: Why no browser was opened; empty if one was, or if none was requested.
    """

    address: str
    note: str = ""

    def __str__(self) -> str:
        return self.address

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {printable_line(self.address)}>"

    def _repr_html_(self) -> str:
        minutes = CODE_LIFETIME_S / 60
        note = f"The link signs in once, within {minutes:.0f} minutes, on the machine that Python runs on."
        return Card(
            "Web pages",
            rows=[("address", Link(self.address, self.address))],
            note=f"{self.note} {note}".strip(),
        ).to_html()
