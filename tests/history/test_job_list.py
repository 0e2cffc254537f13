"""The list of jobs: its content, selecting, updating from the service, and displaying it."""

from __future__ import annotations

import copy
import logging
import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import responses
from IPython.lib.pretty import pretty
from qiskit import QuantumCircuit
from rich.console import Console

from qiskit_qoro import AuthenticationError, ExecutionResult, QoroInputError, QoroProvider, QoroSampler
from qiskit_qoro.history import Journal
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.history.listing import MAX_STATUS_POLLS, MAX_UNREADABLE
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.service.clock import Clock

URL = "http://qoro.invalid/api"


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def recording_provider(local_service: LocalService, path: Path) -> Iterator[QoroProvider]:
    """A provider that keeps a journal."""
    with QoroProvider(local_service.token, base_url=local_service.url, journal=path) as provider:
        yield provider


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        yield wire


def record(
    path: Path, *job_ids: str, service: str = URL, stage: Stage = Stage.SUBMITTED, **facts: Any
) -> None:
    """Record submissions in a journal, as a client does."""
    journal = Journal(path)
    known = {"kind": JobKind.RUN, "target": "qoro_maestro", "tag": "default", "num_circuits": 1} | facts
    for job_id in job_ids:
        number = journal.begin(service, SubmissionFacts(**known))
        journal.set_job_id(number, job_id)
        journal.set_stage(number, stage)


# --- from submission to list ----------------------------------------------------------------------------


