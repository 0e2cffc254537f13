"""The jobs of a journal with the results of a real service, over HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import (
    ExecutionConfig,
    QoroEstimator,
    QoroEstimatorGradient,
    QoroProvider,
    QoroSampler,
    SimulationMethod,
    characterize,
)
from qiskit_qoro.errors import NotFoundError
from qiskit_qoro.history import Journal
from qiskit_qoro.local import serve
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.journal_source.source import JournalSource
from qiskit_qoro.pages.source import MissingError, RefusedError
from qiskit_qoro.pages.views import (
    Action,
    Counts,
    Failure,
    Gradients,
    JobFilter,
    JobView,
    StateValues,
    Values,
)


@pytest.fixture
def two_registers() -> QuantumCircuit:
    """A circuit whose registers are declared in another order than their bits are used."""
    qubits, first, second = QuantumRegister(3), ClassicalRegister(2, "first"), ClassicalRegister(1, "second")
    circuit = QuantumCircuit(qubits, first, second, name="registers")
    circuit.x(0)
    circuit.h(2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def loaded(source: JournalSource, job_id: str, settle: Callable[..., Any]) -> JobView:
    view: JobView = settle(lambda: source.job(job_id), lambda view: not view.is_loading)
    return view


def test_the_list_shows_what_the_journal_knows(
    cloud: QoroProvider, source: JournalSource, two_registers: QuantumCircuit
) -> None:
    job = cloud.get_backend().run([two_registers] * 3, shots=10, tag="nightly")
    job.result()
    found = source.jobs(JobFilter(), limit=10, offset=0)
    (row,) = found.rows
    assert (row.job_id, row.status, row.kind, row.tag) == (job.job_id(), "COMPLETED", "run", "nightly")
    assert (row.target, row.num_circuits, row.num_finished) == ("qoro_maestro", 3, 3)
    assert row.actions == {Action.DELETE, Action.RESUBMIT}
    assert (found.total, found.by_status) == (1, {"COMPLETED": 1})
    assert (found.tags, found.kinds, found.num_unknown) == (["nightly"], ["run"], 0)
    assert source.jobs(JobFilter(kinds=frozenset({"unknown"})), limit=10, offset=0).total == 0
    assert source.jobs(JobFilter(text="REGISTERS"), limit=10, offset=0).total == 1


def test_a_refresh_brings_the_statuses_up_to_date(
    cloud: QoroProvider,
    source: JournalSource,
    two_registers: QuantumCircuit,
    settle: Callable[..., Any],
) -> None:
    cloud.get_backend().run(two_registers, shots=10)

    def look() -> str:
        source.refresh()
        return source.jobs(JobFilter(), limit=1, offset=0).rows[0].status

    assert settle(look, lambda status: status == "COMPLETED") == "COMPLETED"


def test_a_job_has_its_cost_settings_shots_and_two_lines_of_code(
    cloud: QoroProvider,
    source: JournalSource,
    two_registers: QuantumCircuit,
    settle: Callable[..., Any],
) -> None:
    config = ExecutionConfig(bond_dimension=16)
    job = cloud.get_backend().run([two_registers] * 2, shots=10, execution_config=config)
    job.result()
    view = loaded(source, job.job_id(), settle)
    assert [event.status for event in view.events] == ["PENDING", "RUNNING", "COMPLETED"]
    assert view.events[0].time == view.row.submitted
    assert (view.shots, view.notes) == (20, [])
    cost = job.cost
    assert cost is not None
    assert (view.cost, view.is_cost_estimated) == (cost.credits, cost.is_estimate)
    assert ("bond_dimension", "16") in view.settings
    assert view.method
    assert view.row.duration_s == job.usage()
    names: dict[str, Any] = {}
    first, second = view.code.splitlines()
    assert cloud.service.base_url in second
    exec(first, names)
    names["QoroProvider"] = lambda base_url: cloud  # the token is not in the environment
    exec(second, names)
    assert names["job"].job_id() == job.job_id()


def test_the_counts_are_those_of_the_result(
    cloud: QoroProvider,
    source: JournalSource,
    two_registers: QuantumCircuit,
    settle: Callable[..., Any],
) -> None:
    plain = QuantumCircuit(2, name="plain")
    plain.h(0)
    plain.cx(0, 1)
    plain.measure_all()
    job = cloud.get_backend().run([two_registers, plain], shots=100)
    result = job.result()
    for position, name in enumerate(("registers", "plain")):
        view = settle(lambda position=position: source.circuit(job.job_id(), position), lambda v: v.outcome)
        assert view.row.name == name
        assert view.row.shots == 100
        assert isinstance(view.outcome, Counts)
        assert view.outcome.counts == result.get_counts(position)
        assert view.program.startswith("OPENQASM 2.0")
    assert source.circuit(job.job_id(), 2) is None
    assert source.circuit(job.job_id(), -1) is None


def test_without_the_programs_names_and_registers_come_from_the_labels_of_the_results(
    cloud: QoroProvider,
    source: JournalSource,
    two_registers: QuantumCircuit,
    path: Any,
    settle: Callable[..., Any],
) -> None:
    job = cloud.get_backend().run([two_registers] * 150, shots=20)
    expected = job.result().get_counts(149)
    Journal(path).remove_programs_of(cloud.service.base_url, job.job_id())
    view = settle(lambda: source.circuit(job.job_id(), 149), lambda view: view.outcome)
    assert view.row.name == "registers"
    assert view.outcome.counts == expected
    assert view.program is None
    job_view = loaded(source, job.job_id(), settle)
    assert Action.RESUBMIT not in job_view.row.actions
    assert "programs of job" in job_view.notes[0]
    assert job_view.shots == 150 * 20


def test_the_values_of_an_estimator_have_the_labels_of_qiskit(
    cloud: QoroProvider, source: JournalSource, settle: Callable[..., Any]
) -> None:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.h(1)
    job = QoroEstimator(cloud.get_backend()).run([(circuit, "XZ")])
    assert job.result()[0].data.evs == pytest.approx(-1)
    view = settle(lambda: source.circuit(job.job_id(), 0), lambda view: view.outcome)
    assert isinstance(view.outcome, Values)
    assert view.outcome.values == pytest.approx({"XZ": -1.0})
    assert source.job(job.job_id()).row.kind == JobKind.ESTIMATOR


def test_a_job_of_several_service_jobs_is_one_job_with_all_circuits(
    cloud: QoroProvider,
    source: JournalSource,
    two_registers: QuantumCircuit,
    settle: Callable[..., Any],
) -> None:
    sampler = QoroSampler(cloud.get_backend())
    theta = Parameter("t")
    other = QuantumCircuit(1)
    other.rx(theta, 0)
    other.measure_all()
    job = sampler.run([(two_registers, None, 10), (other, [[0.1], [0.2]], 15)])
    job.result()
    assert len(job.job_ids) == 2
    view = loaded(source, job.job_id(), settle)
    assert view.row.num_circuits == 3
    assert view.shots == 40
    page = settle(
        lambda: source.circuits(job.job_id(), status="", limit=10, offset=0), lambda page: not page.is_loading
    )
    assert [row.position for row in page.rows] == [0, 1, 2]
    assert [row.name for row in page.rows] == ["0", "1", "2"]
    shots = [
        settle(lambda at=at: source.circuit(job.job_id(), at), lambda view: view.outcome).outcome.shots
        for at in (0, 1, 2)
    ]
    assert sorted(shots) == [10, 15, 15]
    rows = [source.circuit(job.job_id(), at) for at in (0, 1, 2)]
    assert sorted(sum(view.parameters.values()) for view in rows if view) == [0, 0.1, 0.2]
    assert any("2 jobs of the service" in note for note in view.notes)


def test_a_failed_job_shows_the_results_of_the_circuits_that_completed(
    cloud: QoroProvider, source: JournalSource, settle: Callable[..., Any]
) -> None:
    good = QuantumCircuit(1, name="good")
    good.measure_all()
    bad = QuantumCircuit(70, name="bad")
    bad.h(range(70))
    bad.measure_all()
    config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    job = cloud.get_backend().run([good, bad, good], shots=10, execution_config=config)
    job.wait_for_final_state()
    view = loaded(source, job.job_id(), settle)
    assert view.row.status == "FAILED"
    assert "70 qubits" in str(view.row.reason)
    # The rows and the numbers of each status may arrive one after the other.
    page = settle(
        lambda: source.circuits(job.job_id(), status="", limit=10, offset=0),
        lambda page: page.by_status and not page.is_loading,
    )
    assert [row.status for row in page.rows] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert page.by_status == {"COMPLETED": 2, "FAILED": 1}
    only = settle(
        lambda: source.circuits(job.job_id(), status="FAILED", limit=10, offset=0),
        lambda page: not page.is_loading,
    )
    assert [(row.position, row.name) for row in only.rows] == [(1, "bad")]
    failed = source.circuit(job.job_id(), 1)
    assert failed is not None
    assert isinstance(failed.outcome, Failure)
    assert isinstance(source.circuit(job.job_id(), 2).outcome, Counts)  # type: ignore[union-attr]


def test_a_characterization_has_figures_and_a_report(
    cloud: QoroProvider, source: JournalSource, settle: Callable[..., Any]
) -> None:
    result = characterize({(0, 0): -1.0, (0, 1): 2.0, (1, 1): -1.0}, service=cloud.service)
    view = loaded(source, result.job_id, settle)
    assert view.is_characterization
    assert "characterize(job_id=" in view.code
    shown = source.characterization(result.job_id)
    assert shown is not None
    assert shown.figures
    assert shown.has_report
    assert source.report(result.job_id)
    assert source.circuits(result.job_id, status="", limit=5, offset=0).total == 0


def test_a_running_job_is_cancelled_and_the_journal_says_so(
    cloud: QoroProvider, source: JournalSource, two_registers: QuantumCircuit
) -> None:
    blocker = cloud.get_backend().run([two_registers] * 3000, shots=2000)
    job = cloud.get_backend().run([two_registers] * 3000, shots=2000)
    assert Action.CANCEL in source.job(job.job_id()).row.actions
    assert source.cancel(job.job_id()) == "The job is cancelled."
    assert source.jobs(JobFilter(), limit=1, offset=0).rows[0].status == "CANCELLED"
    assert [event.status for event in source.job(job.job_id()).events] == ["PENDING", "CANCELLED"]
    with pytest.raises(RefusedError, match="has ended"):
        source.cancel(job.job_id())
    blocker.cancel()


def test_a_deleted_job_stays_in_the_journal(
    cloud: QoroProvider, source: JournalSource, two_registers: QuantumCircuit
) -> None:
    job = cloud.get_backend().run(two_registers, shots=10)
    job.result()
    assert "deleted" in source.delete(job.job_id())
    (row,) = source.jobs(JobFilter(), limit=5, offset=0).rows
    assert (row.status, row.actions) == ("DELETED", frozenset())
    with pytest.raises(NotFoundError, match=job.job_id()):
        cloud.retrieve_job(job.job_id())
    with pytest.raises(RefusedError, match="not deleted"):
        source.delete(job.job_id())
    assert source.job(job.job_id()).row.status == "DELETED"


def test_a_job_is_submitted_again_once(
    cloud: QoroProvider, source: JournalSource, two_registers: QuantumCircuit
) -> None:
    job = cloud.get_backend().run(two_registers, shots=10, tag="again")
    job.result()
    new = source.resubmit(job.job_id())
    assert cloud.retrieve_job(new).result().get_counts()
    assert [row.tag for row in source.jobs(JobFilter(), limit=5, offset=0).rows] == ["again", "again"]


def test_a_budget_holds_for_jobs_that_are_submitted_again(
    cloud: QoroProvider, source: JournalSource, two_registers: QuantumCircuit
) -> None:
    job = cloud.get_backend().run([two_registers] * 3, shots=10)
    job.result()
    with cloud.budget(circuits=2), pytest.raises(RefusedError, match="budget"):
        source.resubmit(job.job_id())
    assert source.jobs(JobFilter(), limit=5, offset=0).total == 1


def test_jobs_of_other_services_and_unknown_jobs_are_missing(
    source: JournalSource, record: Callable[..., str]
) -> None:
    record("theirs", service="https://other.invalid/api")
    for job_id in ("theirs", "nothing", ""):
        with pytest.raises(MissingError, match="has no job"):
            source.job(job_id)
        with pytest.raises(MissingError, match="has no job"):
            source.cancel(job_id)
    with pytest.raises(MissingError, match="worker processes"):
        source.workers()


def test_the_systems_and_the_credits_are_those_of_the_service(
    path: Path,
    open_source: Callable[[QoroProvider], JournalSource],
    two_registers: QuantumCircuit,
    settle: Callable[..., Any],
) -> None:
    # A service of its own: that of the other tests may have more transactions than are read.
    with (
        serve(workers=1) as service,
        QoroProvider(service.token, base_url=service.url, journal=path, progress=False) as cloud,
    ):
        source = open_source(cloud)
        job = cloud.get_backend().run(two_registers, shots=10)
        job.result()
        targets = settle(source.targets, len)
        assert [target.system.name for target in targets] == ["qoro_maestro", "local_qpu", "local_heavy_hex"]
        assert (targets[0].num_pending, targets[0].num_running) == (0, 0)
        found = settle(
            lambda: source.credits(limit=1, offset=0), lambda found: not found.note and bool(found.prices)
        )
        assert found.balance is not None
        assert found.transactions[0].job_id == job.job_id()
        assert found.by_day[-1][1] > 0
        assert ("one circuit", cloud.service.prices().per_circuit) in found.prices  # type: ignore[union-attr]
        older = settle(lambda: source.credits(limit=1, offset=1), lambda found: not found.note)
        assert older.transactions[0].number < found.transactions[0].number


def test_states_and_gradients_are_shown(
    cloud: QoroProvider, source: JournalSource, settle: Callable[..., Any]
) -> None:
    backend = cloud.get_backend()
    circuit = QuantumCircuit(2)
    circuit.x(0)
    backend.statevector(circuit)
    theta = Parameter("t")
    turned = QuantumCircuit(1)
    turned.ry(theta, 0)
    QoroEstimatorGradient(QoroEstimator(backend)).run([turned], [SparsePauliOp("Z")], [[0.5]]).result()
    by_kind = {row.kind: row for row in source.jobs(JobFilter(), limit=5, offset=0).rows}
    state = settle(lambda: source.circuit(by_kind["state"].job_id, 0), lambda view: view.outcome)
    assert isinstance(state.outcome, StateValues)
    assert list(state.outcome.probabilities) == ["01"]
    gradient = settle(lambda: source.circuit(by_kind["gradient"].job_id, 0), lambda view: view.outcome)
    assert isinstance(gradient.outcome, Gradients)
    (derivatives,) = gradient.outcome.gradients.values()
    assert list(derivatives.values()) == pytest.approx([-math.sin(0.5)])
