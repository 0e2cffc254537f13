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

__all__ = ["Expressions", "evaluate"]

_Column = NDArray[np.float64]
_Table = NDArray[np.float64]

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
        expressions: As for :class:`Expressions`.
        parameters: As for :class:`Expressions`.
        values: As for :meth:`Expressions.evaluate`.

    Returns:
        As for :meth:`Expressions.evaluate`.

    Raises:
        QoroInputError: An expression has no finite real value in some row.
    """
    return Expressions(expressions, parameters).evaluate(values)


class _UnreadableError(Exception):
    """The text of an expression contains something that cannot be evaluated on columns."""


class Expressions:
    """Expressions whose texts are parsed once, for any number of tables of parameter values.

    Args:
        expressions: The expressions. They contain no other parameters than ``parameters``.
        parameters: The parameters, in the order of the columns of a table.
    """

    def __init__(self, expressions: Sequence[ParameterExpression], parameters: Sequence[Parameter]) -> None:
        self._expressions = expressions
        self._parameters = parameters
        self._column = {parameter: index for index, parameter in enumerate(parameters)}
        # Parameters may have any names, including names that are not identifiers or that are names of
        # functions. Rename them to p0, p1, …, with a prefix that no parameter's name starts with.
        prefix = "p"
        while any(parameter.name.startswith(prefix) for parameter in parameters):
            prefix += "p"
        self._renamed = [Parameter(f"{prefix}{index}") for index in range(len(parameters))]
        self._column_by_name = {renamed.name: index for index, renamed in enumerate(self._renamed)}
        self._prints_all_digits = str(1 / 3) in str(Parameter("x") * (1 / 3))
        # For each expression the column of a bare parameter, or else its parsed text.
        self._sources = [
            self._column[expression] if isinstance(expression, Parameter) else self._parse(expression)
            for expression in expressions
        ]

    def evaluate(self, values: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the expressions for each row of a table.

        Args:
            values: The values, shape (rows, parameters).

        Returns:
            The values of the expressions, shape (rows, expressions). The values of a bare parameter are
            exactly its column.

        Raises:
            QoroInputError: An expression has no finite real value in some row.
        """
        table = np.asarray(values, dtype=np.float64)
        result = np.empty((len(table), len(self._expressions)), dtype=np.float64)
        if not result.size:
            return result
        for index, source in enumerate(self._sources):
            if isinstance(source, int):
                result[:, index] = table[:, source]
            else:
                result[:, index] = self._evaluate_one(self._expressions[index], source, table)
        finite = np.isfinite(result)
        if not finite.all():
            row, index = np.argwhere(~finite)[0].tolist()
            raise self._error(self._expressions[index], table, row)
        return result

    def _evaluate_one(self, expression: ParameterExpression, node: ast.expr | None, table: _Table) -> Any:
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise", under="ignore"):
                column = np.broadcast_to(self._evaluate_node(node, table), len(table))
        except (_UnreadableError, FloatingPointError, OverflowError, RecursionError):
            pass
        else:
            if self._agrees_with_qiskit(expression, column, table):
                return column
        return [self._bind(expression, table, row) for row in range(len(table))]

    def _parse(self, expression: ParameterExpression) -> ast.expr | None:
        """Parse the text of an expression with renamed parameters; return ``None`` if it is unreadable."""
        renamed = {p: self._renamed[self._column[p]] for p in expression.parameters}
        try:
            return ast.parse(str(expression.subs(renamed)).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def _evaluate_node(self, node: ast.expr | None, table: _Table) -> Any:
        """Evaluate a node for all rows: a column, or a number if it contains no parameter."""
        match node:
            case ast.Name(id=name) if name in self._column_by_name:
                return table[:, self._column_by_name[name]]
            case ast.Constant(value=int() | float() as value) if self._is_exact(value):
                return np.float64(value)
            case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](
                    self._evaluate_node(left, table), self._evaluate_node(right, table)
                )
            case ast.UnaryOp(operator, operand) if type(operator) in _OPERATORS:
                return _OPERATORS[type(operator)](self._evaluate_node(operand, table))
            case ast.Call(ast.Name(id=name), [operand], []) if name in _FUNCTIONS:
                return _FUNCTIONS[name](self._evaluate_node(operand, table))
        raise _UnreadableError

    def _is_exact(self, value: float) -> bool:
        # Qiskit 2.0 prints 15 digits without trailing zeros, so a constant with few digits may be rounded.
        return self._prints_all_digits or float(f"{value:.{_SAFE_DIGITS}g}") == value

    def _agrees_with_qiskit(self, expression: ParameterExpression, column: _Column, table: _Table) -> bool:
        """Compare the first, the middle and the last row with Qiskit's values."""
        for row in {0, len(column) // 2, len(column) - 1}:
            expected = self._bind(expression, table, row)
            if not abs(column[row] - expected) <= _TOLERANCE * max(1.0, abs(expected)):
                return False
        return True

    def _bind(self, expression: ParameterExpression, table: _Table, row: int) -> float:
        """Return Qiskit's value of an expression for one row."""
        values = {p: float(table[row, self._column[p]]) for p in expression.parameters}
        try:
            value = complex(expression.bind(values).numeric())
        except (ArithmeticError, RuntimeError, ValueError, QiskitError) as error:
            raise self._error(expression, table, row) from error
        if value.imag or not math.isfinite(value.real):
            raise self._error(expression, table, row)
        return value.real

    def _error(self, expression: ParameterExpression, table: _Table, row: int) -> QoroInputError:
        used = [p for p in self._parameters if p in expression.parameters]
        where = ", ".join(f"{p.name} = {float(table[row, self._column[p]])!r}" for p in used)
        return QoroInputError(
            f"the expression {str(expression)!r} has no finite real value in row {row} "
            f"({where or 'it has no parameter'}); an angle has to be a finite real number"
        )
