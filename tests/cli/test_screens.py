"""The screens of the commands in terminals of 60, 80 and 120 columns.

The expected screens are in ``tests/cli/screens``: a folder for each command, a file for each situation and
width. ``pytest tests/cli --update-screens`` writes them. Look at the difference before you commit it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses

from qiskit_qoro.cli.commands.service.certificates import show
from qiskit_qoro.cli.program import build_parser
from qiskit_qoro.history import Journal, JournalRecorder
from qiskit_qoro.local.workers.cluster.certificates.files import Change, Made
from qiskit_qoro.models.submissions import JobKind

TESTS = Path(__file__).parent
SCREENS = TESTS / "screens"
WIDTHS = (60, 80, 120)

FIRST = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"
SECOND = "9ab01c22-77f0-4dd1-8a7e-0a5a7f9f7f10"


def commands() -> list[str]:
    """The names of all commands."""
    return list(build_parser().commands)


@pytest.fixture
def jobs(record: Callable[..., str]) -> None:
    """Jobs of several kinds and ages."""
    record("b2", ago=timedelta(days=40), tag="old", status="DELETED")
    record(
        SECOND,
        ago=timedelta(days=3),
        tag="a very long tag that says what the job was for",
        kind=JobKind.ESTIMATOR,
        circuits=1200,
        status="FAILED",
    )
    record(FIRST, ago=timedelta(minutes=3), tag="nightly", status="COMPLETED")


# --- the program --------------------------------------------------------------------------------------


def test_the_program(screen: Any) -> None:
    screen.show("without a command")
    screen.show("unknown command", "reslt", code=2)
    screen.show("unknown option", "jobs", "--statsu", "failed", code=2)
    screen.show("missing argument", "cancel", code=2)
    screen.show("unexpected argument", "jobs", "nightly", code=2)
    screen.show("without an effect on web pages", "jobs", "--web", "--since", "2h", code=2)
    screen.show("only for web pages", "jobs", "--no-browser", code=2)


# --- jobs ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("jobs", "scripted")
def test_jobs(screen: Any) -> None:
    screen.show("several kinds", "jobs")
    screen.show("none with this tag", "jobs", "--tag", "another")


@pytest.mark.usefixtures("jobs")
def test_jobs_of_several_services(screen: Any, record: Callable[..., str]) -> None:
    record("77aa01c2-0000-4dd1-8a7e-0a5a7f9f7f10", ago=timedelta(hours=5), service="local:/data/qoro.db")
    screen.show("several services", "jobs")


def test_jobs_with_identifiers_that_begin_alike(screen: Any, record: Callable[..., str]) -> None:
    record("4f38be34-e2b9-4c1e-9f3f-1f6f2a1b0c9d", ago=timedelta(days=1), tag="weekly")
    record(FIRST, ago=timedelta(hours=2), tag="nightly")
    screen.show("identifiers that begin alike", "jobs")
    screen.show("ambiguous prefix", "status", "4f38be34", code=2)


def test_jobs_with_several_service_jobs(
    screen: Any, record: Callable[..., str], journal: Path, url: str
) -> None:
    record("77aa01c2-0000-4dd1-8a7e-0a5a7f9f7f10", ago=timedelta(days=2), tag="weekly", status="COMPLETED")
    for job_id, circuits, status in ((FIRST, 100, "COMPLETED"), (SECOND, 24, "RUNNING")):
        record(
            job_id,
            ago=timedelta(hours=2),
            tag="nightly",
            kind=JobKind.ESTIMATOR,
            circuits=circuits,
            status=status,
        )
    JournalRecorder(Journal(journal), url).joined([FIRST, SECOND])
    screen.show("several service jobs", "jobs")


# --- status, cancel, delete ---------------------------------------------------------------------------


@pytest.fixture
def statuses(scripted: responses.RequestsMock, url: str, jobs: None) -> responses.RequestsMock:
    """The service knows the first two jobs."""
    scripted.get(f"{url}/job/{FIRST}/status/", json={"status": "COMPLETED", "run_time": 185.2})
    scripted.get(f"{url}/job/{SECOND}/status/", json={"status": "FAILED", "run_time": 0.0612})
    return scripted


def test_status(screen: Any, statuses: responses.RequestsMock, url: str) -> None:
    reason = {"detail": "circuit 3: the engine gave up"}
    statuses.get(f"{url}/job/{SECOND}/resultsV2/", status=400, json=reason)
    screen.show("of a prefix", "status", "4f38")
    screen.show("of the newest job", "status", "last")
    screen.show("of a long tag", "status", "9ab01c22")
    screen.show("of several service jobs", "status", "4f38be34+9ab01c22")
    screen.show("unknown prefix", "status", "0badc0de", code=2)


@pytest.mark.usefixtures("scripted")
def test_status_of_the_newest_job_if_there_is_none(screen: Any) -> None:
    screen.show("no newest job", "status", "last", code=2)


def test_cancel_and_delete(screen: Any, statuses: responses.RequestsMock, url: str) -> None:
    statuses.post(f"{url}/job/{FIRST}/cancel/", json={})
    statuses.delete(f"{url}/job/{FIRST}", status=204)
    statuses.delete(f"{url}/job/{SECOND}", status=404, json={"detail": "Not found."})
    screen.show("done", "cancel", "4f38be34")
    screen.show("done", "delete", "4f38be34")
    screen.show("unknown job", "delete", SECOND, code=1)


# --- result -------------------------------------------------------------------------------------------


def results_of(values: dict[str, dict[str, float]]) -> dict[str, Any]:
    """A page of results of another client's job."""
    results = [{"label": label, "results": outcome} for label, outcome in values.items()]
    return {"count": len(results), "next": None, "results": results}


