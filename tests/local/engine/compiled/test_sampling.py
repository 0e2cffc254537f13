"""Counts that are drawn from the engine's probabilities have the distribution that Qiskit computes."""

from __future__ import annotations

import random
from collections.abc import Callable

import maestro
import numpy as np
import pytest
from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.compiled.sampling import split_measurements
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import compile_program, read_engine_program, sample
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.gates import GATES
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
GHZ = HEADER + "qreg q[3]; creg c[3]; h q[0]; cx q[0],q[1]; cx q[1],q[2]; measure q -> c;"
SHOTS = 10**6

Exact = Callable[[QuantumCircuit], dict[str, float]]


def program_of(text: str) -> EngineProgram:
    return read_engine_program(text)


def drawn(text: str, shots: int = SHOTS, seed: int = 0) -> dict[str, int]:
    """Counts from the engine's probabilities, with a seed of NumPy."""
    split = split_measurements(program_of(text))
    assert split is not None
    gates, measurements = split
    evaluate = compile_program(gates).expectation_values
    (counts,) = measurements.sample(evaluate, np.array([shots]), None, np.random.default_rng(seed))
    return measurements.as_dict(counts)


def random_program(seed: int) -> str:
    """Random gates, then measurements of some qubits into any bits. Some qubits and some bits are unused."""
    rng = random.Random(seed)
    width = rng.randint(3, 6)
    sizes = [rng.randint(1, 3) for _ in range(rng.randint(1, 3))]
    lines = [f"qreg q[{width}];", *(f"creg c{index}[{size}];" for index, size in enumerate(sizes))]
    for _ in range(rng.randint(0, 12)):
        name, gate = rng.choice(list(GATES.items()))
        angles = ",".join(repr(rng.uniform(-4, 4)) for _ in range(gate.num_params))
        qubits = ",".join(f"q[{index}]" for index in rng.sample(range(width), gate.num_qubits))
        lines.append(f"{name}{f'({angles})' if angles else ''} {qubits};")
    for _ in range(rng.randint(1, 6)):
        register = rng.randrange(len(sizes))
        lines.append(f"measure q[{rng.randrange(width)}] -> c{register}[{rng.randrange(sizes[register])}];")
    return HEADER + "\n".join(lines)


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_have_the_distribution_of_qiskit(seed: int, exact: Exact) -> None:
    text = random_program(seed)
    counts, distribution = drawn(text), exact(parse_program(text))
    assert sum(counts.values()) == SHOTS
    assert {bitstring for bitstring in counts if distribution.get(bitstring, 0.0) < 1e-12} == set()
    for bitstring, probability in distribution.items():
        error = 6 * (SHOTS * max(probability, 1e-4)) ** 0.5
        assert counts.get(bitstring, 0) == pytest.approx(SHOTS * probability, abs=error)


@pytest.mark.parametrize(
    "body",
    [
        "h q[0]; measure q[0] -> c[2]; h q[1]; measure q[1] -> c[0]; h q[2];",
        "h q[0]; measure q[0] -> c[0]; measure q[0] -> c[2]; measure q[1] -> c[1];",
        "x q[0]; h q[1]; measure q[0] -> c[1]; measure q[1] -> c[1];",
        "h q[0]; measure q[2] -> c[0]; measure q[0] -> d[1];",
    ],
    ids=["gates between", "one qubit in two bits", "a bit that is overwritten", "several registers"],
)
def test_measurements_may_be_in_any_order(body: str, exact: Exact) -> None:
    text = f"{HEADER}qreg q[3]; creg c[3]; creg d[2]; {body}"
    distribution = exact(parse_program(text))
    assert drawn(text, 10_000).keys() == {key for key, value in distribution.items() if value > 1e-12}


