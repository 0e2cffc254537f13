"""The Python code that fetches a job."""

from __future__ import annotations

from qiskit_qoro.models.submissions import JobKind

__all__ = ["fetching_code"]


def fetching_code(kind: JobKind, job_id: str, provider: str) -> str:
    """Return two lines of Python that fetch a job, or what it has computed. They contain no token.

    Args:
        kind: What submitted the job.
        job_id: The identifier of the job.
        provider: Python code of a provider of the service.
    """
    if kind is JobKind.CHARACTERIZATION:
        call = f"characterize(job_id={job_id!r}, service={provider}.service)"
        return f"from qiskit_qoro import QoroProvider, characterize\nresult = {call}"
    if kind is JobKind.STATE:
        call = f"{provider}.service.get_state_arrays(ExecutionResult(job_id={job_id!r}))"
        return f"from qiskit_qoro import ExecutionResult, QoroProvider\narrays = {call}"
    return f"from qiskit_qoro import QoroProvider\njob = {provider}.retrieve_job({job_id!r})"
