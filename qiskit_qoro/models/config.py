"""The configuration of a job: :class:`ExecutionConfig` for the engine, :class:`JobConfig` for the service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import partial
from typing import Any, Self, TypeVar

from qiskit_qoro.display.reprs import fields_repr, settings_card
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of, checked, integer_of, number_of, plain_of, text_of
from qiskit_qoro.models.loose import read_integer, read_number, read_text
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster

__all__ = [
    "API_META_KEYS",
    "DEFAULT_SHOTS",
    "DEFAULT_SIMULATOR_CLUSTER",
    "WIRE_NAMES",
    "ExecutionConfig",
    "JobConfig",
    "SimulationMethod",
    "Simulator",
]

_log = logging.getLogger(__name__)

DEFAULT_SHOTS = 1024
"""The default number of shots per circuit, as in Qiskit."""

DEFAULT_SIMULATOR_CLUSTER = "qoro_maestro"
"""The target of jobs that do not name one."""

_TEXT = "text that UTF-8 can encode"


class _OpenIntEnum(IntEnum):
    """An enumeration that a newer service may have extended.

    An unknown number becomes a new member with this number. It is not registered with the enumeration, but it
    is shown, compared, pickled and sent as other members are.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        unknown = int.__new__(cls, value)
        unknown._name_ = f"Unknown{value}"
        unknown._value_ = value
        return unknown


class Simulator(_OpenIntEnum):
    """The simulator that runs a job. The value is the number in wire format.

    ``Simulator(n)`` also accepts the number of a simulator that is unknown to this version.
    """

    QiskitAer = 0
    QCSim = 1
    CompositeQiskitAer = 2
    CompositeQCSim = 3
    GpuSim = 4
    QuestSim = 5
    DistributedGpu = 6
    DistributedMpiGpu = 7
    Gpu = 4  # the engine's name of GpuSim


