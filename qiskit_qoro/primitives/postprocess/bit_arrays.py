"""Counts as the bit arrays of a sampler's registers, with the joint distribution of all registers kept.

Each row of counts is spread over its shots once: a list of indices into the different outcomes, in an order
that looks random and is the same whenever the counts are. Every register packs its bits of the different
outcomes, which are few, and takes the packed bytes by the same indices. So shot *k* of one register belongs
to shot *k* of every other one, and nothing as long as the shots is ever unpacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray
from qiskit.primitives import BitArray

from qiskit_qoro.jobs.experiment_results import check_counts
from qiskit_qoro.models.jobs import CircuitResult

__all__ = ["bit_arrays"]

_OUTCOMES_AT_ONCE = 2**14


def bit_arrays(
    counts_by_row: Sequence[CircuitResult],
    shape: tuple[int, ...],
    shots: int,
    registers: Sequence[tuple[str, Sequence[int]]],
    *,
    num_clbits: int | None = None,
    seed: int = 0,
) -> dict[str, BitArray]:
    """Arrange the counts of a PUB's circuits by register.

    Args:
        counts_by_row: For each element of ``shape``, in C order, flat bitstring to count; the rightmost
            character is classical bit 0.
        shape: The shape of the PUB.
        shots: How often each circuit was to be run.
        registers: Name of each register and the classical bit behind each of its bits, lowest first.
            Registers may share bits, hold them in any order, and have none.
        num_clbits: How wide the bitstrings have to be, ``None`` where it is not known.
        seed: Not negative. Decides the order of the shots, together with the index of the row. The PUBs of a
            job need different ones, or their shots are in step.

    Returns:
        For each register its bits, an array of ``shape`` with ``shots`` shots.

    Raises:
        JobFailedError: The counts of a row do not add up to the shots.
        WireError: A row holds no counts, or bitstrings of another width.
    """
    if num_clbits is None:
        num_clbits = _least_width(counts_by_row, registers)
    sizes = [len(bits) for _, bits in registers]
    arrays = [np.zeros((prod(shape), shots, _bytes_of(size)), dtype=np.uint8) for size in sizes]
    columns = [_columns(bits, num_clbits) for _, bits in registers]
    for row, counts in enumerate(counts_by_row):
        checked = check_counts(counts, where=f"row {row}", width=num_clbits, shots=shots)
        if not any(sizes):
            continue
        outcomes = sorted(checked)
        order = _order([checked[outcome] for outcome in outcomes], seed=(seed, row))
        for array, packed in zip(arrays, _packed(outcomes, num_clbits, columns), strict=True):
            # An order is in range; only "clip" lets numpy write to its place directly.
            np.take(packed, order, axis=0, out=array[row], mode="clip")
    return {
        name: BitArray(array.reshape(*shape, *array.shape[1:]), num_bits=size)
        for (name, _), size, array in zip(registers, sizes, arrays, strict=True)
    }


def _least_width(
    counts_by_row: Sequence[CircuitResult], registers: Sequence[tuple[str, Sequence[int]]]
) -> int:
    seen = next((len(outcome) for counts in counts_by_row for outcome in counts), 0)
    return max([seen, *(bit + 1 for _, bits in registers for bit in bits)])


def _order(counts: Sequence[int], *, seed: tuple[int, int]) -> NDArray[np.intp]:
    """For each shot the index of its outcome."""
    order = np.repeat(np.arange(len(counts), dtype=np.intp), counts)
    np.random.default_rng(seed).shuffle(order)
    return order


def _bytes_of(num_bits: int) -> int:
    return -(-num_bits // 8)


def _columns(bits: Sequence[int], num_clbits: int) -> slice | list[int]:
    """Where in a bitstring the bits of a register stand, highest first; a slice where they are in a row."""
    if bits and list(bits) == list(range(bits[0], bits[0] + len(bits))):
        return slice(num_clbits - 1 - bits[-1], num_clbits - bits[0])
    return [num_clbits - 1 - bit for bit in reversed(bits)]


def _packed(
    outcomes: Sequence[str], num_clbits: int, columns: Sequence[slice | list[int]]
) -> list[NDArray[np.uint8]]:
    """For each register the bits of each outcome: big-endian bytes, zeros on the left."""
    pieces: list[list[NDArray[np.uint8]]] = [[] for _ in columns]
    for start in range(0, len(outcomes), _OUTCOMES_AT_ONCE):
        some = outcomes[start : start + _OUTCOMES_AT_ONCE]
        text = np.frombuffer("".join(some).encode("ascii"), dtype=np.uint8)
        bits = (text == ord("1")).reshape(len(some), num_clbits)
        for piece, places in zip(pieces, columns, strict=True):
            piece.append(_pack(bits[:, places]))
    return [np.concatenate(piece) for piece in pieces]


def _pack(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    rows, width = bits.shape
    padded = np.zeros((rows, 8 * _bytes_of(width)), dtype=np.bool_)
    padded[:, padded.shape[1] - width :] = bits
    return np.packbits(padded, axis=1)