def test_result_with_counts(screen: Any, statuses: responses.RequestsMock, url: str) -> None:
    page = results_of({"bell": {"00": 507, "11": 493, "01": 24}})
    statuses.get(f"{url}/job/{FIRST}/resultsV2/", json=page)
    screen.show("counts", "result", "last")


def test_result_of_a_characterization(
    screen: Any, scripted: responses.RequestsMock, url: str, record: Callable[..., str]
) -> None:
    record(FIRST, ago=timedelta(hours=2), kind=JobKind.CHARACTERIZATION, status="COMPLETED")
    scripted.get(f"{url}/job/{FIRST}/status/", json={"status": "COMPLETED"})
    answer = {
        "job_id": FIRST,
        "status": "COMPLETED",
        "hardness": {"difficulty": "moderate", "cost_gap": 0.5, "condition_number": 58.9064},
        "report": {
            "num_qubits": 20,
            "regime": "exact",
            "exact_ground_energy": -4.32,
            "expectation": -2.27434,
            "approximation_ratio": 0.808817,
            "quality_score": 55.7035,
            "best_parameters": {"gamma": 0.599087, "beta": -0.487489},
        },
        "recommendations": [
            {
                "level": "warn",
                "metric": "q",
                "text": "The circuit is not deep enough: try two layers or more.",
            },
            {"level": "info", "text": "Fix one variable to save a qubit."},
        ],
    }
    scripted.get(f"{url}/job/{FIRST}/validation_result/", json=answer)
    screen.show("a characterization", "result", "last")


def test_result_with_wide_outcomes(screen: Any, statuses: responses.RequestsMock, url: str) -> None:
    page = results_of({"wide": {"01" * 50: 900, "10" * 50: 100}, "narrow": {"0": 1000}})
    statuses.get(f"{url}/job/{FIRST}/resultsV2/", json=page)
    screen.show("wide outcomes", "result", "4f38")


def test_result_with_many_outcomes(screen: Any, statuses: responses.RequestsMock, url: str) -> None:
    page = results_of({"random": {f"{number:06b}": 100 - number for number in range(40)}})
    statuses.get(f"{url}/job/{FIRST}/resultsV2/", json=page)
    screen.show("many outcomes", "result", "4f38")


def test_result_with_expectation_values(screen: Any, statuses: responses.RequestsMock, url: str) -> None:
    page = results_of({"h2": {"ZZII": -0.25, "X" * 70: 0.123456789012, "IIII": 1.0}})
    statuses.get(f"{url}/job/{FIRST}/resultsV2/", json=page)
    screen.show("expectation values", "result", "4f38")


def test_result_of_a_job_that_failed(screen: Any, statuses: responses.RequestsMock, url: str) -> None:
    reason = {"detail": "circuit 3: a state vector of 70 qubits needs too much memory"}
    statuses.get(f"{url}/job/{SECOND}/resultsV2/", status=400, json=reason)
    screen.show("failed job", "result", "9ab01c22", code=1)


def test_result_of_a_job_that_runs(screen: Any, scripted: responses.RequestsMock, url: str) -> None:
    running = {"status": "RUNNING", "circuits_finished": 12, "circuits_total": 40}
    scripted.get(f"{url}/job/{FIRST}/status/", json=running)
    screen.show("running job", "result", FIRST, "--no-wait", code=1)
    screen.show("of a running job", "status", FIRST)


# --- credits, backends, systems -----------------------------------------------------------------------


