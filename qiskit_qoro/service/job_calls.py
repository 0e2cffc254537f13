"""What a client can do with a job besides waiting: fetch its results, delete it, configure it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from qiskit_qoro.errors import QoroAPIError, WireError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import (
    ExecutionResult,
    JobOutcome,
    ResultsPage,
)
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.service.paging import read_pages
from qiskit_qoro.service.session import check_type
from qiskit_qoro.service.transport import Response, json_of, read_answer
from qiskit_qoro.service.waiting import WaitingCalls, job_id_of
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.endpoints import (
    DELETE_JOB,
    GET_EXECUTION_CONFIG,
    GET_RESULTS,
    SET_EXECUTION_CONFIG,
)
from qiskit_qoro.wire.fields import as_object
from qiskit_qoro.wire.payloads import config_answer_from_json
from qiskit_qoro.wire.results import failed_page_from_json, results_page_from_json

__all__ = ["LOCAL_RESULTS_PAGE_SIZE", "RESULTS_PAGE_SIZE", "JobCalls"]

RESULTS_PAGE_SIZE = 100
"""How many results are asked for in one request."""

LOCAL_RESULTS_PAGE_SIZE = 500
"""The same where the service is on this machine: each request takes a millisecond or two."""


class JobCalls(WaitingCalls):
    """The calls about a job that has been submitted."""

    # --- results --------------------------------------------------------------------------------------

    def get_job_results(self, execution_result: ExecutionResult) -> ExecutionResult:
        """Fetch the results of a completed job, page by page.

        Returns:
            A copy of ``execution_result`` whose ``results`` hold, for each label in the order of
            submission, the counts (bitstring to count, classical bit 0 rightmost) or the expectation values
            (Pauli word to value).

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroAPIError: The results are not available, with status code 400: the job still runs, or it
                failed and the error says why.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        job_id = job_id_of(execution_result)
        outcome = read_pages(job_id, partial(self._send_for_page, job_id), _page_of_answer)
        return execution_result.with_results(dict(outcome.results))

    def get_first_label(self, execution_result: ExecutionResult) -> str | None:
        """The label of a completed job's first circuit, ``None`` where it has no circuit.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroAPIError: The job has no results, with status code 400, or another error.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        job_id = job_id_of(execution_result)
        page = _page_of_answer(self._send_for_page(job_id, 0, limit=1))
        return next(iter(page.results), None)

    def get_job_outcome(self, execution_result: ExecutionResult) -> JobOutcome:
        """What came of a job's circuits, whether the job completed or failed.

        Not every service tells of a failed job what came of each circuit; then there is only the reason.

        Returns:
            For a completed job its results, as :meth:`get_job_results` gives them. For a failed one the
            results of the circuits that completed, the reasons why others did not, and why the job failed.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroAPIError: The service answered with another error than that there are no results (400).
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense.
        """
        job_id = job_id_of(execution_result)
        reasons: list[str] = []

        def fetch(offset: int) -> Response:
            try:
                return self._send_for_page(job_id, offset)
            except QoroAPIError as error:
                if error.status_code != 400:
                    raise
                reasons.append(error.detail)
                return error.response

        def read(answer: Response) -> ResultsPage:
            return _page_of_answer(answer) if answer.ok else _page_of_refusal(answer)

        outcome = read_pages(job_id, fetch, read)
        return replace(outcome, reason=reasons[0]) if reasons else outcome

    def _send_for_page(self, job_id: str, offset: int, limit: int | None = None) -> Response:
        if limit is None:
            limit = LOCAL_RESULTS_PAGE_SIZE if self._transport.is_local else RESULTS_PAGE_SIZE
        return self._transport.send(GET_RESULTS, job_id=job_id, params={"limit": limit, "offset": offset})

    # --- changing a job -------------------------------------------------------------------------------

    def delete_job(self, execution_result: ExecutionResult) -> Response:
        """Delete a job and its results.

        Returns:
            The service's answer, without content.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job.
            QoroConnectionError: There was no answer.
        """
        job_id = job_id_of(execution_result)
        answer = self._transport.send(DELETE_JOB, job_id=job_id)
        self._recorder.deleted(job_id)
        return answer

    def set_execution_config(
        self, execution_result: ExecutionResult, config: ExecutionConfig
    ) -> dict[str, Any]:
        """Set or overwrite the execution configuration of a pending job.

        Returns:
            The service's answer, with ``status``, ``job_id`` and ``execution_configuration``.

        Raises:
            QoroInputError: ``execution_result`` has no job id, or ``config`` is no configuration.
            QoroAPIError: With status code 400: an unknown ``api_meta`` key, a wrong type, or too much.
            AuthenticationError: With status code 403: the bond dimension exceeds the account's limit.
            ConflictError: The job is not pending any more.
            QoroConnectionError: There was no answer.
        """
        job_id = job_id_of(execution_result)
        check_type("config", config, ExecutionConfig)
        body = render(config.to_payload())
        answer = self._transport.send(SET_EXECUTION_CONFIG, job_id=job_id, body=body)
        return read_answer(answer, lambda body: as_object(body, "body"))

    def get_execution_config(self, execution_result: ExecutionResult) -> ExecutionConfig:
        """The execution configuration of a job.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job, or none has been set for it.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense, or holds the options of a QPU: :meth:`get_device_config`
                reads those.
        """
        job_id, config = self._fetch_config(execution_result)
        if not isinstance(config, ExecutionConfig):
            raise WireError(
                f"job {job_id} has a device_config and no execution configuration: use get_device_config",
                job_id=job_id,
            )
        return config

    def get_device_config(self, execution_result: ExecutionResult) -> DeviceConfig:
        """The options of a QPU that a job was submitted with.

        Raises:
            QoroInputError: ``execution_result`` has no job id.
            NotFoundError: The service knows no such job, or none has been set for it.
            QoroConnectionError: There was no answer.
            WireError: The answer makes no sense, or holds another kind of configuration:
                :meth:`get_execution_config` reads those.
        """
        job_id, config = self._fetch_config(execution_result)
        if not isinstance(config, DeviceConfig):
            raise WireError(
                f"job {job_id} has an execution configuration and no device_config: use get_execution_config",
                job_id=job_id,
            )
        return config

    def _fetch_config(self, execution_result: ExecutionResult) -> tuple[str, ExecutionConfig | DeviceConfig]:
        job_id = job_id_of(execution_result)
        answer = self._transport.send(GET_EXECUTION_CONFIG, job_id=job_id)
        return job_id, read_answer(answer, config_answer_from_json)


def _page_of_answer(answer: Response) -> ResultsPage:
    return read_answer(answer, results_page_from_json)


def _page_of_refusal(answer: Response) -> ResultsPage:
    """The page that an error brings along, an empty one where it brings none."""
    try:
        body = json_of(answer)
    except WireError:
        return ResultsPage(0)
    return failed_page_from_json(body) or ResultsPage(0)
