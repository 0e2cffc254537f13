"""``qiskit-experiments``, as installed, runs on our backends and sampler, on the local service.

``python peers/ecosystem_experiments.py``, with an interpreter that holds both. Tomography, benchmarking and
readout are held against what the documentation of the local service says of the noise of its devices.

A delay is timing only, for the service as for its engine: nothing decays while it lasts. So T1 is run, and
what is checked is that it finds no decay and does not call its fit a good one.

Experiments run in three ways, and all are used: through ``backend.run``, through a sampler that is given, and
through the one that the package makes itself.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import metadata
from typing import Any

import numpy as np
from checking import hold_all
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
)

from qiskit_qoro import DeviceConfig, ExecutionConfig, QoroProvider, QoroSampler
from qiskit_qoro.local.engine.devices import LOCAL_QPU_ERRORS, NOISY_DEVICES

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
    """Run it through ``backend.run``, unless a sampler is among the settings, and wait for the analysis."""
    experiment.set_run_options(**{"shots": SHOTS, **settings.pop("options", {})})
    data = experiment.run(backend, **({"backend_run": True} | settings)).block_for_results()
    assert data.status().name == "DONE", data.errors()
    return data


def value(data: Any, name: str) -> Any:
    (row,) = data.analysis_results(name, dataframe=True).itertuples()
    return row.value


# --- tomography --------------------------------------------------------------------------------------------


def a_bell_pair_is_reconstructed_in_all_three_ways() -> str:
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
    # With 8192 shots in each of 9 bases, what positivity costs is below 0.01.
    assert min(fidelities) > 0.99, fidelities
    return f"fidelities {', '.join(f'{fidelity:.4f}' for fidelity in fidelities)}, one job of 9 circuits each"


def mitigation_of_the_readout_brings_the_bell_pair_closer() -> str:
    raw = value(run(StateTomography(bell()), QPU), "state_fidelity")
    mitigated = value(run(MitigatedStateTomography(bell()), QPU), "state_fidelity")
    assert raw < 0.97 < mitigated, (raw, mitigated)
    return f"fidelity {raw:.4f}, mitigated {mitigated:.4f}"


def a_gate_is_reconstructed() -> str:
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    fidelity = value(run(ProcessTomography(circuit), SIMULATOR), "process_fidelity")
    assert fidelity > 0.98, fidelity
    return f"process fidelity {fidelity:.4f}"


# --- the noise of devices ----------------------------------------------------------------------------------


def the_errors_of_reading_are_those_of_the_device() -> str:
    data = run(LocalReadoutError(range(5)), QPU, options={"shots": 40_000})
    matrices = np.array(value(data, "Local Readout Mitigator").settings["assignment_matrices"])
    expected = LOCAL_QPU_ERRORS.readout
    # A qubit is flipped with the gate that prepares 1, too.
    wrong = np.array([matrices[:, 1, 0], matrices[:, 0, 1] - LOCAL_QPU_ERRORS.one_qubit * 2 / 3])
    tolerance = SIGMAS * np.sqrt(expected * (1 - expected) / 40_000)
    assert np.abs(wrong - expected).max() < tolerance, wrong
    return f"{wrong.mean():.4f}, documented {expected}"


def the_error_of_a_one_qubit_gate_is_that_of_the_device() -> str:
    errors = _errors("local_loud")
    return _benchmark(XGate(), [1, 50, 150, 300, 500], errors.one_qubit * 2 / 3)


def the_error_of_a_two_qubit_gate_is_that_of_the_device() -> str:
    errors = _errors("local_loud")
    return _benchmark(CXGate(), [1, 4, 10, 20, 35], errors.two_qubit * 4 / 5)


def _errors(device: str) -> Any:
    (errors,) = (known.errors for known in NOISY_DEVICES if known.name == device)
    return errors


def _benchmark(gate: Gate, lengths: list[int], expected: float) -> str:
    """Interleaved randomized benchmarking, against the average infidelity of a depolarizing error."""
    experiment = InterleavedRB(gate, range(gate.num_qubits), lengths, num_samples=5, seed=5)
    options = {"shots": 4000, "execution_config": ExecutionConfig(noisy_device="local_loud")}
    data = run(experiment, SIMULATOR, options=options)
    found = value(data, "EPC")
    assert abs(found.n - expected) < max(SIGMAS * found.s, 0.2 * expected), (found, expected)
    return f"{found:.2e}, by its definition {expected:.2e}, one job of {len(data.data())} circuits"


# --- delays ------------------------------------------------------------------------------------------------


def nothing_decays_during_delays() -> str:
    experiment = T1([0], delays=np.linspace(0, 3e-4, 12))
    options = {"shots": SHOTS, "execution_config": DeviceConfig({"SEED": 5})}
    data = run(experiment, QPU, options=options)
    ones = np.array([item["counts"].get("1", 0) for item in data.data()]) / SHOTS
    expected = 1 - LOCAL_QPU_ERRORS.readout - LOCAL_QPU_ERRORS.one_qubit * 2 / 3
    tolerance = SIGMAS * np.sqrt(expected * (1 - expected) / SHOTS)
    assert len(ones) == 12
    assert np.abs(ones - expected).max() < tolerance, ones
    qualities = [str(row.quality) for row in data.analysis_results(dataframe=True).itertuples()]
    assert "good" not in qualities, qualities
    return f"1 is read with {ones.min():.4f} to {ones.max():.4f} whatever the delay, no good fit"


# --- composition and jobs ----------------------------------------------------------------------------------


def composed_experiments_are_one_job() -> str:
    parts = [StateTomography(bell(), physical_qubits=pair) for pair in ((0, 1), (3, 2))]
    readout = LocalReadoutError(range(4))
    together = ParallelExperiment(parts, flatten_results=False)
    data = run(BatchExperiment([together, readout], flatten_results=False), SIMULATOR)
    assert len(data.jobs()) == 1
    fidelities = [value(data.child_data(0).child_data(place), "state_fidelity") for place in (0, 1)]
    assert min(fidelities) > 0.99, fidelities
    return f"{len(data.data())} results, fidelities {fidelities[0]:.4f}, {fidelities[1]:.4f}"


def an_experiment_is_analysed_again_from_the_identifier_of_its_job() -> str:
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
    a_bell_pair_is_reconstructed_in_all_three_ways,
    mitigation_of_the_readout_brings_the_bell_pair_closer,
    a_gate_is_reconstructed,
    the_errors_of_reading_are_those_of_the_device,
    the_error_of_a_one_qubit_gate_is_that_of_the_device,
    the_error_of_a_two_qubit_gate_is_that_of_the_device,
    nothing_decays_during_delays,
    composed_experiments_are_one_job,
    an_experiment_is_analysed_again_from_the_identifier_of_its_job,
]


def main() -> int:
    print(f"qiskit-experiments {metadata.version('qiskit-experiments')} on {SIMULATOR} and {QPU}", flush=True)
    # The package's own: of what it is going to change, and of fits that find nothing.
    warnings.simplefilter("ignore")
    return hold_all(CHECKS)


if __name__ == "__main__":
    sys.exit(main())
