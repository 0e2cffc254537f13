"""Expansion of an estimator's observables into Pauli strings.

An element of an ``ObservablesArray`` is a weighted sum of keys over ``IXYZ`` and the projectors ``01+-rl``.
Since ``|0><0| = (I + Z)/2``, ``|1><1| = (I - Z)/2`` and so on for X and Y, a key with *k* projectors is a sum
of 2^k Pauli strings. All elements refer to one table, in which each Pauli string occurs once. NumPy processes
the letters of many Pauli strings at once, as rows of a matrix of ASCII codes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import SparseObservable

from qiskit_qoro.errors import QoroInputError

__all__ = ["MAX_STRINGS_PER_KEY", "ObservableTerms", "expand_observables", "restrict_pauli_strings"]

MAX_STRINGS_PER_KEY = 2**16
"""Maximum number of Pauli strings that one key with projectors may expand to."""

_PAULIS = "IXYZ"
# Projector: the Pauli letter in it, and the sign of this letter.
_PROJECTORS = {"0": ("Z", 1), "1": ("Z", -1), "+": ("X", 1), "-": ("X", -1), "r": ("Y", 1), "l": ("Y", -1)}
_VALUES_IN_ZERO_STATE = {"0": 1.0, "1": 0.0}  # the expectation values of the other projectors are 1/2
_MAX_BATCH_LETTERS = 2**22


@dataclass(frozen=True)
class ObservableTerms:
    """One element of an array of observables: a weighted sum of Pauli strings.

    Attributes:
        coefficients: The weights, float64 of shape ``(t,)``. Empty if all terms cancel, that is if the
            element is 0.
        pauli_strings: For each weight, the index of its Pauli string in the table; int64 of shape ``(t,)``
            without duplicates.
    """

    coefficients: NDArray[np.float64]
    pauli_strings: NDArray[np.int64]


@dataclass(frozen=True)
class _Batch:
    """Some elements of the array, concatenated.

    Attributes:
        keys: The keys of all elements.
        coefficients: The weight of each key.
        sizes: How many keys each element has.
    """

    keys: list[str]
    coefficients: NDArray[np.float64]
    sizes: list[int]


def expand_observables(
    observables: ObservablesArray, *, idle: Collection[int] = ()
) -> tuple[list[str], list[ObservableTerms]]:
    """Write observables as sums of Pauli strings.

    Args:
        observables: The observables, of any shape.
        idle: Qubits that are known to be in |0>. A projector on one of them is replaced by its value.

    Returns:
        The table of Pauli strings and the elements in C order. The strings are Qiskit labels over ``IXYZ``
        (the rightmost letter is qubit 0), each once, in the order of their first appearance. Terms with the
        same string are merged; terms that cancel exactly are left out.

    Raises:
        QoroInputError: A key has so many projectors on other qubits that it expands to more than
            :data:`MAX_STRINGS_PER_KEY` Pauli strings.
    """
    index_of_string: dict[str, int] = {}
    elements: list[ObservableTerms] = []
    for batch in _batches(observables):
        elements += _build_terms(_expand_projectors(batch, idle), index_of_string)
    return _remove_unused(list(index_of_string), elements)


def _batches(observables: ObservablesArray) -> Iterator[_Batch]:
    flat = observables.ravel()
    # Qiskit 2.0 stores mappings. Later releases store sparse observables, whose conversion to mappings is
    # slow.
    if hasattr(flat, "sparse_observables_array"):
        yield from _sparse_batches(flat.sparse_observables_array().tolist())
    elif flat.size:
        yield _mapping_batch(flat.tolist())


def _mapping_batch(elements: Sequence[Mapping[str, float]]) -> _Batch:
    return _Batch(
        keys=[key for element in elements for key in element],
        coefficients=np.array([c for element in elements for c in element.values()], dtype=np.float64),
        sizes=[len(element) for element in elements],
    )


def _sparse_batches(elements: Sequence[SparseObservable]) -> Iterator[_Batch]:
    """Split the elements into batches of bounded size: each batch becomes a dense matrix of letters."""
    start = letters = 0
    for stop, element in enumerate(elements, start=1):
        letters += element.num_terms * element.num_qubits
        if letters >= _MAX_BATCH_LETTERS or stop == len(elements):
            yield _sparse_batch(elements[start:stop])
            start, letters = stop, 0


def _sparse_batch(elements: Sequence[SparseObservable]) -> _Batch:
    width = elements[0].num_qubits
    sizes = [element.num_terms for element in elements]
    # In each element, indices[boundaries[t]:boundaries[t + 1]] are the qubits of term t.
    lengths = np.concatenate([np.diff(element.boundaries) for element in elements]).astype(np.int64)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    qubits = np.concatenate([np.asarray(element.indices, dtype=np.int64) for element in elements])
    terms = np.concatenate([np.asarray(element.bit_terms, dtype=np.uint8) for element in elements])
    letters = np.full((len(lengths), width), ord("I"), dtype=np.uint8)
    letters[rows, width - 1 - qubits] = _ascii_of_bit_terms()[terms]
    coefficients = np.concatenate([np.asarray(element.coeffs).real for element in elements])
    return _Batch(_from_letters(letters), coefficients.astype(np.float64), sizes)


def _ascii_of_bit_terms() -> NDArray[np.uint8]:
    """Return the ASCII code of the letter of each of Qiskit's ``BitTerm`` values."""
    codes = np.zeros(256, dtype=np.uint8)
    for term in SparseObservable.BitTerm:
        codes[int(term)] = ord(term.label)
    return codes


