"""Choice of the classical registers of a program.

OpenQASM 2 can only compare whole registers. The bits that one condition tests therefore have to form a
register, and two conditions that share a bit need a register with the bits of both: the registers are the
connected components of the bits. Bits that no condition tests stay together in consecutive runs. Registers
are declared in the order of their lowest bits, so every bit keeps its position unless a register skips a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.qasm.write.bit_conditions import bits_of

__all__ = ["RegisterLayout", "arrange_registers", "connected_components"]


@dataclass(frozen=True)
class RegisterLayout:
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

    def names_of_bits(self) -> dict[int, str]:
        """Return the name of each bit in the program."""
        return {
            bit: f"{name}[{position}]"
            for name, bits in zip(self.names, self.registers, strict=True)
            for position, bit in enumerate(bits)
        }

    def register_of(self) -> dict[int, int]:
        """Return the index of each bit's register."""
        return {bit: index for index, bits in enumerate(self.registers) for bit in bits}


def arrange_registers(num_bits: int, masks: Sequence[int], *, keep_order: bool) -> RegisterLayout:
    """Distribute bits over registers.

    Args:
        num_bits: The number of bits.
        masks: For each condition, the bits that it tests.
        keep_order: Whether every bit has to keep its position. A register then also includes all bits between
            its lowest and its highest bit.

    Returns:
        The registers. A single register is called ``c``, several are called ``c0``, ``c1`` and so on.
    """
    groups = connected_components([_fill_gaps(mask) if keep_order else mask for mask in masks if mask])
    # Each connected component of tested bits is a register.
    registers = [tuple(bits_of(group)) for group in groups]
    tested = {bit for bits in registers for bit in bits}
    # Collect the remaining bits in runs of consecutive bits. A tested bit ends a run.
    run: list[int] = []
    for bit in range(num_bits):
        if run and (bit in tested or run[-1] != bit - 1):
            registers.append(tuple(run))
            run = []
        if bit not in tested:
            run.append(bit)
    if run:
        registers.append(tuple(run))
    registers.sort(key=lambda bits: bits[0])
    names = ("c",) if len(registers) == 1 else tuple(f"c{index}" for index in range(len(registers)))
    return RegisterLayout(tuple(registers), names)


def connected_components(masks: Sequence[int]) -> list[int]:
    """Merge masks that share bits until all are disjoint."""
    # Invariant: the groups are disjoint, and group_of maps each of their bits to the key of its group.
    group_of: dict[int, int] = {}
    groups: dict[int, int] = {}
    for key, mask in enumerate(dict.fromkeys(masks)):
        overlapping = {group_of[bit] for bit in bits_of(mask) if bit in group_of}
        merged = mask
        for other in overlapping:
            merged |= groups.pop(other)
        groups[key] = merged
        group_of.update(dict.fromkeys(bits_of(merged), key))
    return list(groups.values())


def _fill_gaps(mask: int) -> int:
    """Return the mask with all bits between its lowest and its highest bit."""
    lowest = (mask & -mask).bit_length() - 1
    return (1 << mask.bit_length()) - (1 << lowest)
