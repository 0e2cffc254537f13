"""The jobs of all services, without a token for any of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import ExecutionConfig, QoroProvider
from qiskit_qoro.history import Journal
from qiskit_qoro.pages.journal_source.source import JournalSource
from qiskit_qoro.pages.source import RefusedError
from qiskit_qoro.pages.views import JobFilter
from qiskit_qoro.service.credentials import CLOUD_URL

from .conftest import URL


@pytest.fixture
def everything(path: Path) -> JournalSource:
    return JournalSource.of_all_services(Journal(path))


def test_the_list_has_the_last_known_statuses_and_nothing_can_be_changed(
    everything: JournalSource, record: Callable[..., str]
) -> None:
    record("a", "COMPLETED")
    record("b", "RUNNING", service="https://other.invalid/api")
    everything.refresh()
    page = everything.jobs(JobFilter(), limit=5, offset=0)
    assert [(row.job_id, row.status) for row in page.rows] == [("b", "RUNNING"), ("a", "COMPLETED")]
    assert not any(row.actions for row in page.rows)
    assert [row.service for row in page.rows] == ["https://other.invalid/api", URL]
    assert everything.job("b").row.service == "https://other.invalid/api"
    assert page.num_unknown == 1
    assert "qiskit-qoro login" in everything.facts.note
    for change in (everything.cancel, everything.delete, everything.resubmit):
        with pytest.raises(RefusedError, match="No token"):
            change("a")
    assert everything.targets() == []
    assert everything.credits(limit=5, offset=0).note == "The credits are not known without a token."
    assert everything.characterization("a") is None
    assert everything.report("a") is None


@pytest.mark.parametrize(
    ("service", "provider"),
    [
        (CLOUD_URL, "QoroProvider()"),
        ("https://other.invalid/api", "QoroProvider(base_url='https://other.invalid/api')"),
        ("local:/home/me/jobs.db", "QoroProvider.local(database='/home/me/jobs.db')"),
        ("local:", "QoroProvider.local()"),
    ],
)
def test_the_code_of_a_job_names_its_service(
    everything: JournalSource, record: Callable[..., str], service: str, provider: str
) -> None:
    record("a", "COMPLETED", service=service)
    assert everything.job("a").code.splitlines()[1] == f"job = {provider}.retrieve_job('a')"


def test_a_job_shows_what_the_journal_keeps_of_it(
    cloud: QoroProvider, everything: JournalSource, settle: Callable[..., Any]
) -> None:
    circuit = QuantumCircuit(1, name="kept")
    circuit.measure_all()
    config = ExecutionConfig(bond_dimension=16)
    job = cloud.get_backend().run([circuit] * 2, shots=10, execution_config=config)
    job.result()
    view = settle(lambda: everything.job(job.job_id()), lambda view: not view.is_loading)
    assert (view.shots, list(view.settings)) == (20, [("bond_dimension", "16")])
    shown = everything.circuit(job.job_id(), 1)
    assert shown is not None
    assert (shown.row.name, shown.row.status, shown.outcome) == ("kept", "COMPLETED", None)
    assert shown.row.summary == "The result is not known without a token."
    assert str(shown.program).startswith("OPENQASM 2.0")
    page = everything.circuits(job.job_id(), status="COMPLETED", limit=5, offset=0)
    assert (page.total, page.by_status, page.is_loading) == (2, {"COMPLETED": 2}, False)