def _expand_projectors(batch: _Batch, idle: Collection[int]) -> _Batch:
    if not "".join(batch.keys).strip(_PAULIS):
        return batch
    strings: list[str] = []
    weights: list[NDArray[np.float64]] = []
    counts: list[int] = []
    for full_key, coefficient in zip(batch.keys, batch.coefficients, strict=True):
        key, factor = _evaluate_idle_projectors(full_key, idle)
        # A factor of 0 makes the key 0; one string with weight 0 stands for it and is removed later.
        expanded, signs = _expand_key(key) if factor else (["I" * len(key)], np.zeros(1))
        strings += expanded
        weights.append(signs * (coefficient * factor / len(expanded)))
        counts.append(len(expanded))
    ends = np.concatenate([[0], np.cumsum(counts)])[np.cumsum(batch.sizes)]
    return _Batch(strings, np.concatenate(weights), np.diff(ends, prepend=0).tolist())


def _evaluate_idle_projectors(key: str, idle: Collection[int]) -> tuple[str, float]:
    """Replace projectors on qubits in |0> by ``I``; return the new key and the product of their values."""
    letters, factor = list(key), 1.0
    for qubit in idle:
        position = len(key) - 1 - qubit
        if letters[position] in _PROJECTORS:
            factor *= _VALUES_IN_ZERO_STATE.get(letters[position], 0.5)
            letters[position] = "I"
    return "".join(letters), factor


