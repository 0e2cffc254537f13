"""Which classical register each bit stands in.

OpenQASM 2 compares whole registers only. So the bits that one condition looks at have to be a register by
themselves, and bits that two conditions share bring both together: the registers are the connected
components. Bits that no condition looks at stay in rows as they are. The registers follow each other in the
order of their lowest bits, which leaves every bit in its place as long as no register skips one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.qasm.write.bit_conditions import bits_of

__all__ = ["Arrangement", "arrange"]


@dataclass(frozen=True)
class Arrangement:
    """The classical registers of a program.

    Attributes:
        registers: The bits of each register, lowest first, in the order of declaration.
        names: The name of each register.
    """

    registers: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]

    @property
    def declarations(self) -> list[str]:
        """The lines that declare the registers."""
        return [f"creg {name}[{len(bits)}];" for name, bits in zip(self.names, self.registers, strict=True)]

    @property
    def order(self) -> tuple[int, ...]:
        """The bits of all registers in the order of declaration."""
        return tuple(bit for bits in self.registers for bit in bits)

    def spellings(self) -> dict[int, str]:
        """How each bit is written."""
        return {
            bit: f"{name}[{place}]"
            for name, bits in zip(self.names, self.registers, strict=True)
            for place, bit in enumerate(bits)
        }

    def register_of(self) -> dict[int, int]:
        """The place of each bit's register."""
        return {bit: place for place, bits in enumerate(self.registers) for bit in bits}


def arrange(num_bits: int, masks: Sequence[int], *, keep_order: bool) -> Arrangement:
    """Put bits into registers.

    Args:
        num_bits: How many bits there are.
        masks: For each condition, the bits that it looks at.
        keep_order: Whether no bit may leave its place. Registers then take in what lies between their bits.

    Returns:
        The registers; a single one is called ``c``, several ``c0``, ``c1`` and so on.
    """
    groups = _merged([_hull(mask) if keep_order else mask for mask in masks if mask])
    registers = [tuple(bits_of(group)) for group in groups]
    taken = {bit for bits in registers for bit in bits}
    row: list[int] = []
    for bit in range(num_bits):
        if row and (bit in taken or row[-1] != bit - 1):
            registers.append(tuple(row))
            row = []
        if bit not in taken:
            row.append(bit)
    if row:
        registers.append(tuple(row))
    registers.sort(key=lambda bits: bits[0])
    names = ("c",) if len(registers) == 1 else tuple(f"c{place}" for place in range(len(registers)))
    return Arrangement(tuple(registers), names)


def _merged(masks: Sequence[int]) -> list[int]:
    """The connected components of bits."""
    group_of: dict[int, int] = {}
    groups: dict[int, int] = {}
    for number, mask in enumerate(dict.fromkeys(masks)):
        joined = {group_of[bit] for bit in bits_of(mask) if bit in group_of}
        whole = mask
        for other in joined:
            whole |= groups.pop(other)
        groups[number] = whole
        group_of.update(dict.fromkeys(bits_of(whole), number))
    return list(groups.values())


def _hull(mask: int) -> int:
    lowest = (mask & -mask).bit_length() - 1
    return (1 << mask.bit_length()) - (1 << lowest)
