"""The translation of control flow, and what is refused.

``tests/reference`` checks that the translation has the same results as the circuit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import BreakLoopOp, Clbit, IfElseOp, Parameter
from qiskit.circuit.classical import expr, types

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm import Program, parse_program, write_program
from qiskit_qoro.qasm.read.guards import check_text


def lines(circuit: QuantumCircuit) -> list[str]:
    """Return the lines of the text without its header, after checking that it can be parsed."""
    text = write_program(circuit).text
    parse_program(text)
    return text.splitlines()[3:]


def test_a_tested_bit_gets_its_own_register() -> None:
    circuit = QuantumCircuit(1, 3)
    with circuit.if_test((1, 1)) as otherwise:
        circuit.x(0)
        circuit.measure(0, 2)
    with otherwise:
        circuit.y(0)
    assert lines(circuit) == [
        *("creg c0[1];", "creg c1[1];", "creg c2[1];"),
        *("if(c1==1) x q[0];", "if(c1==1) measure q[0] -> c2[0];", "if(c1==0) y q[0];"),
    ]


def test_a_register_is_compared_as_a_whole() -> None:
    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "a"), ClassicalRegister(2, "b"))
    circuit.measure(0, 0)
    with circuit.if_test((circuit.cregs[1], 2)):
        circuit.x(0)
    assert lines(circuit) == [
        *("creg c0[1];", "creg c1[2];", "measure q[0] -> c0[0];", "if(c1==2) x q[0];"),
    ]


def test_a_condition_on_all_bits_keeps_one_register() -> None:
    circuit = QuantumCircuit(1, 2)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.x(0)
    assert lines(circuit) == ["creg c[2];", "if(c==1) x q[0];"]


def test_nested_conditions_and_else_branches_compare_all_their_bits() -> None:
    circuit = QuantumCircuit(1, 2)
    with circuit.if_test((0, 1)):
        with circuit.if_test((1, 0)) as otherwise:
            circuit.x(0)
        with otherwise:
            circuit.y(0)
        circuit.z(0)
    assert lines(circuit) == [
        *("creg c[2];", "if(c==1) x q[0];", "if(c==3) y q[0];", "if(c==1) z q[0];", "if(c==3) z q[0];"),
    ]


def test_a_switch_becomes_a_condition_for_each_case() -> None:
    circuit = QuantumCircuit(1, 2)
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0, 3):
            circuit.x(0)
        with case(case.DEFAULT):
            circuit.z(0)
    assert lines(circuit) == [
        *("creg c[2];", "if(c==0) x q[0];", "if(c==3) x q[0];", "if(c==1) z q[0];", "if(c==2) z q[0];"),
    ]


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        (lambda a, b: expr.lift(a), [1, 3]),
        (lambda a, b: expr.logic_not(a), [0, 2]),
        (expr.logic_and, [3]),
        (expr.logic_or, [1, 2, 3]),
        (lambda a, b: expr.bit_xor(a, expr.bit_not(b)), [0, 3]),
        (lambda a, b: expr.logic_not(expr.logic_or(a, b)), [0]),
    ],
)
def test_an_expression_becomes_the_values_that_make_it_true(
    condition: Callable[[Clbit, Clbit], expr.Expr], values: list[int]
) -> None:
    circuit = QuantumCircuit(1, 2)
    with circuit.if_test(condition(*circuit.clbits)):
        circuit.x(0)
    # A bit that does not affect the condition is not in the register.
    written = [line for line in lines(circuit) if line.startswith("if")]
    if values in ([1, 3], [0, 2]):
        assert written == [f"if(c0=={values[0]}) x q[0];"]
    else:
        assert written == [f"if(c=={value}) x q[0];" for value in values]


def test_a_condition_that_is_always_true_is_left_out() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test(expr.logic_or(circuit.clbits[0], expr.logic_not(circuit.clbits[0]))):
        circuit.x(0)
    with circuit.if_test((0, 1)), circuit.if_test((0, 0)):
        circuit.y(0)
    assert lines(circuit) == ["creg c[1];", "x q[0];"]


def test_a_shift_by_more_than_the_width_gives_0() -> None:
    circuit = QuantumCircuit(1, 2)
    far = expr.lift(2**40, types.Uint(64))
    with circuit.if_test(expr.equal(expr.shift_left(circuit.cregs[0], far), 0)):
        circuit.x(0)
    assert lines(circuit) == ["creg c[2];", "x q[0];"]


def test_a_loop_is_unrolled_with_its_parameter_bound() -> None:
    circuit = QuantumCircuit(1)
    with circuit.for_loop((0, 1, 5), Parameter("k")) as k:
        circuit.rx(k / 2, 0)
    assert lines(circuit) == ["rx(0.0) q[0];", "rx(0.5) q[0];", "rx(2.5) q[0];"]


def test_unconditional_jumps_end_the_iteration_or_the_loop() -> None:
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(2)):
        circuit.x(0)
        circuit.continue_loop()
        circuit.y(0)
    with circuit.for_loop(range(100)):
        circuit.z(0)
        circuit.break_loop()
        circuit.y(0)
    assert lines(circuit) == ["x q[0];", "x q[0];", "z q[0];"]


def test_a_conditional_break_uses_a_scratch_bit() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(2)):
        circuit.h(0)
        circuit.measure(0, 0)
        with circuit.if_test((0, 1)):
            circuit.break_loop()
    program = write_program(circuit)
    assert (program.num_qubits, program.num_clbits, program.clbits) == (2, 2, (0,))
    assert lines(circuit) == [
        *("creg c0[1];", "creg c1[1];", "x q[1];"),
        *("h q[0];", "measure q[0] -> c0[0];", "if(c0==1) measure q[1] -> c1[0];"),
        *("if(c1==0) h q[0];", "if(c1==0) measure q[0] -> c0[0];", "if(c0==1) measure q[1] -> c1[0];"),
        *("x q[1];", "measure q[1] -> c1[0];", "x q[1];"),
    ]


def test_a_final_measurement_may_change_its_own_condition() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((0, 1)) as otherwise:
        circuit.h(0)
        circuit.measure(0, 0)
    with otherwise:
        circuit.x(0)
    assert lines(circuit) == [
        *("creg c[1];", "if(c==0) x q[0];", "if(c==1) h q[0];", "if(c==1) measure q[0] -> c[0];"),
    ]


def test_a_condition_that_changes_within_its_branch_is_latched() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((0, 1)):
        circuit.measure(0, 0)
        circuit.x(0)
    assert lines(circuit) == [
        *("creg c0[1];", "creg c1[1];", "x q[1];", "if(c0==1) measure q[1] -> c1[0];"),
        *("if(c1==1) measure q[0] -> c0[0];", "if(c1==1) x q[0];"),
        *("x q[1];", "measure q[1] -> c1[0];", "x q[1];"),
    ]


def test_the_else_branch_of_a_wide_comparison_is_latched() -> None:
    circuit = QuantumCircuit(1, 60)
    with circuit.if_test((circuit.cregs[0], 5)) as otherwise:
        circuit.x(0)
    with otherwise:
        circuit.y(0)
    assert [line for line in lines(circuit) if line.startswith("if")] == [
        *("if(c0==5) measure q[1] -> c1[0];", "if(c1==1) x q[0];", "if(c1==0) y q[0];"),
    ]


def test_a_conditional_reset_becomes_a_measurement_and_a_flip() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((0, 1)):
        circuit.reset(0)
    assert lines(circuit) == [
        *("creg c0[1];", "creg c1[1];", "if(c0==1) measure q[0] -> c1[0];"),
        *("if(c1==1) x q[0];", "if(c1==1) measure q[0] -> c1[0];"),
    ]


def test_barriers_have_no_condition_and_delays_are_left_out() -> None:
    circuit = QuantumCircuit(2, 1)
    with circuit.if_test((0, 1)):
        circuit.barrier()
        circuit.delay(10, 0)
        circuit.x(1)
    assert lines(circuit) == ["creg c[1];", "barrier q[0],q[1];", "if(c==1) x q[1];"]


def test_a_box_is_replaced_by_its_content() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.box():
        circuit.x(0)
        with circuit.if_test((0, 1)):
            circuit.y(0)
    assert lines(circuit) == ["creg c[1];", "x q[0];", "if(c==1) y q[0];"]


def test_a_block_may_have_its_bits_in_another_order() -> None:
    block = QuantumCircuit(2, 2)
    block.cx(0, 1)
    with block.if_test((0, 1)):
        block.measure(1, 1)
    circuit = QuantumCircuit(3, 3)
    circuit.append(IfElseOp((circuit.clbits[2], True), block), [2, 0], [1, 0])
    assert lines(circuit) == [
        *("creg c0[1];", "creg c1[2];", "if(c1==2) cx q[2],q[0];", "if(c1==3) cx q[2],q[0];"),
        "if(c1==3) measure q[0] -> c0[0];",
    ]


def separated_bits() -> QuantumCircuit:
    """Return a circuit with a condition on two bits that are not adjacent."""
    circuit = QuantumCircuit(1, 4)
    with circuit.if_test(expr.logic_and(circuit.clbits[0], circuit.clbits[3])):
        circuit.x(0)
    return circuit


def test_the_bits_of_one_condition_become_adjacent() -> None:
    assert lines(separated_bits()) == ["creg c0[2];", "creg c1[2];", "if(c0==3) x q[0];"]
    program = write_program(separated_bits())
    assert (program.num_clbits, program.clbits) == (4, (0, 2, 3, 1))


def test_bits_keep_their_order_on_request() -> None:
    program = write_program(separated_bits(), keep_clbit_order=True)
    assert program.clbits == (0, 1, 2, 3)
    assert program.text.splitlines()[3:] == [
        "creg c[4];",
        *(f"if(c=={value}) x q[0];" for value in (9, 11, 13, 15)),
    ]


def test_the_bits_of_a_program_are_in_order_by_default() -> None:
    assert Program("", 1, 3, (0,)).clbits == (0, 1, 2)


def test_the_same_circuit_gives_the_same_text() -> None:
    assert (
        write_program(separated_bits())
        == write_program(separated_bits())
        == write_program(separated_bits().copy())
    )


def test_the_text_grows_linearly_with_the_circuit() -> None:
    def size(rounds: int) -> int:
        circuit = QuantumCircuit(1, 1)
        for _ in range(rounds):
            with circuit.if_test((0, 1)):
                circuit.measure(0, 0)
                circuit.reset(0)
        return len(write_program(circuit).text)

    assert size(300) - size(200) == size(200) - size(100)


def compared(width: int, number: int) -> QuantumCircuit:
    """Return a circuit that compares a register with a number."""
    circuit = QuantumCircuit(1, width)
    with circuit.if_test((circuit.cregs[0], number)):
        circuit.x(0)
    return circuit


@pytest.mark.parametrize("width", [31, 32, 64, 65, 301, 20_000])
@pytest.mark.parametrize("number", [0, 2**31 - 1])
def test_a_register_of_any_width_is_compared_directly_with_a_number_of_31_bits(
    width: int, number: int
) -> None:
    assert lines(compared(width, number)) == [f"creg c[{width}];", f"if(c=={number}) x q[0];"]


@pytest.mark.parametrize("keep_order", [False, True])
@pytest.mark.parametrize(
    ("width", "number", "sizes"),
    [
        (32, 2**31, [31, 1]),
        (32, 2**32 - 1, [31, 1]),
        (62, 2**62 - 1, [31, 31]),
        (63, 2**31, [31, 31, 1]),
        (64, 2**63, [31, 31, 2]),
        (64, 2**64 - 1, [31, 31, 2]),
        (65, 2**64, [31, 31, 3]),
        (301, 2**300, [31] * 9 + [22]),
    ],
)
def test_a_larger_number_is_compared_in_pieces_of_31_bits(
    width: int, number: int, sizes: list[int], keep_order: bool
) -> None:
    program = write_program(compared(width, number), keep_clbit_order=keep_order)
    assert program.clbits == tuple(range(width))
    declared = [int(size) for size in re.findall(r"creg c\d+\[(\d+)\];", program.text)]
    assert declared[: len(sizes)] == sizes
    assert all(int(value) < 2**31 for value in re.findall(r"==(\d+)", program.text))


def test_a_number_of_32_bits_is_compared_in_two_pieces() -> None:
    assert lines(compared(32, 2**31)) == [
        *("creg c0[31];", "creg c1[1];", "creg c2[1];", "creg c3[1];", "x q[1];"),
        *("if(c0==0) measure q[1] -> c3[0];", "x q[1];", "if(c1==0) measure q[1] -> c3[0];", "x q[1];"),
        *("if(c3==1) measure q[1] -> c2[0];", "x q[1];", "measure q[1] -> c3[0];", "x q[1];"),
        *("if(c2==1) x q[0];", "x q[1];", "measure q[1] -> c2[0];", "x q[1];"),
    ]


def test_a_number_of_64_bits_is_compared_in_three_pieces() -> None:
    assert lines(compared(64, 2**63 + 5))[7:-4] == [
        *("if(c0==5) measure q[1] -> c4[0];", "if(c1==0) measure q[1] -> c5[0];"),
        *("x q[1];", "if(c5==0) measure q[1] -> c4[0];", "measure q[1] -> c5[0];", "x q[1];"),
        "if(c2==2) measure q[1] -> c5[0];",
        *("x q[1];", "if(c5==0) measure q[1] -> c4[0];", "measure q[1] -> c5[0];", "x q[1];"),
        *("if(c4==1) measure q[1] -> c3[0];", "x q[1];", "measure q[1] -> c4[0];", "x q[1];"),
    ]


def repeated(change: Callable[[QuantumCircuit], object], number: int = 2**63) -> QuantumCircuit:
    """Return a circuit with the same condition before and after a change, on a register of 64 of 65 bits."""
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(64, "wide"), ClassicalRegister(1, "other"))
    for step in range(2):
        with circuit.if_test((circuit.cregs[0], number)):
            circuit.x(0)
        if step == 0:
            change(circuit)
    return circuit


def number_of_copies(circuit: QuantumCircuit) -> int:
    """Return how often the lowest piece of the wide register is tested."""
    return sum(line.startswith("if(c0==") for line in lines(circuit))


def conditional_measurement(circuit: QuantumCircuit) -> None:
    with circuit.if_test((64, 1)):
        circuit.measure(1, 3)


def measurement_in_a_loop(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(2)):
        circuit.measure(1, 63)


@pytest.mark.parametrize(
    "change",
    [
        lambda circuit: None,
        lambda circuit: circuit.h([0, 1]),
        lambda circuit: circuit.barrier(),
        lambda circuit: circuit.reset(1),
        lambda circuit: circuit.measure(1, 64),
    ],
    ids=["nothing", "gates", "barrier", "reset", "measurement into another register"],
)
def test_a_wide_register_is_copied_once_while_it_is_unchanged(
    change: Callable[[QuantumCircuit], object],
) -> None:
    assert number_of_copies(repeated(change)) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda circuit: circuit.measure(1, 0),
        lambda circuit: circuit.measure(1, 63),
        conditional_measurement,
        measurement_in_a_loop,
    ],
)
def test_a_wide_register_is_copied_again_after_one_of_its_bits_was_measured(
    change: Callable[[QuantumCircuit], object],
) -> None:
    assert number_of_copies(repeated(change)) == 2


def test_a_copy_within_a_branch_is_not_used_outside_of_it() -> None:
    def branch(circuit: QuantumCircuit) -> None:
        with circuit.if_test((64, 1)), circuit.if_test((circuit.cregs[0], 2**63)):
            circuit.y(0)

    assert number_of_copies(repeated(branch)) == 2


def test_conditions_that_alternate_are_copied_once_each() -> None:
    circuit = QuantumCircuit(1, 64)
    for _ in range(10):
        for number in (2**63, 2**40, 0):
            with circuit.if_test((circuit.cregs[0], number)):
                circuit.x(0)
    assert number_of_copies(circuit) == 3
    assert write_program(circuit).num_clbits == 64 + 3 + 2  # two more while a copy is made


def test_few_scratch_bits_are_kept_for_conditions_that_may_come_again() -> None:
    circuit = QuantumCircuit(1, 64)
    for number in [*range(2**40, 2**40 + 100), *range(2**40, 2**40 + 100)]:
        with circuit.if_test((circuit.cregs[0], number)):
            circuit.x(0)
    assert write_program(circuit).num_clbits <= 64 + 16 + 3


def test_the_else_branches_of_a_repeated_condition_take_no_further_copy() -> None:
    circuit = QuantumCircuit(1, 64)
    for _ in range(3):
        with circuit.if_test((circuit.cregs[0], 2**63)) as otherwise:
            circuit.x(0)
        with otherwise:
            circuit.y(0)
    assert number_of_copies(circuit) == 1
    assert [line for line in lines(circuit) if line.endswith(" q[0];")] == [
        *("if(c3==1) x q[0];", "if(c3==0) y q[0];"),
    ] * 3


@pytest.mark.parametrize("width", [65, 151, 301])
def test_each_further_operation_under_a_condition_on_a_wide_register_takes_one_line(width: int) -> None:
    def length(operations: int) -> int:
        circuit = QuantumCircuit(1, width)
        for _ in range(operations):
            with circuit.if_test((circuit.cregs[0], 2 ** (width - 1))):
                circuit.x(0)
        return len(lines(circuit))

    assert length(300) - length(3) == 297


def test_a_register_that_is_measured_between_its_conditions_may_be_wide() -> None:
    circuit = QuantumCircuit(1, 151)
    for bit in range(151):
        circuit.measure(0, bit)
        with circuit.if_test((circuit.cregs[0], 2**bit)):
            circuit.x(0)
    assert len(lines(circuit)) < 151 * 40


def test_a_condition_with_too_many_values_is_latched_bit_by_bit() -> None:
    circuit = QuantumCircuit(1, 12)
    with circuit.if_test((circuit.cregs[0], 5)):
        circuit.x(0)
    with circuit.if_test((3, 1)):
        circuit.y(0)
    wrong = [(1, 1), (2, 0), *((bit, 1) for bit in range(3, 12))]
    assert lines(circuit)[14:] == [
        *("x q[1];", "if(c0==1) measure q[1] -> c13[0];", "x q[1];"),
        *(f"if(c{bit}=={value}) measure q[1] -> c13[0];" for bit, value in wrong),
        *("x q[1];", "if(c13==1) measure q[1] -> c12[0];", "x q[1];", "measure q[1] -> c13[0];", "x q[1];"),
        *("if(c12==1) x q[0];", "x q[1];", "measure q[1] -> c12[0];", "x q[1];"),
        *("if(c3==1) measure q[1] -> c12[0];", "if(c12==1) y q[0];"),
        *("x q[1];", "measure q[1] -> c12[0];", "x q[1];"),
    ]
    assert write_program(circuit).clbits == write_program(circuit, keep_clbit_order=True).clbits


def chain(length: int) -> QuantumCircuit:
    """Return nested ``else`` branches that all change the bit they test."""
    circuit = QuantumCircuit(1, 1)
    with ExitStack() as stack:
        for _ in range(length):
            with circuit.if_test((0, 1)) as otherwise:
                circuit.measure(0, 0)
                circuit.x(0)
            stack.enter_context(otherwise)
            circuit.measure(0, 0)
            circuit.y(0)
    return circuit


def cases(count: int) -> QuantumCircuit:
    """Return a switch whose cases change a bit of its target."""
    circuit = QuantumCircuit(1, 6)
    with circuit.switch(circuit.cregs[0]) as case:
        for value in range(count):
            with case(value):
                circuit.measure(0, 0)
                circuit.x(0)
        with case(case.DEFAULT):
            circuit.y(0)
    return circuit


@pytest.mark.parametrize("build", [chain, cases])
def test_each_further_latched_branch_takes_the_same_number_of_lines(
    build: Callable[[int], QuantumCircuit],
) -> None:
    few, more, many = (len(lines(build(count))) for count in (10, 20, 30))
    assert many - more == more - few


def less_than(width: int, number: int) -> QuantumCircuit:
    circuit = QuantumCircuit(1, width)
    with circuit.if_test(expr.less(circuit.cregs[0], number)):
        circuit.x(0)
    return circuit


def test_a_condition_is_written_directly_for_up_to_16_values() -> None:
    assert lines(less_than(10, 16))[1:] == [f"if(c=={value}) x q[0];" for value in range(16)]
    latched = lines(less_than(10, 17))
    assert [line for line in latched if line.endswith(" q[0];")] == ["if(c1==1) x q[0];"]
    assert latched[3:20] == [f"if(c0=={value}) measure q[1] -> c1[0];" for value in range(17)]


def test_an_expression_may_read_10_bits() -> None:
    # The 24 values for which it is false are fewer.
    assert sum(line.startswith("if(c0==") for line in lines(less_than(10, 1000))) == 24
    with pytest.raises(QoroInputError, match=r"11 bits.*at most 10"):
        write_program(less_than(11, 1000))


def test_a_register_is_compared_as_a_whole_and_by_its_bits_if_that_takes_up_to_1024_values() -> None:
    def compare(width: int) -> list[str]:
        circuit = compared(width, 5)
        with circuit.if_test((3, 1)):
            circuit.y(0)
        return lines(circuit)

    assert compare(11)[0] == "creg c[11];"
    assert sum(line.endswith("y q[0];") for line in compare(11)) == 1024
    assert compare(12)[0] == "creg c0[1];"
    assert sum(line.endswith("y q[0];") for line in compare(12)) == 1


def test_the_else_of_a_comparison_may_have_4096_bits() -> None:
    def compare(width: int) -> QuantumCircuit:
        circuit = QuantumCircuit(1, width)
        with circuit.if_test((circuit.cregs[0], 5)) as otherwise:
            circuit.x(0)
        with otherwise:
            circuit.y(0)
        return circuit

    assert "if(c0==5) measure q[1] -> c1[0];" in lines(compare(4096))
    with pytest.raises(QoroInputError, match=r"instruction 0 \(if_else\): .*too many unrelated values"):
        write_program(compare(4097))


def test_the_longest_program_is_accepted_by_the_service() -> None:
    def conditional(count: int, width: int) -> QuantumCircuit:
        circuit = QuantumCircuit(1, width)
        with circuit.if_test((circuit.cregs[0], 1)), circuit.for_loop(range(count)):
            circuit.x(0)
        return circuit

    # A conditional operation counts as 50.
    check_text(write_program(conditional(20_000, 50)).text)
    with pytest.raises(QoroInputError, match="1000000 operations"):
        write_program(conditional(20_001, 50))
    # Or as the number of bits if that is more. Then the register is divided.
    assert "creg c[1000];" in write_program(conditional(1000, 1000)).text
    longer = write_program(conditional(1001, 1000)).text
    assert "creg c0[31];" in longer
    check_text(longer)


def while_loop() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    with circuit.while_loop((0, 0)):
        circuit.measure(0, 0)
    return circuit


def stored() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.store(circuit.clbits[0], True)
    return circuit


def on_a_variable() -> QuantumCircuit:
    flag = expr.Var.new("flag", types.Bool())
    circuit = QuantumCircuit(1, 1, inputs=[flag])
    with circuit.if_test(flag):
        circuit.x(0)
    return circuit


def wide_expression() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 11)
    with circuit.if_test(expr.less(circuit.cregs[0], 5)):
        circuit.x(0)
    return circuit


def endless() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(10**12)):
        circuit.x(0)
    return circuit


def endless_and_idle() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(10**12)):
        circuit.delay(1, 0)
    return circuit


def many_lines() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)), circuit.for_loop(range(20_001)):
        circuit.x(0)
    return circuit


def deep() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    for _ in range(130):
        outer = QuantumCircuit(1, 1)
        outer.if_test((outer.clbits[0], True), circuit, [0], [0])
        circuit = outer
    return circuit


def many_conditional_breaks() -> QuantumCircuit:
    """Return many nested loops with a conditional break, each inside a branch."""
    circuit = QuantumCircuit(1, 1)
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(circuit.for_loop(range(1)))
            with circuit.if_test((0, 1)):
                circuit.x(0)
                circuit.break_loop()
            stack.enter_context(circuit.if_test((0, 1)))
            circuit.measure(0, 0)
        circuit.x(0)
    return circuit


def outside() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.append(BreakLoopOp(1, 1), [0], [0])
    return circuit


def by_zero() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 2)
    with circuit.if_test(expr.equal(expr.div(3, circuit.cregs[0]), 1)):
        circuit.x(0)
    return circuit


def angle_inside() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    with circuit.if_test((0, 1)):
        circuit.rx(Parameter("theta"), 0)
    return circuit


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (while_loop, r"instruction 0 \(while_loop\): .*use a for loop"),
        (stored, r"instruction 1 \(store\): .*measure into"),
        (on_a_variable, r"instruction 0 \(if_else\): .*'flag'.*classical register"),
        (wide_expression, r"instruction 0 \(if_else\): .*11 bits.*at most 10"),
        (endless, r"instruction 0 \(for_loop\): .*1000000.*shorten"),
        (endless_and_idle, r"instruction 0 \(for_loop\): .*1000000.*shorten"),
        (many_lines, r"instruction 1 \(if_else\): .*1000000 operations.*shorten"),
        (many_conditional_breaks, r"instruction 0 \(for_loop\): .*24 bits.*fewer loops"),
        (deep, r"instruction 0 \(if_else\): .*fewer levels"),
        (outside, r"instruction 0 \(break_loop\): .*outside"),
        (by_zero, r"instruction 0 \(if_else\): .*divides by zero"),
        (angle_inside, r"instruction 0 \(if_else\): .*theta.*assign_parameters"),
    ],
)
def test_the_error_names_the_control_flow_that_cannot_be_translated(
    builder: Callable[[], QuantumCircuit], message: str
) -> None:
    with pytest.raises(QoroInputError, match=message):
        write_program(builder())
