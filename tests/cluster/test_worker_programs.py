"""The commands ``scheduler`` and ``worker`` start in any order, stay connected, and end cleanly."""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client

from qiskit_qoro.local.workers.cluster.agent import describe_worker, run_batch
from qiskit_qoro.local.workers.cluster.batch_codec import encode_batch
from qiskit_qoro.local.workers.cluster.certificates.making import make_temporary
from qiskit_qoro.local.workers.cluster.messages import Batch
from qiskit_qoro.local.workers.cluster.programs.dask_settings import prepare_dask
from qiskit_qoro.local.workers.cluster.security import load_security
from qiskit_qoro.local.workers.tasks import CircuitTask

DEADLINE_S = 30.0
COMMAND = (sys.executable, "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())")
_LAYER = "".join(f"ry(0.{qubit + 1}) q[{qubit}];cx q[{qubit}],q[{(qubit + 7) % 20}];" for qubit in range(20))
SLOW = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[20];\ncreg c[20];\n{_LAYER * 1000}measure q -> c;'


class Program:
    """A process, and the lines that it writes."""

    def __init__(self, *words: str, command: tuple[str, ...] = COMMAND) -> None:
        self.process = subprocess.Popen(
            [*command, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip())

    def line(self) -> str:
        return self.lines.get(timeout=DEADLINE_S)

    def line_after(self, beginning: str) -> str:
        """Return the next line that begins with other words."""
        line = self.line()
        while line.startswith(beginning):
            line = self.line()
        return line

    def end(self, number: signal.Signals) -> float:
        """Send a signal. The process has to succeed and to write nothing. Returns how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(DEADLINE_S) == 0
        assert self.lines.empty()
        return time.monotonic() - began

    def engines(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def listening(self) -> list[str]:
        """The addresses at which it listens."""
        found = psutil.Process(self.process.pid).net_connections()
        return [connection.laddr.ip for connection in found if connection.status == psutil.CONN_LISTEN]


Start = Callable[..., Program]


@pytest.fixture
def start() -> Iterator[Start]:
    programs: list[Program] = []

    def begin(*words: str, command: tuple[str, ...] = COMMAND) -> Program:
        programs.append(Program(*words, command=command))
        return programs[-1]

    yield begin
    for program in programs:
        program.process.kill()
        program.process.wait()
        for stream in (program.process.stdin, program.process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_temporary(tmp_path_factory.mktemp("certificates"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def test_a_worker_waits_for_its_scheduler_and_connects_again(start: Start, certificates: Path) -> None:
    folder = ("--certificates", str(certificates))
    port = free_port()
    address = f"tls://127.0.0.1:{port}"
    worker = start("worker", address, "--processes", "1", "--name", "w", *folder)
    refused = f"No connection with the scheduler at {address}: Connection refused. Trying again."
    connected = f"Connected to {address} as w. Stop with Ctrl-C."
    assert worker.line() == refused

    def start_scheduler() -> Program:
        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", str(port), *folder)
        assert scheduler.line().startswith("The scheduler is ready.")
        assert scheduler.line() == address
        return scheduler

    first = start_scheduler()
    assert worker.line_after("No connection") == connected
    engines = worker.engines()
    assert len(engines) == 1
    first.process.kill()
    assert worker.line() == f"The connection with the scheduler at {address} is lost. Trying again."
    second = start_scheduler()
    assert worker.line_after("No connection") == connected
    assert worker.engines() == engines
    assert worker.end(signal.SIGTERM) < 5
    assert not any(map(psutil.pid_exists, engines))
    assert second.end(signal.SIGINT) < 5


def test_a_scheduler_on_loopback_needs_no_certificates(start: Start) -> None:
    scheduler = start("scheduler", "--port", "0")
    assert "warning: without certificates, other users of this machine" in scheduler.line()
    scheduler.line()
    address = scheduler.line()
    assert address.startswith("tcp://127.0.0.1:")
    worker = start("worker", address, "--processes", "1")
    assert f"Connected to {address} as {socket.gethostname()}-" in worker.line()
    assert {*scheduler.listening(), *worker.listening()} == {"127.0.0.1"}
    worker.process.kill()
    assert scheduler.end(signal.SIGTERM) < 5


def test_other_machines_reach_nothing_but_the_encrypted_port(start: Start, certificates: Path) -> None:
    scheduler = start("scheduler", "--host", "0.0.0.0", "--port", "0", "--certificates", str(certificates))
    scheduler.line()
    address = scheduler.line()
    assert address.startswith("tls://")
    assert not address.startswith("tls://127.")
    assert scheduler.listening().count("0.0.0.0") == 1
    assert set(scheduler.listening()) == {"0.0.0.0", "127.0.0.1"}


def test_workers_with_the_same_name_get_numbers_and_the_given_port(
    start: Start, certificates: Path, tmp_path: Path
) -> None:
    folder = ("--certificates", str(certificates))
    scheduler = start("scheduler", "--port", "0", *folder)
    scheduler.line()
    address = scheduler.line()
    port = free_port()
    worker = ("worker", address, "--processes", "1", "--name", "w")
    first = start(*worker, "--host", "127.0.0.1", "--port", str(port), *folder)
    assert "as w." in first.line()
    second = start(*worker, "--host", "127.0.0.1", "--port", str(free_port()), *folder)
    assert "as w-2." in second.line()
    stranger = start(*worker, "--certificates", str(make_temporary(tmp_path)))
    reason = stranger.line()
    assert ": its certificate is not accepted (" in reason
    assert reason.endswith("): both sides need certificates of the same authority. Trying again.")
    prepare_dask()
    with Client(address, security=load_security(certificates)) as client:
        descriptions = client.run(describe_worker)
    assert f"tls://127.0.0.1:{port}" in descriptions
    assert sorted(description.name for description in descriptions.values()) == ["w", "w-2"]


def test_a_worker_announces_no_loopback_address_to_a_scheduler_with_a_name(
    start: Start, certificates: Path
) -> None:
    folder = ("--certificates", str(certificates))
    scheduler = start("scheduler", "--host", "0.0.0.0", "--port", "0", *folder)
    scheduler.line()
    port = scheduler.line().rpartition(":")[2]
    # A system may resolve the name of the machine to a loopback address.
    worker = start("worker", f"tls://{socket.gethostname()}:{port}", "--processes", "1", *folder)
    assert worker.line().startswith("Connected to ")
    prepare_dask()
    with Client(f"tls://127.0.0.1:{port}", security=load_security(certificates)) as client:
        (announced,) = client.scheduler_info(n_workers=-1)["workers"]
    assert not announced.startswith("tls://127.")


def test_a_worker_that_cannot_listen_ends_with_the_reason(start: Start, certificates: Path) -> None:
    folder = ("--certificates", str(certificates))
    scheduler = start("scheduler", "--port", "0", *folder)
    scheduler.line()
    address = scheduler.line()
    taken = address.rpartition(":")[2]
    faults = [
        ("127.0.0.1", taken, "Address already in use"),
        ("192.0.2.7", "0", "Cannot assign requested address"),
        ("no-host.invalid", "0", ""),
    ]
    workers = [
        start("worker", address, "--processes", "1", "--host", host, "--port", port, *folder)
        for host, port, _ in faults
    ]
    for (host, port, reason), worker in zip(faults, workers, strict=True):
        assert worker.process.wait(DEADLINE_S) == 1
        line = worker.line()
        assert f"the worker cannot listen on port {port} of {host}: {reason}" in line


def test_a_stopped_worker_stops_its_circuits_at_once(start: Start, certificates: Path) -> None:
    folder = ("--certificates", str(certificates))
    scheduler = start("scheduler", "--port", "0", *folder)
    scheduler.line()
    address = scheduler.line()
    worker = start("worker", address, "--processes", "1", "--memory", "1GiB", *folder)
    worker.line()
    prepare_dask()
    with Client(address, security=load_security(certificates)) as client:
        (description,) = client.run(describe_worker).values()
        assert description.memory_limit_bytes == 2**30
        data, templates = encode_batch([CircuitTask("slow", SLOW, 10)], ())
        future = client.submit(run_batch, Batch("job", data, templates, 300.0), pure=False, retries=0)
        (engine,) = map(psutil.Process, worker.engines())
        until(lambda: engine.cpu_times().user > 1.0)
        assert worker.end(signal.SIGINT) < 5
        assert not engine.is_running()
        future.release()


PROGRAMS = {
    "scheduler": "from qiskit_qoro.local.workers.cluster.programs.scheduler import run_scheduler\n"
    "run_scheduler(announce=lambda line: print(line, flush=True), port=0, until_input_ends=True)",
    "worker": "from qiskit_qoro.local.workers.cluster.addresses import parse_scheduler_address\n"
    "from qiskit_qoro.local.workers.cluster.programs.worker import run_worker\n"
    "from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions\n"
    "run_worker(parse_scheduler_address('tcp://127.0.0.1:1'), WorkerOptions(1),\n"
    "    say=lambda line: print(line, flush=True), until_input_ends=True)",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_program_may_end_with_its_input(program: str, start: Start) -> None:
    running = start(command=(sys.executable, "-c", program))
    running.line()
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.process.wait(DEADLINE_S) == 0
