"""Noise agrees with channels computed by Qiskit's quantum_info, independently of the engine."""

import random
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from qiskit import transpile
from qiskit.quantum_info import DensityMatrix, Operator, Pauli, SuperOp

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import NOISY_DEVICES
from qiskit_qoro.local.engine.engine_program import NATIVE_GATES
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.noise import MAX_REALIZATIONS, check_noise
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
BY_NAME = {device.name: device for device in NOISY_DEVICES}


def program(seed, width, depth):
    """Random gates that every device has, so that there is one error channel for each gate."""
    rng = random.Random(seed)
    body = f"qreg q[{width}];\ncreg c[{width}];\n"
    for _ in range(depth):
        for qubit in range(width):
            body += f"u3({rng.uniform(-3, 3)},{rng.uniform(-3, 3)},{rng.uniform(-3, 3)}) q[{qubit}];\n"
        first, second = rng.sample(range(width), 2)
        body += f"{rng.choice(['cx', 'cz'])} q[{first}],q[{second}];\n"
    return HEADER + body


# Four qubits, to check the order of qubits.
WIDE = program(3, 4, 6)
PAULI_STRINGS = ["ZIII", "XXII", "YZXI", "IIZZ", "ZZZZ", "IXIY", "IIII"]

# So deep that the noise of local_loud changes the distribution by 0.29 and expectation values by up to 0.5. A
# few hundred random realizations tell it from a program without noise.
DEEP = program(25, 2, 30)
DEEP_PAULI_STRINGS = ["".join(letters) for letters in product("IXYZ", repeat=2)]


def settings(*, seed=None, **fields):
    """The settings of a job with an execution configuration, and a seed."""
    return replace(engine_settings(ExecutionConfig(**fields), None), options=MaestroConfig(seed=seed))


def depolarizing(num_qubits, probability):
    """A channel that applies each Pauli error other than the identity with the same probability."""
    pauli_strings = ["".join(letters) for letters in product("IXYZ", repeat=num_qubits)]
    each = probability / (len(pauli_strings) - 1)
    channel = None
    for pauli_string in pauli_strings:
        weight = each if set(pauli_string) != {"I"} else 1 - probability
        part = weight * SuperOp(Operator(Pauli(pauli_string)))
        channel = part if channel is None else channel + part
    return channel


def noisy_state(text, device, factor=1.0):
    """The state after a program, with an error channel after each gate of the device but ``rz``."""
    rates = BY_NAME[device].errors
    circuit = parse_program(text)
    if rates.basis_gates == NATIVE_GATES:
        circuit = transpile(circuit, basis_gates=sorted(NATIVE_GATES), optimization_level=0)
    state = DensityMatrix.from_int(0, 2**circuit.num_qubits)
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        state = state.evolve(Operator(item.operation), qubits)
        if item.name == "rz":
            continue
        rate = rates.one_qubit[qubits[0]] if len(qubits) == 1 else rates.two_qubit[qubits[0]][qubits[1]]
        state = state.evolve(depolarizing(len(qubits), factor * rate), qubits)
    return state


def readout_distribution(state, readout_error):
    """The distribution of measured bitstrings if each bit is wrong with a probability."""
    confusion = np.array([[1 - readout_error, readout_error], [readout_error, 1 - readout_error]])
    matrix = np.array([[1.0]])
    for _ in range(state.num_qubits):
        matrix = np.kron(matrix, confusion)
    measured = matrix @ state.probabilities()
    return {format(index, f"0{state.num_qubits}b"): float(value) for index, value in enumerate(measured)}


def exact_values(text, pauli_strings, device, factor=1.0):
    state = noisy_state(text, device, factor)
    return [state.expectation_value(Pauli(pauli_string[::-1])).real for pauli_string in pauli_strings]


@pytest.mark.parametrize("device", sorted(BY_NAME))
@pytest.mark.parametrize("factor", [None, 0.0, 0.4, 1.0])
def test_expectation_values_are_those_of_the_noisy_state(device, factor):
    config = settings(noisy_device=device, noise_scaling_factor=factor)
    expected = exact_values(WIDE, PAULI_STRINGS, device, 1.0 if factor is None else factor)
    assert estimate(WIDE, PAULI_STRINGS, config) == pytest.approx(expected, abs=1e-12)


def test_a_device_with_higher_error_rates_deviates_more():
    quiet = estimate(WIDE, PAULI_STRINGS, settings(noisy_device="local_quiet"))
    loud = estimate(WIDE, PAULI_STRINGS, settings(noisy_device="local_loud"))
    ideal = estimate(WIDE, PAULI_STRINGS, settings())
    assert 0 < 5 * np.abs(np.subtract(ideal, quiet)).max() < np.abs(np.subtract(ideal, loud)).max()


@pytest.mark.parametrize(
    ("text", "realizations", "shots"), [(WIDE, None, 50_000), (DEEP, None, 50_000), (DEEP, 500, 500)]
)
def test_counts_are_samples_of_the_noisy_state_with_readout_errors(
    text, realizations, shots, assert_sampled_from
):
    config = settings(noisy_device="local_loud", noise_realizations=realizations, seed=3)
    counts = sample(text + "measure q -> c;", shots, config)
    readout_error = BY_NAME["local_loud"].errors.readout[0]
    assert_sampled_from(counts, readout_distribution(noisy_state(text, "local_loud"), readout_error))
    without_gate_errors = readout_distribution(noisy_state(text, "local_loud", 0.0), readout_error)
    with pytest.raises(AssertionError, match=r"<="):
        assert_sampled_from(counts, without_gate_errors)


