"""Flat bitstrings to registers. The expected outcome of each layout is worked out by hand."""

from __future__ import annotations

import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Clbit, Qubit
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData

from qiskit_qoro import QoroBackend
from qiskit_qoro.jobs.registers import LOOSE, RegisterLayout, layout_of_circuit, layout_of_width
from qiskit_qoro.qasm import Program


def shown(layout: RegisterLayout, flat: str) -> str:
    """The key that ``get_counts`` shows for one flat bitstring."""
    (outcome,) = layout.counts_by_outcome({flat: 1})
    header = {"memory_slots": layout.memory_slots, "creg_sizes": [list(piece) for piece in layout.creg_sizes]}
    data = ExperimentResultData(counts={hex(outcome): 1})
    result = Result(results=[ExperimentResult(shots=1, success=True, data=data, header=header)])
    (key,) = result.get_counts()
    return str(key)


def bits(number: int) -> list[Clbit]:
    return [Clbit() for _ in range(number)]


def circuit_of(clbits: list[Clbit], **registers: list[int]) -> QuantumCircuit:
    pieces = [ClassicalRegister(bits=[clbits[k] for k in places], name=n) for n, places in registers.items()]
    return QuantumCircuit([Qubit()], clbits, *pieces)


def test_the_bits_of_consecutive_registers_keep_their_order() -> None:
    layout = layout_of_circuit(
        QuantumCircuit(ClassicalRegister(2, "a"), ClassicalRegister(1, "b"), ClassicalRegister(3, "c"))
    )

    assert layout.creg_sizes == (("a", 2), ("b", 1), ("c", 3))
    assert layout.sources == (0, 1, 2, 3, 4, 5)
    assert shown(layout, "100110") == "100 1 10"


def test_the_outcome_of_a_circuit_without_registers_is_the_flat_bitstring() -> None:
    layout = layout_of_circuit(QuantumCircuit([Qubit()], bits(3)))

    assert layout == layout_of_width(3)
    assert shown(layout, "110") == "110"


def test_the_layout_of_a_circuit_without_classical_bits_is_empty() -> None:
    layout = layout_of_circuit(QuantumCircuit(2))

    assert (layout.creg_sizes, layout.sources, layout.memory_slots) == ((), (), 0)
    assert layout.counts_by_outcome({}) == {}
    assert layout.counts_by_outcome({"": 3}) == {0: 3}


def test_a_register_of_size_0_is_kept_and_empty() -> None:
    layout = layout_of_circuit(
        QuantumCircuit(ClassicalRegister(1, "a"), ClassicalRegister(0, "none"), ClassicalRegister(1, "b"))
    )

    assert layout.creg_sizes == (("a", 1), ("none", 0), ("b", 1))
    assert shown(layout, "10") == "1  0"


def test_registers_that_share_bits_each_get_a_copy() -> None:
    layout = layout_of_circuit(circuit_of(bits(3), low=[0, 1], high=[1, 2]))

    assert layout.creg_sizes == (("low", 2), ("high", 2))
    assert shown(layout, "001") == "00 01"
    assert shown(layout, "010") == "01 10"
    assert shown(layout, "100") == "10 00"


def test_the_bits_of_a_register_may_be_in_reverse_order() -> None:
    layout = layout_of_circuit(circuit_of(bits(3), turned=[2, 1, 0]))

    assert shown(layout, "001") == "100"
    assert shown(layout, "110") == "011"


def test_the_bits_of_registers_may_alternate() -> None:
    layout = layout_of_circuit(circuit_of(bits(4), even=[0, 2], odd=[1, 3]))

    assert shown(layout, "0001") == "00 01"
    assert shown(layout, "0010") == "01 00"
    assert shown(layout, "0100") == "00 10"


def test_registers_may_be_in_another_order_than_their_bits() -> None:
    layout = layout_of_circuit(circuit_of(bits(3), first=[2], second=[0, 1]))

    assert layout.creg_sizes == (("first", 1), ("second", 2))
    assert shown(layout, "100") == "00 1"
    assert shown(layout, "001") == "01 0"


@pytest.mark.parametrize(
    ("places", "pieces", "flat", "expected"),
    [
        ({"r": [2, 3]}, ((LOOSE, 2), ("r", 2)), "0110", "01 10"),
        ({"r": [0, 1]}, (("r", 2), (LOOSE, 2)), "0110", "01 10"),
        ({"r": [1], "s": [3]}, ((LOOSE, 1), ("r", 1), (LOOSE, 1), ("s", 1)), "0110", "0 1 1 0"),
        ({"r": [0, 3]}, (("r", 2), (LOOSE, 2)), "0111", "11 01"),
        ({"r": [3, 0]}, (("r", 2), (LOOSE, 2)), "0111", "11 10"),
        ({"r": [1, 2], "s": [2, 1]}, (("r", 2), ("s", 2), (LOOSE, 2)), "1010", "10 10 01"),
    ],
)
def test_bits_in_no_register_become_pieces_of_their_own(
    places: dict[str, list[int]], pieces: tuple[tuple[str, int], ...], flat: str, expected: str
) -> None:
    layout = layout_of_circuit(circuit_of(bits(4), **places))

    assert layout.creg_sizes == pieces
    assert shown(layout, flat) == expected


