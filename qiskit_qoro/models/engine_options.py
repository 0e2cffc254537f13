"""The description of one option of the engine: :class:`EngineOption`.

:class:`~qiskit_qoro.models.maestro.MaestroConfig` declares each option as a field whose metadata contain such
a description. Validation, the wire format, the command line, the checks of the local service and the
documentation read it from there.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Protocol, TypeVar

from qiskit_qoro.models.arguments import boolean_of, checked, integer_of, number_of, text_of
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.loose import read_flag, read_integer, read_number

__all__ = ["EngineOption", "MemberOf", "OptionKind", "closest_name", "engine_option", "option_of"]

_Member = TypeVar("_Member", bound=IntEnum)


class MemberOf(Protocol[_Member]):
    """The type of a field that holds a member of an enumeration and is set by member, name or number."""

    def __get__(self, instance: object, owner: Any, /) -> _Member | None: ...
    def __set__(self, instance: object, value: _Member | str | int | None, /) -> None: ...


class OptionKind(StrEnum):
    """The kind of value that an option takes."""

    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "true or false"
    CHOICE = "text"
    SIMULATOR = "simulator"
    METHOD = "method"
    MAPPING = "mapping"


_ENUMERATIONS: Mapping[OptionKind, type[Simulator | SimulationMethod]] = {
    OptionKind.SIMULATOR: Simulator,
    OptionKind.METHOD: SimulationMethod,
}


@dataclass(frozen=True)
class EngineOption:
    """What an option of the engine means and which values it takes.

    Attributes:
        kind: The kind of its values.
        help: What it does, in one line.
        default: The value that the engine uses if the option is not set. ``None`` means that the engine
            chooses.
        least: The smallest number.
        most: The largest number.
        above: A number that a value has to exceed.
        below: A number that a value has to be less than.
        choices: The texts, if the kind is :attr:`OptionKind.CHOICE`.
        methods: The simulation methods that the option concerns. Empty means all of them.
        needs: What the engine needs to honour the option, for example a GPU. ``None`` means a CPU.
    """

    kind: OptionKind
    help: str
    default: Any = None
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    methods: tuple[SimulationMethod, ...] = ()
    needs: str | None = None

    @property
    def expected(self) -> str:
        """The valid values, for error messages and the documentation."""
        if self.kind in _ENUMERATIONS:
            enumeration = _ENUMERATIONS[self.kind]
            members = ", ".join(f"{member.name} ({member.value})" for member in enumeration)
            return f"one of {enumeration.__name__}: {members}"
        if self.kind is OptionKind.CHOICE:
            return "one of " + ", ".join(self.choices)
        if self.kind is OptionKind.FLAG:
            return "True or False"
        if self.kind is OptionKind.MAPPING:
            return "a mapping from text to text whose keys begin with distributed_ or mpi_"
        return _range_text("an integer" if self.kind is OptionKind.INTEGER else "a number", self)

    def check(self, name: str, value: object) -> Any:
        """Return a value of the option as a plain Python value.

        Args:
            name: The name of the option, for the error.
            value: The value. An enumeration takes a member, a name in any case, or a number.

        Raises:
            QoroInputError: The value has the wrong type or is out of range.
        """
        return checked(name, value, self._converted(value), self.expected)

    def unknown_member(self, number: int) -> IntEnum | None:
        """Return the member of a number that may be unknown, or ``None`` if the option is no enumeration."""
        enumeration = _ENUMERATIONS.get(self.kind)
        return None if enumeration is None else enumeration(number)

    def read(self, value: object) -> Any:
        """Read a value that a service or a command line writes in another form, such as a number as text.

        Returns:
            A value for :meth:`check`, or ``value`` itself if it cannot be read.
        """
        if self.kind in _ENUMERATIONS:
            readable: object = read_integer(value)
            if readable is None and isinstance(value, str):
                readable = value.strip()
        elif self.kind is OptionKind.INTEGER:
            readable = read_integer(value)
        elif self.kind is OptionKind.NUMBER:
            readable = read_number(value)
        elif self.kind is OptionKind.FLAG:
            readable = read_flag(value)
        elif self.kind is OptionKind.MAPPING and isinstance(value, str):
            readable = _read_mapping(value)
        else:
            readable = value.strip() if isinstance(value, str) else None
        return value if readable is None else readable

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of a value."""
        if self.kind in _ENUMERATIONS:
            return {"type": "integer", "enum": [int(member) for member in _ENUMERATIONS[self.kind]]}
        if self.kind is OptionKind.CHOICE:
            return {"type": "string", "enum": list(self.choices)}
        if self.kind is OptionKind.FLAG:
            return {"type": "boolean"}
        if self.kind is OptionKind.MAPPING:
            return {"type": "object", "additionalProperties": {"type": "string"}}
        limits = {
            "minimum": self.least,
            "maximum": self.most,
            "exclusiveMinimum": self.above,
            "exclusiveMaximum": self.below,
        }
        set_limits = {key: limit for key, limit in limits.items() if limit is not None}
        return {"type": "integer" if self.kind is OptionKind.INTEGER else "number"} | set_limits

    def _converted(self, value: object) -> Any:
        if self.kind in _ENUMERATIONS:
            return _member(_ENUMERATIONS[self.kind], value)
        if self.kind is OptionKind.FLAG:
            return boolean_of(value)
        if self.kind is OptionKind.CHOICE:
            text = text_of(value)
            return text if text in self.choices else None
        if self.kind is OptionKind.MAPPING:
            return _distributed(value)
        number = integer_of(value) if self.kind is OptionKind.INTEGER else number_of(value)
        return number if number is not None and self._is_in_range(number) else None

    def _is_in_range(self, number: float) -> bool:
        return (
            (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )


_OPTION = "engine option"


def engine_option(kind: OptionKind, help: str, **facts: Any) -> Any:  # noqa: A002  as in argparse
    """Declare a field of a dataclass as an option of the engine.

    Args:
        kind: The kind of its values.
        help: What it does, in one line.
        **facts: The other attributes of :class:`EngineOption`.
    """
    return field(default=None, metadata={_OPTION: EngineOption(kind, help, **facts)})


def option_of(metadata: Mapping[Any, Any]) -> EngineOption | None:
    """Return the description in the metadata of a field, or ``None`` for a field of another kind."""
    return metadata.get(_OPTION)


def closest_name(name: str, known: Collection[str]) -> str:
    """Return the known name that is most similar to a name."""
    (closest,) = difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=0.0)
    return closest


