"""QPU systems: whether they compute expectation values, and the options of their vendors."""

import json
import pickle

import pytest

from qiskit_qoro.errors import QoroConnectionError, QoroInputError, WireError
from qiskit_qoro.models.config import ExecutionConfig, JobConfig
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties, QubitProperties
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig, VendorBlueprint, VendorField
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.targets import MAX_LIST_PAGES
from qiskit_qoro.wire.configurations import CONFIG_KEYS

BELL = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'
SYSTEMS = [{"name": "exact", "supports_expval": True}, {"name": "counts", "supports_expval": False}]


def service_for(system, url, clock, **fields):
    return QoroService("t", JobConfig(qpu_system=system, **fields), base_url=url, clock=clock)


@pytest.mark.parametrize(("name", "expected"), [("exact", True), ("counts", False), ("unknown", False)])
def test_a_system_given_by_name_is_looked_up_when_supports_expval_is_used(cloud, clock, url, name, expected):
    cloud.get(f"{url}/qpusystem/", json=SYSTEMS)
    service = service_for(name, url, clock)
    assert len(cloud.calls) == 0
    assert service.supports_expval is expected
    assert len(cloud.calls) == 1


def test_a_system_given_by_name_is_looked_up_once(cloud, clock, url):
    cloud.get(f"{url}/qpusystem/", json=SYSTEMS)
    service = service_for("exact", url, clock)
    assert [service.supports_expval for _ in range(3)] == [True] * 3
    service.job_config = JobConfig(qpu_system="counts")
    assert service.supports_expval is False
    assert pickle.loads(pickle.dumps(service)).supports_expval is False
    assert len(cloud.calls) == 1


def test_force_sampling_needs_no_look_up(cloud, clock, url):
    assert service_for("exact", url, clock, force_sampling=True).supports_expval is False


def test_a_failed_look_up_is_an_error(cloud, clock, url):
    service = service_for("exact", url, clock)
    with pytest.raises(QoroConnectionError, match=r"no answer from .* to GET /qpusystem/"):
        _ = service.supports_expval


def test_the_local_qpu_computes_no_expectation_values(local_service):
    service = QoroService(local_service.token, JobConfig(qpu_system="local_qpu"), base_url=local_service.url)
    assert service.supports_expval is False


def test_the_local_qpus_have_properties(live_service):
    for system in live_service.fetch_qpu_systems():
        for qpu in system.qpus:
            assert len(qpu.properties.qubits) == qpu.q_bits
            assert len({bit for pair in qpu.properties.pairs for bit in pair}) == qpu.q_bits


def test_the_properties_of_a_qpu_are_read(service, cloud, url, caplog):
    properties = {
        "qubits": [{"t1_s": "0.0001", "t2_s": "long"}],
        "operations": [{"name": "sx", "qubits": [0], "error": 2e-4}, "broken"],
        "later": 1,
    }
    system = {
        "name": "s",
        "qpus": [{"nickname": "a", "q_bits": 1}, {"nickname": "b", "q_bits": 1}],
        "device_properties": {"a": properties},
    }
    cloud.get(f"{url}/qpusystem/", json=[system])
    ((first, second),) = (system.qpus for system in service.fetch_qpu_systems())
    assert first.properties == DeviceProperties(
        (OperationProperties("sx", (0,), 2e-4),), (QubitProperties(1e-4, None),)
    )
    assert second.properties is None
    assert "t2_s is 'long'" in caplog.text
    assert "operations[1] is left out" in caplog.text


@pytest.mark.parametrize("num_pages", [MAX_LIST_PAGES, MAX_LIST_PAGES + 1])
def test_the_number_of_pages_of_a_list_is_limited(service, cloud, url, caplog, num_pages):
    def answer(request):
        page = int(request.params.get("page", 1))
        following = f"https://elsewhere.test/?page={page + 1}" if page < num_pages else None
        return 200, {}, json.dumps({"next": following, "results": [{"name": f"q{page}"}]})

    cloud.add_callback("GET", f"{url}/qpusystem/", answer)
    systems = service.fetch_qpu_systems()
    assert [system.name for system in systems] == [f"q{page}" for page in range(1, MAX_LIST_PAGES + 1)]
    assert ("have no end" in caplog.text) == (num_pages > MAX_LIST_PAGES)
    assert all(call.request.url.startswith(f"{url}/qpusystem/") for call in cloud.calls)


