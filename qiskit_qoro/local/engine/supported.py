"""Check that the local engine supports the options of a job.

The service refuses everything that would crash the engine, and everything that the engine would silently
ignore or replace by something else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.analysis.costs import density_matrix_bytes
from qiskit_qoro.models.config import API_META_KEYS, ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import ENGINE_OPTIONS, EXECUTION_FIELDS, MaestroConfig, engine_options_of

__all__ = [
    "SUPPORTED_METHODS",
    "Accelerators",
    "check_config",
    "check_density_matrix",
    "check_options",
    "methods_of",
    "name_of",
    "requested_method",
]

Accelerators = Callable[[], Collection[Simulator]]
"""Returns the simulators that the engine in the workers reports beside those on the CPU."""


_ALL = frozenset(SimulationMethod)
_NOT_ON_AER = frozenset(
    {
        SimulationMethod.PauliPropagator,
        SimulationMethod.ExtendedStabilizer,
        SimulationMethod.PathIntegral,
        SimulationMethod.MatrixProductOperator,
    }
)

# Every pair was run on qoro-maestro 0.3.8 without a GPU, on a general program, a Clifford program and one
# with mid-circuit measurements, and compared with Qiskit's Statevector. These pairs are left out:
# - PauliPropagator, PathIntegral and MatrixProductOperator on QiskitAer, and all methods but the state vector
#   on the composites: the engine refuses them.
# - ExtendedStabilizer on QiskitAer: sampling hangs, and expectation values are off by 0.07 on 4 qubits.
# - GpuSim: without a GPU the engine silently runs QCSim with a method of its own choice.
# - QuestSim, DistributedGpu and DistributedMpiGpu need libraries that the engine's package does not have.
# The last four run only if the engine in a worker reports that it has what they need. They are untested.
SUPPORTED_METHODS: Mapping[Simulator, frozenset[SimulationMethod]] = {
    Simulator.QiskitAer: _ALL - _NOT_ON_AER,
    Simulator.QCSim: _ALL,
    Simulator.CompositeQiskitAer: frozenset({SimulationMethod.Statevector}),
    Simulator.CompositeQCSim: frozenset({SimulationMethod.Statevector}),
    Simulator.GpuSim: frozenset(),
    Simulator.QuestSim: frozenset(),
    Simulator.DistributedGpu: frozenset(),
    Simulator.DistributedMpiGpu: frozenset(),
}
"""The methods of each simulator that give correct results."""

# The methods of each option that does not concern all methods.
_METHODS = {name: option.methods for name, option in ENGINE_OPTIONS.items() if option.methods}

# The simulators that have what an option needs.
_ACCELERATORS: Mapping[str, tuple[Simulator, ...]] = {
    "a GPU": (Simulator.GpuSim, Simulator.DistributedGpu),
    "several GPUs": (Simulator.DistributedGpu,),
}

_SIMULATORS_WITHOUT_SEED = (Simulator.CompositeQiskitAer, Simulator.CompositeQCSim)


def check_config(config: ExecutionConfig, accelerators: Accelerators = tuple) -> None:
    """Check that the local engine supports an execution configuration.

    Args:
        config: The configuration of a job that samples or computes expectation values.
        accelerators: As for :func:`check_options`.

    Raises:
        QoroInputError: The engine does not support the value of a field. The message says which values it
            supports.
    """
    # Only the service checks configurations. Workers import noise with the first task that has any.
    from qiskit_qoro.local.engine.noise import check_noise  # noqa: PLC0415

    check_noise(config)
    _check(engine_options_of(config), EXECUTION_FIELDS, accelerators)
    unknown = sorted(set(config.api_meta or ()) - API_META_KEYS)
    if unknown:
        raise QoroInputError(
            f"api_meta has the unknown key {unknown[0]!r}, expected keys among "
            + ", ".join(sorted(API_META_KEYS))
        )


def check_options(options: MaestroConfig, accelerators: Accelerators = tuple) -> None:
    """Check that the local engine supports the options of a job on a simulator.

    Args:
        options: The options.
        accelerators: Called if the options need more than a CPU.

    Raises:
        QoroInputError: The engine does not support the value of an option. The message names the option.
    """
    _check(options, {}, accelerators)


def requested_method(options: MaestroConfig) -> SimulationMethod | None:
    """Return the method that the options ask for, or ``None`` if they leave the choice open.

    An option that concerns some methods only asks for the first of them. For example, a bond dimension
    without a method means a matrix product state.
    """
    if options.simulation_type is not None:
        return options.simulation_type
    concerned = [methods for methods in _methods_concerned(options).values() if methods]
    common = [
        method
        for method in (concerned[0] if concerned else ())
        if all(method in methods for methods in concerned)
    ]
    # Without a common method, `check_options` has refused the options.
    return common[0] if common else None


def check_density_matrix(num_qubits: int, memory_limit_bytes: int) -> None:
    """Check that a density matrix fits in memory.

    Raises:
        QoroInputError: It does not. The message says how much memory it needs.
    """
    needed = density_matrix_bytes(num_qubits)
    if needed > memory_limit_bytes:
        raise QoroInputError(
            f"a density matrix of {num_qubits} qubits needs {needed / 2**30:.2f} GiB of memory, the limit is "
            f"{memory_limit_bytes / 2**30:.2f} GiB: use simulation_type "
            f"{name_of(SimulationMethod.MatrixProductOperator)} or none"
        )


def name_of(member: Simulator | SimulationMethod | None) -> str:
    """Return the name and the number of a member for a message."""
    return "none" if member is None else f"{member.name} ({member.value})"


def methods_of(simulator: Simulator) -> frozenset[SimulationMethod]:
    """Return the methods of a simulator that :func:`check_options` accepts."""
    # The methods of an accelerator are untested, so the engine itself has to refuse those that it lacks.
    return SUPPORTED_METHODS[simulator] or _ALL


def _check(options: MaestroConfig, names: Mapping[str, str], accelerators: Accelerators) -> None:
    """Check options. ``names`` has the names that the user knows some of them by."""
    _check_hardware(options, accelerators)
    _check_pair(options, accelerators)
    _check_methods(options, names)
    simulator = options.simulator_type
    if options.seed is not None and simulator in _SIMULATORS_WITHOUT_SEED:
        raise QoroInputError(
            f"seed: the simulator {name_of(simulator)} ignores seeds: leave out seed or "
            f"simulator_type, or use {name_of(Simulator.QCSim)}"
        )
    if options.auto_reduce and options.simulation_type is SimulationMethod.Stabilizer:
        raise QoroInputError(
            f"auto_reduce fails with some circuits of the simulation_type "
            f"{name_of(SimulationMethod.Stabilizer)}: leave out one of them"
        )
    if options.truncation_mode == "relative_max" and simulator is Simulator.QiskitAer:
        raise QoroInputError(
            f"truncation_mode 'relative_max': the simulator {name_of(simulator)} supports only "
            f"'discarded_weight': leave out one of them, or use {name_of(Simulator.QCSim)}"
        )
    least, most = options.min_cluster_qubits, options.max_cluster_qubits
    if least is not None and most is not None and least > most:
        raise QoroInputError(
            f"min_cluster_qubits is {least}, expected at most max_cluster_qubits, which is {most}"
        )


def _check_hardware(options: MaestroConfig, accelerators: Accelerators) -> None:
    for name, value in options.options_set().items():
        needs = None if name not in ENGINE_OPTIONS else ENGINE_OPTIONS[name].needs
        # Every simulator on a CPU computes with double precision, and an empty mapping sets nothing.
        if needs is None or (name, value) == ("precision", "double") or value == {}:
            continue
        available = set(_ACCELERATORS[needs]).intersection(accelerators())
        if not available:
            raise QoroInputError(f"{name} needs {needs}, which this service does not have: leave it out")
        if options.simulator_type not in available:
            raise QoroInputError(
                f"{name} needs {needs}: set simulator_type to {name_of(min(available))}, or leave it out"
            )


def _check_pair(options: MaestroConfig, accelerators: Accelerators) -> None:
    simulator = options.simulator_type
    if simulator is None:
        return
    supported = methods_of(simulator)
    if not SUPPORTED_METHODS[simulator] and simulator not in accelerators():
        available = ", ".join(name_of(each) for each, methods in SUPPORTED_METHODS.items() if methods)
        raise QoroInputError(
            f"simulator_type {name_of(simulator)} is not available, expected one of {available}"
        )
    method = requested_method(options)
    if method is not None and method not in supported:
        raise QoroInputError(
            f"simulator_type {name_of(simulator)} does not support the method {name_of(method)}, "
            f"expected a simulation_type among {_names_of(sorted(supported), ', ')}"
        )


def _check_methods(options: MaestroConfig, names: Mapping[str, str]) -> None:
    """Check that the options concern the method that runs."""
    earlier: dict[str, tuple[SimulationMethod, ...]] = {}
    for option, methods in _methods_concerned(options).items():
        name, needed = names.get(option, option), _names_of(methods, " or ")
        if options.simulation_type is not None and options.simulation_type not in methods:
            raise QoroInputError(
                f"{name} needs the simulation_type {needed}, got {name_of(options.simulation_type)}: "
                "leave out one of them"
            )
        for other, others in earlier.items():
            if not set(methods) & set(others):
                raise QoroInputError(
                    f"{name} needs the simulation_type {needed}, and {other} needs "
                    f"{_names_of(others, ' or ')}: leave out one of them"
                )
        earlier[name] = methods


def _methods_concerned(options: MaestroConfig) -> dict[str, tuple[SimulationMethod, ...]]:
    """Return the methods of each option that is set and does not concern all methods."""
    return {name: _METHODS[name] for name in options.options_set() if name in _METHODS}


def _names_of(methods: Collection[SimulationMethod], separator: str) -> str:
    return separator.join(name_of(method) for method in methods)
