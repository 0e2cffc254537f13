"""The pages of the jobs of a real local service: they show and change what Python submits."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro import JobCancelledError, JobFailedError, QoroBackend, QoroEstimator, QoroProvider
from qiskit_qoro.errors import NotFoundError
from qiskit_qoro.local import FaultInjection, LocalService, serve
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod

from .reading import ReadPage
from .visiting import Visit, visit_service


def backend_of(service: LocalService) -> QoroBackend:
    provider = QoroProvider(service.token, base_url=service.url, journal=False)
    return provider.get_backend("qoro_maestro")


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with serve(workers=1) as service:
        yield service


@pytest.fixture
def backend(service: LocalService) -> QoroBackend:
    return backend_of(service)


@pytest.fixture
def visit(service: LocalService) -> Iterator[Visit]:
    with visit_service(service) as visit:
        yield visit


def bell(name: str = "bell") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def counts_on(page: ReadPage) -> dict[str, int]:
    table = next(table for table in page.tables if table.headings[0] == "Outcome")
    return {outcome: int(count.replace(",", "")) for outcome, count, _ in table.rows}


def program_on(visit: Visit, name: str) -> str:
    """The text of a program on the page, as a browser copies it."""
    found = re.search(f'<pre id="{name}"[^>]*><code>(.*?)</code>', visit.answer.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def rows_of(page: ReadPage) -> list[dict[str, str]]:
    return [dict(zip(page.tables[0].headings, row, strict=True)) for row in page.tables[0].rows]


def test_the_first_page_of_a_service_shows_how_to_submit_a_job() -> None:
    with serve(workers=1) as service, visit_service(service) as visit:
        page = visit.get("/pages/jobs")
    assert "There are no jobs yet" in page.text
    assert f"provider = QoroProvider(base_url={service.url!r})" in page.text
    assert service.token not in visit.answer.text


def test_the_programs_on_the_pages_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(workers=1) as service, visit_service(service) as visit:
        monkeypatch.setenv("QORO_API_KEY", service.token)
        visit.get("/pages/jobs")
        names: dict[str, Any] = {}
        exec(program_on(visit, "first-job"), names)
        job = names["job"]
        assert len(rows_of(visit.get("/pages/jobs"))) == 1
        page = visit.get(f"/pages/jobs/{job.job_id()}")
        exec(program_on(visit, "fetch-code"), names)
        assert names["job"] is not job
        assert names["job"].result().get_counts() == job.result().get_counts() == counts_on(page)


def test_a_job_is_listed_and_its_counts_are_those_of_its_result(backend: QoroBackend, visit: Visit) -> None:
    job = backend.run([bell("first"), bell("second")], shots=1234, tag="two <bells>")
    result = job.result()
    (row,) = rows_of(visit.get("/pages/jobs?tag=two+%3Cbells%3E"))
    assert row["Job"] == job.job_id()[:8]
    assert row["Submitted"] == "just now"
    assert {name: row[name] for name in ("Status", "Circuits", "Tag", "Kind", "Target")} == {
        "Status": "COMPLETED",
        "Circuits": "2 of 2",
        "Tag": "two <bells>",
        "Kind": "run",
        "Target": "qoro_maestro",
    }
    for position, name in enumerate(["first", "second"]):
        page = visit.get(f"/pages/jobs/{job.job_id()}?circuit={position}")
        assert counts_on(page) == result.get_counts(name)
        assert page.tables[0].rows[position][1] == name
    assert page.facts["Shots of all circuits"] == "2,468"
    assert page.facts["Cost"] == "0.02 credits"
    assert f"retrieve_job({job.job_id()!r})" in page.text


def test_expectation_values_of_a_sweep_are_those_of_the_result(backend: QoroBackend, visit: Visit) -> None:
    circuit, angle = QuantumCircuit(2), Parameter("a")
    circuit.rx(angle, 0)
    circuit.cx(0, 1)
    job = QoroEstimator(backend).run([(circuit, SparsePauliOp("ZI"), [0.5, 1.0, 3.0])])
    values = job.result()[0].data.evs
    for position, value in enumerate(values):
        page = visit.get(f"/pages/jobs/{job.job_id()}?circuit={position}")
        table = next(table for table in page.tables if table.headings[0] == "Observable")
        assert table.rows[0][0] == "ZI"
        assert float(table.rows[0][1].replace("−", "-")) == pytest.approx(value, abs=1e-5)


def test_the_reason_of_a_failed_job_is_that_of_its_error(backend: QoroBackend, visit: Visit) -> None:
    circuit = QuantumCircuit(60, 60)
    circuit.h(range(60))
    for qubit in range(59):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(60), range(60))
    job = backend.run(
        circuit, shots=10, execution_config=ExecutionConfig(simulation_method=SimulationMethod.Statevector)
    )
    with pytest.raises(JobFailedError, match="qubits") as failure:
        job.result()
    page = visit.get(f"/pages/jobs/{job.job_id()}")
    headings = [text for _, text in page.headings]
    assert "Why it failed" in headings
    reason = page.text.partition("Why it failed ")[2]
    assert reason[:60] in str(failure.value)
    assert visit.part(f"/pages/jobs/{job.job_id()}").text.count("hx-get") == 0


def test_a_job_is_submitted_again(backend: QoroBackend, visit: Visit) -> None:
    job = backend.run(bell(), shots=500, tag="again")
    job.result()
    visit.get(f"/pages/jobs/{job.job_id()}")
    page = visit.send(visit.forms("/resubmit")[0])
    new_id = visit.answer.url.rpartition("/")[2]
    assert new_id != job.job_id()
    assert "This is a new job." in page.text
    counts = backend.provider.retrieve_job(new_id).result().get_counts()
    assert sum(counts.values()) == 500
    assert counts_on(visit.get(f"/pages/jobs/{new_id}")) == counts
    assert {row["Job"] for row in rows_of(visit.get("/pages/jobs?tag=again"))} == {
        job.job_id()[:8],
        new_id[:8],
    }


def test_a_deleted_job_is_gone(backend: QoroBackend, visit: Visit) -> None:
    job = backend.run(bell(), tag="gone")
    job.result()
    visit.get("/pages/jobs?tag=gone")
    page = visit.send(visit.forms("/delete")[0])
    assert "The job and its results are deleted." in page.text
    assert "No job meets the filter" in page.text
    visit.get(f"/pages/jobs/{job.job_id()}")
    assert visit.answer.status_code == 404
    with pytest.raises(NotFoundError, match="404"):
        backend.provider.retrieve_job(job.job_id())


def test_a_waiting_job_is_cancelled_from_the_list_and_the_page_of_the_job_stops_asking() -> None:
    with (
        serve(workers=1, fault_injection=FaultInjection(pending_time_s=3600)) as service,
        visit_service(service) as visit,
    ):
        job = backend_of(service).run([bell(), bell()], tag="waits")
        (row,) = rows_of(visit.get("/pages/jobs?status=PENDING"))
        assert (row["Status"], row["Circuits"], row["Duration"]) == ("PENDING", "0 of 2", "–")
        assert "hx-get" in visit.part(f"/pages/jobs/{job.job_id()}").text
        visit.get("/pages/jobs?status=PENDING")
        page = visit.send(visit.forms("/cancel")[0])
        assert "The job is cancelled." in page.text
        assert visit.answer.url.endswith("/pages/jobs?status=PENDING&page=1")
        with pytest.raises(JobCancelledError, match="cancel"):
            job.result()
        assert "hx-get" not in visit.part(f"/pages/jobs/{job.job_id()}").text


def test_a_job_with_many_circuits_has_pages(backend: QoroBackend, visit: Visit) -> None:
    job = backend.run([bell(f"c{number}") for number in range(60)], shots=1)
    job.result()
    page = visit.get(f"/pages/jobs/{job.job_id()}?page=2")
    assert [row[1] for row in page.tables[0].rows] == [f"c{number}" for number in range(50, 60)]
    page = visit.get(f"/pages/jobs/{job.job_id()}?status=FAILED")
    assert "No circuit has this status." in page.text
