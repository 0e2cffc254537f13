"""Circuits that are built by calls are those of the engine's parser."""

from __future__ import annotations

import random

import maestro
import numpy as np
import pytest
from maestro import SimulationType, SimulatorType

from qiskit_qoro.local.engine.compiled.circuits import build_circuit
from qiskit_qoro.local.engine.engine_calls import parse_with_engine
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import compile_program, sample
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.gates import GATES

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BODY = "qreg q[2];\ncreg c0[2];\nh q[0];\n"
METHODS = (
    (SimulatorType.QCSim, SimulationType.Statevector),
    (SimulatorType.QCSim, SimulationType.MatrixProductState),
    (SimulatorType.QiskitAer, SimulationType.Statevector),
)


def random_text(seed: int, *, is_random: bool) -> tuple[str, int]:
    """An engine program, and the number of its qubits. All of them have a gate that changes their state."""
    rng = random.Random(seed)
    width = rng.randint(3, 6)
    sizes = [rng.randint(1, 3) for _ in range(rng.randint(1, 3))]
    lines = [f"qreg q[{width}];", *(f"creg c{number}[{size}];" for number, size in enumerate(sizes))]
    lines += [f"h q[{qubit}];" for qubit in range(width)]

    def measurement() -> str:
        number = rng.randrange(len(sizes))
        return f"measure q[{rng.randrange(width)}] -> c{number}[{rng.randrange(sizes[number])}];"

    for name in rng.choices(list(GATES), k=40):
        angles = ",".join(
            repr(rng.choice([rng.uniform(-7, 7), 1e-9, 40.0])) for _ in range(GATES[name].num_params)
        )
        qubits = ",".join(f"q[{qubit}]" for qubit in rng.sample(range(width), GATES[name].num_qubits))
        lines.append(f"{name}{f'({angles})' if angles else ''} {qubits};")
        if is_random and rng.random() < 0.1:
            lines += [f"reset q[{rng.randrange(width)}];", measurement()]
    lines += [measurement() for _ in range(4)]
    return HEADER + "\n".join(lines) + "\n", width


@pytest.mark.parametrize("method", METHODS, ids=["QCSim", "MPS", "Aer"])
@pytest.mark.parametrize("seed", range(12))
def test_counts_for_a_seed_are_those_of_the_text(
    seed: int, method: tuple[SimulatorType, SimulationType]
) -> None:
    text, _ = random_text(seed, is_random=seed % 2 == 1)
    config = maestro.SimulatorConfig(simulator_type=method[0], simulation_type=method[1], seed=seed)
    of_text = maestro.simple_execute(text, config=config, shots=200)["counts"]
    assert maestro.simple_execute(build_circuit(text), config=config, shots=200)["counts"] == of_text


@pytest.mark.parametrize("seed", range(20))
def test_expectation_values_are_those_of_the_text(seed: int) -> None:
    text, width = random_text(seed, is_random=False)
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("measure"))
    rng = random.Random(seed)
    strings = ["".join(rng.choices("IXYZ", k=width)) for _ in range(8)]
    config = maestro.SimulatorConfig(
        simulator_type=SimulatorType.QCSim, simulation_type=SimulationType.Statevector
    )
    expected = maestro.simple_estimate(text, strings, config=config)["expectation_values"]
    built = maestro.simple_estimate(build_circuit(text), strings, config=config)["expectation_values"]
    compiled = compile_program(text).expectation_values(strings)["expectation_values"][0]
    parsed = maestro.AdjointProgram(parse_with_engine(text)).expectation_values(strings)
    np.testing.assert_allclose(built, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(compiled, parsed["expectation_values"][0], rtol=0, atol=1e-12)


def test_phase_gates_leave_a_basis_state_unchanged() -> None:
    phases = "t q[0];\ntdg q[0];\nrz(0.3) q[0];\np(0.4) q[1];\nu1(2) q[0];\ncp(0.7) q[0],q[1];\n"
    text = f"{HEADER}qreg q[2];\nx q[1];\n{phases * 50}"
    answer = compile_program(text).expectation_values(["ZI", "IZ", "XX"])
    np.testing.assert_allclose(answer["expectation_values"], [[1, -1, 0]], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "line",
    [
        "if (c0 == 1) x q[1];",
        "if (c0 == 1) measure q[1] -> c0[0];",
        "measure q[1] -> s0[0];",
        "delay[1e-06s] q[0];",
        "barrier q[0];",
    ],
)
def test_a_text_with_another_line_is_left_to_the_parser(line: str) -> None:
    assert build_circuit(f"{HEADER}{BODY}measure q[0] -> c0[1];\n") is not None
    assert build_circuit(f"{HEADER}{BODY}{line}\n") is None


def test_a_condition_is_still_sampled() -> None:
    program = f"{HEADER}{BODY}x q[0];h q[0];measure q[0] -> c0[0];if(c0==1) x q[1];measure q[1] -> c0[1];"
    counts = sample(program, 100, EngineSettings(MaestroConfig(seed=1)))
    assert set(counts) <= {"00", "11"}
    assert sum(counts.values()) == 100
