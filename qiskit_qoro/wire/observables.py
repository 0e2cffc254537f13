"""Observables: groups of Pauli words, as the user writes them and as they travel.

::

    dense = group *("|" group)          group  = word *(";" word)     word = 1*("I" / "X" / "Y" / "Z")
    wire  = packed *("|" packed)        packed = "@gzs" n ":" blob    n    = number of qubits, 1 or more
    blob  = base64 of gzip of sparse    sparse = term *(";" term)     term = "I" / 1*(("X" / "Y" / "Z") qubit)

The leftmost letter of a word acts on qubit 0. A term lists the letters that are not ``I`` with their qubit,
ascending, in plain decimal: ``ZIIX`` is ``Z0X3``. All words of a group have the same length.

Strategy: regular expressions decide whether a text is well formed, then all words of a group are one
matrix of letters, so that thousands of words take milliseconds. The size of that matrix is known, and
bounded, before it is allocated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.wire.text import decode_text, encode_text

__all__ = ["MAX_CHARACTERS", "MAX_QUBITS", "decode_observables", "encode_observables", "parse_ham_ops"]

MAX_QUBITS = 2**20
"""Longest word that is decoded where nobody says otherwise."""

MAX_CHARACTERS = 2**26
"""Most letters, over all dense words, that are decoded where nobody says otherwise."""

_I, _SEMICOLON = b"I;"
_PACKED = re.compile(r"@gzs([1-9][0-9]{0,9}):([^|]*)")
_TERM = re.compile(r"I|(?:[XYZ](?:0|[1-9][0-9]{0,9}))++")
_SPARSE = re.compile(rf"(?:{_TERM.pattern})(?:;(?:{_TERM.pattern}))*+")
_TO_NUMBERS = str.maketrans("XYZ;", "    ", "I")


def parse_ham_ops(text: str) -> tuple[tuple[str, ...], ...]:
    """Read the observables that a user wrote.

    Args:
        text: Dense words, ``;`` between words and ``|`` between groups; whitespace around a word is dropped.

    Returns:
        The groups, each a tuple of dense words, the leftmost letter on qubit 0.

    Raises:
        QoroInputError: A word is empty, has a letter other than ``I``, ``X``, ``Y`` and ``Z``, or is not as
            long as the other words of its group. The message names group and word, counted from 0.
    """
    if not isinstance(text, str):
        raise QoroInputError(f"ham_ops is {text!r}, expected text such as 'ZZI;IXX', ';' between words")
    groups = tuple(tuple(word.strip() for word in group.split(";")) for group in text.split("|"))
    _check_dense(groups)
    return groups


def encode_observables(groups: Sequence[Sequence[str]]) -> str:
    """Write observables for the wire; the same groups always give the same text.

    Args:
        groups: Groups of dense words, the leftmost letter on qubit 0.

    Returns:
        One ``@gzs<n>:<blob>`` for each group, ``|`` between them.

    Raises:
        QoroInputError: As for :func:`parse_ham_ops`, or there is no group or a group without words.
    """
    _check_dense(groups)
    return "|".join(f"@gzs{len(words[0])}:{encode_text(_sparse(words))}" for words in groups)


def decode_observables(
    text: str, *, limit_qubits: int = MAX_QUBITS, limit_characters: int = MAX_CHARACTERS
) -> tuple[tuple[str, ...], ...]:
    """Read observables from the wire.

    Args:
        text: As :func:`encode_observables` writes it.
        limit_qubits: Longest word allowed.
        limit_characters: Most letters allowed over all dense words.

    Returns:
        The groups, each a tuple of dense words, the leftmost letter on qubit 0.

    Raises:
        WireError: The text is not of this form, names a qubit twice, out of order or past the last one, or
            is larger than allowed.
    """
    groups = []
    characters = 0
    for index, packed in enumerate(text.split("|")):
        where = f"observables, group {index}"
        match = _PACKED.fullmatch(packed)
        if match is None:
            raise WireError(
                f"{where}: got {packed[:20]!r}, expected '@gzs', the number of qubits, ':' and a blob"
            )
        num_qubits = int(match[1])
        if num_qubits > limit_qubits:
            raise WireError(f"{where}: {num_qubits} qubits, at most {limit_qubits} are accepted")
        sparse = _text(match[2], where)
        characters += num_qubits * (sparse.count(";") + 1)
        if characters > limit_characters:
            raise WireError(
                f"{where}: the words need over {limit_characters} letters, the most that is accepted"
            )
        groups.append(_dense(sparse, num_qubits, where))
    return tuple(groups)


def _check_dense(groups: Sequence[Sequence[str]]) -> None:
    if not groups:
        raise QoroInputError("ham_ops has no group, expected one or more, such as 'ZZI;IXX'")
    for index, words in enumerate(groups):
        if not words:
            raise QoroInputError(f"ham_ops, group {index} has no word, expected one or more")
        length = len(words[0])
        for position, word in enumerate(words):
            # strip takes letters away from both ends: what is left has one that does not belong.
            if not word or len(word) != length or word.strip("IXYZ"):
                raise QoroInputError(f"ham_ops, group {index}, word {position} {_fault(word, length)}")


def _fault(word: str, length: int) -> str:
    if not word:
        return "is empty, expected a Pauli word over I, X, Y and Z"
    strange = word.strip("IXYZ")
    if strange:
        hint = ", in upper case" if strange[0] in "ixyz" else ""
        place = word.index(strange[0])
        return f"has {strange[0]!r} at position {place}, expected the letters I, X, Y and Z{hint}"
    return f"has {len(word)} letters, expected {length} as in the first word of its group"


def _sparse(words: Sequence[str]) -> str:
    """The dense words of one group in sparse form.

    Each letter that stays is a row of characters: the letter, its qubit, a separator, filled up with zero
    bytes that are dropped in the end. An all-``I`` word stays with its first letter and no qubit.
    """
    num_qubits = len(words[0])
    letters = np.frombuffer("".join(words).encode("ascii"), np.uint8).reshape(len(words), num_qubits)
    stays = letters != _I
    blank = ~stays.any(axis=1)
    stays[blank, 0] = True
    rows, qubits = np.nonzero(stays)
    numbers = np.arange(num_qubits).astype(f"S{len(str(num_qubits))}")
    digits = numbers.view(np.uint8).reshape(num_qubits, -1)
    pieces = np.zeros((len(rows), digits.shape[1] + 2), np.uint8)
    pieces[:, 0] = letters[rows, qubits]
    pieces[:, 1:-1] = np.where(blank[rows, None], 0, digits[qubits])
    pieces[:-1, -1] = np.where(rows[1:] != rows[:-1], _SEMICOLON, 0)
    return pieces.tobytes().translate(None, b"\0").decode("ascii")


def _text(blob: str, where: str) -> str:
    try:
        return decode_text(blob)
    except WireError as error:
        raise WireError(f"{where}: {error}") from error


def _dense(sparse: str, num_qubits: int, where: str) -> tuple[str, ...]:
    """The dense words of one group."""
    if not _SPARSE.fullmatch(sparse):
        position, term = next(
            (position, term) for position, term in enumerate(sparse.split(";")) if not _TERM.fullmatch(term)
        )
        raise WireError(f"{where}, word {position}: got {term[:40]!r}, expected a form such as 'Z0X3' or 'I'")
    characters = np.frombuffer(sparse.encode("ascii"), np.uint8)
    is_letter = characters > _I
    rows = np.cumsum(characters == _SEMICOLON)[is_letter]
    # Without strip, fromstring reads a 0 out of nothing but blanks.
    qubits = np.fromstring(sparse.translate(_TO_NUMBERS).strip(), np.int64, sep=" ")
    out_of_range = qubits >= num_qubits
    out_of_order = np.append(False, (rows[1:] == rows[:-1]) & (qubits[1:] <= qubits[:-1]))
    for fault, expected in (
        (out_of_range, f"below {num_qubits}, the number of qubits"),
        (out_of_order[: len(rows)], "above the one before it in its word"),
    ):
        if fault.any():
            first = int(fault.argmax())
            raise WireError(f"{where}, word {rows[first]}: qubit {qubits[first]}, expected one {expected}")
    dense = np.full((sparse.count(";") + 1, num_qubits), _I, np.uint8)
    dense[rows, qubits] = characters[is_letter]
    return tuple(row.tobytes().decode("ascii") for row in dense)
