"""Outcomes of the pages have the names, numbers and bit order of ``job.result()``."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import QoroEstimator, QoroSampler
from qiskit_qoro.local import LocalService
from qiskit_qoro.local.store.job_listing import find_listed_job
from qiskit_qoro.models.batches import Batches
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.gradients import GradientValues, WeightedStrings
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.models.states import StateQuantity, StateRequest
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.local_source.circuit_views import CircuitViews
from qiskit_qoro.pages.local_source.source import LocalSource
from qiskit_qoro.pages.results.outcomes import (
    MAX_SHOWN,
    CircuitContext,
    method_of,
    outcome_of,
    outcome_of_item,
    summary_of,
)
from qiskit_qoro.pages.views import Counts, Failure, Gradients, JobFilter, Outcome, StateValues, Values
from qiskit_qoro.wire.results import array_item_to_json, result_item_to_json

FindOutcome = Callable[[str, int], Outcome | None]


@pytest.fixture
def source(local_service: LocalService) -> LocalSource:
    return LocalSource(local_service.parts, local_service.parts.own_account.name, "provider")


@pytest.fixture
def outcome_at(source: LocalSource) -> FindOutcome:
    """Return the outcome of the circuit at a position of a job."""

    def find(job_id: str, position: int) -> Outcome | None:
        circuit = source.circuit(job_id, position)
        return None if circuit is None else circuit.outcome

    return find


@pytest.fixture
def tagged(source: LocalSource, backend) -> Callable[..., list[Outcome | None]]:
    """Run a method of the backend that returns no job, and return the outcomes of its circuits."""

    def run(name: str, *arguments: object, **options: object) -> list[Outcome | None]:
        tag = uuid.uuid4().hex
        getattr(backend, name)(*arguments, tag=tag, **options)
        (row,) = source.jobs(JobFilter(tag=tag), limit=2, offset=0).rows
        assert row.job_id is not None
        circuits = [source.circuit(row.job_id, position) for position in range(row.num_circuits or 0)]
        return [None if circuit is None else circuit.outcome for circuit in circuits]

    return run


# --- counts -------------------------------------------------------------------------------------------


def asymmetric_circuit() -> QuantumCircuit:
    """Three registers, of which one is measured only partly, and bits in another order than qubits."""
    circuit = QuantumCircuit(
        QuantumRegister(3, "q"),
        *(ClassicalRegister(size, name) for name, size in (("a", 2), ("b", 1), ("c", 3))),
    )
    circuit.x(0)
    circuit.ry(1.0, 1)
    circuit.measure(0, 1)
    circuit.measure(1, 2)
    circuit.measure(2, 5)
    return circuit


def overlapping_circuit() -> QuantumCircuit:
    """A register that shares its bits with another one, in reverse order."""
    first = ClassicalRegister(2, "a")
    circuit = QuantumCircuit(
        QuantumRegister(2), first, ClassicalRegister(bits=[first[1], first[0]], name="b")
    )
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def dynamic_circuit() -> QuantumCircuit:
    """A circuit whose program needs scratch bits."""
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.measure(0, 1)
    with circuit.if_test((circuit.clbits[1], 1)):
        circuit.x(1)
    circuit.measure(1, 0)
    return circuit


@pytest.mark.parametrize("build", [asymmetric_circuit, overlapping_circuit, dynamic_circuit])
def test_counts_are_those_of_the_result(backend, outcome_at: FindOutcome, build) -> None:
    other = QuantumCircuit(1, 1)
    other.measure(0, 0)
    job = backend.run([other, build()], shots=300)
    expected = job.result().get_counts(1)
    outcome = outcome_at(job.job_id(), 1)
    assert isinstance(outcome, Counts)
    assert outcome.counts == expected
    assert (outcome.shots, outcome.num_left_out) == (300, 0)
    assert list(outcome.counts.values()) == sorted(expected.values(), reverse=True)


def test_counts_of_a_sampler_have_the_bits_of_its_result(backend, outcome_at: FindOutcome) -> None:
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.ry(1.0, 1)
    circuit.measure_all()
    job = QoroSampler(backend).run([circuit], shots=200)
    expected = job.result()[0].data.meas.get_counts()
    outcome = outcome_at(job.job_id(), 0)
    assert isinstance(outcome, Counts)
    assert outcome.counts == expected


def test_a_note_says_which_register_is_where(backend, outcome_at: FindOutcome) -> None:
    job = backend.run(asymmetric_circuit(), shots=10)
    job.result()
    outcome = outcome_at(job.job_id(), 0)
    assert isinstance(outcome, Counts)
    assert outcome.note == "Registers from left to right: c, b, a."
    assert outcome_of({"01": 1}) == Counts({"01": 1}, 1)


@pytest.mark.parametrize("build", [asymmetric_circuit, dynamic_circuit])
def test_registers_of_a_sampler_are_those_of_its_result(backend, outcome_at: FindOutcome, build) -> None:
    other = QuantumCircuit(1, 1)
    other.measure(0, 0)
    job = QoroSampler(backend).run([other, build()], shots=200)
    data = job.result()[1].data
    outcome = outcome_at(job.job_id(), 1)
    assert isinstance(outcome, Counts)
    names = [register.name for register in build().cregs]
    arrays = [data[name].get_bitstrings() for name in reversed(names)]
    assert outcome.counts == Counter(" ".join(bits) for bits in zip(*arrays, strict=True))


def test_only_the_most_frequent_outcomes_are_formatted() -> None:
    counts = {f"{number:070b}": 1 + number % 7 for number in range(5000)}
    outcome = outcome_of(counts)
    assert isinstance(outcome, Counts)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    assert list(outcome.counts.items()) == ranked[:MAX_SHOWN]
    assert outcome.num_left_out == 5000 - MAX_SHOWN
    assert outcome.shots == sum(counts.values())


@pytest.mark.parametrize("number", [MAX_SHOWN - 1, MAX_SHOWN, MAX_SHOWN + 1])
def test_outcomes_are_left_out_only_above_the_limit(number: int) -> None:
    outcome = outcome_of({f"{index:08b}": 1 for index in range(number)})
    assert isinstance(outcome, Counts)
    assert (len(outcome.counts), outcome.num_left_out) == (min(number, MAX_SHOWN), max(0, number - MAX_SHOWN))


def test_counts_that_contradict_the_submission_are_a_failure(backend, local_service: LocalService) -> None:
    job = backend.run(asymmetric_circuit(), shots=10)
    job.result()
    views = CircuitViews(local_service.parts, "local")
    listed = find_listed_job(local_service.parts.database, "local", job.job_id())
    experiment = views.reading(listed).experiments
    (known,) = experiment.values()
    outcome = outcome_of({"000001": 9}, None, CircuitContext(known))
    assert outcome == Failure("the result: the counts add up to 9, expected 10 shots")
    outcome = outcome_of({"01": 10}, None, CircuitContext(known))
    assert outcome == Failure("the result: expected 6 bits in each outcome")


def test_a_circuit_without_measurements_has_no_outcomes(backend, outcome_at: FindOutcome) -> None:
    with pytest.warns(UserWarning, match="no classical register"):
        job = backend.run(QuantumCircuit(1), shots=10)
    job.result()
    assert outcome_at(job.job_id(), 0) == Counts({}, 10)


# --- expectation values and gradients -----------------------------------------------------------------


def test_pauli_strings_of_an_estimator_are_labels_of_qiskit(backend, outcome_at: FindOutcome) -> None:
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.ry(1.0, 1)
    circuit.rz(0.5, 2)
    labels = ["IIZ", "IZI", "IXI", "ZII"]
    job = QoroEstimator(backend).run([(circuit, labels)])
    expected = dict(zip(labels, job.result()[0].data.evs, strict=True))
    outcome = outcome_at(job.job_id(), 0)
    assert isinstance(outcome, Values)
    assert outcome.values == pytest.approx(expected)
    assert outcome.note == "The rightmost letter of a Pauli string acts on qubit 0, as in Qiskit."


def test_pauli_strings_of_other_jobs_are_shown_as_they_were_submitted(
    provider, outcome_at: FindOutcome
) -> None:
    service = provider.service
    program = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; x q[0];'
    job = service.submit_circuits(
        {"a": program}, ham_ops="ZI;IZ", override_job_config=JobConfig(simulator_cluster="qoro_maestro")
    )
    service.poll_job_status(job, loop_until_complete=True)
    expected = service.get_job_results(job).results["a"]
    outcome = outcome_at(job.job_id, 0)
    assert isinstance(outcome, Values)
    assert outcome.values == expected == {"ZI": -1.0, "IZ": 1.0}
    assert "leftmost letter" in outcome.note


def test_standard_errors_belong_to_their_pauli_strings() -> None:
    details = ResultDetails(standard_errors={"XI": 0.25})
    item = result_item_to_json("a", {"XI": 0.5, "IZ": -0.25}, details)
    outcome, found = outcome_of_item(item, CircuitContext(kind=JobKind.ESTIMATOR))
    assert isinstance(outcome, Values)
    assert (outcome.values, outcome.errors) == ({"IX": 0.5, "ZI": -0.25}, {"IX": 0.25})
    assert found == details


def test_ten_thousand_observables_are_cut() -> None:
    outcome = outcome_of({f"{'I' * n}Z{'I' * (9999 - n)}"[:10_000]: n / 10_000 for n in range(10_000)})
    assert isinstance(outcome, Values)
    assert (len(outcome.values), outcome.num_left_out) == (MAX_SHOWN, 10_000 - MAX_SHOWN)
    assert list(outcome.short_names.values())[:2] == ["Z0", "Z1"]


def test_a_long_pauli_string_has_a_short_name_with_the_numbers_of_its_qubits() -> None:
    string = "X" + "I" * 18 + "Z"
    for kind, shown in ((JobKind.OTHER, string), (JobKind.ESTIMATOR, string[::-1])):
        outcome = outcome_of({string: 0.5}, None, CircuitContext(kind=kind))
        assert isinstance(outcome, Values)
        assert outcome.short_names == {shown: "X0 Z19"}
        assert summary_of(outcome) == "X0 Z19 = 0.5"


def test_gradients_are_those_of_the_result(backend, outcome_at: FindOutcome) -> None:
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(2)
    circuit.ry(a, 0)
    circuit.ry(2 * b, 1)
    observable = SparsePauliOp(["IZ", "ZI"], [1.0, 0.5])
    job = QoroEstimator(backend).gradient([(circuit, observable, [0.3, 0.4])])
    data = job.result()[0].data
    outcome = outcome_at(job.job_id(), 0)
    assert isinstance(outcome, Gradients)
    assert outcome.values == pytest.approx({"IZ + 0.5 ZI": float(data.evs)})
    ((_, gradient),) = outcome.gradients.items()
    # The parameter of a template may be an angle, such as 2b.
    assert len(gradient) == 2
    assert next(iter(gradient.values())) == pytest.approx(float(data.gradients[0]))


def test_gradients_are_cut_in_both_directions() -> None:
    numbers = np.arange(300.0 * 80).reshape(300, 80)
    outcome = outcome_of(GradientValues(numbers[:, 0], numbers))
    assert isinstance(outcome, Gradients)
    assert (len(outcome.values), outcome.num_left_out) == (10, 290)
    first = outcome.gradients["observable 0"]
    assert (len(first), outcome.num_parameters_left_out) == (50, 30)
    assert first["parameter 3"] == 3.0


def test_equal_observables_keep_their_values() -> None:
    same = WeightedStrings(("ZI",), (1.0,))
    context = CircuitContext(kind=JobKind.GRADIENT, parameter_names=["a"], observables=[same, same])
    outcome = outcome_of(GradientValues([0.1, 0.2], [[1.0], [2.0]]), None, context)
    assert isinstance(outcome, Gradients)
    assert outcome.values == {"IZ": 0.1, "1: IZ": 0.2}
    assert outcome.gradients == {"IZ": {"a": 1.0}, "1: IZ": {"a": 2.0}}


# --- states -------------------------------------------------------------------------------------------


def state_circuit() -> QuantumCircuit:
    circuit = QuantumCircuit(3)
    circuit.x(0)
    circuit.ry(1.0, 1)
    circuit.s(0)
    return circuit


def test_a_state_vector_has_the_basis_states_of_qiskit(backend, tagged) -> None:
    state = backend.statevector(state_circuit())
    (outcome,) = tagged("statevector", state_circuit())
    assert isinstance(outcome, StateValues)
    assert outcome.probabilities == pytest.approx(state.probabilities_dict())
    assert outcome.description == "state vector of 3 qubits"
    assert outcome.rows[0] == ("001", "0.8776i", "0.770151")
    assert outcome.num_left_out == 0


def test_probabilities_of_some_qubits_are_in_the_order_of_the_request(backend, tagged) -> None:
    expected = backend.statevector(state_circuit()).probabilities_dict(qargs=[1, 0])
    (outcome,) = tagged("probabilities", state_circuit(), [1, 0])
    assert isinstance(outcome, StateValues)
    assert outcome.probabilities == pytest.approx(expected)
    assert outcome.description == "probabilities of the qubits 0, 1, from the left"


def test_an_amplitude_has_the_bitstring_of_the_request(backend, tagged) -> None:
    expected = backend.amplitude(state_circuit(), "011")
    (outcome,) = tagged("amplitude", state_circuit(), "011")
    assert isinstance(outcome, StateValues)
    assert outcome.description == "amplitudes of 1 basis state"
    assert outcome.probabilities == pytest.approx({"011": abs(expected) ** 2})


def test_fidelities_name_the_other_circuits(backend, tagged) -> None:
    one, other = state_circuit(), QuantumCircuit(3)
    other.ry(0.4, 1)
    expected = backend.fidelity([one], [one, other])
    first, second, third = tagged("fidelity", [one], [one, other])
    assert isinstance(first, StateValues)
    assert [row[0] for row in first.rows] == ["1", "2"]
    assert [float(row[1]) for row in first.rows] == pytest.approx(expected[0], abs=1e-6)
    assert second == third
    assert summary_of(second) == "a circuit of the second list: its fidelities are with the first list"


def test_a_mirror_fidelity_is_one_number(tagged) -> None:
    (outcome,) = tagged("mirror_fidelity", state_circuit())
    assert summary_of(outcome) == "probability to return to the initial state: 1"


def test_an_evolution_has_a_row_for_each_repetition(backend, tagged) -> None:
    block = QuantumCircuit(2)
    block.ry(0.3, 0)
    expected = backend.evolve(block, ["IZ"], 3)
    first, second = tagged("evolve", block, ["IZ"], 3)
    assert isinstance(first, StateValues)
    assert first.headings == ("repetition", "IZ")
    assert [float(row[1].replace("−", "-")) for row in first.rows] == pytest.approx(expected[:, 0], abs=1e-4)
    assert first.series == {"IZ": pytest.approx(expected[:, 0])}
    assert "the values are with the first circuit" in summary_of(second)


def test_a_state_vector_is_cut_to_its_largest_entries() -> None:
    amplitudes = np.sqrt(np.arange(1, 1025) / (1024 * 1025 / 2)) * 1j
    outcome, _ = outcome_of_item(array_item_to_json("a", amplitudes))
    assert isinstance(outcome, StateValues)
    assert len(outcome.rows) == MAX_SHOWN
    assert outcome.num_left_out == 1024 - MAX_SHOWN
    assert outcome.rows[0][0] == "1111111111"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "1"),
        (-0.5j, "−0.5i"),
        (0.5 - 0.5j, "0.5 − 0.5i"),
        (-0.25 + 0.5j, "−0.25 + 0.5i"),
        (1 + 1e-16j, "1"),
    ],
)
def test_an_amplitude_is_written_without_parts_that_are_zero(value: complex, shown: str) -> None:
    request = StateRequest(StateQuantity.AMPLITUDES, bitstrings=("0",))
    outcome = outcome_of(np.array([value], complex), None, CircuitContext(state=request))
    assert isinstance(outcome, StateValues)
    assert outcome.rows[0][1] == shown


def test_an_array_of_an_unknown_kind_is_a_table_of_numbers() -> None:
    outcome = outcome_of(np.array([[1.0, 2.0, 3.0]]))
    assert isinstance(outcome, StateValues)
    assert outcome.description == "array of 1 × 3 numbers"
    assert outcome.rows == [("0", "1"), ("1", "2"), ("2", "3")]


# --- items, summaries, methods ------------------------------------------------------------------------


def test_a_failed_circuit_has_the_reason_of_the_job(backend, outcome_at: FindOutcome) -> None:
    circuit = QuantumCircuit(40)
    for qubit in range(39):
        circuit.rx(0.1 + qubit, range(40))
        circuit.cx(range(39), range(1, 40))
    circuit.measure_all()
    job = backend.run(circuit, shots=10)
    failed = job.result(partial=True).results[0]
    assert outcome_at(job.job_id(), 0) == Failure(failed.status)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"label": "a", "error": "out of memory"}, "out of memory"),
        ({"label": "a", "error": ""}, "the service gave no reason"),
        ({"label": "a"}, "its result cannot be read: .*expected a value, got nothing"),
        ({"label": "a", "results": {"ZZ": "much"}}, "its result cannot be read: .*expected a finite number"),
        (
            {"label": "a", "results": {"encoding": "float64", "shape": [2], "payload": ""}},
            "its result cannot be read: payload: expected 16 bytes",
        ),
    ],
)
def test_a_failure_or_an_unreadable_result_is_a_failure(item: dict[str, object], reason: str) -> None:
    for form in (item, json.dumps(item)):
        outcome, _ = outcome_of_item(form)
        assert isinstance(outcome, Failure)
        assert re.match(reason, outcome.reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["encoding", "shape", "payload", "n_bits", "00", "ZZ", "zz", "01", "n_params"]),
            inner,
        )
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_an_item_of_a_stranger_is_an_outcome_or_a_failure(results: object, details: object) -> None:
    outcome, _ = outcome_of_item({"label": "a", "results": results, "details": details})
    assert isinstance(summary_of(outcome), str)


@pytest.mark.parametrize(
    ("outcome", "summary"),
    [
        (None, ""),
        (Failure("too large"), "too large"),
        (Counts({"00": 1503, "11": 497}, 2000), "00: 1,503, 11: 497"),
        (Counts(dict.fromkeys("abcd", 1), 9, 1), "a: 1, b: 1, c: 1, d: 1, …"),
        (Counts({"01" * 35: 1}, 1), "01010101010101010101010…: 1"),
        (Values({"ZZ": 0.9812}, {"ZZ": 0.0213}), "ZZ = 0.981 ± 0.021"),
        (Values({"ZZ": -0.5}), "ZZ = −0.5"),
        (Gradients({"Z": 1.0}, {"Z": {}}), "Z = 1"),
    ],
)
def test_a_summary_has_a_few_words(outcome: Outcome | None, summary: str) -> None:
    assert summary_of(outcome) == summary


@pytest.mark.parametrize(
    ("details", "method"),
    [
        (None, ""),
        (ResultDetails(reason="because"), ""),
        (ResultDetails("Statevector"), "Statevector"),
        (ResultDetails("Stabilizer", "a Clifford circuit"), "Stabilizer: a Clifford circuit"),
        (
            ResultDetails("Statevector", "noise", batches=Batches(1, {})),
            "Statevector: noise; 1 realization of the noise",
        ),
    ],
)
def test_the_method_is_one_sentence(details: ResultDetails | None, method: str) -> None:
    assert method_of(details) == method
