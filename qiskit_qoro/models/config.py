"""The configuration of a job: :class:`ExecutionConfig` for the engine, :class:`JobConfig` for the service."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from numbers import Integral, Real
from typing import Any, TypeVar

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = [
    "API_META_KEYS",
    "DEFAULT_SHOTS",
    "DEFAULT_SIMULATOR_CLUSTER",
    "ExecutionConfig",
    "JobConfig",
    "SimulationMethod",
    "Simulator",
]

DEFAULT_SHOTS = 1024
"""The default number of shots per circuit, as in Qiskit."""

DEFAULT_SIMULATOR_CLUSTER = "qoro_maestro"
"""The target of jobs that do not name one."""

_SURROGATE = re.compile("[\ud800-\udfff]")
"""A lone surrogate, which UTF-8 cannot encode."""


class Simulator(IntEnum):
    """The simulator that runs a job. The value is the number in wire format."""

    QiskitAer = 0
    QCSim = 1
    CompositeQiskitAer = 2
    CompositeQCSim = 3
    GpuSim = 4


class SimulationMethod(IntEnum):
    """How the simulator represents the state. The value is the number in wire format."""

    Statevector = 0
    MatrixProductState = 1
    Stabilizer = 2
    TensorNetwork = 3
    PauliPropagator = 4
    ExtendedStabilizer = 5


@dataclass(frozen=True)
class ExecutionConfig:
    """How the engine executes a job. The service chooses the value of each field that is ``None``.

    Attributes:
        bond_dimension: The largest bond dimension of a matrix product state, 1 or more.
        truncation_threshold: Singular values below this are dropped from a matrix product state,
            at least 0 and below 1.
        simulator: The simulator backend.
        simulation_method: The simulation method.
        api_meta: Settings that are passed on to the runtime: ``optimization_level``, ``resilience_level``,
            ``max_execution_time`` (seconds) and ``transpilation_seed`` are integers, ``layout_method`` and
            ``routing_method`` are text, ``approximation_degree`` is a number. The service refuses unknown
            keys.
        noisy_device: A device whose noise is simulated, for example ``ibm_fake_fez``.
        noise_realizations: The number of random noise realizations to average over, 1 or more.
        noise_scaling_factor: A factor for the strength of the noise, 0 to 1.

    Raises:
        QoroInputError: A field has the wrong type or is out of range.
    """

    bond_dimension: int | None = None
    truncation_threshold: float | None = None
    simulator: Simulator | None = None
    simulation_method: SimulationMethod | None = None
    api_meta: dict[str, Any] | None = None
    noisy_device: str | None = None
    noise_realizations: int | None = None
    noise_scaling_factor: float | None = None

    def __post_init__(self) -> None:
        for name, (accepts, convert, expected) in _FIELDS.items():
            value = getattr(self, name)
            if value is None:
                continue
            if not accepts(value):
                raise QoroInputError(f"{name} is {value!r}, expected {expected}")
            object.__setattr__(self, name, convert(value))

    def override(self, other: ExecutionConfig) -> ExecutionConfig:
        """Return a copy of this configuration with the fields that ``other`` sets."""
        return replace(self, **other._fields_set())

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON value, without the fields that are ``None``. Enumerations become integers."""
        return {
            _WIRE_NAMES.get(name, name): int(value) if isinstance(value, IntEnum) else deepcopy(value)
            for name, value in self._fields_set().items()
        }

    @staticmethod
    def from_response(data: Mapping[str, Any]) -> ExecutionConfig:
        """Build the configuration from a response of the service.

        Args:
            data: The ``execution_configuration`` in the response. Unknown keys are ignored.

        Raises:
            QoroInputError: A value has the wrong type or is out of range.
        """
        names = [field.name for field in fields(ExecutionConfig)]
        try:
            return ExecutionConfig(**{name: data.get(_WIRE_NAMES.get(name, name)) for name in names})
        except QoroInputError as error:
            # The message begins with the name of the field. Replace it by the name that the field has in the
            # response.
            name, _, fault = error.message.partition(" ")
            raise QoroInputError(f"{_WIRE_NAMES.get(name, name)} {fault}") from error

    @staticmethod
    def wire_names() -> frozenset[str]:
        """The keys that :meth:`to_payload` can contain."""
        return frozenset(_WIRE_NAMES.get(field.name, field.name) for field in fields(ExecutionConfig))

    def _fields_set(self) -> dict[str, Any]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


_WIRE_NAMES = {"simulator": "simulator_type", "simulation_method": "simulation_type"}


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def _is_member(enumeration: type[IntEnum]) -> Callable[[Any], bool]:
    return lambda value: _is_integer(value) and value in set(enumeration)


def _members(enumeration: type[IntEnum]) -> str:
    return f"one of {enumeration.__name__}: " + ", ".join(
        f"{item.name} ({item.value})" for item in enumeration
    )


_META_TYPES: dict[str, tuple[Callable[[object], bool], str]] = {
    "optimization_level": (_is_integer, "an integer"),
    "resilience_level": (_is_integer, "an integer"),
    "max_execution_time": (_is_integer, "an integer (seconds)"),
    "transpilation_seed": (_is_integer, "an integer"),
    "layout_method": (lambda value: isinstance(value, str), "text"),
    "routing_method": (lambda value: isinstance(value, str), "text"),
    "approximation_degree": (_is_number, "a number"),
}

