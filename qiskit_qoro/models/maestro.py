"""The options of the engine for one job: :class:`MaestroConfig`.

Clients of release 0.15 and later send it instead of an :class:`~qiskit_qoro.models.config.ExecutionConfig`.
Its fields are the table of the engine's options: each has a description
(:class:`~qiskit_qoro.models.engine_options.EngineOption`) in its metadata. Four of the options are fields of
an ``ExecutionConfig`` under another name.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass, fields, replace
from enum import IntEnum
from functools import cache, cached_property, wraps
from typing import Any, TypeVar

from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import checked, integer_of, plain_of, shown
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.engine_options import (
    EngineOption,
    MemberOf,
    OptionKind,
    closest_name,
    engine_option,
    option_of,
)
from qiskit_qoro.models.loose import read_integer
from qiskit_qoro.models.noise.model import NoiseModel

__all__ = ["ENGINE_OPTIONS", "EXECUTION_FIELDS", "MaestroConfig", "engine_options_of", "read_option"]

_log = logging.getLogger(__name__)

EXECUTION_FIELDS: Mapping[str, str] = {
    "simulator_type": "simulator",
    "simulation_type": "simulation_method",
    "max_bond_dimension": "bond_dimension",
    "singular_value_threshold": "truncation_threshold",
}
"""Option of the engine to the field of an :class:`ExecutionConfig` with the same meaning."""

# The fields of an ExecutionConfig that no option of the engine corresponds to.
_DEVICE_FIELDS = ("noisy_device", "noise_scaling_factor")

_STATEVECTOR = SimulationMethod.Statevector
_MPS = SimulationMethod.MatrixProductState
_TENSOR = SimulationMethod.TensorNetwork
_PAULI = SimulationMethod.PauliPropagator
_PATHS = SimulationMethod.PathIntegral
_DENSITY = SimulationMethod.DensityMatrix
_MPO = SimulationMethod.MatrixProductOperator
_TRUNCATED = (_MPS, _MPO)
_MAX_CALLS_SHOWN = 3
_MAX_INT = 2**31 - 1
_MAX_LONG = 2**63 - 1
_SVD_SOLVERS = ("gesvd", "gesvdj", "gesvdp", "gesvdr")
_GPU = "a GPU"

_INTEGER, _NUMBER, _FLAG, _CHOICE = (
    OptionKind.INTEGER,
    OptionKind.NUMBER,
    OptionKind.FLAG,
    OptionKind.CHOICE,
)
_Class = TypeVar("_Class", bound=type)


def _refuse_unknown_options(cls: _Class) -> _Class:
    """Make the constructor of a dataclass name the closest option if it gets an unknown one."""
    construct: Callable[..., None] = cls.__init__  # type: ignore[misc]

    @wraps(construct)
    def construct_known(self: Any, *args: Any, **options: Any) -> None:
        _check_names(options)
        construct(self, *args, **options)

    cls.__init__ = construct_known  # type: ignore[misc]
    return cls


@_refuse_unknown_options
@dataclass(frozen=True, repr=False)
class MaestroConfig:
    """The options of the engine. The service chooses the value of each option that is ``None``.

    Enumerations are given by member, by name in any case, or by number::

        >>> from qiskit_qoro import MaestroConfig
        >>> config = MaestroConfig(simulation_type="MatrixProductState", max_bond_dimension=64)
        >>> config.simulation_type
        <SimulationMethod.MatrixProductState: 1>

    Pass it as ``execution_config`` to :meth:`QoroBackend.run` or to the options of a primitive.
    :doc:`/reference/engine-options` lists the range and the default of each option, and what the local
    service supports.

    Attributes:
        simulator_type: The simulator backend.
        simulation_type: The simulation method.
        max_bond_dimension: The largest bond dimension of a matrix product state or operator, 1 or more.
        singular_value_threshold: Singular values below this are dropped from a matrix product state or
            operator, at least 0 and below 1.
        seed: Makes counts repeatable, 0 to 2^64 - 1.
        noise_model: A :class:`~qiskit_qoro.models.noise.model.NoiseModel`. Its calls at this time are copied.
            Or the calls themselves, in order, each a mapping with the ``method``, and its ``args`` and
            ``kwargs`` if there are any. They are JSON values: a complex number is
            ``{"__complex__": [real, imaginary]}``, an array a nested list. The attribute is always the list.
        noise_seed: The seed of the noise; derived from ``seed`` if it is ``None``.
        noise_realizations: The number of random noise realizations to average over, 1 or more.
        truncation_mode: How ``singular_value_threshold`` is read: ``"relative_max"`` compares singular values
            with the largest one, ``"discarded_weight"`` limits the weight of all that are dropped.
        precision: ``"single"`` or ``"double"`` floating point, for GPUs.
        gpu_device: The number of the GPU.
        distributed_options: Settings of a distributed simulation.
        disable_optimized_swapping: Switch off the optimized order of qubits of a matrix product state.
        lookahead_depth: How far the optimization of the order of qubits looks ahead, -1 or more. -1 is the
            engine's default.
        mps_sampling: How shots of a matrix product state are drawn: ``"probabilities"`` or
            ``"apply_measure"``.
        mps_svd_solver: The GPU's solver for matrix product states.
        mpo_svd_solver: The GPU's solver for matrix product operators.
        tensor_network_svd_solver: The GPU's solver for tensor networks.
        mpo_kraus_completeness_check: What a matrix product operator does about Kraus operators that are not
            complete: ``"ignore"``, ``"warn"`` or ``"strict"``.
        mpo_restore_trace_after_truncation: Give a matrix product operator the trace 1 after each truncation.
        mpo_hermitize_after_truncation: Make a matrix product operator Hermitian after each truncation.
        pp_coefficient_threshold: Pauli propagation drops strings whose coefficient is at most this.
        pp_max_pauli_weight: Pauli propagation drops strings on more qubits than this.
        pp_gates_between_trims: Pauli propagation applies both limits after this many gates.
        pp_gates_between_deduplications: Pauli propagation merges equal strings after this many gates.
        path_integral_threshold: The path integral drops paths with amplitudes up to this.
        gate_fusion: Whether gates are fused.
        enable_causal_cone_reduction: Whether gates that cannot change an expectation value are left out.
        enable_observable_clustering: Whether observables on different qubits are computed separately.
        max_cluster_qubits: The largest number of qubits of such a group of observables.
        min_cluster_qubits: Groups of observables are joined up to this number of qubits.
        observable_error_tolerance: The error of an expectation value that is allowed in exact noisy channels.
        enable_sampling_reduction: Whether independent groups of measured qubits are sampled separately.
        allow_reset_marginalization: Whether a reset may be replaced by one with the same statistics.
        auto_reduce: Whether the engine looks for a smaller register with the same expectation values.
        trajectory_policy: How shots of a circuit with mid-circuit measurements are distributed:
            ``"block_v1"`` or ``"shot_v1"``.
        trajectory_max_memory_mb: The memory for shots that run at the same time, in MiB.
        max_simulators: How many simulators may run at the same time, 1 to 1024.
        mps_routing_virtual_bonds: Whether long-range gates of a matrix product state use virtual bonds.
        mps_routing_truncation_weight: The weight of the truncation error in the choice of such a route.

    Raises:
        QoroInputError: An option is unknown, has the wrong type or is out of range.
    """

    simulator_type: MemberOf[Simulator] = engine_option(  # noqa: RUF009  it returns a field
        OptionKind.SIMULATOR, "simulator backend", default="QCSim"
    )
    simulation_type: MemberOf[SimulationMethod] = engine_option(  # noqa: RUF009
        OptionKind.METHOD, "simulation method", default="Statevector"
    )
    max_bond_dimension: int | None = engine_option(
        _INTEGER, "largest bond dimension", least=1, most=_MAX_LONG, methods=_TRUNCATED
    )
    singular_value_threshold: float | None = engine_option(
        _NUMBER, "singular values below this are dropped", least=0, below=1, methods=_TRUNCATED
    )
    seed: int | None = engine_option(_INTEGER, "makes counts repeatable", least=0, most=2**64 - 1)
    noise_model: NoiseModel | Sequence[Mapping[str, Any]] | None = None
    noise_seed: int | None = None
    noise_realizations: int | None = None
    _: KW_ONLY
    truncation_mode: str | None = engine_option(
        _CHOICE,
        "how `singular_value_threshold` is read",
        choices=("relative_max", "discarded_weight"),
        methods=_TRUNCATED,
    )
    precision: str | None = engine_option(
        _CHOICE, "floating-point precision", choices=("single", "double"), needs=_GPU
    )
    gpu_device: int | None = engine_option(_INTEGER, "number of the GPU", least=0, most=_MAX_INT, needs=_GPU)
    distributed_options: Mapping[str, str] | None = engine_option(
        OptionKind.MAPPING, "settings of a distributed simulation", default={}, needs="several GPUs"
    )
    disable_optimized_swapping: bool | None = engine_option(
        _FLAG, "switch off the optimized order of qubits", default=False, methods=(_MPS,)
    )
    lookahead_depth: int | None = engine_option(
        _INTEGER,
        "how far the optimized order looks ahead",
        default=-1,
        least=-1,
        most=_MAX_INT,
        methods=(_MPS,),
    )
    mps_sampling: str | None = engine_option(
        _CHOICE,
        "how shots are drawn",
        default="probabilities",
        choices=("probabilities", "apply_measure"),
        methods=(_MPS,),
    )
    mps_svd_solver: str | None = engine_option(
        _CHOICE, "the GPU's SVD solver", choices=_SVD_SOLVERS, methods=(_MPS,), needs=_GPU
    )
    mpo_svd_solver: str | None = engine_option(
        _CHOICE, "the GPU's SVD solver", choices=_SVD_SOLVERS, methods=(_MPO,), needs=_GPU
    )
    tensor_network_svd_solver: str | None = engine_option(
        _CHOICE, "the GPU's SVD solver", choices=_SVD_SOLVERS, methods=(_TENSOR,), needs=_GPU
    )
    mpo_kraus_completeness_check: str | None = engine_option(
        _CHOICE,
        "what happens to incomplete Kraus operators",
        choices=("ignore", "warn", "strict"),
        methods=(_MPO,),
    )
    mpo_restore_trace_after_truncation: bool | None = engine_option(
        _FLAG, "restore the trace after a truncation", default=False, methods=(_MPO,)
    )
    mpo_hermitize_after_truncation: bool | None = engine_option(
        _FLAG, "restore Hermiticity after a truncation", default=False, methods=(_MPO,)
    )
    pp_coefficient_threshold: float | None = engine_option(
        _NUMBER, "strings with coefficients up to this are dropped", least=0, methods=(_PAULI,)
    )
    pp_max_pauli_weight: int | None = engine_option(
        _INTEGER, "strings on more qubits are dropped", least=0, most=_MAX_LONG, methods=(_PAULI,)
    )
    pp_gates_between_trims: int | None = engine_option(
        _INTEGER, "gates between two truncations", least=1, most=_MAX_INT, methods=(_PAULI,)
    )
    pp_gates_between_deduplications: int | None = engine_option(
        _INTEGER, "gates between two merges of equal strings", least=1, most=_MAX_INT, methods=(_PAULI,)
    )
    path_integral_threshold: float | None = engine_option(
        _NUMBER, "amplitudes up to this are dropped", least=0, methods=(_PATHS,)
    )
    gate_fusion: bool | None = engine_option(_FLAG, "fuse gates")
    enable_causal_cone_reduction: bool | None = engine_option(
        _FLAG, "leave out gates that cannot change a value", default=True
    )
    enable_observable_clustering: bool | None = engine_option(
        _FLAG, "compute observables on different qubits separately", default=True
    )
    max_cluster_qubits: int | None = engine_option(
        _INTEGER, "largest group of observables, in qubits", least=1, most=_MAX_LONG
    )
    min_cluster_qubits: int | None = engine_option(
        _INTEGER, "join groups of observables up to this width", least=1, most=_MAX_LONG
    )
    observable_error_tolerance: float | None = engine_option(
        _NUMBER,
        "error allowed in exact noisy channels",
        above=0,
        most=1,
        methods=(_DENSITY, _MPO),
    )
    enable_sampling_reduction: bool | None = engine_option(
        _FLAG, "sample independent groups of qubits separately", default=False
    )
    allow_reset_marginalization: bool | None = engine_option(
        _FLAG, "replace resets by equivalent ones", default=False
    )
    auto_reduce: bool | None = engine_option(_FLAG, "look for a smaller register", default=True)
    trajectory_policy: str | None = engine_option(
        _CHOICE,
        "how shots with mid-circuit measurements are distributed",
        choices=("block_v1", "shot_v1"),
        methods=(_STATEVECTOR, _DENSITY, _PATHS),
    )
    trajectory_max_memory_mb: int | None = engine_option(
        _INTEGER,
        "memory of shots that run at the same time, in MiB",
        least=1,
        most=2**43 - 1,
        methods=(_STATEVECTOR, _DENSITY, _PATHS),
    )
    max_simulators: int | None = engine_option(
        _INTEGER, "simulators that run at the same time", least=1, most=1024
    )
    mps_routing_virtual_bonds: bool | None = engine_option(
        _FLAG, "use virtual bonds for long-range gates", methods=_TRUNCATED
    )
    mps_routing_truncation_weight: float | None = engine_option(
        _NUMBER, "weight of the truncation error of a route", least=0, methods=_TRUNCATED
    )

    def __post_init__(self) -> None:
        for name, option in ENGINE_OPTIONS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, option.check(name, value))
        if self.noise_model is not None:
            object.__setattr__(self, "noise_model", _noise_model(self.noise_model))
        for name, least in (("noise_seed", None), ("noise_realizations", 1)):
            value = getattr(self, name)
            if value is not None:
                expected = "an integer" if least is None else f"an integer of {least} or more"
                number = checked(name, value, integer_of(value, least=least), expected)
                object.__setattr__(self, name, number)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={_code(value)}" for name, value in self._set.items())
        return f"{type(self).__name__}({values})"

    def _repr_html_(self) -> str:
        rows = [
            (name, counted(len(value), "call") if name == "noise_model" else short_text(_code(value)))
            for name, value in self._set.items()
        ]
        note = "" if rows else "Everything is left to the service."
        return Card(type(self).__name__, rows=rows, note=note).to_html()

    def __hash__(self) -> int:
        # The calls of a noise model and the distributed options are mappings, which have no hash.
        return hash(
            tuple(
                (name, len(value) if isinstance(value, list | dict) else value)
                for name, value in self._set.items()
            )
        )

    def options_set(self) -> dict[str, Any]:
        """Return the options that are not ``None``, by name."""
        return self._set.copy()

    # Computed once, because the local engine asks for it several times for each circuit.
    @cached_property
    def _set(self) -> dict[str, Any]:
        values = ((name, getattr(self, name)) for name in _names())
        return {name: value for name, value in values if value is not None}

    def override(self, **options: Any) -> MaestroConfig:
        """Return a copy with other values of some options.

        Args:
            **options: The new values by name. ``None`` leaves an option to the service again.

        Raises:
            QoroInputError: An option is unknown, has the wrong type or is out of range.
        """
        _check_names(options)
        return replace(self, **options)

    def reset(self, *names: str) -> MaestroConfig:
        """Return a copy that leaves some options to the service.

        Args:
            *names: The names of the options.

        Raises:
            QoroInputError: An option is unknown.
        """
        return self.override(**dict.fromkeys(names))

    @property
    def execution_config(self) -> ExecutionConfig:
        """The options that an :class:`ExecutionConfig` has too: only method, simulator and truncation."""
        return ExecutionConfig(**{name: getattr(self, option) for option, name in EXECUTION_FIELDS.items()})

    @staticmethod
    def from_execution_config(
        config: ExecutionConfig | None = None, *, seed: int | None = None
    ) -> MaestroConfig:
        """Convert an execution configuration, and add a seed.

        Args:
            config: The configuration, or ``None`` to set no option but the seed.
            seed: Makes counts repeatable, 0 to 2^64 - 1.

        Raises:
            QoroInputError: ``config`` sets a field that the engine's options do not include, or the seed is
                invalid.
        """
        config = config or ExecutionConfig()
        converted = replace(engine_options_of(config), seed=seed)
        # Converting back shows which fields have no counterpart.
        lost = [
            field.name
            for field in fields(config)
            if getattr(config, field.name) != getattr(converted.execution_config, field.name)
        ]
        if lost:
            raise QoroInputError(
                f"{', '.join(lost)} cannot be sent together with a seed or other options of the engine: "
                "remove one of them"
            )
        return converted

    @staticmethod
    def from_payload(data: Mapping[str, Any]) -> MaestroConfig:
        """Build the options from what :meth:`to_payload` returns, and check every value.

        Args:
            data: The payload. An option may be ``None``. Enumerations are integers.

        Raises:
            QoroInputError: An option is unknown, has the wrong type or is out of range. The message begins
                with its name.
        """
        _check_names(data)
        for name, option in ENGINE_OPTIONS.items():
            if isinstance(data.get(name), str) and option.kind is not OptionKind.CHOICE:
                raise QoroInputError(f"{name} is {shown(data[name])}, expected {option.expected}")
        return MaestroConfig(**data)

    @staticmethod
    def from_response(data: Mapping[str, Any]) -> MaestroConfig:
        """Build the options from a response of the service.

        Numbers may be text. An unknown simulator or simulation method is kept. An option that is unknown,
        cannot be read, or is out of range is left out with a warning in the log.

        Args:
            data: The ``maestro_config`` in the response.
        """
        kept: dict[str, Any] = {}
        for name, value in data.items():
            if value is None:
                continue
            try:
                _check_names([name])
                kept |= MaestroConfig(**{name: _read(name, value)}).options_set()
            except QoroInputError as error:
                _log.warning("configuration of a job: %s; it is left out", error)
        return MaestroConfig(**kept)

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON value, without the options that are ``None``. Enumerations become integers."""
        return {
            name: int(value) if isinstance(value, IntEnum) else deepcopy(value)
            for name, value in sorted(self.options_set().items())
        }

    @staticmethod
    def option_names() -> frozenset[str]:
        """The keys that :meth:`to_payload` can contain."""
        return frozenset(_names())


