"""What each call does: decode the request, ask the store, encode the answer.

Handlers know neither HTTP nor threads. They raise :class:`WireError` or :class:`QoroInputError` for what
the sender got wrong, and those of :mod:`qiskit_qoro.local.store.store_errors` for what is not there, not
ready, not allowed or not paid for.
:data:`HANDLERS` is keyed by the rows of the endpoint table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from qiskit_qoro._version import __version__
from qiskit_qoro.errors import WireError
from qiskit_qoro.local.engine.devices import QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.local.engine.job_settings import VENDORS, check_job_config
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.store.analyses import StoredAnalysis
from qiskit_qoro.local.store.job_store import JobStore
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.local.store.store_errors import BalanceTooLowError, JobConflictError, JobNotFoundError
from qiskit_qoro.local.web.accounts import Account, check_tier
from qiskit_qoro.local.web.request_body import BODY_LIMIT_BYTES, count_in_query, parse_json
from qiskit_qoro.local.web.transactions_page import read_statement
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobState, JobStatus, JobType, ResultsPage
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.models.templates import TemplateBatch
from qiskit_qoro.qubo_analysis.request_json import request_from_json
from qiskit_qoro.wire import endpoints
from qiskit_qoro.wire.configurations import execution_config_from_json
from qiskit_qoro.wire.credits import credit_balance_to_json
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.fields import as_object, only, text_field
from qiskit_qoro.wire.listings import qpu_systems_to_json, simulator_clusters_to_json
from qiskit_qoro.wire.payloads import (
    cancelled_to_json,
    config_answer_to_json,
    error_to_json,
    job_id_to_json,
    job_request_from_json,
    job_state_to_json,
)
from qiskit_qoro.wire.results import failed_page_to_json, results_page_to_json
from qiskit_qoro.wire.uploads import (
    circuit_batch_from_json,
    is_template_body,
    template_batch_from_json,
)
from qiskit_qoro.wire.vendors import vendor_blueprints_to_json

__all__ = ["HANDLERS", "Answer", "Call", "Deferred", "HandlerContext", "Stopper"]

_CIRCUIT_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES
_MOST_ITEMS = 1000
_LAST_OFFSET = 2**63 - 1


_Target = TypeVar("_Target", QPUSystem, SimulatorCluster)


class Stopper(Protocol):
    """Whoever runs the jobs."""

    def stop_job(self, number: int) -> None:
        """Stop a job if it is running; its status has been changed already."""


@dataclass(frozen=True)
class HandlerContext:
    """What the handlers work with."""

    store: JobStore
    runner: Stopper
    fault_injection: FaultInjection = field(default_factory=FaultInjection)


@dataclass(frozen=True)
class Call:
    """A request, as far as the handlers need it.

    Attributes:
        account: The account that calls.
        job_id: The job in the path, empty where there is none.
        query: The query's parameters.
        body: The raw body.
        url: The request's URL without its query.
    """

    account: Account
    job_id: str
    query: Mapping[str, str]
    body: bytes
    url: str

    @property
    def owner(self) -> str:
        """Name of the account that calls."""
        return self.account.name


@dataclass(frozen=True)
class Answer:
    """Status and text of an answer; no text where the answer has no body."""

    status: int
    text: str | None = None
    media_type: str = "application/json"


@dataclass(frozen=True)
class Deferred:
    """An answer that is given when a job, named by its number, has come to an end."""

    number: int
    answer: Callable[[], Answer]


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value, separators=(",", ":")))


def _ping(context: HandlerContext, _call: Call) -> Answer:
    body: dict[str, Any] = {"status": "ok", "service": f"qiskit-qoro local {__version__}"}
    if context.fault_injection.is_on:
        body["fault_injection"] = context.fault_injection.describe()
    return _json(body)


def _systems(_desk: HandlerContext, _call: Call) -> Answer:
    return _json(qpu_systems_to_json(QPU_SYSTEMS))


def _clusters(_desk: HandlerContext, _call: Call) -> Answer:
    return _json(simulator_clusters_to_json(SIMULATOR_CLUSTERS))


def _init_job(context: HandlerContext, call: Call) -> Answer:
    request = job_request_from_json(parse_json(call.body))
    _check_target(request)
    check_job_config(request.execution_config, request.qpu_system)
    check_tier(call.account, request.execution_config)
    return _json(job_id_to_json(context.store.create_job(call.owner, request)), 201)


def _create_failed_job(context: HandlerContext, call: Call) -> Answer:
    fields = as_object(parse_json(call.body), "body")
    only(fields, {"tag"})
    request = JobRequest(
        tag=text_field(fields, "tag", default="default"),
        job_type=JobType.EXECUTE,
        simulator_cluster=SIMULATOR_CLUSTERS[0].name,
    )
    job_id = context.store.create_job(call.owner, request)
    context.store.fail(call.owner, job_id, reason="it was opened as a job that has failed")
    return _json(job_id_to_json(job_id), 201)


def _check_target(request: JobRequest) -> None:
    if request.simulator_cluster is not None:
        _named("simulator_cluster", request.simulator_cluster, SIMULATOR_CLUSTERS)
    if request.qpu_system is None:
        return
    system = _named("qpu_system_name", request.qpu_system, QPU_SYSTEMS)
    if request.job_type is JobType.EXPECTATION and not system.supports_expval:
        raise WireError(
            f"job_type: QPU system {system.name!r} does not compute expectation values, expected EXECUTE"
        )


def _named(field: str, name: str | None, targets: Sequence[_Target]) -> _Target:
    for target in targets:
        if target.name == name:
            return target
    known = ", ".join(repr(target.name) for target in targets)
    raise WireError(f"{field}: expected one of {known}, got {name!r}")


def _add_circuits(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    if job.job_type is JobType.VALIDATE:
        raise WireError("circuits: a VALIDATE job takes a QUBO and no circuits")
    body = parse_json(call.body)
    if is_template_body(body):
        template = template_batch_from_json(body, circuit_limit_bytes=_CIRCUIT_LIMIT_BYTES)
        _check_kind(job.job_type, template)
        context.store.append_template(call.owner, call.job_id, template, body["circuit_template"])
    else:
        batch = circuit_batch_from_json(body, circuit_limit_bytes=_CIRCUIT_LIMIT_BYTES)
        _check_kind(job.job_type, batch)
        context.store.append_circuits(call.owner, call.job_id, batch, body["circuits"])
    return _json({"status": "ok", "job_id": call.job_id})


def _check_kind(job_type: JobType, batch: CircuitBatch | TemplateBatch) -> None:
    if job_type is JobType.EXPECTATION and batch.observables is None:
        field = "shots" if batch.shots is not None else "shot_groups"
        raise WireError(f"{field}: an EXPECTATION job takes observables, not shots")
    if job_type is JobType.EXECUTE and batch.observables is not None:
        raise WireError("observables: an EXECUTE job takes shots or shot_groups, not observables")


def _status(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    return _json(job_state_to_json(JobState(job.status, job.run_time_s)))


def _results(context: HandlerContext, call: Call) -> Answer:
    limit = count_in_query(call.query, "limit", default=100, least=1, most=_MOST_ITEMS)
    offset = count_in_query(call.query, "offset", default=0, least=0, most=_LAST_OFFSET)
    job = context.store.job(call.owner, call.job_id)
    failed = job.status is JobStatus.FAILED
    if job.job_type is JobType.VALIDATE or not (failed or job.status is JobStatus.COMPLETED):
        return _json(error_to_json(_why_no_results(job)), 400)
    count, results, failures = context.store.outcomes(call.owner, call.job_id, limit, offset)
    page = ResultsPage(
        count,
        next=_page_url(call.url, limit, offset + limit) if offset + limit < count else None,
        previous=_page_url(call.url, limit, max(0, offset - limit)) if offset else None,
    )
    if failed:
        envelope = failed_page_to_json(_why_no_results(job), page)
        return Answer(400, _filled(envelope, results=results, failures=failures))
    return Answer(200, _filled(results_page_to_json(page), results=results))


def _filled(envelope: Mapping[str, Any], **lists: Sequence[str]) -> str:
    """An answer as JSON, with lists of items that are JSON already."""
    fields = {key: json.dumps(value) for key, value in envelope.items()}
    fields |= {key: f"[{','.join(items)}]" for key, items in lists.items()}
    return "{" + ", ".join(f'"{key}": {text}' for key, text in fields.items()) + "}"


def _why_no_results(job: StoredJob) -> str:
    if job.status is JobStatus.FAILED:
        return f"job failed: {job.reason}"
    if job.status is JobStatus.COMPLETED:
        return f"job {job.job_id} characterizes a QUBO: its answer is the validation_result"
    if job.status is JobStatus.INSUFFICIENT_CREDITS:
        return f"job was not run: {job.reason}"
    return f"results not available: job {job.job_id} is {job.status}"


def _page_url(url: str, limit: int, offset: int) -> str:
    return f"{url}?limit={limit}&offset={offset}"


def _cancel(context: HandlerContext, call: Call) -> Answer:
    job, count = context.store.cancel(call.owner, call.job_id)
    context.runner.stop_job(job.number)
    return _json(cancelled_to_json(call.job_id, count))


def _delete(context: HandlerContext, call: Call) -> Answer:
    context.runner.stop_job(context.store.delete(call.owner, call.job_id).number)
    return Answer(204)


def _set_config(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    config = execution_config_from_json(parse_json(call.body))
    check_job_config(config, job.qpu_system)
    check_tier(call.account, config)
    context.store.set_config(call.owner, call.job_id, config)
    return _json(config_answer_to_json(call.job_id, config, status="ok"))


def _get_config(context: HandlerContext, call: Call) -> Answer:
    config = context.store.config(call.owner, call.job_id)
    if config is None:
        raise JobNotFoundError(f"job {call.job_id} has no execution configuration")
    return _json(config_answer_to_json(call.job_id, config))


def _submit_qubo(context: HandlerContext, call: Call) -> Deferred:
    job = context.store.job(call.owner, call.job_id)
    if job.job_type is not JobType.VALIDATE:
        raise WireError(f"qubo: only a VALIDATE job takes one, job {job.job_id} is of type {job.job_type}")
    body = parse_json(call.body)
    request_from_json(body)
    context.store.submit_problem(call.owner, call.job_id, json.dumps(body))
    return Deferred(job.number, lambda: _characterized(context, call))


def _characterized(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    if job.status is JobStatus.COMPLETED:
        return _validation_result(context, call)
    if job.status is JobStatus.CANCELLED:
        raise JobConflictError(f"job {job.job_id} was cancelled")
    if job.status is JobStatus.INSUFFICIENT_CREDITS:
        raise BalanceTooLowError(f"job {job.job_id} was not run: {job.reason}")
    reason = job.reason or f"job {job.job_id} is still {job.status}: read its result later"
    return _json(error_to_json(reason), 502)


def _validation_result(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    analysis = _analysis(context, call)
    body = {
        "job_id": job.job_id,
        "status": job.status,
        **json.loads(analysis.findings),
        "created_at": analysis.created_at,
        "completed_at": analysis.completed_at,
    }
    return _json(body)


def _validation_report(context: HandlerContext, call: Call) -> Answer:
    return Answer(200, _analysis(context, call).html, "text/html")


def _analysis(context: HandlerContext, call: Call) -> StoredAnalysis:
    job = context.store.job(call.owner, call.job_id)
    if job.job_type is not JobType.VALIDATE:
        raise JobNotFoundError(f"job {job.job_id} characterizes nothing, it is of type {job.job_type}")
    analysis = context.store.analysis(call.owner, call.job_id)
    if analysis is None:
        why = f": {job.reason}" if job.reason else ""
        raise JobConflictError(f"job {job.job_id} is {job.status}, it has no result{why}")
    return analysis


def _blueprint(_desk: HandlerContext, _call: Call) -> Answer:
    return _json(vendor_blueprints_to_json(VENDORS))


def _balance(context: HandlerContext, call: Call) -> Answer:
    return _json(credit_balance_to_json(context.store.credit_balance(call.owner)))


def _transactions(context: HandlerContext, call: Call) -> Answer:
    return _json(read_statement(context.store, call.owner, call.query, call.url))


HANDLERS: Mapping[Endpoint, Callable[[HandlerContext, Call], Answer | Deferred]] = {
    endpoints.PING: _ping,
    endpoints.QPU_SYSTEMS: _systems,
    endpoints.SIMULATOR_CLUSTERS: _clusters,
    endpoints.INIT_JOB: _init_job,
    endpoints.CREATE_FAILED_JOB: _create_failed_job,
    endpoints.ADD_CIRCUITS: _add_circuits,
    endpoints.GET_STATUS: _status,
    endpoints.GET_RESULTS: _results,
    endpoints.CANCEL_JOB: _cancel,
    endpoints.DELETE_JOB: _delete,
    endpoints.SET_EXECUTION_CONFIG: _set_config,
    endpoints.GET_EXECUTION_CONFIG: _get_config,
    endpoints.CREDIT_BALANCE: _balance,
    endpoints.CREDIT_TRANSACTIONS: _transactions,
    endpoints.VENDOR_BLUEPRINT: _blueprint,
    endpoints.SUBMIT_QUBO: _submit_qubo,
    endpoints.VALIDATION_RESULT: _validation_result,
    endpoints.VALIDATION_REPORT: _validation_report,
}
