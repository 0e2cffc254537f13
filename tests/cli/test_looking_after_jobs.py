"""The commands about jobs, the account and the systems: what they print where, and how they end."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
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
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.wire.labels import encode_labels

URL = "https://qoro.invalid/api"


@pytest.fixture(autouse=True)
def journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No account, and a journal of this test alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QORO_API_KEY", raising=False)
    monkeypatch.delenv("QORO_API_URL", raising=False)
    path = tmp_path / "journal.sqlite3"
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", str(path))
    return path


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, local_service: LocalService) -> Iterator[QoroProvider]:
    """A provider with the account that the commands use too."""
    monkeypatch.setenv("QORO_API_KEY", local_service.token)
    monkeypatch.setenv("QORO_API_URL", local_service.url)
    with QoroProvider() as provider:
        yield provider


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    """A service of which only what a test scripts exists, and an account there."""
    monkeypatch.setenv("QORO_API_KEY", "secret-token")
    monkeypatch.setenv("QORO_API_URL", URL)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as script:
        yield script


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command with --json and reads what it printed."""

    def run(*arguments: str) -> Any:
        capsys.readouterr()
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def two_registers() -> QuantumCircuit:
    """A circuit with a name and two registers, with the outcome ``1 0``."""
    registers = ClassicalRegister(1, "low"), ClassicalRegister(1, "high")
    circuit = QuantumCircuit(QuantumRegister(2), *registers, name="two registers")
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    return circuit


# --- jobs -----------------------------------------------------------------------------------------------


