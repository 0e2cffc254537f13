"""Qiskit's ``Result`` with a ``repr`` of one line and a card for notebooks.

Qiskit's own ``repr`` has all counts of all circuits in one line of any length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from qiskit.exceptions import QiskitError
from qiskit.result import Result

from qiskit_qoro.display.cards import Badge, Card, CardTable, Picture
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.printable import quoted_name

__all__ = ["DisplayedResult", "counts_pictures", "shown_counts"]

_CIRCUITS_SHOWN = 10
_COUNTS_SHOWN = 4
_BARS_SHOWN = 16


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
        badge = Badge("success", "good") if self.success else Badge("incomplete", "bad")
        rows = [] if self.backend_name is None else [("backend", self.backend_name)]
        card = Card("Result", self.job_id or "", badge=badge, rows=rows, tables=[self._table()])
        pictures = self._pictures()
        if pictures:
            rows += [("circuit", self._name(0)), ("shots", f"{self.results[0].shots:,}")]
            card = replace(card, pictures=pictures, rows=rows, tables=[])
        return card.to_html()

    def _pictures(self) -> list[Picture]:
        """The counts of a single circuit."""
        if len(self.results) != 1:
            return []
        try:
            return counts_pictures(self.get_counts(0))
        except QiskitError:
            return []

    def _table(self) -> CardTable:
        rows = [
            [str(index), self._name(index), f"{item.shots:,}", self._shown(index)]
            for index, item in enumerate(islice(self.results, _CIRCUITS_SHOWN))
        ]
        left = len(self.results) - len(rows)
        more = f"and {counted(left, 'more circuit')}" if left else ""
        return CardTable(["", "circuit", "shots", "counts"], rows, numbers=[0, 2], texts=[3], more=more)

    def _name(self, index: int) -> str:
        return short_text(str(self.results[index].header.get("name", "")))

    def _shown(self, index: int) -> str:
        try:
            return shown_counts(self.get_counts(index))
        except QiskitError:
            return str(self.results[index].status or "no result")


def counts_pictures(counts: Mapping[str, int]) -> list[Picture]:
    """Draw the most frequent outcomes as bars; nothing if there are no counts."""
    from qiskit_qoro.display.charts import Bar, bar_chart  # noqa: PLC0415 - most programs draw nothing

    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if not ranked:
        return []
    bars = [Bar(outcome, count) for outcome, count in ranked[:_BARS_SHOWN]]
    left = len(ranked) - len(bars)
    caption = f"{counted(left, 'more outcome')} {'is' if left == 1 else 'are'} not shown." if left else ""
    title = "The most frequent outcomes"
    return [Picture(bar_chart(title, caption or title, bars, value_label="count"), caption)]


def shown_counts(counts: dict[str, int]) -> str:
    """Return the most frequent outcomes with their counts, such as ``00: 512, 11: 488``."""
    items = sorted(counts.items(), key=lambda item: -item[1])[:_COUNTS_SHOWN]
    shown = [f"{short_text(name)}: {count:,}" for name, count in items]
    return ", ".join([*shown, "…"] if len(counts) > len(shown) else shown)
