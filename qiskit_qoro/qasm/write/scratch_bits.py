"""Assignment of scratch bits to their uses.

Each use of a scratch bit has a number of its own, from its first line to the line that clears it. Uses that
do not overlap share a bit, so a program has as many scratch bits as are in use at once.
"""

from __future__ import annotations

from qiskit_qoro.qasm.write.bit_conditions import Condition, bits_of, support

__all__ = ["ScratchBits"]


class ScratchBits:
    """Assigns scratch bits while the lines are visited in order.

    Args:
        num_clbits: The number of classical bits of the circuit. These keep their numbers.
        unshared: A use that never ends and does not take a bit that was used before, or ``None``. The
            register of a shared bit also contains the other bits of all conditions that test it.

    Attributes:
        in_use: The scratch bits that may be 1, as a mask.
        num_bits: The number of classical bits and scratch bits so far.
    """

    def __init__(self, num_clbits: int, unshared: int | None = None) -> None:
        self.in_use = 0
        self.num_bits = num_clbits
        self._num_clbits = num_clbits
        self._unshared = unshared
        self._free: list[int] = []
        self._bit_of: dict[int, int] = {}
        # Most conditions are those of many lines. A use keeps its bit, so they are translated once.
        self._conditions: dict[Condition, Condition] = {}

    def bit(self, use: int) -> int:
        """Return the bit of a use. At the first call, assign a bit that is 0.

        The circuit's own classical bits stay as they are.
        """
        if use < self._num_clbits:
            return use
        if use not in self._bit_of:
            if self._free and use != self._unshared:
                bit = self._free.pop()
            else:
                bit = self.num_bits
                self.num_bits += 1
            self._bit_of[use] = bit
            self.in_use |= 1 << bit
        return self._bit_of[use]

    def release(self, use: int) -> None:
        """End a use, after its bit has been cleared."""
        bit = self._bit_of.pop(use)
        self.in_use &= ~(1 << bit)
        self._free.append(bit)

    def translate(self, condition: Condition) -> Condition:
        """Return a condition with bits in place of uses."""
        uses = support(condition) >> self._num_clbits
        if not uses:
            return condition
        if condition not in self._conditions:
            bits = {use + self._num_clbits: self.bit(use + self._num_clbits) for use in bits_of(uses)}
            self._conditions[condition] = tuple(
                (self._translate(mask, bits), self._translate(value, bits)) for mask, value in condition
            )
        return self._conditions[condition]

    def _translate(self, mask: int, bits: dict[int, int]) -> int:
        translated = mask & (1 << self._num_clbits) - 1
        for use, bit in bits.items():
            translated |= (mask >> use & 1) << bit
        return translated
