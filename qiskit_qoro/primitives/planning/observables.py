"""Observables of an estimator as Pauli words: each word once, projectors expanded.

An element of an ``ObservablesArray`` is a weighted sum of keys over ``IXYZ`` and the projectors ``01+-rl``.
Since ``|0><0| = (I + Z)/2``, ``|1><1| = (I - Z)/2`` and so on for X and Y, a key with *k* projectors is a sum
of 2^k Pauli words. Elements share their words through one table. The work over letters is numpy's: a table of
words is a matrix of ASCII codes, one row for each word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.quantum_info import SparseObservable

from qiskit_qoro.errors import QoroInputError

__all__ = ["MAX_WORDS_OF_KEY", "ObservableTerms", "expand_observables", "restrict_words"]

MAX_WORDS_OF_KEY = 2**16
"""Pauli words that one key with projectors may stand for."""

_PAULIS = "IXYZ"
_PROJECTORS = {"0": ("Z", 1), "1": ("Z", -1), "+": ("X", 1), "-": ("X", -1), "r": ("Y", 1), "l": ("Y", -1)}
_IN_ZERO = {"0": 1.0, "1": 0.0}  # what projectors are on |0>; the others are one half
_BATCH_LETTERS = 2**22


@dataclass(frozen=True)
class ObservableTerms:
    """One element of an array of observables, a weighted sum of Pauli words.

    Attributes:
        coefficients: The weights, float64 of shape ``(t,)``. There are none where everything cancels: the
            element is 0.
        words: The index of each weight's word in the table of words, int64 of shape ``(t,)``, each once.
    """

    coefficients: NDArray[np.float64]
    words: NDArray[np.int64]


@dataclass(frozen=True)
class _Batch:
    """Some elements of the array: the keys and weights of all of them in a row, and how many each has."""

    keys: list[str]
    coefficients: NDArray[np.float64]
    sizes: list[int]


def expand_observables(
    observables: ObservablesArray, *, idle: Collection[int] = ()
) -> tuple[list[str], list[ObservableTerms]]:
    """Write observables as sums of Pauli words.

    Args:
        observables: The observables, of any shape.
        idle: Qubits that are known to be in |0>. A projector on one of them is a number.

    Returns:
        The distinct words, as Qiskit labels over ``IXYZ`` (the rightmost letter is qubit 0) in the order of
        their first appearance, and the elements in C order. Terms of equal words are merged; what cancels
        exactly is left out.

    Raises:
        QoroInputError: A key has so many projectors on other qubits that it stands for more than
            :data:`MAX_WORDS_OF_KEY` words.
    """
    table: dict[str, int] = {}
    elements: list[ObservableTerms] = []
    for batch in _batches(observables):
        elements += _terms(_without_projectors(batch, idle), table)
    return _used(list(table), elements)


def _batches(observables: ObservablesArray) -> Iterator[_Batch]:
    flat = observables.ravel()
    # Qiskit 2.0 holds mappings; later releases hold sparse observables and make mappings of them slowly.
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
    start = letters = 0
    for stop, element in enumerate(elements, start=1):
        letters += element.num_terms * element.num_qubits
        if letters >= _BATCH_LETTERS or stop == len(elements):
            yield _sparse_batch(elements[start:stop])
            start, letters = stop, 0


def _sparse_batch(elements: Sequence[SparseObservable]) -> _Batch:
    width = elements[0].num_qubits
    sizes = [element.num_terms for element in elements]
    lengths = np.concatenate([np.diff(element.boundaries) for element in elements]).astype(np.int64)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    qubits = np.concatenate([np.asarray(element.indices, dtype=np.int64) for element in elements])
    terms = np.concatenate([np.asarray(element.bit_terms, dtype=np.uint8) for element in elements])
    letters = np.full((len(lengths), width), ord("I"), dtype=np.uint8)
    letters[rows, width - 1 - qubits] = _letters_of_terms()[terms]
    coefficients = np.concatenate([np.asarray(element.coeffs).real for element in elements])
    return _Batch(_words_of(letters), coefficients.astype(np.float64), sizes)


def _letters_of_terms() -> NDArray[np.uint8]:
    codes = np.zeros(256, dtype=np.uint8)
    for term in SparseObservable.BitTerm:
        codes[int(term)] = ord(term.label)
    return codes


def _without_projectors(batch: _Batch, idle: Collection[int]) -> _Batch:
    if not "".join(batch.keys).strip(_PAULIS):
        return batch
    keys: list[str] = []
    weights: list[NDArray[np.float64]] = []
    counts: list[int] = []
    for full_key, coefficient in zip(batch.keys, batch.coefficients, strict=True):
        key, share = _without_idle(full_key, idle)
        words, signs = _expand_key(key) if share else (["I" * len(key)], np.zeros(1))
        keys += words
        weights.append(signs * (coefficient * share / len(words)))
        counts.append(len(words))
    ends = np.concatenate([[0], np.cumsum(counts)])[np.cumsum(batch.sizes)]
    return _Batch(keys, np.concatenate(weights), np.diff(ends, prepend=0).tolist())


def _without_idle(key: str, idle: Collection[int]) -> tuple[str, float]:
    """A key without projectors on qubits in |0>, and the number that these are."""
    letters, share = list(key), 1.0
    for qubit in idle:
        place = len(key) - 1 - qubit
        if letters[place] in _PROJECTORS:
            share *= _IN_ZERO.get(letters[place], 0.5)
            letters[place] = "I"
    return "".join(letters), share


def _expand_key(key: str) -> tuple[list[str], NDArray[np.float64]]:
    """The words of a key and their signs; the weight of each is one part in as many as there are."""
    places = [place for place, letter in enumerate(key) if letter in _PROJECTORS]
    if not places:
        return [key], np.ones(1)
    if 2 ** len(places) > MAX_WORDS_OF_KEY:
        raise QoroInputError(
            f"the observable {key!r} has {len(places)} projectors (letters of 01+-rl): it stands for "
            f"{2 ** len(places)} Pauli words, expected at most {MAX_WORDS_OF_KEY} from one key"
        )
    letters = np.tile(_letters([key], len(key)), (2 ** len(places), 1))
    signs = np.ones(2 ** len(places))
    choice = np.arange(2 ** len(places))
    for bit, place in enumerate(places):
        letter, sign = _PROJECTORS[key[place]]
        chosen = (choice >> bit) & 1 == 1
        letters[:, place] = np.where(chosen, ord(letter), ord("I"))
        signs[chosen] *= sign
    return _words_of(letters), signs


def _terms(batch: _Batch, table: dict[str, int]) -> Iterator[ObservableTerms]:
    indices = np.array([table.setdefault(word, len(table)) for word in batch.keys], dtype=np.int64)
    stops = np.cumsum(batch.sizes).tolist()
    for start, stop in zip([0, *stops], stops, strict=False):
        yield _merged(batch.coefficients[start:stop], indices[start:stop])


def _merged(coefficients: NDArray[np.float64], words: NDArray[np.int64]) -> ObservableTerms:
    if len(words) > 1:
        distinct, inverse = np.unique(words, return_inverse=True)
        if len(distinct) < len(words):
            coefficients = np.bincount(inverse, weights=coefficients).astype(np.float64)
            words = distinct
    if not coefficients.all():
        words = words[coefficients != 0]
        coefficients = coefficients[coefficients != 0]
    return ObservableTerms(coefficients, words)


def _used(words: list[str], elements: list[ObservableTerms]) -> tuple[list[str], list[ObservableTerms]]:
    """The same without words that occur in no element."""
    is_used = np.zeros(len(words), dtype=bool)
    for element in elements:
        is_used[element.words] = True
    if is_used.all():
        return words, elements
    places = np.cumsum(is_used) - 1
    return (
        [word for word, used in zip(words, is_used.tolist(), strict=True) if used],
        [ObservableTerms(element.coefficients, places[element.words]) for element in elements],
    )


def restrict_words(words: Sequence[str], qubits: Sequence[int], num_qubits: int) -> list[str | None]:
    """Write words of a wide circuit for the program that has only some of its qubits.

    The dropped qubits are in |0>: there Z and I are 1, X and Y are 0.

    Args:
        words: Qiskit labels over ``IXYZ``, each ``num_qubits`` letters; the rightmost letter is qubit 0.
        qubits: The qubits that are kept, in the order of the program.
        num_qubits: How many qubits the circuit has.

    Returns:
        For each word the one of the program, as the service writes it: the leftmost letter is the first kept
        qubit. ``None`` where the expectation value is 0, whatever the kept qubits do.
    """
    letters = _letters(words, num_qubits)
    columns = num_qubits - 1 - np.array(qubits, dtype=np.int64)
    dropped = np.delete(letters, columns, axis=1)
    vanishes = ((dropped == ord("X")) | (dropped == ord("Y"))).any(axis=1)
    kept: list[str | None] = list(_words_of(letters[:, columns]))
    for index in np.flatnonzero(vanishes).tolist():
        kept[index] = None
    return kept


def _letters(words: Sequence[str], width: int) -> NDArray[np.uint8]:
    """Words of one length as a matrix of ASCII codes."""
    return np.frombuffer("".join(words).encode("ascii"), dtype=np.uint8).reshape(len(words), width)


def _words_of(letters: NDArray[np.uint8]) -> list[str]:
    rows, width = letters.shape
    text = letters.tobytes().decode("ascii")
    return [text[start : start + width] for start in range(0, rows * width, width)] if width else [""] * rows
