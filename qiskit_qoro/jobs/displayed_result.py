"""Qiskit's ``Result`` with a ``repr`` of one line and a card for notebooks.

Qiskit's own ``repr`` has all counts of all circuits in one line of any length.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.result import Result

from qiskit_qoro.display.cards import Badge, Card, CardTable
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.printable import quoted_name

__all__ = ["DisplayedResult", "shown_counts"]

_CIRCUITS_SHOWN = 10
_COUNTS_SHOWN = 4


class DisplayedResult(Result):
    """A ``Result`` that is displayed well.

    A pickle or a copy of it is a ``Result`` of Qiskit, which can be read without this package.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return object.__new__, (Result,), self.__dict__.copy()

    def __repr__(self) -> str:
        backend = "" if self.backend_name is None else f" on {quoted_name(self.backend_name)}"
        failed = sum(not item.success for item in self.results)
        without = f", {failed} without a result" if failed else ""
        return f"<Result of job {self.job_id!r}{backend}: {counted(len(self.results), 'circuit')}{without}>"

    def _repr_html_(self) -> str:
        rows = [
            [str(index), short_text(str(item.header.get("name", ""))), f"{item.shots:,}", self._shown(index)]
            for index, item in enumerate(islice(self.results, _CIRCUITS_SHOWN))
        ]
        left = len(self.results) - len(rows)
        table = CardTable(
            ["", "circuit", "shots", "counts"],
            rows,
            numbers=[0, 2],
            more=f"and {counted(left, 'more circuit')}" if left else "",
        )
        badge = Badge("success", "good") if self.success else Badge("incomplete", "bad")
        where = [] if self.backend_name is None else [("backend", self.backend_name)]
        return Card("Result", self.job_id or "", badge=badge, rows=where, tables=[table]).to_html()

    def _shown(self, index: int) -> str:
        try:
            return shown_counts(self.get_counts(index))
        except QiskitError:
            return str(self.results[index].status or "no result")


def shown_counts(counts: dict[str, int]) -> str:
    """Return the most frequent outcomes with their counts, such as ``00: 512, 11: 488``."""
    items = sorted(counts.items(), key=lambda item: -item[1])[:_COUNTS_SHOWN]
    shown = [f"{short_text(name)}: {count:,}" for name, count in items]
    return ", ".join([*shown, "…"] if len(counts) > len(shown) else shown)
