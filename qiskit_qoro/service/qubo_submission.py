"""Submit a QUBO for characterization, and read the result of a characterization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qiskit_qoro.errors import ConflictError, QoroAPIError, QoroError, QoroInputError, WireError
from qiskit_qoro.models import arguments
from qiskit_qoro.models.jobs import JobRequest, JobType
from qiskit_qoro.service.recorder import SubmissionRecorder, facts_of, recorded
from qiskit_qoro.service.submission import open_job
from qiskit_qoro.service.transport import Transport, read_answer, text_of
from qiskit_qoro.wire.chunks import MAX_BODY_BYTES, render
from qiskit_qoro.wire.endpoints import (
    CANCEL_JOB,
    SUBMIT_QUBO,
    VALIDATION_REPORT,
    VALIDATION_RESULT,
)
from qiskit_qoro.wire.fields import as_object
from qiskit_qoro.wire.payloads import job_request_to_json
from qiskit_qoro.wire.qubo import qubo_from_json

__all__ = ["fetch_characterization", "fetch_characterization_report", "render_qubo", "submit_qubo"]


def fetch_characterization(transport: Transport, job_id: str) -> dict[str, Any]:
    """Fetch the result of a characterization, as the service sends it. It always has a ``job_id``."""
    response = transport.send(VALIDATION_RESULT, job_id=job_id)
    result = read_answer(response, lambda body: as_object(body, "body"), job_id=job_id)
    return result if result.get("job_id") is not None else result | {"job_id": job_id}


def fetch_characterization_report(transport: Transport, job_id: str) -> str:
    """Fetch the report of a characterization as a fragment of HTML."""
    return text_of(transport.send(VALIDATION_REPORT, job_id=job_id))


def submit_qubo(transport: Transport, recorder: SubmissionRecorder, body: bytes, tag: str) -> str:
    """Open a job, submit a problem, and wait until the service has analysed it.

    Args:
        transport: Sends the requests.
        recorder: Is notified of the submission.
        body: The problem, as :func:`render_qubo` returns it.
        tag: The tag of the job.

    Returns:
        The identifier of the job.

    Raises:
        QoroAPIError: The service refused the problem. The job has been cancelled if possible.
        QoroConnectionError: The service did not answer. The analysis may be running.
    """
    tag = arguments.checked("tag", tag, arguments.text_of(tag), "text that UTF-8 can encode")
    request = JobRequest(tag=tag, job_type=JobType.VALIDATE)
    with recorded(recorder, facts_of(request, ())) as opened:
        job_id = open_job(transport, render(job_request_to_json(request)))
        opened(job_id)
        # This request is answered when the analysis is done, so a lost answer is more likely than elsewhere.
        try:
            transport.send(SUBMIT_QUBO, job_id=job_id, body=body)
        except QoroAPIError as error:
            # A 4xx answer means that the analysis has not started, so the job is cancelled. After a 5xx
            # answer it may have started, as after a lost answer.
            was_refused = error.status_code < 500
            error.extend(_cancel(transport, job_id) if was_refused else _may_be_running(job_id))
            raise
        except QoroError as error:
            error.extend(_may_be_running(job_id))
            raise
    return job_id


def _may_be_running(job_id: str) -> str:
    return (
        f"The analysis may be running: characterize_and_validate(job_id={job_id!r}) reads its result once it "
        "is done"
    )


def _cancel(transport: Transport, job_id: str) -> str:
    """Cancel a job whose problem was refused, and describe the outcome."""
    try:
        transport.send(CANCEL_JOB, job_id=job_id)
    except ConflictError:
        return "The job had already ended"
    except QoroError as error:
        return f"The job could not be cancelled ({error})"
    return "The job has been cancelled"


def render_qubo(
    qubo: Mapping[str, Any] | None,
    target_states: Sequence[str] | None,
    options: Mapping[str, Any] | None,
) -> bytes:
    """Check a problem and render the body that submits it.

    Args:
        qubo: The objective, with comma keys or in the envelope ``factored_v1``.
        target_states: Bitstrings to evaluate; the character at position i is variable i.
        options: Options that are passed on to the service.

    Raises:
        QoroInputError: ``qubo`` is missing, an argument is malformed, or the body is too large.
    """
    if qubo is None:
        raise QoroInputError("expected a qubo to characterize, or the job_id of an earlier characterization")
    if options is not None and not isinstance(options, Mapping):
        raise QoroInputError(f"options is {options!r}, expected a mapping")
    # Numbers and arrays of NumPy are common in problems and options, and JSON has no form for them.
    qubo, options = arguments.plain_of(qubo), arguments.plain_of(options or {})
    states = [] if target_states is None else arguments.plain_of(list(target_states))
    num_variables = _num_variables(qubo, states, options.get("n_qubits"))
    for index, state in enumerate(states):
        if not isinstance(state, str) or len(state) != num_variables or set(state) - {"0", "1"}:
            raise QoroInputError(
                f"target_states[{index}] is {state!r}, expected {num_variables} characters 0 or 1, one for "
                "each variable"
            )
    body: dict[str, Any] = {"qubo": dict(qubo), "target_states": states}
    if options:
        body["options"] = options
    rendered = render(body)
    if len(rendered) > MAX_BODY_BYTES:
        raise QoroInputError(
            f"the problem takes {len(rendered)} bytes, expected at most {MAX_BODY_BYTES}: try the envelope "
            "factored_v1, which is smaller for many matrices"
        )
    return rendered


def _num_variables(qubo: Mapping[str, Any], states: Sequence[object], n_qubits: object) -> int:
    """The number of variables of a problem.

    Comma keys do not show trailing variables without coefficients. ``n_qubits`` or the target states do.
    """
    try:
        num_variables = qubo_from_json(qubo).num_variables
    except WireError as error:
        raise QoroInputError(str(error)) from error
    if "_format" in qubo:
        return num_variables
    if isinstance(n_qubits, int):
        return max(num_variables, n_qubits)
    return max(num_variables, max((len(state) for state in states if isinstance(state, str)), default=0))