def test_the_scaling_factor_also_scales_readout_errors():
    text = HEADER + "qreg q[1]; creg c[1]; measure q -> c;"
    shots = 100_000
    half = sample(text, shots, settings(noisy_device="local_loud", noise_scaling_factor=0.5, seed=1))
    none = sample(text, shots, settings(noisy_device="local_loud", noise_scaling_factor=0.0, seed=1))
    assert none == {"0": shots}
    assert half["1"] == pytest.approx(shots * 0.025, rel=0.1)


def test_the_mean_of_random_realizations_approximates_the_exact_values():
    exact = exact_values(DEEP, DEEP_PAULI_STRINGS, "local_loud")
    ideal = exact_values(DEEP, DEEP_PAULI_STRINGS, "local_loud", 0.0)
    realizations = 500
    config = settings(noisy_device="local_loud", noise_realizations=realizations)
    values = estimate(DEEP, DEEP_PAULI_STRINGS, config)
    # Each realization is between -1 and 1, so the standard deviation of the mean is at most this.
    deviation = 1 / np.sqrt(realizations)
    assert np.abs(np.subtract(values, exact)).max() < 5 * deviation
    assert np.abs(np.subtract(values, ideal)).max() > 5 * deviation
    assert values != pytest.approx(exact, abs=1e-9)


def test_a_program_too_wide_for_a_density_matrix_runs_in_random_realizations():
    chain = "".join(f"cx q[{qubit}],q[{qubit + 1}];" for qubit in range(11))
    text = HEADER + f"qreg q[12]; creg c[12]; x q[0]; {chain}"
    counts = sample(text + "measure q -> c;", 500, settings(noisy_device="local_quiet", seed=2))
    # The probability of no error in 12 readouts, 11 two-qubit gates and one other gate.
    no_error = (1 - 5e-3) ** 12 * (1 - 1e-3) ** 11
    assert counts["1" * 12] / 500 == pytest.approx(no_error, abs=0.12)
    assert sum(counts.values()) == 500
    (value,) = estimate(text, ["Z"], settings(noisy_device="local_quiet"))
    assert value == pytest.approx(-1, abs=0.2)


def test_fewer_shots_than_realizations_are_all_counted():
    text = HEADER + "qreg q[2]; creg c[2]; h q; measure q -> c;"
    config = settings(noisy_device="local_quiet", noise_realizations=50)
    assert sum(sample(text, 7, config).values()) == 7


def test_a_gate_outside_the_basis_is_decomposed_into_basis_gates():
    prepare = HEADER + "qreg q[2]; x q[0];"
    config = settings(noisy_device="local_loud")
    swapped = estimate(prepare + "swap q[0],q[1];", ["IZ"], config)
    decomposed = estimate(prepare + "cx q[0],q[1]; cx q[1],q[0]; cx q[0],q[1];", ["IZ"], config)
    assert swapped == decomposed


def test_idle_qubits_have_no_noise():
    text = HEADER + "qreg q[50]; x q[7];"
    values = estimate(text, ["Z", "I" * 7 + "Z", "X"], settings(noisy_device="local_loud"))
    assert values == pytest.approx([1, -(1 - 4 / 3 * 1e-3), 0])


def test_a_circuit_wider_than_the_device_is_refused():
    text = HEADER + "qreg q[8]; creg c[8]; h q;"
    config = settings(noisy_device="local_qpu")
    with pytest.raises(QoroInputError, match="uses 8 qubits, the widest QPU of local_qpu has 7"):
        estimate(text, ["Z"], config)
    with pytest.raises(QoroInputError, match="uses 8 qubits"):
        sample(text + "measure q -> c;", 10, config)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"noisy_device": "fez"},
            "noisy_device.*'fez'.*local_qpu, local_heavy_hex, local_quiet, local_loud",
        ),
        ({"noise_realizations": 5}, "noise_realizations needs a noisy_device"),
        ({"noise_scaling_factor": 0.5}, "noise_scaling_factor needs a noisy_device"),
        ({"noisy_device": "local_qpu", "noise_realizations": MAX_REALIZATIONS + 1}, "noise_realizations is"),
        (
            {"noisy_device": "local_qpu", "bond_dimension": 4},
            "bond_dimension cannot be combined with noisy_device",
        ),
        (
            {"noisy_device": "local_qpu", "truncation_threshold": 0.1},
            "truncation_threshold cannot be combined",
        ),
        (
            {"noisy_device": "local_qpu", "simulation_method": SimulationMethod.Stabilizer},
            "simulation_type cannot be combined",
        ),
        (
            {"noisy_device": "local_qpu", "simulator": Simulator.QiskitAer},
            "simulator_type cannot be combined",
        ),
    ],
)
def test_a_combination_of_fields_that_is_not_supported_is_refused_by_name(fields, message):
    with pytest.raises(QoroInputError, match=message):
        check_noise(ExecutionConfig(**fields))


def test_the_number_of_realizations_is_limited():
    check_noise(ExecutionConfig(noisy_device="local_loud", noise_realizations=100_000))
    with pytest.raises(QoroInputError, match="noise_realizations is 100001, expected at most 100000"):
        check_noise(ExecutionConfig(noisy_device="local_loud", noise_realizations=100_001))
