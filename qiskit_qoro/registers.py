"""Classical registers: from the service's flat bitstrings to the integers that a Qiskit ``Result`` holds.

The service knows one flat row of classical bits, in the order of ``circuit.clbits``. Qiskit's ``Result``
wants one integer for each outcome, and ``creg_sizes`` to cut it up: the first register in the lowest bits.
For a circuit whose registers follow each other, both are the same. Where registers share bits or stand in
another order than their bits, each register gets its own copy of its bits, in the order of declaration; bits
in no register come along as pieces of their own. This is the only place where classical bits change their
order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qiskit import QuantumCircuit

__all__ = ["LOOSE", "RegisterLayout", "layout_of_circuit", "layout_of_width"]

LOOSE = "loose"
"""The name that ``creg_sizes`` gives to bits that belong to no register."""


@dataclass(frozen=True)
class RegisterLayout:
    """Where each bit of a result comes from.

    Attributes:
        creg_sizes: Name and size of each piece, the first one in the lowest bits.
        sources: For each bit of the result, lowest first, the index of the classical bit.
        num_clbits: How many classical bits the circuit has.
    """

    creg_sizes: tuple[tuple[str, int], ...]
    sources: tuple[int, ...]
    num_clbits: int

    @property
    def memory_slots(self) -> int:
        """How many bits an outcome has."""
        return len(self.sources)

    def place(self, counts: Mapping[str, int]) -> dict[int, int]:
        """Turn flat counts into counts by integer.

        Args:
            counts: Flat bitstring to count; the rightmost character is classical bit 0.

        Returns:
            Outcome to count. No two flat bitstrings fall together, since every bit is kept.
        """
        if self.sources == tuple(range(self.num_clbits)):
            return {int(bits or "0", 2): count for bits, count in counts.items()}
        last = self.num_clbits - 1
        columns = [last - source for source in reversed(self.sources)]
        return {
            int("".join([bits[column] for column in columns]) or "0", 2): count
            for bits, count in counts.items()
        }


def layout_of_width(num_clbits: int) -> RegisterLayout:
    """The layout of a circuit of which only the number of classical bits is known: no registers."""
    return RegisterLayout((), tuple(range(num_clbits)), num_clbits)


def layout_of_circuit(circuit: QuantumCircuit) -> RegisterLayout:
    """The layout of a circuit's classical registers."""
    index = {bit: position for position, bit in enumerate(circuit.clbits)}
    pieces = [(register.name, tuple(index[bit] for bit in register)) for register in circuit.cregs]
    if not pieces:
        return layout_of_width(len(index))
    in_registers = [source for _, sources in pieces for source in sources]
    loose = sorted(set(range(len(index))) - set(in_registers))
    if in_registers == sorted(set(in_registers)):
        pieces = _interleaved(pieces, loose)
    elif loose:
        pieces.append((LOOSE, tuple(loose)))
    return RegisterLayout(
        creg_sizes=tuple((name, len(sources)) for name, sources in pieces),
        sources=tuple(source for _, sources in pieces for source in sources),
        num_clbits=len(index),
    )


def _interleaved(
    pieces: list[tuple[str, tuple[int, ...]]], loose: list[int]
) -> list[tuple[str, tuple[int, ...]]]:
    """Registers in the order of their bits, with the loose bits between them where they stand."""
    result = []
    for name, sources in pieces:
        before = tuple(bit for bit in loose if sources and bit < sources[0])
        if before:
            result.append((LOOSE, before))
            loose = loose[len(before) :]
        result.append((name, sources))
    if loose:
        result.append((LOOSE, tuple(loose)))
    return result
