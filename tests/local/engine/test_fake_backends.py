"""The noise of fake backends. A stand-in has the interface of ``qiskit-ibm-runtime``.

``peers/ecosystem_devices.py`` compares the real package with Qiskit Aer.
"""

from __future__ import annotations

import math
from types import ModuleType

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import CouplingMap, Target
from qiskit_aer import AerSimulator

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import noisy_device, noisy_device_names
from qiskit_qoro.local.engine.fake_backends import FakeDeviceNoise, fake_backend_names, load_fake_backend
from qiskit_qoro.local.engine.noise import Noise
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm import write_program

SHOTS = 200_000


def device(entangler: str) -> GenericBackendV2:
    """A line of five qubits. Its errors are larger than those that Qiskit invents."""
    backend = GenericBackendV2(
        5,
        basis_gates=["id", "rz", "sx", "x", entangler],
        coupling_map=CouplingMap.from_line(5),
        noise_info=True,
        seed=7,
    )
    for name, error in {entangler: 0.02, "sx": 0.002, "x": 0.002, "measure": 0.02}.items():
        for index, properties in enumerate(backend.target[name].values()):
            properties.error = error * (1 + 0.1 * index)
    return backend


class FakeLine:
    backend_name = "fake_line"

    @property
    def target(self) -> Target:
        return device("cz").target


def load(name: str) -> ModuleType:
    module = ModuleType(name)
    module.FakeLine = FakeLine  # type: ignore[attr-defined]
    module.FakeBackendV2 = type("FakeBackendV2", (), {"backend_name": None})  # type: ignore[attr-defined]
    module.FakeProvider = type("FakeProvider", (), {})  # type: ignore[attr-defined]
    return module


def fail(name: str) -> ModuleType:
    raise ModuleNotFoundError(f"No module named {name!r}")


def test_the_names_are_those_of_the_package() -> None:
    assert fake_backend_names(load) == ("ibm_fake_line",)


def test_the_devices_of_the_local_service_are_listed_first() -> None:
    names = noisy_device_names()
    assert names[:4] == ("local_qpu", "local_heavy_hex", "local_quiet", "local_loud")
    assert all(name.startswith("ibm_fake_") for name in names[4:])


def test_the_error_without_the_package_says_what_to_install() -> None:
    for call in (lambda: fake_backend_names(fail), lambda: load_fake_backend("ibm_fake_line", fail)):
        with pytest.raises(QoroInputError, match=r"noisy_device: .* run pip install qiskit-ibm-runtime"):
            call()


def test_the_error_for_an_unknown_backend_has_similar_names() -> None:
    with pytest.raises(QoroInputError, match=r"no fake backend for 'ibm_fake_lime', .* ibm_fake_line"):
        load_fake_backend("ibm_fake_lime", load)
    with pytest.raises(QoroInputError, match="there is no device 'ibm_fez', expected one of local_qpu"):
        noisy_device("ibm_fez")


def circuit(width: int) -> QuantumCircuit:
    made = QuantumCircuit(width)
    for layer in range(2):
        for qubit in range(width):
            made.ry(0.4 * qubit + 0.3 * layer + 0.2, qubit)
            made.rz(0.7 * qubit, qubit)
        for qubit in range(width - 1):
            made.cx(qubit, qubit + 1)
    made.measure_all()
    return made


def distance(counts: dict[str, int], others: dict[str, int]) -> float:
    """The total variation distance."""
    keys = counts.keys() | others.keys()
    return sum(abs(counts.get(key, 0) - others.get(key, 0)) for key in keys) / 2 / SHOTS


def run(circuit: QuantumCircuit, noise: FakeDeviceNoise, shots: int = SHOTS) -> dict[str, int]:
    settings = EngineSettings(MaestroConfig(seed=5), Noise(noise, "line", 5))
    return sample(write_program(circuit).text, shots, settings)


