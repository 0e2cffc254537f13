"""Delays in programs for the engine."""

from __future__ import annotations

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import NATIVE_GATES
from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.qasm import parse_program
from qiskit_qoro.qasm.delays import DELAY_DEFINITION

HEADER = f'OPENQASM 2.0; include "qelib1.inc"; {DELAY_DEFINITION} qreg q[3]; creg c[1];'
BASES = [NATIVE_GATES, frozenset({"x", "cx"})]


@pytest.mark.parametrize("basis_gates", BASES)
def test_a_delay_is_written_for_a_program_with_noise(basis_gates: frozenset[str]) -> None:
    circuit = parse_program(
        HEADER + "x q[1]; qoro_delay(2e-07) q[1]; qoro_delay(0) q[1]; measure q[1] -> c[0];"
    )
    program = write_engine_program(circuit, basis_gates=basis_gates)
    assert program.text.endswith("x q[0];\ndelay[2e-07s] q[0];\ndelay[0.0s] q[0];\nmeasure q[0] -> c0[0];\n")
    assert program.randomness is None
    assert "delay" not in write_engine_program(circuit).text


def test_qubits_with_delays_only_are_left_out() -> None:
    circuit = parse_program(HEADER + "x q[1]; qoro_delay(1e-6) q; qoro_delay(1e-6) q[2];")
    for basis_gates in (None, *BASES):
        assert write_engine_program(circuit, basis_gates=basis_gates).qubits == (1,)


@pytest.mark.parametrize("seconds", ["-1e-9", "-1"])
def test_a_negative_duration_is_refused(seconds: str) -> None:
    with pytest.raises(
        QoroInputError, match=r"a delay takes -1(e-09|\.0|) seconds, expected a finite number"
    ):
        write_engine_program(parse_program(HEADER + f"x q[0]; qoro_delay({seconds}) q[0];"))


@pytest.mark.parametrize(
    "definition", ["gate qoro_delay(t) q { x q; }", "gate qoro_delay q { }", "gate qoro_delay(a) p,q { }"]
)
def test_a_gate_of_the_user_with_this_name_is_a_gate(definition: str) -> None:
    angle = "(1)" if "(" in definition else ""
    operands = "q[0],q[1]" if "p,q" in definition else "q[0]"
    text = f'OPENQASM 2.0; include "qelib1.inc"; {definition} qreg q[2]; qoro_delay{angle} {operands};'
    program = write_engine_program(parse_program(text), basis_gates=NATIVE_GATES)
    assert "delay" not in program.text
    assert ("x q[0]" in program.text) == ("x q;" in definition)
