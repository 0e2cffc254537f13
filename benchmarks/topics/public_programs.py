"""Public OpenQASM 2 programs, one job each, compared with Aer.

Both contenders start with the text and end with counts. Aer reads it with ``qasm2.loads``, and transpiles it
if it contains gates that the simulator does not know. Every program is run by each contender once. If the
ratio of their times is near the limit or above, they take more turns, and the median of the ratios counts.
Each turn has other names of registers, so that no contender has seen the text before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from statistics import median

from bench import Bench
from corpus import CorpusProgram, programs, renamed
from qiskit import QuantumCircuit, qasm2, transpile
from qiskit_aer import AerSimulator
from rows import AER, Goal, Row

from qiskit_qoro import JobConfig, QoroBackend
from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER

TOPIC = "public_programs"
SHOTS = 1024
LIMIT = 3
NEAR = 1.5  # measure ratios above this again
MORE_TURNS = 4
_DEFINITION = re.compile(r"^gate (\w+)", re.MULTILINE)


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    sizes = (3, 8) if bench.quick else (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22)
    aer = AerSimulator()
    known = {*aer.operation_names, "barrier", "measure"}

    def translated(circuit: QuantumCircuit, defined: set[str]) -> QuantumCircuit:
        # A program may define a gate with the name of another gate of Aer, such as `unitary`.
        while own := names(circuit) & defined:
            circuit = circuit.decompose(list(own))
        return circuit if names(circuit) <= known else transpile(circuit, aer, optimization_level=0)

    def by_aer(text: str) -> object:
        circuit = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        return aer.run(translated(circuit, set(_DEFINITION.findall(text))), shots=SHOTS).result().get_counts()

    contenders: tuple[Callable[[str], object], ...] = (lambda text: run_text(bench.embedded, text), by_aer)
    corpus = list(programs(sizes))
    for call in contenders:
        call(corpus[0].text)
    measured = [(program, *compare(program, contenders)) for program in corpus]
    slower = [entry for entry in measured if entry[3] > LIMIT]
    yield Row(
        "public-programs",
        TOPIC,
        f"{len(corpus)} public OpenQASM programs of up to 22 qubits: slower than {LIMIT} times {AER}",
        {},
        (Goal(10, count="slower"),),
        {
            "programs": len(corpus),
            "limit": LIMIT,
            "slower": len(slower),
            "ratio": median(ratio for *_, ratio in measured),
            "seconds": [sum(entry[1] for entry in measured), sum(entry[2] for entry in measured)],
            "all": [
                [program.name, program.num_qubits, ours_s, aer_s, ratio]
                for program, ours_s, aer_s, ratio in measured
            ],
        },
    )


def names(circuit: QuantumCircuit) -> set[str]:
    """Return the names of the operations in a circuit."""
    return {instruction.operation.name for instruction in circuit.data}


def run_text(backend: QoroBackend, text: str) -> object:
    """Run a program, and return its counts."""
    config = JobConfig(shots=SHOTS, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)
    job = backend.service.submit_circuits({"0": text}, override_job_config=config)
    backend.service.poll_job_status(job, loop_until_complete=True, verbose=False)
    return backend.service.get_job_results(job).results


def compare(
    program: CorpusProgram, contenders: tuple[Callable[[str], object], ...]
) -> tuple[float, float, float]:
    """Return the median times of both contenders, and the median ratio of the first to the second."""
    turns: list[list[float]] = []
    for number in count():
        text = renamed(program, number)
        turns.append([seconds_of(partial(call, text)) for call in contenders])
        ratio = median(ours / theirs for ours, theirs in turns)
        if len(turns) > MORE_TURNS or (len(turns) == 1 and ratio < NEAR):
            ours, theirs = map(median, zip(*turns, strict=True))
            return ours, theirs, ratio
    raise AssertionError("the loop ends with a return")


def seconds_of(call: Callable[[], object]) -> float:
    """Return the time of a call."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