def test_jobs_lists_what_was_submitted_newest_first(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = []
    for tag in ("first", "second"):
        job = provider.get_backend().run(two_registers(), tag=tag, shots=10)
        job.result()
        ids.insert(0, job.job_id())

    found = answer("jobs")
    assert [entry["job_id"] for entry in found] == ids
    assert found[0] == {
        "job_id": ids[0],
        "service": provider.service.base_url,
        "backend": "qoro_maestro",
        "kind": "run",
        "time": found[0]["time"],
        "tag": "second",
        "circuits": 1,
        "status": "COMPLETED",
        "reason": None,
    }
    assert [entry["tag"] for entry in answer("jobs", "--limit", "1")] == ["second"]
    assert [entry["tag"] for entry in answer("jobs", "--tag", "first")] == ["first"]
    assert answer("jobs", "--status", "failed", "--status", "RUNNING") == []
    assert len(answer("jobs", "--since", "2h", "--backend", "qoro_maestro")) == 2
    assert answer("jobs", "--since", "2999-01-01") == []
    assert [len(answer("jobs", "--since", age)) for age in ("200000w", "0001-01-01")] == [2, 2]

    assert main(["jobs"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["job", "backend", "kind", "time", "tag", "circuits", "status"]
    assert [row.split()[0] for row in rows] == ids


def test_jobs_without_a_service_lists_those_to_all_of_them_and_asks_none(
    journal: Path, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    book = Journal(journal)
    for service in (URL, "local:/data/jobs.db"):
        number = book.begin(service, SubmissionFacts(JobKind.RUN, "qoro_maestro", "t", 1))
        book.set_job_id(number, "j")
        book.set_stage(number, Stage.SUBMITTED)
    assert [entry["service"] for entry in answer("jobs")] == ["local:/data/jobs.db", URL]
    assert main(["jobs"]) == 0
    assert "service" in capsys.readouterr().out.splitlines()[0].split()


def test_jobs_without_any_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    assert capsys.readouterr() == ("", "no jobs\n")


def test_jobs_without_a_journal_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", "off")
    assert main(["jobs"]) == 2
    assert "QISKIT_QORO_JOURNAL is off" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--since", "yesterday"], "expected a date such as 2026-11-20"),
        (["--status", "FINE"], "--status"),
        (["--since", "999999999999w"], "expected a date such as 2026-11-20"),
        (["--limit", "many"], "--limit"),
        (["--local", "--cloud"], "not allowed with"),
        (["--database", "x", "--url", "http://y"], "not allowed with"),
    ],
)
def test_options_that_make_no_sense_are_usage_errors(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["jobs", *arguments])
    assert named in capsys.readouterr().err


# --- status, result -------------------------------------------------------------------------------------


def test_status_tells_what_the_service_and_the_journal_know(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = provider.get_backend().run(two_registers(), tag="mine")
    job.result()
    found = answer("status", job.job_id())
    assert found["run_time"] > 0
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


def test_result_shows_names_registers_and_counts(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = provider.get_backend().run([two_registers(), two_registers()], shots=20)
    found = answer("result", job.job_id())
    assert found["job_id"] == job.job_id()
    assert found["status"] == "COMPLETED"
    assert found["circuits"] == [{"name": "two registers", "counts": {"1 0": 20}}] * 2

    assert main(["result", job.job_id()]) == 0
    out = capsys.readouterr().out
    assert "1: two registers" in out
    assert re.search(r"1 0\s+20\s+100.0%", out)


PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; x q[0]; measure q -> c;'


def test_result_shows_counts_of_other_clients_by_label(
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


def test_result_of_a_characterization_is_its_answer(
    provider: QoroProvider, answer: Callable[..., Any]
) -> None:
    raw = provider.service.characterize_and_validate({"0": -1.0}, options={"preset": "fast"})
    assert answer("result", raw["job_id"]) == raw


def test_result_of_a_failed_job_is_a_failure_with_the_reason(
    scripted: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{URL}/job/j1/status/", json={"status": "FAILED"})
    scripted.get(f"{URL}/job/j1/resultsV2/", status=400, json={"detail": "the engine gave up"})
    assert main(["result", "j1"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "qiskit-qoro: error: job j1 is FAILED: the engine gave up\n"


def wide() -> QuantumCircuit:
    """A circuit that no state vector holds."""
    circuit = QuantumCircuit(70, 1, name="wide")
    circuit.h(range(70))
    circuit.measure(0, 0)
    return circuit


STATEVECTOR = ExecutionConfig(simulation_method=SimulationMethod.Statevector)


def test_result_of_a_batch_in_which_a_circuit_failed_says_how_to_see_the_others(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = provider.get_backend().run([two_registers(), wide()], shots=10, execution_config=STATEVECTOR)
    assert main(["result", job.job_id()]) == 1
    err = capsys.readouterr().err
    assert "circuit 1 ('wide'): a state vector of 70 qubits" in err
    assert err.endswith("--partial shows the results of the 1 that completed\n")
    first, second = answer("result", job.job_id(), "--partial")["circuits"]
    assert first == {"name": "two registers", "counts": {"1 0": 10}}
    assert "70 qubits" in second["reason"]
    assert main(["result", job.job_id(), "--partial"]) == 0
    assert "failed: a state vector of 70 qubits" in capsys.readouterr().out


def test_result_of_a_primitive_that_failed_names_the_pub_and_partly_is_raw(
    provider: QoroProvider,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    estimator = QoroEstimator(provider.get_backend(), options={"execution_config": STATEVECTOR})
    flipped = QuantumCircuit(1)
    flipped.x(0)
    job = estimator.run([(flipped, "Z"), (wide(), "X" * 70)])
    for whose, setting in ((" of PUB 1", os.environ["QISKIT_QORO_JOURNAL"]), ("", "off")):
        monkeypatch.setenv("QISKIT_QORO_JOURNAL", setting)
        assert main(["result", job.job_id()]) == 1
        assert f"circuit 1{whose}: a state vector of 70 qubits" in capsys.readouterr().err
        first, second = answer("result", job.job_id(), "--partial")["circuits"]
        assert first == {"name": "0", "values": pytest.approx({"Z": -1})}
        assert (second["name"], "70 qubits" in second["reason"]) == ("1", True)


def test_result_of_a_cancelled_job_is_a_failure(
    scripted: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{URL}/job/j1/status/", json={"status": "CANCELLED"})
    assert main(["result", "j1"]) == 1
    assert "job j1 was cancelled" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--no-wait"], ["--timeout", "0.01"]])
def test_result_of_a_job_that_is_not_done_can_be_left_for_later(
    arguments: list[str], scripted: responses.RequestsMock, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{URL}/job/j1/status/", json={"status": "RUNNING"})
    assert main(["result", "j1", *arguments]) == 1
    assert "job j1" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_a_timeout_that_makes_no_sense_is_a_usage_error(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["result", "j1", f"--timeout={seconds}"])
    assert f"expected seconds of 0 or more, got '{seconds}'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "result", "cancel", "delete"])
def test_a_job_that_is_not_there_is_a_failure_in_one_line(
    command: str, provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "never-was"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "never-was" in err
    assert err.count("\n") == 1


def test_a_job_of_nobody_knows_which_service_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "j1"]) == 2
    assert "which service has job j1? Set QORO_API_KEY" in capsys.readouterr().err


def test_the_journal_knows_the_local_service_of_a_job(
    tmp_path: Path, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program.qasm"
    program.write_text(PROGRAM)
    database = tmp_path / "jobs.db"
    job_id = answer("run", str(program), "--database", str(database))["job_id"]
    assert answer("result", job_id)["circuits"] == [{"name": "program.qasm", "counts": {"01": 1024}}]
    (entry,) = answer("jobs")
    assert (entry["kind"], entry["tag"]) == ("run", "program.qasm")
    database.unlink()
    assert main(["result", job_id]) == 2
    assert "jobs.db, which is not there" in capsys.readouterr().err


def test_ctrl_c_leaves_the_job_and_says_how_to_get_its_results(journal: Path, tmp_path: Path) -> None:
    stuck = tmp_path / "stuck.py"
    stuck.write_text(
        "import os, signal, sys, responses\n"
        "from qiskit_qoro.cli import main\n"
        "def status(request):\n"
        "    if len(script.calls) == 1: os.kill(os.getpid(), signal.SIGINT)\n"
        '    return 200, {}, \'{"status": "RUNNING"}\'\n'
        "with responses.RequestsMock() as script:\n"
        f"    script.add_callback('GET', '{URL}/job/j1/status/', status)\n"
        "    sys.exit(main(['result', 'j1']))\n"
    )
    done = subprocess.run(
        [sys.executable, str(stuck)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"QORO_API_KEY": "t", "QORO_API_URL": URL},
    )
    assert done.returncode == 130
    assert done.stderr == "the job goes on: qiskit-qoro result j1 shows its results later\ninterrupted\n"


# --- jobs of primitives ---------------------------------------------------------------------------------


def spread_estimate(provider: QoroProvider) -> QoroPrimitiveJob:
    """A job of an estimator that is two jobs on the service: a sweep of Z over angles, and one of X."""
    theta = Parameter("t")
    sweep = QuantumCircuit(1)
    sweep.ry(theta, 0)
    job = QoroEstimator(provider.get_backend()).run(
        [(sweep, "Z", [[0.0], [math.pi / 2], [math.pi]]), (sweep, "X", [[math.pi / 2], [math.pi]])]
    )
    assert len(job.job_ids) == 2
    return job


def test_result_of_an_estimator_shows_the_values_of_each_pub(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = spread_estimate(provider)

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
    assert re.search(r"element\s+value\s+deviation\s+0\s+1\s+0\s", out)


def test_result_of_a_single_value_is_a_number(provider: QoroProvider, answer: Callable[..., Any]) -> None:
    job = QoroEstimator(provider.get_backend()).run([(QuantumCircuit(1), "Z"), (QuantumCircuit(1), "X")])
    assert [pub["evs"] for pub in answer("result", job.job_id())["pubs"]] == [1, 0]


def test_result_of_a_sampler_shows_the_counts_of_each_register(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    theta = Parameter("t")
    sweep = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "out"), ClassicalRegister(2, "rest"))
    sweep.rx(theta, 0)
    sweep.measure(0, 0)
    job = QoroSampler(provider.get_backend()).run([two_registers(), (sweep, [[0], [math.pi]])], shots=10)

    first, second = answer("result", job.job_id())["pubs"]
    assert first == {"shape": [], "shots": 10, "counts": {"low": {"0": 10}, "high": {"1": 10}}}
    assert second["counts"] == {"out": [{"0": 10}, {"1": 10}], "rest": [{"00": 10}, {"00": 10}]}

    assert main(["result", job.job_id()]) == 0
    out = capsys.readouterr().out
    assert re.search(r"PUB 0\nlow\n.*\n\s*0\s+10\s+100.0%", out)
    assert re.search(r"rest\[1\]\n.*\n\s*00\s+10\s+100.0%", out)


def test_result_shows_the_first_rows_unless_all_are_asked_for(
    provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    theta = Parameter("t")
    sweep = QuantumCircuit(1)
    sweep.ry(theta, 0)
    job = QoroEstimator(provider.get_backend()).run([(sweep, "Z", [[0.1 * row] for row in range(40)])])
    batch = provider.get_backend().run([two_registers()] * 40, shots=10)

    for job_id, left in ((job.job_id(), "and 8 more elements"), (batch.job_id(), "and 8 more circuits")):
        assert main(["result", job_id]) == 0
        some = capsys.readouterr()
        assert main(["result", job_id, "--all"]) == 0
        every = capsys.readouterr()
        assert some.err == f"{left}; --json lists them all\n"
        assert every.err == ""
        assert 32 <= some.out.count("\n") < every.out.count("\n")
    assert "39: two registers" in every.out


def test_result_of_a_primitive_whose_labels_tell_nothing_is_raw(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    (label,) = encode_labels("e", [], 1)
    submitted = provider.service.submit_circuits({label: PROGRAM}, ham_ops="ZI")
    assert main(["result", str(submitted.job_id)]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"ZI\s+-1", out)
    assert "do not tell what its results mean" in err
    assert answer("result", str(submitted.job_id))["circuits"][0]["values"] == pytest.approx({"ZI": -1})


def test_several_identifiers_stand_for_one_job(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = spread_estimate(provider)
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


def test_of_several_jobs_those_that_still_can_be_are_cancelled(
    scripted: responses.RequestsMock, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.post(f"{URL}/job/a/cancel/", status=409, json={"error": "it is COMPLETED"})
    scripted.post(f"{URL}/job/b/cancel/", json={"status": "cancelled"})
    scripted.post(f"{URL}/job/c/cancel/", status=403, json={"error": "not yours"})
    assert answer("cancel", "a+b") == {"job_id": "a+b", "cancelled": True}
    assert main(["cancel", "a+c+b"]) == 1
    assert "not yours" in capsys.readouterr().err
    assert scripted.calls[-1].request.url == f"{URL}/job/b/cancel/"


def test_a_job_of_which_a_part_still_runs_has_no_result_yet(
    scripted: responses.RequestsMock, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.get(f"{URL}/job/a/status/", json={"status": "COMPLETED", "run_time": 1})
    scripted.get(f"{URL}/job/b/status/", json={"status": "PENDING"})
    found = answer("status", "a+b")
    assert (found["status"], found["final"], found["run_time"]) == ("RUNNING", False, None)
    assert main(["result", "a+b", "--no-wait"]) == 1
    assert "job a+b is RUNNING" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["status", "result", "cancel", "delete"])
@pytest.mark.parametrize("job_id", ["", "a+", "a++b"])
def test_what_is_no_identifier_is_a_usage_error(
    command: str, job_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([command, job_id])
    assert f"expected the identifier of a job, got {job_id!r}" in capsys.readouterr().err


# --- what is sent ---------------------------------------------------------------------------------------


def test_results_are_downloaded_once(scripted: responses.RequestsMock, answer: Callable[..., Any]) -> None:
    labels = encode_labels("r", [{"n": 1, "l": [[2, ["c", 2]]], "r": [[1, 0, 5]], "c": ["mine"]}], 1)
    page = {"count": 1, "next": None, "results": [{"label": labels[0], "results": {"ZZ": 1.0}}]}
    scripted.get(f"{URL}/job/j1/status/", json={"status": "COMPLETED"})
    scripted.get(f"{URL}/job/j1/resultsV2/", json=page)
    assert main(["result", "j1"]) == 0
    limits = [call.request.params["limit"] for call in scripted.calls if "resultsV2" in str(call.request.url)]
    assert limits == ["1", "100"]


# --- cancel, delete -------------------------------------------------------------------------------------


def test_cancel_ends_a_job_and_delete_has_it_forgotten(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    opened = provider.service.submit_circuits({"long": PROGRAM.replace("x q[0]", "h q")})
    job_id = str(opened.job_id)
    provider.service.poll_job_status(opened, loop_until_complete=True, verbose=False)
    assert main(["cancel", job_id]) == 1
    assert "409" in capsys.readouterr().err
    assert answer("delete", job_id) == {"job_id": job_id, "deleted": True}
    assert [entry["status"] for entry in answer("jobs")] == ["DELETED"]


def test_cancel_says_what_it_did(
    scripted: responses.RequestsMock, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.post(f"{URL}/job/j1/cancel/", json={"status": "cancelled", "job_id": "j1"})
    assert answer("cancel", "j1") == {"job_id": "j1", "cancelled": True}
    assert main(["cancel", "j1"]) == 0
    assert capsys.readouterr() == ("", "job j1 has been cancelled\n")


# --- credits, systems -----------------------------------------------------------------------------------


def test_credits_shows_the_balance_and_the_transactions(
    provider: QoroProvider, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer("credits")
    assert set(found) == {"balance", "total_used", "created_at", "updated_at"}
    (transaction,) = answer("credits", "--transactions", "1")["transactions"]
    assert {"amount", "balance_after", "transaction_type", "job_id", "created_at"} <= set(transaction)
    assert main(["credits", "--transactions", "1"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"balance\s+{re.escape(found['balance'])}", out)
    assert transaction["transaction_type"] in out


def test_credits_refuses_more_transactions_than_there_are_on_a_page(
    provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["credits", "--transactions", "101"]) == 2
    assert "101" in capsys.readouterr().err


def test_systems_shows_each_qpu(
    scripted: responses.RequestsMock, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    qpu = {"nickname": "aria", "q_bits": 25, "status": "offline", "system_kind": "ion", "vendor_type": "IONQ"}
    scripted.get(f"{URL}/simulatorcluster/", json=[{"name": "qoro_maestro", "minimum_tier": "PAID"}])
    scripted.get(f"{URL}/qpusystem/", json=[{"name": "ions", "qpus": [qpu]}, {"name": "planned", "qpus": []}])
    simulator, ions, planned = answer("systems")
    assert (simulator["kind"], simulator["operational"]) == ("simulator", True)
    assert simulator["minimum_tier"] == "PAID"
    assert (ions["kind"], ions["operational"], ions["qpus"]) == ("QPU system", False, [qpu])
    assert (planned["name"], planned["qpus"]) == ("planned", [])
    assert main(["systems"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["ions", "QPU", "system", "PUBLIC", "aria", "25", "offline", "ion", "IONQ"] in rows


def test_a_url_is_used_with_the_token_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, local_service: LocalService, answer: Callable[..., Any]
) -> None:
    monkeypatch.setenv("QORO_API_KEY", local_service.token)
    monkeypatch.setenv("QORO_API_URL", URL)
    names = [system["name"] for system in answer("systems", "--url", local_service.url)]
    assert names == ["qoro_maestro", "local_qpu"]


# --- Ctrl-C while the program is loaded -----------------------------------------------------------------


def test_ctrl_c_while_the_program_is_loaded_is_quiet() -> None:
    code = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'qiskit': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from qiskit_qoro.cli import main\n"
        "sys.exit(main(['systems']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
