"""The calls about QUBO characterizations: submit one and wait for it, or read an old one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qiskit_qoro.errors import ConflictError, QoroAPIError, QoroError, QoroInputError, WireError
from qiskit_qoro.models.jobs import JobRequest, JobType
from qiskit_qoro.service.recorder import facts_of, recorded
from qiskit_qoro.service.session import ServiceSession
from qiskit_qoro.service.submission import open_job
from qiskit_qoro.service.transport import read_answer
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

__all__ = ["CharacterizationCalls"]


class CharacterizationCalls(ServiceSession):
    """The calls about QUBO characterizations."""

    def characterize_and_validate(
        self,
        qubo: Mapping[str, Any] | None = None,
        *,
        target_states: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        job_id: str | None = None,
        tag: str = "divi-characterize",
    ) -> dict[str, Any]:
        """Characterize a QUBO on the service, or read an earlier result.

        With ``qubo`` this opens a job, submits the problem, waits until the analysis is done, which may take
        minutes, and reads the result. It costs credits, the more the larger the problem. With ``job_id`` it
        only reads, for free, and ignores everything else.

        For people there is :func:`~qiskit_qoro.qubo.characterization.characterize`, which takes matrices too.

        Args:
            qubo: The objective, which is minimised, as it travels: comma keys
                (``{"0": -1.0, "0,1": 2.0}``, three or more indices for higher orders) or the envelope
                ``factored_v1``.
            target_states: Bitstrings to evaluate against; the character at place i is variable i.
            options: Passed on to the service: ``preset``, ``analysis``, ``ansatz``, ``subspace``,
                ``constraints``, ``cost_qubo``, ``penalty_qubo``, ``n_qubits``.
            job_id: An earlier characterization to read.
            tag: A name for the job.

        Returns:
            The service's answer, with ``job_id``, ``status``, ``hardness``, ``report``,
            ``recommendations``, ``created_at`` and ``completed_at``.

        Raises:
            QoroInputError: There is neither ``qubo`` nor ``job_id``, or an argument cannot be used.
            InsufficientCreditsError: The account has not enough credits.
            NotFoundError: The service knows no such characterization.
            QoroAPIError: The service refused the problem, or could not analyse it. The job is cancelled.
            QoroConnectionError: The service did not answer. Where a problem had been submitted the
                error carries the job's id, under which the result may still appear.
        """
        if job_id is None:
            job_id = self._submit_qubo(qubo, target_states, options, tag)
        elif not isinstance(job_id, str) or not job_id:
            raise QoroInputError(f"job_id is {job_id!r}, expected text")
        answer = self._transport.send(VALIDATION_RESULT, job_id=job_id)
        return read_answer(answer, lambda body: as_object(body, "body"))

    def fetch_characterization_report(self, job_id: str) -> str:
        """The report of a characterization as a fragment of HTML, for free.

        Args:
            job_id: The characterization's job.

        Raises:
            NotFoundError: The service knows no such characterization.
            QoroAPIError: The service answered with another error.
            QoroConnectionError: There was no answer.
        """
        return self._transport.send(VALIDATION_REPORT, job_id=job_id).text

    def _submit_qubo(
        self,
        qubo: Mapping[str, Any] | None,
        target_states: Sequence[str] | None,
        options: Mapping[str, Any] | None,
        tag: str,
    ) -> str:
        body = _render_problem(qubo, target_states, options)
        request = JobRequest(tag=tag, job_type=JobType.VALIDATE)
        with recorded(self._recorder, facts_of(request, ())) as opened:
            job_id = open_job(self._transport, render(job_request_to_json(request)))
            opened(job_id)
            self._send_problem(job_id, body)
        return job_id

    def _send_problem(self, job_id: str, body: bytes) -> None:
        try:
            self._transport.send(SUBMIT_QUBO, job_id=job_id, body=body)
        except QoroError as error:
            if isinstance(error, QoroAPIError) and error.status_code < 500:
                error.extend(self._cancel_refused(job_id))
                raise
            error.extend(
                f"The analysis may have begun: characterize_and_validate(job_id={job_id!r}) reads its "
                "result when it is done"
            )
            raise

    def _cancel_refused(self, job_id: str) -> str:
        try:
            self._transport.send(CANCEL_JOB, job_id=job_id)
        except ConflictError:
            return f"Job {job_id} has come to an end"
        except QoroError as error:
            return f"Job {job_id} could not be cancelled ({error})"
        return f"Job {job_id} has been cancelled"


def _render_problem(
    qubo: Mapping[str, Any] | None,
    target_states: Sequence[str] | None,
    options: Mapping[str, Any] | None,
) -> bytes:
    """The body that submits a problem, checked."""
    if qubo is None:
        raise QoroInputError("expected a qubo to characterize, or the job_id of an earlier characterization")
    if options is not None and not isinstance(options, Mapping):
        raise QoroInputError(f"options is {options!r}, expected a mapping")
    options = dict(options or {})
    states = list(target_states or ())
    variables = _num_variables(qubo, states, options.get("n_qubits"))
    for index, state in enumerate(states):
        if not isinstance(state, str) or len(state) != variables or set(state) - {"0", "1"}:
            raise QoroInputError(
                f"target_states[{index}] is {state!r}, expected {variables} characters 0 or 1, one for each "
                "variable"
            )
    body: dict[str, Any] = {"qubo": dict(qubo), "target_states": states}
    if options:
        body["options"] = options
    rendered = render(body)
    if len(rendered) > MAX_BODY_BYTES:
        raise QoroInputError(
            f"the problem takes {len(rendered)} bytes, a request may have {MAX_BODY_BYTES}: the envelope "
            "factored_v1 is smaller for many matrices"
        )
    return rendered


def _num_variables(qubo: Mapping[str, Any], states: Sequence[object], n_qubits: object) -> int:
    """How many variables there are: comma keys do not show the last ones, ``n_qubits`` or the states do."""
    try:
        variables = qubo_from_json(qubo).num_variables
    except WireError as error:
        raise QoroInputError(str(error)) from error
    if "_format" in qubo:
        return variables
    if isinstance(n_qubits, int):
        return max(variables, n_qubits)
    return max(variables, max((len(state) for state in states if isinstance(state, str)), default=0))
