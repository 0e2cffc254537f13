"""Which simulator and which method: what the engine can do, and the choice where the user leaves it open.

The state vector is exact and the fastest while it fits in memory. Beyond that, Clifford circuits go to
the stabilizer simulator, and everything else becomes a matrix product state. Nothing that the engine
would silently replace by something else, or that would bring it down, gets past this module.
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
    "SUPPORTED",
    "check_config",
    "check_maestro_config",
    "choose_method",
    "default_memory_limit",
    "statevector_bytes",
]

_ALL = frozenset(SimulationMethod)
_EXACT_AER = _ALL - {SimulationMethod.PauliPropagator, SimulationMethod.ExtendedStabilizer}

# Every pair was run on qoro-maestro 0.3.8 without a GPU, with a general, a Clifford and a mid-circuit
# program, and compared to Qiskit's Statevector. Left out: PauliPropagator on QiskitAer and all but
# state vectors on the composites (the engine refuses them); ExtendedStabilizer on QiskitAer (sampling
# hangs and expectation values are off by 0.07 on 4 qubits); GpuSim (without a GPU the engine silently
# runs QCSim, with a method of its own choice).
SUPPORTED: Mapping[Simulator, frozenset[SimulationMethod]] = {
    Simulator.QiskitAer: _EXACT_AER,
    Simulator.QCSim: _ALL,
    Simulator.CompositeQiskitAer: frozenset({SimulationMethod.Statevector}),
    Simulator.CompositeQCSim: frozenset({SimulationMethod.Statevector}),
    Simulator.GpuSim: frozenset(),
}
"""The methods of each simulator that give right answers here."""

_WIDEST_STATEVECTOR = 30  # qubits; from 31 on the engine fails at once, from 64 on it crashes
_BYTES_PER_AMPLITUDE = 16
_SAMPLING_FACTOR = 3.5  # measured: the state, its probabilities and the alias table
_MOST_MEMORY = 4 * 2**30
_TAKES_TRUNCATION = (None, SimulationMethod.MatrixProductState)
_NEVER_REPEATS = (Simulator.CompositeQiskitAer, Simulator.CompositeQCSim)


def check_config(config: ExecutionConfig) -> None:
    """Refuse what the local engine cannot honour.

    Args:
        config: The configuration of a job, whether it samples or computes expectation values.

    Raises:
        QoroInputError: A field asks for something that the engine cannot do; the message says what is
            possible.
    """
    check_noise(config)
    _check_pair(config)
    method = config.simulation_method
    for name in ("bond_dimension", "truncation_threshold"):
        if getattr(config, name) is not None and method not in _TAKES_TRUNCATION:
            raise QoroInputError(_misplaced(name, method))
    unknown = sorted(set(config.api_meta or ()) - API_META_KEYS)
    if unknown:
        raise QoroInputError(
            f"api_meta has the unknown key {unknown[0]!r}, expected keys among "
            + ", ".join(sorted(API_META_KEYS))
        )


def check_maestro_config(config: MaestroConfig) -> None:
    """Refuse options that the local engine cannot honour.

    Args:
        config: The options of a job on a simulator.

    Raises:
        QoroInputError: An option asks for something that the engine cannot do; the message names it.
    """
    if config.seed is not None and config.simulator_type in _NEVER_REPEATS:
        raise QoroInputError(
            f"seed: the simulator {_name(config.simulator_type)} never repeats its counts, drop one of "
            f"seed and simulator_type or use {_name(Simulator.QCSim)}"
        )
    for option in ("max_bond_dimension", "singular_value_threshold"):
        if getattr(config, option) is not None and config.simulation_type not in _TAKES_TRUNCATION:
            raise QoroInputError(_misplaced(option, config.simulation_type))
    check_config(config.execution_config)


def _misplaced(option: str, method: SimulationMethod | None) -> str:
    return (
        f"{option} belongs to the method {_name(SimulationMethod.MatrixProductState)}, "
        f"simulation_type is {_name(method)}: drop one of them"
    )


def _check_pair(config: ExecutionConfig) -> None:
    if config.simulator is None:
        return
    possible = SUPPORTED[config.simulator]
    if not possible:
        able = ", ".join(_name(simulator) for simulator, methods in SUPPORTED.items() if methods)
        raise QoroInputError(
            f"simulator_type {_name(config.simulator)} is not available here, expected one of {able}"
        )
    asked = _asked_method(config)
    if asked is not None and asked not in possible:
        able = ", ".join(_name(method) for method in sorted(possible))
        raise QoroInputError(
            f"simulator_type {_name(config.simulator)} cannot run the method {_name(asked)}, "
            f"expected a simulation_type among {able}"
        )


def choose_method(
    program: EngineProgram, config: ExecutionConfig, *, sampling: bool, memory_limit_bytes: int
) -> tuple[Simulator, SimulationMethod]:
    """The simulator and the method for a program.

    A bond dimension or a truncation threshold without a method asks for a matrix product state.

    Args:
        program: What is to be run.
        config: What the user asks for, already through :func:`check_config`.
        sampling: Whether the program is sampled; expectation values need less memory.
        memory_limit_bytes: The most memory that a state vector may take.

    Raises:
        QoroInputError: The method that the user asks for cannot run this program.
    """
    simulator = Simulator.QCSim if config.simulator is None else config.simulator
    method = _asked_method(config)
    too_big = _too_big(program, sampling=sampling, memory_limit_bytes=memory_limit_bytes)
    alternative = SimulationMethod.MatrixProductState if program.non_clifford else SimulationMethod.Stabilizer
    if method is None:
        method = alternative if too_big else SimulationMethod.Statevector
    if method not in SUPPORTED[simulator] or (method is SimulationMethod.Statevector and too_big):
        raise QoroInputError(
            f"{too_big}: use simulation_type {_name(alternative)}, on the simulator {_name(Simulator.QCSim)} "
            "or none named"
        )
    if method is SimulationMethod.Stabilizer and program.non_clifford:
        raise QoroInputError(
            f"simulation_type {_name(method)} runs Clifford gates only and the circuit contains "
            f"{program.non_clifford}: use {_name(SimulationMethod.MatrixProductState)} or name none"
        )
    return simulator, method


def statevector_bytes(num_qubits: int, *, sampling: bool) -> int:
    """The memory that the engine takes for a state vector, in bytes."""
    return int(_BYTES_PER_AMPLITUDE * 2**num_qubits * (_SAMPLING_FACTOR if sampling else 1))


def default_memory_limit(*, engines: int = 1) -> int:
    """Bytes that each of ``engines`` may take: a share of what is free now, at most 4 GiB.

    One share is left to everybody else.
    """
    return min(_MOST_MEMORY, psutil.virtual_memory().available // (engines + 1))


def _too_big(program: EngineProgram, *, sampling: bool, memory_limit_bytes: int) -> str | None:
    width = len(program.qubits)
    if width > _WIDEST_STATEVECTOR:
        return f"a state vector of {width} qubits is not possible, at most {_WIDEST_STATEVECTOR}"
    needed = statevector_bytes(width, sampling=sampling)
    if needed > memory_limit_bytes:
        return (
            f"a state vector of {width} qubits takes {needed / 2**30:.2f} GiB of memory, "
            f"{memory_limit_bytes / 2**30:.2f} GiB are allowed"
        )
    return None


def _asked_method(config: ExecutionConfig) -> SimulationMethod | None:
    if config.simulation_method is not None:
        return config.simulation_method
    if config.bond_dimension is None and config.truncation_threshold is None:
        return None
    return SimulationMethod.MatrixProductState


def _name(member: Simulator | SimulationMethod | None) -> str:
    return "none" if member is None else f"{member.name} ({member.value})"
