"""Convert the service's flat bitstrings to the integers of a Qiskit ``Result``, divided into registers.

The service returns one flat bitstring for each outcome. Its bits are ``circuit.clbits`` in order, unless the
OpenQASM writer chose another order for the conditions of the circuit (``Program.clbits``).

A Qiskit ``Result`` holds one integer for each outcome and ``creg_sizes`` to cut it into registers: the first
register in the lowest bits. If the registers of a circuit follow each other, the integer is the bitstring. If
registers share bits, or their order differs from the order of their bits, each register gets its own copy of
its bits, in the order of declaration. Bits that belong to no register become pieces of their own.

This module is the only place that changes the order of classical bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import repeat

from qiskit import QuantumCircuit

from qiskit_qoro.qasm.write.writer import Program

__all__ = ["LOOSE", "RegisterLayout", "layout_of_circuit", "layout_of_width"]

LOOSE = "loose"
"""The name in ``creg_sizes`` for bits that belong to no register."""


@dataclass(frozen=True)
class RegisterLayout:
    """The source of each bit of a Qiskit result.

    Attributes:
        creg_sizes: Name and size of each piece. The first piece is in the lowest bits.
        sources: For each bit of the result, lowest first, its index in the flat bitstring.
        num_clbits: The number of bits of the flat bitstring. Bits that are not in ``sources`` are dropped:
            they are scratch bits of the program.
    """

    creg_sizes: tuple[tuple[str, int], ...]
    sources: tuple[int, ...]
    num_clbits: int

    @property
    def memory_slots(self) -> int:
        """The number of bits of an outcome."""
        return len(self.sources)

    def counts_by_outcome(self, counts: Mapping[str, int]) -> dict[int, int]:
        """Convert flat bitstrings to integers.

        Args:
            counts: Flat bitstring to count. The rightmost character is bit 0.

        Returns:
            Outcome to count. The counts of bitstrings that differ only in dropped bits are added up.
        """
        if self.num_clbits and self.sources == tuple(range(self.num_clbits)):
            return dict(zip(map(int, counts, repeat(2)), counts.values(), strict=True))
        slices = self._slices
        pairs = (
            (int("".join([bits[part] for part in slices]) or "0", 2), count) for bits, count in counts.items()
        )
        if len(set(self.sources)) == self.num_clbits:
            # No bit is dropped, so different bitstrings give different outcomes.
            return dict(pairs)
        totals: Counter[int] = Counter()
        for outcome, count in pairs:
            totals[outcome] += count
        return dict(totals)

    @property
    def _slices(self) -> list[slice]:
        """The parts of a flat bitstring whose concatenation is the outcome in binary.

        Neighbouring columns are joined to one slice: that is faster than a character at a time.
        """
        last = self.num_clbits - 1
        # The highest bit of the outcome is its leftmost character, and bit 0 of the flat bitstring is its
        # rightmost one, so both directions are reversed.
        columns = [last - source for source in reversed(self.sources)]
        starts = [at for at, column in enumerate(columns) if at == 0 or column != columns[at - 1] + 1]
        ends = [*starts[1:], len(columns)]
        return [
            slice(columns[start], columns[start] + end - start)
            for start, end in zip(starts, ends, strict=False)
        ]


def layout_of_width(num_clbits: int) -> RegisterLayout:
    """Return the layout of a circuit whose registers are unknown.

    Args:
        num_clbits: The number of its classical bits.
    """
    return RegisterLayout((), tuple(range(num_clbits)), num_clbits)


def layout_of_circuit(circuit: QuantumCircuit, program: Program | None = None) -> RegisterLayout:
    """Return the layout of a circuit's classical registers.

    Args:
        circuit: The circuit.
        program: The program that was written for it. Without one, the bits of a flat bitstring are
            ``circuit.clbits``.
    """
    index = {bit: position for position, bit in enumerate(circuit.clbits)}
    pieces = [(register.name, tuple(index[bit] for bit in register)) for register in circuit.cregs]
    # The position of each of `circuit.clbits` in the flat bitstring, and the length of the flat bitstring.
    flat_index, width = (
        (range(len(index)), len(index)) if program is None else (program.clbits, program.num_clbits)
    )
    in_registers = [bit for _, bits in pieces for bit in bits]
    loose = sorted(set(index.values()) - set(in_registers))
    if not pieces:
        return RegisterLayout((), tuple(flat_index), width)
    if in_registers == sorted(set(in_registers)):
        # The registers are disjoint and in the order of their bits: keep the loose bits in order, too.
        pieces = _insert_loose_bits(pieces, loose)
    elif loose:
        pieces.append((LOOSE, tuple(loose)))
    return RegisterLayout(
        creg_sizes=tuple((name, len(bits)) for name, bits in pieces),
        sources=tuple(flat_index[bit] for _, bits in pieces for bit in bits),
        num_clbits=width,
    )


def _insert_loose_bits(
    pieces: list[tuple[str, tuple[int, ...]]], loose: list[int]
) -> list[tuple[str, tuple[int, ...]]]:
    """Insert loose bits as pieces before the first register that begins with a higher bit."""
    result = []
    for name, bits in pieces:
        before = tuple(bit for bit in loose if bits and bit < bits[0])
        if before:
            result.append((LOOSE, before))
            loose = loose[len(before) :]
        result.append((name, bits))
    if loose:
        result.append((LOOSE, tuple(loose)))
    return result
