"""``job.save()`` and ``provider.load_job()``: each kind of job, with and without results; hostile files."""

from __future__ import annotations

import gzip
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import PrimitiveResult
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import (
    BudgetExceededError,
    ExecutionConfig,
    JobFailedError,
    QoroEstimator,
    QoroInputError,
    QoroJob,
    QoroPrimitiveJob,
    QoroProvider,
    QoroSampler,
    SimulationMethod,
    WireError,
)
from qiskit_qoro.jobs.job_file import read_document
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.jobs import JobOutcome


def bell(name: str = "bell") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name, metadata={"of": name, "angle": 0.1 + 0.2})
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture
def offline() -> Iterator[QoroProvider]:
    """A provider of a service that does not answer."""
    with QoroProvider("token", base_url="http://127.0.0.1:9/api", journal=False) as provider:
        yield provider


def saved(job: QoroJob | QoroPrimitiveJob, path: Path, provider: QoroProvider) -> Any:
    """Save a job and load it."""
    job.save(path)
    return provider.load_job(path)


def primitive_results_are_equal(first: PrimitiveResult, second: PrimitiveResult) -> bool:
    assert (first.metadata, len(first)) == (second.metadata, len(second))
    for one, other in zip(first, second, strict=True):
        assert type(one) is type(other)
        assert one.metadata == other.metadata
        assert one.data.shape == other.data.shape
        assert one.data.keys() == other.data.keys()
        for name in one.data:
            left, right = one.data[name], other.data[name]
            if hasattr(left, "num_bits"):
                assert left.num_bits == right.num_bits
                left, right = left.array, right.array
            assert left.dtype == right.dtype
            assert left.tobytes() == right.tobytes()
    return True


# --- runs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["job.json", "job.json.gz"])
@pytest.mark.parametrize("is_retrieved", [False, True])
def test_a_run_with_results_needs_no_request(
    provider: QoroProvider, offline: QoroProvider, tmp_path: Path, name: str, is_retrieved: bool
) -> None:
    job = provider.get_backend().run([bell(), bell("other")], shots=[50, 60], memory=True, tag="mine")
    source = provider.retrieve_job(job.job_id()) if is_retrieved else job
    result = source.result()
    again = saved(source, tmp_path / name, offline)
    assert isinstance(again, QoroJob)
    assert again.job_id() == job.job_id()
    assert again.result().to_dict() == result.to_dict()
    assert again.result().get_memory(1) == result.get_memory(1)
    assert again.tags == ["mine"]
    assert again.done()
    assert again.is_known_final
    assert again.usage() == job.usage()
    if not is_retrieved:
        assert [program.text for program in again.programs()] == [item.text for item in job.programs()]
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")


def test_a_run_without_results_reads_them_from_the_service(provider: QoroProvider, tmp_path: Path) -> None:
    job = provider.get_backend().run([bell()], shots=50, seed_simulator=3)
    again = saved(job, tmp_path / "job", provider)
    assert not again.is_known_final
    assert again.result().get_counts() == job.result().get_counts()
    assert again.backend().name == "qoro_maestro"
    assert again.resubmit().result().get_counts() == job.result().get_counts()


def test_a_failed_run_keeps_its_reasons_and_partial_results(
    provider: QoroProvider, offline: QoroProvider, tmp_path: Path
) -> None:
    wide = QuantumCircuit(70, name="wide")
    wide.h(range(70))
    wide.measure_all()
    config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    job = provider.get_backend().run([bell(), wide], shots=20, execution_config=config)
    with pytest.raises(JobFailedError, match="wide") as expected:
        job.result()
    partial = job.result(partial=True)
    again = saved(job, tmp_path / "job", offline)
    with pytest.raises(JobFailedError, match="wide") as caught:
        again.result()
    assert str(caught.value) == str(expected.value)
    assert again.result(partial=True).to_dict() == partial.to_dict()


def test_a_job_of_another_client_keeps_expectation_values_exactly(
    provider: QoroProvider, offline: QoroProvider, tmp_path: Path
) -> None:
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; ry(0.1) q[0]; cx q[0],q[1];'
    submitted = provider.service.submit_circuits({"mine": text}, ham_ops="ZI;XX;IZ")
    job = provider.retrieve_job(str(submitted.job_id))
    assert isinstance(job, QoroJob)
    outcome = job.outcome()
    again = saved(job, tmp_path / "job", offline)
    assert again.outcome() == outcome
    assert isinstance(again.outcome(), JobOutcome)


