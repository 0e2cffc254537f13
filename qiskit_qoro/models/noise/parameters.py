"""The parameters of the setters of a noise model, by name: how each is checked, and what it means.

The engine gives a parameter the same name in each setter, so one table describes them all. Values may come
from NumPy. They become plain Python values, so that they can be compared and written as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qiskit_qoro.models.arguments import boolean_of, integer_of, items_of, number_of

__all__ = ["JOINT_CHECKS", "MAX_QUBITS", "PARAMETERS", "JointCheck", "Parameter"]

MAX_QUBITS = 2**16
"""Qubits are numbered below this, so that a call for all qubits of a huge device cannot fill the memory."""

# JSON has no infinity. Nothing decays measurably in this many seconds.
_FOREVER_S = 1e300

# The engine accepts Kraus operators whose completeness deviates by less than 1e-10. Operators that deviate
# by up to _MAX_DEVIATION are normalized, so that rounded input is accepted too.
_MAX_DEVIATION = 1e-9
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Parameter:
    """A parameter of setters.

    Attributes:
        convert: Returns the plain value of an argument, or ``None`` if the argument is invalid.
        expected: The valid values, for errors.
        meaning: What the parameter is, for docstrings.
    """

    convert: Callable[[object], Any]
    expected: str
    meaning: str


@dataclass(frozen=True)
class JointCheck:
    """A condition on several arguments of one call.

    Attributes:
        names: The parameters. The check applies to the setters that have all of them.
        accepts: Whether the condition holds for the arguments.
        expected: The condition, for errors.
    """

    names: tuple[str, ...]
    accepts: Callable[..., bool]
    expected: str


def _qubit(value: object) -> int | None:
    return integer_of(value, least=0, most=MAX_QUBITS - 1)


def _targets(value: object) -> list[int] | None:
    items = items_of(value)
    if items is None or not 1 <= len(items) <= 2:
        return None
    qubits = [qubit for item in items if (qubit := _qubit(item)) is not None]
    return qubits if len(set(qubits)) == len(items) else None


def _count(most: int) -> Callable[[object], int | None]:
    return lambda value: integer_of(value, least=1, most=most)


def _probability(value: object) -> float | None:
    number = number_of(value)
    return number if number is not None and 0 <= number <= 1 else None


def _not_negative(value: object) -> float | None:
    number = number_of(value)
    return number if number is not None and number >= 0 else None


def _positive(value: object) -> float | None:
    number = number_of(value)
    return number if number is not None and number > 0 else None


def _decay_time(value: object) -> float | None:
    try:
        is_forever = not isinstance(value, bool | str) and float(value) == math.inf  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        is_forever = False
    return _FOREVER_S if is_forever else _positive(value)


def _coefficient(value: object) -> float | None:
    number = number_of(value)
    return number if number is not None and -1 <= number <= 1 else None


def _bands(value: object) -> list[list[float]] | None:
    items = items_of(value)
    pairs = None if items is None else [items_of(item) for item in items]
    if pairs is None or len(pairs) > _MAX_BANDS:
        return None
    bands = []
    for pair in pairs:
        if pair is None or len(pair) != 2:
            return None
        sigma, alpha = _not_negative(pair[0]), _positive(pair[1])
        if sigma is None or alpha is None:
            return None
        bands.append([sigma, alpha])
    return bands


def _kraus_operators(value: object) -> list[list[list[complex]]] | None:
    items = items_of(value)
    if not items or len(items) > _MAX_OPERATORS:
        return None
    try:
        operators = np.asarray([np.asarray(item, dtype=complex) for item in items])
    except (TypeError, ValueError):
        return None
    if operators.shape[1:] not in ((2, 2), (4, 4)) or not np.isfinite(operators).all():
        return None
    completeness = np.einsum("kji,kjl->il", operators.conj(), operators)
    deviation = np.abs(completeness - np.eye(len(completeness))).max()
    if deviation > _MAX_DEVIATION:
        return None
    if deviation > _ROUNDING:
        values, vectors = np.linalg.eigh(completeness)
        operators = operators @ ((vectors / np.sqrt(values)) @ vectors.conj().T)
    listed: list[list[list[complex]]] = operators.tolist()
    return listed


# Sums and ratios may exceed their limit by rounding. The engine accepts that too.
_ROUNDED_UP = 1 + 1e-12

_MAX_BANDS = 1000
_MAX_OPERATORS = 1000

_QUBIT = f"a qubit, an integer from 0 to {MAX_QUBITS - 1}"
_PROBABILITY = "a number from 0 to 1"
_NOT_NEGATIVE = "a number of 0 or more"
_POSITIVE = "a number above 0"
_NUMBER = "a finite number"
_SECONDS = "a number of seconds above 0, or infinity"
_BOOLEAN = "True or False"


def _is_probability(meaning: str) -> Parameter:
    return Parameter(_probability, _PROBABILITY, meaning)


def _is_qubit(meaning: str) -> Parameter:
    return Parameter(_qubit, _QUBIT, meaning)


PARAMETERS: Mapping[str, Parameter] = {
    "qubit": _is_qubit("The qubit."),
    "q1": _is_qubit("A qubit of the pair. Pairs have no direction."),
    "q2": _is_qubit("The other qubit of the pair."),
    "targets": Parameter(
        _targets,
        f"a list of one or two different qubits, integers from 0 to {MAX_QUBITS - 1}",
        "One or two qubits. The first is the least significant bit of the matrix indices, as in Qiskit.",
    ),
    "num_qubits": Parameter(
        _count(MAX_QUBITS),
        f"a number of qubits, an integer from 1 to {MAX_QUBITS}",
        "The noise is set for the qubits from 0 to ``num_qubits - 1``.",
    ),
    "p": _is_probability("The probability of an error."),
    "p_error": _is_probability("The probability that a measurement gives the wrong bit."),
    "p_meas1_prep0": _is_probability("The probability to measure 1 in state 0."),
    "p_meas0_prep1": _is_probability("The probability to measure 0 in state 1."),
    "px": _is_probability("The probability of an X error."),
    "py": _is_probability("The probability of a Y error."),
    "pz": _is_probability("The probability of a Z error."),
    "gamma": _is_probability("The damping probability."),
    "probability": _is_probability("The probability of a phase flip on each qubit."),
    "correlation": _is_probability("0 for independent flips, 1 for flips of both qubits together."),
    "excited_population": _is_probability("The population of state 1 in equilibrium."),
    "rx": Parameter(number_of, _NUMBER, "The angle of the rotation about X, in radians."),
    "ry": Parameter(number_of, _NUMBER, "The angle of the rotation about Y, in radians."),
    "rz": Parameter(number_of, _NUMBER, "The angle of the rotation about Z, in radians."),
    "strength": Parameter(number_of, _NUMBER, "The angle of the rotation about Z, in radians."),
    "detuning_hz": Parameter(number_of, _NUMBER, "The detuning of the qubit, in hertz."),
    "gate_time_s": Parameter(_not_negative, _NOT_NEGATIVE, "The duration of a gate, in seconds."),
    "gate_time": Parameter(_positive, _POSITIVE, "The duration of a gate, in seconds."),
    "t1_time_s": Parameter(_decay_time, _SECONDS, "T1, in seconds. Infinity is recorded as 1e300."),
    "t1_s": Parameter(_decay_time, _SECONDS, "T1, in seconds. Infinity is recorded as 1e300."),
    "t2_s": Parameter(_decay_time, _SECONDS, "T2, in seconds, at most twice T1."),
    "t1": Parameter(_decay_time, _SECONDS, "T1, in seconds. Infinity is recorded as 1e300."),
    "t2": Parameter(_decay_time, _SECONDS, "T2, in seconds, at most twice T1."),
    "t_phi_s": Parameter(_decay_time, _SECONDS, "The time of pure dephasing, in seconds."),
    "sigma": Parameter(_not_negative, _NOT_NEGATIVE, "The diffusion coefficient of the process."),
    "sigma_eta": Parameter(_not_negative, _NOT_NEGATIVE, "The standard deviation of the driving noise."),
    "alpha": Parameter(_positive, _POSITIVE, "The correlation time, in units of the gate time."),
    "phi": Parameter(_coefficient, "a number from -1 to 1", "The autoregressive coefficient."),
    "bands": Parameter(
        _bands,
        f"at most {_MAX_BANDS} pairs of sigma, 0 or more, and alpha, above 0",
        "The processes, each a pair of ``sigma`` and ``alpha``.",
    ),
    "power": Parameter(_not_negative, _NOT_NEGATIVE, "The total noise power of all qubits."),
    "total_power": Parameter(_not_negative, _NOT_NEGATIVE, "The total power of the spectrum."),
    "f_min": Parameter(_positive, _POSITIVE, "The lowest frequency of the spectrum, in hertz."),
    "f_max": Parameter(_positive, _POSITIVE, "The highest frequency of the spectrum, in hertz."),
    "num_bands": Parameter(
        _count(_MAX_BANDS), f"an integer from 1 to {_MAX_BANDS}", "The number of processes."
    ),
    "after_1q": Parameter(boolean_of, _BOOLEAN, "Whether the noise follows one-qubit gates."),
    "after_2q": Parameter(boolean_of, _BOOLEAN, "Whether the noise follows two-qubit gates."),
    "stationary_init": Parameter(
        boolean_of, _BOOLEAN, "Whether the process starts in equilibrium, instead of at 0."
    ),
    "kraus_operators": Parameter(
        _kraus_operators,
        "a list of complex 2 x 2 or 4 x 4 matrices E with sum(E^dagger E) = 1 to within 1e-9",
        "The Kraus operators, 2 × 2 or 4 × 4 matrices.",
    ),
}

JOINT_CHECKS = (
    JointCheck(("q1", "q2"), lambda q1, q2: q1 != q2, "two different qubits"),
    JointCheck(("px", "py", "pz"), lambda px, py, pz: px + py + pz <= _ROUNDED_UP, "a sum of at most 1"),
    JointCheck(("t1_s", "t2_s"), lambda t1, t2: t2 <= 2 * t1 * _ROUNDED_UP, "t2_s of at most 2 * t1_s"),
    JointCheck(("t1", "t2"), lambda t1, t2: t2 <= 2 * t1 * _ROUNDED_UP, "t2 of at most 2 * t1"),
    JointCheck(("f_min", "f_max"), lambda low, high: low < high, "f_min below f_max"),
    JointCheck(
        ("phi", "stationary_init"),
        lambda phi, starts_in_equilibrium: abs(phi) < 1 or not starts_in_equilibrium,
        "phi between -1 and 1 (excluded), because the process has no equilibrium otherwise",
    ),
    JointCheck(
        ("targets", "kraus_operators"),
        lambda targets, operators: len(operators[0]) == 2 ** len(targets),
        "2 x 2 matrices for one qubit, 4 x 4 matrices for two",
    ),
)
