"""Simulate the noise of a device: choose error rates, strength and method, and run the engine with them.

Up to :data:`EXACT_QUBITS` qubits, errors are exact channels on the density matrix. On wider programs, or if
the user sets the number of noise realizations, errors are drawn at random after each gate and averaged. The
engine's ``noisy_estimate`` is not used, because it is an approximation with a single layer of noise.

Expectation values are those of the noisy state. Readout errors affect counts only.

Functions get the engine as an argument, because only :mod:`qiskit_qoro.local.engine.simulator` imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import (
    NOISY_DEVICES,
    device_errors,
    device_width,
    noisy_device,
)
from qiskit_qoro.local.engine.error_rates import ErrorRates
from qiskit_qoro.local.engine.fake_backends import FakeDeviceNoise
from qiskit_qoro.local.engine.program import EngineProgram
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.jobs import ResultDetails

__all__ = [
    "DEFAULT_REALIZATIONS",
    "EXACT_QUBITS",
    "MAX_REALIZATIONS",
    "Noise",
    "check_noise",
    "choose_noise",
    "estimate_noisy",
    "noise_details",
    "sample_noisy",
]

EXACT_QUBITS = 10
"""The maximum width for the density matrix, which then takes about a second."""

DEFAULT_REALIZATIONS = 100
"""The number of random realizations of the noise on wider programs, unless the user sets it."""

MAX_REALIZATIONS = 100_000
"""The maximum number of realizations."""

# Fields that cannot be combined with a noisy device.
_FIELDS_WITHOUT_NOISE = ("bond_dimension", "truncation_threshold")


@dataclass(frozen=True)
class Noise:
    """The noise that a program runs with.

    Attributes:
        device: The name of the device.
        num_qubits: The number of qubits of the device.
        errors: The error rates, scaled.
        realizations: The number of random realizations to average. With ``None`` it depends on the width of
            the program.
    """

    device: str
    num_qubits: int
    errors: ErrorRates | FakeDeviceNoise
    realizations: int | None = None

    def is_exact(self, program: EngineProgram) -> bool:
        """Whether errors are exact channels for this program, not random realizations."""
        return self.realizations is None and len(program.qubits) <= EXACT_QUBITS

    def check_width(self, program: EngineProgram) -> None:
        """Check that a program fits on the device.

        Raises:
            QoroInputError: It has more busy qubits than the device has qubits.
        """
        if len(program.qubits) > self.num_qubits:
            raise QoroInputError(
                f"the circuit uses {len(program.qubits)} qubits, the widest QPU of {self.device} has "
                f"{self.num_qubits}: use fewer, or a simulator without noise"
            )


def check_noise(config: ExecutionConfig) -> None:
    """Check that the noise of a configuration can be simulated.

    Raises:
        QoroInputError: The device is unknown, or a field cannot be combined with a noisy device. The message
            names the field.
    """
    if config.noisy_device is None:
        for name in ("noise_realizations", "noise_scaling_factor"):
            if getattr(config, name) is not None:
                raise QoroInputError(f"{name} needs a noisy_device, expected one of {_known_devices()}")
        return
    noisy_device(config.noisy_device)
    if config.noise_realizations is not None and config.noise_realizations > MAX_REALIZATIONS:
        raise QoroInputError(
            f"noise_realizations is {config.noise_realizations}, expected at most {MAX_REALIZATIONS}"
        )
    misplaced = [name for name in _FIELDS_WITHOUT_NOISE if getattr(config, name) is not None]
    if config.simulation_method not in (None, SimulationMethod.Statevector):
        misplaced.append("simulation_type")
    if config.simulator not in (None, Simulator.QCSim):
        misplaced.append("simulator_type")
    if misplaced:
        raise QoroInputError(
            f"{misplaced[0]} cannot be combined with noisy_device: noise is simulated with state vectors and "
            "density matrices of QCSim, leave out one of them"
        )


def choose_noise(system: str | None, config: ExecutionConfig) -> Noise | None:
    """Return the noise that a program runs with, or ``None`` for no noise.

    Args:
        system: The QPU system that the program runs on, or ``None`` for a simulator.
        config: The user's configuration. :func:`check_noise` has accepted it.

    Raises:
        QoroInputError: The system or the device is unknown.
    """
    if config.noisy_device is not None:
        device = noisy_device(config.noisy_device)
        factor = 1.0 if config.noise_scaling_factor is None else config.noise_scaling_factor
        return Noise(device.name, device.num_qubits, device.errors.scaled(factor), config.noise_realizations)
    if system is not None:
        return Noise(system, device_width(system), device_errors(system))
    return None


def noise_details(program: EngineProgram, noise: Noise) -> ResultDetails:
    """Return the method that simulates a program with noise, and why it is used."""
    if noise.is_exact(program):
        reason = f"the noise of {noise.device} is exact on a density matrix of at most {EXACT_QUBITS} qubits"
        return ResultDetails("DensityMatrix", reason)
    return ResultDetails(
        SimulationMethod.Statevector.name, f"random realizations of the noise of {noise.device} are averaged"
    )


def sample_noisy(
    maestro: ModuleType, program: EngineProgram, shots: int, noise: Noise, seed: int | None
) -> Any:
    """Run a program with noise, and return the engine's counts.

    The engine spreads the shots evenly over the realizations.
    """
    kind = maestro.SimulationType
    # The engine would compute the density matrix once per realization, although it is always the same.
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
    maestro: ModuleType, program: EngineProgram, pauli_strings: Sequence[str], noise: Noise
) -> list[float]:
    """Estimate the expectation values of Pauli strings in the noisy state that a program prepares."""
    kind = maestro.SimulationType
    method = kind.DensityMatrix if noise.is_exact(program) else kind.Statevector
    answer = maestro.noisy_estimate_montecarlo(
        maestro.QasmToCirc().parse_and_translate(program.text),
        list(pauli_strings),
        _noise_model(maestro, program, noise.errors),
        noise_realizations=1 if noise.is_exact(program) else noise.realizations or DEFAULT_REALIZATIONS,
        config=maestro.SimulatorConfig(simulation_type=method),
    )
    return [float(value) for value in answer["expectation_values"]]


def _noise_model(maestro: ModuleType, program: EngineProgram, errors: ErrorRates | FakeDeviceNoise) -> Any:
    model = maestro.NoiseModel()
    # The engine numbers the program's busy qubits from 0.
    for method, args in errors.engine_calls(program.qubits):
        getattr(model, method)(*args)
    return model


def _known_devices() -> str:
    return ", ".join(device.name for device in NOISY_DEVICES)
