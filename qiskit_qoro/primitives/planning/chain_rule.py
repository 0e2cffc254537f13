"""The chain rule: from derivatives by the angles of a template to derivatives by the circuit's parameters.

An angle is an expression of parameters. Its derivatives are computed with Qiskit's
``ParameterExpression.gradient``. Most expressions are linear, so that their derivatives are constants.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.exceptions import QiskitError

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives.planning.parameter_expressions import evaluate
from qiskit_qoro.primitives.postprocess.chain_rule import ChainRule

__all__ = ["build_chain_rule"]


def build_chain_rule(
    expressions: Sequence[ParameterExpression], parameters: Sequence[Parameter], values: NDArray[np.float64]
) -> ChainRule:
    """Differentiate expressions by their parameters.

    Args:
        expressions: The expressions behind the angles.
        parameters: The parameters of the circuit, in order.
        values: The values of the parameters, shape (rows, parameters).

    Raises:
        QoroInputError: An expression has no derivative, or none that is a finite real number in some row.
    """
    index_of = {parameter: index for index, parameter in enumerate(parameters)}
    angles: list[int] = []
    numbers: list[int] = []
    slopes: list[ParameterExpression | float] = []
    for angle, expression in enumerate(expressions):
        # Sorted, because a set of parameters has no order.
        for parameter in sorted(expression.parameters, key=index_of.__getitem__):
            angles.append(angle)
            numbers.append(index_of[parameter])
            slopes.append(_differentiate(expression, parameter))
    varying = [index for index, slope in enumerate(slopes) if isinstance(slope, ParameterExpression)]
    table = np.empty((len(values) if varying else 1, len(slopes)))
    for index, slope in enumerate(slopes):
        if not isinstance(slope, ParameterExpression):
            table[:, index] = slope
    if varying:
        table[:, varying] = evaluate([slopes[index] for index in varying], parameters, values)
    return ChainRule(len(parameters), tuple(angles), tuple(numbers), table)


def _differentiate(expression: ParameterExpression, parameter: Parameter) -> ParameterExpression | float:
    """Return the derivative of an expression: a number if it is constant."""
    if expression == parameter:
        return 1.0
    try:
        slope = expression.gradient(parameter)
        if isinstance(slope, ParameterExpression) and not slope.parameters:
            slope = slope.numeric()
    except (QiskitError, RuntimeError, TypeError, ValueError, ArithmeticError) as error:
        raise QoroInputError(
            f"the expression {str(expression)!r} has no derivative by {parameter.name!r}: {error}"
        ) from error
    if isinstance(slope, ParameterExpression):
        return slope
    number = complex(slope)
    if number.imag or not np.isfinite(number.real):
        raise QoroInputError(
            f"the derivative of {str(expression)!r} by {parameter.name!r} is {slope}, expected a finite real "
            "number"
        )
    return number.real
