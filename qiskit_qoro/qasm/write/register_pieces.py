"""Division of classical bits into registers that the engine can compare one after the other.

A condition may compare a register with a number that is too large for the engine, or test some bits of a wide
register that another condition tests as a whole. Then the bits of all conditions are divided into *pieces*.
Every condition tests all bits of a piece or none, so it can be tested piece by piece. Bits that no condition
separates stay together if the register is wide. Otherwise each bit is a piece of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from qiskit_qoro.qasm.limits import MAX_CONDITION_VALUE
from qiskit_qoro.qasm.write.bit_conditions import bits_of
from qiskit_qoro.qasm.write.clbit_registers import connected_components

__all__ = ["Pieces"]

_PIECE_BITS = MAX_CONDITION_VALUE.bit_length()  # all values of so many bits can be compared


class Pieces:
    """The pieces of all conditions.

    Args:
        masks: For each condition that is tested piece by piece, the bits that it tests.
        consecutive: Whether a piece contains only consecutive bits.
    """

    def __init__(self, masks: Sequence[int], *, consecutive: bool) -> None:
        self._piece_of: dict[int, int] = {}
        # Two bits belong together if they have the same signature: the conditions that test them.
        signatures: dict[int, list[int]] = {}
        for number, mask in enumerate(dict.fromkeys(masks)):
            for bit in bits_of(mask):
                signatures.setdefault(bit, []).append(number)
        for component in connected_components(masks):
            bits = bits_of(component)
            groups: dict[tuple[int, ...], list[int]] = {}
            for bit in bits:
                groups.setdefault(tuple(signatures[bit]), []).append(bit)
            # Narrow registers have always been tested bit by bit. That the pieces are single bits there keeps
            # the text of these programs.
            size = _PIECE_BITS if len(bits) > _PIECE_BITS else 1
            for group in groups.values():
                for run in _runs(group) if consecutive else [group]:
                    for start in range(0, len(run), size):
                        piece = sum(1 << bit for bit in run[start : start + size])
                        self._piece_of.update(dict.fromkeys(run[start : start + size], piece))

    def split(self, mask: int) -> list[int]:
        """Return the pieces of a condition as masks, the one with the lowest bit first."""
        return list(dict.fromkeys(self._piece_of[bit] for bit in bits_of(mask)))


def _runs(bits: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut ascending bits where they are not consecutive."""
    ends = [index + 1 for index, (low, high) in enumerate(pairwise(bits)) if high != low + 1]
    for start, end in pairwise([0, *ends, len(bits)]):
        yield bits[start:end]
