"""Values and gradients of templates agree with Qiskit's values and with differences of these."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.adjoint.circuit import AdjointCircuit, GateCall
from qiskit_qoro.local.engine.adjoint.pauli_sum import PauliSum
from qiskit_qoro.local.engine.gradients import MAX_QUBITS, GradientEstimator
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import compile_program
from qiskit_qoro.local.engine.template_cache import Template, TemplateCache
from qiskit_qoro.local.workers.task_runs import Estimators, run_batch
from qiskit_qoro.local.workers.tasks import CircuitTask, SweepValues
from qiskit_qoro.models.gradients import MAX_NUMBERS, GradientValues, WeightedStrings
from qiskit_qoro.qasm.gates import GATES

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
STEP = 1e-5


def estimate(
    text: str,
    rows: list[list[float]],
    observables: list[WeightedStrings],
    *,
    block_bytes: int = 1 << 20,
    memory_limit_bytes: int | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    names = ("a", "b", "c")[: len(rows[0])]
    return GradientEstimator(TemplateCache(), block_bytes=block_bytes).estimate(
        Template(HEADER + text, names),
        rows,
        observables,
        EngineSettings(),
        memory_limit_bytes=memory_limit_bytes,
    )


def random_circuit(rng: random.Random, names: list[str]) -> tuple[list[GateCall], list[float], int]:
    """Gates with the given names and some others, of which most angles are free; the values of these."""
    num_qubits = rng.choice((3, 4, 5, 7))  # one or two blocks of qubits
    calls: list[GateCall] = []
    values: list[float] = []
    for name in rng.sample([*names, *rng.choices(sorted(GATES), k=12)], k=len(names) + 12):
        spec = GATES[name]
        angles: list[float | int] = []
        for _ in range(spec.num_params):
            value = rng.uniform(-4, 4)
            angles.append(len(values) if rng.random() < 0.8 else value)
            if isinstance(angles[-1], int):
                values.append(value)
        calls.append(GateCall(name, tuple(angles), tuple(rng.sample(range(num_qubits), spec.num_qubits))))
    return calls, values, num_qubits


def bound(calls: list[GateCall], values: list[float], num_qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(num_qubits)
    for call in calls:
        angles = [values[angle] if type(angle) is int else angle for angle in call.angles]
        circuit.append(GATES[call.name].constructor(*angles), call.qubits)
    return circuit


@pytest.mark.parametrize("seed", range(8))
def test_the_gradient_of_every_gate_agrees_with_differences_of_exact_values(seed: int) -> None:
    rng = random.Random(seed)
    calls, values, num_qubits = random_circuit(rng, list(GATES))
    strings = ["".join(rng.choices("IXYZ", k=num_qubits)) for _ in range(5)]
    weights = [rng.gauss(0, 1) for _ in strings]
    circuit = AdjointCircuit(calls, num_qubits, len(values))
    observables = [
        PauliSum(terms, num_qubits) for terms in (zip(weights, strings, strict=True), [(1.0, strings[0])])
    ]
    rows = np.array([values, [value + 0.1 for value in values]])
    found, slopes = circuit.values_and_gradients(observables, rows)
    operator = SparsePauliOp([string[::-1] for string in strings], weights)
    for row, value in zip(rows.tolist(), found[:, 0], strict=True):
        exact = Statevector(bound(calls, row, num_qubits)).expectation_value(operator).real
        assert value == pytest.approx(exact, abs=1e-12)
    for index in range(len(values)):
        step = np.zeros(len(values))
        step[index] = STEP
        above, below = (circuit.values_and_gradients(observables, rows + sign * step)[0] for sign in (1, -1))
        assert slopes[:, :, index] == pytest.approx((above - below) / (2 * STEP), abs=1e-8)


def test_permutations_that_are_too_large_to_keep_are_applied_gate_by_gate() -> None:
    calls = [GateCall("h", (), (qubit,)) for qubit in range(4)]
    calls += [GateCall("rx", (qubit,), (qubit,)) for qubit in range(4)]
    exchanges = [("cx", (0, 1)), ("swap", (1, 3)), ("ccx", (3, 0, 2)), ("cswap", (2, 0, 1)), ("cx", (1, 0))]
    calls += [GateCall(name, (), qubits) for name, qubits in exchanges]
    calls += [GateCall("ry", (qubit,), (qubit,)) for qubit in range(4)]
    observables = [PauliSum([(1.0, "ZXYI"), (0.5, "XIZZ")], 4)]
    angles = np.random.default_rng(5).normal(size=(3, 4))
    # One permutation and its inverse, each with 16 numbers of 8 bytes.
    found = [
        AdjointCircuit(calls, 4, 4, table_bytes=limit).values_and_gradients(observables, angles)
        for limit in (256, 255)
    ]
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])


def test_the_gradient_is_that_of_the_engine() -> None:
    text = "qreg q[3];ry(0.3) q[0];cx q[0],q[1];rx(-1.25) q[1];cry(2.5) q[1],q[2];crz(0.75) q[2],q[0];"
    angles = [0.3, -1.25, 2.5, 0.75]
    program = compile_program(HEADER + text)
    assert list(program.parameters) == angles
    strings = ["ZZX", "XIY", "IZZ"]
    expected = program.jacobian(strings)["jacobian"][0]
    calls = [
        GateCall("ry", (0,), (0,)),
        GateCall("cx", (), (0, 1)),
        GateCall("rx", (1,), (1,)),
        GateCall("cry", (2,), (1, 2)),
        GateCall("crz", (3,), (2, 0)),
    ]
    observables = [PauliSum([(1.0, string)], 3) for string in strings]
    _, found = AdjointCircuit(calls, 3, 4).values_and_gradients(observables, np.array([angles]))
    assert found[0] == pytest.approx(np.asarray(expected), abs=1e-13)


def test_a_name_may_occur_in_several_gates_or_in_none() -> None:
    observables = [WeightedStrings(("ZI", "IZ"), (1.0, 3.0))]
    values, slopes = estimate("qreg q[2];rx(a) q[0];ry(a) q[1];", [[0.4, 9.0]], observables)
    assert values == pytest.approx(np.array([[4 * np.cos(0.4)]]), abs=1e-14)
    assert slopes == pytest.approx(np.array([[[-4 * np.sin(0.4), 0.0]]]), abs=1e-14)


def test_identities_and_idle_qubits_have_a_value_and_no_slope() -> None:
    text = "qreg q[3];barrier q;ry(a) q[1];"
    observables = [
        WeightedStrings(("III", "ZII", "IZ", "XIZ"), (0.5, 2.0, 1.0, 7.0)),
        WeightedStrings(("I",), (4.0,)),
    ]
    values, slopes = estimate(text, [[0.3]], observables)
    assert values[0] == pytest.approx([2.5 + np.cos(0.3), 4.0], abs=1e-14)
    assert slopes[0, :, 0] == pytest.approx([-np.sin(0.3), 0.0], abs=1e-14)


def test_a_circuit_without_gates_has_the_gradient_zero() -> None:
    values, slopes = estimate("qreg q[2];", [[0.3]], [WeightedStrings(("ZZ",), (1.0,))])
    assert (values.tolist(), slopes.tolist()) == ([[1.0]], [[[0.0]]])


def test_blocks_of_rows_and_of_observables_make_no_difference() -> None:
    text = "qreg q[2];ry(a) q[0];cx q[0],q[1];rx(b) q[1];cp(c) q[1],q[0];h q[0];"
    rows = np.random.default_rng(1).uniform(-3, 3, (7, 3)).tolist()
    observables = [WeightedStrings((string,), (1.5,)) for string in ("ZZ", "XI", "YX", "IZ", "XX")]
    whole = estimate(text, rows, observables)
    # A state takes 64 bytes. The limit leaves room for two of them at a time, three times.
    for limit in (6 * 64, 12 * 64, None):
        for block in (128, 1 << 20):
            part = estimate(text, rows, observables, block_bytes=block, memory_limit_bytes=limit)
            assert np.array_equal(part[0], whole[0])
            assert np.array_equal(part[1], whole[1])


def test_one_estimator_can_alternate_between_observables_and_templates() -> None:
    estimator = GradientEstimator(TemplateCache())
    templates = [Template(HEADER + f"qreg q[2];{gate}(a) q[0];h q[1];", ("a",)) for gate in ("rx", "ry")]
    slopes = {"ZI": -np.sin(0.3), "IX": 0.0, "ZX": -np.sin(0.3)}
    for string, slope in [*slopes.items(), *slopes.items()]:
        for template in templates:
            wanted = [WeightedStrings((string,), (2.0,))]
            _, found = estimator.estimate(template, [[0.3]], wanted, EngineSettings())
            assert found[0, 0, 0] == pytest.approx(2 * slope, abs=1e-14)


def test_the_memory_limit_is_the_smallest_that_suffices() -> None:
    text = "qreg q[2];ry(a) q[0];ry(a) q[1];"
    observables = [WeightedStrings(("ZZ",), (1.0,))]
    estimate(text, [[0.1]], observables, memory_limit_bytes=6 * 64)
    with pytest.raises(QoroInputError, match=r"gradient of a circuit of 2 qubits needs .* parameter shift"):
        estimate(text, [[0.1]], observables, memory_limit_bytes=6 * 64 - 1)


def test_a_wide_circuit_is_refused() -> None:
    width = MAX_QUBITS + 1
    text = f"qreg q[{width}];ry(a) q;"
    with pytest.raises(QoroInputError, match=f"{width} busy qubits, expected at most {MAX_QUBITS}"):
        estimate(text, [[0.1]], [WeightedStrings(("Z",), (1.0,))])


def test_prepared_templates_are_kept_within_limits() -> None:
    observables = [WeightedStrings(("ZZ",), (1.0,))]
    # Each template has a permutation of four numbers and its inverse, 64 bytes together.
    for cache_bytes, kept in ((64, 1), (65, 1), (128, 2), (1 << 20, 8)):
        estimator = GradientEstimator(TemplateCache(), cache_bytes=cache_bytes)
        for index in range(10):
            text = f"qreg q[2];ry(a) q[0];rx({index}) q[1];cx q[0],q[1];"
            template = Template(HEADER + text, ("a",))
            values, _ = estimator.estimate(template, [[0.3]], observables, EngineSettings())
            assert values[0, 0] == pytest.approx(np.cos(index), abs=1e-14)
        assert estimator.num_prepared == kept


@pytest.mark.parametrize(("excess", "is_refused"), [(0, False), (1, True)])
def test_the_numbers_of_a_circuit_are_limited(excess: int, is_refused: bool) -> None:
    names = ("a", *(f"b{index}" for index in range(1022)))
    template = Template(HEADER + "qreg q[1];ry(a) q[0];", names)
    # Each observable has a value and 1023 derivatives.
    observables = [WeightedStrings(("Z",), (1.0,))] * (MAX_NUMBERS // 1024 + excess)
    estimator = GradientEstimator(TemplateCache())
    row = [[0.1] * len(names)]
    if is_refused:
        with pytest.raises(QoroInputError, match=f"expected at most {MAX_NUMBERS}: use several jobs"):
            estimator.estimate(template, row, observables, EngineSettings())
    else:
        _, found = estimator.estimate(template, row, observables, EngineSettings())
        assert found.shape == (1, len(observables), len(names))


def test_matrices_of_observables_that_are_too_large_to_keep_are_computed_each_time() -> None:
    terms = [(0.5, "XY"), (1.5, "YX"), (-2.0, "ZI"), (0.25, "IX")]
    states = np.random.default_rng(4).normal(size=(2, 3, 4)).astype(np.complex128)
    # Three sets of flipped qubits, each with a matrix of 64 bytes.
    kept, not_kept = (PauliSum(terms, 2, cache_bytes=size) for size in (192, 191))
    assert (kept.num_bytes, not_kept.num_bytes) == (192, 0)
    assert np.array_equal(kept.apply(states), not_kept.apply(states))
    matrix = SparsePauliOp([string[::-1] for _, string in terms], [weight for weight, _ in terms]).to_matrix()
    assert kept.apply(states) == pytest.approx(states @ matrix.T)


def test_a_value_that_is_not_finite_is_refused() -> None:
    with pytest.raises(QoroInputError, match="not finite"):
        estimate("qreg q[1];ry(a) q[0];", [[0.0]], [WeightedStrings(("Z", "I"), (1.7e308, 1.7e308))])


def test_one_invalid_row_does_not_affect_the_others() -> None:
    tasks = [
        CircuitTask(
            str(index),
            HEADER + "qreg q[2];ry(a) q[0];",
            names=("a",),
            values=(0.1 * index,),
            observables=(WeightedStrings(("Z" if index != 1 else "ZZZ",), (1.0,)),),
        )
        for index in range(3)
    ]
    replies = list(run_batch(tasks, Estimators()))
    assert [reply.count for reply in replies] == [1, 1, 1]
    assert "3 letters" in str(replies[1].reason)
    for index in (0, 2):
        result = replies[index].result
        assert isinstance(result, SweepValues)
        (values,) = result
        assert isinstance(values, GradientValues)
        assert values == {"observable 0": pytest.approx(np.cos(0.1 * index))}
        assert values.gradients == pytest.approx(np.array([[-np.sin(0.1 * index)]]))


def test_rows_of_a_template_run_together() -> None:
    observables = (WeightedStrings(("Z",), (1.0,)),)
    tasks = [
        CircuitTask(
            str(index),
            HEADER + "qreg q[1];ry(a) q[0];",
            names=("a",),
            values=(0.1 * index,),
            observables=observables,
        )
        for index in range(5)
    ]
    (reply,) = run_batch(tasks, Estimators())
    assert reply.count == 5
