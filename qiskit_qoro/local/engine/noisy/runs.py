"""Run programs with noise on the engine, and find the statistical error of random realizations.

The engine's ``full_noise_execute`` and ``full_noise_estimate`` apply every kind of noise. Its other noisy
functions leave some of it out without an error, and its ``noisy_estimate`` is an approximation with a single
layer of noise.

Random realizations run in independent batches, one call of the engine for each
(:mod:`qiskit_qoro.models.batches`). A call also computes the values without noise, so a call for each single
realization would take twice as long.

Expectation values are those of the noisy state. Readout errors affect counts only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.local.engine.engine_calls import load_engine, parse_with_engine
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.noise import Noise, has_delays
from qiskit_qoro.local.engine.noisy.methods import (
    EXACT_QUBITS,
    NoiseTraits,
    NoisyMethod,
    choose_noisy_method,
)
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.models.batches import batch_sizes
from qiskit_qoro.models.noise.model import EXACT_METHODS

__all__ = ["NoisyRun", "prepare_noisy_run"]


@dataclass(frozen=True)
class NoisyRun:
    """A program that is ready to run with noise.

    Attributes:
        text: The program in OpenQASM 2.
        model: The engine's noise model, numbered as the program.
        chosen: How the noise is simulated.
        options: Arguments of the engine's ``SimulatorConfig``.
        seed: The seed of the shots, or ``None`` for random ones.
        noise_seed: The seed of the noise, or ``None`` for random noise.
    """

    text: str
    model: Any
    chosen: NoisyMethod
    options: Mapping[str, Any]
    seed: int | None
    noise_seed: int | None

    def sample(self, shots: int) -> tuple[Mapping[str, int], list[Mapping[str, int]]]:
        """Sample the program.

        Returns:
            The counts as the engine writes them, and the counts of each batch of realizations. There are no
            batches if all shots are independent of each other.
        """
        realizations = self.chosen.realizations
        # With a realization for each shot, the shots are independent, and one batch is enough.
        is_independent = realizations is None or realizations >= shots
        sizes = [shots] if realizations is None or is_independent else batch_sizes(shots, realizations)
        circuit = parse_with_engine(self.text)
        maestro = load_engine()
        batches = []
        for index, (size, (seed, noise_seed)) in enumerate(zip(sizes, self._seeds(len(sizes)), strict=True)):
            share = 1 if realizations is None else batch_sizes(realizations, len(sizes))[index]
            answer = maestro.full_noise_execute(
                circuit,
                self.model,
                config=maestro.SimulatorConfig(**self.options, seed=seed),
                shots=size,
                noise_realizations=share,
                noise_seed=noise_seed,
            )
            batches.append(answer["counts"])
        if is_independent:
            return batches[0], []
        total: Counter[str] = Counter()
        for counts in batches:
            total.update(counts)
        return total, batches

    def estimate(self, pauli_strings: Sequence[str]) -> npt.NDArray[np.float64]:
        """Estimate the expectation values of Pauli strings in the noisy state that the program prepares.

        Args:
            pauli_strings: The Pauli strings, the leftmost letter on qubit 0.

        Returns:
            The values in each batch of realizations, shape (batches, Pauli strings). The batches have equal
            sizes. There is one row if nothing is random.
        """
        realizations = self.chosen.realizations or 1
        sizes = batch_sizes(realizations, realizations)
        circuit = parse_with_engine(self.text)
        maestro = load_engine()
        rows = [
            maestro.full_noise_estimate(
                circuit,
                list(pauli_strings),
                self.model,
                config=maestro.SimulatorConfig(**self.options, seed=seed),
                noise_realizations=size,
                noise_seed=noise_seed,
            )["expectation_values"]
            for size, (seed, noise_seed) in zip(sizes, self._seeds(len(sizes)), strict=True)
        ]
        return np.array(rows, dtype=np.float64)

    def _seeds(self, count: int) -> list[tuple[int | None, int | None]]:
        """Return the seeds of the shots and of the noise in each batch."""
        # The engine takes 64 bits for shots, and 32 bits for noise. Neighbouring seeds of a user must not
        # share batches, so all seeds are hashed.
        shots = _numbers(self.seed, count, np.uint64, 0)
        return list(zip(shots, _numbers(self.noise_seed, count, np.uint32, 1), strict=True))


def prepare_noisy_run(
    program: EngineProgram,
    settings: EngineSettings,
    noise: Noise,
    *,
    shots: int = 0,
    pauli_strings: Sequence[str] = (),
    memory_limit_bytes: int,
) -> NoisyRun | None:
    """Prepare a program to run with noise.

    Args:
        program: The program.
        settings: The options.
        noise: The noise.
        shots: The number of shots, or 0 for expectation values.
        pauli_strings: The Pauli strings to estimate, numbered as the engine's program.
        memory_limit_bytes: The maximum memory of a state.

    Returns:
        The run, or ``None`` if the qubits of the program have no noise.

    Raises:
        QoroInputError: The program is too wide for the device, or no method can simulate its noise.
    """
    maestro = load_engine()
    noise.check_width(program)
    program = noise.prepare(program)
    # The method is chosen as if T2 were limited, so that wide programs of a device run in realizations.
    limited = noise.engine_model(maestro, program, limit_t2=True)
    if not limited.has_any():
        return None
    if shots and len(program.qubits) > EXACT_QUBITS and not (limited.has_crosstalk() or has_delays(program)):
        # The counts depend on the causal cone of the measurements only. Crosstalk reaches out of cones, and
        # delays are not read by the function that finds the cone.
        program = program.measured_part()
        limited = noise.engine_model(maestro, program, limit_t2=True)
    chosen = choose_noisy_method(
        program,
        settings.options,
        NoiseTraits.of(limited, has_random_errors=noise.has_random_errors(program)),
        shots=shots,
        pauli_strings=pauli_strings,
        realizations=noise.realizations,
        random=noise.is_random,
        memory_limit_bytes=memory_limit_bytes,
    )
    model = noise.engine_model(maestro, program, limit_t2=chosen.method not in EXACT_METHODS)
    # Noise runs on QCSim only, which is the engine's default.
    options = settings.passed_on | {"simulation_type": maestro.SimulationType(int(chosen.method))}
    return NoisyRun(program.text, model, chosen, options, settings.seed, settings.noise_seed)


def _numbers(seed: int | None, count: int, dtype: Any, stream: int) -> Sequence[int | None]:
    if seed is None:
        return [None] * count
    sequence = np.random.SeedSequence(seed, spawn_key=(stream,))
    numbers: list[int] = sequence.generate_state(count, dtype).tolist()
    return numbers
