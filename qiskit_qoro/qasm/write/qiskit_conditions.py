"""Translation of Qiskit's conditions and classical expressions into sets of bit patterns.

A condition is a bit or a register with a value, or an expression. Logical operations and comparisons of a
register with a number are translated directly, so registers may be wide. Any other expression is evaluated
for every value of the bits that it reads, so it may read only a few bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import add, and_, eq, floordiv, ge, gt, le, lt, mul, ne, or_, rshift, sub, xor
from typing import Any

from qiskit.circuit import ClassicalRegister, Clbit
from qiskit.circuit.classical import expr, types

from qiskit_qoro.qasm.write.bit_conditions import (
    ALWAYS,
    NEVER,
    Condition,
    complement,
    equals,
    intersect,
    simplify,
    subtract,
    unite,
)
from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["read_condition", "read_equality"]

_MAX_ENUMERATED_BITS = 10
_MAX_SHIFT = 4096  # wider than any register, so that the result is 0

_Op = expr.Binary.Op
# Operations on two conditions. On operands of type Bool, the bitwise operations are logical ones.
_LOGIC: Mapping[Any, Callable[[Condition, Condition], Condition]] = {
    _Op.LOGIC_AND: intersect,
    _Op.BIT_AND: intersect,
    _Op.LOGIC_OR: unite,
    _Op.BIT_OR: unite,
    _Op.BIT_XOR: lambda a, b: unite(subtract(a, b), subtract(b, a)),
    _Op.NOT_EQUAL: lambda a, b: unite(subtract(a, b), subtract(b, a)),
    _Op.EQUAL: lambda a, b: complement(unite(subtract(a, b), subtract(b, a))),
}
# Operations on two values, by name: not every release of Qiskit has all of them.
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "BIT_AND": and_,
    "BIT_OR": or_,
    "BIT_XOR": xor,
    "LOGIC_AND": lambda a, b: bool(a and b),
    "LOGIC_OR": lambda a, b: bool(a or b),
    "EQUAL": eq,
    "NOT_EQUAL": ne,
    "LESS": lt,
    "LESS_EQUAL": le,
    "GREATER": gt,
    "GREATER_EQUAL": ge,
    "SHIFT_LEFT": lambda a, b: a << b if b < _MAX_SHIFT else 0,
    "SHIFT_RIGHT": rshift,
    "ADD": add,
    "SUB": sub,
    "MUL": mul,
}


def read_condition(condition: Any, index: Mapping[Any, int]) -> Condition:
    """Translate the condition of an ``if_else``.

    Args:
        condition: A bit or a register with its value, or an expression.
        index: The index of each bit.

    Raises:
        UnwritableError: The condition reads something other than classical bits, or takes too many values.
    """
    if isinstance(condition, expr.Expr):
        return simplify(_truth(condition, index))
    target, value = condition
    return read_equality(target, value, index)


def read_equality(target: Any, value: int, index: Mapping[Any, int]) -> Condition:
    """Translate the condition that the target of a ``switch`` has a value.

    Args:
        target: A bit, a register or an expression.
        value: The value.
        index: The index of each bit.

    Raises:
        UnwritableError: As for :func:`read_condition`.
    """
    if isinstance(target, expr.Var) or not isinstance(target, expr.Expr):
        return equals(_indices(target, index), int(value))
    return simplify(_enumerate(target, index, lambda result: bool(result == value)))


def _indices(target: Any, index: Mapping[Any, int]) -> list[int]:
    """Return the indices of the classical bits of a bit, a register or a variable, lowest first."""
    name = getattr(target, "name", None)
    if isinstance(target, expr.Var):
        target = target.var
    if not isinstance(target, Clbit | ClassicalRegister):
        raise UnwritableError(
            f"it reads the real-time variable {name!r}, but the engine has classical bits only; keep the "
            "value in a classical register"
        )
    bits = [target] if isinstance(target, Clbit) else list(target)
    try:
        return [index[bit] for bit in bits]
    except KeyError:
        raise UnwritableError(
            "its condition reads a classical bit that is not one of the instruction's bits; build the block "
            "with circuit.if_test(), circuit.switch() or circuit.for_loop(), which add the bit"
        ) from None


def _truth(node: Any, index: Mapping[Any, int]) -> Condition:
    """Return the condition that an expression of type ``Bool`` is true."""
    if isinstance(node, expr.Value):
        return ALWAYS if node.value else NEVER
    if isinstance(node, expr.Var):
        return equals(_indices(node, index), 1)
    if isinstance(node, expr.Unary):
        # The only unary operations of type Bool are the logical and the bitwise "not".
        return complement(_truth(node.operand, index))
    if isinstance(node, expr.Cast):
        if isinstance(node.operand.type, types.Bool):
            return _truth(node.operand, index)
        if isinstance(node.operand, expr.Var):
            # A register as a Bool is true if it is not 0.
            return complement(equals(_indices(node.operand, index), 0))
    if isinstance(node, expr.Index):
        return _single_bit(node, index)
    if isinstance(node, expr.Binary) and node.op in _LOGIC:
        if isinstance(node.left.type, types.Bool) and isinstance(node.right.type, types.Bool):
            return _LOGIC[node.op](_truth(node.left, index), _truth(node.right, index))
        comparison = _comparison_with_number(node, index)
        if comparison is not None:
            return comparison
    return _enumerate(node, index, bool)


def _single_bit(node: Any, index: Mapping[Any, int]) -> Condition:
    """Return the condition that an indexed bit of a register is 1."""
    if isinstance(node.target, expr.Var) and isinstance(node.index, expr.Value):
        bits = _indices(node.target, index)
        return equals(bits[node.index.value : node.index.value + 1], 1)
    return _enumerate(node, index, bool)


def _comparison_with_number(node: Any, index: Mapping[Any, int]) -> Condition | None:
    """Translate ``register == number`` or ``register != number``; return ``None`` for anything else."""
    if node.op not in (_Op.EQUAL, _Op.NOT_EQUAL):
        return None
    # Qiskit widens the narrower side of a comparison, which does not change the result.
    sides = [_without_widening(node.left), _without_widening(node.right)]
    if isinstance(sides[0], expr.Value):
        sides.reverse()
    register, number = sides
    if not (isinstance(register, expr.Var) and isinstance(number, expr.Value)):
        return None
    if not isinstance(register.type, types.Uint) or not isinstance(number.value, int):
        return None
    is_equal = equals(_indices(register, index), number.value)
    return is_equal if node.op is _Op.EQUAL else complement(is_equal)


def _without_widening(node: Any) -> Any:
    """Remove casts to wider unsigned integers, which do not change the value."""
    while (
        isinstance(node, expr.Cast)
        and isinstance(node.type, types.Uint)
        and isinstance(node.operand.type, types.Uint)
        and node.type.width >= node.operand.type.width
    ):
        node = node.operand
    return node


def _enumerate(node: Any, index: Mapping[Any, int], accepts: Callable[[Any], bool]) -> Condition:
    """Evaluate an expression for every value of its bits; return those for which ``accepts`` is true."""
    bits = sorted({bit for var in expr.iter_vars(node) for bit in _indices(var, index)})
    if len(bits) > _MAX_ENUMERATED_BITS:
        raise UnwritableError(
            f"its expression reads {len(bits)} bits and is not a comparison of a register with a number, so "
            f"all values of the bits would have to be tried; use at most {_MAX_ENUMERATED_BITS} bits"
        )
    mask = sum(1 << bit for bit in bits)
    patterns = [
        sum(1 << bit for position, bit in enumerate(bits) if number >> position & 1)
        for number in range(1 << len(bits))
    ]
    # Each pattern is a cube with all bits fixed, so the cubes are disjoint.
    return tuple(
        (mask, pattern) for pattern in patterns if accepts(_value(node, partial(_read, index, pattern)))
    )


def _read(index: Mapping[Any, int], pattern: int, target: Any) -> int:
    """Return the value of a bit or register if the classical bits have this pattern."""
    return sum((pattern >> bit & 1) << position for position, bit in enumerate(_indices(target, index)))


def _value(node: Any, read: Callable[[Any], int]) -> Any:
    """Evaluate an expression; ``read`` returns the values of bits and registers."""
    if isinstance(node, expr.Value):
        if not isinstance(node.value, bool | int | float):
            raise _unsupported_type(node.type)
        return node.value
    if isinstance(node, expr.Var):
        return read(node)
    if isinstance(node, expr.Cast):
        return _cast(_value(node.operand, read), node.type)
    if isinstance(node, expr.Index):
        return _value(node.target, read) >> _value(node.index, read) & 1
    if isinstance(node, expr.Unary):
        operand = _value(node.operand, read)
        if node.op.name == "NEGATE":
            return _cast(-operand, node.type)
        return _cast(not operand if isinstance(node.type, types.Bool) else ~operand, node.type)
    if isinstance(node, expr.Binary):
        left, right = _value(node.left, read), _value(node.right, read)
        return _cast(_binary(node, left, right), node.type)
    raise UnwritableError(f"its expression contains {type(node).__name__}, which is not supported")


def _binary(node: Any, left: Any, right: Any) -> Any:
    if node.op.name in _ARITHMETIC:
        return _ARITHMETIC[node.op.name](left, right)
    if node.op.name != "DIV":
        raise UnwritableError(f"its expression uses the operation {node.op.name}, which is not supported")
    if not right:
        raise UnwritableError("its expression divides by zero for some values of its bits")
    # Qiskit divides unsigned integers without remainder, and floats exactly.
    return floordiv(left, right) if isinstance(node.type, types.Uint) else left / right


def _cast(value: Any, kind: Any) -> Any:
    """Convert a value to a type as Qiskit does; unsigned integers wrap around."""
    if isinstance(kind, types.Bool):
        return bool(value)
    if isinstance(kind, types.Uint):
        return int(value) & ((1 << kind.width) - 1)
    if kind.__class__.__name__ == "Float":
        return float(value)
    raise _unsupported_type(kind)


def _unsupported_type(kind: Any) -> UnwritableError:
    return UnwritableError(f"its expression has a part of type {kind!r}, which is not supported")
