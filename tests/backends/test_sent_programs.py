"""What is sent of a circuit: the numbers of its qubits and its delays, if the service simulates noise."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator

import numpy as np
import pytest
import responses
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import (
    QPU,
    ExecutionConfig,
    MaestroConfig,
    NoiseModel,
    QoroBackend,
    QoroEstimator,
    QoroSampler,
    QoroService,
    QPUSystem,
    SimulatorCluster,
)
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties

URL = "http://service.test/api"
PROPERTIES = DeviceProperties(
    tuple(OperationProperties("sx", (qubit,), 1e-4, 4e-8) for qubit in range(5)), dt_s=1e-9
)
SIMULATOR = SimulatorCluster("qoro_maestro")
PLAIN_QPU = QPUSystem("plain", (QPU("a", 5, "online", "s"),))
KNOWN_QPU = QPUSystem("known", (QPU("a", 5, "online", "s", properties=PROPERTIES),))
NOISY_DEVICE = ExecutionConfig(noisy_device="fez")
NOISE_MODEL = MaestroConfig(noise_model=NoiseModel().set_idle_noise(3, 1e-4, 1e-4))

# What the text contains: the numbers of the qubits, and the delay.
COMPACT, NUMBERED, DELAYED = ("q[1]", None), ("q[4]", None), ("q[4]", "qoro_delay(1e-06) q[3];")


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(f"{URL}/job/init/", json={"job_id": "one"}, status=201)
        mock.post(f"{URL}/job/one/add_circuits/", json={})
        yield mock


def announce(scripted: responses.RequestsMock, *extensions: str) -> None:
    scripted.get(f"{URL}/openapi.json", json={"info": {"x-qoro-extensions": list(extensions)}})


def circuit(duration: object = 1.0) -> QuantumCircuit:
    made = QuantumCircuit(4, 1)
    made.sx(3)
    made.delay(duration, 3, unit="us")
    made.measure(3, 0)
    return made


def sent(scripted: responses.RequestsMock) -> str:
    """The program that was sent."""
    (body,) = [json.loads(call.request.body) for call in scripted.calls if "add_circuits" in call.request.url]
    blob = body["circuit_template"] if "circuit_template" in body else next(iter(body["circuits"].values()))
    return gzip.decompress(base64.b64decode(blob)).decode()


@pytest.mark.parametrize(
    ("system", "config", "extensions", "expected"),
    [
        (SIMULATOR, None, ["delays"], COMPACT),
        (PLAIN_QPU, None, ["delays"], COMPACT),
        (KNOWN_QPU, None, [], DELAYED),
        (SIMULATOR, NOISY_DEVICE, [], COMPACT),
        (SIMULATOR, NOISY_DEVICE, ["delays"], DELAYED),
        (SIMULATOR, NOISE_MODEL, [], NUMBERED),
        (SIMULATOR, NOISE_MODEL, ["delays"], DELAYED),
    ],
)
@pytest.mark.parametrize("way", ["run", "sampler", "estimator"])
def test_numbers_of_qubits_and_delays_are_sent_if_they_matter(
    scripted: responses.RequestsMock,
    system: SimulatorCluster | QPUSystem,
    config: ExecutionConfig | MaestroConfig | None,
    extensions: list[str],
    expected: tuple[str, str | None],
    way: str,
) -> None:
    announce(scripted, *extensions)
    backend = QoroBackend(system, QoroService("token", base_url=URL))
    backend.set_options(execution_config=config)
    if way == "run":
        backend.run(circuit())
    elif way == "sampler":
        QoroSampler(backend).run([circuit()])
    else:
        QoroEstimator(backend).run([(circuit(), "ZIII")], precision=0.1)
    text = sent(scripted)
    register, delay = expected
    assert f"qreg {register};" in text
    assert (delay is None) == ("delay" not in text)
    assert delay is None or delay in text


def test_extensions_are_only_asked_for_if_a_job_has_noise(scripted: responses.RequestsMock) -> None:
    announce(scripted, "delays")
    backend = QoroBackend(SIMULATOR, QoroService("token", base_url=URL))
    backend.run(circuit())
    assert not [call for call in scripted.calls if "openapi" in call.request.url]
    for _ in range(3):
        backend.run(circuit(), execution_config=NOISY_DEVICE)
    assert len([call for call in scripted.calls if "openapi" in call.request.url]) == 1


def test_the_configuration_of_the_client_counts_too(scripted: responses.RequestsMock) -> None:
    announce(scripted, "delays")
    service = QoroService("token", base_url=URL, execution_config=NOISY_DEVICE)
    QoroBackend(SIMULATOR, service).run(circuit())
    assert "qoro_delay(1e-06) q[3];" in sent(scripted)


def test_a_template_has_the_delay_as_an_angle(scripted: responses.RequestsMock) -> None:
    announce(scripted)
    backend = QoroBackend(KNOWN_QPU, QoroService("token", base_url=URL))
    QoroSampler(backend).run([(circuit(Parameter("t")), np.array([1.0, 2.5]))])
    body = json.loads(
        next(call for call in scripted.calls if "add_circuits" in call.request.url).request.body
    )
    assert "qoro_delay(a0) q[3];" in sent(scripted)
    assert [row["values"][0] for row in body["parameter_sets"]] == pytest.approx([1e-6, 2.5e-6])


def test_a_circuit_wider_than_the_device_is_sent_without_its_idle_qubits(
    scripted: responses.RequestsMock,
) -> None:
    backend = QoroBackend(KNOWN_QPU, QoroService("token", base_url=URL))
    wide = QuantumCircuit(6, 1)
    wide.sx(5)
    wide.measure(5, 0)
    backend.run(wide)
    assert "qreg q[1];" in sent(scripted)
