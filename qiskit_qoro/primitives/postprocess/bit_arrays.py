"""Conversion of counts into the bit arrays of a sampler's registers.

The service returns counts, but a ``BitArray`` holds shots. For each row of counts, the shots are one list of
indices into the distinct outcomes, shuffled with a fixed seed so that the same counts always give the same
order. Each register packs its bits of the distinct outcomes and then selects the packed bytes with this list.
All registers use the same list, so shot *k* of one register belongs to shot *k* of every other register and
the joint distribution is kept. Bits are only unpacked for distinct outcomes, never for every shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray
from qiskit.primitives import BitArray

from qiskit_qoro.jobs.experiment_results import check_counts
from qiskit_qoro.models.jobs import CircuitResult

__all__ = ["build_bit_arrays"]

_OUTCOMES_PER_BLOCK = 2**14  # bounds the memory for unpacked bits


def build_bit_arrays(
    counts_by_row: Sequence[CircuitResult],
    shape: tuple[int, ...],
    shots: int,
    registers: Sequence[tuple[str, Sequence[int]]],
    *,
    num_clbits: int | None = None,
    seed: int = 0,
) -> dict[str, BitArray]:
    """Build the bit array of each register of a PUB.

    Args:
        counts_by_row: For each element of ``shape``, in C order, a mapping of flat bitstring to count. The
            rightmost character is classical bit 0.
        shape: The shape of the PUB.
        shots: The number of shots of each circuit.
        registers: The name of each register and the classical bit behind each of its bits, lowest first.
            Registers may share bits, have them in any order, and be empty.
        num_clbits: The width of the bitstrings, or ``None`` if unknown.
        seed: Seed for the order of the shots, not negative. It is combined with the index of the row. The
            PUBs of a job need different seeds, because otherwise their shots are correlated.

    Returns:
        For each register, an array of ``shape`` with ``shots`` shots.

    Raises:
        JobFailedError: The counts of a row do not add up to the shots.
        WireError: A row holds no counts, or bitstrings of another width.
    """
    if num_clbits is None:
        num_clbits = _infer_width(counts_by_row, registers)
    # Before anything is allocated: a wrong number of shots may be a huge one.
    checked_rows = [
        check_counts(counts, where=f"row {row}", width=num_clbits, shots=shots)
        for row, counts in enumerate(counts_by_row)
    ]
    sizes = [len(bits) for _, bits in registers]
    arrays = [np.zeros((prod(shape), shots, _num_bytes(size)), dtype=np.uint8) for size in sizes]
    columns = [_columns(bits, num_clbits) for _, bits in registers]
    for row, checked in enumerate(checked_rows):
        if not any(sizes):
            break  # all registers are empty, so only the check of the counts was needed
        # Sorted, so that the order of the shots does not depend on the order of the counts.
        outcomes = sorted(checked)
        order = _shuffled_shots([checked[outcome] for outcome in outcomes], seed=(seed, row))
        for array, packed in zip(arrays, _pack_outcomes(outcomes, num_clbits, columns), strict=True):
            # The indices are always in range. Only with "clip" does NumPy write to `out` without a buffer.
            np.take(packed, order, axis=0, out=array[row], mode="clip")
    return {
        name: BitArray(array.reshape(*shape, *array.shape[1:]), num_bits=size)
        for (name, _), size, array in zip(registers, sizes, arrays, strict=True)
    }


def _infer_width(
    counts_by_row: Sequence[CircuitResult], registers: Sequence[tuple[str, Sequence[int]]]
) -> int:
    """Return the width of the first bitstring, or more if a register has a higher bit."""
    seen = next((len(outcome) for counts in counts_by_row for outcome in counts), 0)
    return max([seen, *(bit + 1 for _, bits in registers for bit in bits)])


def _shuffled_shots(counts: Sequence[int], *, seed: tuple[int, int]) -> NDArray[np.intp]:
    """Return the index of the outcome of each shot, in random order."""
    order = np.repeat(np.arange(len(counts), dtype=np.intp), counts)
    np.random.default_rng(seed).shuffle(order)
    return order


def _num_bytes(num_bits: int) -> int:
    return -(-num_bits // 8)


def _columns(bits: Sequence[int], num_clbits: int) -> slice | list[int]:
    """Return the columns of a register's bits in a bitstring, highest bit first.

    The result is a slice if the bits are consecutive, because NumPy then needs no copy.
    """
    # Classical bit 0 is the rightmost character, so column num_clbits - 1.
    if bits and list(bits) == list(range(bits[0], bits[0] + len(bits))):
        return slice(num_clbits - 1 - bits[-1], num_clbits - bits[0])
    return [num_clbits - 1 - bit for bit in reversed(bits)]


def _pack_outcomes(
    outcomes: Sequence[str], num_clbits: int, columns: Sequence[slice | list[int]]
) -> list[NDArray[np.uint8]]:
    """Return the bits of each outcome, by register: big-endian bytes, padded with zeros on the left."""
    blocks_of_register: list[list[NDArray[np.uint8]]] = [[] for _ in columns]
    for start in range(0, len(outcomes), _OUTCOMES_PER_BLOCK):
        block = outcomes[start : start + _OUTCOMES_PER_BLOCK]
        text = np.frombuffer("".join(block).encode("ascii"), dtype=np.uint8)
        bits = (text == ord("1")).reshape(len(block), num_clbits)
        for blocks, columns_of_register in zip(blocks_of_register, columns, strict=True):
            blocks.append(_pack_bits(bits[:, columns_of_register]))
    return [np.concatenate(blocks) for blocks in blocks_of_register]


def _pack_bits(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    rows, width = bits.shape
    padded = np.zeros((rows, 8 * _num_bytes(width)), dtype=np.bool_)
    padded[:, padded.shape[1] - width :] = bits
    return np.packbits(padded, axis=1)
