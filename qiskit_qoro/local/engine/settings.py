"""The settings with which the engine runs a program: :class:`EngineSettings`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qiskit_qoro.models.maestro import ENGINE_OPTIONS, MaestroConfig

if TYPE_CHECKING:
    from qiskit_qoro.local.engine.noise import Noise

__all__ = ["EngineSettings"]

_NUM_SEEDS = 2**64

# The simulator, the method and the seed depend on the program too.
_PASSED_ON = ENGINE_OPTIONS.keys() - {"simulator_type", "simulation_type", "seed"}


@dataclass(frozen=True)
class EngineSettings:
    """The engine's options and the noise of a program.

    Circuits of one job share their options and their noise. They differ only in ``circuit_index``, so that
    equal circuits of a job with a seed have different counts.

    Attributes:
        options: The options that the user sets. The engine's interface chooses the others.
        noise: The noise to simulate, or ``None`` for no noise.
        circuit_index: The position of the circuit in its job.
    """

    options: MaestroConfig = field(default_factory=MaestroConfig)
    noise: Noise | None = None
    circuit_index: int = 0

    @property
    def passed_on(self) -> dict[str, Any]:
        """The options that the engine gets as they are, by name."""
        return {name: value for name, value in self.options.options_set().items() if name in _PASSED_ON}

    @property
    def seed(self) -> int | None:
        """The seed of this circuit, or ``None`` for random counts.

        The seed of a job is the seed of its first circuit. Each following circuit has the next one.
        """
        return self._of_circuit(self.options.seed)

    @property
    def noise_seed(self) -> int | None:
        """The seed of the noise of this circuit, derived from ``seed`` unless the user sets it."""
        return self.seed if self.options.noise_seed is None else self._of_circuit(self.options.noise_seed)

    def _of_circuit(self, seed: int | None) -> int | None:
        return None if seed is None else (seed + self.circuit_index) % _NUM_SEEDS

    def for_circuit(self, index: int) -> EngineSettings:
        """Return the settings of the circuit at a position of the job."""
        # Without seeds all circuits share one value, so that a batch of tasks is pickled with one.
        return self if self.noise_seed is None else replace(self, circuit_index=index)
