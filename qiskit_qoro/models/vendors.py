"""Options of QPU vendors: the blueprint that describes them, and the values for one job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import boolean_of, integer_of, number_of, text_of

__all__ = ["DeviceConfig", "VendorBlueprint", "VendorField"]

_KEY = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class VendorField:
    """The description of one option or credential of a vendor.

    Attributes:
        name: The key, in upper case.
        kind: The type, as the service names it, for example ``string`` or ``integer``.
        required: Whether a value is required.
        secret: Whether the value should be hidden on screens.
        choices: The allowed values, empty if every value of this kind is allowed.
        default: The default value.
    """

    name: str
    kind: str
    required: bool = False
    secret: bool = False
    choices: tuple[Any, ...] = ()
    default: Any = None


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
    """The options of a QPU for one job.

    Attributes:
        options: Key, in upper case, to text, number or boolean. ``fetch_vendor_config_blueprint`` lists the
            options of each vendor. The service refuses unknown keys.

    Raises:
        QoroInputError: A key is not in upper case, or a value has another type.
    """

    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.options, Mapping):
            raise QoroInputError(f"options is {self.options!r}, expected a mapping")
        options: dict[str, str | int | float | bool] = {}
        for given, value in self.options.items():
            key = text_of(given)
            if key is None or not _KEY.fullmatch(key):
                raise QoroInputError(f"{given!r} is not an option of a QPU, expected a name in upper case")
            converted = (convert(value) for convert in (text_of, boolean_of, integer_of, number_of))
            plain = next((item for item in converted if item is not None), None)
            if plain is None:
                raise QoroInputError(f"{key} is {value!r}, expected text, a finite number, True or False")
            options[key] = plain
        object.__setattr__(self, "options", options)

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON value."""
        return dict(self.options)
