"""The list of jobs, which is displayed as a table in terminals and in notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, overload

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.printable import printable_line

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["JobEntry", "JobList"]

_HEADINGS = ("job", "service", "backend", "kind", "time", "tag", "circuits", "status")


@dataclass(frozen=True)
class JobEntry:
    """A job that this machine submitted.

    Attributes:
        job_id: The job's identifier, or ``None`` if the submission ended before the service returned one.
        backend: The name of the simulator cluster or QPU system, or ``None`` if unknown.
        kind: What submitted the job.
        time: When the submission began, in UTC.
        tag: The job's tag.
        status: A status of the service, such as ``COMPLETED``; or one of these: ``SUBMITTING``;
            ``SUBMITTED``, if the service has not been asked since; ``INTERRUPTED``, if the process ended
            during the submission; ``NOT_SUBMITTED``, if the submission failed; ``GONE``, if the job does not
            exist on the service any more; ``DELETED``.
        num_circuits: The number of circuits.
        reason: Why the submission failed, or ``None`` if it did not.
        service: The service: a base URL, or ``local:`` and the path of a local service's database.
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
        """Whether the submitting process ended during the submission."""
        return self.status == ListedStatus.INTERRUPTED.value

    @property
    def is_unfinished(self) -> bool:
        """Whether the job is being submitted, or was submitted and is not known to have ended."""
        if self.status in tuple(ListedStatus):
            return self.status in (ListedStatus.SUBMITTING.value, ListedStatus.SUBMITTED.value)
        return not JobStatus(self.status).is_final

    def retrieve(self) -> Any:
        """Retrieve the job with :meth:`QoroProvider.retrieve_job`.

        Raises:
            QoroInputError: The submission ended before the service returned an identifier.
            NotFoundError: The job does not exist on the service any more.
            QoroError: The service answered with another error, or did not answer.
        """
        if self.job_id is None:
            raise QoroInputError(
                f"the job submitted at {self.time:%Y-%m-%d %H:%M} is {self.status} and cannot be retrieved: "
                "its identifier is not known"
            )
        return self._retrieve(self.job_id)

    def cells(self) -> dict[str, str]:
        """Return the cells of a table row, by heading."""
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
    """Jobs that this machine submitted, newest first. Printing or displaying the list shows a table.

    Args:
        entries: The jobs.
        not_asked: The number of unfinished jobs whose status was not updated. They have their last known
            status.
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
        # Importing rich takes a moment, and most programs print no list.
        from rich.console import Console  # noqa: PLC0415

        text = StringIO()
        Console(file=text, width=10_000, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    def __rich__(self) -> Table:
        from rich.table import Table  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        table = Table(box=None, caption=self._caption(), caption_justify="left")
        headings = self._headings()
        for heading in headings:
            is_number = heading == "circuits"
            # In a narrow terminal the other columns fold, so that nothing is cut off.
            is_unbroken = heading in {"job", "status"}
            table.add_column(
                heading,
                justify="right" if is_number else "left",
                no_wrap=is_unbroken,
                overflow="fold",
            )
        for entry in self:
            table.add_row(*map(Text, _row(entry, headings)))
        return table

    def _repr_html_(self) -> str:
        headings = self._headings()
        head = "".join(f"<th>{heading}</th>" for heading in headings)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _row(entry, headings)) + "</tr>"
            for entry in self
        )
        text = self._caption()
        caption = f"<caption>{escape(text)}</caption>" if text else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def _headings(self) -> list[str]:
        has_several_services = len({entry.service for entry in self}) > 1
        return [heading for heading in _HEADINGS if has_several_services or heading != "service"]

    def _caption(self) -> str | None:
        if not self.not_asked:
            return None
        return f"the service was not asked about {self.not_asked} unfinished jobs"


def _row(entry: JobEntry, headings: Iterable[str]) -> list[str]:
    cells = entry.cells()
    return [printable_line(cells[heading]) for heading in headings]
