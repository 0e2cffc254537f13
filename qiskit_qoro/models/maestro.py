"""How the engine is to run a job, in the engine's own words: :class:`MaestroConfig`.

Clients of release 0.15 and later send it in place of an :class:`~qiskit_qoro.models.config.ExecutionConfig`.
Four of its options have a counterpart there, which says what they accept and mean; the fifth is the seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator

__all__ = ["MaestroConfig"]

_COUNTERPARTS: Mapping[str, str] = {
    "simulator_type": "simulator",
    "simulation_type": "simulation_method",
    "max_bond_dimension": "bond_dimension",
    "singular_value_threshold": "truncation_threshold",
}
_SEEDS = range(2**64)


@dataclass(frozen=True)
class MaestroConfig:
    """The options of the engine that can be honoured. One that is ``None`` leaves the choice to the service.

    Attributes:
        simulator_type: Simulator backend.
        simulation_type: Simulation method.
        max_bond_dimension: Largest bond dimension of a matrix product state, 1 or more.
        singular_value_threshold: Singular values below this are dropped from a matrix product state,
            at least 0 and below 1.
        seed: Makes counts repeatable, 0 to 2^64 - 1.

    Raises:
        QoroInputError: An option has the wrong type or is out of its range.
    """

    simulator_type: Simulator | None = None
    simulation_type: SimulationMethod | None = None
    max_bond_dimension: int | None = None
    singular_value_threshold: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        for option, name in _COUNTERPARTS.items():
            try:
                checked = ExecutionConfig(**{name: getattr(self, option)})
            except QoroInputError as error:
                raise QoroInputError(f"{option}: {error}") from error
            object.__setattr__(self, option, getattr(checked, name))
        if self.seed is not None and (type(self.seed) is not int or self.seed not in _SEEDS):
            raise QoroInputError(f"seed is {self.seed!r}, expected an integer from 0 to 2^64 - 1")

    @property
    def execution_config(self) -> ExecutionConfig:
        """The same without the seed."""
        return ExecutionConfig(**{name: getattr(self, option) for option, name in _COUNTERPARTS.items()})

    @staticmethod
    def from_execution_config(
        config: ExecutionConfig | None = None, *, seed: int | None = None
    ) -> MaestroConfig:
        """The same in the engine's words, with a seed.

        Args:
            config: What to translate; ``None`` sets nothing.
            seed: Makes counts repeatable, 0 to 2^64 - 1.

        Raises:
            QoroInputError: ``config`` sets a field that has no counterpart, or the seed cannot be used.
        """
        config = config or ExecutionConfig()
        counterparts = {option: getattr(config, name) for option, name in _COUNTERPARTS.items()}
        translated = MaestroConfig(**counterparts, seed=seed)
        lost = [
            field.name
            for field in fields(config)
            if getattr(config, field.name) != getattr(translated.execution_config, field.name)
        ]
        if lost:
            raise QoroInputError(
                f"{', '.join(lost)} cannot be sent together with a seed or other options of the engine: "
                "drop one of them"
            )
        return translated

    def to_payload(self) -> dict[str, Any]:
        """The JSON body, without the options that are ``None``. Enumerations become their numbers."""
        values = ((option, getattr(self, option)) for option in sorted(self.option_names()))
        return {
            option: int(value) if isinstance(value, IntEnum) else value
            for option, value in values
            if value is not None
        }

    @staticmethod
    def option_names() -> frozenset[str]:
        """The keys that :meth:`to_payload` may use."""
        return frozenset(field.name for field in fields(MaestroConfig))
