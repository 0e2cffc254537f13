"""Noise against channels worked out with Qiskit's quantum_info, which knows nothing of the engine."""

import random
from itertools import product

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, Operator, Pauli, SuperOp

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import NOISY_DEVICES
from qiskit_qoro.local.engine.engine import expect, sample
from qiskit_qoro.local.engine.noise import MOST_REALIZATIONS
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
BY_NAME = {device.name: device for device in NOISY_DEVICES}


def program(seed, width, depth):
    """Gates that every device has, so that each one errs once."""
    rng = random.Random(seed)
    body = f"qreg q[{width}];\ncreg c[{width}];\n"
    for _ in range(depth):
        for qubit in range(width):
            body += f"u3({rng.uniform(-3, 3)},{rng.uniform(-3, 3)},{rng.uniform(-3, 3)}) q[{qubit}];\n"
        first, second = rng.sample(range(width), 2)
        body += f"{rng.choice(['cx', 'cz'])} q[{first}],q[{second}];\n"
    return HEADER + body


def depolarizing(num_qubits, probability):
    """Any of the Pauli errors but the identity, all alike, with this probability together."""
    words = ["".join(letters) for letters in product("IXYZ", repeat=num_qubits)]
    each = probability / (len(words) - 1)
    channel = None
    for word in words:
        part = (each if set(word) != {"I"} else 1 - probability) * SuperOp(Operator(Pauli(word)))
        channel = part if channel is None else channel + part
    return channel


def noisy_state(text, device, factor=1.0):
    rates = BY_NAME[device].errors
    channels = {1: depolarizing(1, factor * rates.one_qubit), 2: depolarizing(2, factor * rates.two_qubit)}
    circuit = parse_program(text)
    state = DensityMatrix.from_int(0, 2**circuit.num_qubits)
    for item in circuit.data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        state = state.evolve(Operator(item.operation), qubits).evolve(channels[len(qubits)], qubits)
    return state


def read_distribution(state, misread):
    """What is read where each bit is wrong with a probability."""
    probabilities = state.probabilities()
    wrong = np.array([[1 - misread, misread], [misread, 1 - misread]])
    confusion = np.array([[1.0]])
    for _ in range(state.num_qubits):
        confusion = np.kron(confusion, wrong)
    read = confusion @ probabilities
    return {format(index, f"0{state.num_qubits}b"): float(value) for index, value in enumerate(read)}


WORDS = ["ZIII", "XXII", "YZXI", "IIZZ", "ZZZZ", "IXIY", "IIII"]


def expected(text, words, device, factor=1.0):
    state = noisy_state(text, device, factor)
    return [state.expectation_value(Pauli(word[::-1])).real for word in words]


@pytest.mark.parametrize("device", sorted(BY_NAME))
@pytest.mark.parametrize("factor", [None, 0.0, 0.4, 1.0])
def test_expectation_values_are_those_of_the_noisy_state(device, factor):
    text = program(3, 4, 6)
    config = ExecutionConfig(noisy_device=device, noise_scaling_factor=factor)
    values = expect(text, WORDS, config)
    assert values == pytest.approx(
        expected(text, WORDS, device, 1.0 if factor is None else factor), abs=1e-12
    )


def test_noise_makes_a_difference():
    text = program(3, 4, 6)
    quiet, loud = (
        expect(text, WORDS, ExecutionConfig(noisy_device=name)) for name in ("local_quiet", "local_loud")
    )
    ideal = expect(text, WORDS, ExecutionConfig())
    assert 0 < 5 * np.abs(np.subtract(ideal, quiet)).max() < np.abs(np.subtract(ideal, loud)).max()


@pytest.mark.parametrize("realizations", [None, 2000])
def test_counts_are_samples_of_the_noisy_state_as_it_is_read(realizations, assert_sampled_from):
    text = program(5, 4, 6)
    config = ExecutionConfig(noisy_device="local_loud", noise_realizations=realizations)
    counts = sample(text + "measure q -> c;", realizations or 50_000, config, seed=3)
    misread = BY_NAME["local_loud"].errors.readout
    assert_sampled_from(counts, read_distribution(noisy_state(text, "local_loud"), misread))


def test_the_scaling_factor_scales_the_errors_of_reading_too():
    text = HEADER + "qreg q[1]; creg c[1]; measure q -> c;"
    shots = 100_000
    half = sample(text, shots, ExecutionConfig(noisy_device="local_loud", noise_scaling_factor=0.5), seed=1)
    none = sample(text, shots, ExecutionConfig(noisy_device="local_loud", noise_scaling_factor=0.0), seed=1)
    assert none == {"0": shots}
    assert half["1"] == pytest.approx(shots * 0.025, rel=0.1)