def _range_text(kind: str, option: EngineOption) -> str:
    least, most = option.least, option.most
    if least is not None and most is not None:
        return f"{kind} from {_limit(least)} to {_limit(most)}"
    parts = [
        f"{words} {_limit(limit)}"
        for words, limit in (
            ("of at least", least),
            ("above", option.above),
            ("of at most", most),
            ("below", option.below),
        )
        if limit is not None
    ]
    return f"{kind} {' and '.join(parts)}" if parts else kind


def _limit(number: float) -> str:
    for exponent in (31, 43, 63, 64):
        if number == 2**exponent - 1:
            return f"2^{exponent} - 1"
    return f"{number:g}"


def _member(enumeration: type[Simulator | SimulationMethod], value: object) -> IntEnum | None:
    # A member that is unknown to this version comes from the service, or was requested explicitly.
    if isinstance(value, enumeration):
        return value
    name = text_of(value)
    if name is not None:
        by_name = {known.lower(): member for known, member in enumeration.__members__.items()}
        return by_name.get(name.lower())
    number = integer_of(value)
    return enumeration(number) if number in set(enumeration) else None


def _distributed(value: object) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        return None
    items = {text_of(key): text_of(item) for key, item in value.items()}
    if any(not key or not key.startswith(("distributed_", "mpi_")) for key in items):
        return None
    return items if None not in items.values() else None  # type: ignore[return-value]


def _read_mapping(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
