"""The arrays of ``STATE`` jobs as tables and probabilities: basis states in Qiskit's order.

Basis states are written as Qiskit writes them: qubit 0 is the rightmost character.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.scales import format_number
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.pages.views import StateValues
from qiskit_qoro.wire.states.arrays import StateArray

__all__ = ["largest_entries", "outcome_of_state"]

_MAX_COLUMNS = 20


def outcome_of_state(
    array: StateArray | None,
    request: StateRequest | None,
    *,
    longest: int,
) -> StateValues:
    """Describe the array of one circuit.

    Args:
        array: The array, or ``None`` if the circuit has no value of its own.
        request: What the job computes, or ``None`` if unknown. The form of the array then decides.
        longest: The largest number of rows.
    """
    quantity = None if request is None else request.quantity
    if array is None:
        return StateValues(_WITHOUT_VALUE.get(quantity, "no value of its own"), (), ())
    if array.ndim == 0:
        name = "probability to return to the initial state"
        number = f"{float(array.real):.6g}"
        return StateValues(f"{name if quantity else 'number'}: {number}", (name,), ((number,),))
    if array.ndim == 2 and request is not None and request.observables is not None:
        return _evolution(array.real, request.observables, longest)
    if array.ndim == 1 and request is not None and request.bitstrings is not None:
        return _amplitudes(array, request.bitstrings, longest)
    if array.ndim == 1 and quantity is StateQuantity.FIDELITIES and request is not None:
        return _fidelities(array.real, request.split or 0, longest)
    num_qubits = array.size.bit_length() - 1
    if array.ndim != 1 or array.size != 1 << num_qubits:
        return _numbers(array, longest)
    if np.iscomplexobj(array):
        return _state_vector(array, num_qubits, longest)
    of_qubits = None if request is None else request.qubits
    return _probabilities(array, num_qubits, of_qubits, longest)


_WITHOUT_VALUE: dict[StateQuantity | None, str] = {
    StateQuantity.EVOLUTION: "the block of the time evolution: the values are with the first circuit",
    StateQuantity.FIDELITIES: "a circuit of the second list: its fidelities are with the first list",
}


def _state_vector(array: StateArray, num_qubits: int, longest: int) -> StateValues:
    probabilities = array.real**2 + array.imag**2
    largest = largest_entries(probabilities, longest)
    names = [f"{index:0{num_qubits}b}" for index in largest]
    shown = probabilities[largest].tolist()
    return StateValues(
        f"state vector of {counted(num_qubits, 'qubit')}",
        ("basis state", "amplitude", "probability"),
        [
            (name, _complex(amplitude), f"{probability:.6g}")
            for name, amplitude, probability in zip(names, array[largest].tolist(), shown, strict=True)
        ],
        int(np.count_nonzero(probabilities)) - len(largest),
        dict(zip(names, shown, strict=True)),
    )


def _probabilities(
    array: StateArray, num_qubits: int, qubits: tuple[int, ...] | None, longest: int
) -> StateValues:
    largest = largest_entries(array.real, longest)
    names = [f"{index:0{num_qubits}b}" for index in largest]
    shown = array.real[largest].tolist()
    description = f"probabilities of {counted(num_qubits, 'qubit')}"
    if qubits is not None:
        # The first qubit of the request is the lowest bit, which is the rightmost character.
        description = f"probabilities of the qubits {', '.join(map(str, reversed(qubits)))}, from the left"
    return StateValues(
        description,
        ("outcome", "probability"),
        [(name, f"{probability:.6g}") for name, probability in zip(names, shown, strict=True)],
        int(np.count_nonzero(array)) - len(largest),
        dict(zip(names, shown, strict=True)),
    )


def _amplitudes(array: StateArray, bitstrings: tuple[str, ...], longest: int) -> StateValues:
    shown = array[:longest].tolist()
    rows = [
        (name, _complex(amplitude), f"{abs(amplitude) ** 2:.6g}")
        for name, amplitude in zip(bitstrings, shown, strict=False)
    ]
    return StateValues(
        f"amplitudes of {counted(len(array), 'basis state')}",
        ("basis state", "amplitude", "probability"),
        rows,
        len(array) - len(rows),
        {name: abs(amplitude) ** 2 for name, amplitude in zip(bitstrings, shown, strict=False)},
    )


def _fidelities(array: npt.NDArray[np.float64], first: int, longest: int) -> StateValues:
    rows = [(f"{first + index}", f"{value:.6g}") for index, value in enumerate(array[:longest].tolist())]
    return StateValues(
        f"fidelities with {counted(len(array), 'circuit')}",
        ("circuit", "fidelity"),
        rows,
        len(array) - len(rows),
    )


def _evolution(array: npt.NDArray[np.float64], observables: tuple[str, ...], longest: int) -> StateValues:
    columns = observables[:_MAX_COLUMNS]
    more = len(observables) - len(columns)
    values, repetitions = (
        counted(len(observables), "expectation value"),
        counted(len(array) - 1, "repetition"),
    )
    left_out = f"; {more} of them are not shown" if more else ""
    description = f"{values} after each of {repetitions}{left_out}"
    rows = [
        (f"{index}", *(format_number(value) for value in row))
        for index, row in enumerate(array[:longest, : len(columns)].tolist())
    ]
    # Only Qiskit's method `evolve` submits these jobs, with the labels of Qiskit reversed.
    labels = [string[::-1] for string in columns]
    return StateValues(
        description,
        ("repetition", *labels),
        rows,
        len(array) - len(rows),
        series=dict(zip(labels, array[:, : len(columns)].T.tolist(), strict=True)),
    )


def _numbers(array: StateArray, longest: int) -> StateValues:
    shape = " × ".join(map(str, array.shape))
    shown = array.reshape(-1)[:longest].tolist()
    rows = [(f"{index}", _complex(complex(value))) for index, value in enumerate(shown)]
    return StateValues(f"array of {shape} numbers", ("index", "value"), rows, array.size - len(rows))


def largest_entries(values: npt.NDArray[Any], longest: int) -> npt.NDArray[np.int64]:
    """Return the indices of the largest values that are not 0, the largest first, equal ones ascending.

    Args:
        values: Numbers of 0 or more.
        longest: The largest number of indices.
    """
    count = min(longest, int(np.count_nonzero(values)))
    if count < len(values):
        # Equal values at the border: those with the lowest indices.
        border = np.partition(values, len(values) - count)[len(values) - count] if count else np.inf
        above = np.flatnonzero(values > border)
        equal = np.flatnonzero(values == border)[: count - len(above)]
        chosen = np.sort(np.concatenate([above, equal]))
    else:
        chosen = np.arange(len(values))
    found: npt.NDArray[np.int64] = chosen[np.argsort(-values[chosen], kind="stable")]
    return found


def _complex(value: complex) -> str:
    """Return a complex number with four significant digits, such as ``0.5 − 0.5i``."""
    size = abs(value)
    real = value.real if abs(value.real) > 1e-12 * size else 0.0
    imag = value.imag if abs(value.imag) > 1e-12 * size else 0.0
    if not imag:
        return format_number(real)
    sign = "−" if imag < 0 else "+"
    imaginary = f"{format_number(abs(imag))}i"
    return f"{format_number(real)} {sign} {imaginary}" if real else imaginary if imag > 0 else f"−{imaginary}"
