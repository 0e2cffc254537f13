"""One handler for each call of the REST API: decode the request, use the store, encode the answer.

Handlers deal neither with HTTP nor with threads. They raise :class:`WireError` or :class:`QoroInputError` for
mistakes of the caller, and the errors of :mod:`qiskit_qoro.local.store.store_errors` for everything that the
state of the service does not allow. The application turns errors into status codes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from qiskit_qoro._version import __version__
from qiskit_qoro.errors import WireError
from qiskit_qoro.local.engine.devices import QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.local.engine.job_settings import VENDORS, check_job_config
from qiskit_qoro.local.store.analyses import StoredAnalysis
from qiskit_qoro.local.store.ledger import PRICES
from qiskit_qoro.local.store.store_errors import BalanceTooLowError, JobConflictError, JobNotFoundError
from qiskit_qoro.local.web.accounts import check_tier
from qiskit_qoro.local.web.calls import Answer, Call, Deferred, HandlerContext, json_answer
from qiskit_qoro.local.web.preferences import applied_wait
from qiskit_qoro.local.web.request_body import BODY_LIMIT_BYTES, parse_json
from qiskit_qoro.local.web.results_page import answer_with_results
from qiskit_qoro.local.web.transactions_page import read_transactions_page
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.models.templates import TemplateBatch
from qiskit_qoro.wire import endpoints
from qiskit_qoro.wire.configurations import execution_config_from_json
from qiskit_qoro.wire.credits import credit_balance_to_json
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.fields import as_object, refuse_unknown_keys, text_field
from qiskit_qoro.wire.listings import qpu_systems_to_json, simulator_clusters_to_json
from qiskit_qoro.wire.payloads import (
    cancelled_to_json,
    config_answer_to_json,
    error_to_json,
    job_id_to_json,
    job_request_from_json,
    job_state_to_json,
)
from qiskit_qoro.wire.uploads import (
    circuit_batch_from_json,
    is_template_body,
    template_batch_from_json,
)
from qiskit_qoro.wire.vendors import vendor_blueprints_to_json

__all__ = ["HANDLERS"]

# The longest text of a circuit. A small body can decompress to an enormous text.
_CIRCUIT_LIMIT_BYTES = 16 * BODY_LIMIT_BYTES
_DEFERRED_MARGIN_S = (
    5  # the answer about a characterization is sent this long before the client's own timeout
)

_Target = TypeVar("_Target", QPUSystem, SimulatorCluster)


def _ping(context: HandlerContext, _call: Call) -> Answer:
    body: dict[str, Any] = {"status": "ok", "service": f"qiskit-qoro local {__version__}"}
    if context.fault_injection.is_on:
        body["rehearsal"] = context.fault_injection.describe()  # the name on the wire, which never changes
    return json_answer(body)


# --- targets --------------------------------------------------------------------------------------------


def _qpu_systems(_context: HandlerContext, _call: Call) -> Answer:
    return json_answer(qpu_systems_to_json(QPU_SYSTEMS))


def _simulator_clusters(_context: HandlerContext, _call: Call) -> Answer:
    return json_answer(simulator_clusters_to_json(SIMULATOR_CLUSTERS))


def _vendor_blueprint(_context: HandlerContext, _call: Call) -> Answer:
    return json_answer(vendor_blueprints_to_json(VENDORS))


# --- opening jobs ---------------------------------------------------------------------------------------


def _init_job(context: HandlerContext, call: Call) -> Answer:
    request = job_request_from_json(parse_json(call.body))
    _check_target(request)
    check_job_config(request.execution_config, request.qpu_system, context.accelerators)
    check_tier(call.account, request.execution_config)
    return json_answer(job_id_to_json(context.store.create_job(call.owner, request)), 201)


def _create_failed_job(context: HandlerContext, call: Call) -> Answer:
    fields = as_object(parse_json(call.body), "body")
    refuse_unknown_keys(fields, {"tag"})
    request = JobRequest(
        tag=text_field(fields, "tag", default="default"),
        job_type=JobType.EXECUTE,
        simulator_cluster=SIMULATOR_CLUSTERS[0].name,
    )
    job_id = context.store.create_job(call.owner, request)
    context.store.fail(call.owner, job_id, reason="it was opened as a failed job")
    return json_answer(job_id_to_json(job_id), 201)


def _check_target(request: JobRequest) -> None:
    if request.simulator_cluster is not None:
        _find_target("simulator_cluster", request.simulator_cluster, SIMULATOR_CLUSTERS)
    if request.qpu_system is None:
        return
    system = _find_target("qpu_system_name", request.qpu_system, QPU_SYSTEMS)
    if request.job_type is JobType.STATE:
        raise WireError(f"job_type: expected a simulator cluster: QPU system {system.name!r} has no states")
    if request.job_type in (JobType.EXPECTATION, JobType.GRADIENT) and not system.supports_expval:
        raise WireError(
            f"job_type: expected EXECUTE: QPU system {system.name!r} does not compute expectation values"
        )


def _find_target(field: str, name: str, targets: Sequence[_Target]) -> _Target:
    for target in targets:
        if target.name == name:
            return target
    known = ", ".join(repr(target.name) for target in targets)
    raise WireError(f"{field}: expected one of {known}, got {name!r}")


# --- circuits, status, results --------------------------------------------------------------------------


def _add_circuits(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    if job.job_type is JobType.VALIDATE:
        raise WireError("circuits: a VALIDATE job accepts a QUBO, not circuits")
    computes_states = job.job_type is JobType.STATE
    # The store keeps the compressed texts as they were sent. Decoding the body checks that they unpack.
    body = parse_json(call.body)
    if is_template_body(body):
        if computes_states:
            raise WireError("circuit_template: a STATE job accepts circuits, not a template")
        template = template_batch_from_json(body, circuit_limit_bytes=_CIRCUIT_LIMIT_BYTES)
        _check_measurements(job.job_type, template)
        context.store.append_template(call.owner, call.job_id, template, body["circuit_template"])
    else:
        if job.job_type is JobType.GRADIENT:
            raise WireError("circuits: a GRADIENT job accepts templates, not bound circuits")
        batch = circuit_batch_from_json(
            body, circuit_limit_bytes=_CIRCUIT_LIMIT_BYTES, is_measured=not computes_states
        )
        _check_measurements(job.job_type, batch)
        context.store.append_circuits(call.owner, call.job_id, batch, body["circuits"])
    return json_answer({"status": "ok", "job_id": call.job_id})


def _check_measurements(job_type: JobType, batch: CircuitBatch | TemplateBatch) -> None:
    if job_type is JobType.EXECUTE and batch.observables is not None:
        raise WireError("observables: an EXECUTE job accepts shots or shot_groups, not observables")
    if job_type in (JobType.EXPECTATION, JobType.GRADIENT) and batch.observables is None:
        field = "shots" if batch.shots is not None else "shot_groups"
        article = "an" if job_type is JobType.EXPECTATION else "a"
        raise WireError(f"{field}: {article} {job_type} job accepts observables, not shots")
    if isinstance(batch, TemplateBatch) and batch.weights is not None and job_type is not JobType.GRADIENT:
        raise WireError(f"weights: only a GRADIENT job accepts weights, this job is of type {job_type}")


def _get_status(context: HandlerContext, call: Call) -> Answer | Deferred:
    if call.wait_s:
        job = context.store.job(call.owner, call.job_id)
        if not job.status.is_final:
            return Deferred(job.number, lambda: _status_answer(context, call), call.wait_s)
    return _status_answer(context, call)


def _status_answer(context: HandlerContext, call: Call) -> Answer:
    state = context.store.state(call.owner, call.job_id)
    return json_answer(job_state_to_json(state), headers=applied_wait(call.wait_s))


def _get_results(context: HandlerContext, call: Call) -> Answer:
    return answer_with_results(context.store, call)


def _cancel_job(context: HandlerContext, call: Call) -> Answer:
    job, num_circuits = context.store.cancel(call.owner, call.job_id)
    context.runner.stop_job(job.number)
    return json_answer(cancelled_to_json(call.job_id, num_circuits))


def _delete_job(context: HandlerContext, call: Call) -> Answer:
    job = context.store.delete(call.owner, call.job_id)
    context.runner.stop_job(job.number)
    return Answer(204)


# --- configurations -------------------------------------------------------------------------------------


def _set_config(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    config = execution_config_from_json(parse_json(call.body))
    check_job_config(config, job.qpu_system, context.accelerators)
    check_tier(call.account, config)
    context.store.set_config(call.owner, call.job_id, config)
    return json_answer(config_answer_to_json(call.job_id, config, status="ok"))


def _get_config(context: HandlerContext, call: Call) -> Answer:
    config = context.store.config(call.owner, call.job_id)
    if config is None:
        raise JobNotFoundError(f"job {call.job_id} has no execution configuration")
    return json_answer(config_answer_to_json(call.job_id, config))


# --- characterization -----------------------------------------------------------------------------------


def _submit_qubo(context: HandlerContext, call: Call) -> Answer | Deferred:
    job = context.store.job(call.owner, call.job_id)
    if job.job_type is not JobType.VALIDATE:
        raise WireError(
            f"qubo: job {job.job_id} is of type {job.job_type}, only a VALIDATE job accepts a QUBO"
        )
    # Importing the analysis takes as long as starting the rest of the service, which seldom needs it.
    from qiskit_qoro.qubo_analysis import request_from_json  # noqa: PLC0415

    body = parse_json(call.body)
    request_from_json(body)  # only to check it: a worker process decodes it again
    context.store.submit_problem(call.owner, call.job_id, json.dumps(body))
    if context.fault_injection.queue_characterizations:
        return json_answer({"status": job.status, "job_id": call.job_id}, 202)
    wait_s = endpoints.SUBMIT_QUBO.timeout_s - _DEFERRED_MARGIN_S
    return Deferred(job.number, lambda: _answer_to_submission(context, call), wait_s)


def _answer_to_submission(context: HandlerContext, call: Call) -> Answer:
    """Build the deferred answer, when the job has ended or the wait has timed out."""
    job = context.store.job(call.owner, call.job_id)
    if job.status is JobStatus.COMPLETED:
        return _validation_result(context, call)
    if job.status is JobStatus.CANCELLED:
        raise JobConflictError(f"job {job.job_id} was cancelled")
    if job.status is JobStatus.INSUFFICIENT_CREDITS:
        raise BalanceTooLowError(f"job {job.job_id} was not run: {job.reason}")
    reason = job.reason or f"job {job.job_id} is still {job.status}: read its result later"
    return json_answer(error_to_json(reason), 502)


def _validation_result(context: HandlerContext, call: Call) -> Answer:
    job = context.store.job(call.owner, call.job_id)
    analysis = _find_analysis(context, call)
    body = {
        "job_id": job.job_id,
        "status": job.status,
        **json.loads(analysis.findings),
        "created_at": analysis.created_at,
        "completed_at": analysis.completed_at,
    }
    return json_answer(body)


def _validation_report(context: HandlerContext, call: Call) -> Answer:
    return Answer(200, _find_analysis(context, call).html, "text/html")


def _find_analysis(context: HandlerContext, call: Call) -> StoredAnalysis:
    job = context.store.job(call.owner, call.job_id)
    if job.job_type is not JobType.VALIDATE:
        raise JobNotFoundError(
            f"job {job.job_id} is of type {job.job_type}, only a VALIDATE job has this result"
        )
    analysis = context.store.analysis(call.owner, call.job_id)
    if analysis is None:
        reason = f": {job.reason}" if job.reason else ""
        raise JobConflictError(f"job {job.job_id} is {job.status}, it has no result{reason}")
    return analysis


# --- credits --------------------------------------------------------------------------------------------


def _credit_balance(context: HandlerContext, call: Call) -> Answer:
    store, owner = context.store, call.owner
    return json_answer(credit_balance_to_json(store.credit_balance(owner), PRICES, store.limits(owner)))


def _credit_transactions(context: HandlerContext, call: Call) -> Answer:
    return json_answer(read_transactions_page(context.store, call.owner, call.query, call.find_url()))


HANDLERS: Mapping[Endpoint, Callable[[HandlerContext, Call], Answer | Deferred]] = {
    endpoints.PING: _ping,
    endpoints.QPU_SYSTEMS: _qpu_systems,
    endpoints.SIMULATOR_CLUSTERS: _simulator_clusters,
    endpoints.INIT_JOB: _init_job,
    endpoints.CREATE_FAILED_JOB: _create_failed_job,
    endpoints.ADD_CIRCUITS: _add_circuits,
    endpoints.GET_STATUS: _get_status,
    endpoints.GET_RESULTS: _get_results,
    endpoints.CANCEL_JOB: _cancel_job,
    endpoints.DELETE_JOB: _delete_job,
    endpoints.SET_EXECUTION_CONFIG: _set_config,
    endpoints.GET_EXECUTION_CONFIG: _get_config,
    endpoints.CREDIT_BALANCE: _credit_balance,
    endpoints.CREDIT_TRANSACTIONS: _credit_transactions,
    endpoints.VENDOR_BLUEPRINT: _vendor_blueprint,
    endpoints.SUBMIT_QUBO: _submit_qubo,
    endpoints.VALIDATION_RESULT: _validation_result,
    endpoints.VALIDATION_REPORT: _validation_report,
}
"""The handler of each endpoint."""
