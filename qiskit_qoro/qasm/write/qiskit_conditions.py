"""Qiskit's conditions and classical expressions -> sets of bit patterns.

Conditions are a bit or a register with a value, or an expression. Logic, and comparisons of a register
with a number, are translated as they stand, so that registers may be wide. Any other expression is computed
for every value of the bits that it reads, which have to be few.
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

_MOST_BITS = 10
_WIDEST_SHIFT = 4096  # beyond, nothing is left in any register

_Op = expr.Binary.Op
_LOGIC: Mapping[Any, Callable[[Condition, Condition], Condition]] = {
    _Op.LOGIC_AND: intersect,
    _Op.BIT_AND: intersect,
    _Op.LOGIC_OR: unite,
    _Op.BIT_OR: unite,
    _Op.BIT_XOR: lambda a, b: unite(subtract(a, b), subtract(b, a)),
    _Op.NOT_EQUAL: lambda a, b: unite(subtract(a, b), subtract(b, a)),
    _Op.EQUAL: lambda a, b: complement(unite(subtract(a, b), subtract(b, a))),
}
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
    "SHIFT_LEFT": lambda a, b: a << b if b < _WIDEST_SHIFT else 0,
    "SHIFT_RIGHT": rshift,
    "ADD": add,
    "SUB": sub,
    "MUL": mul,
}


def read_condition(condition: Any, index: Mapping[Any, int]) -> Condition:
    """The condition of an ``if_else``.

    Args:
        condition: A bit or a register with its value, or an expression.
        index: The index of each bit.

    Raises:
        UnwritableError: It reads what is no classical bit, or cannot be reduced to few enough values.
    """
    if isinstance(condition, expr.Expr):
        return simplify(_truth(condition, index))
    target, value = condition
    return read_equality(target, value, index)


def read_equality(target: Any, value: int, index: Mapping[Any, int]) -> Condition:
    """The condition that the target of a ``switch`` has a value.

    Args:
        target: A bit, a register or an expression.
        value: The value.
        index: The index of each bit.

    Raises:
        UnwritableError: As for :func:`read_condition`.
    """
    if isinstance(target, expr.Var) or not isinstance(target, expr.Expr):
        return equals(_indices(target, index), int(value))
    return simplify(_enumerate(target, index, lambda found: bool(found == value)))


def _indices(target: Any, index: Mapping[Any, int]) -> list[int]:
    name = getattr(target, "name", None)
    if isinstance(target, expr.Var):
        target = target.var
    if not isinstance(target, Clbit | ClassicalRegister):
        raise UnwritableError(
            f"it reads the real-time variable {name!r}, and only classical bits are known to the engine; "
            "keep the value in a classical register"
        )
    bits = [target] if isinstance(target, Clbit) else list(target)
    try:
        return [index[bit] for bit in bits]
    except KeyError:
        raise UnwritableError(
            "its condition reads a classical bit that is not among its bits; build the block with "
            "circuit.if_test(), circuit.switch() or circuit.for_loop(), which add it"
        ) from None


def _truth(node: Any, index: Mapping[Any, int]) -> Condition:
    """Where an expression of type ``Bool`` is true."""
    if isinstance(node, expr.Value):
        return ALWAYS if node.value else NEVER
    if isinstance(node, expr.Var):
        return equals(_indices(node, index), 1)
    if isinstance(node, expr.Unary):
        return complement(_truth(node.operand, index))
    if isinstance(node, expr.Cast):
        if isinstance(node.operand.type, types.Bool):
            return _truth(node.operand, index)
        if isinstance(node.operand, expr.Var):
            return complement(equals(_indices(node.operand, index), 0))
    if isinstance(node, expr.Index):
        return _index(node, index)
    if isinstance(node, expr.Binary) and node.op in _LOGIC:
        if isinstance(node.left.type, types.Bool) and isinstance(node.right.type, types.Bool):
            return _LOGIC[node.op](_truth(node.left, index), _truth(node.right, index))
        compared = _comparison_with_number(node, index)
        if compared is not None:
            return compared
    return _enumerate(node, index, bool)


def _index(node: Any, index: Mapping[Any, int]) -> Condition:
    if isinstance(node.target, expr.Var) and isinstance(node.index, expr.Value):
        bits = _indices(node.target, index)
        return equals(bits[node.index.value : node.index.value + 1], 1)
    return _enumerate(node, index, bool)


def _comparison_with_number(node: Any, index: Mapping[Any, int]) -> Condition | None:
    """``register == number`` or ``register != number``; ``None`` if it is neither."""
    if node.op not in (_Op.EQUAL, _Op.NOT_EQUAL):
        return None
    sides = [_without_widening(node.left), _without_widening(node.right)]
    if isinstance(sides[0], expr.Value):
        sides.reverse()
    register, number = sides
    if not (isinstance(register, expr.Var) and isinstance(number, expr.Value)):
        return None
    if not isinstance(register.type, types.Uint) or not isinstance(number.value, int):
        return None
    same = equals(_indices(register, index), number.value)
    return same if node.op is _Op.EQUAL else complement(same)


def _without_widening(node: Any) -> Any:
    while (
        isinstance(node, expr.Cast)
        and isinstance(node.type, types.Uint)
        and isinstance(node.operand.type, types.Uint)
        and node.type.width >= node.operand.type.width
    ):
        node = node.operand
    return node


def _enumerate(node: Any, index: Mapping[Any, int], wanted: Callable[[Any], bool]) -> Condition:
    bits = sorted({bit for var in expr.iter_vars(node) for bit in _indices(var, index)})
    if len(bits) > _MOST_BITS:
        raise UnwritableError(
            f"its expression reads {len(bits)} bits and is no comparison of a register with a number, so "
            f"that all its values would have to be listed; use at most {_MOST_BITS} bits"
        )
    mask = sum(1 << bit for bit in bits)
    held = [
        sum(1 << bit for place, bit in enumerate(bits) if number >> place & 1)
        for number in range(1 << len(bits))
    ]
    return tuple((mask, one) for one in held if wanted(_value(node, partial(_read, index, one))))


def _read(index: Mapping[Any, int], held: int, target: Any) -> int:
    return sum((held >> bit & 1) << place for place, bit in enumerate(_indices(target, index)))


def _value(node: Any, read: Callable[[Any], int]) -> Any:
    """What an expression is worth, its bits being what ``read`` says."""
    if isinstance(node, expr.Value):
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
    raise UnwritableError(f"its expression contains {type(node).__name__}, which has no value before the run")


def _binary(node: Any, left: Any, right: Any) -> Any:
    if node.op.name in _ARITHMETIC:
        return _ARITHMETIC[node.op.name](left, right)
    if node.op.name != "DIV":
        raise UnwritableError(f"its expression uses the operation {node.op.name}, which is not known here")
    if not right:
        raise UnwritableError("its expression divides by zero for some values of its bits")
    return floordiv(left, right) if isinstance(node.type, types.Uint) else left / right


def _cast(value: Any, kind: Any) -> Any:
    if isinstance(kind, types.Bool):
        return bool(value)
    if isinstance(kind, types.Uint):
        return int(value) & ((1 << kind.width) - 1)
    if kind.__class__.__name__ == "Float":
        return float(value)
    raise UnwritableError(f"its expression has a part of type {kind!r}, which has no value before the run")
