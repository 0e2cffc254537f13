"""The commands ``status`` and ``result``, for jobs of ``backend.run()``, primitives, and other clients."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter

from qiskit_qoro import (
    ExecutionConfig,
    QoroEstimator,
    QoroPrimitiveJob,
    QoroProvider,
    QoroSampler,
    SimulationMethod,
)
from qiskit_qoro.cli import main
from qiskit_qoro.history import Journal
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.wire.labels import encode_labels

PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; x q[0]; measure q -> c;'
STATEVECTOR = ExecutionConfig(simulation_method=SimulationMethod.Statevector)


def wide_circuit() -> QuantumCircuit:
    """A circuit that is too wide for a state vector."""
    circuit = QuantumCircuit(70, 70, name="wide")
    circuit.h(range(70))
    circuit.measure(range(70), range(70))
    return circuit


def rotation() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("t"), 0)
    return circuit


def run_estimator_as_two_service_jobs(provider: QoroProvider) -> QoroPrimitiveJob:
    job = QoroEstimator(provider.get_backend()).run(
        [
            (rotation(), "Z", [[0.0], [math.pi / 2], [math.pi]]),
            (rotation(), "X", [[math.pi / 2], [math.pi]]),
        ]
    )
    assert len(job.job_ids) == 2
    return job


# --- status -------------------------------------------------------------------------------------------


def test_status_shows_the_answer_of_the_service_and_the_entry_of_the_journal(
    provider: QoroProvider,
    two_registers: QuantumCircuit,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = provider.get_backend().run(two_registers, tag="mine")
    job.result()
    found = answer("status", job.job_id())
    assert found["run_time"] > 0
    assert (found["circuits"], found["finished"], found["reason"]) == (1, 1, None)
    assert {name: found[name] for name in ("job_id", "status", "final", "backend", "kind", "tag")} == {
        "job_id": job.job_id(),
        "status": "COMPLETED",
        "final": True,
        "backend": "qoro_maestro",
        "kind": "run",
        "tag": "mine",
    }
    assert main(["status", job.job_id()]) == 0
    assert re.search(r"^\s*status\s+COMPLETED", capsys.readouterr().out, re.MULTILINE)


def test_status_of_a_failed_job_says_why(
    provider: QoroProvider,
    two_registers: QuantumCircuit,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = provider.get_backend().run([two_registers, wide_circuit()], shots=10, execution_config=STATEVECTOR)
    job.wait_for_final_state()
    reason = answer("status", job.job_id())["reason"]
    assert reason.startswith("circuit 1: a state vector of 70 qubits")
    assert main(["status", job.job_id()]) == 0
    assert f"\nfailed: {reason}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "detail", "reason"),
    [
        (400, "the engine gave up", "the engine gave up"),
        (400, "", "the service gave no reason"),
        (403, "not yours", "the reason could not be read"),
    ],
)
def test_status_of_a_failed_job_has_the_reason_of_the_service(
    scripted: responses.RequestsMock,
    url: str,
    answer: Callable[..., Any],
    status: int,
    detail: str,
    reason: str,
) -> None:
    scripted.get(f"{url}/job/j1/status/", json={"status": "FAILED"})
    scripted.get(f"{url}/job/j1/resultsV2/", status=status, json={"detail": detail})
    found = answer("status", "j1")
    assert (found["status"], found["final"]) == ("FAILED", True)
    assert found["reason"].startswith(reason)


# --- result of circuits -------------------------------------------------------------------------------


def test_result_shows_names_registers_and_counts(
    provider: QoroProvider,
    two_registers: QuantumCircuit,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = provider.get_backend().run([two_registers, two_registers], shots=20)
    found = answer("result", job.job_id())
    assert found["job_id"] == job.job_id()
    assert found["status"] == "COMPLETED"
    assert found["circuits"] == [{"name": "two registers", "counts": {"1 0": 20}}] * 2

    assert main(["result", job.job_id()]) == 0
    out = capsys.readouterr().out
    assert "1: two registers" in out
    assert re.search(r"1 0\s+20\s+100.0%", out)


def test_result_shows_the_counts_of_another_client_by_label(
    provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    submitted = provider.service.submit_circuits({"mine": PROGRAM})
    (circuit,) = answer("result", str(submitted.job_id))["circuits"]
    assert circuit == {"name": "mine", "counts": {"01": 1024}}


def test_result_shows_expectation_values(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    submitted = provider.service.submit_circuits({"mine": PROGRAM}, ham_ops="ZI;IZ")
    (circuit,) = answer("result", str(submitted.job_id))["circuits"]
    assert circuit["values"] == pytest.approx({"ZI": -1, "IZ": 1})
    assert main(["result", str(submitted.job_id)]) == 0
    assert re.search(r"ZI\s+-1", capsys.readouterr().out)


def test_result_of_a_characterization_is_the_answer_of_the_service(
    provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    raw = provider.service.characterize_and_validate({"0": -1.0}, options={"preset": "fast"})
    assert answer("result", raw["job_id"]) == raw


def test_result_of_a_characterization_prints_its_summary(
    provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = provider.service.characterize_and_validate({"0": -1.0}, options={"preset": "fast"})
    assert main(["result", raw["job_id"]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["Characterization: COMPLETED", f"job {raw['job_id']}", ""]
    assert lines[3].split() == ["Variables", "1", "one", "qubit", "each"]


def test_result_downloads_the_results_once(
    scripted: responses.RequestsMock, url: str, answer: Callable[..., Any]
) -> None:
    labels = encode_labels("r", [{"n": 1, "l": [[2, ["c", 2]]], "r": [[1, 0, 5]], "c": ["mine"]}], 1)
    page = {"count": 1, "next": None, "results": [{"label": labels[0], "results": {"ZZ": 1.0}}]}
    scripted.get(f"{url}/job/j1/status/", json={"status": "COMPLETED"})
    scripted.get(f"{url}/job/j1/resultsV2/", json=page)
    assert main(["result", "j1"]) == 0
    limits = [call.request.params["limit"] for call in scripted.calls if "resultsV2" in str(call.request.url)]
    assert limits == ["1", "100"]


def test_result_shows_the_first_rows_unless_all_are_requested(
    provider: QoroProvider, two_registers: QuantumCircuit, capsys: pytest.CaptureFixture[str]
) -> None:
    values = [[0.1 * row] for row in range(40)]
    job = QoroEstimator(provider.get_backend()).run([(rotation(), "Z", values)])
    batch = provider.get_backend().run([two_registers] * 40, shots=10)

    for job_id, note in ((job.job_id(), "and 8 more elements"), (batch.job_id(), "and 8 more circuits")):
        assert main(["result", job_id]) == 0
        first = capsys.readouterr()
        assert main(["result", job_id, "--all"]) == 0
        every = capsys.readouterr()
        assert first.err == f"{note}; --json lists them all\n"
        assert every.err == ""
        assert 32 <= first.out.count("\n") < every.out.count("\n")
    assert "39: two registers" in every.out


# --- result of a job that failed or has not ended -----------------------------------------------------


def test_result_of_a_failed_job_is_a_failure_with_the_reason(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/job/j1/status/", json={"status": "FAILED"})
    scripted.get(f"{url}/job/j1/resultsV2/", status=400, json={"detail": "the engine gave up"})
    assert main(["result", "j1"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "qiskit-qoro: error: job j1 is FAILED: the engine gave up\n"


def test_result_of_a_batch_with_a_failed_circuit_says_how_to_see_the_other_results(
    provider: QoroProvider,
    two_registers: QuantumCircuit,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = provider.get_backend().run([two_registers, wide_circuit()], shots=10, execution_config=STATEVECTOR)
    assert main(["result", job.job_id()]) == 1
    err = capsys.readouterr().err
    assert "circuit 1 ('wide'): a state vector of 70 qubits" in err
    assert err.endswith("--partial shows the result of the circuit that completed\n")
    first, second = answer("result", job.job_id(), "--partial")["circuits"]
    assert first == {"name": "two registers", "counts": {"1 0": 10}}
    assert "70 qubits" in second["reason"]
    assert main(["result", job.job_id(), "--partial"]) == 0
    assert "failed: a state vector of 70 qubits" in capsys.readouterr().out


def test_result_of_a_failed_primitive_names_the_pub_and_is_raw_with_partial(
    provider: QoroProvider,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    estimator = QoroEstimator(provider.get_backend(), options={"execution_config": STATEVECTOR})
    flipped = QuantumCircuit(1)
    flipped.x(0)
    job = estimator.run([(flipped, "Z"), (wide_circuit(), "X" * 70)])
    # Without the journal the command does not know which PUB the circuit belongs to.
    for pub, setting in ((" of PUB 1", os.environ["QISKIT_QORO_JOURNAL"]), ("", "off")):
        monkeypatch.setenv("QISKIT_QORO_JOURNAL", setting)
        assert main(["result", job.job_id()]) == 1
        assert f"circuit 1{pub}: a state vector of 70 qubits" in capsys.readouterr().err
        first, second = answer("result", job.job_id(), "--partial")["circuits"]
        assert first == {"name": "0", "values": pytest.approx({"Z": -1})}
        assert (second["name"], "70 qubits" in second["reason"]) == ("1", True)


def test_result_of_a_cancelled_job_is_a_failure(
    scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/job/j1/status/", json={"status": "CANCELLED"})
    assert main(["result", "j1"]) == 1
    assert "job j1 was cancelled" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--no-wait"], ["--timeout", "0.01"]])
def test_result_does_not_wait_longer_than_the_options_allow(
    arguments: list[str], scripted: responses.RequestsMock, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{url}/job/j1/status/", json={"status": "RUNNING"})
    assert main(["result", "j1", *arguments]) == 1
    assert "job j1" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_an_invalid_timeout_is_a_usage_error(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["result", "j1", f"--timeout={seconds}"])
    assert f"expected a number of seconds of 0 or more, got '{seconds}'" in capsys.readouterr().err


def test_ctrl_c_leaves_the_job_running_and_says_how_to_get_its_results(
    scripted: responses.RequestsMock,
    url: str,
    ctrl_c: Callable[[], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    polls = 0

    def answer_status(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        nonlocal polls
        polls += 1
        if polls == 2:  # the first request is not part of the wait
            ctrl_c()
        return 200, {}, '{"status": "RUNNING"}'

    scripted.add_callback("GET", f"{url}/job/j1/status/", answer_status)
    assert main(["result", "j1"]) == 130
    message = "job j1 continues: 'qiskit-qoro result j1' shows its results later\ninterrupted\n"
    assert capsys.readouterr() == ("", message)


# --- which service has the job ------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("command", ["status", "result", "cancel", "delete"])
def test_an_unknown_job_is_a_failure_in_one_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "never-was"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "never-was" in err
    assert err.count("\n") == 1


def test_a_job_of_a_service_without_a_token_is_a_usage_error_that_names_the_service(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Journal(journal)
    number = book.begin("http://lab.invalid/api", SubmissionFacts(JobKind.RUN, "qoro_maestro", "t", 1))
    book.set_job_id(number, "j1")
    for job_id in ("j1", "last"):
        assert main(["status", job_id]) == 2
        assert capsys.readouterr().err == (
            "qiskit-qoro: error: there is no token for http://lab.invalid/api, which has job j1: log in with "
            "'qiskit-qoro login --url http://lab.invalid/api'\n"
        )


def test_a_job_of_an_unknown_service_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "j1"]) == 2
    assert "the service of job j1 is unknown: for the cloud, put QORO_API_KEY=" in capsys.readouterr().err


def test_the_journal_shows_which_local_service_has_a_job(
    tmp_path: Path, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program.qasm"
    program.write_text(PROGRAM)
    database = tmp_path / "jobs.db"
    # This provider keeps the service running between the commands, which saves the time to start it again.
    with QoroProvider.local(database=str(database)) as provider:
        assert provider.service.base_url
        job_id = answer("run", str(program), "--database", str(database))["job_id"]
        assert answer("result", job_id)["circuits"] == [{"name": "program.qasm", "counts": {"01": 1024}}]
    (entry,) = answer("jobs")
    assert (entry["kind"], entry["tag"]) == ("run", "program.qasm")
    database.unlink()
    assert main(["result", job_id]) == 2
    assert "jobs.db, but this file does not exist" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "result", "cancel", "delete"])
@pytest.mark.parametrize("job_id", ["", "a+", "a++b"])
def test_an_invalid_identifier_is_a_usage_error(
    command: str, job_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command, job_id])
    assert f"expected the identifier of a job, got {job_id!r}" in capsys.readouterr().err


# --- jobs of primitives -------------------------------------------------------------------------------


def test_result_of_an_estimator_shows_the_values_of_each_pub(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = run_estimator_as_two_service_jobs(provider)

    found = answer("result", job.job_id())
    assert (found["job_id"], found["status"]) == (job.job_id(), "COMPLETED")
    assert found["run_time"] > 0
    first, second = found["pubs"]
    assert (first["shape"], second["shape"]) == ([3], [2])
    assert first["evs"] == pytest.approx([1, 0, -1])
    assert second["evs"] == pytest.approx([1, 0])
    assert second["stds"] == [0, 0]

    assert main(["result", job.job_id()]) == 0
    out = capsys.readouterr().out
    assert "PUB 1, shape (2,)" in out
    assert re.search(r"element\s+value\s+standard error\s+0\s+1\s+0\s", out)


def test_result_of_an_estimator_shows_a_pub_without_shape_as_a_number(
    provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    job = QoroEstimator(provider.get_backend()).run([(QuantumCircuit(1), "Z"), (QuantumCircuit(1), "X")])
    assert [pub["evs"] for pub in answer("result", job.job_id())["pubs"]] == [1, 0]


def test_result_of_a_gradient_shows_the_derivatives(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("t") + Parameter("u"), 0)
    job = QoroEstimator(provider.get_backend()).gradient([(circuit, "Z", [[math.pi / 2, 0], [0, 0]])])
    (pub,) = answer("result", job.job_id())["pubs"]
    assert pub["shape"] == [2]
    assert pub["gradients"] == [pytest.approx([-1, -1]), pytest.approx([0, 0])]
    assert pub["gradient_stds"] == [[0, 0], [0, 0]]

    assert main(["result", job.job_id()]) == 0
    out = capsys.readouterr().out
    assert re.search(r"element\s+value\s+standard error\s+gradient\s", out)
    assert re.search(r"\b1\s+1\s+0\s+-?0, -?0\s", out)


def test_result_of_a_sampler_shows_the_counts_of_each_register(
    provider: QoroProvider,
    two_registers: QuantumCircuit,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    sweep = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "out"), ClassicalRegister(2, "rest"))
    sweep.rx(Parameter("t"), 0)
    sweep.measure(0, 0)
    job = QoroSampler(provider.get_backend()).run([two_registers, (sweep, [[0], [math.pi]])], shots=10)

    first, second = answer("result", job.job_id())["pubs"]
    assert first == {"shape": [], "shots": 10, "counts": {"low": {"0": 10}, "high": {"1": 10}}}
    assert second["counts"] == {"out": [{"0": 10}, {"1": 10}], "rest": [{"00": 10}, {"00": 10}]}

    assert main(["result", job.job_id()]) == 0
    out = capsys.readouterr().out
    assert re.search(r"PUB 0\nlow\n.*\n\s*0\s+10\s+100.0%", out)
    assert re.search(r"rest\[1\]\n.*\n\s*00\s+10\s+100.0%", out)


def test_result_of_a_primitive_is_raw_if_its_labels_lack_the_structure(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    (label,) = encode_labels("e", [], 1)
    submitted = provider.service.submit_circuits({label: PROGRAM}, ham_ops="ZI")
    assert main(["result", str(submitted.job_id)]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"ZI\s+-1", out)
    assert re.search(rf"labels of job {submitted.job_id}\b.*\. These are the raw results:\n$", err)
    assert answer("result", str(submitted.job_id))["circuits"][0]["values"] == pytest.approx({"ZI": -1})


def test_joined_identifiers_name_the_service_jobs_of_one_job(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = run_estimator_as_two_service_jobs(provider)
    job.result()

    found = answer("status", job.job_id())
    assert (found["status"], found["final"], found["kind"]) == ("COMPLETED", True, "estimator")
    assert found["circuits"] == 3
    assert found["jobs"] == dict.fromkeys(job.job_ids, "COMPLETED")
    assert main(["status", job.job_id()]) == 0
    assert re.search(rf"{job.job_ids[1]}\s+COMPLETED", capsys.readouterr().out)

    assert main(["cancel", job.job_id()]) == 1
    capsys.readouterr()
    assert answer("delete", job.job_ids[0]) == {"job_id": job.job_ids[0], "deleted": True}
    assert answer("delete", job.job_id()) == {"job_id": job.job_id(), "deleted": True}
    assert main(["delete", job.job_id()]) == 1
    assert "404" in capsys.readouterr().err


def test_a_job_has_no_result_as_long_as_one_of_its_service_jobs_runs(
    scripted: responses.RequestsMock,
    url: str,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    scripted.get(f"{url}/job/a/status/", json={"status": "COMPLETED", "run_time": 1})
    scripted.get(f"{url}/job/b/status/", json={"status": "PENDING"})
    found = answer("status", "a+b")
    assert (found["status"], found["final"], found["run_time"]) == ("RUNNING", False, None)
    assert main(["result", "a+b", "--no-wait"]) == 1
    assert "job a+b is RUNNING" in capsys.readouterr().err
