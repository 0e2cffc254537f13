"""A cluster whose workers are jobs of dask-jobqueue, here processes of this machine."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import psutil
import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import serve
from qiskit_qoro.local.workers.cluster.certificates.making import make_temporary
from qiskit_qoro.local.workers.cluster.started.job_queue_cluster import JobQueueCluster

LIMIT_S = 60.0


@pytest.fixture
def certificates(tmp_path) -> Path:
    folder = tmp_path / "certificates"
    folder.mkdir(mode=0o700)
    return make_temporary(folder)


def cluster_file(folder: Path, options: str) -> Path:
    path = folder / "cluster.yaml"
    path.write_text(f"cluster: local\njobs: 1\nscheduler: {{host: 127.0.0.1}}\noptions: {options}\n")
    return path


def test_jobs_get_an_agent_run_circuits_over_tls_and_end_with_the_service(tmp_path, certificates):
    path = cluster_file(tmp_path, f"{{cores: 1, memory: 2GB, local_directory: {tmp_path / 'scratch'}}}")
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    with QoroProvider.local(cluster=str(path), cluster_certificates=certificates, journal=False) as provider:
        counts = provider.get_backend("qoro_maestro").run(circuit, shots=10).result(timeout=LIMIT_S)
        (machine,) = provider._connection.local_service().parts.pool.snapshot().machines
        children = psutil.Process(os.getpid()).children(recursive=True)

    assert counts.get_counts() == {"1": 10}
    assert machine.address.startswith("tls://")
    assert machine.processes == 1
    assert psutil.wait_procs(children, LIMIT_S)[1] == []


def test_a_job_that_cannot_be_started_is_logged_with_the_reason(tmp_path, certificates, caplog, wait_until):
    path = cluster_file(tmp_path, "{cores: 1, memory: 2GB, python: /no/python}")
    cluster = JobQueueCluster(path, certificates)
    with caplog.at_level(logging.WARNING):
        cluster.start()
        wait_until(lambda: caplog.records)
        cluster.close()

    assert caplog.records[0].getMessage().startswith(f"a job of the cluster {path} cannot be started: ")
    assert "/no/python" in caplog.text or "No such file" in caplog.text


def test_a_missing_file_is_named_before_missing_certificates(tmp_path, monkeypatch):
    monkeypatch.delenv("QISKIT_QORO_CERTIFICATES", raising=False)
    with pytest.raises(QoroInputError, match=r"missing\.yaml cannot be read: No such file"):
        serve(cluster=str(tmp_path / "missing.yaml"))


def test_a_file_needs_certificates(tmp_path, monkeypatch):
    monkeypatch.delenv("QISKIT_QORO_CERTIFICATES", raising=False)
    with pytest.raises(QoroInputError, match="no folder is given"):
        serve(cluster=str(cluster_file(tmp_path, "{cores: 1, memory: 2GB}")))
