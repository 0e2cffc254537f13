"""A cluster on this machine, which a service starts and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import serve

LIMIT_S = 60.0


def programs_of(pid: int) -> dict[str, psutil.Process]:
    """The scheduler and the workers that a process has started."""
    found = {}
    for child in psutil.Process(pid).children():
        with suppress(psutil.Error):  # it has just died
            command = " ".join(child.cmdline())
            names = [name for name in ("local_scheduler", "local-1", "local-2") if name in command]
            found.update(dict.fromkeys(names, child))
    return found


def run_circuits(provider: QoroProvider, count: int = 20) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    result = provider.get_backend("qoro_maestro").run([circuit] * count, shots=10).result(timeout=LIMIT_S)
    assert [result.get_counts(index) for index in range(count)] == [{"1": 10}] * count


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder for temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def provider(folder: Path) -> Iterator[QoroProvider]:
    with QoroProvider.local(cluster="local:2", journal=False) as provider:
        run_circuits(provider)
        yield provider
    assert list(folder.glob("qiskit-qoro-cluster-*")) == []


@pytest.mark.parametrize("name", ["local-1", "local_scheduler"])
def test_what_dies_is_started_again(provider, wait_until, name):
    before = programs_of(os.getpid())[name]

    before.kill()

    wait_until(lambda: programs_of(os.getpid()).get(name, before) != before)
    run_circuits(provider)


def test_all_connections_are_encrypted_with_certificates_that_others_cannot_read(provider, folder):
    run_circuits(provider)  # now a worker is connected
    (machine, *_) = provider._connection.local_service().parts.pool.snapshot().machines
    assert machine.address.startswith("tls://127.0.0.1:")
    (certificates,) = folder.glob("qiskit-qoro-cluster-*")
    assert certificates.stat().st_mode & 0o777 == 0o700


def test_a_script_without_a_main_guard_runs_once_and_its_cluster_ends_if_it_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
from qiskit import QuantumCircuit
from qiskit_qoro import QoroProvider
provider = QoroProvider.local(cluster="local:1", journal=False)
circuit = QuantumCircuit(1, 1)
circuit.measure(0, 0)
print(provider.get_backend("qoro_maestro").run(circuit, shots=10).result().get_counts(), flush=True)
import threading; threading.Event().wait()
""")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout.readline() == "{'0': 10}\n"
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) == 3  # the scheduler, the worker and its engine

        process.send_signal(signal.SIGKILL)

        assert psutil.wait_procs(children, LIMIT_S)[1] == []
        assert process.stdout.read() == ""
    assert list(tmp_path.glob("qiskit-qoro-cluster-*")) == []


def test_a_cluster_on_this_machine_takes_no_certificates():
    with pytest.raises(QoroInputError, match="the cluster local:2 takes no certificates from a folder"):
        serve(cluster="local:2", cluster_certificates="folder")
