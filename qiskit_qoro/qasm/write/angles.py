"""Angles as text that is read back as the same float, and as dictionary keys."""

from __future__ import annotations

from collections.abc import Hashable
from math import isfinite
from typing import Any

from qiskit.circuit import ParameterExpression

from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["key_of_angle", "spell_angle"]


def spell_angle(value: Any) -> str:
    """Return the text of an angle.

    Args:
        value: A number of any real type, or an expression without free parameters.

    Raises:
        UnwritableError: The value is not a finite real number, or has a free parameter.
    """
    # Most angles are floats already, and this is the hot path of the writer.
    number = value if type(value) is float else _real(value)
    if not isfinite(number):
        raise UnwritableError(f"its angle is {number}, expected a finite number")
    # repr() gives the shortest text that is read back as the same float.
    return repr(number)


def key_of_angle(value: Hashable) -> Hashable:
    """Return a dictionary key for an angle. Equal keys mean equal angles.

    In Qiskit 2.6, an expression whose value is a negative number for all values of its parameters, such as
    ``0 * theta - 1``, cannot be hashed. The key is then a new object, which equals no other key.
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