def test_a_primitives_job_that_is_not_recognized_keeps_its_result(
    local_service: LocalService, offline: QoroProvider, provider: QoroProvider, tmp_path: Path
) -> None:
    expected = QoroSampler(provider.get_backend()).run([bell()], shots=40)
    job = QoroJob(None, expected.job_id(), provider.service, readers=_readers())
    result: Any = job.result()
    assert primitive_results_are_equal(saved(job, tmp_path / "job", offline).result(), result)


def _readers() -> Any:
    from qiskit_qoro.primitives.primitive_job import RESULT_READERS

    return RESULT_READERS


# --- primitives -----------------------------------------------------------------------------------------


def test_the_jobs_of_primitives_keep_every_number(
    provider: QoroProvider, offline: QoroProvider, tmp_path: Path
) -> None:
    angle = Parameter("a")
    circuit = QuantumCircuit(2, metadata={"who": "me"})
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    operator = SparsePauliOp(["ZZ", "XI"], [0.1, 1 / 3])
    measured = circuit.measure_all(inplace=False)
    backend = provider.get_backend()
    estimator = QoroEstimator(backend)
    jobs = [
        QoroSampler(backend).run([(measured, np.linspace(0, 3, 6).reshape(2, 3), 30), bell()]),
        estimator.run([(circuit, [[operator], ["ZZ"]], np.linspace(0, 3, 4))]),
        estimator.run([(circuit, operator, 0.3)], precision=0.1),
        estimator.gradient([(circuit, operator, [0.1])]),
        estimator.run([]),
    ]
    for index, job in enumerate(jobs):
        result = job.result()
        for name in (f"{index}.json", f"{index}.json.gz"):
            again = saved(job, tmp_path / name, offline)
            assert isinstance(again, QoroPrimitiveJob)
            assert again.job_ids == job.job_ids
            assert primitive_results_are_equal(again.result(), result)
            assert again.in_final_state()
            assert len(again.programs()) == len(job.programs())


def test_a_retrieved_primitive_job_can_be_saved_before_its_results_are_read(
    provider: QoroProvider, tmp_path: Path
) -> None:
    job = QoroEstimator(provider.get_backend()).run([(bell().remove_final_measurements(inplace=False), "ZZ")])
    job.wait_for_final_state()
    retrieved = provider.retrieve_job(job.job_id())
    again = saved(retrieved, tmp_path / "job", provider)
    assert isinstance(again, QoroPrimitiveJob)
    assert primitive_results_are_equal(again.result(), job.result())


def test_a_file_of_an_older_release_is_read(provider: QoroProvider, tmp_path: Path) -> None:
    job = QoroSampler(provider.get_backend()).run([bell()])
    job.save(tmp_path / "job")
    document = json.loads((tmp_path / "job").read_text())
    older = {key: document[key] for key in ("format", "jobs", "version", "kind", "recipe")}
    (tmp_path / "job").write_text(json.dumps(older))
    again = provider.load_job(tmp_path / "job")
    assert primitive_results_are_equal(again.result(), job.result())
    with pytest.raises(QoroInputError, match=r"the programs of job .* are not available"):
        again.programs()
    assert QoroPrimitiveJob.load(tmp_path / "job", provider.service).job_ids == job.job_ids


# --- files ----------------------------------------------------------------------------------------------


def test_a_file_is_private_has_no_token_and_replaces_the_old_one_as_a_whole(
    provider: QoroProvider, local_service: LocalService, tmp_path: Path
) -> None:
    path = tmp_path / "job.json"
    path.write_text("old")
    path.chmod(0o644)
    job = provider.get_backend().run(bell())
    job.result()
    job.save(path)
    assert local_service.token not in path.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match="No such file"):
        job.save(tmp_path / "no" / "folder")


def test_a_link_stays_and_a_device_is_written(provider: QoroProvider, tmp_path: Path) -> None:
    job = provider.get_backend().run(bell())
    (tmp_path / "link").symlink_to(tmp_path / "target")
    job.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert provider.load_job(tmp_path / "target").job_id() == job.job_id()
    job.save("/dev/null")
    with pytest.raises(IsADirectoryError):
        job.save(tmp_path)


