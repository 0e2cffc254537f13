"""The same work on a cluster and on a local pool, with the same number of engine processes.

Each service runs in a process of its own and is reached over a socket. The cluster is on the same machine:
its scheduler, its workers and its connections with TLS compete for the same processors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from bench import Bench
from measuring import Contender, wait_for_children
from rows import Goal, Row
from service_runs import ServiceRun
from workloads import bell, bound_circuits, different_texts, random_sweep

from qiskit_qoro import QoroProvider
from qiskit_qoro.qasm import write_program

TOPIC = "cluster_ratios"
CLUSTER = "cluster"
LOCAL = "local pool"
GOAL = Goal(1.3, LOCAL)
_SHOTS = 1024


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    number = bench.amount(1000, 50)
    with ExitStack() as stack:
        runs = {
            CLUSTER: stack.enter_context(ServiceRun({"cluster": f"local:{bench.workers}"})),
            LOCAL: stack.enter_context(ServiceRun({"workers": bench.workers})),
        }
        backends = {
            name: stack.enter_context(_provider(run)).get_backend("qoro_maestro")
            for name, run in runs.items()
        }
        for run in runs.values():
            run.run({"bell": write_program(bell()).text})
        wait_for_children()

        def contenders(work: Callable[[str], object]) -> dict[str, Contender]:
            return {name: lambda name=name: work(name) for name in runs}

        for key, text, texts in _texts(number):
            yield bench.measure(
                key,
                TOPIC,
                text,
                contenders(lambda name, texts=texts: runs[name].run(texts, shots=_SHOTS)),
                goals=(GOAL,),
                seconds=6,
                min_turns=3,
            )
        pub = random_sweep(8, number)
        estimators = {name: bench.estimator(backend) for name, backend in backends.items()}
        yield bench.measure(
            "cluster-sweep",
            TOPIC,
            f"exact sweep, {number:,} rows of `efficient_su2(8, reps=3)`, 20 Pauli strings",
            contenders(lambda name: estimators[name].run([pub]).result()),
            goals=(GOAL,),
            seconds=6,
        )
        one = {"bell": write_program(bell()).text}
        yield bench.measure(
            "cluster-bell",
            TOPIC,
            "one Bell circuit, `submit_circuits` to counts",
            contenders(lambda name: runs[name].run(one, shots=_SHOTS)),
        )


def _provider(run: ServiceRun) -> QoroProvider:
    return QoroProvider(run.token, base_url=run.url, journal=False)


def _texts(number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield works: a key, the work in words, and the texts of a job."""
    bound = [write_program(circuit).text for circuit in bound_circuits(number)]
    for key, what, texts in (
        ("cluster-small", "different circuits of 2 qubits and 4 gates", different_texts(number, 2, 4)),
        ("cluster-bound", "circuits of 5 qubits that differ in their angles", bound),
        ("cluster-different", "different circuits of 5 qubits and 25 gates", different_texts(number)),
        ("cluster-wide", "different circuits of 12 qubits and 60 gates", different_texts(number, 12, 60)),
    ):
        yield key, f"{number:,} {what}", {str(place): text for place, text in enumerate(texts)}
