"""Observables: groups of Pauli strings, in the dense form of users and in wire format.

::

    dense = group *("|" group)          group  = string *(";" string)   string = 1*("I" / "X" / "Y" / "Z")
    wire  = packed *("|" packed)        packed = "@gzs" n ":" blob      n      = number of qubits, 1 or more
    blob  = base64 of gzip of sparse    sparse = term *(";" term)       term   = "I" / 1*(letter qubit)
                                                                        letter = "X" / "Y" / "Z"

The leftmost letter of a Pauli string acts on qubit 0. A term lists the letters other than ``I`` with their
qubits, ascending, in plain decimal: ``ZIIX`` is ``Z0X3``. All Pauli strings of a group have the same length.

Strategy: regular expressions check the form of a text. Then all Pauli strings of a group are processed as one
matrix of letters, so that thousands of them take milliseconds. The size of the matrix is known, and limited,
before it is allocated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.wire.text import decode_text, encode_text

__all__ = ["MAX_CHARACTERS", "MAX_QUBITS", "decode_observables", "encode_observables", "parse_ham_ops"]

MAX_QUBITS = 2**20
"""Default limit for the length of a decoded Pauli string."""

MAX_CHARACTERS = 2**26
"""Default limit for the total number of letters in the decoded dense Pauli strings."""

_I, _SEMICOLON = b"I;"
_PACKED = re.compile(r"@gzs([1-9][0-9]{0,9}):([^|]*)")
_TERM = re.compile(r"I|(?:[XYZ](?:0|[1-9][0-9]{0,9}))++")
_SPARSE = re.compile(rf"(?:{_TERM.pattern})(?:;(?:{_TERM.pattern}))*+")
_TO_NUMBERS = str.maketrans("XYZ;", "    ", "I")


def parse_ham_ops(text: str) -> tuple[tuple[str, ...], ...]:
    """Parse the observables that a user wrote.

    Args:
        text: Dense Pauli strings, separated by ``;``, in groups that are separated by ``|``. White space
            around a string is ignored.

    Returns:
        The groups, each a tuple of dense Pauli strings, the leftmost letter on qubit 0.

    Raises:
        QoroInputError: A Pauli string is empty, has a letter other than ``I``, ``X``, ``Y`` and ``Z``, or is
            not as long as the others in its group. The message gives the indices of group and string.
    """
    if not isinstance(text, str):
        raise QoroInputError(f"ham_ops is {text!r}, expected text such as 'ZZI;IXX'")
    groups = tuple(tuple(string.strip() for string in group.split(";")) for group in text.split("|"))
    _check_dense(groups)
    return groups


def encode_observables(groups: Sequence[Sequence[str]]) -> str:
    """Encode observables. The same groups always give the same text.

    Args:
        groups: Groups of dense Pauli strings, the leftmost letter on qubit 0.

    Returns:
        One ``@gzs<n>:<blob>`` for each group, separated by ``|``.

    Raises:
        QoroInputError: As for :func:`parse_ham_ops`, or there is no group or an empty group.
    """
    _check_dense(groups)
    return "|".join(f"@gzs{len(strings[0])}:{encode_text(_sparse(strings))}" for strings in groups)


def decode_observables(
    text: str, *, limit_qubits: int = MAX_QUBITS, limit_characters: int = MAX_CHARACTERS
) -> tuple[tuple[str, ...], ...]:
    """Decode observables.

    Args:
        text: Text in the form of :func:`encode_observables`.
        limit_qubits: The largest length of a Pauli string.
        limit_characters: The largest total number of letters in the dense Pauli strings.

    Returns:
        The groups, each a tuple of dense Pauli strings, the leftmost letter on qubit 0.

    Raises:
        WireError: The text does not have this form, names a qubit twice, out of order or past the last one,
            or exceeds a limit.
    """
    groups = []
    num_characters = 0
    for index, packed in enumerate(text.split("|")):
        where = f"observables, group {index}"
        match = _PACKED.fullmatch(packed)
        if match is None:
            raise WireError(
                f"{where}: got {packed[:20]!r}, expected '@gzs', the number of qubits, ':' and a blob"
            )
        num_qubits = int(match[1])
        if num_qubits > limit_qubits:
            raise WireError(f"{where}: expected at most {limit_qubits} qubits, got {num_qubits}")
        sparse = _text(match[2], where)
        num_characters += num_qubits * (sparse.count(";") + 1)
        if num_characters > limit_characters:
            raise WireError(
                f"{where}: expected at most {limit_characters} letters in all Pauli strings, got more"
            )
        groups.append(_dense(sparse, num_qubits, where))
    return tuple(groups)


def _check_dense(groups: Sequence[Sequence[str]]) -> None:
    if not groups:
        raise QoroInputError("ham_ops has no group, expected one or more, such as 'ZZI;IXX'")
    for index, strings in enumerate(groups):
        if not strings:
            raise QoroInputError(f"ham_ops, group {index} is empty, expected at least one Pauli string")
        length = len(strings[0])
        for position, string in enumerate(strings):
            # strip removes valid letters from both ends, so anything that is left contains an invalid one.
            if not string or len(string) != length or string.strip("IXYZ"):
                where = f"ham_ops, group {index}, Pauli string {position}"
                raise QoroInputError(f"{where} {_fault(string, length)}")


def _fault(string: str, length: int) -> str:
    """Describe what is wrong with a Pauli string."""
    if not string:
        return "is empty, expected the letters I, X, Y and Z"
    invalid = string.strip("IXYZ")
    if invalid:
        hint = ", in upper case" if invalid[0] in "ixyz" else ""
        position = string.index(invalid[0])
        return f"has {invalid[0]!r} at position {position}, expected the letters I, X, Y and Z{hint}"
    return f"has {len(string)} letters, expected {length} as in the first one of its group"


def _sparse(strings: Sequence[str]) -> str:
    """Convert the dense Pauli strings of one group to sparse form.

    Each kept letter becomes a row of bytes: the letter, the digits of its qubit, and a separator after the
    last letter of a string. Unused bytes are zero and are removed at the end. A string of only ``I`` keeps
    its first letter, without a qubit.
    """
    num_qubits = len(strings[0])
    letters = np.frombuffer("".join(strings).encode("ascii"), np.uint8).reshape(len(strings), num_qubits)
    is_kept = letters != _I
    is_identity = ~is_kept.any(axis=1)
    is_kept[is_identity, 0] = True
    rows, qubits = np.nonzero(is_kept)
    numbers = np.arange(num_qubits).astype(f"S{len(str(num_qubits))}")
    digits = numbers.view(np.uint8).reshape(num_qubits, -1)
    pieces = np.zeros((len(rows), digits.shape[1] + 2), np.uint8)
    pieces[:, 0] = letters[rows, qubits]
    pieces[:, 1:-1] = np.where(is_identity[rows, None], 0, digits[qubits])
    pieces[:-1, -1] = np.where(rows[1:] != rows[:-1], _SEMICOLON, 0)
    return pieces.tobytes().translate(None, b"\0").decode("ascii")


def _text(blob: str, where: str) -> str:
    try:
        return decode_text(blob)
    except WireError as error:
        raise WireError(f"{where}: {error}") from error


def _dense(sparse: str, num_qubits: int, where: str) -> tuple[str, ...]:
    """Convert the sparse Pauli strings of one group to dense form."""
    if not _SPARSE.fullmatch(sparse):
        position, term = next(
            (position, term) for position, term in enumerate(sparse.split(";")) if not _TERM.fullmatch(term)
        )
        raise WireError(
            f"{where}, Pauli string {position}: got {term[:40]!r}, expected a form such as 'Z0X3' or 'I'"
        )
    characters = np.frombuffer(sparse.encode("ascii"), np.uint8)
    # Of all characters in a sparse text, only X, Y and Z are above I. Each is followed by its qubit.
    is_letter = characters > _I
    rows = np.cumsum(characters == _SEMICOLON)[is_letter]
    # Without strip, fromstring would read a 0 from a text of blanks only.
    qubits = np.fromstring(sparse.translate(_TO_NUMBERS).strip(), np.int64, sep=" ")
    out_of_range = qubits >= num_qubits
    out_of_order = np.append(False, (rows[1:] == rows[:-1]) & (qubits[1:] <= qubits[:-1]))
    for fault, expected in (
        (out_of_range, f"below {num_qubits}, the number of qubits"),
        (out_of_order[: len(rows)], "above the one before it"),
    ):
        if fault.any():
            first = int(fault.argmax())
            raise WireError(
                f"{where}, Pauli string {rows[first]}: got qubit {qubits[first]}, expected one {expected}"
            )
    dense = np.full((sparse.count(";") + 1, num_qubits), _I, np.uint8)
    dense[rows, qubits] = characters[is_letter]
    return tuple(row.tobytes().decode("ascii") for row in dense)