ENGINE_OPTIONS: Mapping[str, EngineOption] = {
    field.name: option for field in fields(MaestroConfig) if (option := option_of(field.metadata)) is not None
}
"""The options of the engine's ``SimulatorConfig`` by name. The noise is not among them."""


def engine_options_of(config: ExecutionConfig) -> MaestroConfig:
    """Return the options of the engine among the fields of an execution configuration."""
    return MaestroConfig(**{option: getattr(config, name) for option, name in EXECUTION_FIELDS.items()})


def read_option(name: str, text: str) -> Any:
    """Read the value of an option of the engine from text, as it is written on a command line.

    Args:
        name: The name of the option.
        text: The value. Enumerations are given by name or number, flags as ``true`` or ``false``, mappings as
            JSON.

    Raises:
        QoroInputError: There is no such option, or it does not take this value.
    """
    if name not in ENGINE_OPTIONS:
        _check_names([name])
        raise QoroInputError(f"{name} cannot be set on the command line, expected an option of the simulator")
    option = ENGINE_OPTIONS[name]
    return option.check(name, option.read(text))


@cache
def _names() -> tuple[str, ...]:
    return tuple(field.name for field in fields(MaestroConfig))


def _check_names(names: Collection[str]) -> None:
    """Refuse names that are not options.

    Raises:
        QoroInputError: A name is unknown. The message has the closest one.
    """
    for name in names:
        if name not in _names():
            if name in _DEVICE_FIELDS:
                raise QoroInputError(
                    f"{name!r} is a field of ExecutionConfig, not an option of the engine: use an "
                    "ExecutionConfig, or a noise_model"
                )
            # The names of an ExecutionConfig are not always similar to those of the engine.
            renamed = {field: option for option, field in EXECUTION_FIELDS.items()}
            closest = renamed.get(name) or closest_name(name, _names())
            raise QoroInputError(f"{name[:80]!r} is not an option of the engine, did you mean {closest!r}?")


