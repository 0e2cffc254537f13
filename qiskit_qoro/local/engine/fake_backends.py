"""The noise of the devices of IBM, from the fake backends of ``qiskit-ibm-runtime``.

The package belongs to no extra. If it is installed, ``noisy_device`` may be ``ibm_`` and the name of one of
its fake backends, such as ``ibm_fake_fez``. The names come from the package.

The errors, durations and decay times of a fake backend become a noise model
(:meth:`qiskit_qoro.models.noise.model.NoiseModel.from_target`).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.engine_program import CX_GATES, NATIVE_GATES
from qiskit_qoro.local.engine.error_rates import places_of, routed_rates
from qiskit_qoro.models.noise.model import NoiseModel

__all__ = ["FAKE_BACKEND_PREFIX", "FakeDeviceNoise", "fake_backend_names", "load_fake_backend"]

FAKE_BACKEND_PREFIX = "ibm_fake_"
"""The beginning of the name of each noisy device that is a fake backend."""

_PREFIX = "ibm_"  # what comes before the name that the package uses

_PACKAGE = "qiskit-ibm-runtime"
_MODULE = "qiskit_ibm_runtime.fake_provider"

# The arguments of each method that grow with the strength of the noise, and those that shrink.
_GROWING: Mapping[str, tuple[int, ...]] = {
    "set_1q_gate_depolarizing": (1,),
    "set_2q_depolarizing": (2,),
    "set_readout_error": (1, 2),
    "set_thermal_relaxation": (1,),
    "set_thermal_relaxation_2q": (1,),
}
_SHRINKING: Mapping[str, tuple[int, ...]] = {"set_idle_noise": (1, 2)}
# The positions of T1 and T2.
_DECAY_TIMES = {"set_thermal_relaxation": 2, "set_thermal_relaxation_2q": 2, "set_idle_noise": 1}


@dataclass(frozen=True)
class FakeDeviceNoise:
    """The noise of a fake backend, with the same interface as ``ErrorRates``.

    Attributes:
        calls: The setters of its noise model, each with its arguments.
        num_qubits: The number of qubits.
        basis_gates: The gates of the device. Other gates are decomposed into these.
    """

    calls: tuple[tuple[str, tuple[float, ...]], ...]
    num_qubits: int
    basis_gates: frozenset[str]

    @classmethod
    def from_target(cls, target: Any) -> FakeDeviceNoise:
        """Return the noise of a target of Qiskit."""
        model = NoiseModel.from_target(target)
        calls = tuple((call["method"], tuple(call["args"])) for call in model.calls)
        basis_gates = NATIVE_GATES if "cz" in target.operation_names else CX_GATES
        return cls(calls, target.num_qubits, basis_gates)

    def scaled(self, factor: float) -> FakeDeviceNoise:
        """Return this noise with every probability multiplied by ``factor``, 0 to 1.

        The durations of gates and the rates of decay are multiplied too.
        """
        return FakeDeviceNoise(tuple(self._scaled_calls(factor)), self.num_qubits, self.basis_gates)

    def _scaled_calls(self, factor: float) -> Iterator[tuple[str, tuple[float, ...]]]:
        for method, args in self.calls:
            if method in _GROWING:
                yield method, _multiplied(args, _GROWING[method], factor)
            elif factor:
                yield method, _multiplied(args, _SHRINKING[method], 1 / factor)

    def engine_calls(
        self, qubits: Sequence[int], *, limit_t2: bool = False
    ) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Yield the method and the arguments of each call on the engine's noise model.

        Args:
            qubits: For each qubit of the engine's program, its index in the user's program. This is its place
                on the device. A qubit with a larger index gets the first free place.
            limit_t2: Whether a T2 longer than T1 counts as T1. Random realizations cannot represent a longer
                one.
        """
        places = places_of(qubits, self.num_qubits)
        number_of = {place: number for number, place in enumerate(places)}
        for method, args in self.calls:
            if method == "set_2q_depolarizing":
                continue
            if args[0] in number_of:
                if limit_t2 and method in _DECAY_TIMES:
                    position = _DECAY_TIMES[method]
                    t1_s, t2_s = args[position : position + 2]
                    args = (*args[: position + 1], min(t1_s, t2_s), *args[position + 2 :])  # noqa: PLW2901
                yield method, (number_of[int(args[0])], *args[1:])
        # Gates between qubits that are not coupled have the errors of their route.
        for number, place in enumerate(places):
            for other in range(number):
                yield "set_2q_depolarizing", (other, number, self._pairs[places[other]][place])

    @cached_property
    def _pairs(self) -> tuple[tuple[float, ...], ...]:
        pairs = {
            (int(args[0]), int(args[1])): args[2]
            for method, args in self.calls
            if method == "set_2q_depolarizing"
        }
        return routed_rates(pairs, self.num_qubits)


def _multiplied(args: tuple[float, ...], positions: tuple[int, ...], factor: float) -> tuple[float, ...]:
    return tuple(value * factor if index in positions else value for index, value in enumerate(args))


def fake_backend_names(load: Callable[[str], ModuleType] = import_module) -> tuple[str, ...]:
    """Return the values of ``noisy_device`` that the installed package offers, in alphabetical order.

    Raises:
        QoroInputError: The package is not installed.
    """
    return tuple(sorted(f"{_PREFIX}{name}" for name in _classes(load)))


@lru_cache(maxsize=8)
def load_fake_backend(name: str, load: Callable[[str], ModuleType] = import_module) -> FakeDeviceNoise:
    """Return the noise of a fake backend.

    Args:
        name: A name of :func:`fake_backend_names`.
        load: Imports a module.

    Raises:
        QoroInputError: The package is not installed, or has no such backend.
    """
    classes = _classes(load)
    found = classes.get(name.removeprefix(_PREFIX))
    if found is None:
        similar = get_close_matches(name, [f"{_PREFIX}{each}" for each in classes], n=3) or [
            f"{_PREFIX}fake_fez"
        ]
        raise QoroInputError(
            f"noisy_device: {_PACKAGE} has no fake backend for {name[:80]!r}, expected for example "
            f"{', '.join(similar)}"
        )
    with warnings.catch_warnings():
        # Some fake backends warn that their values are not typical.
        warnings.simplefilter("ignore")
        return FakeDeviceNoise.from_target(found().target)


def _classes(load: Callable[[str], ModuleType]) -> Mapping[str, Any]:
    """Return the class of each fake backend."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = load(_MODULE)
    except ImportError as error:
        raise QoroInputError(
            f"noisy_device: the noise of IBM's devices needs {_PACKAGE} in the environment of the service: "
            f"run pip install {_PACKAGE} ({error})"
        ) from error
    found: list[Any] = [value for value in vars(module).values() if inspect.isclass(value)]
    return {value.backend_name: value for value in found if getattr(value, "backend_name", None)}
