"""Check the requested simulation method, and choose one if the user requests none.

The state vector is exact, and it is the fastest method as long as it fits in memory. For larger programs,
Clifford circuits run on the stabilizer simulator, and others as a matrix product state. This module refuses
everything that would crash the engine, and everything that the engine would silently replace by something
else.
"""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.noise import check_noise
from qiskit_qoro.local.engine.program import EngineProgram
from qiskit_qoro.models.config import API_META_KEYS, ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig

__all__ = [
    "SUPPORTED_METHODS",
    "check_config",
    "check_maestro_config",
    "choose_method",
    "default_memory_limit",
    "statevector_bytes",
]

_ALL = frozenset(SimulationMethod)
_EXACT_AER = _ALL - {SimulationMethod.PauliPropagator, SimulationMethod.ExtendedStabilizer}

# Every pair was run on qoro-maestro 0.3.8 without a GPU, on a general program, a Clifford program and one
# with mid-circuit measurements, and compared with Qiskit's Statevector. These pairs are left out:
# - PauliPropagator on QiskitAer, and all methods but the state vector on the composites: the engine refuses
#   them.
# - ExtendedStabilizer on QiskitAer: sampling hangs, and expectation values are off by 0.07 on 4 qubits.
# - GpuSim: without a GPU the engine silently runs QCSim with a method of its own choice.
SUPPORTED_METHODS: Mapping[Simulator, frozenset[SimulationMethod]] = {
    Simulator.QiskitAer: _EXACT_AER,
    Simulator.QCSim: _ALL,
    Simulator.CompositeQiskitAer: frozenset({SimulationMethod.Statevector}),
    Simulator.CompositeQCSim: frozenset({SimulationMethod.Statevector}),
    Simulator.GpuSim: frozenset(),
}
"""The methods of each simulator that give correct results."""

# With 31 qubits or more the engine raises MemoryError, with 64 or more it crashes.
_MAX_STATEVECTOR_QUBITS = 30
_BYTES_PER_AMPLITUDE = 16

# Measured. Sampling needs the state, its probabilities and the alias table.
_SAMPLING_FACTOR = 3.5

_MAX_MEMORY_BYTES = 4 * 2**30
_METHODS_WITH_TRUNCATION = (None, SimulationMethod.MatrixProductState)
_SIMULATORS_WITHOUT_SEED = (Simulator.CompositeQiskitAer, Simulator.CompositeQCSim)


def check_config(config: ExecutionConfig) -> None:
    """Check that the local engine supports an execution configuration.

    Args:
        config: The configuration of a job that samples or computes expectation values.

    Raises:
        QoroInputError: The engine does not support the value of a field. The message says which values it
            supports.
    """
    check_noise(config)
    _check_pair(config)
    method = config.simulation_method
    for name in ("bond_dimension", "truncation_threshold"):
        if getattr(config, name) is not None and method not in _METHODS_WITH_TRUNCATION:
            raise QoroInputError(_truncation_error(name, method))
    unknown = sorted(set(config.api_meta or ()) - API_META_KEYS)
    if unknown:
        raise QoroInputError(
            f"api_meta has the unknown key {unknown[0]!r}, expected keys among "
            + ", ".join(sorted(API_META_KEYS))
        )


def check_maestro_config(config: MaestroConfig) -> None:
    """Check that the local engine supports the options of a job on a simulator.

    Args:
        config: The options.

    Raises:
        QoroInputError: The engine does not support the value of an option. The message names the option.
    """
    if config.seed is not None and config.simulator_type in _SIMULATORS_WITHOUT_SEED:
        raise QoroInputError(
            f"seed: the simulator {_name(config.simulator_type)} ignores seeds: leave out seed or "
            f"simulator_type, or use {_name(Simulator.QCSim)}"
        )
    for option in ("max_bond_dimension", "singular_value_threshold"):
        if getattr(config, option) is not None and config.simulation_type not in _METHODS_WITH_TRUNCATION:
            raise QoroInputError(_truncation_error(option, config.simulation_type))
    check_config(config.execution_config)


def _truncation_error(option: str, method: SimulationMethod | None) -> str:
    return (
        f"{option} needs the simulation_type {_name(SimulationMethod.MatrixProductState)}, "
        f"got {_name(method)}: leave out one of them"
    )


def _check_pair(config: ExecutionConfig) -> None:
    if config.simulator is None:
        return
    supported = SUPPORTED_METHODS[config.simulator]
    if not supported:
        available = ", ".join(_name(simulator) for simulator, methods in SUPPORTED_METHODS.items() if methods)
        raise QoroInputError(
            f"simulator_type {_name(config.simulator)} is not available, expected one of {available}"
        )
    requested = _requested_method(config)
    if requested is not None and requested not in supported:
        available = ", ".join(_name(method) for method in sorted(supported))
        raise QoroInputError(
            f"simulator_type {_name(config.simulator)} does not support the method {_name(requested)}, "
            f"expected a simulation_type among {available}"
        )


def choose_method(
    program: EngineProgram, config: ExecutionConfig, *, sampling: bool, memory_limit_bytes: int
) -> tuple[Simulator, SimulationMethod]:
    """Choose the simulator and the method for a program.

    A bond dimension or a truncation threshold without a method means a matrix product state.

    Args:
        program: The program to run.
        config: The user's configuration. :func:`check_config` has accepted it.
        sampling: Whether the program is sampled. Expectation values need less memory.
        memory_limit_bytes: The maximum memory of a state vector.

    Raises:
        QoroInputError: The requested method cannot run this program.
    """
    simulator = Simulator.QCSim if config.simulator is None else config.simulator
    method = _requested_method(config)
    too_large = _statevector_too_large(program, sampling=sampling, memory_limit_bytes=memory_limit_bytes)
    alternative = SimulationMethod.MatrixProductState if program.non_clifford else SimulationMethod.Stabilizer
    if method is None:
        method = alternative if too_large else SimulationMethod.Statevector
    if method not in SUPPORTED_METHODS[simulator] or (method is SimulationMethod.Statevector and too_large):
        raise QoroInputError(
            f"{too_large}: use simulation_type {_name(alternative)}, "
            f"with simulator_type {_name(Simulator.QCSim)} or none"
        )
    if method is SimulationMethod.Stabilizer and program.non_clifford:
        raise QoroInputError(
            f"simulation_type {_name(method)} runs only Clifford gates, and the circuit contains "
            f"{program.non_clifford}: use {_name(SimulationMethod.MatrixProductState)} or none"
        )
    return simulator, method


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


def _requested_method(config: ExecutionConfig) -> SimulationMethod | None:
    if config.simulation_method is not None:
        return config.simulation_method
    if config.bond_dimension is None and config.truncation_threshold is None:
        return None
    return SimulationMethod.MatrixProductState


def _name(member: Simulator | SimulationMethod | None) -> str:
    return "none" if member is None else f"{member.name} ({member.value})"
