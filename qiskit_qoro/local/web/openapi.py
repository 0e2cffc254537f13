"""The OpenAPI document of the local service: made from the endpoint table, its handlers and the schemas.

What is said here is only what the table cannot know: which bodies a call takes and gives, and with which
statuses. A call that has no handler yet is left out. Faults that are on are documented too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qiskit_qoro._version import __version__
from qiskit_qoro.local.fault_injection import FaultInjection, FaultKind
from qiskit_qoro.local.web.handlers import HANDLERS
from qiskit_qoro.local.web.schemas import SCHEMAS, Schema
from qiskit_qoro.local.web.transactions_page import LAST_PAGE
from qiskit_qoro.wire import endpoints
from qiskit_qoro.wire.endpoints import Endpoint
from qiskit_qoro.wire.text import encode_text

__all__ = ["OPERATIONS", "Operation", "build_document"]

_MEANINGS: Mapping[int, str] = {
    200: "Done",
    201: "Opened",
    204: "Deleted",
    400: "The request is malformed, or there are no results",
    401: "The token is missing or unknown",
    402: "The account has not enough credits",
    403: "The account may not do this",
    404: "There is no such job or resource",
    409: "The job is not in a state that allows this",
    413: "The body is too long",
    429: "A fault that is injected: too many requests",
    502: "The problem could not be analysed, or a fault that is injected: bad gateway",
}


@dataclass(frozen=True)
class Operation:
    """What a call takes and gives.

    Attributes:
        gives: Status of success to the name of the answer's schema; ``None`` for an answer without body.
        refuses: Statuses of errors, besides those that every call has.
        takes: Name of the request body's schema, ``None`` where there is none.
        query: Name to schema of the query's parameters.
        media_type: Content type of success.
        example: A request body that is right.
        errors: Status of refusal to the name of its schema, where it is another than that of all errors.
    """

    gives: Mapping[int, str | None]
    refuses: tuple[int, ...] = ()
    takes: str | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    media_type: str = "application/json"
    example: Mapping[str, Any] | None = None
    errors: Mapping[int, str] = field(default_factory=dict)


def _whole(least: int, most: int, default: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default}


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
    endpoints.INIT_JOB: Operation({201: "JobId"}, (402, 403), takes="JobRequest", example=_OPEN),
    endpoints.CREATE_FAILED_JOB: Operation({201: "JobId"}, (402,), takes="FailedJobRequest"),
    endpoints.ADD_CIRCUITS: Operation({200: "Added"}, (409,), takes="Upload", example=_BELL),
    endpoints.GET_STATUS: Operation({200: "JobState"}),
    endpoints.GET_RESULTS: Operation(
        {200: "ResultsPage"},
        (400,),
        query={"limit": _whole(1, 1000, 100), "offset": _whole(0, 2**63 - 1, 0)},
        errors={400: "FailedPage"},
    ),
    endpoints.CANCEL_JOB: Operation({200: "Cancelled"}, (403, 409)),
    endpoints.DELETE_JOB: Operation({204: None}),
    endpoints.SET_EXECUTION_CONFIG: Operation(
        {200: "ConfigurationAnswer"}, (403, 409), takes="ExecutionConfiguration"
    ),
    endpoints.GET_EXECUTION_CONFIG: Operation({200: "ConfigurationAnswer"}),
    endpoints.CREDIT_BALANCE: Operation({200: "CreditBalance"}),
    endpoints.CREDIT_TRANSACTIONS: Operation(
        {200: "TransactionPage"},
        (400, 404),
        query={"page": _whole(1, LAST_PAGE, 1), "page_size": _whole(1, 100, 20)},
    ),
    endpoints.SUBMIT_QUBO: Operation(
        {200: "Characterization"}, (402, 409, 502), takes="CharacterizationRequest", example=_QUBO
    ),
    endpoints.VALIDATION_RESULT: Operation({200: "Characterization"}, (409,)),
    endpoints.VALIDATION_REPORT: Operation({200: "HTML"}, (409,), media_type="text/html"),
    endpoints.VENDOR_BLUEPRINT: Operation({200: "VendorBlueprints"}),
}
"""What each call takes and gives, for the calls that the local service answers."""


def build_document(prefix: str, fault_injection: FaultInjection) -> dict[str, Any]:
    """Build the document.

    Args:
        prefix: What every path begins with.
        fault_injection: The delays and faults that are on.

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
    told = "; ".join(fault_injection.describe())
    return f"FaultInjection: {told}." if told else "No delays and no faults are on."


def _operation(endpoint: Endpoint, operation: Operation, fault_injection: FaultInjection) -> dict[str, Any]:
    document: dict[str, Any] = {"operationId": endpoint.name, "summary": endpoint.summary}
    parameters = _parameters(endpoint, operation)
    if parameters:
        document["parameters"] = parameters
    if operation.takes is not None:
        media: dict[str, Any] = {"schema": _ref(operation.takes)}
        if operation.example is not None:
            media["example"] = operation.example
        document["requestBody"] = {"required": True, "content": {"application/json": media}}
    return document | {"responses": _responses(endpoint, operation, fault_injection)}


def _parameters(endpoint: Endpoint, operation: Operation) -> list[dict[str, Any]]:
    text = {"type": "string", "minLength": 1}
    in_path = [{"name": "job_id", "in": "path", "required": True, "schema": text}]
    return (in_path if "{job_id}" in endpoint.path else []) + [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in operation.query.items()
    ]


def _responses(endpoint: Endpoint, operation: Operation, fault_injection: FaultInjection) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, name in operation.gives.items():
        response: dict[str, Any] = {"description": _MEANINGS[status]}
        if name is not None:
            response["content"] = {operation.media_type: {"schema": _ref(name)}}
        if name == "JobId":
            response["links"] = _links()
        responses[str(status)] = response
    errors = {401, 413, *operation.refuses, *_injected(endpoint, fault_injection)}
    if operation.takes is not None:
        errors.add(400)
    if "{job_id}" in endpoint.path:
        errors.add(404)
    return responses | _errors(sorted(errors), operation.errors)


def _injected(endpoint: Endpoint, fault_injection: FaultInjection) -> set[int]:
    kinds = {fault.kind for fault in fault_injection.faults if fault.rate and fault.concerns(endpoint)}
    refused = {502} if kinds & {FaultKind.BAD_GATEWAY, FaultKind.HTML} else set()
    return refused | ({429} if FaultKind.TOO_MANY in kinds else set())


def _errors(statuses: Iterable[int], schemas: Mapping[int, str]) -> dict[str, Any]:
    page: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {}
    for status in statuses:
        content: dict[str, Any] = {"application/json": {"schema": _ref(schemas.get(status, "Error"))}}
        responses[str(status)] = {
            "description": _MEANINGS[status],
            "content": content | (page if status == 502 else {}),
        }
    return responses


def _links() -> dict[str, Any]:
    """Where the job that was just opened can be asked about."""
    return {
        endpoint.name: {
            "operationId": endpoint.name,
            "parameters": {"job_id": "$response.body#/job_id"},
        }
        for endpoint in HANDLERS
        if "{job_id}" in endpoint.path
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
