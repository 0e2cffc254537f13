"""The table of the service's endpoints: paths, time limits, and which requests may be repeated.

The client builds its requests from these rows, the local service registers its handlers for them, and the
documentation lists them. A request is *repeatable* if sending it twice has the same effect as sending it
once. Opening a job is not: after a lost response, a second ``POST`` to :data:`INIT_JOB` would open and bill a
second job.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import text_of

__all__ = [
    "ADD_CIRCUITS",
    "CANCEL_JOB",
    "CREATE_FAILED_JOB",
    "CREDIT_BALANCE",
    "CREDIT_TRANSACTIONS",
    "DELETE_JOB",
    "ENDPOINTS",
    "GET_EXECUTION_CONFIG",
    "GET_RESULTS",
    "GET_STATUS",
    "INIT_JOB",
    "OPENAPI_DOCUMENT",
    "PING",
    "QPU_SYSTEMS",
    "SET_EXECUTION_CONFIG",
    "SIMULATOR_CLUSTERS",
    "SUBMIT_QUBO",
    "VALIDATION_REPORT",
    "VALIDATION_RESULT",
    "VENDOR_BLUEPRINT",
    "Endpoint",
]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of the service.

    Attributes:
        name: The name in messages and in the documentation.
        method: The HTTP method.
        path: The path below the base URL; ``{job_id}`` stands for a job's identifier.
        timeout_s: The time limit of the response, in seconds.
        repeatable: Whether the request may be sent again if its response is lost.
        summary: A short description.
        answers_html: Whether the response is HTML. From all other endpoints, HTML is not the response of the
            service.
    """

    name: str
    method: str
    path: str
    timeout_s: float
    repeatable: bool
    summary: str
    answers_html: bool = False

    def url(self, base_url: str, *, job_id: str | None = None) -> str:
        """Return the full URL of this endpoint.

        Args:
            base_url: The address of the service, without a trailing slash.
            job_id: The job, for paths that contain one. It is quoted, so that no identifier can lead to
                another path.

        Raises:
            QoroInputError: The identifier is one or two dots, or has a lone surrogate.
        """
        # Dots are not quoted, and HTTP libraries resolve them as parts of a path. UTF-8 cannot encode
        # surrogates.
        if job_id in {".", ".."} or (job_id is not None and text_of(job_id) is None):
            raise QoroInputError(f"job_id is {job_id!r}, expected the identifier of a job")
        return base_url + self.path.format(job_id=quote(job_id or "", safe=""))


PING = Endpoint("ping", "GET", "/", 10, True, "Check the connection and the token")
QPU_SYSTEMS = Endpoint("qpu_systems", "GET", "/qpusystem/", 30, True, "List the QPU systems")
SIMULATOR_CLUSTERS = Endpoint(
    "simulator_clusters", "GET", "/simulatorcluster/", 30, True, "List the simulator clusters"
)
VENDOR_BLUEPRINT = Endpoint(
    "vendor_config_blueprint",
    "GET",
    "/vendor-config-blueprint/",
    30,
    True,
    "Describe the options of QPU vendors",
)
INIT_JOB = Endpoint("init_job", "POST", "/job/init/", 60, False, "Open a job")
CREATE_FAILED_JOB = Endpoint(
    "create_failed_job", "POST", "/job/create_failed/", 30, False, "Open a job that is FAILED, for tests"
)
ADD_CIRCUITS = Endpoint(
    "add_circuits", "POST", "/job/{job_id}/add_circuits/", 120, False, "Append circuits to a job"
)
GET_STATUS = Endpoint("get_status", "GET", "/job/{job_id}/status/", 15, True, "Read the status of a job")
GET_RESULTS = Endpoint("get_results", "GET", "/job/{job_id}/resultsV2/", 60, True, "Read a page of results")
CANCEL_JOB = Endpoint("cancel_job", "POST", "/job/{job_id}/cancel/", 30, False, "Cancel a job")
DELETE_JOB = Endpoint("delete_job", "DELETE", "/job/{job_id}", 30, False, "Delete a job")
SET_EXECUTION_CONFIG = Endpoint(
    "set_execution_config",
    "POST",
    "/job/{job_id}/execution_config/",
    30,
    True,
    "Set or overwrite the execution configuration of a job",
)
GET_EXECUTION_CONFIG = Endpoint(
    "get_execution_config",
    "GET",
    "/job/{job_id}/execution_config/",
    30,
    True,
    "Read the execution configuration of a job",
)
CREDIT_BALANCE = Endpoint("credit_balance", "GET", "/credits/", 30, True, "Read the credit balance")
CREDIT_TRANSACTIONS = Endpoint(
    "credit_transactions", "GET", "/credits/transactions/", 30, True, "Read a page of credit transactions"
)
SUBMIT_QUBO = Endpoint(
    "submit_qubo",
    "POST",
    "/job/{job_id}/submit_qubo/",
    300,
    False,
    "Characterize a QUBO and wait for the result",
)
VALIDATION_RESULT = Endpoint(
    "validation_result",
    "GET",
    "/job/{job_id}/validation_result/",
    60,
    True,
    "Read the result of a characterization",
)
VALIDATION_REPORT = Endpoint(
    "validation_report",
    "GET",
    "/job/{job_id}/validation_result/html/",
    60,
    True,
    "Read the report of a characterization in HTML",
    answers_html=True,
)
# Not in ENDPOINTS: the cloud does not promise this document, and the local service sends it without a token.
OPENAPI_DOCUMENT = Endpoint(
    "openapi_document", "GET", "/openapi.json", 5, False, "Read the description of the service"
)

ENDPOINTS = (
    PING,
    QPU_SYSTEMS,
    SIMULATOR_CLUSTERS,
    VENDOR_BLUEPRINT,
    INIT_JOB,
    CREATE_FAILED_JOB,
    ADD_CIRCUITS,
    GET_STATUS,
    GET_RESULTS,
    CANCEL_JOB,
    DELETE_JOB,
    SET_EXECUTION_CONFIG,
    GET_EXECUTION_CONFIG,
    CREDIT_BALANCE,
    CREDIT_TRANSACTIONS,
    SUBMIT_QUBO,
    VALIDATION_RESULT,
    VALIDATION_REPORT,
)
