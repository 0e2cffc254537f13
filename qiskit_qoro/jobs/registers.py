"""Classical registers: from the service's flat bitstrings to the integers that a Qiskit ``Result`` holds.

The service knows one flat row of classical bits, in the order of ``circuit.clbits`` unless the circuit's
conditions ask for another one (``Program.clbits``). Qiskit's ``Result`` wants one
integer for each outcome, and ``creg_sizes`` to cut it up: the first register in the lowest bits. For a
circuit whose registers follow each other, both are the same. Where registers share bits or stand in another
order than their bits, each register gets its own copy of its bits, in the order of declaration; bits in no
register come along as pieces of their own. This is the only place where classical bits change their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from qiskit import QuantumCircuit

from qiskit_qoro.qasm.write.writer import Program

__all__ = ["LOOSE", "RegisterLayout", "layout_of_circuit", "layout_of_width"]

LOOSE = "loose"
"""The name that ``creg_sizes`` gives to bits that belong to no register."""


@dataclass(frozen=True)
class RegisterLayout:
    """Where each bit of a result comes from.

    Attributes:
        creg_sizes: Name and size of each piece, the first one in the lowest bits.
        sources: For each bit of the result, lowest first, its place in the flat row.
        num_clbits: How many bits the flat row has. Those that are no source (scratch bits) are left out.
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
            counts: Flat bitstring to count; the rightmost character is place 0.

        Returns:
            Outcome to count. Flat bitstrings that differ only in what is left out are added up.
        """
        if self.sources == tuple(range(self.num_clbits)):
            return {int(bits or "0", 2): count for bits, count in counts.items()}
        spans = self._spans
        pairs = (
            (int("".join([bits[span] for span in spans]) or "0", 2), count) for bits, count in counts.items()
        )
        if len(set(self.sources)) == self.num_clbits:
            return dict(pairs)
        placed: Counter[int] = Counter()
        for outcome, count in pairs:
            placed[outcome] += count
        return dict(placed)

    @property
    def _spans(self) -> list[slice]:
        """Which pieces of a flat bitstring, one after the other, are the outcome."""
        last = self.num_clbits - 1
        columns = [last - source for source in reversed(self.sources)]
        starts = [at for at, column in enumerate(columns) if at == 0 or column != columns[at - 1] + 1]
        ends = [*starts[1:], len(columns)]
        return [
            slice(columns[start], columns[start] + end - start)
            for start, end in zip(starts, ends, strict=False)
        ]


def layout_of_width(num_clbits: int) -> RegisterLayout:
    """The layout of a circuit of which only the number of classical bits is known: no registers."""
    return RegisterLayout((), tuple(range(num_clbits)), num_clbits)


def layout_of_circuit(circuit: QuantumCircuit, program: Program | None = None) -> RegisterLayout:
    """The layout of a circuit's classical registers.

    Args:
        circuit: The circuit.
        program: What was written for it; without it the flat row is ``circuit.clbits``.
    """
    index = {bit: position for position, bit in enumerate(circuit.clbits)}
    pieces = [(register.name, tuple(index[bit] for bit in register)) for register in circuit.cregs]
    places, width = (
        (range(len(index)), len(index)) if program is None else (program.clbits, program.num_clbits)
    )
    in_registers = [bit for _, bits in pieces for bit in bits]
    loose = sorted(set(index.values()) - set(in_registers))
    if not pieces:
        return RegisterLayout((), tuple(places), width)
    if in_registers == sorted(set(in_registers)):
        pieces = _interleaved(pieces, loose)
    elif loose:
        pieces.append((LOOSE, tuple(loose)))
    return RegisterLayout(
        creg_sizes=tuple((name, len(bits)) for name, bits in pieces),
        sources=tuple(places[bit] for _, bits in pieces for bit in bits),
        num_clbits=width,
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