API_META_KEYS = frozenset(_META_TYPES)
"""The keys of ``api_meta`` that are known to the service."""


def _is_meta(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    for key, item in value.items():
        accepts, expected = _META_TYPES.get(key, (lambda _: True, ""))
        if not accepts(item):
            raise QoroInputError(f"api_meta[{key!r}] is {item!r}, expected {expected}")
    return all(isinstance(key, str) for key in value)


# For each field: a check, a conversion to the stored type, and a description of valid values for errors.
_FIELDS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Any], str]] = {
    "bond_dimension": (lambda v: _is_integer(v) and v >= 1, int, "an integer of 1 or more"),
    "truncation_threshold": (
        lambda v: _is_number(v) and 0 <= v < 1,
        float,
        "a number of at least 0 and below 1",
    ),
    "simulator": (_is_member(Simulator), Simulator, _members(Simulator)),
    "simulation_method": (_is_member(SimulationMethod), SimulationMethod, _members(SimulationMethod)),
    "api_meta": (_is_meta, lambda value: deepcopy(dict(value)), "a mapping from text to settings"),
    "noisy_device": (lambda v: isinstance(v, str) and bool(v), str, "the name of a device"),
    "noise_realizations": (lambda v: _is_integer(v) and v >= 1, int, "an integer of 1 or more"),
    "noise_scaling_factor": (
        lambda v: _is_number(v) and 0 <= v <= 1,
        float,
        "a number from 0 to 1",
    ),
}


@dataclass(frozen=True)
class JobConfig:
    """The settings of a job: its target, its shots and its tag.

    Attributes:
        shots: Shots per circuit, 1 or more, or ``None`` for the default.
        simulator_cluster: The simulator cluster to run on, as a value or by name.
        qpu_system: The QPU system to run on, as a value or by name. It excludes ``simulator_cluster``.
        use_circuit_packing: Whether the service may run several circuits at once on one QPU.
        tag: A name for the job, for the user's own use.
        force_sampling: Whether expectation values are sampled even if the target can compute them.

    Raises:
        QoroInputError: A field has the wrong type or is out of range, or there are two targets.
    """

    shots: int | None = None
    simulator_cluster: SimulatorCluster | None = None
    qpu_system: QPUSystem | None = None
    use_circuit_packing: bool | None = None
    tag: str = "default"
    force_sampling: bool = False

    # Written by hand, because a target may also be given by name: its parameter has another type than its
    # field.
    def __init__(
        self,
        shots: int | None = None,
        simulator_cluster: SimulatorCluster | str | None = None,
        qpu_system: QPUSystem | str | None = None,
        use_circuit_packing: bool | None = None,
        tag: str = "default",
        force_sampling: bool = False,
    ) -> None:
        if shots is not None and not (_is_integer(shots) and shots >= 1):
            raise QoroInputError(f"shots is {shots!r}, expected an integer of 1 or more")
        if simulator_cluster is not None and qpu_system is not None:
            raise QoroInputError(
                "simulator_cluster and qpu_system are both set, expected one target: remove one of them"
            )
        if use_circuit_packing is not None and not isinstance(use_circuit_packing, bool):
            raise QoroInputError(f"use_circuit_packing is {use_circuit_packing!r}, expected True or False")
        if not isinstance(tag, str) or _SURROGATE.search(tag):
            raise QoroInputError(f"tag is {tag!r}, expected text that UTF-8 can encode")
        if not isinstance(force_sampling, bool):
            raise QoroInputError(f"force_sampling is {force_sampling!r}, expected True or False")
        values = {
            "shots": None if shots is None else int(shots),
            "simulator_cluster": _target("simulator_cluster", simulator_cluster, SimulatorCluster),
            "qpu_system": _target("qpu_system", qpu_system, QPUSystem),
            "use_circuit_packing": use_circuit_packing,
            "tag": tag,
            "force_sampling": force_sampling,
        }
        # A frozen dataclass does not allow plain assignments, not even in its constructor.
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def override(self, other: JobConfig) -> JobConfig:
        """Return a copy of this configuration with the fields that ``other`` sets.

        A field is set if it differs from its default. A target replaces a target of either kind.
        """
        changes = {
            field.name: getattr(other, field.name)
            for field in fields(other)
            if getattr(other, field.name) != field.default
        }
        # Both kinds of target exclude each other, so a new target of one kind removes one of the other kind.
        if "simulator_cluster" in changes or "qpu_system" in changes:
            changes = {"simulator_cluster": None, "qpu_system": None} | changes
        return replace(self, **changes)

    @property
    def target(self) -> SimulatorCluster | QPUSystem | None:
        """The simulator cluster or QPU system that the job runs on, or ``None`` if no target is set."""
        return self.simulator_cluster or self.qpu_system


_Target = TypeVar("_Target", SimulatorCluster, QPUSystem)


def _target(name: str, value: _Target | str | None, kind: type[_Target]) -> _Target | None:
    if value is None or isinstance(value, kind):
        return value
    if isinstance(value, str) and value:
        return kind(value)
    raise QoroInputError(f"{name} is {value!r}, expected a {kind.__name__} or its name")
