"""Say what tasks need of the worker that they are sent to: memory and an accelerator.

The machines of a cluster have different memories. A worker chooses the method of a circuit by its own memory,
and refuses a requested method if it does not fit. So a circuit is sent to a worker whose memory is large
enough for the method that the largest worker would use. The method itself is not chosen here. That would take
an analysis of each program, and a worker does it anyway. These bytes only decide the place:

- They are those of the exact state that the options allow, if the largest worker has room for it.
- They are 0 if no worker has room for it, or another method was requested. Then any worker will do.
- They may be more than the worker needs, for example for a circuit with Clifford gates only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qiskit_qoro.local.engine.analysis.costs import (
    MAX_STATEVECTOR_QUBITS,
    density_matrix_bytes,
    gradient_bytes,
    statevector_bytes,
)
from qiskit_qoro.local.engine.methods import MAX_SMALL_QUBITS
from qiskit_qoro.local.engine.noisy.methods import MAX_DENSITY_MATRIX_QUBITS
from qiskit_qoro.local.engine.supported import requested_method
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask, QuboTask, StateTask
from qiskit_qoro.models.config import SimulationMethod, Simulator

__all__ = ["Needs", "needs_of"]

_REGISTER = "qreg"
_DECLARATION = re.compile(r"\bqreg\s+\w+\s*\[\s*(\d+)\s*\]")

# Wider registers have too many amplitudes for any machine, and their number need not be computed.
_MAX_QUBITS = 64

_WITH_ACCELERATOR = frozenset(
    {Simulator.GpuSim, Simulator.QuestSim, Simulator.DistributedGpu, Simulator.DistributedMpiGpu}
)


@dataclass(frozen=True)
class Needs:
    """What tasks need of a worker.

    Attributes:
        memory_bytes: The memory that one circuit may take there, at least.
        accelerator: The simulator that its engine must have beside those on the CPU, or ``None``.
    """

    memory_bytes: int = 0
    accelerator: Simulator | None = None


def needs_of(tasks: Sequence[AnyTask], largest_limit_bytes: int) -> Needs:
    """Return what tasks of one job need.

    Args:
        tasks: The tasks, at least one.
        largest_limit_bytes: The memory that one circuit may take on the worker with the most memory.
    """
    first = tasks[0]
    if isinstance(first, QuboTask):
        return Needs()
    # Rows of a template differ only in numbers.
    different = (first,) if isinstance(tasks, TaskRows) else tasks
    num_bytes = max(_task_bytes(task, largest_limit_bytes) for task in different)
    simulator = first.settings.options.simulator_type
    return Needs(num_bytes, simulator if simulator in _WITH_ACCELERATOR else None)


def _task_bytes(task: AnyTask, largest: int) -> int:
    if isinstance(task, QuboTask):
        return 0
    texts = task.texts if isinstance(task, StateTask) else (task.qasm,)
    width = max(map(_num_qubits, texts))
    if width > _MAX_QUBITS:
        return 0
    return next((needed for needed in _state_bytes(task, width) if needed <= largest), 0)


def _state_bytes(task: CircuitTask | StateTask, width: int) -> Iterator[int]:
    """Iterate over the bytes of the states that a task may use, the most wanted first."""
    method = requested_method(task.settings.options)
    is_noisy = task.settings.noise is not None
    may_be_exact = is_noisy and method is None and width <= MAX_DENSITY_MATRIX_QUBITS
    if method is SimulationMethod.DensityMatrix or may_be_exact:
        yield density_matrix_bytes(width)
    if width <= MAX_SMALL_QUBITS or width > MAX_STATEVECTOR_QUBITS:
        return
    if isinstance(task, CircuitTask) and task.observables is not None:
        yield gradient_bytes(width)
    elif method in (None, SimulationMethod.Statevector):
        # States are read amplitude by amplitude, which takes as much memory as sampling.
        is_estimate = isinstance(task, CircuitTask) and task.pauli_strings is not None
        yield statevector_bytes(width, sampling=is_noisy or not is_estimate)


def _num_qubits(text: str) -> int:
    """Return the number of qubits that a program declares, without reading the rest of it.

    A declaration in a comment counts too.
    """
    total = 0
    start = text.find(_REGISTER)
    while start >= 0:
        declaration = _DECLARATION.match(text, start)
        total += min(_MAX_QUBITS + 1, int(declaration[1])) if declaration else 0
        start = text.find(_REGISTER, start + 1)
    return total
