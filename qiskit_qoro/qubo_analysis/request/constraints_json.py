"""Read the constraints of a request from JSON."""

from __future__ import annotations

from collections.abc import Mapping

from qiskit_qoro.errors import WireError
from qiskit_qoro.qubo_analysis.request.constraints import Constraint, ConstraintType
from qiskit_qoro.qubo_analysis.request.option_fields import (
    as_bounded_number,
    as_qubits,
    check_known_keys,
    choice,
)
from qiskit_qoro.wire.fields import as_list, as_object, shown

__all__ = ["read_constraints"]

_CARDINALITIES = (
    ConstraintType.MAX_CARDINALITY,
    ConstraintType.MIN_CARDINALITY,
    ConstraintType.EQ_CARDINALITY,
)


def read_constraints(value: object, n: int) -> tuple[Constraint, ...]:
    """Read the constraints of a problem of ``n`` variables from a list, or from a single object.

    Raises:
        WireError: A field is missing, unknown, of the wrong type or out of range.
    """
    if value is None:
        return ()
    items = [value] if isinstance(value, dict) else as_list(value, "options.constraints")
    return tuple(_read_constraint(item, f"options.constraints[{i}]", n) for i, item in enumerate(items))


def _read_constraint(item: object, where: str, n: int) -> Constraint:
    fields = as_object(item, where)
    check_known_keys(fields, ("type", "bound", "weights", "qubits"), where)
    kind: ConstraintType | None = choice(fields, "type", where, ConstraintType)
    if kind is None:
        raise WireError(f"{where}.type: expected a constraint type, got nothing")
    bound = as_bounded_number(fields.get("bound"), f"{where}.bound")
    weights = fields.get("weights")
    qubits = None if fields.get("qubits") is None else as_qubits(fields["qubits"], f"{where}.qubits", n)
    if weights is None:
        if kind not in _CARDINALITIES:
            raise WireError(f"{where}.weights: expected weights for the type {kind.value}, got nothing")
        qubits = tuple(range(n)) if qubits is None else qubits
        return Constraint(kind, bound, qubits, (1.0,) * len(qubits))
    if kind in _CARDINALITIES:
        raise WireError(
            f"{where}.weights: a cardinality has no weights, expected the type inequality or equality"
        )
    if isinstance(weights, dict):
        weighted, weights = _as_weights(weights, f"{where}.weights", n)
        if qubits is not None and set(qubits) != set(weighted):
            raise WireError(
                f"{where}.weights: expected one weight for each of the qubits, got {shown(fields['weights'])}"
            )
        return Constraint(kind, bound, weighted, weights)
    qubits = tuple(range(n)) if qubits is None else qubits
    listed = tuple(
        as_bounded_number(item, f"{where}.weights") for item in as_list(weights, f"{where}.weights")
    )
    if len(listed) != len(qubits):
        raise WireError(
            f"{where}.weights: expected {len(qubits)} weights, one for each qubit, got {len(listed)}"
        )
    return Constraint(kind, bound, qubits, listed)


def _as_weights(value: Mapping[str, object], where: str, n: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Read an object whose keys are variables in decimal; return the variables and their weights."""
    for key in value:
        if not key.isascii() or not key.isdigit() or len(key) > 7 or str(int(key)) != key:
            raise WireError(f"{where}: expected variables from 0 to {n - 1} as keys, got {shown(key)}")
    qubits = as_qubits([int(key) for key in value], where, n)
    return qubits, tuple(as_bounded_number(weight, where) for weight in value.values())