def test_the_error_of_a_missing_folder_names_the_file(provider: QoroProvider, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "job.json"
    with pytest.raises(FileNotFoundError) as caught:
        provider.get_backend().run(bell()).save(path)
    assert caught.value.filename == str(path)


def test_the_file_of_a_job_whose_metadata_are_not_json_is_readable(
    provider: QoroProvider, tmp_path: Path
) -> None:
    circuit = bell("lone \ud800 surrogate")
    circuit.metadata = {"kept": [1, (2,)], "dropped": object(), "nan": float("nan")}
    job = provider.get_backend().run(circuit, shots=10)
    result = job.result()
    again = saved(job, tmp_path / "job", provider)
    assert again.result().results[0].header["metadata"] == {"kept": [1, [2]]}
    assert again.result().get_counts() == result.get_counts()


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.update(version=2), "the version is 2.*update qiskit-qoro"),
        (lambda document: document.update(format="other"), "the format is 'other', expected 'qiskit-qoro"),
        (lambda document: document.update(jobs=[]), "jobs: expected one identifier"),
        (lambda document: document.update(labels=["a", "b"]), "expected a structure of 2 circuits, got one"),
        (lambda document: document.update(labels=3), "labels: expected a list"),
        (lambda document: document["structure"].update(l=[[2**40, []]]), "layouts of at most"),
        (lambda document: document.update(states={document["jobs"][0]: 3}), "expected an object"),
        (lambda document: document.update(outcome=[]), "outcome: expected an object"),
        (lambda document: document["outcome"]["results"][0].update(results=7), "results"),
        (lambda document: document["outcome"].update(failures={"a": 1}), "failures: expected texts"),
        (lambda document: document.update(read_at="soon"), "read_at: expected a time, got 'soon'"),
        (lambda document: document.update(read_at="2026-01-01"), "expected a time with a time zone"),
        (lambda document: document.update(sent=[]), "sent: expected 1 entries, got 0"),
        (lambda document: document["sent"][0].update(bodies=["{}"]), "bodies: expected a request and"),
        (lambda document: document.update(tag=1), "tag: expected text"),
    ],
)
def test_a_damaged_file_of_a_run_is_refused(
    provider: QoroProvider, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    job = provider.get_backend().run(bell())
    job.result()
    job.save(tmp_path / "job")
    _edit(tmp_path / "job", change)
    with pytest.raises(QoroInputError, match=f"contains no saved job: .*{message}"):
        provider.load_job(tmp_path / "job")


@pytest.mark.parametrize(
    "bodies",
    [
        ["{}", "{}"],
        ["[]", '{"mode": "append"}'],
        ["nonsense", "nonsense"],
        ['{"job_type": "EXECUTE"}', '{"mode":"append","finalized":"true","shots":1,"circuits":{"a":"H4"}}'],
        ["{}", '{"mode":"append","finalized":"true","shot_groups":[[0,1]],"circuits":{"a":"x"}}'],
    ],
)
def test_forged_programs_are_not_submitted(
    offline: QoroProvider, provider: QoroProvider, tmp_path: Path, bodies: list[str]
) -> None:
    job = provider.get_backend().run(bell())
    job.save(tmp_path / "job")
    _edit(tmp_path / "job", lambda document: document["sent"][0].update(bodies=bodies, circuits=0))
    loaded = offline.load_job(tmp_path / "job")
    for method in (loaded.programs, loaded.resubmit):
        # The error is not that there was no answer.
        with pytest.raises(WireError, match="expected"):
            method()


def test_the_number_of_circuits_in_a_file_is_not_trusted(provider: QoroProvider, tmp_path: Path) -> None:
    job = provider.get_backend().run([bell(), bell()], shots=10)
    job.save(tmp_path / "job")
    _edit(tmp_path / "job", lambda document: document["sent"][0].update(circuits=0))
    loaded = provider.load_job(tmp_path / "job")
    with (
        provider.budget(circuits=1),
        pytest.raises(BudgetExceededError, match="2 circuits"),
    ):
        loaded.resubmit()


def _array(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["results"]["pubs"][0]["data"]["meas"]
    return found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.update(version=0), "the version is 0"),
        (lambda document: document.update(kind="z"), "the kind is 'z'"),
        (lambda document: _array(document).update(dtype="object"), "expected an array of float64"),
        (lambda document: _array(document).update(shape=[2**60, 2**60]), "expected the bytes of an array"),
        (lambda document: _array(document).update(shape=[-1]), "shape"),
        (lambda document: _array(document).update(base64="!"), "expected base64"),
        (lambda document: _array(document).update(num_bits=99), "data"),
        (lambda document: document["results"]["pubs"][0].update(type="x"), "expected sampler or estimator"),
        (lambda document: document["results"]["pubs"][0].update(shape=[7]), "data"),
        (lambda document: document.update(jobs=[1]), "jobs: expected identifiers"),
    ],
)
def test_a_damaged_file_of_a_primitive_is_refused(
    provider: QoroProvider, tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    job = QoroSampler(provider.get_backend()).run([bell()], shots=10)
    job.result()
    job.save(tmp_path / "job")
    _edit(tmp_path / "job", change)
    with pytest.raises(QoroInputError, match=f"contains no saved job: .*{message}"):
        provider.load_job(tmp_path / "job")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected JSON"),
        (b"\xff\xfe", "it is not text in UTF-8"),
        (b"[]", "the file: expected an object"),
        (b"[" * 100_000, "nested too deeply"),
        (gzip.compress(b'{"format": "x"}')[:-9], "it is truncated"),
        (b"\x1f\x8b rubbish", "it is not valid gzip"),
    ],
    ids=["empty", "not text", "a list", "deep", "truncated", "rubbish"],
)
def test_a_file_with_other_content_is_refused(
    offline: QoroProvider, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "job").write_bytes(content)
    with pytest.raises(QoroInputError, match=f"contains no saved job: .*{message}"):
        offline.load_job(tmp_path / "job")