@pytest.mark.parametrize("entangler", ["cz", "cx", "ecr"])
def test_the_noise_of_a_backend_agrees_with_that_of_aer(entangler: str) -> None:
    backend = device(entangler)
    compiled = transpile(
        circuit(3), backend, initial_layout=[3, 2, 1], optimization_level=1, seed_transpiler=1
    )
    counts = run(compiled, FakeDeviceNoise.from_target(backend.target))
    noisy, ideal = (
        simulator.run(compiled, shots=SHOTS, seed_simulator=1).result().get_counts()
        for simulator in (AerSimulator.from_backend(backend), AerSimulator())
    )
    assert distance(counts, noisy) < 0.01
    assert distance(ideal, noisy) > 0.05


def test_a_factor_scales_all_noise() -> None:
    backend = device("cz")
    compiled = transpile(circuit(3), backend, initial_layout=[1, 2, 3], optimization_level=0)
    noise = FakeDeviceNoise.from_target(backend.target)
    ideal = AerSimulator().run(compiled, shots=SHOTS, seed_simulator=1).result().get_counts()
    distances = [distance(run(compiled, noise.scaled(factor)), ideal) for factor in (0.0, 0.5, 1.0)]
    assert distances[0] < 0.01 < 0.6 * distances[2]
    assert distances[1] == pytest.approx(distances[2] / 2, rel=0.25)
    assert noise.scaled(1.0) == noise
    assert all("idle" not in method for method, _ in noise.scaled(0.0).calls)


def test_a_program_gets_the_noise_of_its_places() -> None:
    noise = FakeDeviceNoise.from_target(device("cz").target)
    found = list(noise.engine_calls([3, 1]))
    calls = {(method, args[: 2 if "2q_dep" in method else 1]): args for method, args in found}
    whole = {(method, args[0]): args for method, args in noise.calls if "2q_dep" not in method}
    for number, place in enumerate([3, 1]):
        for method in ("set_readout_error", "set_1q_gate_depolarizing", "set_idle_noise"):
            assert calls[method, (number,)] == (number, *whole[method, place][1:])
    # The qubits 1 and 3 are not coupled, so a gate needs a swap.
    pairs = {args[:2]: args[2] for method, args in noise.calls if method == "set_2q_depolarizing"}
    expected = 1 - (1 - pairs[1, 2]) ** 3 * (1 - pairs[2, 3])
    assert calls["set_2q_depolarizing", (0, 1)][2] == pytest.approx(expected)


def test_a_long_t2_counts_as_t1_only_in_random_realizations() -> None:
    calls = (("set_idle_noise", (0, 1e-4, 1.5e-4)), ("set_thermal_relaxation", (0, 3e-8, 1e-4, 1.5e-4)))
    noise = FakeDeviceNoise(calls, 20, frozenset({"x", "sx", "rz", "cz"}))
    exact, limited = (dict(noise.engine_calls([0], limit_t2=limit)) for limit in (False, True))
    assert exact["set_idle_noise"] == (0, 1e-4, 1.5e-4)
    assert limited["set_idle_noise"] == (0, 1e-4, 1e-4)
    assert limited["set_thermal_relaxation"] == (0, 3e-8, 1e-4, 1e-4)

    # The decay of a superposition during 100 gates shows which T2 was used.
    long = FakeDeviceNoise((("set_thermal_relaxation", (0, 1e-6, 1e-4, 1.5e-4)),), 20, frozenset({"sx", "x"}))
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; sx q[0];' + 100 * "x q[0];"
    found = {}
    for name, t2_s, options in (("exact", 1.5e-4, {}), ("random", 1e-4, {"simulation_type": "Statevector"})):
        settings = EngineSettings(MaestroConfig(seed=1, **options), Noise(long, realizations=400))
        (found[name],) = estimate(text, ["Y"], settings)
        assert found[name] == pytest.approx(-math.exp(-101e-6 / t2_s), abs=1e-9 if name == "exact" else 0.1)
    assert found["exact"] < found["random"] - 0.05
