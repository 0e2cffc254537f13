"""What the vendors of QPUs let a job set: the blueprint that describes it, and the settings themselves."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qiskit_qoro.errors import QoroInputError

__all__ = ["DeviceConfig", "VendorBlueprint", "VendorField"]

_KEY = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class VendorField:
    """One thing that a vendor wants to know.

    Attributes:
        name: Its key, in upper case.
        kind: What it takes, in the service's word, for example ``string`` or ``integer``.
        required: Whether it has to be given.
        secret: Whether it is to be kept from view.
        choices: What it may be, empty where anything of its kind will do.
        default: What it is when it is not given.
    """

    name: str
    kind: str
    required: bool = False
    secret: bool = False
    choices: tuple[Any, ...] = ()
    default: Any = None


@dataclass(frozen=True)
class VendorBlueprint:
    """What a vendor's QPUs can be told.

    Attributes:
        label: The vendor's name for people.
        credentials: What identifies the user to the vendor.
        device: What a job may set: the keys of a :class:`DeviceConfig`.
    """

    label: str
    credentials: tuple[VendorField, ...] = ()
    device: tuple[VendorField, ...] = ()


@dataclass(frozen=True)
class DeviceConfig:
    """How a QPU is to run a job, in the words of its vendor.

    Attributes:
        options: Key, in upper case, to text, number or truth value. ``fetch_vendor_config_blueprint`` tells
            what there is; the service refuses what it does not know.

    Raises:
        QoroInputError: A key is not in upper case, or a value is of another type.
    """

    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.options, Mapping):
            raise QoroInputError(f"options is {self.options!r}, expected a mapping")
        for key, value in self.options.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise QoroInputError(f"{key!r} is no option of a device, expected a name in upper case")
            if not isinstance(value, str | int | float) or (
                isinstance(value, float) and not math.isfinite(value)
            ):
                raise QoroInputError(f"{key} is {value!r}, expected text, a finite number, True or False")
        object.__setattr__(self, "options", dict(self.options))

    def to_payload(self) -> dict[str, Any]:
        """The JSON body."""
        return dict(self.options)