def test_a_file_that_is_too_large_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b" " * 1001)
    (tmp_path / "bomb").write_bytes(gzip.compress(b" " * 2**20))
    with pytest.raises(WireError, match="it has more than 1000 bytes"):
        read_document(tmp_path / "large", limit_bytes=1000)
    with pytest.raises(WireError, match="it inflates to more than 2000 bytes"):
        read_document(tmp_path / "bomb", limit_bytes=2000)


def test_a_missing_file_is_an_os_error(offline: QoroProvider, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        offline.load_job(tmp_path / "missing")


# --- files of this release, which later releases have to read -------------------------------------------

KEPT = Path(__file__).parent / "job_files"


def test_the_kept_file_of_a_run_is_read(offline: QoroProvider) -> None:
    job: Any = offline.load_job(KEPT / "run.json")
    result = job.result()
    assert sum(result.get_counts("bell").values()) == len(result.get_memory("bell")) == 20
    assert set(result.get_counts()) == {"00", "11"}
    assert result.results[0].header["metadata"] == {"round": 1}
    assert result.results[0].header["creg_sizes"] == [["meas", 2]]
    assert result.date == "2026-11-29T12:29:46.455+00:00"
    assert job.tags == ["golden"]
    assert [(item.name, item.shots) for item in job.programs()] == [("bell", 20)]
    assert "cx q[0],q[1];" in job.programs()[0].text


def test_the_kept_files_of_primitives_are_read(offline: QoroProvider) -> None:
    job: Any = offline.load_job(KEPT / "estimator.json")
    (pub,) = job.result()
    assert pub.data.evs.tolist() == [0.1, 0.09999999999999999]
    assert pub.data.stds.tolist() == [0.0, 0.0]
    assert pub.metadata["method"] == "Statevector"
    assert [list(item.parameters.values()) for item in job.programs()] == [[0.0], [0.3]]
    sampled: Any = offline.load_job(KEPT / "sampler.json")
    assert sampled.result()[0].data.meas.get_counts() == {"00": 14, "11": 6}
    assert sampled.result()[0].metadata["circuit_metadata"] == {"round": 1}
    # The first release saved neither results nor programs.
    first = offline.load_job(KEPT / "first_sampler.json")
    assert isinstance(first, QoroPrimitiveJob)
    assert first.job_ids == sampled.job_ids
    assert not first.is_known_final


@pytest.mark.parametrize("name", ["run.json", "estimator.json", "sampler.json"])
def test_a_kept_file_that_is_loaded_is_saved_in_the_same_form(
    offline: QoroProvider, tmp_path: Path, name: str
) -> None:
    offline.load_job(KEPT / name).save(tmp_path / name)
    assert json.loads((tmp_path / name).read_text()) == json.loads((KEPT / name).read_text())