def _read(name: str, value: object) -> Any:
    """Read the value of an option in a response."""
    option = ENGINE_OPTIONS.get(name)
    if option is None:
        number = read_integer(value)
        return value if number is None or name == "noise_model" else number
    readable = option.read(value)
    # Only the numbers of a response may be unknown: a caller has to pass a member.
    member = option.unknown_member(readable) if type(readable) is int else None
    return readable if member is None else member


def _code(value: object) -> str:
    """Format a value. Except for long noise models, the text is an argument of :class:`MaestroConfig`."""
    if isinstance(value, list) and len(value) > _MAX_CALLS_SHOWN:
        return f"<{len(value)} calls>"
    if not isinstance(value, IntEnum):
        return repr(value)
    known = type(value).__members__
    return repr(value.name) if value.name in known else f"{type(value).__name__}({value.value})"


def _noise_model(calls: object) -> list[dict[str, Any]]:
    """Convert the calls of a noise model to JSON values."""
    if isinstance(calls, NoiseModel):
        return calls.calls
    plain = plain_of(calls)
    if not isinstance(plain, list):
        raise QoroInputError(f"noise_model is {shown(calls)}, expected a NoiseModel or a list of calls")
    for index, call in enumerate(plain):
        if not (
            isinstance(call, dict)
            and isinstance(call.get("method"), str)
            and isinstance(call.get("args", []), list)
            and isinstance(call.get("kwargs", {}), dict)
        ):
            raise QoroInputError(
                f"noise_model[{index}] is {shown(call)}, expected a mapping with method, a text, and "
                "optionally args, a list, and kwargs, a mapping"
            )
    try:
        json.dumps(plain, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise QoroInputError(f"noise_model: expected JSON values: {error}") from error
    return plain