def test_a_running_job_is_retrieved_with_the_tags_and_the_backend_in_the_journal(
    path: Path, wire: responses.RequestsMock
) -> None:
    record(path, "j1", tag="mine,yours")
    wire.get(f"{URL}/job/j1/status/", json={"status": "RUNNING"})
    wire.get(f"{URL}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    wire.get(f"{URL}/qpusystem/", json=[])

    job = QoroProvider("t", base_url=URL, journal=path).retrieve_job("j1")

    assert job.tags == ["mine", "yours"]
    assert repr(job) == "<QoroJob 'j1' on 'qoro_maestro': RUNNING>"
    assert job.backend().name == "qoro_maestro"


def test_the_journal_completes_what_did_not_fit_into_the_labels(
    recording_provider: QoroProvider, path: Path
) -> None:
    unfit = QuantumCircuit(1, name="".join(map(chr, range(0x4E00, 0x4F00))), metadata={"x": "y"})
    unfit.measure_all()
    tag = "".join(map(chr, range(0x5000, 0x5100)))
    job = recording_provider.get_backend().run(unfit, shots=5, tag=tag)
    job.wait_for_final_state()

    fetched = recording_provider.retrieve_job(job.job_id())

    assert fetched.result().backend_name == "qoro_maestro"
    assert fetched.tags == job.tags == [tag]


def test_a_job_in_the_journal_is_retrieved_with_one_request(path: Path, wire: responses.RequestsMock) -> None:
    record(path, "j1")
    wire.get(f"{URL}/job/j1/status/", json={"status": "COMPLETED"})

    assert QoroProvider("t", base_url=URL, journal=path).retrieve_job("j1").done()
    assert len(wire.calls) == 1


def test_submitted_jobs_are_listed_newest_first_and_can_be_retrieved(
    recording_provider: QoroProvider, local_service: LocalService, path: Path
) -> None:
    backend = recording_provider.get_backend()
    first = backend.run(bell(), tag="first")
    second = backend.run([bell(), bell()], tag="second", shots=50)
    second.result()
    first.result()

    elsewhere = QoroProvider(local_service.token, base_url=local_service.url, journal=path)
    jobs = elsewhere.jobs()

    assert [entry.job_id for entry in jobs] == [second.job_id(), first.job_id()]
    assert [entry.tag for entry in jobs] == ["second", "first"]
    assert [entry.num_circuits for entry in jobs] == [2, 1]
    assert {entry.status for entry in jobs} == {"COMPLETED"}
    assert {entry.backend for entry in jobs} == {"qoro_maestro"}
    assert datetime.now(UTC) - jobs[0].time < timedelta(minutes=2)
    assert sum(jobs[0].retrieve().result().get_counts(0).values()) == 50


def test_jobs_are_selected_by_backend_tag_status_time_and_limit(recording_provider: QoroProvider) -> None:
    simulator, qpu = recording_provider.get_backend(), recording_provider.get_backend("local_qpu")
    for backend, tag in ((simulator, "a"), (simulator, "b"), (qpu, "b")):
        backend.run(bell(), tag=tag, shots=10).result()

    def tags(**conditions: Any) -> list[str]:
        return [f"{entry.backend}/{entry.tag}" for entry in recording_provider.jobs(**conditions)]

    assert tags() == ["local_qpu/b", "qoro_maestro/b", "qoro_maestro/a"]
    assert tags(backend=qpu) == tags(backend="local_qpu") == ["local_qpu/b"]
    assert tags(tag="b", limit=1) == ["local_qpu/b"]
    assert tags(status="completed", backend="qoro_maestro") == ["qoro_maestro/b", "qoro_maestro/a"]
    assert tags(status=["FAILED", "RUNNING"]) == []
    assert len(tags(since=timedelta(hours=1))) == 3
    assert tags(since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert tags(since=datetime.now() + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        ({"status": "FINE"}, "status is 'FINE', expected one of PENDING"),
        ({"since": "yesterday"}, "since is 'yesterday'"),
        ({"limit": 0}, "limit is 0"),
    ],
)
def test_invalid_conditions_are_refused(
    recording_provider: QoroProvider, conditions: dict[str, Any], named: str
) -> None:
    with pytest.raises(QoroInputError, match=named):
        recording_provider.jobs(**conditions)


def test_a_deleted_job_is_listed_as_deleted(recording_provider: QoroProvider) -> None:
    job = recording_provider.get_backend().run(bell())
    job.result()
    recording_provider.service.delete_job(ExecutionResult(job_id=job.job_id()))
    assert [entry.status for entry in recording_provider.jobs()] == ["DELETED"]


def test_a_refused_submission_is_listed_with_the_reason(path: Path, wire: responses.RequestsMock) -> None:
    wire.post(f"{URL}/job/init/", status=402, json={"detail": "out of credits"})
    provider = QoroProvider("secret-token", base_url=URL, journal=path)
    with pytest.raises(Exception, match="out of credits"):
        provider.service.submit_circuits({"a": "OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;"})

    (entry,) = provider.jobs()
    assert (entry.status, entry.job_id) == ("NOT_SUBMITTED", None)
    assert entry.reason is not None
    assert "out of credits" in entry.reason
    assert b"secret-token" not in path.read_bytes()


def test_characterizations_are_listed_too(recording_provider: QoroProvider) -> None:
    answer = recording_provider.service.characterize_and_validate(
        {"0": -1.0}, options={"preset": "fast"}, tag="q"
    )
    (entry,) = recording_provider.jobs()
    assert (entry.job_id, entry.kind, entry.tag) == (answer["job_id"], "characterization", "q")
    assert entry.status == "COMPLETED"


# --- asking the service ---------------------------------------------------------------------------------


def test_the_service_is_asked_about_unfinished_jobs_only(path: Path, wire: responses.RequestsMock) -> None:
    record(path, "a", "b")
    done = wire.get(f"{URL}/job/a/status/", json={"status": "COMPLETED"})
    running = wire.get(f"{URL}/job/b/status/", json={"status": "RUNNING"})
    provider = QoroProvider("token", base_url=URL, journal=path)

    assert [entry.status for entry in provider.jobs(refresh=False)] == ["SUBMITTED", "SUBMITTED"]
    assert not wire.calls
    assert [entry.status for entry in provider.jobs()] == ["RUNNING", "COMPLETED"]
    assert [entry.status for entry in provider.jobs(status="RUNNING")] == ["RUNNING"]
    assert (done.call_count, running.call_count) == (1, 2)


def test_a_job_that_does_not_exist_is_gone_until_it_exists_again(
    path: Path, wire: responses.RequestsMock
) -> None:
    record(path, "a")
    wire.get(f"{URL}/job/a/status/", status=404, json={"detail": "no such job"})
    wire.get(f"{URL}/job/a/status/", json={"status": "COMPLETED"})
    provider = QoroProvider("token", base_url=URL, journal=path)
    assert [entry.status for entry in provider.jobs()] == ["GONE"]
    assert [entry.status for entry in provider.jobs()] == ["COMPLETED"]


def test_the_number_of_status_polls_is_limited_and_the_list_says_so(
    path: Path, wire: responses.RequestsMock
) -> None:
    names = [f"j{index}" for index in range(MAX_STATUS_POLLS + 5)]
    record(path, *names)
    for name in names:
        wire.get(f"{URL}/job/{name}/status/", json={"status": "RUNNING"})
    jobs = QoroProvider("token", base_url=URL, journal=path).jobs(limit=None)

    assert len(wire.calls) == MAX_STATUS_POLLS
    assert [entry.status for entry in jobs] == ["RUNNING"] * MAX_STATUS_POLLS + ["SUBMITTED"] * 5
    assert jobs.not_asked == 5
    assert "not asked about 5 unfinished jobs" in str(jobs)
    assert "not asked about 5 unfinished jobs" in jobs._repr_html_()


def test_jobs_keep_their_last_known_status_if_the_service_fails(
    path: Path, wire: responses.RequestsMock, caplog: pytest.LogCaptureFixture, no_wait_clock: Clock
) -> None:
    record(path, "a", "b")
    wire.get(f"{URL}/job/b/status/", status=500, json={"detail": "out of order"})
    provider = QoroProvider("token", base_url=URL, journal=path)
    provider.service._transport.clock = no_wait_clock
    with caplog.at_level(logging.WARNING):
        jobs = provider.jobs()
    assert [entry.status for entry in jobs] == ["SUBMITTED", "SUBMITTED"]
    assert "out of order" in caplog.text
    assert jobs.not_asked == 2


@pytest.mark.parametrize("num_odd", [1, MAX_UNREADABLE - 1, MAX_UNREADABLE])
def test_odd_answers_do_not_hide_the_status_of_other_jobs_until_they_are_many(
    path: Path, wire: responses.RequestsMock, caplog: pytest.LogCaptureFixture, num_odd: int
) -> None:
    odd = [f"odd{index}" for index in range(num_odd)]
    record(path, "a", *odd)
    wire.get(f"{URL}/job/a/status/", json={"status": "completed"})
    for name in odd:
        wire.get(f"{URL}/job/{name}/status/", json={"status": None})
    jobs = QoroProvider("token", base_url=URL, journal=path).jobs()
    last = "COMPLETED" if num_odd < MAX_UNREADABLE else "SUBMITTED"
    assert [entry.status for entry in jobs] == ["SUBMITTED"] * num_odd + [last]
    assert caplog.text.count("the status of a job could not be updated") == num_odd


def test_a_refused_token_is_an_error(path: Path, wire: responses.RequestsMock) -> None:
    record(path, "a")
    wire.get(f"{URL}/job/a/status/", status=401)
    with pytest.raises(AuthenticationError, match=r"401 Unauthorized: the token is unknown or deactivated"):
        QoroProvider("token", base_url=URL, journal=path).jobs()


def test_jobs_of_another_service_are_not_listed(path: Path) -> None:
    record(path, "a", service="https://other.invalid/api")
    assert list(QoroProvider("token", base_url=URL, journal=path).jobs()) == []


# --- the local service ----------------------------------------------------------------------------------


def test_local_providers_without_a_database_share_a_journal_in_memory(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", str(path))
    with QoroProvider.local(workers=1) as first, QoroProvider.local(workers=1) as second:
        job = first.get_backend().run(bell(), tag="shared")
        assert [entry.tag for entry in second.jobs()] == ["shared"]
        assert [entry.job_id for entry in first.jobs()] == [job.job_id()]
    with QoroProvider.local(workers=1) as later:
        assert list(later.jobs()) == []
    assert not path.exists()


def test_jobs_of_a_local_database_are_listed_on_every_port(tmp_path: Path, path: Path) -> None:
    database = tmp_path / "jobs.db"
    with QoroProvider.local(workers=1, database=database, journal=path) as provider:
        job = provider.get_backend().run(bell(), shots=30)
        job.result()
    with QoroProvider.local(workers=1, database=str(database), journal=path) as later:
        (entry,) = later.jobs()
        assert entry.service == f"local:{database}"
        assert sum(entry.retrieve().result().get_counts().values()) == 30
    with QoroProvider.local(workers=1, database=tmp_path / "other.db", journal=path) as other:
        assert list(other.jobs()) == []


def test_without_a_journal_listing_is_an_error_and_nothing_is_written(
    local_service: LocalService, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setenv("QISKIT_QORO_JOURNAL", str(path))
    with QoroProvider(local_service.token, base_url=local_service.url, journal=False) as provider:
        assert provider.journal is None
        provider.get_backend().run(bell()).result()
        with pytest.raises(QoroInputError, match="no journal is kept"):
            provider.jobs()
    assert not path.exists()


def test_copies_and_pickles_of_a_provider_write_to_the_same_journal(recording_provider: QoroProvider) -> None:
    for twin in (copy.deepcopy(recording_provider), pickle.loads(pickle.dumps(recording_provider))):
        twin.get_backend().run(bell()).result()
        twin.close()
    assert len(recording_provider.jobs()) == 2


# --- displaying -----------------------------------------------------------------------------------------


@pytest.fixture
def jobs(path: Path) -> Any:
    record(path, "a", "b", "c", tag="<b>[red]bold</b>", kind=JobKind.SAMPLER, num_circuits=1234)
    return QoroProvider("token", base_url=URL, journal=path).jobs(refresh=False)


def test_a_list_of_jobs_is_a_sequence(jobs: Any) -> None:
    assert len(jobs) == 3
    assert [entry.job_id for entry in jobs] == ["c", "b", "a"]
    assert jobs[0].job_id == "c"
    assert [entry.job_id for entry in jobs[1:]] == ["b", "a"]
    assert type(jobs[1:]) is type(jobs)
    assert jobs[0] in jobs
    assert jobs == jobs[:]
    assert repr(jobs) == "<JobList: 3 jobs>"


def test_a_list_of_jobs_is_printed_as_a_table(jobs: Any) -> None:
    head, *rows = str(jobs).splitlines()
    assert head.split() == ["job", "backend", "kind", "time", "tag", "circuits", "status"]
    assert len(rows) == 3
    assert rows[0].split()[:3] == ["c", "qoro_maestro", "sampler"]
    assert rows[0].split()[-3:] == ["<b>[red]bold</b>", "1234", "SUBMITTED"]


def test_a_list_of_jobs_is_displayed_as_escaped_html_in_a_notebook(jobs: Any) -> None:
    page = jobs._repr_html_()
    assert page.count("<tr>") == 4
    assert "<b>" not in page
    assert "&lt;b&gt;[red]bold&lt;/b&gt;" in page


@pytest.mark.parametrize(("status", "is_shown"), [("RUNNING", True), ("DELETED", False), ("GONE", False)])
def test_the_card_of_an_entry_says_how_to_get_its_job(path: Path, status: str, is_shown: bool) -> None:
    record(path, "a")
    Journal(path).set_status_of(URL, "a", status)
    (entry,) = QoroProvider("token", base_url=URL, journal=path).jobs(refresh=False)
    assert ("retrieve() returns the job." in entry._repr_html_()) is is_shown


def test_the_card_of_the_entry_of_a_characterization_says_how_to_get_its_result(path: Path) -> None:
    record(path, "a", kind=JobKind.CHARACTERIZATION)
    (entry,) = QoroProvider("token", base_url=URL, journal=path).jobs(refresh=False)
    assert "characterize(job_id=..., service=provider.service) returns the result." in entry._repr_html_()


def test_a_notebook_stores_the_first_jobs_of_a_long_list(path: Path) -> None:
    record(path, *(f"job-{number}" for number in range(103)))
    jobs = QoroProvider("token", base_url=URL, journal=path).jobs(refresh=False, limit=None)
    lines = pretty(jobs).splitlines()
    assert len(lines) == 102
    assert lines[-1] == "and 3 more jobs: print() shows all of them"
    assert pretty(jobs[:100]) == str(jobs[:100])
    assert len(str(jobs).splitlines()) == 104


def test_escape_sequences_in_tags_have_no_effect(path: Path) -> None:
    record(path, "a\x1b[2J", tag="\x1b]0;title\x07\u202e\n[/red]")
    jobs = QoroProvider("token", base_url=URL, journal=path).jobs(refresh=False)
    for shown in (str(jobs), jobs._repr_html_()):
        assert r"a\x1b[2J" in shown
        assert r"\x1b]0;title\x07\u202e\n[/red]" in shown
        assert not any(character in shown for character in "\x1b\x07\u202e")
    assert jobs[0].tag == "\x1b]0;title\x07\u202e\n[/red]"


def test_a_narrow_terminal_shows_identifiers_and_statuses_whole(jobs: Any) -> None:
    page = StringIO()
    Console(file=page, width=70).print(jobs)
    shown = page.getvalue()
    for entry in jobs:
        assert entry.job_id in shown
        assert entry.status in shown
    assert max(map(len, shown.splitlines())) <= 70


# --- conditions -----------------------------------------------------------------------------------------


def test_jobs_are_selected_by_kind_and_text_in_upper_or_lower_case(
    recording_provider: QoroProvider,
) -> None:
    backend = recording_provider.get_backend()
    first = backend.run(bell(), tag="50%_Größe").job_id()
    named = bell()
    named.name = "GHZ state"
    second = backend.run(named, tag="plain").job_id()
    recording_provider.service.submit_circuits(
        {"my_label": 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; h q[0];'}, ham_ops="Z"
    )

    def found(**conditions: Any) -> list[str | None]:
        return [entry.job_id for entry in recording_provider.jobs(**conditions)]

    assert found(kind="run") == found(kind=["RUN", "sampler"]) == [second, first]
    assert len(found(kind="Other")) == 1
    assert found(kind="gradient") == []
    assert found(text="0%_g") == found(text="größe") == found(text="GRÖSS") == [first]
    assert found(text="ghz s") == [second]
    assert len(found(text="MY_LABEL")) == 1
    QoroSampler(backend).run([named])
    assert len(found(text="GHZ")) == 2
    assert found(text="mylabel") == found(text="%%") == []
    assert found(text=first[:8].upper()) == [first]
    assert len(found(text="MAESTRO")) == 4
    assert found(text="maestro", kind="run", tag="plain", limit=1) == [second]


def test_jobs_are_selected_until_a_time(path: Path) -> None:
    moments = iter(datetime(2026, 11, day, 12, tzinfo=UTC) for day in range(1, 30))
    journal = Journal(path, now=lambda: next(moments))
    for job_id in ("a", "b", "c"):
        journal.set_job_id(journal.begin(URL, SubmissionFacts(JobKind.RUN, "q", "t", 1)), job_id)
    with QoroProvider("token", base_url=URL, journal=path) as provider:
        listed = partial(provider.jobs, refresh=False)
        until = listed(until=datetime(2026, 11, 2, 12, tzinfo=UTC))
        assert [entry.job_id for entry in until] == ["b", "a"]
        between = listed(
            since=datetime(2026, 11, 2, 12, tzinfo=UTC), until=datetime(2026, 11, 2, 12, tzinfo=UTC)
        )
        assert [entry.job_id for entry in between] == ["b"]
        assert len(listed(until=timedelta(days=-9000))) == 3
        assert list(listed(until=timedelta.max)) == []


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"until": "yesterday"}, "until is 'yesterday', expected a datetime or a timedelta"),
        ({"kind": "job"}, "kind is 'job', expected one of run, sampler, estimator, gradient"),
        ({"kind": ["run", 3]}, "kind is 3, expected one of"),
        ({"text": 3}, "text is 3, expected text"),
        ({"text": ""}, "text is '', expected at least one character"),
        ({"text": "\ud800"}, "expected text that UTF-8 can encode"),
    ],
)
def test_an_invalid_condition_is_refused(path: Path, conditions: dict[str, Any], message: str) -> None:
    with (
        QoroProvider("token", base_url=URL, journal=path) as provider,
        pytest.raises(QoroInputError, match=message),
    ):
        provider.jobs(**conditions)


def test_a_journal_of_an_older_release_is_searched_too(path: Path) -> None:
    """It has no table of programs, so the names of circuits are unknown."""
    record(path, "old", tag="mine")
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE IF EXISTS programs")
        database.commit()
    with QoroProvider("token", base_url=URL, journal=path) as provider:
        assert len(provider.jobs(text="MIN", refresh=False)) == 1
        assert len(provider.jobs(text="bell", refresh=False)) == 0
