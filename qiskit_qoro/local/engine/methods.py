"""Choose the simulation method for a program if the user requests none.

The state vector is exact, and it is the fastest method as long as it fits in memory. For larger programs,
Clifford circuits run on the stabilizer simulator, and others as a matrix product state. A requested method
that cannot run the program is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.program import EngineProgram
from qiskit_qoro.local.engine.supported import (
    SUPPORTED_METHODS,
    check_density_matrix,
    name_of,
    requested_method,
)
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.models.maestro import MaestroConfig

__all__ = [
    "MethodChoice",
    "choose_method",
    "default_memory_limit",
    "statevector_bytes",
]

# With 31 qubits or more the engine raises MemoryError, with 64 or more it crashes.
_MAX_STATEVECTOR_QUBITS = 30
_BYTES_PER_AMPLITUDE = 16

# Measured. Sampling needs the state, its probabilities and the alias table.
_SAMPLING_FACTOR = 3.5

_MAX_MEMORY_BYTES = 4 * 2**30


@dataclass(frozen=True)
class MethodChoice:
    """The simulator and the method for a program, and why they were chosen."""

    simulator: Simulator
    method: SimulationMethod
    reason: str

    @property
    def details(self) -> ResultDetails:
        """The method and the reason, as the result of a circuit reports them."""
        return ResultDetails(self.method.name, self.reason)


def choose_method(
    program: EngineProgram, options: MaestroConfig, *, sampling: bool, memory_limit_bytes: int
) -> MethodChoice:
    """Choose the simulator and the method for a program.

    A bond dimension or a truncation threshold without a method means a matrix product state.

    Args:
        program: The program to run.
        options: The options that the user sets. :func:`~qiskit_qoro.local.engine.supported.check_options`
            has accepted them.
        sampling: Whether the program is sampled. Expectation values need less memory.
        memory_limit_bytes: The maximum memory of a state vector.

    Raises:
        QoroInputError: The requested method cannot run this program.
    """
    simulator = Simulator.QCSim if options.simulator_type is None else options.simulator_type
    method = requested_method(options)
    too_large = _statevector_too_large(program, sampling=sampling, memory_limit_bytes=memory_limit_bytes)
    if method is None and not too_large:
        return MethodChoice(simulator, SimulationMethod.Statevector, "the state vector fits in the memory")
    reason = "it was requested"
    if method is None:
        method, reason = _choose_without_statevector(program, str(too_large))
    if method not in SUPPORTED_METHODS[simulator] or (method is SimulationMethod.Statevector and too_large):
        alternative, _ = _choose_without_statevector(program, "")
        raise QoroInputError(
            f"{too_large}: use simulation_type {name_of(alternative)}, "
            f"with simulator_type {name_of(Simulator.QCSim)} or none"
        )
    if method is SimulationMethod.Stabilizer and program.clifford.obstacle:
        raise QoroInputError(
            f"simulation_type {name_of(method)} runs only Clifford gates, and the circuit contains "
            f"{program.clifford.obstacle}: use {name_of(SimulationMethod.MatrixProductState)} or none"
        )
    if method is SimulationMethod.DensityMatrix:
        check_density_matrix(len(program.qubits), memory_limit_bytes)
    return MethodChoice(simulator, method, reason)


def _choose_without_statevector(program: EngineProgram, too_large: str) -> tuple[SimulationMethod, str]:
    """Choose the method for a program whose state vector is too large."""
    obstacle = program.clifford.obstacle
    if obstacle is None:
        return SimulationMethod.Stabilizer, f"the circuit is a Clifford circuit, and {too_large}"
    reason = f"the circuit contains {obstacle}, which is no Clifford gate, and {too_large}"
    return SimulationMethod.MatrixProductState, reason


def statevector_bytes(num_qubits: int, *, sampling: bool) -> int:
    """Return the memory that the engine needs for a state vector, in bytes."""
    return int(_BYTES_PER_AMPLITUDE * 2**num_qubits * (_SAMPLING_FACTOR if sampling else 1))


def default_memory_limit(*, engines: int = 1) -> int:
    """Return the bytes that each of ``engines`` may use: a share of the free memory, at most 4 GiB.

    One share is left for other processes.
    """
    return min(_MAX_MEMORY_BYTES, psutil.virtual_memory().available // (engines + 1))


def _statevector_too_large(program: EngineProgram, *, sampling: bool, memory_limit_bytes: int) -> str | None:
    """Return why the state vector of a program is too large, or ``None`` if it is not."""
    width = len(program.qubits)
    if width > _MAX_STATEVECTOR_QUBITS:
        return f"a state vector of {width} qubits is too large, the maximum is {_MAX_STATEVECTOR_QUBITS}"
    needed = statevector_bytes(width, sampling=sampling)
    if needed > memory_limit_bytes:
        return (
            f"a state vector of {width} qubits needs {needed / 2**30:.2f} GiB of memory, "
            f"the limit is {memory_limit_bytes / 2**30:.2f} GiB"
        )
    return None
