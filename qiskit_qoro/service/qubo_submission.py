"""Submit a QUBO for characterization, and read the result of a characterization."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from qiskit_qoro.display.progress import NO_PROGRESS
from qiskit_qoro.errors import (
    ConflictError,
    JobCancelledError,
    JobFailedError,
    QoroAPIError,
    QoroError,
    QoroInputError,
    WireError,
)
from qiskit_qoro.models import arguments
from qiskit_qoro.models.costs import Cost
from qiskit_qoro.models.jobs import JobRequest, JobStatus, JobType
from qiskit_qoro.printable import printable_line
from qiskit_qoro.service.budgets.spending import Reservation
from qiskit_qoro.service.clock import NO_DEADLINE
from qiskit_qoro.service.polling import Poller
from qiskit_qoro.service.recorder import SubmissionRecorder, facts_of, recorded
from qiskit_qoro.service.recovery import cancel_unfinished, find_started, may_have_arrived
from qiskit_qoro.service.submission import open_job
from qiskit_qoro.service.transport import Transport, read_answer, text_of
from qiskit_qoro.service.waiting import FetchStatus, wait_for_jobs
from qiskit_qoro.wire.chunks import MAX_BODY_BYTES, render
from qiskit_qoro.wire.endpoints import (
    SUBMIT_QUBO,
    VALIDATION_REPORT,
    VALIDATION_RESULT,
)
from qiskit_qoro.wire.fields import as_object
from qiskit_qoro.wire.payloads import job_request_to_json
from qiskit_qoro.wire.qubo import qubo_from_json

__all__ = ["RenderedProblem", "fetch_awaited", "fetch_characterization_report", "render_qubo", "submit_qubo"]

_log = logging.getLogger(__name__)

_IN_PROGRESS = frozenset({JobStatus.SCHEDULED, JobStatus.RUNNING, JobStatus.PAUSED})


def _fetch_result(transport: Transport, job_id: str) -> dict[str, Any]:
    """Fetch the result of a characterization, as the service sends it. It always has a ``job_id``."""
    response = transport.send(VALIDATION_RESULT, job_id=job_id)
    result = read_answer(response, lambda body: as_object(body, "body"), job_id=job_id)
    return result if result.get("job_id") is not None else result | {"job_id": job_id}


def fetch_characterization_report(transport: Transport, job_id: str) -> str:
    """Fetch the report of a characterization as a fragment of HTML."""
    return text_of(transport.send(VALIDATION_REPORT, job_id=job_id))


@dataclass(frozen=True)
class RenderedProblem:
    """The body that submits a problem.

    Attributes:
        body: The body.
        num_variables: The number of variables of the problem.
    """

    body: bytes
    num_variables: int

    @property
    def cost(self) -> Cost:
        """What the characterization costs, without credits."""
        return Cost(variables=self.num_variables)


def submit_qubo(
    transport: Transport,
    recorder: SubmissionRecorder,
    problem: RenderedProblem,
    tag: str,
    reservation: Reservation,
) -> str:
    """Open a job and submit a problem.

    Some services answer when the analysis is done, which may take minutes. Others only queue it.

    Args:
        transport: Sends the requests.
        recorder: Is notified of the submission.
        problem: The problem, as :func:`render_qubo` returns it.
        tag: The tag of the job.
        reservation: The cost of the job, reserved in the budgets that apply. It is released if the service
            has certainly not received the problem, or could not analyse it.

    Returns:
        The identifier of the job.

    Raises:
        QoroAPIError: The service refused the problem, or could not analyse it. A refused job has been
            cancelled if possible.
        QoroConnectionError: The service did not answer, and the status of the job does not show whether the
            problem has arrived. The analysis may be running.
    """
    tag = arguments.checked("tag", tag, arguments.text_of(tag), "text that UTF-8 can encode")
    request = JobRequest(tag=tag, job_type=JobType.VALIDATE)
    with recorded(recorder, facts_of(request, ())) as opened, reservation.used():
        job_id = open_job(transport, render(job_request_to_json(request)), reservation)
        opened(job_id)
        with _noting_interrupts(job_id):
            _send_problem(transport, job_id, problem.body, reservation)
    return job_id


def _send_problem(transport: Transport, job_id: str, body: bytes, reservation: Reservation) -> None:
    # An answer that comes after minutes is more likely to be lost than others.
    try:
        transport.send(SUBMIT_QUBO, job_id=job_id, body=body)
    except QoroError as error:
        error.job_id = job_id
        if not may_have_arrived(error):
            _, outcome = cancel_unfinished(transport, job_id, may_be_complete=False)
            error.extend(f"The job {outcome}")
            raise
        status = find_started(transport, job_id)
        if status is None:
            error.extend(_may_be_running(job_id))
            raise
        if status.is_final and status is not JobStatus.COMPLETED:
            reservation.release()
            error.extend(f"The job is {status.value}")
            raise
        _log.warning(
            "%s. The service has received the problem of job %s nevertheless", error, printable_line(job_id)
        )


def fetch_awaited(
    transport: Transport,
    poller: Poller,
    fetch_status: FetchStatus,
    job_id: str,
    *,
    holds: Callable[[], bool | None],
    is_submitted: bool,
) -> dict[str, Any]:
    """Wait until the analysis of a problem has ended, if necessary, and fetch its result.

    Args:
        transport: Sends the requests.
        poller: Decides when the job is polled.
        fetch_status: Polls the job.
        job_id: The job.
        holds: Whether the service holds polls; ``None`` if that is unknown.
        is_submitted: Whether the problem has just been submitted. Then its job may be PENDING because it
            is in a queue. Any other PENDING job may have no problem, and is not waited for.

    Raises:
        JobFailedError: The service could not analyse the problem.
        JobCancelledError: The job was cancelled.
        ConflictError: The analysis of an earlier job has not started.
    """
    if not is_submitted:
        try:
            return _fetch_result(transport, job_id)
        except ConflictError:
            status = fetch_status(job_id).state.status
            if status not in _IN_PROGRESS:
                raise
    status = _wait(poller, fetch_status, job_id, holds)
    try:
        return _fetch_result(transport, job_id)
    except QoroAPIError as error:
        if status is JobStatus.COMPLETED:
            raise
        kind = JobCancelledError if status is JobStatus.CANCELLED else JobFailedError
        reason = error.detail or "the service gives no reason"
        message = f"job {job_id} is {status.value}: {reason}"
        raise kind(message, job_id=job_id, status=status) from error


def _wait(
    poller: Poller, fetch_status: FetchStatus, job_id: str, holds: Callable[[], bool | None]
) -> JobStatus:
    """Wait until a job has ended. If the service has analysed the problem at once, this is one request."""
    with _noting_interrupts(job_id):
        try:
            state = fetch_status(job_id).state
            if not state.status.is_final:
                states = wait_for_jobs(
                    poller,
                    fetch_status,
                    [job_id],
                    holds=holds,
                    deadline=NO_DEADLINE,
                    on_poll=None,
                    options=NO_PROGRESS,  # the whole characterization shows a line
                )
                state = states[job_id]
        except QoroError as error:
            error.name_job(job_id)
            error.extend(_may_be_running(job_id))
            raise
    return state.status


@contextmanager
def _noting_interrupts(job_id: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(_may_be_running(job_id))
        raise


def _may_be_running(job_id: str) -> str:
    return (
        f"The analysis may be running: characterize_and_validate(job_id={job_id!r}) reads its result once it "
        "is done"
    )


def render_qubo(
    qubo: Mapping[str, Any] | None,
    target_states: Sequence[str] | None,
    options: Mapping[str, Any] | None,
) -> RenderedProblem:
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
    # The newer name of the states needs at least one of them, the older name does not.
    body: dict[str, Any] = {"qubo": dict(qubo), "reference_states" if states else "target_states": states}
    if options:
        body["options"] = options
    rendered = render(body)
    if len(rendered) > MAX_BODY_BYTES:
        raise QoroInputError(
            f"the problem takes {len(rendered)} bytes, expected at most {MAX_BODY_BYTES}: try the envelope "
            "factored_v1, which is smaller for many matrices"
        )
    return RenderedProblem(rendered, num_variables)


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
