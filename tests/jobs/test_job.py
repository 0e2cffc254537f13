"""``QoroJob``: its Qiskit status, its results, and its errors if there are none."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import responses
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit
from qiskit.exceptions import QiskitError
from qiskit.providers import JobError, JobTimeoutError
from qiskit.providers import JobStatus as QiskitStatus
from qiskit.result import Result

import qiskit_qoro
from qiskit_qoro import (
    ExecutionConfig,
    JobCancelledError,
    JobConfig,
    JobFailedError,
    JobStatus,
    MaxRetriesReachedError,
    QoroAPIError,
    QoroBackend,
    QoroConnectionError,
    QoroError,
    QoroInputError,
    QoroJob,
    QoroProvider,
    QoroService,
    SimulationMethod,
    SimulatorCluster,
    WireError,
)
from qiskit_qoro.jobs.status import QISKIT_STATUS
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.jobs import JobOutcome
from qiskit_qoro.service.cancellation import note_on_interrupt
from qiskit_qoro.wire.labels import encode_labels

URL = "http://qoro.invalid/api"
JOB = "job-17"


def bell(name: str | None = None, **more: Any) -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name, **more)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def slow() -> QuantumCircuit:
    """A circuit that is simulated shot by shot: ten million shots take most of a minute."""
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


# --- results on the real service ------------------------------------------------------------------------


def test_a_result_names_its_job_and_its_backend(backend: QoroBackend) -> None:
    job = backend.run(bell(), shots=30)
    result = job.result()

    assert isinstance(result, Result)
    assert result.success is True
    assert result.status == "COMPLETED"
    assert result.job_id == job.job_id()
    assert result.backend_name == "qoro_maestro"
    assert result.backend_version == backend.backend_version
    assert result.time_taken > 0
    assert result.date.startswith("20")
    assert job.backend() is backend
    assert job.job_id() in repr(job)
    assert job.done()


def test_an_experiment_has_the_header_that_qiskit_reads(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(
        QuantumRegister(3),
        ClassicalRegister(1, "a"),
        ClassicalRegister(2, "b"),
        name="mine",
        metadata={"k": [1]},
    )
    circuit.x(2)
    circuit.measure(range(3), range(3))

    item = backend.run(circuit, shots=5).result().results[0]

    assert item.header == {
        "name": "mine",
        "memory_slots": 3,
        "creg_sizes": [["a", 1], ["b", 2]],
        "metadata": {"k": [1]},
    }
    assert (item.status, item.success, item.shots) == ("DONE", True, 5)
    assert item.data.counts == {"0x4": 5}
    assert type(item.data.counts["0x4"]) is int


def test_changing_the_metadata_after_the_run_does_not_change_the_result(backend: QoroBackend) -> None:
    circuit = bell(metadata={"run": 1})
    job = backend.run(circuit, shots=5)
    circuit.metadata["run"] = 2

    assert job.result().results[0].header["metadata"] == {"run": 1}


def test_get_counts_accepts_an_index_a_circuit_and_a_name(backend: QoroBackend) -> None:
    flipped = QuantumCircuit(1, name="flipped")
    flipped.x(0)
    flipped.measure_all()
    idle = QuantumCircuit(1, name="idle")
    idle.measure_all()

    result = backend.run((idle, flipped), shots=[3, 4]).result()

    assert result.get_counts() == [{"0": 3}, {"1": 4}]
    assert result.get_counts(flipped) == result.get_counts("flipped") == result.get_counts(1) == {"1": 4}


def test_circuits_with_the_same_name_keep_their_own_counts(backend: QoroBackend) -> None:
    circuits = []
    for flips in range(3):
        circuit = QuantumCircuit(1, name="same")
        for _ in range(flips):
            circuit.x(0)
        circuit.measure_all()
        circuits.append(circuit)

    result = backend.run(circuits, shots=2).result()
    with pytest.warns(UserWarning, match="same"):
        first = result.get_counts("same")

    assert [result.get_counts(index) for index in range(3)] == [{"0": 2}, {"1": 2}, {"0": 2}]
    assert first == {"0": 2}


def test_a_list_of_one_circuit_gives_one_experiment_result(backend: QoroBackend) -> None:
    assert len(backend.run([bell()], shots=5).result().results) == 1


def test_memory_lists_every_shot_in_hexadecimal_and_in_a_reproducible_order(
    provider: QoroProvider, backend: QoroBackend
) -> None:
    job = backend.run([bell(), bell()], shots=60, memory=True)
    result = job.result()
    twin = QoroJob(
        backend, job.job_id(), provider.service, experiments=job._contents.experiments, memory=True
    )

    for index in range(2):
        memory = result.data(index)["memory"]
        assert set(memory) <= {"0x0", "0x3"}
        assert {hex(int(key, 2)): memory.count(hex(int(key, 2))) for key in result.get_counts(index)} == (
            result.data(index)["counts"]
        )
        assert memory != sorted(memory)
    assert result.data(0)["memory"] != result.data(1)["memory"]
    assert twin.result().get_memory(0) == result.get_memory(0)


def test_a_result_without_memory_refuses_get_memory(backend: QoroBackend) -> None:
    with pytest.raises(QiskitError, match="memory"):
        backend.run(bell(), shots=5).result().get_memory()


def test_a_result_survives_conversion_to_a_dictionary_and_json(backend: QoroBackend) -> None:
    result = backend.run([bell("a", metadata={"x": 1}), bell("b")], shots=5, memory=True).result()

    again = Result.from_dict(json.loads(json.dumps(result.to_dict())))

    assert again.to_dict() == result.to_dict()
    assert again.get_counts() == result.get_counts()
    assert again.get_memory(1) == result.get_memory(1)


def test_a_job_cannot_be_submitted_again(backend: QoroBackend) -> None:
    job = backend.run(bell(), shots=5)

    with pytest.raises(QoroInputError, match=job.job_id()):
        job.submit()


def test_a_job_survives_pickling(backend: QoroBackend) -> None:
    job = backend.run(bell("mine"), shots=5, memory=True)

    twin = pickle.loads(pickle.dumps(job))

    assert twin.result().get_counts("mine") == job.result().get_counts("mine")
    assert twin.result().get_memory() == job.result().get_memory()


def test_a_retrieved_job_survives_pickling(provider: QoroProvider, backend: QoroBackend) -> None:
    job = provider.retrieve_job(backend.run(bell("mine"), shots=5).job_id())

    twin = pickle.loads(pickle.dumps(job))

    assert twin.result().get_counts("mine") == job.result().get_counts("mine")
    assert twin.backend().name == backend.name


def mixed_batch() -> list[QuantumCircuit]:
    """Circuits with shared, permuted and loose bits, and with equal names."""
    loose = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, "eins"), name="ψ ← same")
    loose.measure(0, 1)
    crossed = QuantumCircuit(3, name="ψ ← same", metadata={"angle": 0.5, "odd": {1, 2}, "pair": (1, None)})
    bits = [Clbit() for _ in range(3)]
    crossed.add_bits(bits)
    crossed.add_register(ClassicalRegister(bits=[bits[2], bits[0]], name="back"))
    crossed.add_register(ClassicalRegister(bits=[bits[0]], name="shared"))
    crossed.x(2)
    crossed.h(1)
    crossed.measure(range(3), bits)
    return [loose, crossed, bell("last", metadata={"k": [1, {"deep": "ja"}]})]


def test_another_process_retrieves_the_same_result(local_service: LocalService, backend: QoroBackend) -> None:
    job = backend.run(mixed_batch(), shots=[40, 50, 60], memory=True, job_tags=["x", "y"])
    script = f"""
