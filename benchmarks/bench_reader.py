"""Compare how long our client and our local service take to read OpenQASM 2 with Qiskit's parser.

The client checks a text before it sends it. The local service reads it and writes the program for the engine.
``qasm2.loads`` reads it as a circuit. They take turns on the same texts. The last column is the local
service without its shortcut for plain programs. All times are CPU times: nothing waits, and one thread works.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from statistics import median

from qiskit import qasm2

from qiskit_qoro.local.engine.program import write_engine_program
from qiskit_qoro.local.engine.simulator import read_engine_program
from qiskit_qoro.qasm import parse_program
from qiskit_qoro.qasm.user_programs import program_of_text

REPEATS = 7
HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
QUBITS = 20


def medians(calls: list[Callable[[], object]]) -> list[float]:
    """Return the median CPU time of each call in seconds. The calls take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(REPEATS):
        for call, measured in zip(calls, times, strict=True):
            begin = time.process_time()
            call()
            measured.append(time.process_time() - begin)
    return [median(measured) for measured in times]


def random_program(num_gates: int, *, with_angles: float = 0.5, definition: str = "") -> str:
    """Return a program of gates on one and two qubits. ``with_angles`` is the share of rotations."""
    rng = random.Random(1)
    lines = [f"{HEADER}{definition}qreg q[{QUBITS}];", f"creg c[{QUBITS}];"]
    for _ in range(num_gates):
        first, second = rng.sample(range(QUBITS), 2)
        if rng.random() < with_angles:
            lines.append(f"{rng.choice(['rx', 'ry', 'rz'])}({rng.uniform(-3, 3)!r}) q[{first}];")
        elif rng.random() < 0.6:
            lines.append(f"cx q[{first}],q[{second}];")
        else:
            lines.append(f"h q[{first}];")
    return "\n".join([*lines, "measure q -> c;"])


def main() -> None:
    texts = {
        "100,000 gates, half of them rotations": random_program(100_000),
        "100,000 gates, all of them rotations": random_program(100_000, with_angles=1),
        "100,000 Clifford gates": random_program(100_000, with_angles=0),
        "100,000 gates, and a gate definition": random_program(100_000, definition="gate f a { h a; }\n"),
        "100 gates": random_program(100),
    }
    print(f"{'program':40} {'qasm2.loads':>12} {'client':>16} {'local service':>18} {'by a circuit':>17}")
    for name, text in texts.items():
        theirs, *ours = medians(
            [
                lambda t=text: qasm2.loads(t),
                lambda t=text: program_of_text(t),
                lambda t=text: read_engine_program(t),
                lambda t=text: write_engine_program(parse_program(t)),
            ]
        )
        columns = " ".join(f"{seconds * 1e3:9.2f} ms ({seconds / theirs:4.2f})" for seconds in ours)
        print(f"{name:40} {theirs * 1e3:9.2f} ms {columns}")


if __name__ == "__main__":
    main()
