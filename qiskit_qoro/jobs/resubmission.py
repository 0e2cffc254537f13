"""Submit what was sent for a job once more: all of it, or the circuits without a result.

A whole job is sent again byte by byte. Circuits of a job are sent as bound circuits, also if they were rows
of a template, because a template saves little for a few rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import Any

from qiskit_qoro.errors import QoroError
from qiskit_qoro.jobs.sent_programs import SentProgram
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.models.shots import CircuitRange
from qiskit_qoro.printable import printable_line
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.circuit_submission import render_uploads
from qiskit_qoro.service.submission import Measurement, Submission
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.fields import as_object, parse_json

__all__ = ["submission_of_programs", "submit_jointly"]

_NUM_SEEDS = 2**64


def submission_of_programs(
    submission: Submission,
    programs: Mapping[str, SentProgram],
    *,
    num_earlier: int,
) -> Submission:
    """Build the submission of some circuits of another submission, with the same settings.

    Args:
        submission: The other submission.
        programs: New label to program, in order.
        num_earlier: The number of circuits of the other submission. The circuits of a job have successive
            seeds, so a seed continues after theirs. Otherwise equal circuits of both jobs could have equal
            counts.

    Raises:
        QoroInputError: A circuit is too large for one body.
    """
    texts = {label: program.text for label, program in programs.items()}
    measurement = _measurement(list(programs.values()))
    facts = replace(
        submission.facts,
        num_circuits=len(programs),
        num_shots=measurement.num_shots(len(programs)),
        names=tuple(program.name for program in programs.values()),
    )
    return Submission(
        _with_later_seed(submission.request, num_earlier),
        render_uploads(texts, measurement),
        facts,
    )


def _measurement(programs: Sequence[SentProgram]) -> Measurement:
    shots = [program.shots for program in programs if program.shots is not None]
    if len(shots) == len(programs):
        return Measurement.of_shots(shots)
    runs = [(strings, len(list(run))) for strings, run in groupby(p.pauli_strings for p in programs)]
    if runs == [((), len(programs))]:
        return Measurement()  # the request of the job says what is computed
    ends = list(accumulate(length for _, length in runs))
    ranges = tuple(CircuitRange(end - length, end) for end, (_, length) in zip(ends, runs, strict=True))
    return Measurement(
        observables=tuple(strings for strings, _ in runs),
        circuit_ham_map=ranges if len(runs) > 1 else None,
    )


def _with_later_seed(request: bytes, num_earlier: int) -> bytes:
    body = as_object(parse_json(request), "body")
    options: Any = body.get("maestro_config")
    if not isinstance(options, dict) or type(options.get("seed")) is not int:
        return request
    seed = (options["seed"] + num_earlier) % _NUM_SEEDS
    return render({**body, "maestro_config": {**options, "seed": seed}})


# --- several jobs -------------------------------------------------------------------------------------


def submit_jointly(service: QoroService, submissions: Sequence[Submission]) -> list[str]:
    """Submit jobs that belong together, all or none.

    Args:
        service: The client.
        submissions: The jobs.

    Returns:
        The identifiers of the jobs, in order.

    Raises:
        BudgetExceededError: A budget has no room for all jobs. Nothing was sent.
        QoroError: The service refused a job or did not answer. The jobs that were submitted before it have
            been cancelled as far as possible, and the error names them.
    """
    job_ids: list[str] = []
    try:
        # The budgets have to have room for all jobs before the first one is sent.
        with service.reserve(submissions) as reservations:
            # One at a time, so that it is known which jobs have to be cancelled if one fails.
            for submission, reservation in zip(submissions, reservations, strict=True):
                job_id = service.submit(submission, reservation=reservation).job_id
                job_ids.append(str(job_id))
    except BaseException as error:
        if job_ids:
            note = _cancel_all(service, job_ids)
            if isinstance(error, QoroError):
                error.extend(note)
            else:
                error.add_note(printable_line(note))
        raise
    if len(job_ids) > 1:
        service.record_joint_jobs(job_ids)
    return job_ids


def _cancel_all(service: QoroService, job_ids: list[str]) -> str:
    """Cancel the jobs that were submitted before one failed, and describe the outcome."""
    remaining = [job_id for job_id in job_ids if not _cancel(service, job_id)]
    outcome = (
        f"these could not be cancelled and may run: {', '.join(remaining)}"
        if remaining
        else "all have been cancelled"
    )
    return f"The same submission had already submitted {', '.join(job_ids)}; {outcome}"


def _cancel(service: QoroService, job_id: str) -> bool:
    """Cancel a job; return whether that succeeded."""
    try:
        service.cancel_job(ExecutionResult(job_id=job_id))
    except QoroError:
        return False
    return True