class SimulationMethod(_OpenIntEnum):
    """How the simulator represents the state. The value is the number in wire format.

    ``SimulationMethod(n)`` also accepts the number of a method that is unknown to this version.
    """

    Statevector = 0
    MatrixProductState = 1
    Stabilizer = 2
    TensorNetwork = 3
    PauliPropagator = 4
    ExtendedStabilizer = 5
    PathIntegral = 6
    DensityMatrix = 7
    MatrixProductOperator = 8


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

    __repr__ = fields_repr

    def _repr_html_(self) -> str:
        return settings_card(self).to_html()

    def __post_init__(self) -> None:
        for name, (convert, expected) in _FIELDS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, checked(name, value, convert(value), expected))

    def override(self, other: ExecutionConfig) -> ExecutionConfig:
        """Return a copy of this configuration with the fields that ``other`` sets."""
        return replace(self, **other._fields_set())

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON value, without the fields that are ``None``. Enumerations become integers."""
        return {
            WIRE_NAMES.get(name, name): int(value) if isinstance(value, IntEnum) else deepcopy(value)
            for name, value in self._fields_set().items()
        }

    @staticmethod
    def from_response(data: Mapping[str, Any]) -> ExecutionConfig:
        """Build the configuration from a response of the service.

        Unknown keys are ignored. Numbers may be text. An unknown simulator or simulation method is kept. A
        value that cannot be read, or that is out of range, is left out with a warning in the log.

        Args:
            data: The ``execution_configuration`` in the response.
        """
        kept: dict[str, Any] = {}
        for name, read in _READERS.items():
            key = WIRE_NAMES.get(name, name)
            value = data.get(key)
            if value is None:
                continue
            readable = read(value)
            try:
                # The value itself, if it cannot be read, for the message of the error.
                ExecutionConfig.from_payload({key: value if readable is None else readable})
            except QoroInputError as error:
                _log.warning("configuration of a job: %s; it is left out", error)
            else:
                kept[name] = readable
        return ExecutionConfig(**kept)

    @staticmethod
    def from_payload(data: Mapping[str, Any]) -> ExecutionConfig:
        """Build the configuration from what :meth:`to_payload` returns, and check every value.

        Args:
            data: The payload. Unknown keys are ignored.

        Raises:
            QoroInputError: A value has the wrong type or is out of range. The message begins with its key.
        """
        names = [field.name for field in fields(ExecutionConfig)]
        try:
            return ExecutionConfig(**{name: data.get(WIRE_NAMES.get(name, name)) for name in names})
        except QoroInputError as error:
            # The message begins with the name of the field. Replace it by the name that the field has in the
            # response.
            name, _, fault = error.message.partition(" ")
            raise QoroInputError(f"{WIRE_NAMES.get(name, name)} {fault}") from error

    @staticmethod
    def wire_names() -> frozenset[str]:
        """The keys that :meth:`to_payload` can contain."""
        return frozenset(WIRE_NAMES.get(field.name, field.name) for field in fields(ExecutionConfig))

    def _fields_set(self) -> dict[str, Any]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


WIRE_NAMES = {"simulator": "simulator_type", "simulation_method": "simulation_type"}
"""Field of an :class:`ExecutionConfig` to its key on the wire, where the two differ."""


def _member_of(enumeration: type[IntEnum]) -> Callable[[Any], IntEnum | None]:
    def convert(value: Any) -> IntEnum | None:
        # A member that is unknown to this version comes from the service, or was requested explicitly.
        if isinstance(value, enumeration):
            return value
        number = integer_of(value)
        return enumeration(number) if number in set(enumeration) else None

    return convert


def _members(enumeration: type[IntEnum]) -> str:
    return f"one of {enumeration.__name__}: " + ", ".join(
        f"{item.name} ({item.value})" for item in enumeration
    )


# A conversion, and a description of valid values for errors. The conversion returns `None` for others.
_Check = tuple[Callable[[Any], Any], str]

_META_VALUES: dict[str, _Check] = {
    "optimization_level": (integer_of, "an integer"),
    "resilience_level": (integer_of, "an integer"),
    "max_execution_time": (integer_of, "an integer (seconds)"),
    "transpilation_seed": (integer_of, "an integer"),
    "layout_method": (text_of, _TEXT),
    "routing_method": (text_of, _TEXT),
    "approximation_degree": (number_of, "a number"),
}

API_META_KEYS = frozenset(_META_VALUES)
"""The keys of ``api_meta`` that are known to the service."""


def _meta(value: object) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    settings = {}
    for given, item in value.items():
        key = text_of(given)
        if key is None:
            return None
        # The service decides about keys that are not known here.
        convert, expected = _META_VALUES.get(key, (plain_of, ""))
        settings[key] = checked(f"api_meta[{key!r}]", item, convert(item), expected)
    return settings


def _fraction(value: object) -> float | None:
    number = number_of(value)
    return number if number is not None and 0 <= number <= 1 else None


def _fraction_below_1(value: object) -> float | None:
    number = _fraction(value)
    return None if number == 1 else number


_COUNT: _Check = (partial(integer_of, least=1), "an integer of 1 or more")

_FIELDS: dict[str, _Check] = {
    "bond_dimension": _COUNT,
    "truncation_threshold": (_fraction_below_1, "a number of at least 0 and below 1"),
    "simulator": (_member_of(Simulator), _members(Simulator)),
    "simulation_method": (_member_of(SimulationMethod), _members(SimulationMethod)),
    "api_meta": (_meta, "a mapping from text to settings"),
    "noisy_device": (lambda value: text_of(value) or None, "the name of a device"),
    "noise_realizations": _COUNT,
    "noise_scaling_factor": (_fraction, "a number from 0 to 1"),
}


# --- reading responses ----------------------------------------------------------------------------------


def _read_member_of(enumeration: type[IntEnum]) -> Callable[[object], IntEnum | None]:
    """Return a function that reads a member, given its number or its name."""
    by_name = {member.name.lower(): member for member in enumeration}

    def read(value: object) -> IntEnum | None:
        number = read_integer(value)
        if number is not None:
            return enumeration(number)
        return by_name.get(value.strip().lower()) if isinstance(value, str) else None

    return read


def _read_meta(value: object) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    settings = {}
    for key, item in value.items():
        convert, expected = _META_VALUES.get(key, (plain_of, ""))
        read = _META_READERS.get(convert)
        readable = item if read is None else read(item)
        if readable is None:
            _log.warning(
                "configuration of a job: api_meta[%r] is %r, expected %s; it is left out",
                key,
                item,
                expected or "a value",
            )
        else:
            settings[key] = readable
    return settings


_META_READERS: Mapping[Any, Callable[[object], Any]] = {
    integer_of: read_integer,
    number_of: read_number,
    text_of: read_text,
}
"""For each conversion of a setting the function that reads it in a response."""

_READERS: Mapping[str, Callable[[object], Any]] = {
    "bond_dimension": read_integer,
    "truncation_threshold": read_number,
    "simulator": _read_member_of(Simulator),
    "simulation_method": _read_member_of(SimulationMethod),
    "api_meta": _read_meta,
    "noisy_device": read_text,
    "noise_realizations": read_integer,
    "noise_scaling_factor": read_number,
}
"""For each field the function that reads it in a response."""


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

    __repr__ = fields_repr

    def _repr_html_(self) -> str:
        return settings_card(self).to_html()

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
        if simulator_cluster is not None and qpu_system is not None:
            raise QoroInputError(
                "simulator_cluster and qpu_system are both set, expected one target: remove one of them"
            )
        values: dict[str, Any] = {
            "shots": None if shots is None else checked("shots", shots, _COUNT[0](shots), _COUNT[1]),
            "simulator_cluster": _target("simulator_cluster", simulator_cluster, SimulatorCluster),
            "qpu_system": _target("qpu_system", qpu_system, QPUSystem),
            "use_circuit_packing": None
            if use_circuit_packing is None
            else _boolean("use_circuit_packing", use_circuit_packing),
            "tag": checked("tag", tag, text_of(tag), _TEXT),
            "force_sampling": _boolean("force_sampling", force_sampling),
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
    if value is None:
        return None
    # The name is sent. Without this check, the service would refuse one that UTF-8 cannot encode.
    text = text_of(value.name if isinstance(value, kind) else value)
    if not text:
        raise QoroInputError(f"{name} is {value!r}, expected a {kind.__name__} or its name")
    return replace(value, name=text) if isinstance(value, kind) else kind(text)


def _boolean(name: str, value: object) -> bool:
    return checked(name, value, boolean_of(value), "True or False")
