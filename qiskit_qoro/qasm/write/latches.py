"""Reuse of scratch bits that still have the value of a condition.

Many operations often run under one condition: ``if (c == 5) x q[0]; if (c == 5) y q[1];``. Copying a wide
register into a scratch bit takes many lines, so it is done once for all of them. A latch may be used again
until one of the bits is written on which its condition depends. The program is flat and its latches run
unconditionally, so this is the only rule for lines of all kinds of control flow.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.qasm.write.bit_conditions import Condition, bits_of, support

__all__ = ["LatchKey", "Latches"]

# Each latch that is kept for later may take a scratch bit of its own, which makes the results wider.
_MAX_KEPT = 16


@dataclass(frozen=True)
class LatchKey:
    """The value of a latch: all conditions are true and all bits of ``unless`` are 0.

    Attributes:
        current: The condition under which the latch was written.
        condition: The condition that was latched.
        unless: Scratch bits that must be 0.
    """

    current: Condition
    condition: Condition
    unless: tuple[int, ...]

    @property
    def read_bits(self) -> Sequence[int]:
        """The bits on which the value depends."""
        mask = support(self.current) | support(self.condition)
        for bit in self.unless:
            mask |= 1 << bit
        return bits_of(mask)


@dataclass
class _Latched:
    """A latched scratch bit.

    Attributes:
        bit: The bit.
        cleared_at: The index of the entry that clears it, ``None`` while it is in use.
    """

    bit: int
    cleared_at: int | None = None


class Latches:
    """The scratch bits whose value is known to be that of a condition."""

    # Invariants:
    # - `_latched` contains the latches whose bits would still have the right value if they were not cleared.
    # - `_readers` contains the keys in `_latched`, for each bit that they read.
    # - `_key_of` contains the key of each bit in `_latched`.
    # - The order of `_latched` is the order in which they were added or cleared.

    def __init__(self) -> None:
        self._latched: OrderedDict[LatchKey, _Latched] = OrderedDict()
        self._readers: dict[int, set[LatchKey]] = {}
        self._key_of: dict[int, LatchKey] = {}

    def add(self, key: LatchKey, bit: int) -> None:
        """Record that ``bit`` is in use and has the value of ``key``."""
        if key in self._latched:
            return  # The older one is still in use.
        self._latched[key] = _Latched(bit)
        self._key_of[bit] = key
        for read in key.read_bits:
            self._readers.setdefault(read, set()).add(key)

    def cleared(self, bit: int, index: int) -> None:
        """Record that the entry at ``index`` clears ``bit``."""
        # The latches that read this bit stay: their keys can only be requested if this latch is used again.
        key = self._key_of.get(bit)
        if key is None:
            return
        self._latched[key].cleared_at = index
        self._latched.move_to_end(key)
        if len(self._latched) > _MAX_KEPT:
            self._forget_oldest()

    def take_back(self, key: LatchKey) -> tuple[int, int] | None:
        """Return a cleared bit with the value of ``key``, to use it again.

        Returns:
            The bit and the index of the entry that clears it, which the caller has to remove. ``None`` if
            there is no such bit, or if it is still in use.
        """
        latched = self._latched.get(key)
        if latched is None or latched.cleared_at is None:
            return None
        index, latched.cleared_at = latched.cleared_at, None
        return latched.bit, index

    def written(self, bit: int) -> None:
        """Remove all latches whose condition reads ``bit``, because it has been written."""
        for key in self._readers.pop(bit, ()):
            self._forget(key)

    def _forget_oldest(self) -> None:
        for key, latched in self._latched.items():
            if latched.cleared_at is not None:
                self._forget(key)
                return

    def _forget(self, key: LatchKey) -> None:
        latched = self._latched.pop(key, None)
        if latched is None:
            return
        del self._key_of[latched.bit]
        for read in key.read_bits:
            self._readers.get(read, set()).discard(key)
