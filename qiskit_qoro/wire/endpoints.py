"""The table of the service's calls: the one place that knows a path, a time limit, what may be repeated.

The client sends by these rows, the local service answers by them, the documentation prints them and a
test compares them. A call is *repeatable* where sending it twice does the same as sending it once: after
a lost answer a second ``POST`` to :data:`INIT_JOB` would open (and bill) a second job.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from qiskit_qoro.errors import QoroInputError

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
    """One call of the service.

    Attributes:
        name: What it is called in messages and in the documentation.
        method: The HTTP method.
        path: The path below the base URL; ``{job_id}`` stands for a job's identifier.
        timeout_s: Seconds that its answer may take.
        repeatable: Whether it may be sent again when its answer is lost.
        summary: What it does, in a few words.
    """

    name: str
    method: str
    path: str
    timeout_s: float
    repeatable: bool
    summary: str

    def url(self, base_url: str, *, job_id: str | None = None) -> str:
        """The full URL of this call.

        Args:
            base_url: Where the service is, without a trailing slash.
            job_id: The job, for the paths that name one. It is quoted: no identifier can lead to
                another path.

        Raises:
            QoroInputError: The identifier is one or two dots, which no quoting keeps from being a path.
        """
        if job_id in {".", ".."}:
            raise QoroInputError(f"job_id is {job_id!r}, expected the identifier of a job")
        return base_url + self.path.format(job_id=quote(job_id or "", safe=""))


PING = Endpoint("ping", "GET", "/", 10, True, "Whether the service answers and takes the token")
QPU_SYSTEMS = Endpoint("qpu_systems", "GET", "/qpusystem/", 30, True, "The QPU systems")
SIMULATOR_CLUSTERS = Endpoint(
    "simulator_clusters", "GET", "/simulatorcluster/", 30, True, "The simulator clusters"
)
VENDOR_BLUEPRINT = Endpoint(
    "vendor_config_blueprint",
    "GET",
    "/vendor-config-blueprint/",
    30,
    True,
    "What the vendors of QPUs let a job set",
)
INIT_JOB = Endpoint("init_job", "POST", "/job/init/", 60, False, "Open a job")
CREATE_FAILED_JOB = Endpoint(
    "create_failed_job", "POST", "/job/create_failed/", 30, False, "Open a job that has FAILED, for tests"
)
ADD_CIRCUITS = Endpoint(
    "add_circuits", "POST", "/job/{job_id}/add_circuits/", 120, False, "Append circuits to a job"
)
GET_STATUS = Endpoint("get_status", "GET", "/job/{job_id}/status/", 15, True, "Where a job stands")
GET_RESULTS = Endpoint("get_results", "GET", "/job/{job_id}/resultsV2/", 60, True, "A page of results")
CANCEL_JOB = Endpoint("cancel_job", "POST", "/job/{job_id}/cancel/", 30, False, "Cancel a job")
DELETE_JOB = Endpoint("delete_job", "DELETE", "/job/{job_id}", 30, False, "Delete a job")
SET_EXECUTION_CONFIG = Endpoint(
    "set_execution_config",
    "POST",
    "/job/{job_id}/execution_config/",
    30,
    True,
    "Set or overwrite a job's execution configuration",
)
GET_EXECUTION_CONFIG = Endpoint(
    "get_execution_config",
    "GET",
    "/job/{job_id}/execution_config/",
    30,
    True,
    "A job's execution configuration",
)
CREDIT_BALANCE = Endpoint("credit_balance", "GET", "/credits/", 30, True, "The credit balance")
CREDIT_TRANSACTIONS = Endpoint(
    "credit_transactions", "GET", "/credits/transactions/", 30, True, "A page of credit transactions"
)
SUBMIT_QUBO = Endpoint(
    "submit_qubo", "POST", "/job/{job_id}/submit_qubo/", 300, False, "Characterize a QUBO and wait for it"
)
VALIDATION_RESULT = Endpoint(
    "validation_result", "GET", "/job/{job_id}/validation_result/", 60, True, "A characterization's result"
)
VALIDATION_REPORT = Endpoint(
    "validation_report",
    "GET",
    "/job/{job_id}/validation_result/html/",
    60,
    True,
    "A characterization's report in HTML",
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