def _expand_key(key: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return the Pauli strings of a key and their signs.

    The key is the sum of these strings with these signs, divided by their number.
    """
    positions = [position for position, letter in enumerate(key) if letter in _PROJECTORS]
    if not positions:
        return [key], np.ones(1)
    if 2 ** len(positions) > MAX_STRINGS_PER_KEY:
        raise QoroInputError(
            f"the observable {key!r} has {len(positions)} projectors (letters of 01+-rl) and expands to "
            f"{2 ** len(positions)} Pauli strings, expected at most {MAX_STRINGS_PER_KEY} from one key"
        )
    letters = np.tile(_letters([key], len(key)), (2 ** len(positions), 1))
    signs = np.ones(2 ** len(positions))
    # Bit k of a row's number determines whether projector k contributes its Pauli letter or I.
    row_numbers = np.arange(2 ** len(positions))
    for bit, position in enumerate(positions):
        letter, sign = _PROJECTORS[key[position]]
        chosen = (row_numbers >> bit) & 1 == 1
        letters[:, position] = np.where(chosen, ord(letter), ord("I"))
        signs[chosen] *= sign
    return _from_letters(letters), signs


def _build_terms(batch: _Batch, index_of_string: dict[str, int]) -> Iterator[ObservableTerms]:
    """Build the terms of each element; add new Pauli strings to the table."""
    indices = np.array(
        [index_of_string.setdefault(key, len(index_of_string)) for key in batch.keys], dtype=np.int64
    )
    stops = np.cumsum(batch.sizes).tolist()
    for start, stop in zip([0, *stops], stops, strict=False):
        yield _merge(batch.coefficients[start:stop], indices[start:stop])


def _merge(coefficients: NDArray[np.float64], pauli_strings: NDArray[np.int64]) -> ObservableTerms:
    """Add up the weights of equal Pauli strings; remove weights of 0."""
    ordered = np.sort(pauli_strings)
    # Seldom, so that most processes need not import numpy.ma, which np.unique does.
    if (ordered[1:] == ordered[:-1]).any():
        pauli_strings, inverse = np.unique(pauli_strings, return_inverse=True)
        coefficients = np.bincount(inverse, weights=coefficients).astype(np.float64)
    if not coefficients.all():
        pauli_strings = pauli_strings[coefficients != 0]
        coefficients = coefficients[coefficients != 0]
    return ObservableTerms(coefficients, pauli_strings)


def _remove_unused(
    table: list[str], elements: list[ObservableTerms]
) -> tuple[list[str], list[ObservableTerms]]:
    """Remove Pauli strings that occur in no element from the table."""
    is_used = np.zeros(len(table), dtype=bool)
    for element in elements:
        is_used[element.pauli_strings] = True
    if is_used.all():
        return table, elements
    new_indices = np.cumsum(is_used) - 1
    return (
        [string for string, used in zip(table, is_used.tolist(), strict=True) if used],
        [ObservableTerms(element.coefficients, new_indices[element.pauli_strings]) for element in elements],
    )


def restrict_pauli_strings(
    pauli_strings: Sequence[str],
    qubits: Sequence[int],
    num_qubits: int,
    *,
    idle: Collection[int] | None = None,
) -> list[str | None]:
    """Rewrite Pauli strings of a circuit for a program that may have only some of its qubits.

    Idle qubits are in |0>. There the expectation values of Z and I are 1, those of X and Y are 0.

    Args:
        pauli_strings: Qiskit labels over ``IXYZ``, each ``num_qubits`` letters; the rightmost letter is
            qubit 0.
        qubits: The qubits that are kept, in the order of the program.
        num_qubits: How many qubits the circuit has.
        idle: The idle qubits, among them all that the program does not have. By default only those.

    Returns:
        For each string, the string of the program as on the wire: the leftmost letter is the first kept
        qubit. ``None`` if the expectation value is 0 for every state of the other qubits.
    """
    letters = _letters(pauli_strings, num_qubits).copy()
    columns = num_qubits - 1 - np.array(qubits, dtype=np.int64)
    if idle is None:
        idle = set(range(num_qubits)).difference(qubits)
    idle_columns = num_qubits - 1 - np.array(sorted(idle), dtype=np.int64)
    on_idle = letters[:, idle_columns]
    vanishes = ((on_idle == ord("X")) | (on_idle == ord("Y"))).any(axis=1)
    letters[:, idle_columns] = ord("I")
    kept: list[str | None] = list(_from_letters(letters[:, columns]))
    for index in np.flatnonzero(vanishes).tolist():
        kept[index] = None
    return kept


def _letters(pauli_strings: Sequence[str], width: int) -> NDArray[np.uint8]:
    """Return Pauli strings of one length as a matrix of ASCII codes."""
    codes = np.frombuffer("".join(pauli_strings).encode("ascii"), dtype=np.uint8)
    return codes.reshape(len(pauli_strings), width)


def _from_letters(letters: NDArray[np.uint8]) -> list[str]:
    """Return the rows of a matrix of ASCII codes as strings."""
    rows, width = letters.shape
    text = letters.tobytes().decode("ascii")
    return [text[start : start + width] for start in range(0, rows * width, width)] if width else [""] * rows
