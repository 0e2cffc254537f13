"""One client in many threads: every thread gets the results of its own jobs."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from qiskit_qoro.models.config import ExecutionConfig, JobConfig
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.service import QoroService

NUM_THREADS, NUM_JOBS = 20, 200
HEADER = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[8];'


def number_program(number):
    """A program that measures ``number`` in eight bits."""
    flips = "".join(f"x q[{bit}];" for bit in range(8) if number >> bit & 1)
    return f"{HEADER} creg c[8]; {flips} measure q -> c;"


def sampled(service, number):
    job = service.submit_circuits(
        {f"job {number}": number_program(number)},
        override_job_config=JobConfig(shots=number + 1, tag=str(number)),
        override_execution_config=MaestroConfig(seed=number),
    )
    return job, {f"job {number}": {f"{number:08b}": number + 1}}


def estimated(service, number):
    pauli_string = "".join("Z" if number >> bit & 1 else "I" for bit in range(8))
    flips = "".join(f"x q[{bit}];" for bit in range(8) if number >> bit & 1)
    job = service.submit_circuits(
        {str(number): HEADER + flips},
        ham_ops=f"{pauli_string};ZIIIIIII",
        override_execution_config=ExecutionConfig(bond_dimension=number + 1),
    )
    values = {pauli_string: (-1.0) ** number.bit_count(), "ZIIIIIII": 1.0 - 2 * (number & 1)}
    return job, {str(number): values}


def templated(service, number):
    text = "".join(f"rx(a{bit}) q[{bit}];" for bit in range(8))
    values = [3.141592653589793 * (number >> bit & 1) for bit in range(8)]
    entry = TemplateEntry(
        f"{HEADER} creg c[8]; {text} measure q -> c;",
        [f"a{bit}" for bit in range(8)],
        [(f"{number}/{row}", values) for row in range(2)],
    )
    job = service.submit_circuit_templates([entry], override_job_config=JobConfig(shots=number + 1))
    return job, {f"{number}/{row}": {f"{number:08b}": number + 1} for row in range(2)}


KINDS = (sampled, estimated, templated)


@pytest.fixture
def shared(local_service, link_to):
    service = QoroService(
        local_service.token,
        JobConfig(simulator_cluster="qoro_maestro"),
        base_url=local_service.url,
        link=link_to(local_service),
        polling_interval=0.2,
        track_depth=True,
    )
    yield service
    service.close()


def test_no_job_of_200_from_20_threads_is_lost_or_mixed_up(shared):
    def round_trip(number):
        job, expected = KINDS[number % len(KINDS)](shared, number)
        status = shared.poll_job_status(job, loop_until_complete=True, verbose=False)
        assert status is JobStatus.COMPLETED
        results = shared.get_job_results(ExecutionResult(job_id=job.job_id)).results
        assert list(results) == list(expected)
        for label, values in expected.items():
            assert results[label] == pytest.approx(values)
        return job.job_id

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        job_ids = list(pool.map(round_trip, range(NUM_JOBS)))
    assert len(set(job_ids)) == NUM_JOBS
    assert len(shared.depth_history) == NUM_JOBS


def transactions(service):
    """All credit transactions of the account, page by page."""
    page, found, has_next = 0, [], True
    while has_next:
        page += 1
        answer = service.get_credit_transactions(page, 100)
        found += answer["results"]
        has_next = answer["next"] is not None
    return found


def test_the_cost_of_40_jobs_is_the_sum_of_their_charges(shared, local_service):
    # Jobs of other tests may still be running. They would change the balance during this one.
    assert local_service.wait_idle(60)
    before = Decimal(shared.get_credit_balance()["total_used"])

    def submit(number):
        return sampled(shared, number)[0]

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        jobs = list(pool.map(submit, range(40)))
        list(pool.map(lambda job: shared.wait_for_job(job, timeout_s=60), jobs))
    ids = {job.job_id for job in jobs}
    charges = [item for item in transactions(shared) if item["job_id"] in ids]
    assert len(charges) == len({item["job_id"] for item in charges}) == len(ids)
    assert {item["amount"] for item in charges} == {"-0.01"}
    assert Decimal(shared.get_credit_balance()["total_used"]) - before == len(ids) * Decimal("0.01")
