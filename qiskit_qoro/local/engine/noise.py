"""The noise that a program runs with: a noise model of the user, or the error rates of a device.

Both become a noise model of the engine, numbered as the program. How it is simulated is decided in
:mod:`qiskit_qoro.local.engine.noisy.methods`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.devices import (
    NOISY_DEVICES,
    device_errors,
    device_width,
    noisy_device,
)
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.error_rates import ErrorRates
from qiskit_qoro.local.engine.fake_backends import FakeDeviceNoise
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.models.noise.setters import NoiseKind
from qiskit_qoro.qasm.gates import GATES

__all__ = ["MAX_REALIZATIONS", "Noise", "check_noise", "choose_noise", "has_delays", "noise_of_model"]

MAX_REALIZATIONS = 100_000
"""The maximum number of realizations."""

# Gates on three qubits are decomposed, because the engine applies no noise of two-qubit gates to them.
_GATES_WITH_NOISE = frozenset(name for name, gate in GATES.items() if gate.num_qubits <= 2)

_DELAY, _DELAY_SETTER = "\ndelay[", "set_idle_noise"

_IDENTITY = re.compile(r"^((?:if \([^)]*\) )?)id (?=q)", re.MULTILINE)

# Fields that cannot be combined with a noisy device.
_FIELDS_WITHOUT_NOISE = ("bond_dimension", "truncation_threshold")


@dataclass(frozen=True)
class Noise:
    """The noise that a program runs with.

    Attributes:
        source: The noise of a device, or a noise model whose qubits are those of the user's program.
        name: What to call it in messages.
        num_qubits: The number of qubits of the device, or ``None`` for a noise model.
        realizations: The number of random realizations to average. With ``None`` it depends on the program.
        is_random: Whether the user asks for random realizations.
    """

    source: ErrorRates | FakeDeviceNoise | NoiseModel
    name: str = "the noise model"
    num_qubits: int | None = None
    realizations: int | None = None
    is_random: bool = False

    @property
    def basis_gates(self) -> frozenset[str]:
        """The gates that have noise. Other gates are decomposed into these."""
        return _GATES_WITH_NOISE if isinstance(self.source, NoiseModel) else self.source.basis_gates

    def prepare(self, program: EngineProgram) -> EngineProgram:
        """Return a program to which the engine applies the noise.

        The engine gives identity gates no noise. With a noise model they become rotations by 0, which have
        noise as any other gate. On a device they have none.
        """
        if not isinstance(self.source, NoiseModel):
            return program
        return replace(program, text=_IDENTITY.sub(r"\1rz(0.0) ", program.text))

    def engine_model(self, maestro: ModuleType, program: EngineProgram, *, limit_t2: bool = False) -> Any:
        """Return the engine's noise model for a program. The engine numbers the program's qubits from 0.

        Args:
            maestro: The engine.
            program: The program.
            limit_t2: Whether a T2 of a fake backend that is longer than T1 counts as T1.
        """
        # Noise during delays may need exact channels. So it is left out if there are no delays.
        key = (program.qubits, has_delays(program), limit_t2 and isinstance(self.source, FakeDeviceNoise))
        # All rows of a template use the same qubits, and their tasks share this object.
        if key not in self._engine_models:
            self._engine_models[key] = self._build(maestro, *key)
        return self._engine_models[key]

    def has_random_errors(self, program: EngineProgram) -> bool:
        """Whether any noise of a program is a channel or random, not only crosstalk and readout errors."""
        if not isinstance(self.source, NoiseModel):
            return True
        other = self._kinds - {NoiseKind.CROSSTALK, NoiseKind.READOUT}
        return bool(other if has_delays(program) else other - {NoiseKind.IDLE})

    @cached_property
    def _kinds(self) -> frozenset[NoiseKind]:
        return frozenset(self.source.kinds) if isinstance(self.source, NoiseModel) else frozenset()

    def _build(self, maestro: ModuleType, qubits: tuple[int, ...], has_delays: bool, limit_t2: bool) -> Any:
        model = maestro.NoiseModel()
        if isinstance(self.source, NoiseModel):
            numbers = {qubit: number for number, qubit in enumerate(qubits)}
            source = self.source.restricted_to(qubits).relabelled(numbers)
            if not has_delays:
                calls = [call for call in source.calls if call["method"] != _DELAY_SETTER]
                source = NoiseModel.from_calls(calls)
            return source.replay(model)
        if isinstance(self.source, FakeDeviceNoise):
            device_calls = self.source.engine_calls(qubits, limit_t2=limit_t2)
        else:
            device_calls = self.source.engine_calls(qubits)
        for method, args in device_calls:
            if has_delays or method != _DELAY_SETTER:
                getattr(model, method)(*args)
        return model

    @cached_property
    def _engine_models(self) -> dict[tuple[tuple[int, ...], bool, bool], Any]:
        return {}

    def check_width(self, program: EngineProgram) -> None:
        """Check that a program fits on the device.

        Raises:
            QoroInputError: It has more busy qubits than the device has qubits.
        """
        if self.num_qubits is not None and len(program.qubits) > self.num_qubits:
            raise QoroInputError(
                f"the circuit uses {len(program.qubits)} qubits, the widest QPU of {self.name} has "
                f"{self.num_qubits}: use fewer, or a simulator without noise"
            )


def has_delays(program: EngineProgram) -> bool:
    """Whether a program contains delays of the engine."""
    return _DELAY in program.text


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
        return Noise(
            device.errors.scaled(factor),
            device.name,
            device.num_qubits,
            config.noise_realizations,
            is_random=config.noise_realizations is not None,
        )
    if system is not None:
        return Noise(device_errors(system), system, device_width(system))
    return None


def noise_of_model(config: MaestroConfig) -> Noise | None:
    """Return the noise of the options of a job, or ``None`` if they have no noise model.

    Raises:
        QoroInputError: A call of the noise model is invalid, or the number of realizations is too large or
            has no noise model.
    """
    if config.noise_realizations is not None and config.noise_realizations > MAX_REALIZATIONS:
        raise QoroInputError(
            f"noise_realizations is {config.noise_realizations}, expected at most {MAX_REALIZATIONS}"
        )
    if config.noise_realizations is not None and config.noise_model is None:
        raise QoroInputError("noise_realizations needs a noise_model: set one, or leave it out")
    if not config.noise_model:
        return None
    model = config.noise_model
    if not isinstance(model, NoiseModel):
        model = NoiseModel.from_calls(model)
    return Noise(model, realizations=config.noise_realizations)


def _known_devices() -> str:
    return ", ".join(device.name for device in NOISY_DEVICES)
