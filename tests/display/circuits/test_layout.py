"""The arrangement of circuits: nothing overlaps, and what is too much is left out."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.display.circuits.layout import (
    MAX_COLUMNS,
    MAX_QUBITS,
    MAX_REGISTERS,
    Condition,
    Operation,
    Shape,
    Wires,
    arrange,
)


def wires(num_qubits: int, *registers: int) -> Wires:
    return Wires(
        [("q", str(index)) for index in range(num_qubits)],
        [(f"c{index}", size) for index, size in enumerate(registers)],
    )


@st.composite
def operations(draw: st.DrawFn, num_qubits: int = 6) -> Operation:
    qubits = draw(st.permutations(range(num_qubits)))[: draw(st.integers(1, 4))]
    kind = draw(st.sampled_from(["gate", "controlled", "measure", "barrier", "condition"]))
    if kind == "measure":
        return Operation("measure", (qubits[0],), shape=Shape.MEASURE, bit=(draw(st.integers(0, 1)), 0))
    condition = Condition(draw(st.integers(0, 1)), "= 1") if kind == "condition" else None
    controls = tuple(qubits[1:]) if kind == "controlled" else ()
    targets = (qubits[0],) if kind == "controlled" else tuple(qubits)
    shape = Shape.BARRIER if kind == "barrier" else Shape.BOX
    name = draw(st.sampled_from(["H", "a_long_name"]))
    return Operation(
        name,
        targets,
        controls,
        draw(st.sampled_from(["", "π/2", "0.123, 0.456"])),
        shape,
        condition=condition,
    )


@given(st.lists(operations(), max_size=40))
def test_operations_in_a_column_have_no_row_in_common(listed: list[Operation]) -> None:
    layout = arrange(wires(6, 2, 1), listed)
    for one, other in combinations(layout.placed, 2):
        if one.column == other.column:
            assert one.rows[1] < other.rows[0] or other.rows[1] < one.rows[0]


@given(st.lists(operations(), max_size=40))
def test_operations_on_a_wire_keep_their_order(listed: list[Operation]) -> None:
    layout = arrange(wires(6, 2, 1), listed)
    assert [placed.operation for placed in layout.placed] == listed
    for row in range(6):
        columns = [placed.column for placed in layout.placed if placed.rows[0] <= row <= placed.rows[1]]
        assert columns == sorted(set(columns))


@given(st.lists(operations(), max_size=40))
def test_columns_are_as_wide_as_their_widest_operation_and_do_not_overlap(listed: list[Operation]) -> None:
    layout = arrange(wires(6, 2, 1), listed)
    for placed in layout.placed:
        left = layout.center(placed.column) - placed.operation.width / 2
        assert layout.lefts[placed.column] <= left + 1e-9
        assert left + placed.operation.width <= layout.lefts[placed.column + 1]
    assert layout.lefts[0] > 0
    assert layout.lefts[-1] <= layout.width


def test_an_operation_moves_to_the_first_free_column() -> None:
    listed = [Operation("A", (0,)), Operation("B", (0,)), Operation("C", (1,)), Operation("D", (0, 1))]
    layout = arrange(wires(2), listed)
    assert [placed.column for placed in layout.placed] == [0, 1, 0, 2]


def test_an_operation_takes_the_wires_between_its_qubits() -> None:
    layout = arrange(wires(3), [Operation("A", (0,), (2,)), Operation("B", (1,))])
    assert [placed.column for placed in layout.placed] == [0, 1]


def test_a_measurement_takes_the_wires_down_to_its_register() -> None:
    measured = Operation("measure", (0,), shape=Shape.MEASURE, bit=(1, 0))
    layout = arrange(wires(2, 1, 1), [measured, Operation("B", (1,))])
    assert layout.has_arrows
    assert [(placed.column, placed.rows) for placed in layout.placed] == [(0, (0, 3)), (1, (1, 1))]


@pytest.mark.parametrize(("num_qubits", "num_columns"), [(12, 12), (13, 1)])
def test_the_measurements_of_a_wide_circuit_have_one_column(num_qubits: int, num_columns: int) -> None:
    measured = [
        Operation("measure", (index,), shape=Shape.MEASURE, bit=(0, index)) for index in range(num_qubits)
    ]
    layout = arrange(wires(num_qubits, num_qubits), measured)
    assert len(layout.widths) == num_columns


@pytest.mark.parametrize(("number", "drawn"), [(MAX_COLUMNS, MAX_COLUMNS), (MAX_COLUMNS + 1, MAX_COLUMNS)])
def test_columns_above_the_limit_are_left_out(number: int, drawn: int) -> None:
    layout = arrange(wires(2), [Operation("H", (0,))] * number + [Operation("X", (1,))])
    assert len(layout.widths) == drawn
    # Operations on other wires still have a place.
    assert [placed.operation.name for placed in layout.placed] == ["H"] * drawn + ["X"]


@pytest.mark.parametrize(("number", "left_out"), [(MAX_QUBITS, 0), (MAX_QUBITS + 1, 1)])
def test_qubits_above_the_limit_are_left_out(number: int, left_out: int) -> None:
    listed = [
        Operation("H", (0,)),
        Operation("X", (number - 1,), (0,)),
        Operation("B", tuple(range(number)), shape=Shape.BARRIER),
    ]
    layout = arrange(wires(number), listed)
    assert (len(layout.wires.qubits), layout.num_qubits_left_out) == (MAX_QUBITS, left_out)
    names = [placed.operation.name for placed in layout.placed]
    assert names == (["H", "B"] if left_out else ["H", "X", "B"])


@pytest.mark.parametrize(("number", "left_out"), [(MAX_REGISTERS, 0), (MAX_REGISTERS + 1, 1)])
def test_registers_above_the_limit_are_left_out(number: int, left_out: int) -> None:
    last = number - 1
    measured = Operation("measure", (0,), shape=Shape.MEASURE, bit=(last, 0))
    conditional = Operation("X", (0,), condition=Condition(last, "= 1"))
    layout = arrange(wires(2, *[1] * number), [measured, conditional])
    assert (len(layout.wires.registers), layout.num_registers_left_out) == (MAX_REGISTERS, left_out)
    row = None if left_out else 2 + last
    assert (layout.arrow_row(measured), layout.condition_row(conditional)) == (row, row)
    assert [placed.rows for placed in layout.placed] == [(0, row or 0)] * 2


def test_operations_are_read_only_as_long_as_there_is_room() -> None:
    read = []

    def listed():
        for number in range(1000):
            read.append(number)
            yield Operation("H", (number % 2,))

    arrange(wires(2), listed(), max_columns=5)
    assert len(read) == 11
