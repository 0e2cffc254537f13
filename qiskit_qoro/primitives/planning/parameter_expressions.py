"""Parameter expressions for all rows of values at once.

Qiskit binds an expression one row at a time. Here its text, after its parameters have been given plain names,
is read as arithmetic on columns. The text is not taken on trust: a function that is not known, a constant
that this release of Qiskit writes with too few digits, an operation outside its domain or a value other
than the one that Qiskit gives in one of the rows compared, and the expression is bound row by row instead.
Order and rounding of the operations are those of the text: the last bits may differ from Qiskit's.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qiskit.circuit import Parameter, ParameterExpression
from qiskit.exceptions import QiskitError

from qiskit_qoro.errors import QoroInputError

__all__ = ["evaluate"]

_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
    ast.UAdd: np.positive,
    ast.USub: np.negative,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "Abs": np.abs,
    "abs": np.abs,
    "acos": np.arccos,
    "asin": np.arcsin,
    "atan": np.arctan,
    "conj": np.positive,
    "conjugate": np.positive,
    "cos": np.cos,
    "exp": np.exp,
    "log": np.log,
    "sign": np.sign,
    "sin": np.sin,
    "tan": np.tan,
}
_TOLERANCE = 32 * np.finfo(np.float64).eps
_SAFE_DIGITS = 12


def evaluate(
    expressions: Sequence[ParameterExpression], parameters: Sequence[Parameter], values: ArrayLike
) -> NDArray[np.float64]:
    """Compute expressions for rows of parameter values.

    Args:
        expressions: The expressions, in the parameters and no others.
        parameters: The parameters, in the order of the columns.
        values: The values, shape (rows, parameters).

    Returns:
        The values of the expressions, shape (rows, expressions). Those of a bare parameter are its column.

    Raises:
        QoroInputError: An expression has no finite real value in some row.
    """
    return _Table(parameters, np.asarray(values, dtype=np.float64)).evaluate(expressions)


class _UnreadableError(Exception):
    """The text of an expression is not arithmetic as it is known here."""


class _Table:
    """Values of parameters, by column."""

    def __init__(self, parameters: Sequence[Parameter], values: NDArray[np.float64]) -> None:
        self._parameters = parameters
        self._values = values
        self._column = {parameter: index for index, parameter in enumerate(parameters)}
        prefix = "p"
        while any(parameter.name.startswith(prefix) for parameter in parameters):
            prefix += "p"
        self._renamed = [Parameter(f"{prefix}{index}") for index in range(len(parameters))]
        self._by_name = {renamed.name: values[:, index] for index, renamed in enumerate(self._renamed)}
        self._digits_are_exact = str(1 / 3) in str(Parameter("x") * (1 / 3))

    def evaluate(self, expressions: Sequence[ParameterExpression]) -> NDArray[np.float64]:
        result = np.empty((len(self._values), len(expressions)), dtype=np.float64)
        if not result.size:
            return result
        for index, expression in enumerate(expressions):
            result[:, index] = self._values_of(expression)
        finite = np.isfinite(result)
        if not finite.all():
            row, index = np.argwhere(~finite)[0].tolist()
            raise self._error(expressions[index], row)
        return result

    def _values_of(self, expression: ParameterExpression) -> Any:
        if isinstance(expression, Parameter):
            return self._values[:, self._column[expression]]
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                column = np.broadcast_to(self._read(self._text(expression)), len(self._values))
        except (_UnreadableError, FloatingPointError, OverflowError, RecursionError):
            pass
        else:
            if self._agrees(expression, column):
                return column
        return [self._bound(expression, row) for row in range(len(self._values))]

    def _text(self, expression: ParameterExpression) -> ast.expr:
        renamed = {p: self._renamed[self._column[p]] for p in expression.parameters}
        try:
            return ast.parse(str(expression.subs(renamed)).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _UnreadableError from error

    def _read(self, node: ast.expr) -> Any:
        match node:
            case ast.Name(id=name) if name in self._by_name:
                return self._by_name[name]
            case ast.Constant(value=int() | float() as value) if self._is_exact(value):
                return np.float64(value)
            case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](self._read(left), self._read(right))
            case ast.UnaryOp(operator, operand) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](self._read(operand))
            case ast.Call(ast.Name(id=name), [operand], []) if name in _FUNCTIONS:
                return _FUNCTIONS[name](self._read(operand))
        raise _UnreadableError

    def _is_exact(self, value: float) -> bool:
        # Qiskit 2.0 writes 15 digits, fewer where they end in zeros.
        return self._digits_are_exact or float(f"{value:.{_SAFE_DIGITS}g}") == value

    def _agrees(self, expression: ParameterExpression, column: NDArray[np.float64]) -> bool:
        for row in {0, len(column) // 2, len(column) - 1}:
            expected = self._bound(expression, row)
            if not abs(column[row] - expected) <= _TOLERANCE * max(1.0, abs(expected)):
                return False
        return True

    def _bound(self, expression: ParameterExpression, row: int) -> float:
        """The value that Qiskit gives."""
        values = {p: float(self._values[row, self._column[p]]) for p in expression.parameters}
        try:
            value = complex(expression.bind(values).numeric())
        except (ArithmeticError, RuntimeError, ValueError, QiskitError) as error:
            raise self._error(expression, row) from error
        if value.imag or not math.isfinite(value.real):
            raise self._error(expression, row)
        return value.real

    def _error(self, expression: ParameterExpression, row: int) -> QoroInputError:
        used = [p for p in self._parameters if p in expression.parameters]
        where = ", ".join(f"{p.name} = {float(self._values[row, self._column[p]])!r}" for p in used)
        return QoroInputError(
            f"the expression {str(expression)!r} has no finite real value in row {row}, "
            f"where {where or 'it has no parameter'}; an angle has to be one"
        )