def test_credits(screen: Any, scripted: responses.RequestsMock, url: str) -> None:
    scripted.get(f"{url}/credits/", json={"balance": "412.5000", "total_used": "87.5000"})
    charge = {
        "id": 2,
        "amount": "-1.2500",
        "balance_after": "412.5000",
        "transaction_type": "JOB_CHARGE",
        "description": "200 circuits with 1000 shots each",
        "job_id": FIRST,
        "created_at": "2026-11-29T11:57:10Z",
    }
    grant = charge | {
        "amount": "500.0000",
        "balance_after": "500.0000",
        "transaction_type": "GRANT",
        "description": "welcome",
        "job_id": None,
        "created_at": "2026-09-01T08:00:00Z",
    }
    scripted.get(f"{url}/credits/transactions/", json={"results": [charge, grant]})
    screen.show("balance", "credits")
    screen.show("transactions", "credits", "--transactions", "2")


@pytest.fixture
def systems(scripted: responses.RequestsMock, url: str) -> None:
    """A simulator cluster and two QPU systems."""
    ion = {"nickname": "aria", "q_bits": 25, "status": "offline", "system_kind": "ion", "vendor_type": "IONQ"}
    eagle = {
        "nickname": "eagle-3",
        "q_bits": 127,
        "status": "online",
        "system_kind": "superconducting",
        "vendor_type": "IBM",
    }
    scripted.get(f"{url}/simulatorcluster/", json=[{"name": "qoro_maestro", "minimum_tier": "PAID"}])
    scripted.get(
        f"{url}/qpusystem/",
        json=[{"name": "ions", "qpus": [ion]}, {"name": "heavy_hex_europe", "qpus": [eagle]}],
    )


@pytest.mark.usefixtures("systems")
def test_backends_and_systems(screen: Any) -> None:
    screen.show("list", "backends")
    screen.show("list", "systems")


def test_no_backends(screen: Any, scripted: responses.RequestsMock, url: str) -> None:
    for kind in ("simulatorcluster", "qpusystem"):
        scripted.get(f"{url}/{kind}/", json=[])
    screen.show("none", "backends")
    screen.show("none", "systems")


def test_a_refused_token(screen: Any, scripted: responses.RequestsMock, url: str) -> None:
    scripted.get(f"{url}/credits/", status=401, json={"detail": "Invalid token."})
    screen.show("refused token", "credits", code=1)


# --- serve, completion --------------------------------------------------------------------------------


def test_serve_and_completion(screen: Any, record: Callable[..., str]) -> None:
    record(SECOND, ago=timedelta(hours=1))
    record(FIRST, ago=timedelta(minutes=1))
    screen.show("identifiers", "completion", "ids")
    screen.show("missing shell", "completion", code=2)
    screen.show("faulty account", "serve", "--account", "ci", code=2)
    screen.show("unknown option", "serve", "--prot", "8000", code=2)


def test_certificates(screen: Any) -> None:
    def execute() -> int:
        ends = {Change.KEPT: 2111392575.0, Change.RENEWED: 1830333375.0}
        show(
            Path("certificates"),
            [
                Made(Path(name), change, hosts, ends[change])
                for name, change, hosts in (
                    ("cluster-authority.pem", Change.KEPT, ()),
                    ("cluster.pem", Change.RENEWED, ("qiskit-qoro-cluster",)),
                    ("https-authority.pem", Change.KEPT, ()),
                    ("https.pem", Change.RENEWED, ("localhost", "127.0.0.1", "::1", "qoro.lab.example")),
                )
            ],
        )
        return 0

    screen.show("renewed", "certificates", "certificates", "--renew", execute=execute)
    screen.show("without a folder", "certificates", code=2)


def test_scheduler_and_worker(screen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QISKIT_QORO_CERTIFICATES", raising=False)
    screen.show("no certificates", "scheduler", "--host", "0.0.0.0", code=2)
    screen.show("not encrypted", "worker", "tcp://qoro.lab.example:8786", code=2)
    screen.show("no unit", "worker", "tcp://127.0.0.1:8786", "--memory", "8", code=2)


# --- the files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", commands())
def test_every_command_has_screens_of_all_widths(command: str) -> None:
    files = {path.name for path in (SCREENS / command).glob("*.txt")}
    situations = {name.rsplit(".", 2)[0] for name in files}
    assert situations
    assert files == {f"{situation}.{width}.txt" for situation in situations for width in WIDTHS}


def test_a_test_shows_every_situation() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in TESTS.glob("test_*.py"))
    situations = {path.name.rsplit(".", 2)[0] for path in SCREENS.rglob("*.txt")}
    assert {situation for situation in situations if f'"{situation}"' not in tests} == set()
