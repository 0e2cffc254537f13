"""The weights of the Pauli strings in an upload of a gradient job: a list of numbers for each group."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.fields import as_list, as_number

__all__ = ["weights_from_json"]


def weights_from_json(value: object, observables: Sequence[tuple[str, ...]]) -> tuple[tuple[float, ...], ...]:
    """Decode the weights.

    Args:
        value: The JSON value.
        observables: The groups of Pauli strings.

    Raises:
        WireError: The value does not have a finite number for each Pauli string of each group.
    """
    groups = as_list(value, "weights")
    if len(groups) != len(observables):
        raise WireError(
            f"weights: expected {len(observables)} lists, one for each group of Pauli strings, got "
            f"{len(groups)}"
        )
    weights = []
    for index, (group, pauli_strings) in enumerate(zip(groups, observables, strict=True)):
        where = f"weights[{index}]"
        numbers = tuple(as_number(number, where) for number in as_list(group, where))
        if len(numbers) != len(pauli_strings):
            raise WireError(
                f"{where}: expected {len(pauli_strings)} numbers, one for each Pauli string, got "
                f"{len(numbers)}"
            )
        weights.append(numbers)
    return tuple(weights)
