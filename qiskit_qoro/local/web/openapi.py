"""The OpenAPI document of the local service, built from the endpoint table, the handlers and the schemas.

:data:`OPERATIONS` adds what the endpoint table does not contain: the bodies of requests and answers, and the
status codes. An endpoint without a handler is left out. The answers of injected faults are documented if the
faults are on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qiskit_qoro._version import __version__
from qiskit_qoro.local.fault_injection import FaultInjection, FaultKind
from qiskit_qoro.local.web.handlers import HANDLERS
from qiskit_qoro.local.web.json_schema import Schema, integer, reference
from qiskit_qoro.local.web.preferences import LONGEST_WAIT_S
from qiskit_qoro.local.web.results_page import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from qiskit_qoro.local.web.schemas import SCHEMAS
from qiskit_qoro.local.web.transactions_page import DEFAULT_PAGE_SIZE, MAX_PAGE, MAX_PAGE_SIZE
from qiskit_qoro.models.gradients import GRADIENTS_EXTENSION
from qiskit_qoro.models.states import STATES_EXTENSION
from qiskit_qoro.qasm.delays import DELAYS_EXTENSION
from qiskit_qoro.wire import endpoints
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.listings import EXTENSIONS_KEY
from qiskit_qoro.wire.text import encode_text

__all__ = ["EXTENSIONS", "OPERATIONS", "Operation", "build_document"]

EXTENSIONS: frozenset[str] = frozenset(
    {
        DELAYS_EXTENSION,
        "details",
        "devices",
        GRADIENTS_EXTENSION,
        "prices",
        "progress",
        "quotas",
        STATES_EXTENSION,
    }
)
"""What this service offers beyond the API of the cloud. Clients read the names from the document."""

_DESCRIPTIONS: Mapping[int, str] = {
    200: "Done",
    201: "Opened",
    202: "Queued: the service is configured not to wait for the result",
    204: "Deleted",
    400: "The request is malformed, or there are no results",
    401: "The token is missing or unknown",
    402: "The account does not have enough credits",
    403: "The account may not do this",
    404: "There is no such job or resource",
    409: "The status of the job does not allow this",
    413: "The body is too long",
    421: "The request is for another host",
    429: "The account has used up its quota, or injected fault: too many requests",
    502: "The problem could not be analysed, or injected fault: bad gateway",
    507: "The database cannot be read or written, for example because the disk is full",
}


_RETRY_AFTER: Mapping[str, Any] = {
    "Retry-After": {"description": "seconds until the request may succeed", "schema": integer(0)}
}


@dataclass(frozen=True)
class Operation:
    """The requests and answers of a call.

    Attributes:
        answers: Status code of success to the name of the answer's schema, or ``None`` if it has no body.
        error_statuses: Status codes of errors, except those that every call has.
        request: Name of the request body's schema, or ``None`` if there is no body.
        query: Name to schema of the parameters of the query.
        headers: Name to schema of the headers that change the answer.
        media_type: Content type of a successful answer.
        example: A valid request body.
        error_schemas: Status code to the name of the schema, for errors with another schema than ``Error``.
    """

    answers: Mapping[int, str | None]
    error_statuses: tuple[int, ...] = ()
    request: str | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    media_type: str = "application/json"
    example: Mapping[str, Any] | None = None
    error_schemas: Mapping[int, str] = field(default_factory=dict)


_PROGRAM = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n'
)
_OPEN: Mapping[str, Any] = {
    "tag": "default",
    "job_type": "EXECUTE",
    "use_packing": False,
    "simulator_cluster": "qoro_maestro",
}
_BELL: Mapping[str, Any] = {
    "mode": "append",
    "finalized": "true",
    "circuits": {"bell": encode_text(_PROGRAM)},
    "shots": 100,
}
_QUBO: Mapping[str, Any] = {"qubo": {"0": -1.0, "1": -1.0, "0,1": 2.0}, "reference_states": ["01", "10"]}

OPERATIONS: Mapping[Endpoint, Operation] = {
    endpoints.PING: Operation({200: "Ping"}),
    endpoints.QPU_SYSTEMS: Operation({200: "QPUSystems"}),
    endpoints.SIMULATOR_CLUSTERS: Operation({200: "SimulatorClusters"}),
    endpoints.INIT_JOB: Operation({201: "JobId"}, (402, 403, 429), request="JobRequest", example=_OPEN),
    endpoints.CREATE_FAILED_JOB: Operation({201: "JobId"}, (402, 429), request="FailedJobRequest"),
    endpoints.ADD_CIRCUITS: Operation({200: "Added"}, (409, 429), request="Upload", example=_BELL),
    endpoints.GET_STATUS: Operation(
        {200: "JobState"},
        headers={
            "Prefer": {
                "type": "string",
                "description": "wait=N (RFC 7240) holds the answer until the job has ended, at most for N "
                f"seconds and at most for {LONGEST_WAIT_S}. The answer then has Preference-Applied.",
            }
        },
    ),
    endpoints.GET_RESULTS: Operation(
        {200: "ResultsPage"},
        (400,),
        query={
            "limit": integer(1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT),
            "offset": integer(0, maximum=MAX_OFFSET, default=0),
        },
        error_schemas={400: "FailedPage"},
    ),
    endpoints.CANCEL_JOB: Operation({200: "Cancelled"}, (403, 409)),
    endpoints.DELETE_JOB: Operation({204: None}),
    endpoints.SET_EXECUTION_CONFIG: Operation(
        {200: "ConfigurationAnswer"}, (403, 409), request="ExecutionConfiguration"
    ),
    endpoints.GET_EXECUTION_CONFIG: Operation({200: "ConfigurationAnswer"}),
    endpoints.CREDIT_BALANCE: Operation({200: "CreditBalance"}),
    endpoints.CREDIT_TRANSACTIONS: Operation(
        {200: "TransactionPage"},
        (400, 404),
        query={
            "page": integer(1, maximum=MAX_PAGE, default=1),
            "page_size": integer(1, maximum=MAX_PAGE_SIZE, default=DEFAULT_PAGE_SIZE),
        },
    ),
    endpoints.SUBMIT_QUBO: Operation(
        {200: "Characterization", 202: "Added"},
        (402, 409, 429, 502),
        request="CharacterizationRequest",
        example=_QUBO,
    ),
    endpoints.VALIDATION_RESULT: Operation({200: "Characterization"}, (409,)),
    endpoints.VALIDATION_REPORT: Operation({200: "HTML"}, (409,), media_type="text/html"),
    endpoints.VENDOR_BLUEPRINT: Operation({200: "VendorBlueprints"}),
}
"""The requests and answers of each endpoint."""


def build_document(prefix: str, fault_injection: FaultInjection) -> dict[str, Any]:
    """Build the OpenAPI document.

    Args:
        prefix: The prefix of every path.
        fault_injection: The configured delays and faults.

    Returns:
        An OpenAPI 3.1 document, as JSON values.
    """
    paths: dict[str, dict[str, Any]] = {}
    for endpoint, operation in OPERATIONS.items():
        if endpoint in HANDLERS:
            document = _operation(endpoint, operation, fault_injection)
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = document
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "qiskit-qoro, the local service",
            "version": __version__,
            "description": _description(fault_injection),
            EXTENSIONS_KEY: sorted(EXTENSIONS),
        },
        "servers": [{"url": prefix}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(SCHEMAS),
        },
    }


def _description(fault_injection: FaultInjection) -> str:
    sentences = "; ".join(fault_injection.describe())
    return f"Fault injection is on: {sentences}." if sentences else "Fault injection is off."


def _operation(endpoint: Endpoint, operation: Operation, fault_injection: FaultInjection) -> dict[str, Any]:
    document: dict[str, Any] = {"operationId": endpoint.name, "summary": endpoint.summary}
    parameters = _parameters(endpoint, operation)
    if parameters:
        document["parameters"] = parameters
    if operation.request is not None:
        media: dict[str, Any] = {"schema": reference(operation.request)}
        if operation.example is not None:
            media["example"] = operation.example
        document["requestBody"] = {"required": True, "content": {"application/json": media}}
    return document | {"responses": _responses(endpoint, operation, fault_injection)}


def _parameters(endpoint: Endpoint, operation: Operation) -> list[dict[str, Any]]:
    text = {"type": "string", "minLength": 1}
    in_path = [{"name": "job_id", "in": "path", "required": True, "schema": text}]
    return (in_path if "{job_id}" in endpoint.path else []) + [
        {"name": name, "in": place, "required": False, "schema": schema}
        for place, schemas in (("query", operation.query), ("header", operation.headers))
        for name, schema in schemas.items()
    ]


def _responses(endpoint: Endpoint, operation: Operation, fault_injection: FaultInjection) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, name in operation.answers.items():
        response: dict[str, Any] = {"description": _DESCRIPTIONS[status]}
        if name is not None:
            response["content"] = {operation.media_type: {"schema": reference(name)}}
        # With links, a fuzzer can call the other endpoints for a job that exists.
        if name == "JobId":
            response["links"] = _links()
        responses[str(status)] = response
    # These can happen to every call.
    statuses = {401, 413, 421, 507, *operation.error_statuses, *_injected_statuses(endpoint, fault_injection)}
    if operation.request is not None:
        statuses.add(400)
    if "{job_id}" in endpoint.path:
        statuses.add(404)
    return responses | _errors(sorted(statuses), operation.error_schemas)


def _injected_statuses(endpoint: Endpoint, fault_injection: FaultInjection) -> set[int]:
    kinds = {fault.kind for fault in fault_injection.faults if fault.rate and fault.applies_to(endpoint)}
    bad_gateway = {502} if kinds & {FaultKind.BAD_GATEWAY, FaultKind.HTML} else set()
    return bad_gateway | ({429} if FaultKind.TOO_MANY in kinds else set())


def _errors(statuses: Iterable[int], schemas: Mapping[int, str]) -> dict[str, Any]:
    proxy_page: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {}
    for status in statuses:
        content: dict[str, Any] = {"application/json": {"schema": reference(schemas.get(status, "Error"))}}
        responses[str(status)] = {
            "description": _DESCRIPTIONS[status],
            "content": content | (proxy_page if status == 502 else {}),
        }
        if status == 429:
            responses[str(status)]["headers"] = _RETRY_AFTER
    return responses


def _links() -> dict[str, Any]:
    """Links from the answer that opens a job to all calls that take its ``job_id``."""
    return {
        endpoint.name: {
            "operationId": endpoint.name,
            "parameters": {"job_id": "$response.body#/job_id"},
        }
        for endpoint in HANDLERS
        if "{job_id}" in endpoint.path
    }