@pytest.mark.parametrize(
    "body",
    [
        "h q[0]; measure q[0] -> c[0]; h q[0]; measure q[0] -> c[0];",
        "measure q[0] -> c[0]; x q[0]; measure q[1] -> c[1];",
        "h q[0]; reset q[0]; measure q[0] -> c[0];",
        "h q[0]; measure q[0] -> c[0]; if (c == 1) x q[1]; measure q[1] -> c[1];",
        "h q[0];",
    ],
    ids=["mid-circuit", "before the first gate", "a reset", "a condition", "no measurement"],
)
def test_measurements_that_are_not_final_are_left_to_the_engine(body: str) -> None:
    assert split_measurements(program_of(f"{HEADER}qreg q[2]; creg c[2]; {body}")) is None


def test_bitstrings_have_up_to_63_bits() -> None:
    def text(width: int) -> str:
        return f"{HEADER}qreg q[2]; creg c[{width}]; x q[1]; measure q[1] -> c[{width - 1}];"

    assert drawn(text(63), 5) == {"1" + "0" * 62: 5}
    assert split_measurements(program_of(text(64))) is None
    assert sample(text(64), 5, EngineSettings()) == {"1" + "0" * 63: 5}


@pytest.mark.parametrize("seed", range(5))
def test_an_impossible_outcome_never_occurs(seed: int) -> None:
    # 0.1 + 0.2 and the like: the probabilities do not add up to 1 exactly.
    rotated = GHZ.replace("h q[0]", f"ry({0.1 * (seed + 1)}) q[0]")
    assert drawn(rotated, 10**7, seed).keys() == {"000", "111"}
    assert drawn(GHZ.replace("cx", "h q[0]; h q[0]; cx", 1), 10**7, seed).keys() == {"000", "111"}


def test_rows_are_drawn_independently_and_each_has_its_shots() -> None:
    gates, measurements = split_measurements(program_of(GHZ.replace("h q[0]", "rx(0.5) q[0]"))) or ("", None)
    assert measurements is not None
    evaluate, rng = compile_program(gates).expectation_values, np.random.default_rng(1)
    shots = np.array([1, 1000, 1000, 5])
    counts = measurements.sample(evaluate, shots, np.full((4, 1), np.pi / 2), rng)
    assert counts.sum(axis=1).tolist() == shots.tolist()
    assert counts[1].tolist() != counts[2].tolist()


@pytest.mark.parametrize("probabilities", [[[0.5, 0.4]], [[1.5, -0.5]], [[np.nan, 1.0]]])
def test_probabilities_that_are_no_distribution_are_refused(probabilities: list[list[float]]) -> None:
    text = HEADER + "qreg q[1]; creg c[1]; x q[0]; measure q[0] -> c[0];"
    _, measurements = split_measurements(program_of(text)) or ("", None)
    assert measurements is not None

    def evaluate(readout: object, parameters: object) -> dict[str, object]:
        return {"expectation_values": probabilities}

    with pytest.raises(QoroError, match="not a distribution"):
        measurements.sample(evaluate, np.array([10]), None, np.random.default_rng(0))


def test_counts_without_a_seed_differ_and_counts_with_a_seed_are_those_of_the_engine() -> None:
    text = HEADER + "qreg q[6]; creg c[6]; h q; measure q -> c;"
    assert sample(text, 1024, EngineSettings()) != sample(text, 1024, EngineSettings())
    seeded = EngineSettings(MaestroConfig(seed=7))
    assert sample(text, 1024, seeded) == sample(text, 1024, seeded)
    small = HEADER + "qreg q[2]; creg c[2]; ry(0.3) q[0]; h q[1]; measure q -> c;"
    config = maestro.SimulatorConfig(seed=7)
    engine = maestro.simple_execute(program_of(small).text, config=config, shots=1000)["counts"]
    assert sample(small, 1000, seeded) == {key[::-1]: count for key, count in engine.items()}


def test_a_state_whose_norm_has_a_large_rounding_error_is_sampled_by_the_engine() -> None:
    # The engine adds two angles of u, and rounds their sum to a multiple of 1/8.
    gate = "u(pi/2,1e15,2*pi) q[0];"
    text = HEADER + f"qreg q[1]; creg c[1]; h q[0]; {gate} h q[0]; measure q -> c;"
    with pytest.raises(QoroError, match="not a distribution"):
        drawn(text)
    assert sum(sample(text, 1000, EngineSettings()).values()) == 1000