def test_random_realizations_come_near_the_exact_values():
    text = program(7, 4, 6)
    exact = expected(text, WORDS, "local_loud")
    config = ExecutionConfig(noisy_device="local_loud", noise_realizations=1500)
    values = expect(text, WORDS, config)
    # Each realization is between -1 and 1, so that the mean of 1500 is off by less than 0.026 mostly.
    assert np.abs(np.subtract(values, exact)).max() < 5 / np.sqrt(1500)
    assert values != pytest.approx(exact, abs=1e-9)


def test_a_program_too_wide_for_a_density_matrix_runs_in_random_realizations():
    chain = "".join(f"cx q[{qubit}],q[{qubit + 1}];" for qubit in range(11))
    text = HEADER + f"qreg q[12]; creg c[12]; x q[0]; {chain}"
    counts = sample(text + "measure q -> c;", 500, ExecutionConfig(noisy_device="local_quiet"), seed=2)
    # No error anywhere: 12 readings, 11 two-qubit gates, one other gate.
    likely = (1 - 5e-3) ** 12 * (1 - 1e-3) ** 11
    assert counts["1" * 12] / 500 == pytest.approx(likely, abs=0.12)
    assert sum(counts.values()) == 500
    (value,) = expect(text, ["Z"], ExecutionConfig(noisy_device="local_quiet"))
    assert value == pytest.approx(-1, abs=0.2)


def test_fewer_shots_than_realizations_are_still_all_there():
    text = HEADER + "qreg q[2]; creg c[2]; h q; measure q -> c;"
    config = ExecutionConfig(noisy_device="local_quiet", noise_realizations=50)
    assert sum(sample(text, 7, config).values()) == 7


def test_a_gate_that_the_device_lacks_is_made_of_those_that_it_has():
    prepare = HEADER + "qreg q[2]; x q[0];"
    config = ExecutionConfig(noisy_device="local_loud")
    swapped = expect(prepare + "swap q[0],q[1];", ["IZ"], config)
    spelled = expect(prepare + "cx q[0],q[1]; cx q[1],q[0]; cx q[0],q[1];", ["IZ"], config)
    assert swapped == spelled


def test_idle_qubits_have_no_noise():
    text = HEADER + "qreg q[50]; x q[7];"
    values = expect(text, ["Z", "I" * 7 + "Z", "X"], ExecutionConfig(noisy_device="local_loud"))
    assert values == pytest.approx([1, -(1 - 4 / 3 * 1e-3), 0])


def test_a_circuit_wider_than_the_device_is_refused():
    text = HEADER + "qreg q[8]; creg c[8]; h q;"
    config = ExecutionConfig(noisy_device="local_qpu")
    with pytest.raises(QoroInputError, match="uses 8 qubits, the widest QPU of local_qpu has 7"):
        expect(text, ["Z"], config)
    with pytest.raises(QoroInputError, match="uses 8 qubits"):
        sample(text + "measure q -> c;", 10, config)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        (
            {"noisy_device": "ibm_fake_fez"},
            "noisy_device.*'ibm_fake_fez'.*local_qpu, local_quiet, local_loud",
        ),
        ({"noise_realizations": 5}, "noise_realizations needs a noisy_device"),
        ({"noise_scaling_factor": 0.5}, "noise_scaling_factor needs a noisy_device"),
        ({"noisy_device": "local_qpu", "noise_realizations": MOST_REALIZATIONS + 1}, "noise_realizations is"),
        ({"noisy_device": "local_qpu", "bond_dimension": 4}, "bond_dimension does not go with noisy_device"),
        ({"noisy_device": "local_qpu", "truncation_threshold": 0.1}, "truncation_threshold does not go"),
        (
            {"noisy_device": "local_qpu", "simulation_method": SimulationMethod.Stabilizer},
            "simulation_type does not go",
        ),
        ({"noisy_device": "local_qpu", "simulator": Simulator.QiskitAer}, "simulator_type does not go"),
    ],
)
def test_combinations_that_make_no_sense_are_refused_by_name(fields, named):
    with pytest.raises(QoroInputError, match=named):
        expect(HEADER + "qreg q[1]; x q[0];", ["Z"], ExecutionConfig(**fields))
