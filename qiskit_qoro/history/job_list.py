"""Jobs in a list, which shows itself as a table: in a terminal, in a notebook, on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from io import StringIO
from typing import Any, overload

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.submissions import JobKind

__all__ = ["JobEntry", "JobList"]

_HEADINGS = ("job", "service", "backend", "kind", "time", "tag", "circuits", "status")


@dataclass(frozen=True)
class JobEntry:
    """A job that this machine submitted.

    Attributes:
        job_id: Its identifier; ``None`` where the submission ended before the service gave one.
        backend: The name of the simulator cluster or QPU system.
        kind: What submitted it.
        time: When its submission began, in UTC.
        tag: Its tag.
        status: A word of the service, such as ``COMPLETED``; or ``SUBMITTED``, as long as the service has not
            been asked; ``SUBMITTING``; ``INTERRUPTED``, if the process ended in the middle of the submission;
            ``NOT_SUBMITTED``, if that failed; ``GONE``, if the service does not know the job; ``DELETED``.
        num_circuits: How many circuits it has.
        reason: Why the submission failed, ``None`` where it did not.
        service: Where it was sent: a base URL, or ``local:`` and the file of a local service.
    """

    job_id: str | None
    backend: str | None
    kind: JobKind
    time: datetime
    tag: str
    status: str
    num_circuits: int
    reason: str | None
    service: str
    _retrieve: Callable[[str], Any] = field(repr=False, compare=False)

    @property
    def is_interrupted(self) -> bool:
        """Whether the process that submitted it ended in the middle of that."""
        return self.status == ListedStatus.INTERRUPTED.value

    @property
    def is_unfinished(self) -> bool:
        """Whether it was submitted and has not come to an end, as far as is known."""
        if self.status in tuple(ListedStatus):
            return self.status in (ListedStatus.SUBMITTING.value, ListedStatus.SUBMITTED.value)
        return not JobStatus(self.status).is_final

    def retrieve(self) -> Any:
        """The job itself, as :meth:`QoroProvider.retrieve_job` gives it.

        Raises:
            QoroInputError: The submission ended before the service gave an identifier.
            NotFoundError: The service does not know the job any more.
            QoroError: The service answered with another error, or not at all.
        """
        if self.job_id is None:
            raise QoroInputError(
                f"this submission of {self.time:%Y-%m-%d %H:%M} is {self.status} and its job's identifier is "
                "not known: there is nothing to retrieve"
            )
        return self._retrieve(self.job_id)

    def cells(self) -> dict[str, str]:
        """What a table shows of it, by heading."""
        return {
            "job": self.job_id or "-",
            "service": self.service,
            "backend": self.backend or "-",
            "kind": self.kind.value,
            "time": self.time.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            "tag": self.tag,
            "circuits": str(self.num_circuits),
            "status": self.status,
        }


class JobList(Sequence[JobEntry]):
    """Jobs that this machine submitted, newest first. It shows itself as a table, in notebooks too.

    Args:
        entries: The jobs.
        not_asked: How many unfinished jobs the service was not asked about, so that their status is the last
            one that was heard of.
    """

    def __init__(self, entries: Iterable[JobEntry], *, not_asked: int = 0) -> None:
        self._entries = tuple(entries)
        self.not_asked = not_asked

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> JobEntry: ...

    @overload
    def __getitem__(self, index: slice) -> JobList: ...

    def __getitem__(self, index: int | slice) -> JobEntry | JobList:
        if isinstance(index, slice):
            return JobList(self._entries[index], not_asked=self.not_asked)
        return self._entries[index]

    def __iter__(self) -> Iterator[JobEntry]:
        return iter(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JobList) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)

    def __repr__(self) -> str:
        return f"<JobList: {len(self)} jobs>"

    def __str__(self) -> str:
        page = StringIO()
        Console(file=page, width=10_000, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines())

    def __rich__(self) -> Table:
        table = Table(box=None, caption=self._remark(), caption_justify="left")
        headings = self._headings()
        for heading in headings:
            right = heading == "circuits"
            # Where the terminal is narrow, nothing is cut off: all others fold.
            kept = heading in {"job", "status"}
            table.add_column(heading, justify="right" if right else "left", no_wrap=kept, overflow="fold")
        for entry in self:
            table.add_row(*map(Text, _in_order(entry, headings)))
        return table

    def _repr_html_(self) -> str:
        headings = self._headings()
        head = "".join(f"<th>{heading}</th>" for heading in headings)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _in_order(entry, headings)) + "</tr>"
            for entry in self
        )
        remark = self._remark()
        caption = f"<caption>{escape(remark)}</caption>" if remark else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def _headings(self) -> list[str]:
        several = len({entry.service for entry in self}) > 1
        return [heading for heading in _HEADINGS if several or heading != "service"]

    def _remark(self) -> str | None:
        if not self.not_asked:
            return None
        return f"the service was not asked about {self.not_asked} unfinished jobs"


def _in_order(entry: JobEntry, headings: Iterable[str]) -> list[str]:
    cells = entry.cells()
    return [cells[heading] for heading in headings]
