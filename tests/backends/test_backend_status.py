"""The status of a backend, refreshing it, and the least busy backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import responses
from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro import QPU, QoroBackend, QoroInputError, QoroProvider, QPUSystem
from qiskit_qoro.history import Journal
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts

URL = "http://qoro.invalid/api"


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as wire:
        yield wire


def answer_systems(wire: responses.RequestsMock, **qpus: tuple[int, str]) -> None:
    """Have the next listing contain one system, ``ions``, with these QPUs, or no system if there are none."""
    listed = [
        {"nickname": name, "q_bits": width, "status": status, "system_kind": "ion"}
        for name, (width, status) in qpus.items()
    ]
    wire.get(f"{URL}/qpusystem/", json=[{"name": "ions", "qpus": listed}] if listed else [])


@pytest.fixture
def ions(wire: responses.RequestsMock) -> QoroBackend:
    wire.get(f"{URL}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    answer_systems(wire, aria=(5, "online"))
    return QoroProvider("token", base_url=URL).get_backend("ions")


def test_the_status_lists_each_qpu_and_leaves_the_backend_unchanged(
    ions: QoroBackend, wire: responses.RequestsMock
) -> None:
    answer_systems(wire, aria=(5, "offline"), forte=(9, "online"))
    status = ions.status()
    assert (status.backend_name, status.operational) == ("ions", True)
    assert status.status_msg == "aria: offline, forte: online"
    assert status.pending_jobs is None
    assert ions.num_qubits == 5


def test_a_refreshed_backend_has_the_coupling_map_of_its_new_description(
    ions: QoroBackend, wire: responses.RequestsMock
) -> None:
    properties = DeviceProperties((OperationProperties("cz", (0, 1)),))
    old = QoroBackend(
        QPUSystem("ions", (QPU("aria", 2, "online", "ion", properties=properties),)), ions.service
    )
    assert set(old.coupling_map) == {(0, 1), (1, 0)}
    answer_systems(wire, aria=(5, "online"))
    old.refresh()
    assert old.coupling_map is None


@pytest.mark.parametrize(
    ("qpus", "message"),
    [({"aria": (5, "maintenance")}, "aria: maintenance"), ({}, "not listed by the service")],
)
def test_the_status_of_a_system_without_an_operational_qpu_is_not_operational(
    qpus: dict[str, tuple[int, str]], message: str, ions: QoroBackend, wire: responses.RequestsMock
) -> None:
    answer_systems(wire, **qpus)
    status = ions.status()
    assert (status.operational, status.status_msg) == (False, message)


def test_a_simulator_is_operational_if_it_is_listed(wire: responses.RequestsMock) -> None:
    for _ in range(2):
        wire.get(f"{URL}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    wire.get(f"{URL}/simulatorcluster/", json=[])
    answer_systems(wire)
    backend = QoroProvider("token", base_url=URL).get_backend("qoro_maestro")
    assert backend.status().operational
    assert not backend.status().operational


def test_a_refreshed_backend_has_its_current_width_and_state(
    ions: QoroBackend, wire: responses.RequestsMock
) -> None:
    before = ions.target
    answer_systems(wire, aria=(5, "online"), forte=(9, "online"))
    ions.refresh()
    assert ions.num_qubits == ions.target.num_qubits == 9
    assert before.num_qubits == 5
    answer_systems(wire, aria=(5, "offline"))
    ions.refresh()
    assert not ions.is_operational


def test_a_failed_refresh_leaves_the_backend_unchanged(
    ions: QoroBackend, wire: responses.RequestsMock
) -> None:
    answer_systems(wire)
    with pytest.raises(QiskitBackendNotFoundError, match="does not list 'ions' any more"):
        ions.refresh()
    wire.get(f"{URL}/qpusystem/", json=[{"name": "ions", "qpus": []}])
    with pytest.raises(QoroInputError, match="no QPU"):
        ions.refresh()
    assert (ions.num_qubits, ions.is_operational) == (5, True)


def test_the_least_busy_backend_has_the_fewest_unfinished_jobs_of_this_machine(
    wire: responses.RequestsMock, tmp_path: Path
) -> None:
    for _ in range(2):
        wire.get(f"{URL}/simulatorcluster/", json=[{"name": "first"}, {"name": "second"}])
        answer_systems(wire, aria=(5, "offline"))
    journal = Journal(tmp_path / "journal.sqlite3")
    for job_id, target in (("a", "first"), ("b", "first"), ("c", "second")):
        number = journal.begin(URL, SubmissionFacts(JobKind.RUN, target, "t", 1))
        journal.set_job_id(number, job_id)
        journal.set_stage(number, Stage.SUBMITTED)
    provider = QoroProvider("token", base_url=URL, journal=journal.path or True)

    for job_id, status in (("a", "RUNNING"), ("b", "PENDING"), ("c", "RUNNING")):
        wire.get(f"{URL}/job/{job_id}/status/", json={"status": status})
    assert provider.least_busy().name == "second"
    for job_id in "ab":
        wire.upsert(responses.GET, f"{URL}/job/{job_id}/status/", json={"status": "COMPLETED"})
    assert provider.least_busy().name == "first"


def test_without_a_journal_the_first_operational_backend_is_the_least_busy(
    wire: responses.RequestsMock,
) -> None:
    wire.get(f"{URL}/simulatorcluster/", json=[{"name": "first"}, {"name": "second"}])
    answer_systems(wire, aria=(5, "online"))
    assert QoroProvider("token", base_url=URL, journal=False).least_busy().name == "first"


@pytest.mark.parametrize(
    "content",
    [b"This is no database. " * 100, b"SQLite format 3\0" + b"\xff" * 1000],
    ids=["text", "damaged"],
)
def test_with_an_unusable_journal_the_first_operational_backend_is_the_least_busy(
    wire: responses.RequestsMock, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    wire.get(f"{URL}/simulatorcluster/", json=[{"name": "first"}, {"name": "second"}])
    answer_systems(wire, aria=(5, "online"))
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(content)
    assert QoroProvider("token", base_url=URL, journal=path).least_busy().name == "first"
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"{path} cannot be used" in record.message
    assert "All operational backends are treated as equally busy" in record.message
    assert path.read_bytes() == content


def test_a_single_candidate_needs_no_journal(wire: responses.RequestsMock, tmp_path: Path) -> None:
    wire.get(f"{URL}/simulatorcluster/", json=[{"name": "first"}])
    answer_systems(wire, aria=(5, "online"))
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"This is no database. " * 100)
    provider = QoroProvider("token", base_url=URL, journal=path)
    assert provider.least_busy(simulator=True).name == "first"


def test_least_busy_raises_if_no_backend_meets_the_conditions(wire: responses.RequestsMock) -> None:
    wire.get(f"{URL}/simulatorcluster/", json=[{"name": "qoro_maestro"}])
    answer_systems(wire, aria=(5, "offline"))
    with pytest.raises(QiskitBackendNotFoundError, match="no operational backend"):
        QoroProvider("token", base_url=URL).least_busy(simulator=False)
