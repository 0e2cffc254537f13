"""Compare the noise of the fake backends of ``qiskit-ibm-runtime`` with Qiskit Aer.

``python peers/ecosystem_devices.py`` needs ``qiskit-ibm-runtime`` and ``qiskit-aer`` in the interpreter of
the local service.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import metadata
from typing import Any

import numpy as np
import pytest
from checking import run_checks
from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import fake_provider

from qiskit_qoro import ExecutionConfig, QoroAPIError, QoroEstimator, QoroProvider
from qiskit_qoro.local.engine.fake_backends import fake_backend_names, load_fake_backend

os.environ["QISKIT_QORO_JOURNAL"] = "off"

SHOTS = 100_000

SIMULATOR = QoroProvider.local().get_backend("qoro_maestro")


def layered(width: int) -> QuantumCircuit:
    circuit = QuantumCircuit(width)
    for layer in range(2):
        for qubit in range(width):
            circuit.ry(0.4 * qubit + 0.3 * layer + 0.2, qubit)
            circuit.rz(0.7 * qubit, qubit)
        for qubit in range(width - 1):
            circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit


def distance(counts: dict[str, int], others: dict[str, int]) -> float:
    """The total variation distance."""
    keys = counts.keys() | others.keys()
    return sum(abs(counts.get(key, 0) - others.get(key, 0)) for key in keys) / 2 / SHOTS


def run(circuit: QuantumCircuit, device: str, shots: int = SHOTS) -> Any:
    config = ExecutionConfig(noisy_device=device)
    return SIMULATOR.run(circuit, shots=shots, execution_config=config).result()


def every_fake_backend_has_noise() -> str:
    names = fake_backend_names()
    for name in names:
        noise = load_fake_backend(name)
        methods = {method for method, _ in noise.calls}
        assert {"set_readout_error", "set_1q_gate_depolarizing"} <= methods, (name, methods)
    return f"{len(names)} backends, from {names[0]} to {names[-1]}"


def counts_agree_with_those_of_aer() -> str:
    figures = []
    for kind in ("FakeFez", "FakeMarrakesh", "FakeTorino", "FakeKolkataV2", "FakeManilaV2", "FakeSherbrooke"):
        backend = getattr(fake_provider, kind)()
        compiled = transpile(layered(4), backend, optimization_level=1, seed_transpiler=3)
        counts = run(compiled, f"ibm_{backend.name}").get_counts()
        noisy, ideal = (
            simulator.run(compiled, shots=SHOTS, seed_simulator=1).result().get_counts()
            for simulator in (AerSimulator.from_backend(backend), AerSimulator())
        )
        found, strength = distance(counts, noisy), distance(ideal, noisy)
        assert found < 0.01 < strength, (kind, found, strength)
        figures.append(f"{backend.name} {found:.4f} (noise {strength:.3f})")
    return ", ".join(figures)


def a_qubit_decays_with_the_t1_of_the_backend() -> str:
    target = fake_provider.FakeFez().target
    t1 = target.qubit_properties[7].t1
    circuit = QuantumCircuit(8, 1)
    circuit.x(7)
    circuit.delay(t1, 7, unit="s")
    circuit.measure(7, 0)
    share = run(circuit, "ibm_fake_fez").get_counts()["1"] / SHOTS
    expected = np.exp(-1)
    assert abs(share - expected) < 0.03, share
    return f"after T1, {share:.4f} are left, exp(-1) is {expected:.4f}"


def a_wide_circuit_runs() -> str:
    compiled = transpile(layered(15), fake_provider.FakeFez(), optimization_level=1, seed_transpiler=3)
    result = run(compiled, "ibm_fake_fez", 500)
    assert sum(result.get_counts().values()) == 500
    estimator = QoroEstimator(
        SIMULATOR, options={"execution_config": ExecutionConfig(noisy_device="ibm_fake_fez")}
    )
    qubit = compiled.layout.final_index_layout()[0]
    state = compiled.remove_final_measurements(inplace=False)
    (values,) = estimator.run([(state, "Z".ljust(qubit + 1, "I").rjust(state.num_qubits, "I"))]).result()
    return f"{result.results[0].metadata['method']}, <Z> {float(values.data.evs):.3f}"


def an_unknown_backend_is_refused() -> str:
    with pytest.raises(QoroAPIError, match=r"no fake backend for 'ibm_fake_fezz', .* ibm_fake_fez,") as error:
        run(layered(2), "ibm_fake_fezz", 10)
    return str(error.value)


CHECKS = [
    every_fake_backend_has_noise,
    counts_agree_with_those_of_aer,
    a_qubit_decays_with_the_t1_of_the_backend,
    a_wide_circuit_runs,
    an_unknown_backend_is_refused,
]


def main() -> int:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("qiskit-ibm-runtime", "qiskit-aer"))
    print(f"{versions} and {SIMULATOR}", flush=True)
    # Some fake backends warn that their values are not typical.
    warnings.simplefilter("ignore")
    return run_checks(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
