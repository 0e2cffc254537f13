"""One job of the list of jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from qiskit_qoro.display.cards import Badge, Card, Hinted, level_of_status
from qiskit_qoro.display.times import ago, exact_time, local_now
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history.journal_entry import ListedStatus, joint_status
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.printable import printable_line, quoted_name
from qiskit_qoro.service import QoroService

__all__ = ["JobEntry", "is_unfinished", "may_run", "parts_of", "with_statuses"]


def is_unfinished(status: str) -> bool:
    """Whether a service job with this status is being submitted, or is not known to have ended."""
    if status in tuple(ListedStatus):
        return status in (ListedStatus.SUBMITTING.value, ListedStatus.SUBMITTED.value)
    return not JobStatus(status).is_final


def may_run(status: str) -> bool:
    """Whether the service may have a service job with this status and may still run it."""
    if status in tuple(ListedStatus):
        return status not in (ListedStatus.GONE.value, ListedStatus.DELETED.value)
    return not JobStatus(status).is_final


@dataclass(frozen=True)
class JobEntry:
    """A job that this machine submitted.

    Attributes:
        job_id: The job's identifier, or ``None`` if the submission ended before the service returned one. The
            identifiers of several service jobs of a primitive's job are joined by ``+``.
        backend: The name of the simulator cluster or QPU system, or ``None`` if unknown.
        kind: What submitted the job.
        time: When the submission began, in UTC.
        tag: The job's tag.
        status: A status of the service, such as ``COMPLETED``; or one of these: ``SUBMITTING``;
            ``SUBMITTED``, if the service has not been asked since; ``INTERRUPTED``, if the process ended
            during the submission; ``NOT_SUBMITTED``, if the submission failed; ``GONE``, if the job does not
            exist on the service any more; ``DELETED``. Several service jobs have a joint status: that of a
            failed or cancelled one; otherwise their common status, or ``RUNNING``; ``GONE`` if one of them is
            gone.
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
    _service: Callable[[], QoroService] | None = field(default=None, repr=False, compare=False)
    # The service jobs and their statuses. The first one stands for the job.
    _parts: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __await__(self) -> Generator[Any, None, Any]:
        """Retrieve the job, and wait for its result without blocking the event loop."""
        return self._await_result().__await__()

    async def _await_result(self) -> Any:
        return await (await asyncio.to_thread(self.retrieve))

    @property
    def is_interrupted(self) -> bool:
        """Whether the submitting process ended during the submission."""
        return self.status == ListedStatus.INTERRUPTED.value

    @property
    def is_unfinished(self) -> bool:
        """Whether the job is being submitted, or was submitted and is not known to have ended."""
        return any(map(is_unfinished, parts_of(self).values() or [self.status]))

    def __repr__(self) -> str:
        job = "None" if self.job_id is None else quoted_name(self.job_id)
        backend = "" if self.backend is None else f" on {quoted_name(self.backend)}"
        return f"<JobEntry {job}{backend}: {printable_line(self.status)}>"

    def _repr_html_(self) -> str:
        now = local_now()
        rows: list[tuple[str, str | Hinted]] = [
            ("backend", self.backend or "unknown"),
            ("kind", self.kind.value),
            ("tag", self.tag),
            ("circuits", f"{self.num_circuits:,}"),
            ("submitted", Hinted(ago(self.time, now=now), exact_time(self.time, now=now))),
            ("service", "local, in memory" if self.service == "local:" else self.service),
        ]
        badge = Badge(self.status, level_of_status(self.status))
        note = self.reason or self._way_to_the_job
        return Card("Job", self.job_id or "", badge=badge, rows=rows, note=note).to_html()

    @property
    def _way_to_the_job(self) -> str:
        if self.job_id is None or self.status in (ListedStatus.GONE.value, ListedStatus.DELETED.value):
            return ""
        if self.kind is JobKind.CHARACTERIZATION:
            return "characterize(job_id=..., service=provider.service) returns the result."
        return "retrieve() returns the job."

    @property
    def may_run(self) -> bool:
        """Whether the service may have the job and may still run it, even if its submission failed."""
        return any(map(may_run, parts_of(self).values() or [self.status]))

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


def parts_of(entry: JobEntry) -> Mapping[str, str]:
    """Return the identifier of each service job, and its status. The first one stands for the job."""
    alone = {} if entry.job_id is None else {entry.job_id: entry.status}
    return entry._parts or alone  # noqa: SLF001 - the class of this module


def with_statuses(entry: JobEntry, statuses: Mapping[str, str]) -> JobEntry:
    """Return an entry with new statuses of some service jobs."""
    parts = {job_id: statuses.get(job_id, status) for job_id, status in parts_of(entry).items()}
    return replace(entry, status=joint_status(parts.values()), _parts=parts) if parts else entry
