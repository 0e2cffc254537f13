"""Run the unmodified ``qiskit-experiments`` with our backends and sampler on the local service.

``python peers/ecosystem_experiments.py`` needs both packages in one interpreter. It compares tomography,
randomized benchmarking, readout calibration, T1 and T2 with the noise of the local service's devices.

There are three ways to run an experiment, and the checks use all of them: through ``backend.run``, through a
sampler that the caller passes, and through a sampler that the package creates itself.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import metadata
from typing import Any

import numpy as np
from checking import run_checks
from qiskit.circuit import Gate, QuantumCircuit
from qiskit.circuit.library import CXGate, XGate
from qiskit_experiments.framework import BatchExperiment, ExperimentData, ParallelExperiment
from qiskit_experiments.library import (
    T1,
    InterleavedRB,
    LocalReadoutError,
    MitigatedStateTomography,
    ProcessTomography,
    StateTomography,
    T2Hahn,
    T2Ramsey,
)

from qiskit_qoro import DeviceConfig, ExecutionConfig, QoroProvider, QoroSampler
from qiskit_qoro.local.engine.devices import NOISY_DEVICES, device_errors

os.environ["QISKIT_QORO_JOURNAL"] = "off"

SHOTS = 8192
SIGMAS = 5.0

PROVIDER = QoroProvider.local()
SIMULATOR = PROVIDER.get_backend("qoro_maestro")
QPU = PROVIDER.get_backend("local_qpu")


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def run(experiment: Any, backend: Any, **settings: Any) -> Any:
    """Run an experiment, by default through ``backend.run``, and wait for its analysis."""
    experiment.set_run_options(**{"shots": SHOTS, **settings.pop("options", {})})
    data = experiment.run(backend, **({"backend_run": True} | settings)).block_for_results()
    assert data.status().name == "DONE", data.errors()
    return data


def value(data: Any, name: str) -> Any:
    (row,) = data.analysis_results(name, dataframe=True).itertuples()
    return row.value


# --- tomography --------------------------------------------------------------------------------------------


def tomography_reconstructs_a_bell_state_in_all_three_ways() -> str:
    ways: tuple[dict[str, Any], ...] = (
        {},
        {"backend_run": False, "sampler": QoroSampler(SIMULATOR)},
        {"backend_run": False},
    )
    fidelities = []
    for way in ways:
        data = run(StateTomography(bell()), SIMULATOR, **way)
        assert len(data.jobs()) == 1, data.jobs()
        fidelities.append(value(data, "state_fidelity"))
    # With 8192 shots in each of 9 bases, a positive density matrix has lost less than 0.01 of the fidelity.
    assert min(fidelities) > 0.99, fidelities
    return f"fidelities {', '.join(f'{fidelity:.4f}' for fidelity in fidelities)}, one job of 9 circuits each"


def readout_mitigation_increases_the_fidelity_of_the_bell_state() -> str:
    raw = value(run(StateTomography(bell()), QPU), "state_fidelity")
    mitigated = value(run(MitigatedStateTomography(bell()), QPU), "state_fidelity")
    assert raw < 0.97 < mitigated, (raw, mitigated)
    return f"fidelity {raw:.4f}, mitigated {mitigated:.4f}"


def tomography_reconstructs_a_gate() -> str:
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    fidelity = value(run(ProcessTomography(circuit), SIMULATOR), "process_fidelity")
    assert fidelity > 0.98, fidelity
    return f"process fidelity {fidelity:.4f}"


# --- the noise of devices ----------------------------------------------------------------------------------


def the_readout_errors_are_those_of_the_device() -> str:
    data = run(LocalReadoutError(range(5)), QPU, options={"shots": 40_000})
    matrices = np.array(value(data, "Local Readout Mitigator").settings["assignment_matrices"])
    errors = device_errors("local_qpu")
    expected = np.array(errors.readout[:5])
    # The gate that prepares 1 has an error too, which flips the qubit.
    wrong = np.array([matrices[:, 1, 0], matrices[:, 0, 1] - np.array(errors.one_qubit[:5]) * 2 / 3])
    tolerance = SIGMAS * np.sqrt(expected * (1 - expected) / 40_000)
    assert np.all(np.abs(wrong - expected) < tolerance), wrong
    return f"{wrong.mean(axis=0).round(4)}, in the target {expected}"


def the_error_of_a_one_qubit_gate_is_that_of_the_device() -> str:
    errors = _errors("local_loud")
    return _benchmark(XGate(), [1, 50, 150, 300, 500], errors.one_qubit[0] * 2 / 3)


def the_error_of_a_two_qubit_gate_is_that_of_the_device() -> str:
    errors = _errors("local_loud")
    return _benchmark(CXGate(), [1, 4, 10, 20, 35], errors.two_qubit[0][1] * 4 / 5)


def _errors(device: str) -> Any:
    (errors,) = (known.errors for known in NOISY_DEVICES if known.name == device)
    return errors


def _benchmark(gate: Gate, lengths: list[int], expected: float) -> str:
    """Compare interleaved randomized benchmarking with the average infidelity of a depolarizing error."""
    experiment = InterleavedRB(gate, range(gate.num_qubits), lengths, num_samples=5, seed=5)
    options = {"shots": 4000, "execution_config": ExecutionConfig(noisy_device="local_loud")}
    data = run(experiment, SIMULATOR, options=options)
    found = value(data, "EPC")
    assert abs(found.n - expected) < max(SIGMAS * found.s, 0.2 * expected), (found, expected)
    return f"{found:.2e}, defined as {expected:.2e}, one job of {len(data.data())} circuits"


# --- delays ------------------------------------------------------------------------------------------------


def t1_is_that_of_the_device() -> str:
    experiment = T1([0], delays=np.linspace(0, 4e-4, 20))
    return _decay(experiment, "T1", QPU.target.qubit_properties[0].t1)


def t2_is_that_of_the_device_by_a_ramsey_experiment_and_by_an_echo() -> str:
    t2 = QPU.target.qubit_properties[0].t2
    ramsey = T2Ramsey([0], delays=np.linspace(0, 2 * t2, 40), osc_freq=2 / t2)
    echo = T2Hahn([0], delays=np.linspace(0, 3 * t2, 30))
    return f"{_decay(ramsey, 'T2star', t2)}; {_decay(echo, 'T2', t2)}"


def _decay(experiment: Any, name: str, expected: float) -> str:
    """Compare a fitted decay time with that of the target."""
    options = {"shots": SHOTS, "execution_config": DeviceConfig({"SEED": 5})}
    data = run(experiment, QPU, options=options)
    found = value(data, name)
    assert abs(found.n - expected) < max(SIGMAS * found.s, 0.03 * expected), (found, expected)
    return f"{name} {found.n * 1e6:.1f} µs, in the target {expected * 1e6:.1f} µs"


# --- composition and jobs ----------------------------------------------------------------------------------


def composed_experiments_are_submitted_as_one_job() -> str:
    parts = [StateTomography(bell(), physical_qubits=pair) for pair in ((0, 1), (3, 2))]
    readout = LocalReadoutError(range(4))
    together = ParallelExperiment(parts, flatten_results=False)
    data = run(BatchExperiment([together, readout], flatten_results=False), SIMULATOR)
    assert len(data.jobs()) == 1
    fidelities = [value(data.child_data(0).child_data(place), "state_fidelity") for place in (0, 1)]
    assert min(fidelities) > 0.99, fidelities
    return f"{len(data.data())} results, fidelities {fidelities[0]:.4f}, {fidelities[1]:.4f}"


def an_experiment_can_be_analysed_again_from_the_identifier_of_its_job() -> str:
    experiment = StateTomography(bell(), backend=SIMULATOR)
    data = run(experiment, SIMULATOR)
    (job_id,) = data.job_ids
    again = ExperimentData(experiment=experiment)
    again.add_jobs(PROVIDER.retrieve_job(job_id))
    again = experiment.analysis.run(again).block_for_results()
    fidelities = [value(found, "state_fidelity") for found in (data, again)]
    assert abs(fidelities[0] - fidelities[1]) < 1e-9, fidelities
    return f"fidelity {fidelities[1]:.4f} both times"


CHECKS = [
    tomography_reconstructs_a_bell_state_in_all_three_ways,
    readout_mitigation_increases_the_fidelity_of_the_bell_state,
    tomography_reconstructs_a_gate,
    the_readout_errors_are_those_of_the_device,
    the_error_of_a_one_qubit_gate_is_that_of_the_device,
    the_error_of_a_two_qubit_gate_is_that_of_the_device,
    t1_is_that_of_the_device,
    t2_is_that_of_the_device_by_a_ramsey_experiment_and_by_an_echo,
    composed_experiments_are_submitted_as_one_job,
    an_experiment_can_be_analysed_again_from_the_identifier_of_its_job,
]


def main() -> int:
    print(f"qiskit-experiments {metadata.version('qiskit-experiments')} on {SIMULATOR} and {QPU}", flush=True)
    # The package warns about its own future changes, and about fits that find nothing.
    warnings.simplefilter("ignore")
    return run_checks(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
