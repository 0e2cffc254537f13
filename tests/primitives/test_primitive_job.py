"""``QoroPrimitiveJob``: retrieving and loading it in another process, failing, cancelling, waiting."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.circuit.library import efficient_su2
from qiskit.primitives import PrimitiveResult
from qiskit.providers import JobStatus as QiskitStatus
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import QoroBackend, QoroJob, QoroPrimitiveJob, QoroProvider, as_completed
from qiskit_qoro.errors import (
    JobCancelledError,
    JobFailedError,
    JobTimeoutError,
    NotFoundError,
    QoroInputError,
)
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.local.fault_injection import FaultInjection
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod
from qiskit_qoro.primitives import QoroEstimator, QoroSampler

OPERATOR = SparsePauliOp(["ZZI", "IXX", "YIY", "III"], [0.1, -1.25, 0.75, 2.0])


def sweep(rows: int) -> tuple[QuantumCircuit, SparsePauliOp, np.ndarray]:
    return efficient_su2(3, reps=1), OPERATOR, np.random.default_rng(1).normal(size=(rows, 12))


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2, metadata={"who": "me", "number": 3})
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def results_are_equal(first: PrimitiveResult, second: PrimitiveResult) -> bool:
    assert first.metadata == second.metadata
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.metadata == other.metadata
        assert one.data.keys() == other.data.keys()
        for name in one.data:
            left, right = one.data[name], other.data[name]
            if hasattr(left, "array"):
                assert left.num_bits == right.num_bits
                left, right = left.array, right.array
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right)
    return True


@pytest.fixture
def provider_without_journal(local_service: LocalService) -> Iterator[QoroProvider]:
    """A provider without a journal: it knows a job only from the service."""
    with QoroProvider(local_service.token, base_url=local_service.url, journal=False) as provider:
        yield provider


@pytest.fixture(scope="module")
def slow_service() -> Iterator[LocalService]:
    """A service on which jobs stay pending until they are cancelled."""
    with serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600.0)) as service:
        yield service


@pytest.fixture
def slow_backend(slow_service: LocalService) -> Iterator[QoroBackend]:
    with QoroProvider(slow_service.token, base_url=slow_service.url) as provider:
        yield provider.get_backend("qoro_maestro")


# --- retrieving and loading ---------------------------------------------------------------------------


def test_a_sampler_job_is_retrieved_by_its_identifier_alone(
    backend: QoroBackend, provider_without_journal: QoroProvider
) -> None:
    theta = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    job = QoroSampler(backend).run([bell(), (circuit, [[0.1], [0.2], [0.3]], 50)])
    result = job.result()
    assert len(job.job_ids) == 2
    again = provider_without_journal.retrieve_job(job.job_id())
    assert isinstance(again, QoroPrimitiveJob)
    assert results_are_equal(again.result(), result)
    assert again.result()[0].metadata["circuit_metadata"] == {"who": "me", "number": 3}


@pytest.mark.parametrize("options", [{}, {"force_sampling": True, "default_shots": 100}])
def test_an_estimator_job_is_retrieved_by_its_identifier_alone(
    backend: QoroBackend, provider_without_journal: QoroProvider, options: dict[str, object]
) -> None:
    circuit = efficient_su2(3, reps=1).assign_parameters(np.arange(12) / 7)
    estimator = QoroEstimator(backend, options=options)
    job = estimator.run([(circuit, [OPERATOR, {"01+": 0.3}], None, 0.07), (QuantumCircuit(1), "Z")])
    result = job.result()
    assert len(job.job_ids) == 1
    again = provider_without_journal.retrieve_job(job.job_id())
    assert isinstance(again, QoroPrimitiveJob)
    assert results_are_equal(again.result(), result)


def test_a_primitives_job_that_is_retrieved_while_it_runs_gives_the_primitives_result(
    backend: QoroBackend, local_service: LocalService
) -> None:
    with (
        serve(workers=1, fault_injection=FaultInjection(pending_time_s=0.3)) as service,
        QoroProvider(service.token, base_url=service.url, journal=False) as provider,
    ):
        job = QoroSampler(provider.get_backend("qoro_maestro")).run([bell()])
        again = provider.retrieve_job(job.job_id())
        assert isinstance(again, QoroJob)
        assert results_are_equal(again.result(), job.result())


def test_a_running_job_is_retrieved_as_a_primitives_job_if_it_is_in_the_journal(
    slow_service: LocalService, tmp_path: Path
) -> None:
    address = {"base_url": slow_service.url, "journal": tmp_path / "journal.sqlite3"}
    with QoroProvider(slow_service.token, **address) as provider:
        job = QoroEstimator(provider.get_backend("qoro_maestro")).run([(bell(), "ZZ")])
    with QoroProvider(slow_service.token, **address) as provider:
        again = provider.retrieve_job(job.job_id())
        assert isinstance(again, QoroPrimitiveJob)
        assert again.cancel() is True


def test_another_process_loads_a_saved_job(
    backend: QoroBackend, local_service: LocalService, tmp_path: Path
) -> None:
    job = QoroEstimator(backend).run([sweep(5)])
    path = tmp_path / "job.json"
    job.save(path)
    script = (
        "import sys, pickle\n"
        "from qiskit_qoro import QoroProvider\n"
        "provider = QoroProvider(sys.argv[2], base_url=sys.argv[3], journal=False)\n"
        "result = provider.load_job(sys.argv[1]).result()\n"
        "sys.stdout.buffer.write(pickle.dumps(result[0].data.evs))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), local_service.token, local_service.url],
        capture_output=True,
        check=True,
    )
    np.testing.assert_array_equal(pickle.loads(done.stdout), job.result()[0].data.evs)
    assert local_service.token not in path.read_text()


def test_the_journal_keeps_a_postprocessor_that_does_not_fit_into_labels(
    local_service: LocalService, tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    strings = sorted({"".join(rng.choice(list("IXYZ"), 6)) for _ in range(500)})
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    pubs = [(circuit, SparsePauliOp(strings, rng.normal(size=len(strings)))), sweep(9)]
    address = {"base_url": local_service.url, "journal": tmp_path / "journal.sqlite3"}
    with QoroProvider(local_service.token, **address) as provider:
        job = QoroEstimator(provider.get_backend("qoro_maestro")).run(pubs)
        result = job.result()
        assert len(job.job_ids) == 2
        assert {entry.kind for entry in provider.jobs()} == {"estimator"}
    with QoroProvider(local_service.token, **address) as provider:
        assert results_are_equal(provider.retrieve_job(job.job_id()).result(), result)


def test_without_a_journal_a_postprocessor_that_does_not_fit_into_labels_is_an_error(
    backend: QoroBackend, provider_without_journal: QoroProvider, tmp_path: Path
) -> None:
    rng = np.random.default_rng(2)
    strings = sorted({"".join(rng.choice(list("IXYZ"), 6)) for _ in range(500)})
    circuit = QuantumCircuit(6)
    circuit.h(range(6))
    job = QoroEstimator(backend).run([(circuit, SparsePauliOp(strings, rng.normal(size=len(strings))))])
    result = job.result()
    again = provider_without_journal.retrieve_job(job.job_id())
    assert isinstance(again, QoroPrimitiveJob)
    with pytest.raises(QoroInputError, match=r"did not fit.*job\.save\(path\)"):
        again.result()
    job.save(tmp_path / "job")
    assert results_are_equal(provider_without_journal.load_job(tmp_path / "job").result(), result)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "x"}', '{"format": "qiskit-qoro primitive job", "version": 9}']
)
def test_a_file_that_holds_no_job_is_refused(provider: QoroProvider, tmp_path: Path, text: str) -> None:
    (tmp_path / "job").write_text(text)
    with pytest.raises(QoroInputError, match="job"):
        provider.load_job(tmp_path / "job")


def test_a_damaged_postprocessor_is_refused(
    backend: QoroBackend, provider: QoroProvider, tmp_path: Path
) -> None:
    job = QoroSampler(backend).run([bell()])
    job.save(tmp_path / "job")
    document = json.loads((tmp_path / "job").read_text())
    del document["recipe"]["p"][0]["r"]
    (tmp_path / "job").write_text(json.dumps(document))
    with pytest.raises(QoroInputError, match="contains no saved job"):
        provider.load_job(tmp_path / "job")


def test_the_result_of_one_of_several_service_jobs_needs_all_identifiers(
    backend: QoroBackend, provider_without_journal: QoroProvider
) -> None:
    sampler = QoroSampler(backend, options={"max_parameter_rows_per_job": 2})
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("t"), 0)
    circuit.measure_all()
    job = sampler.run([(circuit, [[0.1], [0.2], [0.3], [0.4]], 50)])
    job.result()
    part = provider_without_journal.retrieve_job(job.job_ids[0])
    with pytest.raises(JobFailedError, match=r"PUB 0: .*joined by '\+'"):
        part.result()


def test_a_job_that_does_not_exist_on_the_service_is_an_error(provider: QoroProvider) -> None:
    with pytest.raises(NotFoundError, match=r"there is no job 'nothing'"):
        provider.retrieve_job("nothing+nowhere")


# --- failing and cancelling ---------------------------------------------------------------------------


def test_a_failure_names_the_pub_the_circuit_and_the_job(backend: QoroBackend) -> None:
    config = ExecutionConfig(simulation_method=SimulationMethod.Stabilizer)
    sampler = QoroSampler(backend, options={"execution_config": config})
    rotated = bell()
    rotated.data.insert(0, rotated.data[0].replace(operation=_t_gate()))
    job = sampler.run([bell(), rotated])
    with pytest.raises(JobFailedError, match=r"circuit 1 of PUB 1") as caught:
        job.result()
    assert caught.value.job_id == job.job_ids[0]
    assert job.job_ids[0] in str(caught.value)
    assert "1r" not in str(caught.value)
    assert job.status() is QiskitStatus.ERROR
    assert job.in_final_state()
    assert not job.done()
    assert job.cancel() is False


def test_a_primitives_error_describes_the_first_failures_and_counts_the_others(backend: QoroBackend) -> None:
    config = ExecutionConfig(simulation_method=SimulationMethod.Stabilizer)
    circuit, observable, values = sweep(400)
    job = QoroEstimator(backend, options={"execution_config": config}).run([(circuit, observable, values)])
    with pytest.raises(JobFailedError, match="; and 397 more circuits failed") as caught:
        job.result()
    assert re.findall(r"circuit (\d+) of PUB 0: ", str(caught.value)) == ["0", "1", "2"]


def _t_gate() -> object:
    from qiskit.circuit.library import TGate

    return TGate()


def test_cancel_cancels_all_service_jobs(slow_backend: QoroBackend) -> None:
    job = QoroEstimator(slow_backend).run([sweep(8), (bell(), "ZZ")])
    assert len(job.job_ids) == 2
    assert "<dt>kind</dt><dd>estimator</dd>" in job._repr_html_()
    assert job.status() is QiskitStatus.QUEUED
    assert not job.in_final_state()
    assert not job.running()
    assert job.cancel() is True
    assert repr(job).endswith(": CANCELLED>")
    assert job.cancelled()
    assert job.cancel() is False
    with pytest.raises(JobCancelledError, match=job.job_ids[0]):
        job.result()


def test_the_job_continues_after_a_timeout(slow_backend: QoroBackend) -> None:
    job = QoroSampler(slow_backend).run([bell()])
    with pytest.raises(JobTimeoutError, match=job.job_id()):
        job.result(timeout=0.01)
    assert job.status() is QiskitStatus.QUEUED
    job.cancel()


# --- awaiting and showing -----------------------------------------------------------------------------


def test_primitive_jobs_can_be_awaited(backend: QoroBackend) -> None:
    async def both() -> list[PrimitiveResult]:
        sampler = QoroSampler(backend)
        return list(await asyncio.gather(*(sampler.run([bell()], shots=shots) for shots in (10, 20))))

    results = asyncio.run(both())
    assert [result[0].data.meas.num_shots for result in results] == [10, 20]


def test_as_completed_accepts_primitive_jobs(backend: QoroBackend) -> None:
    sampler = QoroSampler(backend)
    jobs = [sampler.run([bell()]), backend.run(bell()), sampler.run([])]
    assert {job.job_id() for job in as_completed(jobs)} == {job.job_id() for job in jobs}


def test_the_repr_of_a_job_names_its_identifier_its_backend_and_its_last_known_status(
    backend: QoroBackend,
) -> None:
    job = QoroSampler(backend).run([bell()])
    assert repr(job) == f"<QoroPrimitiveJob {job.job_id()!r} on 'qoro_maestro': SUBMITTED>"
    job.wait_for_final_state()
    assert repr(job) == f"<QoroPrimitiveJob {job.job_id()!r} on 'qoro_maestro': COMPLETED>"
    assert job.done()
