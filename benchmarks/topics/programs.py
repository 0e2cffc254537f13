"""Reading and writing OpenQASM 2, and a circuit of many gates."""

from __future__ import annotations

from collections.abc import Iterator

from bench import Bench
from qiskit import QuantumCircuit, qasm2, transpile
from qiskit.circuit.library import QFTGate, efficient_su2
from qiskit_aer import AerSimulator
from rows import AER, OURS, SOCKET, Goal, Row
from workloads import random_gates, random_text

from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.local.engine.simulator import read_engine_program
from qiskit_qoro.qasm import parse_program, write_program
from qiskit_qoro.qasm.user_programs import program_of_text

TOPIC = "programs"


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    gates = bench.amount(100_000, 5000)
    circuit = random_gates(10, gates)
    aer = AerSimulator()
    yield bench.measure(
        "gates",
        TOPIC,
        f"{gates:,} gates on 10 qubits, `run(circuit)` to counts",
        {
            OURS: lambda: bench.embedded.run(circuit, shots=1024).result().get_counts(),
            SOCKET: lambda: bench.socket.run(circuit, shots=1024).result().get_counts(),
            AER: lambda: aer.run(circuit, shots=1024).result().get_counts(),
        },
        goals=(Goal(1.0, AER),),
        seconds=12,
        min_turns=3,
    )
    yield from reading(bench)
    yield from writing(bench)


def reading(bench: Bench) -> Iterator[Row]:
    """Compare our readers of OpenQASM 2 with Qiskit's parser."""
    many = bench.amount(20_000, 1000)
    for key, what, text in (
        ("read-many", f"reading {many:,} gates, half of them rotations", random_text(many)),
        (
            "read-definition",
            f"reading {many:,} gates, and a gate definition",
            random_text(many, definition="gate f a { h a; }\n"),
        ),
        ("read-few", "reading 100 gates", random_text(100)),
    ):
        yield bench.measure(
            key,
            TOPIC,
            what,
            {
                "check by the client": lambda text=text: program_of_text(text),
                "local service": lambda text=text: read_engine_program(text),
                "local service, by a circuit": lambda text=text: write_engine_program(parse_program(text)),
                "`qasm2.loads`": lambda text=text: qasm2.loads(text),
            },
            seconds=2,
            min_turns=3,
        )


def writing(bench: Bench) -> Iterator[Row]:
    """Compare our writer of OpenQASM 2 with Qiskit's exporter."""
    fourier = QuantumCircuit(60)
    fourier.append(QFTGate(60), range(60))
    for key, name, circuit in (
        ("write-wide", "`efficient_su2`, 100 qubits, 50 repetitions", bound_su2(100, 50)),
        ("write-small", "`efficient_su2`, 5 qubits, 3 repetitions", bound_su2(5, 3)),
        ("write-fourier", "Fourier transform, 60 qubits", fourier),
    ):
        isa = transpile(circuit, bench.embedded, optimization_level=1)
        yield bench.measure(
            key,
            TOPIC,
            f"writing {name} ({isa.size():,} gates)",
            {
                "`write_program`": lambda isa=isa: write_program(isa),
                "`qasm2.dumps`": lambda isa=isa: qasm2.dumps(isa),
            },
            seconds=1,
        )


def bound_su2(num_qubits: int, reps: int) -> QuantumCircuit:
    """Return `efficient_su2` with fixed angles."""
    circuit = efficient_su2(num_qubits, reps=reps)
    return circuit.assign_parameters([0.1 * k for k in range(circuit.num_parameters)])
