"""The client has the methods of the documented interface: names, order and defaults of arguments, errors."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import requests

from qiskit_qoro.errors import AuthenticationError, ConflictError, NotFoundError, QoroAPIError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.interfaces import CircuitRunner

JOB = ExecutionResult(job_id="j1")
SUBMISSION = (
    "*, ham_ops=None, circuit_ham_map=None, shot_groups=None, job_type=None, override_execution_config=None, "
    "override_job_config=None, cancellation_event=None, **kwargs"
)
SIGNATURES = {
    "__init__": "auth_token=None, job_config=None, execution_config=None, polling_interval=3.0, "
    "max_retries=5000, track_depth=False",
    "cancel_job": "execution_result",
    "characterize_and_validate": "qubo=None, *, target_states=None, options=None, job_id=None, "
    "tag='divi-characterize'",
    "delete_job": "execution_result",
    "fetch_qpu_systems": "",
    "fetch_simulator_clusters": "",
    "get_credit_balance": "",
    "get_credit_transactions": "page=1, page_size=20",
    "get_execution_config": "execution_result",
    "get_job_results": "execution_result",
    "poll_job_status": "execution_result, loop_until_complete=False, on_complete=None, verbose=True, "
    "progress_callback=None, cancellation_event=None",
    "set_execution_config": "execution_result, config",
    "submit_circuit_templates": f"templates, {SUBMISSION}",
    "submit_circuits": f"circuits, {SUBMISSION}",
    "test_connection": "",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_method_has_the_documented_arguments_and_defaults(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def stub(self, {SIGNATURES[name]}): ...", namespace)
    promised = list(inspect.signature(namespace["stub"]).parameters.values())
    offered = inspect.signature(getattr(QoroService, name)).parameters
    positional = [each for each in offered.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    for index, parameter in enumerate(promised):
        found = offered[parameter.name]
        assert (found.kind, found.default) == (parameter.kind, parameter.default), parameter.name
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            assert positional[index].name == parameter.name


def test_no_undocumented_argument_is_required() -> None:
    for name, promised in SIGNATURES.items():
        for parameter in inspect.signature(getattr(QoroService, name)).parameters.values():
            is_needed = parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
            assert not is_needed or parameter.name == "self" or parameter.name in promised.split(", ")


def test_the_client_is_a_circuit_runner() -> None:
    assert issubclass(QoroService, CircuitRunner)
    assert inspect.isabstract(CircuitRunner)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, QoroAPIError), (403, AuthenticationError), (409, ConflictError)]
)
def test_a_refused_configuration_is_an_http_error(
    cloud: Any, service: QoroService, url: str, status: int, kind: type[QoroAPIError]
) -> None:
    cloud.add("POST", f"{url}/job/j1/execution_config/", status=status, json={"error": "no"})
    with pytest.raises(
        requests.exceptions.HTTPError, match=r"POST /job/j1/execution_config/: 4.*: no$"
    ) as caught:
        service.set_execution_config(JOB, ExecutionConfig(bond_dimension=4096))
    assert type(caught.value) is kind
    assert caught.value.response.status_code == status


@pytest.mark.parametrize("body", [{"detail": "none set"}, {"error": "no such job"}])
def test_a_missing_configuration_is_an_http_error(
    cloud: Any, service: QoroService, url: str, body: dict[str, str]
) -> None:
    cloud.add("GET", f"{url}/job/j1/execution_config/", status=404, json=body)
    with pytest.raises(requests.exceptions.HTTPError, match=r"none set|no such job") as caught:
        service.get_execution_config(JOB)
    assert type(caught.value) is NotFoundError


@pytest.mark.parametrize("status", [403, 409])
def test_a_refused_cancellation_is_an_http_error(
    cloud: Any, service: QoroService, url: str, status: int
) -> None:
    cloud.add("POST", f"{url}/job/j1/cancel/", status=status, json={"error": "no"})
    with pytest.raises(requests.exceptions.HTTPError, match=r"POST /job/j1/cancel/: 4.*: no$") as caught:
        service.cancel_job(JOB)
    assert caught.value.response.status_code == status
    assert len(cloud.calls) == 1


def test_cancelling_and_deleting_return_the_response(cloud: Any, service: QoroService, url: str) -> None:
    cancelled = {"status": "cancelled", "job_id": "j1", "circuits_cancelled": 3}
    cloud.add("POST", f"{url}/job/j1/cancel/", json=cancelled)
    cloud.add("DELETE", f"{url}/job/j1", status=204)
    assert service.cancel_job(JOB).json() == cancelled
    assert isinstance(service.delete_job(JOB), requests.Response)


def test_setting_a_configuration_needs_a_job(cloud: Any, service: QoroService) -> None:
    with pytest.raises(ValueError, match="job_id"):
        service.set_execution_config(ExecutionResult(), ExecutionConfig())
    assert len(cloud.calls) == 0
