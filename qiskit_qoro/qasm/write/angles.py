"""Angles as text that reads back as the same float, and as keys of dictionaries."""

from __future__ import annotations

from collections.abc import Hashable
from math import isfinite
from typing import Any

from qiskit.circuit import ParameterExpression

from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["key_of_angle", "spell_angle"]


def spell_angle(value: Any) -> str:
    """The text of an angle.

    Args:
        value: A number of any real type, or an expression without free parameters.

    Raises:
        UnwritableError: It is no finite real number, or has a free parameter.
    """
    number = value if type(value) is float else _real(value)
    if not isfinite(number):
        raise UnwritableError(f"its angle is {number}, expected a finite number")
    return repr(number)


def key_of_angle(value: Hashable) -> Hashable:
    """What equals the key of another angle only if the angles are equal.

    An expression that is a negative number whatever the values of its parameters, such as ``0 * theta - 1``,
    has no hash in Qiskit 2.6; then it is a new object, which equals nothing.
    """
    try:
        hash(value)
    except OverflowError:
        return object()
    return value


def _real(value: Any) -> float:
    if isinstance(value, ParameterExpression):
        if value.parameters:
            names = ", ".join(sorted(parameter.name for parameter in value.parameters))
            raise UnwritableError(
                f"the parameter {names} has no value; bind it with circuit.assign_parameters({{...}})"
            )
        value = value.numeric()
    try:
        if isinstance(value, complex):
            if value.imag:
                raise UnwritableError(f"its angle is {value}, expected a real number")
            value = value.real
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnwritableError(f"its angle is {value!r}, expected a finite number") from error