def test_vendor_blueprints_are_typed_values(service, cloud, url):
    body = {
        "acme": {
            "label": "ACME",
            "credentials": [
                {"name": "KEY", "kind": "string", "required": True, "secret": True, "choices": None}
            ],
            "device": [{"name": "MODE", "kind": "string", "choices": ["fast", "slow"], "default": "fast"}],
        }
    }
    cloud.get(f"{url}/vendor-config-blueprint/", json=body)
    assert service.fetch_vendor_config_blueprint() == {
        "acme": VendorBlueprint(
            "ACME",
            credentials=(VendorField("KEY", "string", required=True, secret=True),),
            device=(VendorField("MODE", "string", choices=("fast", "slow"), default="fast"),),
        )
    }


def test_a_device_config_replaces_the_execution_configuration(service, cloud, url):
    service.job_config = JobConfig(qpu_system="q")
    cloud.post(f"{url}/job/init/", json={"job_id": "j"})
    cloud.post(f"{url}/job/j/add_circuits/", json={})
    service.submit_circuits({"a": BELL}, override_execution_config=DeviceConfig({"MODE": "fast"}))
    sent = json.loads(cloud.calls[0].request.body)
    assert sent["device_config"] == {"MODE": "fast"}
    assert "execution_configuration" not in sent


def test_each_kind_of_configuration_has_its_own_method(service, cloud, url):
    job = ExecutionResult(job_id="j")
    cloud.get(f"{url}/job/j/execution_config/", json={"job_id": "j", "device_config": {"MODE": "fast"}})
    assert service.get_device_config(job) == DeviceConfig({"MODE": "fast"})
    for fetch in (service.get_execution_config, service.get_maestro_config):
        with pytest.raises(WireError, match="use get_device_config"):
            fetch(job)
    cloud.replace(
        "GET", f"{url}/job/j/execution_config/", json={"job_id": "j", "maestro_config": {"seed": 1}}
    )
    assert service.get_maestro_config(job) == MaestroConfig(seed=1)
    assert service.get_execution_config(job) == ExecutionConfig()
    with pytest.raises(WireError, match="use get_maestro_config"):
        service.get_device_config(job)
    cloud.replace(
        "GET", f"{url}/job/j/execution_config/", json={"job_id": "j", "execution_configuration": {}}
    )
    for fetch in (service.get_device_config, service.get_maestro_config):
        with pytest.raises(WireError, match="use get_execution_config"):
            fetch(job)


def test_a_mapping_is_not_accepted_as_a_configuration(service):
    with pytest.raises(QoroInputError, match="DeviceConfig"):
        service.submit_circuits({"a": BELL}, override_execution_config={"MODE": "fast"})


@pytest.mark.parametrize(
    ("default", "override", "sent"),
    [
        (MaestroConfig(seed=1), None, {"maestro_config": {"seed": 1}}),
        (DeviceConfig({"MODE": "a"}), None, {"device_config": {"MODE": "a"}}),
        (
            MaestroConfig(seed=1),
            MaestroConfig(max_bond_dimension=2),
            {"maestro_config": {"max_bond_dimension": 2}},
        ),
        (
            MaestroConfig(seed=1),
            ExecutionConfig(bond_dimension=2),
            {"execution_configuration": {"bond_dimension": 2}},
        ),
        (ExecutionConfig(bond_dimension=2), MaestroConfig(seed=1), {"maestro_config": {"seed": 1}}),
        (DeviceConfig({"MODE": "a"}), DeviceConfig(), {"device_config": {}}),
    ],
)
def test_a_configuration_of_another_kind_replaces_the_default(cloud, clock, url, default, override, sent):
    service = QoroService("t", JobConfig(qpu_system="q"), default, base_url=url, clock=clock)
    assert service.execution_config == default
    cloud.post(f"{url}/job/init/", json={"job_id": "j"})
    cloud.post(f"{url}/job/j/add_circuits/", json={})
    service.submit_circuits({"a": BELL}, override_execution_config=override)
    body = json.loads(cloud.calls[0].request.body)
    assert {key: body[key] for key in CONFIG_KEYS if key in body} == sent
