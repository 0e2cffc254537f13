"""Jobs that have ended, as events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from qiskit_qoro.local.job_log.ended_jobs import EndedJob
from qiskit_qoro.local.service_events import EventKind, Level, ServiceEvent
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.wire.labels import number_circuits

__all__ = ["JobEvents"]

_EXPECTED = frozenset({JobStatus.COMPLETED, JobStatus.CANCELLED})


class JobEvents:
    """Makes events for a log of jobs."""

    def of_job(self, job: EndedJob, time: datetime) -> ServiceEvent:  # noqa: ARG002 - the log adds the time
        """Return the event of a job."""
        return ServiceEvent(
            kind=EventKind.JOB_ENDED,
            special_level=None if job.status in _EXPECTED else Level.WARNING,
            account=job.owner,
            circuits=job.num_circuits,
            duration_s=None if job.run_time_s is None else round(job.run_time_s, 3),
            job_id=job.job_id,
            job_kind=job.kind,
            reason=number_circuits(job.reason) if job.reason else None,
            shots=job.num_shots,
            status=job.status.value,
            tag=job.tag,
            waited_s=job.waited_s,
        )

    def of_others(self, by_status: Mapping[JobStatus, int], time: datetime) -> ServiceEvent:  # noqa: ARG002
        """Return the event that stands for jobs without one of their own."""
        return ServiceEvent(
            kind=EventKind.JOBS_ENDED,
            by_status={status.value: number for status, number in sorted(by_status.items())},
            count=sum(by_status.values()),
        )