@pytest.mark.parametrize("width", [63, 64, 70, 200, 1000])
def test_outcomes_are_integers_of_any_size(width: int) -> None:
    circuit = QuantumCircuit(ClassicalRegister(width - 3, "wide"), ClassicalRegister(3, "top"))
    flat = "1" * width

    assert layout_of_circuit(circuit).counts_by_outcome({flat: 2}) == {2**width - 1: 2}
    assert shown(layout_of_circuit(circuit), "101" + "10" * width)[:8] == "101 1010"


def test_every_outcome_keeps_its_count() -> None:
    layout = layout_of_circuit(circuit_of(bits(4), a=[3, 1], b=[0, 3]))
    flat = {format(value, "04b"): value + 1 for value in range(16)}

    by_outcome = layout.counts_by_outcome(flat)

    assert len(by_outcome) == 16
    assert sorted(by_outcome.values()) == sorted(flat.values())


def test_bits_that_the_writer_reordered_are_read_at_their_new_place() -> None:
    circuit = circuit_of(bits(3), low=[0, 1], high=[2])
    layout = layout_of_circuit(circuit, Program("", 1, 3, (0,), clbits=(0, 2, 1)))

    assert layout.creg_sizes == (("low", 2), ("high", 1))
    assert shown(layout, "010") == "1 00"
    assert shown(layout, "100") == "0 10"


def test_scratch_bits_are_dropped_and_the_counts_of_equal_outcomes_are_added_up() -> None:
    layout = layout_of_circuit(circuit_of(bits(2), all=[0, 1]), Program("", 1, 4, (0,), clbits=(0, 1)))

    assert (layout.creg_sizes, layout.num_clbits) == ((("all", 2),), 4)
    assert layout.counts_by_outcome({"0011": 5, "1011": 2, "0001": 1}) == {3: 7, 1: 1}


def spread(*registers: ClassicalRegister, clbits: list[Clbit] | None = None) -> QuantumCircuit:
    """A circuit whose classical bit ``k`` is 1 if ``k % 3 == 0``, and else 0."""
    circuit = QuantumCircuit([Qubit() for _ in range(7)], clbits or [], *registers)
    for index in range(circuit.num_clbits):
        if index % 3 == 0:
            circuit.x(index)
        circuit.measure(index, index)
    return circuit


@pytest.mark.parametrize(
    "registers",
    [
        (ClassicalRegister(7, "all"),),
        (ClassicalRegister(2, "b"), ClassicalRegister(4, "a")),
        (ClassicalRegister(1, "x"), ClassicalRegister(0, "y"), ClassicalRegister(5, "z")),
    ],
    ids=["one", "two", "with an empty one"],
)
def test_counts_agree_with_the_simulator_of_qiskit(
    backend: QoroBackend, registers: tuple[ClassicalRegister, ...]
) -> None:
    circuit = spread(*registers)

    ours = backend.run(circuit, shots=10).result()
    theirs = BasicSimulator().run(circuit, shots=10).result()

    assert ours.get_counts() == theirs.get_counts()
    assert ours.results[0].data.counts == theirs.results[0].data.counts


def test_a_run_handles_overlapping_permuted_and_loose_bits(backend: QoroBackend) -> None:
    clbits = bits(7)  # bits 0 to 6 are 1, 0, 0, 1, 0, 0, 1
    registers = [
        ClassicalRegister(bits=[clbits[k] for k in (3, 1, 0)], name="turned"),
        ClassicalRegister(bits=[clbits[k] for k in (0, 4)], name="again"),
        ClassicalRegister(bits=[clbits[6]], name="last"),
    ]

    counts = backend.run(spread(*registers, clbits=clbits), shots=4, memory=True).result()

    # From the right: turned (bits 0, 1, 3), again (4, 0), last (6), and the loose bits 2 and 5.
    assert counts.get_counts() == {"00 1 01 101": 4}
    assert counts.get_memory() == ["00 1 01 101"] * 4


def test_a_run_handles_200_bits(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(2, 200)
    circuit.x(1)
    circuit.measure(1, 199)
    circuit.measure(1, 64)
    circuit.measure(0, 3)

    result = backend.run(circuit, shots=3).result()

    expected = 2**199 + 2**64
    assert result.get_counts() == {format(expected, "0200b"): 3}
    assert result.results[0].data.counts == {hex(expected): 3}
