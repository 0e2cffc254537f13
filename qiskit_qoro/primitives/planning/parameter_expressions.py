"""Evaluation of parameter expressions for all rows of values at once.

Qiskit binds an expression one row at a time. Here the parameters get plain names, and the text of the
expression is evaluated as arithmetic on NumPy columns. The text may be wrong or incomplete, so an expression
is bound row by row instead in these cases:

- it uses a function or syntax that is unknown here;
- it contains a constant that this release of Qiskit prints with too few digits;
- an operation is outside its domain in some row;
- the value differs from Qiskit's in one of the rows that are compared.

The operations are done in the order of the text, so the last bits may differ from Qiskit's values.
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
_TOLERANCE = 32 * np.finfo(np.float64).eps  # relative difference from Qiskit's values that is accepted
_SAFE_DIGITS = 12  # a constant with at most so many digits is printed exactly by every release


def evaluate(
    expressions: Sequence[ParameterExpression], parameters: Sequence[Parameter], values: ArrayLike
) -> NDArray[np.float64]:
    """Evaluate expressions for rows of parameter values.

    Args:
        expressions: The expressions. They contain no other parameters than ``parameters``.
        parameters: The parameters, in the order of the columns.
        values: The values, shape (rows, parameters).

    Returns:
        The values of the expressions, shape (rows, expressions). The values of a bare parameter are exactly
        its column.

    Raises:
        QoroInputError: An expression has no finite real value in some row.
    """
    return _Evaluator(parameters, np.asarray(values, dtype=np.float64)).evaluate(expressions)


class _UnreadableError(Exception):
    """The text of an expression contains something that cannot be evaluated on columns."""


class _Evaluator:
    """Evaluates expressions for the rows of one table of parameter values.

    Args:
        parameters: The parameters, in the order of the columns.
        values: The values, shape (rows, parameters).
    """

    def __init__(self, parameters: Sequence[Parameter], values: NDArray[np.float64]) -> None:
        self._parameters = parameters
        self._values = values
        self._column = {parameter: index for index, parameter in enumerate(parameters)}
        # Parameters may have any names, including names that are not identifiers or that are names of
        # functions. Rename them to p0, p1, …, with a prefix that no parameter's name starts with.
        prefix = "p"
        while any(parameter.name.startswith(prefix) for parameter in parameters):
            prefix += "p"
        self._renamed = [Parameter(f"{prefix}{index}") for index in range(len(parameters))]
        self._column_by_name = {renamed.name: values[:, index] for index, renamed in enumerate(self._renamed)}
        self._prints_all_digits = str(1 / 3) in str(Parameter("x") * (1 / 3))

    def evaluate(self, expressions: Sequence[ParameterExpression]) -> NDArray[np.float64]:
        result = np.empty((len(self._values), len(expressions)), dtype=np.float64)
        if not result.size:
            return result
        for index, expression in enumerate(expressions):
            result[:, index] = self._evaluate_one(expression)
        finite = np.isfinite(result)
        if not finite.all():
            row, index = np.argwhere(~finite)[0].tolist()
            raise self._error(expressions[index], row)
        return result

    def _evaluate_one(self, expression: ParameterExpression) -> Any:
        if isinstance(expression, Parameter):
            return self._values[:, self._column[expression]]
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                column = np.broadcast_to(self._evaluate_node(self._parse(expression)), len(self._values))
        except (_UnreadableError, FloatingPointError, OverflowError, RecursionError):
            pass
        else:
            if self._agrees_with_qiskit(expression, column):
                return column
        return [self._bind(expression, row) for row in range(len(self._values))]

    def _parse(self, expression: ParameterExpression) -> ast.expr:
        """Parse the text of an expression with renamed parameters."""
        renamed = {p: self._renamed[self._column[p]] for p in expression.parameters}
        try:
            return ast.parse(str(expression.subs(renamed)).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _UnreadableError from error

    def _evaluate_node(self, node: ast.expr) -> Any:
        """Evaluate a node for all rows: a column, or a number if it contains no parameter."""
        match node:
            case ast.Name(id=name) if name in self._column_by_name:
                return self._column_by_name[name]
            case ast.Constant(value=int() | float() as value) if self._is_exact(value):
                return np.float64(value)
            case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](self._evaluate_node(left), self._evaluate_node(right))
            case ast.UnaryOp(operator, operand) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](self._evaluate_node(operand))
            case ast.Call(ast.Name(id=name), [operand], []) if name in _FUNCTIONS:
                return _FUNCTIONS[name](self._evaluate_node(operand))
        raise _UnreadableError

    def _is_exact(self, value: float) -> bool:
        # Qiskit 2.0 prints 15 digits without trailing zeros, so a constant with few digits may be rounded.
        return self._prints_all_digits or float(f"{value:.{_SAFE_DIGITS}g}") == value

    def _agrees_with_qiskit(self, expression: ParameterExpression, column: NDArray[np.float64]) -> bool:
        """Compare the first, the middle and the last row with Qiskit's values."""
        for row in {0, len(column) // 2, len(column) - 1}:
            expected = self._bind(expression, row)
            if not abs(column[row] - expected) <= _TOLERANCE * max(1.0, abs(expected)):
                return False
        return True

    def _bind(self, expression: ParameterExpression, row: int) -> float:
        """Return Qiskit's value of an expression for one row."""
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
            f"the expression {str(expression)!r} has no finite real value in row {row} "
            f"({where or 'it has no parameter'}); an angle has to be a finite real number"
        )