import json
from qiskit_qoro import QoroProvider
provider = QoroProvider({local_service.token!r}, base_url={local_service.url!r})
job = provider.retrieve_job({job.job_id()!r})
print(json.dumps([job.result().to_dict(), job.tags, repr(job)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )

    there, tags, shown = json.loads(done.stdout)
    here = json.loads(json.dumps(job.result().to_dict(), default=list))
    assert here["results"][1]["header"]["metadata"].pop("odd") == [1, 2]  # JSON cannot represent a set
    assert there | {"date": None} == here | {"date": None}
    assert (tags, shown) == (job.tags, repr(job))
    assert job.tags == ["x", "y"]
    assert done.stderr == ""


def test_a_retrieved_job_reads_its_tags_and_its_backend_from_its_results(
    provider: QoroProvider, backend: QoroBackend
) -> None:
    job = backend.run(bell("mine"), shots=5)

    fetched = provider.retrieve_job(job.job_id())

    assert fetched.job_id() == job.job_id()
    assert fetched.tags == []
    assert fetched.result().backend_name == "qoro_maestro"
    assert repr(fetched.backend()) == repr(backend)
    assert fetched.result().get_counts("mine") == job.result().get_counts("mine")
    assert fetched.result().time_taken == job.result().time_taken


def test_the_result_of_another_client_has_labels_for_names_and_no_registers(
    provider: QoroProvider, caplog: pytest.LogCaptureFixture
) -> None:
    program = (
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[1]; creg b[1]; x q[1];'
        "measure q[0] -> a[0]; measure q[1] -> b[0];"
    )
    submitted = provider.service.submit_circuits(
        {"first": program, "7": program}, override_job_config=JobConfig(shots=5)
    )

    job = provider.retrieve_job(str(submitted.job_id))
    result = job.result()

    assert [result.get_counts(name) for name in ("first", "7")] == [{"10": 5}, {"10": 5}]
    assert (result.backend_name, caplog.records) == (None, [])
    with pytest.raises(QiskitError, match="backend"):
        job.backend()


def test_outcome_returns_the_expectation_values_of_another_client_by_label(provider: QoroProvider) -> None:
    program = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; x q[1];'
    submitted = provider.service.submit_circuits({"mine": program}, ham_ops="ZI;IZ")

    job = provider.retrieve_job(str(submitted.job_id))

    assert job.outcome(timeout=60).results == {"mine": pytest.approx({"ZI": 1, "IZ": -1})}
    with pytest.raises(WireError, match="expectation values"):
        job.result()


@pytest.mark.parametrize(
    "labels",
    [
        ["0.1rAAAA", "1", "2"],  # not a zlib stream
        ["0.2rAAAA", "1", "2"],  # written by a newer release
        ["5.abc", "6", "7"],  # the second job of a submission of several jobs
        encode_labels("r", [{"n": 4, "l": [], "r": []}], 3),
        encode_labels("r", [["no object"]], 3),
    ],
    ids=["damaged", "newer", "part", "contradictory", "no object"],
)
def test_results_are_returned_and_a_warning_is_logged_if_their_labels_cannot_be_decoded(
    provider: QoroProvider, caplog: pytest.LogCaptureFixture, labels: list[str]
) -> None:
    program = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
    submitted = provider.service.submit_circuits(
        dict.fromkeys(labels, program), override_job_config=JobConfig(shots=5)
    )

    result = provider.retrieve_job(str(submitted.job_id)).result()

    names = [label.split(".")[0] for label in labels]
    assert [result.get_counts(name) for name in names] == [{"1": 5}] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(submitted.job_id) in caplog.text


def test_a_structure_that_did_not_fit_into_the_labels_causes_no_warning(
    provider: QoroProvider, backend: QoroBackend, caplog: pytest.LogCaptureFixture
) -> None:
    circuit = QuantumCircuit(
        QuantumRegister(1), ClassicalRegister(2, "".join(map(chr, range(0x4E00, 0x4F00))))
    )
    circuit.measure(0, 0)
    job = backend.run(circuit, shots=5)

    result = provider.retrieve_job(job.job_id()).result()

    assert result.get_counts("0") == {"00": 5}
    assert caplog.records == []


@pytest.mark.parametrize("kind", ["s", "e"])
def test_the_results_of_a_primitive_need_its_reader(provider: QoroProvider, kind: str) -> None:
    program = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
    [label] = encode_labels(kind, [{"what": "it means"}], 1)
    submitted = provider.service.submit_circuits({label: program}, override_job_config=JobConfig(shots=5))
    job_id = str(submitted.job_id)

    def read(document: Any, outcome: JobOutcome) -> tuple[Any, ...]:
        return document, dict(outcome.results)

    with pytest.raises(QoroInputError, match=rf"job {job_id} .*provider\.retrieve_job"):
        QoroJob(None, job_id, provider.service).result()
    job = QoroJob(None, job_id, provider.service, readers={kind: read})
    assert job.result() == ({"what": "it means"}, {label: {"1": 5}})


def test_truncated_labels_are_matched_by_their_index(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"1.x": histogram("01", 9), "0.1rabc": histogram("10", 9)})

    assert submit(bell(), bell(), shots=9).result().get_counts() == [{"10": 9}, {"01": 9}]


# --- failures, timeouts and cancelling ------------------------------------------------------------------


def test_the_error_of_a_failed_job_names_the_failed_circuit_and_the_reason(backend: QoroBackend) -> None:
    wide = QuantumCircuit(70, name="too wide for a state vector")
    wide.h(range(70))
    wide.measure_all()
    config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    job = backend.run([bell(), wide], execution_config=config)

    with pytest.raises(
        JobFailedError, match=r"FAILED: circuit 1 \('too wide for a state vector'\): .*70 qubits"
    ) as caught:
        job.result()

    assert isinstance(caught.value, JobError)
    assert caught.value.job_id == job.job_id()
    assert job.job_id() in str(caught.value)
    assert caught.value.status is JobStatus.FAILED
    assert job.status() is QiskitStatus.ERROR
    assert job.in_final_state()
    assert job.cancel() is False
    with pytest.raises(JobFailedError, match=r"is FAILED: circuit 1 \('too wide"):
        job.result()


def test_a_job_continues_after_a_timeout_until_it_is_cancelled(backend: QoroBackend) -> None:
    job = backend.run(slow(), shots=10**7)

    with pytest.raises(JobTimeoutError, match=job.job_id()) as caught:
        job.result(timeout=0.01)
    assert isinstance(caught.value, qiskit_qoro.JobTimeoutError)
    assert caught.value.job_id == job.job_id()
    assert job.status() in {QiskitStatus.QUEUED, QiskitStatus.RUNNING}

    assert job.cancel() is True
    assert repr(job).endswith(": CANCELLED>")  # although it has not been polled since
    assert job.cancel() is False
    assert job.status() is QiskitStatus.CANCELLED
    assert job.cancelled()
    with pytest.raises(JobCancelledError, match=job.job_id()):
        job.result()


def test_a_result_can_be_read_after_a_timeout(backend: QoroBackend) -> None:
    job = backend.run([slow()] * 2, shots=20_000)

    with pytest.raises(JobTimeoutError, match=r"is not final after 0 s\. It keeps running"):
        job.wait_for_final_state(timeout=0)

    assert sum(job.result().get_counts(1).values()) == 20_000


def test_an_interrupted_wait_leaves_the_job_running(backend: QoroBackend) -> None:
    job = backend.run(slow(), shots=10**7)

    def press_ctrl_c(_job_id: str, _status: QiskitStatus, _job: QoroJob) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as pressed:
        job.wait_for_final_state(callback=press_ctrl_c)

    assert pressed.value.__notes__ == [
        f"Job {job.job_id()} keeps running. Retrieve it with provider.retrieve_job({job.job_id()!r})"
    ]
    assert job.status() in {QiskitStatus.QUEUED, QiskitStatus.RUNNING}
    assert job.cancel() is True


def test_the_callback_is_called_after_each_poll_and_with_the_final_status(backend: QoroBackend) -> None:
    seen: list[tuple[str, QiskitStatus, QoroJob]] = []
    job = backend.run(bell(), shots=5)

    job.wait_for_final_state(wait=60, callback=lambda *poll: seen.append(poll))

    assert {(job_id, of) for job_id, _, of in seen} == {(job.job_id(), job)}
    assert seen[-1][1] is QiskitStatus.DONE
    job.wait_for_final_state(callback=lambda *poll: seen.append(poll))
    assert seen[-1] == seen[-2]


# --- a service with scripted answers --------------------------------------------------------------------


class NoTime:
    """A clock whose waits return at once and advance its time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def wait(self, seconds: float, event: object = None) -> None:
        self.seconds += seconds


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


Submit = Callable[..., QoroJob]


@pytest.fixture
def submit(wire: responses.RequestsMock) -> Submit:
    """Submits circuits to a service whose answers the test scripts."""

    def submit(*circuits: QuantumCircuit, **options: Any) -> QoroJob:
        wire.post(f"{URL}/job/init/", json={"job_id": JOB})
        wire.post(f"{URL}/job/{JOB}/add_circuits/", json={})
        config = JobConfig(simulator_cluster="qoro_maestro")
        service = QoroService("token", config, max_retries=50, base_url=URL, clock=NoTime())
        return QoroBackend(SimulatorCluster("qoro_maestro"), service).run(circuits or [bell()], **options)

    return submit


def histogram(bits: str, count: int) -> dict[str, Any]:
    """The QH1 encoding of one outcome that occurred ``count`` times, 2 to 127, built by hand."""
    # Width, number of outcomes, shots. Then three lists, each after its length: the gaps between outcomes,
    # the runs (one run, of counts other than 1, of length 1), and by how much each such count exceeds 2.
    data = b"QH1" + bytes([len(bits), 1, count, 1, int(bits, 2), 3, 1, 0, 1, 1, count - 2])
    return {"encoding": "qh1", "n_bits": len(bits), "payload": base64.b64encode(data).decode()}


def answer_results(wire: responses.RequestsMock, results: dict[str, Any]) -> None:
    items = [{"label": label, "results": result} for label, result in results.items()]
    page = {"count": len(items), "next": None, "previous": None, "results": items}
    wire.get(f"{URL}/job/{JOB}/resultsV2/", json=page)


def answer_status(wire: responses.RequestsMock, status: str, **more: Any) -> responses.BaseResponse:
    return wire.get(f"{URL}/job/{JOB}/status/", json={"status": status, **more})


def test_every_service_status_maps_to_a_qiskit_status() -> None:
    assert set(QISKIT_STATUS) == set(JobStatus)
    for status, qiskit_status in QISKIT_STATUS.items():
        is_final = qiskit_status in {QiskitStatus.DONE, QiskitStatus.ERROR, QiskitStatus.CANCELLED}
        assert status.is_final == is_final


@pytest.mark.parametrize("status", JobStatus)
def test_every_status_can_be_read_without_an_error(
    wire: responses.RequestsMock, submit: Submit, status: JobStatus
) -> None:
    answer_status(wire, status.value)

    assert submit().status() is QISKIT_STATUS[status]


def test_an_unknown_status_counts_as_running_and_is_logged_once(
    wire: responses.RequestsMock, submit: Submit, caplog: pytest.LogCaptureFixture
) -> None:
    answer_status(wire, "TELEPORTED")
    job = submit()

    with caplog.at_level(logging.WARNING):
        assert [job.status() for _ in range(3)] == [QiskitStatus.RUNNING] * 3

    assert caplog.text.count("TELEPORTED") == 1
    assert JOB in caplog.text


def test_a_wait_continues_after_an_unknown_status(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "TELEPORTED")
    answer_status(wire, "COMPLETED", run_time=1.5)
    answer_results(wire, {"0": histogram("11", 100)})

    result = submit(shots=100).result()

    assert result.get_counts() == {"11": 100}
    assert result.time_taken == 1.5


@pytest.mark.parametrize(
    ("final", "qiskit_status"), [("COMPLETED", QiskitStatus.DONE), ("FAILED", QiskitStatus.ERROR)]
)
def test_a_late_answer_does_not_replace_a_final_status(
    wire: responses.RequestsMock, submit: Submit, final: str, qiskit_status: QiskitStatus
) -> None:
    asked, release = threading.Event(), threading.Event()
    answers = iter(["RUNNING", final])

    def answer(_request: object) -> tuple[int, dict[str, str], str]:
        status = next(answers)
        if status == "RUNNING":  # the first poll is answered after the second one
            asked.set()
            assert release.wait(timeout=60)
        return 200, {}, json.dumps({"status": status})

    wire.add_callback(responses.GET, f"{URL}/job/{JOB}/status/", callback=answer)
    job = submit()
    with ThreadPoolExecutor() as pool:
        late = pool.submit(job.status)
        assert asked.wait(timeout=60)
        assert job.status() is qiskit_status
        release.set()
        assert late.result(timeout=60) is qiskit_status
    num_requests = len(wire.calls)
    assert job.status() is qiskit_status
    assert job.is_known_final
    assert len(wire.calls) == num_requests


def test_a_cached_result_needs_no_more_requests(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"0": histogram("11", 100)})
    job = submit(shots=100)

    first = job.result()
    sent = len(wire.calls)

    assert job.result() is first
    assert job.status() is QiskitStatus.DONE
    assert job.cancel() is False
    job.wait_for_final_state()
    assert len(wire.calls) == sent


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "INSUFFICIENT_CREDITS"])
def test_the_error_of_a_failed_job_gives_the_reason_of_the_service(
    wire: responses.RequestsMock, submit: Submit, status: str
) -> None:
    answer_status(wire, status)
    wire.get(f"{URL}/job/{JOB}/resultsV2/", status=400, json={"error": "circuit '0': out of ink"})
    job = submit(bell("mine"))

    with pytest.raises(
        JobFailedError, match=rf"{JOB} is {status}: circuit 0 \('mine'\): out of ink"
    ) as caught:
        job.result()

    assert caught.value.status == status


def test_a_failed_job_raises_job_failed_error_even_if_its_reason_cannot_be_read(
    wire: responses.RequestsMock, submit: Submit
) -> None:
    answer_status(wire, "FAILED")

    with pytest.raises(JobFailedError, match=r"is FAILED: the reason could not be read \(no answer"):
        submit().result()


@pytest.mark.parametrize(
    ("status", "detail"), [(403, "403 Forbidden: not yours"), (404, "404 Not Found: gone"), (429, "429")]
)
def test_the_error_of_a_failed_job_says_why_its_reason_cannot_be_read(
    wire: responses.RequestsMock, submit: Submit, status: int, detail: str
) -> None:
    answer_status(wire, "FAILED")
    reasons = {403: "not yours", 404: "gone", 429: "slowly"}
    wire.get(f"{URL}/job/{JOB}/resultsV2/", status=status, json={"error": reasons[status]})
    job = submit()

    with pytest.raises(JobFailedError, match=rf"{JOB} is FAILED: the reason could not be read \(.*{detail}"):
        job.result()
    assert re.search(rf"^the reason could not be read \(.*{detail}", str(job.error_message()))


def test_the_error_says_if_the_service_gives_no_reason(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "FAILED")
    wire.get(f"{URL}/job/{JOB}/resultsV2/", status=400)

    with pytest.raises(JobFailedError, match="no reason"):
        submit().result()


@pytest.mark.parametrize("count", [99, 101])
def test_counts_that_do_not_add_up_to_the_shots_are_an_error(
    wire: responses.RequestsMock, submit: Submit, count: int
) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"0": histogram("11", count)})

    with pytest.raises(
        JobFailedError, match=rf"{JOB}: circuit 0 \('mine'\).*add up to {count}, expected 100"
    ) as caught:
        submit(bell("mine"), shots=100).result()

    assert caught.value.job_id == JOB


def test_a_circuit_without_a_result_is_an_error(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"0": histogram("11", 9)})

    with pytest.raises(JobFailedError, match=rf"{JOB}: there are 1 results for 2 circuits.*1 \('lost'\)"):
        submit(bell("there"), bell("lost"), shots=9).result()


@pytest.mark.parametrize(("count", "shown"), [(5, 5), (6, 5)])
def test_the_first_five_circuits_without_a_result_are_named(
    wire: responses.RequestsMock, submit: Submit, count: int, shown: int
) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {})
    names = ", ".join(rf"{index} \('c{index}'\)" for index in range(shown))

    with pytest.raises(
        JobFailedError, match=rf"0 results for {count} circuits; no result for circuit {names}$"
    ):
        submit(*[bell(f"c{index}") for index in range(count)]).result()


def test_a_result_for_an_unknown_circuit_is_an_error(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"0": histogram("11", 9), "stranger": histogram("11", 9)})

    with pytest.raises(JobFailedError, match=rf"{JOB}: there are 2 results for 1 circuits"):
        submit(shots=9).result()


def test_results_in_another_order_are_matched_to_their_circuits(
    wire: responses.RequestsMock, submit: Submit
) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"1": histogram("01", 9), "0": histogram("10", 9)})

    assert submit(bell(), bell(), shots=9).result().get_counts() == [{"10": 9}, {"01": 9}]


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (histogram("111", 9), "expected 2 bits"),
        ({"ZZ": 1.0}, "got expectation values"),
        ({"encoding": "qh9", "n_bits": 2, "payload": ""}, "encoding"),
    ],
)
def test_malformed_results_are_an_error_that_names_the_job(
    wire: responses.RequestsMock, submit: Submit, result: dict[str, Any], complaint: str
) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"0": result})

    with pytest.raises(WireError, match=complaint) as caught:
        submit(shots=9).result()

    assert caught.value.job_id == JOB
    assert JOB in str(caught.value)


@pytest.mark.parametrize("result", [{"encoding": "qh9"}, {"ZZ": "half"}])
def test_an_error_about_a_result_names_the_circuit_and_not_its_label(
    wire: responses.RequestsMock, submit: Submit, result: dict[str, Any]
) -> None:
    answer_status(wire, "COMPLETED")
    job = submit(bell("mine"), shots=9)
    [label] = job._contents.experiments
    answer_results(wire, {label: result})

    with pytest.raises(WireError, match=r"circuit 0 \('mine'\)") as caught:
        job.result()

    assert label not in str(caught.value)


def no_status(wire: responses.RequestsMock) -> None:
    wire.get(f"{URL}/job/{JOB}/status/", json={"state": "fine"})


def no_json(wire: responses.RequestsMock) -> None:
    wire.get(f"{URL}/job/{JOB}/status/", body="<html>")


def gone(wire: responses.RequestsMock) -> None:
    wire.get(f"{URL}/job/{JOB}/status/", status=404, json={"detail": "gone"})


def silence(wire: responses.RequestsMock) -> None:
    pass


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(no_status, WireError), (no_json, WireError), (gone, QoroAPIError), (silence, QoroConnectionError)],
)
@pytest.mark.parametrize("question", [QoroJob.status, QoroJob.result])
def test_every_error_about_a_job_contains_its_id(
    wire: responses.RequestsMock,
    submit: Submit,
    answer: Callable[[responses.RequestsMock], None],
    kind: type[QoroError],
    question: Callable[[QoroJob], object],
) -> None:
    answer(wire)
    job = submit()

    with pytest.raises(kind, match=JOB) as caught:
        question(job)

    assert caught.value.job_id == JOB


def test_cancelling_a_finished_job_returns_false(wire: responses.RequestsMock, submit: Submit) -> None:
    wire.post(f"{URL}/job/{JOB}/cancel/", status=409, json={"error": "job is COMPLETED"})

    assert submit().cancel() is False


def test_cancelling_a_job_of_another_user_is_an_error(wire: responses.RequestsMock, submit: Submit) -> None:
    wire.post(f"{URL}/job/{JOB}/cancel/", status=403, json={"error": "not yours"})

    with pytest.raises(QoroAPIError, match="not yours") as caught:
        submit().cancel()

    assert caught.value.job_id == JOB


def test_a_wait_ends_after_max_retries_polls(wire: responses.RequestsMock, submit: Submit) -> None:
    polls = answer_status(wire, "RUNNING")

    with pytest.raises(MaxRetriesReachedError, match=JOB):
        submit().result()

    assert polls.call_count == 50


def test_a_wait_ends_exactly_at_its_timeout(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "RUNNING")
    job = submit()
    clock = job._service.poller.clock

    with pytest.raises(JobTimeoutError, match=r"after 7 s"):
        job.result(timeout=7)

    assert clock.now() == pytest.approx(7)


# --- partial results ------------------------------------------------------------------------------------


def half_good() -> tuple[list[QuantumCircuit], ExecutionConfig]:
    """Three circuits of which the second cannot be simulated."""
    wide = QuantumCircuit(70, name="wide")
    wide.h(range(70))
    wide.measure_all()
    return [bell("a"), wide, bell("b")], ExecutionConfig(simulation_method=SimulationMethod.Statevector)


def test_partial_results_hold_the_circuits_that_did_not_fail(backend: QoroBackend) -> None:
    circuits, config = half_good()
    job = backend.run(circuits, shots=20, execution_config=config, memory=True)

    with pytest.raises(
        JobFailedError, match=r"circuit 1 \('wide'\): .*70 qubits.*result\(partial=True\) .* 2 "
    ):
        job.result()
    result = job.result(partial=True)

    assert [item.success for item in result.results] == [True, False, True]
    assert [item.header["name"] for item in result.results] == ["a", "wide", "b"]
    assert (result.success, result.status) == (False, "FAILED: 1 of 3 circuits have no result")
    assert "70 qubits" in result.results[1].status
    assert sum(result.get_counts("a").values()) == sum(result.get_counts(2).values()) == 20
    assert len(result.get_memory(0)) == 20
    for question in (None, 1, "wide"):
        with pytest.raises(QiskitError, match=r"FAILED: 1 of 3 circuits.*70 qubits"):
            result.get_counts(question)
    assert job.result(partial=True) is result
    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))).to_dict() == result.to_dict()
    with pytest.raises(JobFailedError, match="wide"):
        job.result()


def test_a_retrieved_failed_job_gives_the_same_error_and_partial_results(
    provider: QoroProvider, backend: QoroBackend
) -> None:
    circuits, config = half_good()
    job = backend.run(circuits, shots=20, execution_config=config)
    fetched = provider.retrieve_job(job.job_id())

    with pytest.raises(
        JobFailedError, match=r"is FAILED: circuit 1 \('wide'\): a state vector of 70 qubits is too large"
    ) as there:
        fetched.result()
    with pytest.raises(
        JobFailedError, match=r"is FAILED: circuit 1 \('wide'\): a state vector of 70 qubits is too large"
    ) as here:
        job.result()

    assert str(there.value) == str(here.value)
    assert "0.1r" not in str(here.value)
    assert fetched.error_message() == job.error_message()
    here_again, there_again = (
        each.result(partial=True).to_dict() | {"date": None} for each in (job, fetched)
    )
    assert here_again == there_again


def test_the_partial_result_of_a_completed_job_is_its_result(backend: QoroBackend) -> None:
    job = backend.run(bell(), shots=20)

    result = job.result(partial=True)

    assert result.success
    assert job.result() is job.results() is result
    assert job.error_message() is None


def test_a_cancelled_job_has_no_partial_result(backend: QoroBackend) -> None:
    job = backend.run(slow(), shots=10**7)
    job.cancel()

    with pytest.raises(JobCancelledError, match=job.job_id()):
        job.result(partial=True)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "INSUFFICIENT_CREDITS"])
def test_without_partial_results_of_the_service_every_circuit_has_the_reason_of_the_job(
    wire: responses.RequestsMock, submit: Submit, status: str
) -> None:
    answer_status(wire, status)
    wire.get(f"{URL}/job/{JOB}/resultsV2/", status=400, json={"error": "job failed: circuit '0': out of ink"})

    result = submit(bell("x"), bell("y")).result(partial=True)

    assert [item.status for item in result.results] == ["circuit 0 ('x'): out of ink"] * 2
    assert (result.success, result.status) == (False, f"{status}: 2 of 2 circuits have no result")


def test_an_error_describes_the_first_failures_and_counts_the_others(
    wire: responses.RequestsMock, submit: Submit
) -> None:
    answer_status(wire, "FAILED")
    failures = [{"label": str(index), "error": f"reason {index}"} for index in range(5)]
    items = [{"label": "5", "results": histogram("11", 9)}]
    page = {
        "error": "job failed: see below",
        "count": 6,
        "next": None,
        "results": items,
        "failures": failures,
    }
    wire.get(f"{URL}/job/{JOB}/resultsV2/", status=400, json=page)
    job = submit(*[bell(f"c{index}") for index in range(6)], shots=9)

    with pytest.raises(
        JobFailedError, match=r"circuit 2 \('c2'\): reason 2; and 2 more circuits failed\. result"
    ):
        job.result()

    result = job.result(partial=True)
    assert [item.status for item in result.results] == [f"reason {index}" for index in range(5)] + ["DONE"]
    assert result.get_counts(5) == {"11": 9}


def test_partial_results_of_a_completed_job_leave_invalid_circuits_out(
    wire: responses.RequestsMock, submit: Submit
) -> None:
    answer_status(wire, "COMPLETED")
    answer_results(wire, {"0": histogram("11", 9), "1": {}, "2": histogram("11", 8)})
    job = submit(bell("a"), bell("b"), bell("c"), bell("d"), shots=9)

    with pytest.raises(JobFailedError, match=r"no result for circuit 3 \('d'\)"):
        job.result()
    result = job.result(partial=True)

    assert result.get_counts(0) == {"11": 9}
    assert result.status == "COMPLETED: 3 of 4 circuits have no result"
    assert [item.status for item in result.results[1:]] == [
        "the counts add up to 0, expected 9 shots",
        "the counts add up to 8, expected 9 shots",
        "the service gave no result and no reason",
    ]


# --- usage, tags and interrupts -------------------------------------------------------------------------


def test_a_job_has_its_usage_and_its_tags(backend: QoroBackend) -> None:
    job = backend.run(bell(), shots=5, tag="mine")
    job.wait_for_final_state()

    assert job.usage() == job.result().time_taken > 0
    assert job.tags == ["mine"]
    assert backend.run(bell(), shots=5).tags == []
    assert job.service is backend.service


def test_a_running_job_has_no_usage_and_no_error_message(
    wire: responses.RequestsMock, submit: Submit
) -> None:
    answer_status(wire, "RUNNING")
    job = submit()

    assert (job.usage(), job.error_message()) == (None, None)


def test_the_error_message_is_the_reason_of_the_failure(wire: responses.RequestsMock, submit: Submit) -> None:
    answer_status(wire, "FAILED")
    asked = wire.get(
        f"{URL}/job/{JOB}/resultsV2/", status=400, json={"error": "job failed: circuit '0': no ink"}
    )
    job = submit(bell("mine"))

    assert [job.error_message() for _ in range(3)] == ["circuit 0 ('mine'): no ink"] * 3
    assert asked.call_count == 1


def test_cancelling_a_job_that_does_not_exist_any_more_returns_false(
    wire: responses.RequestsMock, submit: Submit
) -> None:
    wire.post(f"{URL}/job/{JOB}/cancel/", status=404, json={"error": "no such job"})

    assert submit().cancel() is False


class CtrlC(NoTime):
    """A clock that raises ``KeyboardInterrupt`` during the third wait."""

    presses = 3

    def wait(self, seconds: float, event: object = None) -> None:
        super().wait(seconds)
        self.presses -= 1
        if self.presses == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("question", [QoroJob.result, QoroJob.wait_for_final_state])
def test_ctrl_c_leaves_the_job_running_and_says_how_to_get_it_back(
    wire: responses.RequestsMock, question: Callable[[QoroJob], object]
) -> None:
    answer_status(wire, "RUNNING")
    config = JobConfig(simulator_cluster="qoro_maestro")
    job = QoroJob(None, JOB, QoroService("token", config, base_url=URL, clock=CtrlC()))

    with pytest.raises(KeyboardInterrupt) as pressed:
        question(job)

    assert pressed.value.__notes__ == [
        f"Job {JOB} keeps running. Retrieve it with provider.retrieve_job('{JOB}')"
    ]
    assert {call.request.method for call in wire.calls} == {"GET"}


def test_the_note_says_if_the_job_ends_with_the_process() -> None:
    def press_ctrl_c(_job_id: str, _status: QiskitStatus, _job: QoroJob) -> None:
        raise KeyboardInterrupt

    with QoroProvider.local(workers=1) as provider:
        job = provider.get_backend().run(slow(), shots=10**7)
        with pytest.raises(KeyboardInterrupt) as pressed:
            job.wait_for_final_state(callback=press_ctrl_c)
        (note,) = pressed.value.__notes__
        assert note.endswith("'). The local service keeps its jobs in memory. They end with this process.")
        assert job.cancel()


def test_an_identifier_in_a_note_does_not_control_the_terminal() -> None:
    with pytest.raises(KeyboardInterrupt) as pressed, note_on_interrupt(["a\x1b[2J"]):
        raise KeyboardInterrupt
    assert pressed.value.__notes__[0].startswith(r"Job a\x1b[2J keeps running")


def test_a_refused_submission_names_the_circuit_and_not_its_label(
    wire: responses.RequestsMock,
) -> None:
    seen: list[str] = []

    def refuse(request: Any) -> tuple[int, dict[str, str], str]:
        [label] = json.loads(request.body)["circuits"]
        seen.append(label)
        return 400, {}, json.dumps({"error": f"circuit '{label}': not today"})

    wire.post(f"{URL}/job/init/", json={"job_id": JOB})
    wire.add_callback("POST", f"{URL}/job/{JOB}/add_circuits/", refuse)
    wire.post(
        f"{URL}/job/{JOB}/cancel/", json={"status": "cancelled", "job_id": JOB, "circuits_cancelled": 1}
    )
    service = QoroService("token", JobConfig(simulator_cluster="qoro_maestro"), base_url=URL, clock=NoTime())

    with pytest.raises(QoroAPIError, match=r"circuit 0 \('mine'\): not today") as caught:
        QoroBackend(SimulatorCluster("qoro_maestro"), service).run(bell("mine"))

    assert seen[0].startswith("0.1r")
    assert seen[0] not in str(caught.value)
    assert caught.value.detail == "circuit 0 ('mine'): not today"
