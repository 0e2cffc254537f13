"""The list of jobs, which is displayed as a table in terminals and in notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from qiskit_qoro.display.cards import Card, CardTable, Hinted
from qiskit_qoro.display.identifiers import short_identifiers
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.tables import Cell, Column, Table, screen_width, status_style
from qiskit_qoro.display.times import ago, exact_time, local_now
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.history.job_changes import Change, change_each, wait_for_each
from qiskit_qoro.history.job_entry import JobEntry, is_unfinished, may_run, parts_of, with_statuses
from qiskit_qoro.history.job_frame import frame_of
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.arguments import timeout_of
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.service.clock import Deadline

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JobEntry", "JobList"]

_ROWS_IN_CARD = 100
_HEADINGS = ("job", "service", "backend", "kind", "time", "tag", "circuits", "status")
_COLUMNS = {
    "job": Column("job"),
    "service": Column("service", 3, least=16),
    "backend": Column("backend", 4),
    "kind": Column("kind", 6),
    "time": Column("time", 1),
    "tag": Column("tag", 2, least=8),
    "circuits": Column("circuits", 5, is_right=True),
    "status": Column("status"),
}


class JobList(Sequence[JobEntry]):
    """Jobs that this machine submitted, newest first. Printing or displaying the list shows a table.

    A primitive's job with several service jobs has one entry. Its methods apply to all of its service jobs.

    Args:
        entries: The jobs.
        not_asked: The number of unfinished jobs whose status was not updated. They have their last known
            status.
        known_ids: Returns all identifiers that the short forms in a table must be told apart from. ``None``
            for those of the entries.
    """

    def __init__(
        self,
        entries: Iterable[JobEntry],
        *,
        not_asked: int = 0,
        known_ids: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        self._entries = tuple(entries)
        self.not_asked = not_asked
        self._known_ids = known_ids

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> JobEntry: ...

    @overload
    def __getitem__(self, index: slice) -> JobList: ...

    def __getitem__(self, index: int | slice) -> JobEntry | JobList:
        if isinstance(index, slice):
            return JobList(self._entries[index], not_asked=self.not_asked, known_ids=self._known_ids)
        return self._entries[index]

    def __iter__(self) -> Iterator[JobEntry]:
        return iter(self._entries)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JobList) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)

    def __repr__(self) -> str:
        return f"<JobList: {counted(len(self), 'job')}>"

    def __str__(self) -> str:
        return "\n".join(line.plain for line in self.table(local_now()).lines(screen_width()))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the table in IPython, whose notebooks store this text beside the card."""
        if cycle or len(self) <= _ROWS_IN_CARD:
            printer.text(repr(self) if cycle else str(self))
            return
        left = counted(len(self) - _ROWS_IN_CARD, "more job")
        printer.text(f"{self._first()}\nand {left}: print() shows all of them")

    def __rich__(self) -> Table:
        return self.table(local_now())

    def table(self, now: datetime) -> Table:
        """Return a table that fits the terminal in which it is printed.

        Args:
            now: The present, in the time zone of the dates in the table.
        """
        headings = self._headings()
        short_ids = self._short_ids()
        rows = [[_cell(entry, heading, short_ids, now) for heading in headings] for entry in self]
        return Table([_COLUMNS[heading] for heading in headings], rows, note=self._caption())

    # --- all jobs at once -----------------------------------------------------------------------------

    def cancel(self) -> list[str]:
        """Cancel the jobs that have not ended.

        Jobs that are known to have ended are left out, and so are submissions without an identifier. All
        other jobs are tried, whatever happens to one of them.

        Returns:
            The identifiers of the jobs that were cancelled. The others had ended before, or do not exist any
            more.

        Raises:
            QoroError: A job could not be cancelled. The message names all jobs to which this happened.
        """
        return self._change("cancelled", QoroService.cancel_job, may_run)

    def delete(self) -> list[str]:
        """Delete the jobs and their results from the service, whether they have ended or not.

        Jobs that were deleted before are left out, and so are submissions without an identifier. All other
        jobs are tried, whatever happens to one of them.

        Returns:
            The identifiers of the jobs that were deleted. The others do not exist any more.

        Raises:
            QoroError: A job could not be deleted. The message names all jobs to which this happened.
        """
        deleted = ListedStatus.DELETED.value
        return self._change("deleted", QoroService.delete_job, lambda status: status != deleted)

    def wait(self, timeout: float | None = None) -> JobList:
        """Wait until all jobs have ended. Interrupting the wait leaves them running.

        The jobs are polled one at a time, together no more often than a single new one. Submissions without
        an identifier are left out.

        Args:
            timeout: Seconds to wait at most for all of them, or ``None`` for no limit.

        Returns:
            The list with the final status of each job. A job that does not exist any more is ``GONE``.

        Raises:
            JobTimeoutError: A job had not ended in time. It continues.
            MaxRetriesReachedError: A job had not ended after ``max_retries`` polls. It continues.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
        """
        limit_s = timeout_of("timeout", timeout)
        found: dict[str, JobStatus | None] = {}
        deadline: Deadline | None = None
        for service, job_ids in self._by_service(is_unfinished):
            # The time limit holds for all services together.
            deadline = deadline or service.deadline(limit_s)
            with note_on_interrupt(job_ids, partial(_limit_of, service)):
                found |= wait_for_each(service, job_ids, deadline)
        statuses = {job_id: (status or ListedStatus.GONE).value for job_id, status in found.items()}
        return JobList((with_statuses(entry, statuses) for entry in self), known_ids=self._known_ids)

    def results(self, timeout: float | None = None, *, return_exceptions: bool = False) -> list[Any]:
        """Wait for all jobs, and read their results.

        Args:
            timeout: Seconds to wait at most for all jobs, or ``None`` for no limit. The results are read
                after that.
            return_exceptions: Whether the list has the error of a job that failed, was cancelled, was never
                submitted or does not exist any more, in the place of its result. Otherwise the first of these
                errors is raised.

        Returns:
            The result of each job, in the order of this list.

        Raises:
            JobTimeoutError: A job had not ended in time. It continues.
            QoroError: A job has no result. The message names the job.
        """
        found: list[Any] = []
        for entry in self.wait(timeout):
            try:
                found.append(entry.retrieve().result())
            except QoroError as error:
                if entry.job_id is not None:
                    error.name_job(entry.job_id)
                if not return_exceptions:
                    error.extend("results(return_exceptions=True) returns the results of the other jobs")
                    raise
                found.append(error)
        return found

    def to_pandas(self) -> pd.DataFrame:
        """Return the list as a table of pandas.

        Returns:
            One row for each job, in order, with the attributes of :class:`JobEntry` as columns. ``time`` is
            in UTC, ``num_circuits`` is an integer, and the others are text, which may be missing.

        Raises:
            QoroInputError: pandas is not installed.
        """
        return frame_of(self._entries)

    def _change(self, done: str, change: Change, applies: Callable[[str], bool]) -> list[str]:
        changed: set[str] = set()
        for service, job_ids in self._by_service(applies):
            changes = change_each(change, service, job_ids)
            changes.raise_failure(done)
            changed.update(changes.done)
        return [entry.job_id for entry in self if entry.job_id and not changed.isdisjoint(parts_of(entry))]

    def _by_service(self, applies: Callable[[str], bool]) -> list[tuple[QoroService, list[str]]]:
        """Return the clients of the service jobs to whose status a condition applies, each with its jobs."""
        grouped: dict[QoroService, dict[str, None]] = {}
        for entry in self:
            job_ids = [job_id for job_id, status in parts_of(entry).items() if applies(status)]
            if not job_ids:
                continue
            if entry._service is None:  # noqa: SLF001 - the class of this module
                raise QoroInputError(
                    f"job {entry.job_id} is in a list without a token for its service: use provider.jobs()"
                )
            # A service job may belong to several jobs.
            grouped.setdefault(entry._service(), {}).update(dict.fromkeys(job_ids))  # noqa: SLF001
        return [(service, list(job_ids)) for service, job_ids in grouped.items()]

    # --- the table ------------------------------------------------------------------------------------

    def _short_ids(self) -> dict[str, str]:
        known = () if self._known_ids is None else self._known_ids()
        # The first characters of a service job stand for the whole job, but its complete identifier does not.
        firsts = {entry.job_id: next(iter(parts_of(entry))) for entry in self if entry.job_id is not None}
        short = short_identifiers(firsts.values(), among=known)
        return {job_id: job_id if short[first] == first else short[first] for job_id, first in firsts.items()}

    def _first(self) -> JobList:
        return JobList(self._entries[:_ROWS_IN_CARD], known_ids=self._known_ids)

    def _repr_html_(self) -> str:
        shown = self._first()
        table = shown.table(local_now())
        headings = [column.heading for column in table.columns]
        # The status comes second: a narrow notebook shows the first columns, and scrolls to the others.
        order = sorted(range(len(headings)), key=lambda place: (place > 0, headings[place] != "status"))
        left = len(self) - len(shown)
        card_table = CardTable(
            [headings[place] for place in order],
            [[_hinted(row[place]) for place in order] for row in table.rows],
            numbers=[order.index(headings.index("circuits"))],
            statuses=[1],
            more=f"and {counted(left, 'more job')}" if left else "",
        )
        note = self._caption() or ("" if self else "There are no jobs.")
        return Card("Jobs", f"{len(self):,}", tables=[card_table] if self else [], note=note).to_html()

    def _headings(self) -> list[str]:
        has_several_services = len({entry.service for entry in self}) > 1
        return [heading for heading in _HEADINGS if has_several_services or heading != "service"]

    def _caption(self) -> str | None:
        if not self.not_asked:
            return None
        return f"the service was not asked about {self.not_asked} unfinished jobs"


def _limit_of(service: QoroService) -> str:
    return service.origin.note


def _cell(entry: JobEntry, heading: str, short_ids: Mapping[str, str], now: datetime) -> Cell:
    text = entry.cells()[heading]
    if heading == "job" and entry.job_id is not None:
        return Cell(short_ids[entry.job_id], text, widens=True)
    if heading == "service":
        return Cell(_short_service(text), text, widens=True)
    if heading == "time":
        return Cell(ago(entry.time, now=now), exact_time(entry.time, now=now))
    return Cell(text, style=status_style(text) if heading == "status" else "")


def _short_service(service: str) -> str:
    """Return the host of a service, or the name of the file of a local service."""
    kind, _, place = service.partition("://")
    return place.partition("/")[0] if place else f"local:{Path(kind.removeprefix('local:')).name}"


def _hinted(cell: Cell) -> str | Hinted:
    return cell.text if cell.full in (None, cell.text) else Hinted(cell.text, str(cell.full))
