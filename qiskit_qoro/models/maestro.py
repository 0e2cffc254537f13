"""The options of the engine for one job: :class:`MaestroConfig`.

Clients of release 0.15 and later send it instead of an :class:`~qiskit_qoro.models.config.ExecutionConfig`.
Four of its options are fields of an ``ExecutionConfig`` under another name, with the same validation. The
others are the seed and a noise model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import checked, integer_of, plain_of
from qiskit_qoro.models.config import WIRE_NAMES, ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.noise.model import NoiseModel

__all__ = ["EXECUTION_FIELDS", "MaestroConfig"]

EXECUTION_FIELDS: Mapping[str, str] = {
    "simulator_type": "simulator",
    "simulation_type": "simulation_method",
    "max_bond_dimension": "bond_dimension",
    "singular_value_threshold": "truncation_threshold",
}
"""Option of the engine to the field of an :class:`ExecutionConfig` with the same meaning."""

_MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class MaestroConfig:
    """The supported options of the engine. The service chooses the value of each option that is ``None``.

    Attributes:
        simulator_type: The simulator backend.
        simulation_type: The simulation method.
        max_bond_dimension: The largest bond dimension of a matrix product state, 1 or more.
        singular_value_threshold: Singular values below this are dropped from a matrix product state,
            at least 0 and below 1.
        seed: Makes counts repeatable, 0 to 2^64 - 1.
        noise_model: A :class:`~qiskit_qoro.models.noise.model.NoiseModel`. Its calls at this time are copied.
            Or the calls themselves, in order, each a mapping with the ``method``, and its ``args`` and
            ``kwargs`` if there are any. They are JSON values: a complex number is
            ``{"__complex__": [real, imaginary]}``, an array a nested list. The attribute is always the list.
        noise_seed: The seed of the noise; derived from ``seed`` if it is ``None``.
        noise_realizations: The number of random noise realizations to average over, 1 or more.

    Raises:
        QoroInputError: An option has the wrong type or is out of range.
    """

    simulator_type: Simulator | None = None
    simulation_type: SimulationMethod | None = None
    max_bond_dimension: int | None = None
    singular_value_threshold: float | None = None
    seed: int | None = None
    noise_model: NoiseModel | Sequence[Mapping[str, Any]] | None = None
    noise_seed: int | None = None
    noise_realizations: int | None = None

    def __post_init__(self) -> None:
        for option, name in EXECUTION_FIELDS.items():
            # An ExecutionConfig with this field only validates the value and converts it.
            try:
                converted = ExecutionConfig(**{name: getattr(self, option)})
            except QoroInputError as error:
                raise QoroInputError(f"{option}: {error}") from error
            object.__setattr__(self, option, getattr(converted, name))
        if self.seed is not None:
            seed = integer_of(self.seed, least=0, most=_MAX_SEED)
            seed = checked("seed", self.seed, seed, "an integer from 0 to 2^64 - 1")
            object.__setattr__(self, "seed", seed)
        if self.noise_model is not None:
            object.__setattr__(self, "noise_model", _noise_model(self.noise_model))
        for option, least in (("noise_seed", None), ("noise_realizations", 1)):
            value = getattr(self, option)
            if value is not None:
                expected = "an integer" if least is None else f"an integer of {least} or more"
                number = checked(option, value, integer_of(value, least=least), expected)
                object.__setattr__(self, option, number)

    @property
    def execution_config(self) -> ExecutionConfig:
        """The options that an :class:`ExecutionConfig` has too: neither the seed nor the noise."""
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
        counterparts = {option: getattr(config, name) for option, name in EXECUTION_FIELDS.items()}
        converted = MaestroConfig(**counterparts, seed=seed)
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
    def execution_config_from_response(data: Mapping[str, Any]) -> ExecutionConfig:
        """Build the execution configuration from the engine's options in a response of the service.

        Args:
            data: The ``maestro_config`` in the response. Values are read as by
                ``ExecutionConfig.from_response``. Options without a counterpart are ignored.
        """
        return ExecutionConfig.from_response(
            {WIRE_NAMES.get(name, name): data.get(option) for option, name in EXECUTION_FIELDS.items()}
        )

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON value, without the options that are ``None``. Enumerations become integers."""
        values = ((option, getattr(self, option)) for option in sorted(self.option_names()))
        return {
            option: int(value) if isinstance(value, IntEnum) else deepcopy(value)
            for option, value in values
            if value is not None
        }

    @staticmethod
    def option_names() -> frozenset[str]:
        """The keys that :meth:`to_payload` can contain."""
        return frozenset(field.name for field in fields(MaestroConfig))


def _noise_model(calls: object) -> list[dict[str, Any]]:
    """Convert the calls of a noise model to JSON values."""
    if isinstance(calls, NoiseModel):
        return calls.calls
    plain = plain_of(calls)
    if not isinstance(plain, list):
        raise QoroInputError(f"noise_model is {_shown(calls)}, expected a list of calls")
    for index, call in enumerate(plain):
        if not (
            isinstance(call, dict)
            and isinstance(call.get("method"), str)
            and isinstance(call.get("args", []), list)
            and isinstance(call.get("kwargs", {}), dict)
        ):
            raise QoroInputError(
                f"noise_model[{index}] is {_shown(call)}, expected a mapping with method, a text, and "
                "optionally args, a list, and kwargs, a mapping"
            )
    try:
        json.dumps(plain, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise QoroInputError(f"noise_model: expected JSON values: {error}") from error
    return plain


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
