"""Options of QPU vendors: the blueprint that describes them, and the values for one job."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from qiskit_qoro.display.reprs import settings_card
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of, integer_of, items_of, number_of, text_of

__all__ = ["DeviceConfig", "VendorBlueprint", "VendorField"]

_MAX_DEPTH = 20
"""Deepest nesting of a value. The limit also catches values that contain themselves."""


@dataclass(frozen=True)
class VendorField:
    """The description of one option or credential of a vendor.

    Attributes:
        name: The key, in upper case.
        kind: The type, as the service names it, for example ``string`` or ``integer``.
        required: Whether a value is required.
        secret: Whether the value should be hidden on screens.
        choices: The allowed values, empty if every value of this kind is allowed.
        default: The default value. It may be a list.
        min: The smallest number that is allowed, or ``None`` if the service reports none.
        max: The largest number that is allowed, or ``None`` if the service reports none.
        description: A description for people, empty if the service reports none.
        ui_editable: Whether user interfaces should let people change the value, or ``None`` if the service
            does not report it.
        item_kind: The type of the items of a list, or ``None`` if the service reports none.
    """

    name: str
    kind: str
    required: bool = False
    secret: bool = False
    choices: tuple[Any, ...] = ()
    default: Any = None
    min: Any = None
    max: Any = None
    description: str = ""
    ui_editable: bool | None = None
    item_kind: str | None = None


@dataclass(frozen=True)
class VendorBlueprint:
    """The options and credentials of a QPU vendor.

    Attributes:
        label: The display name of the vendor.
        credentials: The credentials that the vendor requires.
        device: The options of a job: the keys of a :class:`DeviceConfig`.
    """

    label: str
    credentials: tuple[VendorField, ...] = ()
    device: tuple[VendorField, ...] = ()


@dataclass(frozen=True)
class DeviceConfig:
    """The options of a QPU for one job. The service checks them.

    Attributes:
        options: Key to a value that JSON can represent. ``fetch_vendor_config_blueprint`` lists the options
            of each vendor; their keys are in upper case.

    Raises:
        QoroInputError: A key is not text, or JSON cannot represent a value.
    """

    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.options, Mapping):
            raise QoroInputError(f"options is {self.options!r}, expected a mapping")
        options = {}
        for given, value in self.options.items():
            key = text_of(given)
            if key is None:
                raise QoroInputError(f"{given!r} is not an option of a QPU, expected a name")
            options[key] = _option(key, value)
        object.__setattr__(self, "options", options)

    def _repr_html_(self) -> str:
        return settings_card(self, self.options).to_html()

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON value."""
        return deepcopy(dict(self.options))


def _option(name: str, value: object, depth: int = 0) -> Any:
    """Convert a value to one that JSON can represent."""
    if value is None:
        return None
    for convert in (text_of, boolean_of, integer_of, number_of):
        plain = convert(value)
        if plain is not None:
            return plain
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return {text_of(key): _option(name, item, depth + 1) for key, item in value.items()}
        items = items_of(value)
        if items is not None:
            return [_option(name, item, depth + 1) for item in items]
    raise QoroInputError(
        f"{name} is {value!r}, expected text, a finite number, True or False, or a list or mapping of them"
    )
