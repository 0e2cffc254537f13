"""Check that the local engine supports the options of a job.

The service refuses everything that would crash the engine, and everything that the engine would silently
replace by something else.
"""

from __future__ import annotations

from collections.abc import Mapping

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.noise import check_noise
from qiskit_qoro.models.config import API_META_KEYS, ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import EXECUTION_FIELDS, MaestroConfig

__all__ = [
    "SUPPORTED_METHODS",
    "check_config",
    "check_options",
    "engine_options",
    "name_of",
    "requested_method",
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
    _check(engine_options(config), EXECUTION_FIELDS)
    unknown = sorted(set(config.api_meta or ()) - API_META_KEYS)
    if unknown:
        raise QoroInputError(
            f"api_meta has the unknown key {unknown[0]!r}, expected keys among "
            + ", ".join(sorted(API_META_KEYS))
        )


def check_options(options: MaestroConfig) -> None:
    """Check that the local engine supports the options of a job on a simulator.

    Args:
        options: The options.

    Raises:
        QoroInputError: The engine does not support the value of an option. The message names the option.
    """
    _check(options, {})


def engine_options(config: ExecutionConfig) -> MaestroConfig:
    """Return the options of the engine among the fields of an execution configuration."""
    return MaestroConfig(**{option: getattr(config, name) for option, name in EXECUTION_FIELDS.items()})


def requested_method(options: MaestroConfig) -> SimulationMethod | None:
    """Return the method that the options ask for, or ``None`` if they leave the choice open.

    A bond dimension or a truncation threshold without a method means a matrix product state.
    """
    if options.simulation_type is not None:
        return options.simulation_type
    if options.max_bond_dimension is None and options.singular_value_threshold is None:
        return None
    return SimulationMethod.MatrixProductState


def name_of(member: Simulator | SimulationMethod | None) -> str:
    """Return the name and the number of a member for a message."""
    return "none" if member is None else f"{member.name} ({member.value})"


def _check(options: MaestroConfig, names: Mapping[str, str]) -> None:
    """Check options. ``names`` has the names that the user knows some of them by."""
    _check_pair(options)
    for option in ("max_bond_dimension", "singular_value_threshold"):
        method = options.simulation_type
        if getattr(options, option) is not None and method not in _METHODS_WITH_TRUNCATION:
            needed = name_of(SimulationMethod.MatrixProductState)
            raise QoroInputError(
                f"{names.get(option, option)} needs the simulation_type {needed}, got {name_of(method)}: "
                "leave out one of them"
            )
    if options.seed is not None and options.simulator_type in _SIMULATORS_WITHOUT_SEED:
        raise QoroInputError(
            f"seed: the simulator {name_of(options.simulator_type)} ignores seeds: leave out seed or "
            f"simulator_type, or use {name_of(Simulator.QCSim)}"
        )


def _check_pair(options: MaestroConfig) -> None:
    simulator = options.simulator_type
    if simulator is None:
        return
    supported = SUPPORTED_METHODS[simulator]
    if not supported:
        available = ", ".join(name_of(each) for each, methods in SUPPORTED_METHODS.items() if methods)
        raise QoroInputError(
            f"simulator_type {name_of(simulator)} is not available, expected one of {available}"
        )
    method = requested_method(options)
    if method is not None and method not in supported:
        available = ", ".join(name_of(each) for each in sorted(supported))
        raise QoroInputError(
            f"simulator_type {name_of(simulator)} does not support the method {name_of(method)}, "
            f"expected a simulation_type among {available}"
        )
