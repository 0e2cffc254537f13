"""Noise of a device, on the engine: which errors, how strong, and by which method.

Up to :data:`EXACT_QUBITS` qubits the errors are exact channels on the density matrix. Beyond that, or where
the user says how many random realizations of the noise are to be averaged, they are drawn at random after
each gate. The engine's analytical shortcut (``noisy_estimate``) is never used: it knows one layer of noise.

Expectation values are those of the noisy state. Errors of reading belong to counts and are not in them.

The engine comes as an argument: :mod:`qiskit_qoro.local.engine.engine` is the only door to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import (
    NOISY_DEVICES,
    ErrorRates,
    NoisyDevice,
    device_errors,
    device_width,
)
from qiskit_qoro.local.engine.program import EngineProgram
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator

__all__ = [
    "DEFAULT_REALIZATIONS",
    "EXACT_QUBITS",
    "MOST_REALIZATIONS",
    "Noise",
    "check_noise",
    "choose_noise",
    "estimate_noisy",
    "sample_noisy",
]

EXACT_QUBITS = 10
"""The widest program whose density matrix is computed; it takes about a second."""

DEFAULT_REALIZATIONS = 100
"""Random realizations of the noise beyond that, where the user does not say."""

MOST_REALIZATIONS = 100_000
"""The most that can be asked for."""

_WITHOUT_NOISE = ("bond_dimension", "truncation_threshold")


@dataclass(frozen=True)
class Noise:
    """The noise that a program is to run with.

    Attributes:
        device: Whose noise it is.
        num_qubits: How many qubits that device has.
        errors: The rates, scaled.
        realizations: How many random realizations are averaged; ``None`` leaves it to the width.
    """

    device: str
    num_qubits: int
    errors: ErrorRates
    realizations: int | None = None

    def is_exact(self, program: EngineProgram) -> bool:
        """Whether the errors are exact channels for this program."""
        return self.realizations is None and len(program.qubits) <= EXACT_QUBITS

    def check_width(self, program: EngineProgram) -> None:
        """Refuse a program that is wider than the device.

        Raises:
            QoroInputError: It is.
        """
        if len(program.qubits) > self.num_qubits:
            raise QoroInputError(
                f"the circuit uses {len(program.qubits)} qubits, the widest QPU of {self.device} has "
                f"{self.num_qubits}: use fewer, or a simulator without noise"
            )


def check_noise(config: ExecutionConfig) -> None:
    """Refuse noise that cannot be simulated.

    Raises:
        QoroInputError: The device is unknown, or a field does not go with it; the message names the field.
    """
    if config.noisy_device is None:
        for name in ("noise_realizations", "noise_scaling_factor"):
            if getattr(config, name) is not None:
                raise QoroInputError(f"{name} needs a noisy_device, expected one of {_known_devices()}")
        return
    _noisy_device(config.noisy_device)
    if config.noise_realizations is not None and config.noise_realizations > MOST_REALIZATIONS:
        raise QoroInputError(
            f"noise_realizations is {config.noise_realizations}, expected at most {MOST_REALIZATIONS}"
        )
    misplaced = [name for name in _WITHOUT_NOISE if getattr(config, name) is not None]
    if config.simulation_method not in (None, SimulationMethod.Statevector):
        misplaced.append("simulation_type")
    if config.simulator not in (None, Simulator.QCSim):
        misplaced.append("simulator_type")
    if misplaced:
        raise QoroInputError(
            f"{misplaced[0]} does not go with noisy_device: noise runs on state vectors and density matrices "
            "of QCSim, drop one of them"
        )


def choose_noise(system: str | None, config: ExecutionConfig) -> Noise | None:
    """The noise that a program is to run with, ``None`` for none.

    Args:
        system: The QPU system that the program is for, ``None`` for a simulator.
        config: What the user asks for, already through :func:`check_noise`.

    Raises:
        QoroInputError: There is no such system or device.
    """
    if config.noisy_device is not None:
        device = _noisy_device(config.noisy_device)
        factor = 1.0 if config.noise_scaling_factor is None else config.noise_scaling_factor
        return Noise(device.name, device.num_qubits, device.errors.scaled(factor), config.noise_realizations)
    if system is not None:
        return Noise(system, device_width(system), device_errors(system))
    return None


def sample_noisy(
    maestro: ModuleType, program: EngineProgram, shots: int, noise: Noise, seed: int | None
) -> Any:
    """Run a program with noise; the engine's counts.

    Each realization gives about the same number of shots.
    """
    kind = maestro.SimulationType
    # The engine repeats the density matrix for each realization, to no avail.
    realizations = 1 if noise.is_exact(program) else min(shots, noise.realizations or DEFAULT_REALIZATIONS)
    method = kind.DensityMatrix if noise.is_exact(program) else kind.Statevector
    answer = maestro.noisy_execute(
        maestro.QasmToCirc().parse_and_translate(program.text),
        _noise_model(maestro, program, noise.errors),
        config=maestro.SimulatorConfig(simulation_type=method, seed=seed),
        shots=shots,
        noise_realizations=realizations,
        noise_seed=seed,
    )
    return answer["counts"]


def estimate_noisy(
    maestro: ModuleType, program: EngineProgram, words: Sequence[str], noise: Noise
) -> list[float]:
    """The expectation values of Pauli words in the noisy state that a program prepares."""
    kind = maestro.SimulationType
    method = kind.DensityMatrix if noise.is_exact(program) else kind.Statevector
    answer = maestro.noisy_estimate_montecarlo(
        maestro.QasmToCirc().parse_and_translate(program.text),
        list(words),
        _noise_model(maestro, program, noise.errors),
        noise_realizations=1 if noise.is_exact(program) else noise.realizations or DEFAULT_REALIZATIONS,
        config=maestro.SimulatorConfig(simulation_type=method),
    )
    return [float(value) for value in answer["expectation_values"]]


def _noise_model(maestro: ModuleType, program: EngineProgram, errors: ErrorRates) -> Any:
    width = len(program.qubits)
    model = maestro.NoiseModel()
    model.set_all_1q_gate_depolarizing(width, errors.one_qubit)
    model.set_all_readout_error(width, errors.readout)
    for first in range(width):
        for second in range(first + 1, width):
            model.set_2q_depolarizing(first, second, errors.two_qubit)
    return model


def _noisy_device(name: str) -> NoisyDevice:
    for device in NOISY_DEVICES:
        if device.name == name:
            return device
    raise QoroInputError(
        f"noisy_device: there is no device {name[:80]!r} here, expected one of {_known_devices()}"
    )


def _known_devices() -> str:
    return ", ".join(device.name for device in NOISY_DEVICES)
