"""``job.programs()`` and ``job.resubmit()``: what was sent, and sending it again, now and tomorrow."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qiskit_qoro import (
    ExecutionConfig,
    ExecutionResult,
    JobFailedError,
    QoroEstimator,
    QoroInputError,
    QoroJob,
    QoroPrimitiveJob,
    QoroProvider,
    QoroSampler,
    SentProgram,
    SimulationMethod,
    TemplateEntry,
)
from qiskit_qoro.local import LocalService
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.local.server import serve

STATEVECTOR = ExecutionConfig(simulation_method=SimulationMethod.Statevector)


def bell(name: str = "bell") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name, metadata={"of": name})
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def wide(name: str = "wide") -> QuantumCircuit:
    """A circuit that fails as a state vector."""
    circuit = QuantumCircuit(70, name=name, metadata={"of": name})
    circuit.h(range(70))
    circuit.measure_all()
    return circuit


@pytest.fixture(scope="module")
def recording(
    local_service: LocalService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QoroProvider]:
    """A provider with a journal, as for the cloud."""
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite3"
    with QoroProvider(
        local_service.token, base_url=local_service.url, link=local_service.link, journal=path
    ) as provider:
        yield provider


@pytest.fixture
def tomorrow(local_service: LocalService, recording: QoroProvider) -> Iterator[QoroProvider]:
    """A provider that knows what the journal knows."""
    assert recording.journal is not None
    assert recording.journal.path is not None
    with QoroProvider(
        local_service.token, base_url=local_service.url, journal=recording.journal.path
    ) as provider:
        yield provider


def contents(programs: list[SentProgram]) -> list[tuple[object, ...]]:
    return [
        (item.name, item.shots, item.pauli_strings, dict(item.parameters), item.text) for item in programs
    ]


# --- programs -------------------------------------------------------------------------------------------


def test_the_programs_of_a_run_have_names_shots_and_texts_now_and_tomorrow(
    recording: QoroProvider, tomorrow: QoroProvider
) -> None:
    job = recording.get_backend().run([bell(), bell("other")], shots=[10, 20])

    programs = job.programs()
    assert [(item.name, item.shots, item.pauli_strings) for item in programs] == [
        ("bell", 10, ()),
        ("other", 20, ()),
    ]
    assert programs[0].text.startswith("OPENQASM 2.0;")
    assert programs[0].template is None
    circuit = programs[1].to_circuit()
    assert circuit.name == "other"
    assert circuit.count_ops() == bell().count_ops()

    retrieved = tomorrow.retrieve_job(job.job_id())
    assert contents(retrieved.programs()) == contents(programs)
    assert contents(pickle.loads(pickle.dumps(retrieved)).programs()) == contents(programs)
    assert contents(pickle.loads(pickle.dumps(job)).programs()) == contents(programs)


def test_the_programs_of_an_estimator_are_rows_of_a_template_with_pauli_strings(
    recording: QoroProvider, tomorrow: QoroProvider
) -> None:
    angle = Parameter("θ")
    circuit = QuantumCircuit(2)
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    job = QoroEstimator(recording.get_backend()).run([(circuit, [["IZ"], ["XX"]], [0.25, 0.5])])

    first, second = job.programs()
    assert first.template == second.template is not None
    assert (list(first.parameters.values()), list(second.parameters.values())) == ([0.25], [0.5])
    assert (first.shots, first.pauli_strings) == (None, ("ZI", "XX"))  # the leftmost letter is of qubit 0
    assert "ry(0.25) q[0];" in first.text
    assert second.to_circuit().data[0].operation.params == [0.5]
    assert contents(tomorrow.retrieve_job(job.job_id()).programs()) == contents([first, second])


def test_the_programs_of_groups_of_observables_have_the_strings_of_their_group(
    recording: QoroProvider,
) -> None:
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0];'
    submitted = recording.service.submit_circuits(
        {"a": text, "b": text, "c": text}, ham_ops="ZI;IZ|XX", circuit_ham_map=[[0, 1], [1, 2]]
    )
    job = recording.retrieve_job(str(submitted.job_id))

    assert [(item.name, item.pauli_strings) for item in job.programs()] == [
        ("a", ("ZI", "IZ")),
        ("b", ("XX",)),
        ("c", ("ZI", "IZ", "XX")),  # in no range, so all groups are measured
    ]


@pytest.mark.parametrize(
    ("limit_bytes", "reason"),
    [
        (0, "QISKIT_QORO_JOURNAL_PROGRAMS was off, or an older release submitted the job"),
        (
            80,
            r"they have .* MiB, and the journal keeps at most .* of one job\. Set QISKIT_QORO",
        ),
    ],
)
def test_the_error_says_why_the_journal_has_no_programs(
    recording: QoroProvider, limit_bytes: int, reason: str
) -> None:
    journal = recording.journal
    assert journal is not None
    usual, journal.program_limit_bytes = journal.program_limit_bytes, limit_bytes
    job = recording.get_backend().run(bell())
    retrieved = recording.retrieve_job(job.job_id())
    assert job.programs()  # in memory
    with pytest.raises(
        QoroInputError, match=f"the programs of job {job.job_id()} are not available: {reason}"
    ):
        retrieved.programs()
    journal.program_limit_bytes = usual


def test_the_programs_of_a_deleted_job_are_removed_from_the_journal(recording: QoroProvider) -> None:
    job = recording.get_backend().run(bell())
    retrieved = recording.retrieve_job(job.job_id())
    recording.service.delete_job(ExecutionResult(job_id=job.job_id()))
    with pytest.raises(QoroInputError, match="they were removed from the journal together with the job"):
        retrieved.programs()


def test_without_a_journal_or_an_entry_the_programs_are_not_available(
    provider: QoroProvider, recording: QoroProvider
) -> None:
    job = provider.get_backend().run(bell())
    with pytest.raises(QoroInputError, match="no journal is kept"):
        provider.retrieve_job(job.job_id()).programs()
    with pytest.raises(QoroInputError, match="the journal of this machine has no entry for it"):
        recording.retrieve_job(job.job_id()).programs()
    with pytest.raises(QoroInputError, match=r"retrieve the job with provider\.retrieve_job\(\)"):
        QoroJob(None, job.job_id(), provider.service).resubmit()


# --- resubmitting runs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_retrieved", [False, True])
def test_a_resubmitted_run_is_one_new_job_with_the_same_options(
    recording: QoroProvider, tomorrow: QoroProvider, is_retrieved: bool
) -> None:
    backend = recording.get_backend()
    job = backend.run([bell(), bell("other")], shots=[50, 60], seed_simulator=7, memory=True, tag="mine")
    source = tomorrow.retrieve_job(job.job_id()) if is_retrieved else job
    num_jobs = len(recording.jobs(limit=None))

    again = source.resubmit()
    assert isinstance(again, QoroJob)
    assert len(recording.jobs(limit=None)) == num_jobs + 1
    assert again.job_id() != job.job_id()
    first, second = job.result().to_dict(), again.result().to_dict()
    assert second.pop("job_id") == again.job_id()
    assert {key: value for key, value in second.items() if key not in {"date", "time_taken"}} == {
        key: value for key, value in first.items() if key not in {"date", "time_taken", "job_id"}
    }
    assert again.tags == ["mine"]
    assert again.backend().name == backend.name
    entry = recording.jobs(limit=1)[0]
    assert (entry.job_id, entry.tag, entry.kind.value, entry.num_circuits) == (
        again.job_id(),
        "mine",
        "run",
        2,
    )
    assert contents(tomorrow.retrieve_job(again.job_id()).programs()) == contents(job.programs())


@pytest.mark.parametrize("is_retrieved", [False, True])
def test_only_the_circuits_without_a_result_are_resubmitted(
    recording: QoroProvider, tomorrow: QoroProvider, is_retrieved: bool
) -> None:
    circuits = [bell("a"), wide("b"), bell("c"), wide("d")]
    job = recording.get_backend().run(circuits, shots=[10, 20, 30, 40], execution_config=STATEVECTOR, tag="t")
    with pytest.raises(JobFailedError, match="is FAILED"):
        job.result()

    again = (tomorrow.retrieve_job(job.job_id()) if is_retrieved else job).resubmit(failed_only=True)
    assert isinstance(again, QoroJob)
    assert [(item.name, item.shots) for item in again.programs()] == [("b", 20), ("d", 40)]
    assert again.tags == ["t"]
    for each in (again, tomorrow.retrieve_job(again.job_id())):
        assert isinstance(each, QoroJob)
        result = each.result(partial=True)
        assert [(item.header["name"], item.header["metadata"]) for item in result.results] == [
            ("b", {"of": "b"}),
            ("d", {"of": "d"}),
        ]
        assert not any(item.success for item in result.results)
        assert "b" in str(each.error_message())


def test_a_job_whose_circuits_all_failed_is_resubmitted_as_it_is(recording: QoroProvider) -> None:
    job = recording.get_backend().run([wide(), wide()], execution_config=STATEVECTOR)
    job.wait_for_final_state()
    assert contents(job.resubmit(failed_only=True).programs()) == contents(job.programs())


def test_the_seed_of_a_part_of_a_job_continues_after_its_circuits(recording: QoroProvider) -> None:
    job = recording.get_backend().run(
        [bell(), wide()], execution_config=STATEVECTOR, seed_simulator=2**64 - 1
    )
    job.wait_for_final_state()
    again = job.resubmit(failed_only=True)
    config = recording.service.get_maestro_config(ExecutionResult(job_id=again.job_id()))
    assert config.seed == 1
    assert config.execution_config.simulation_method is SimulationMethod.Statevector
    whole = job.resubmit()
    assert recording.service.get_maestro_config(ExecutionResult(job_id=whole.job_id())).seed == 2**64 - 1


def test_failed_rows_of_a_template_keep_their_labels(recording: QoroProvider) -> None:
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; rx(sqrt(t)) q[0]; measure q -> c;'
    submitted = recording.service.submit_circuit_templates(
        [TemplateEntry(text, ["t"], [("good", [1.0]), ("bad", [-1.0]), ("fine", [2.0])])]
    )
    job = recording.retrieve_job(str(submitted.job_id))
    assert isinstance(job, QoroJob)
    with pytest.raises(JobFailedError, match="is FAILED"):
        job.result()
    again = job.resubmit(failed_only=True)
    assert [(item.label, item.shots) for item in again.programs()] == [("bad", 1024)]
    assert "rx(sqrt(-1.0)) q[0];" in again.programs()[0].text
    whole = job.resubmit().result(partial=True)
    assert [(item.header["name"], item.success) for item in whole.results] == [
        ("good", True),
        ("fine", True),
        ("bad", False),
    ]


def test_nothing_is_sent_if_no_circuit_failed_or_the_job_has_not_ended(recording: QoroProvider) -> None:
    job = recording.get_backend().run([bell(), bell()])
    job.result()
    num_jobs = len(recording.jobs(limit=None))
    with pytest.raises(QoroInputError, match=r"all 2 circuits of job .* have a result, so there is nothing"):
        job.resubmit(failed_only=True)
    assert len(recording.jobs(limit=None)) == num_jobs

    with (
        serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600.0)) as slow,
        QoroProvider(slow.token, base_url=slow.url, link=slow.link) as provider,
    ):
        waiting = provider.get_backend().run(bell())
        with pytest.raises(QoroInputError, match="is PENDING: wait until it has ended"):
            waiting.resubmit(failed_only=True)
        assert waiting.cancel()
        cancelled = waiting.resubmit(failed_only=True)
        assert cancelled.job_id() != waiting.job_id()


# --- resubmitting primitives ----------------------------------------------------------------------------


def two_jobs(provider: QoroProvider) -> tuple[QoroSampler, list[tuple[QuantumCircuit, object, int]]]:
    """A sampler whose PUBs need two service jobs."""
    angle = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    circuit.measure_all()
    sampler = QoroSampler(
        provider.get_backend(), options={"max_parameter_rows_per_job": 2, "seed_simulator": 5}
    )
    return sampler, [(circuit, np.linspace(0, 3, 4), 100)]


@pytest.mark.parametrize("is_retrieved", [False, True])
def test_a_resubmitted_primitive_job_has_the_same_results(
    recording: QoroProvider, tomorrow: QoroProvider, is_retrieved: bool
) -> None:
    sampler, pubs = two_jobs(recording)
    job = sampler.run(pubs)
    assert len(job.job_ids) == 2
    again = (tomorrow.retrieve_job(job.job_id()) if is_retrieved else job).resubmit()
    assert len(set(again.job_ids) | set(job.job_ids)) == 4
    first, second = job.result()[0], again.result()[0]
    np.testing.assert_array_equal(first.data.meas.array, second.data.meas.array)
    assert first.metadata == second.metadata


def test_the_finished_jobs_of_a_primitive_are_used_again(recording: QoroProvider) -> None:
    sampler, pubs = two_jobs(recording)
    job = sampler.run(pubs)
    expected = job.result()[0].data.meas.array
    with pytest.raises(QoroInputError, match=r"no service job of job .* has failed \(2 COMPLETED\)"):
        job.resubmit(failed_only=True)

    # A primitive's job whose second service job has failed.
    plan = sampler.plan(pubs)
    failed_id = recording.get_backend().run(wide(), execution_config=STATEVECTOR).job_id()
    broken = QoroPrimitiveJob(
        recording.service,
        [job.job_ids[0], failed_id],
        recipe=plan.postprocessor,
        sent=partial(tuple, plan.submissions),
    )
    with pytest.raises(JobFailedError, match="is FAILED"):
        broken.result()
    num_jobs = len(recording.jobs(limit=None))

    again = broken.resubmit(failed_only=True)
    assert len(recording.jobs(limit=None)) == num_jobs + 1
    assert again.job_ids[0] == job.job_ids[0]
    assert again.job_ids[1] not in {*job.job_ids, failed_id}
    np.testing.assert_array_equal(again.result()[0].data.meas.array, expected)
    # Each of its service jobs stands for the whole job.
    for entry in (again.job_ids[1], again.job_ids[0]):
        assert recording.retrieve_job(entry).job_id() == again.job_id()
    np.testing.assert_array_equal(
        recording.retrieve_job(again.job_id()).result()[0].data.meas.array, expected
    )
