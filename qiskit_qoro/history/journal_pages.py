"""The jobs of a journal by page. SQLite selects, counts and sorts them, so that few entries are read.

Statuses are the last known ones. Nothing is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qiskit_qoro.history.conditions import (
    Condition,
    condition_on_text,
    conditions_for,
    join_conditions,
)
from qiskit_qoro.history.joint_jobs import (
    count_by_status,
    find_parts,
    has_joint_jobs,
    select_page,
)
from qiskit_qoro.history.journal import Journal
from qiskit_qoro.history.journal_entry import JournalEntry, ListedStatus, RecordedJob
from qiskit_qoro.history.listed_statuses import condition_on_status, status_expression
from qiskit_qoro.history.program_store import has_programs
from qiskit_qoro.models.jobs import ID_SEPARATOR, JobStatus
from qiskit_qoro.models.submissions import JobKind

__all__ = ["JournalPages", "RecordedPage"]

_FINAL = (ListedStatus.DELETED.value, *(status.value for status in JobStatus if status.is_final))


@dataclass(frozen=True)
class RecordedPage:
    """Some of the recorded jobs that meet conditions, newest first.

    Attributes:
        jobs: The jobs.
        total: The number of jobs that meet the conditions.
        by_status: Listed status to number of jobs, without the condition on the status.
    """

    jobs: Sequence[RecordedJob]
    total: int
    by_status: Mapping[str, int]


class JournalPages:
    """The jobs of a journal by page.

    All methods raise a :class:`~qiskit_qoro.errors.QoroError` if the journal cannot be read.

    Args:
        journal: The journal.
        service: Only submissions to this service; ``None`` for those to all services.
    """

    def __init__(self, journal: Journal, service: str | None) -> None:
        self._journal = journal
        self._service = service

    def page(
        self,
        *,
        tag: str | None = None,
        kinds: Collection[JobKind] | None = None,
        text: str | None = None,
        statuses: Collection[str] | None = None,
        limit: int,
        offset: int = 0,
    ) -> RecordedPage:
        """Read some of the jobs that meet all given conditions, newest first, and count all of them.

        A job with several service jobs meets a condition if one of them does. It has one status.

        Args:
            tag: Only submissions with this tag.
            kinds: Only submissions of these kinds.
            text: Only submissions with this text in the tag, the backend, the identifier, the reason of a
                failed submission or the name of a circuit, in upper or lower case.
            statuses: Only jobs whose last known status is one of these.
            limit: The largest number of jobs.
            offset: How many jobs to leave out at the beginning.
        """
        given = conditions_for(service=self._service, tag=tag, kinds=kinds)
        with self._journal.reading() as database:
            if database is None:
                return RecordedPage((), 0, {})
            joint = has_joint_jobs(database)
            if text is not None:
                given.append(condition_on_text(database, text, joint=joint, reasons=True))
            self._journal.prepare_statuses(database)
            by_status = count_by_status(database, given, status_expression(joint=joint))
            if statuses is not None:
                given.append(condition_on_status(statuses, joint=joint))
            jobs = self._journal.recorded_jobs(database, select_page(database, given, limit, offset))
        counted = [number for status, number in by_status.items() if statuses is None or status in statuses]
        return RecordedPage(jobs, sum(counted), by_status)

    def tags(self, *, limit: int) -> list[str]:
        """Read the tags of submissions, the most recent ones first.

        Args:
            limit: The largest number of tags.
        """
        where, values = join_conditions(self._conditions)
        query = f"SELECT tag FROM jobs{where} GROUP BY tag ORDER BY max(number) DESC LIMIT ?"  # noqa: S608 - constants only
        with self._journal.reading() as database:
            rows = () if database is None else database.execute(query, (*values, limit)).fetchall()
        return [str(tag) for (tag,) in rows]

    def kinds(self) -> list[JobKind]:
        """Read which kinds of submissions there are, in the order of :class:`JobKind`."""
        where, values = join_conditions(self._conditions)
        query = f"SELECT DISTINCT kind FROM jobs{where}"  # noqa: S608 - constants only
        with self._journal.reading() as database:
            found = set() if database is None else {kind for (kind,) in database.execute(query, values)}
        return [kind for kind in JobKind if kind.value in found]

    def unfinished(self, *, limit: int) -> tuple[list[JournalEntry], int]:
        """Read the newest service jobs whose status may change.

        Args:
            limit: The largest number of service jobs.

        Returns:
            The entries, and the number of all such service jobs. Those that did not exist for the token when
            the service was last asked come last.
        """
        where, values = join_conditions([*self._conditions, _may_change()])
        order = "ORDER BY ifnull(status, '') = ?, number DESC LIMIT ?"
        with self._journal.reading() as database:
            if database is None:
                return [], 0
            (total,) = database.execute(f"SELECT count(*) FROM jobs{where}", values).fetchone()  # noqa: S608 - constants only
            condition = f"{where.removeprefix(' WHERE ')} {order}"
            gone_last = (*values, ListedStatus.GONE.value, limit)
            return self._journal.read_entries(database, condition, gone_last), int(total)

    def unfinished_by_backend(self) -> dict[tuple[str, str], int]:
        """Count the service jobs that may be waiting or running.

        Returns:
            The name of the backend and the last known status, and the number of such service jobs.
        """
        where, values = join_conditions([*self._conditions, _may_change()])
        status = f"ifnull(status, '{ListedStatus.SUBMITTED.value}')"
        query = f"SELECT backend, {status} AS known, count(*) FROM jobs{where} GROUP BY backend, known"  # noqa: S608 - constants only
        with self._journal.reading() as database:
            rows = () if database is None else database.execute(query, values).fetchall()
        return {(str(backend), str(known)): number for backend, known, number in rows}

    def job(self, job_id: str) -> RecordedJob | None:
        """Read a job with all of its service jobs.

        Args:
            job_id: Its identifier, or that of one of its service jobs.

        Returns:
            The job, or ``None`` if the journal does not have it.
        """
        first, *others = job_id.split(ID_SEPARATOR)
        given: list[Condition] = [*self._conditions, ("job_id = ?", (first,))]
        with self._journal.reading() as database:
            if database is None:
                return None
            selected = select_page(database, given, 1, 0)
            if selected and others:
                # A service job may belong to several jobs, so the identifiers decide which one is meant.
                numbers = find_parts(database, selected[0][1][0], [first, *others])
                selected = [([first, *others], numbers)]
            found = self._journal.recorded_jobs(database, selected)
        return found[0] if found else None

    def with_programs(self, jobs: Iterable[RecordedJob]) -> set[str]:
        """Find out which jobs the journal has the programs of.

        Args:
            jobs: The jobs.

        Returns:
            The identifiers of those whose programs are kept for all of their service jobs.
        """
        found = list(jobs)
        numbers = [entry.number for job in found for entry in job.entries]
        with self._journal.reading() as database:
            if database is None or not has_programs(database):
                return set()
            listed = ", ".join(map(str, numbers))
            query = f"SELECT number FROM programs WHERE bodies IS NOT NULL AND number IN ({listed})"  # noqa: S608 - numbers
            kept = {number for (number,) in database.execute(query)}
        return {str(job.job_id) for job in found if kept.issuperset(entry.number for entry in job.entries)}

    @property
    def _conditions(self) -> list[Condition]:
        return conditions_for(service=self._service)


def _may_change() -> Condition:
    """Return the condition that the service may report another status of an entry."""
    places = ", ".join("?" * len(_FINAL))
    return f"job_id IS NOT NULL AND ifnull(status, '') NOT IN ({places})", _FINAL
