"""A cluster of real processes: a scheduler, workers and services. They talk over TLS on the loopback address.

All tests share one cluster. A test may kill any of its processes: whatever is missing is started again for
the next test. The lines that the processes write during a test are shown if the test fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
import requests

from qiskit_qoro.models.config import DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome, JobState, JobStatus
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.service import QoroService

COMMAND = (sys.executable, "-P", "-c", "import sys; from qiskit_qoro.cli import main; sys.exit(main())")
START_LIMIT_S = 60.0
END_LIMIT_S = 10.0
TEST_LIMIT_S = 120
BUSY_SHARE = 0.2  # of a processor

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'


def wait_until(holds: Callable[[], object], what: str, limit_s: float = START_LIMIT_S) -> None:
    """Wait until a condition holds that nothing reports. Fails after the limit."""
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, f"{what}: not within {limit_s:g} s"
        threading.Event().wait(0.01)


# --- processes ------------------------------------------------------------------------------------------


class Program:
    """A command that runs, and the lines that it has written.

    Attributes:
        name: What the tests call it.
        lines: What it has written to standard output and standard error so far.
    """

    def __init__(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.lines: list[str] = []
        self._written = threading.Condition()
        self._process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that the processes that it starts can be ended with it
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, name=f"read-{name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                with self._written:
                    self.lines.append(line.rstrip("\n"))
                    self._written.notify_all()
        with self._written:
            self._written.notify_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, pattern: str, *, after: int = 0, limit_s: float = START_LIMIT_S) -> re.Match[str]:
        """Wait for a line that contains a pattern. Fails after the limit, or if the program ends before.

        Args:
            pattern: A regular expression.
            after: How many of the first lines are left out.
            limit_s: Seconds to wait at most.
        """
        end = time.monotonic() + limit_s
        with self._written:
            while True:
                found = next(filter(None, (re.search(pattern, line) for line in self.lines[after:])), None)
                if found is not None:
                    return found
                said = "\n".join(self.lines)
                assert self._reader.is_alive(), f"{self.name} has ended without {pattern!r}:\n{said}"
                left_s = end - time.monotonic()
                assert left_s > 0, f"{self.name} has not written {pattern!r} in {limit_s:g} s:\n{said}"
                self._written.wait(left_s)

    def wait_for_end(self, limit_s: float = END_LIMIT_S) -> int:
        """Wait until the program has ended and all that it wrote has been read. Returns its exit code."""
        code = self._process.wait(limit_s)
        self._reader.join(limit_s)
        return code

    def kill(self) -> None:
        """Kill the process as ``kill -9`` does. It is the only one that gets the signal."""
        self._process.kill()
        self._process.wait(END_LIMIT_S)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> None:
        """End the program, and kill whatever is left of it."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_LIMIT_S)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(END_LIMIT_S)
        self._reader.join(END_LIMIT_S)

    def engine_pids(self) -> list[int]:
        """The processes that it has started."""
        with suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(self.pid).children(recursive=True)]
        return []

    def engine_cpu_s(self) -> float:
        """The processor time of the processes that it has started, and that still run."""
        return sum(cpu_s(pid) for pid in self.engine_pids())


def cpu_s(pid: int) -> float:
    """The processor time that a process has used, or 0 if it has ended."""
    with suppress(psutil.NoSuchProcess):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def is_busy(pid: int, for_s: float = 0.1) -> bool:
    """Whether a process uses the processor."""
    before = cpu_s(pid)
    threading.Event().wait(for_s)
    return cpu_s(pid) - before > BUSY_SHARE * for_s


class Service(Program):
    """A service in a process of its own, and its client."""

    token = "cluster-token"

    def __init__(
        self, name: str, database: Path, certificates: Path, *arguments: str, environment: Mapping[str, str]
    ) -> None:
        options = ["--token", self.token, "--database", str(database)]
        options += [
            "--certificate",
            str(certificates / "https.pem"),
            "--key",
            str(certificates / "https.key"),
        ]
        options += arguments
        super().__init__(name, "serve", *options, environment=environment)
        self.database = database

    def connect(self) -> None:
        """Wait until the service accepts requests."""
        self.url = self.wait_for(r"QORO_API_URL=(\S+)")[1]
        self.client = QoroService(self.token, base_url=self.url, polling_interval=0.1, progress=False)

    @staticmethod
    def job_config(shots: int) -> JobConfig:
        return JobConfig(shots=shots, simulator_cluster=DEFAULT_SIMULATOR_CLUSTER)

    def submit(self, circuits: Mapping[str, str], *, shots: int = 100, **options: Any) -> ExecutionResult:
        return self.client.submit_circuits(circuits, override_job_config=self.job_config(shots), **options)

    def submit_rows(self, count: int, *, shots: int = 100) -> ExecutionResult:
        """Submit rows of a template that each take as long as a shot of a numbered circuit for each shot."""
        text = f"{HEADER}qreg q[12]; creg c[12]; h q[0]; reset q[0]; rx(angle) q[1]; measure q -> c;\n"
        values = [(f"row-{row}", (0.001 * row,)) for row in range(count)]
        template = TemplateEntry(text, ("angle",), values)
        return self.client.submit_circuit_templates([template], override_job_config=self.job_config(shots))

    def state(self, job: ExecutionResult) -> JobState:
        return self.client.get_job_state(job)

    def wait_for_status(
        self, job: ExecutionResult, status: JobStatus, limit_s: float = START_LIMIT_S
    ) -> None:
        wait_until(lambda: self.state(job).status is status, f"{job.job_id} becomes {status}", limit_s)

    def wait_for_results(self, job: ExecutionResult, number: int, limit_s: float = START_LIMIT_S) -> None:
        """Wait until a job has a number of results, and is still running."""
        wait_until(lambda: (self.state(job).num_finished or 0) >= number, f"{number} results", limit_s)
        assert self.state(job).status is JobStatus.RUNNING

    def outcome(self, job: ExecutionResult, limit_s: float = START_LIMIT_S) -> JobOutcome:
        """Wait for the end of a job, and return its outcome."""
        self.client.wait_for_job(job, timeout_s=limit_s)
        return self.client.get_job_outcome(job)

    def counts(self, circuits: Mapping[str, str], **options: Any) -> Mapping[str, Any]:
        """Run circuits as one job, and return their counts."""
        outcome = self.outcome(self.submit(circuits, **options))
        assert outcome.reason is None
        return outcome.results

    def result_items(self, job: ExecutionResult) -> dict[int, Any]:
        """Fetch the results of a job as they were stored, by the positions of their circuits."""
        answer = requests.get(
            f"{self.url}/job/{job.job_id}/resultsV2/?limit=1000&offset=0",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=START_LIMIT_S,
        )
        return dict(enumerate(answer.json()["results"]))

    def stored(self, job: ExecutionResult) -> dict[int, Any]:
        """Read the results of a job from the database, by the positions of their circuits.

        The service must have been killed: as long as it runs, nobody else can read the file.
        """
        with TemporaryDirectory() as folder:
            for path in self.database.parent.glob(f"{self.database.name}*"):
                shutil.copy(path, folder)
            with closing(sqlite3.connect(Path(folder, self.database.name))) as connection:
                rows = connection.execute(
                    "SELECT position, item FROM results JOIN jobs ON job = number WHERE job_id = ?",
                    (job.job_id,),
                ).fetchall()
        return {position: json.loads(item) for position, item in rows}


# --- the cluster ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WorkerKind:
    """The options of a worker of the shared cluster."""

    name: str
    arguments: tuple[str, ...]


class Cluster:
    """A scheduler, two workers with one engine process each, and a service.

    Attributes:
        folder: Scratch space.
        certificates: The folder with the certificates of the cluster.
        port: The port of the scheduler. It is the same after a restart.
    """

    kinds = (
        WorkerKind("small", ("--processes", "1", "--memory", "64MiB")),
        WorkerKind("large", ("--processes", "1", "--memory", "2GiB", "--tag", "roomy")),
    )

    def __init__(self, folder: Path, certificates: Path) -> None:
        self.folder = folder
        self.certificates = certificates
        self.port = free_port()
        self.programs: list[Program] = []  # all that have been started, in this order
        self.scheduler: Program | None = None
        self.workers: dict[str, Program] = {}
        self.service: Service | None = None

    @property
    def address(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the programs of the cluster and the clients of its services need to trust each other."""
        return {
            "QISKIT_QORO_CERTIFICATES": str(self.certificates),
            "REQUESTS_CA_BUNDLE": str(self.certificates / "https-authority.pem"),
            # The workers share the processors of this machine, and none of them knows of the others.
            "OMP_NUM_THREADS": "1",
        }

    def start_program(
        self, name: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> Program:
        program = Program(name, *arguments, environment=self.environment | dict(environment or {}))
        self.programs.append(program)
        return program

    def start_scheduler(self) -> Program:
        self.scheduler = self.start_program(
            "scheduler", "scheduler", "--host", "127.0.0.1", "--port", str(self.port)
        )
        return self.scheduler

    def start_worker(
        self, name: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> Program:
        """Start a worker. Nothing waits until it is ready."""
        program = self.start_program(
            name, "worker", self.address, "--name", name, *arguments, environment=environment
        )
        self.workers[name] = program
        return program

    def start_workers(self) -> None:
        """Start the workers that do not run. Nothing waits until they are ready."""
        for kind in self.kinds:
            worker = self.workers.get(kind.name)
            if worker is None or not worker.is_running:
                self.start_worker(kind.name, *kind.arguments)

    def start_service(self, database: str) -> Service:
        """Start a service with a database of some name. Nothing waits until it is ready."""
        path = self.folder / f"{database}.sqlite3"
        service = Service(
            "service", path, self.certificates, "--cluster", self.address, environment=self.environment
        )
        self.programs.append(service)
        return service

    def restart_service(self) -> Service:
        """Start the service again, on its database, and wait until it accepts requests."""
        assert self.service is not None
        self.service = self.start_service(self.service.database.stem)
        self.service.connect()
        return self.service

    def wait_for_busy_engine(self) -> int:
        """Wait until one process of the workers is busy for a while, and no other one. Return it."""
        seen: list[list[int]] = []

        def is_one_busy() -> bool:
            pids = [pid for worker in self.workers.values() for pid in worker.engine_pids()]
            seen.append([pid for pid in pids if is_busy(pid)])
            return len(seen[-1]) == 1 and seen[-3:] == [seen[-1]] * 3

        wait_until(is_one_busy, "one engine is busy")
        return seen[-1][0]

    def repair(self) -> None:
        """Start what is missing, and wait until jobs run on all workers."""
        if self.scheduler is None or not self.scheduler.is_running:
            self.start_scheduler().wait_for(rf":{self.port}\b")
        self.start_workers()
        if self.service is None or not self.service.is_running:
            self.service = self.start_service(f"jobs-{len(self.programs)}")
            self.service.connect()
        self._wait_for_workers(self.service)

    def _wait_for_workers(self, service: Service) -> None:
        before = {name: worker.engine_cpu_s() for name, worker in self.workers.items()}

        def have_all_worked() -> bool:
            service.counts(numbered(8), shots=50)
            return all(worker.engine_cpu_s() > before[name] for name, worker in self.workers.items())

        wait_until(have_all_worked, "jobs run on all workers")

    def retire(self, name: str) -> None:
        """End a worker that a test has started."""
        self.workers.pop(name).end()

    def restart(self) -> None:
        """End everything, so that the next test begins with new processes."""
        self.close()
        self.workers.clear()

    def close(self) -> None:
        """End everything."""
        for program in self.programs:
            program.signal(signal.SIGTERM)
        for program in self.programs:
            program.end()


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates of a cluster."""
    folder = tmp_path_factory.mktemp("cluster") / "certificates"
    command = [*COMMAND, "certificates", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=START_LIMIT_S)
    return folder


@pytest.fixture(scope="session")
def shared_cluster(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster of all tests, in the state that the last test has left it in."""
    cluster = Cluster(tmp_path_factory.mktemp("jobs"), certificates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", cluster.environment["REQUESTS_CA_BUNDLE"])
        try:
            yield cluster
        finally:
            cluster.close()


@pytest.fixture
def cluster(shared_cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The cluster of all tests. Everything runs."""
    seen = {program.pid: len(program.lines) for program in shared_cluster.programs}
    request.node.stash[_CLUSTER] = shared_cluster, seen
    shared_cluster.repair()
    yield shared_cluster
    if request.node.stash.get(_FAILED, False):  # it may have left jobs and stopped processes
        shared_cluster.restart()


@pytest.fixture
def service(cluster: Cluster) -> Service:
    """The service of the cluster."""
    assert cluster.service is not None
    return cluster.service


# --- circuits -------------------------------------------------------------------------------------------


def _layers(qubits: int, number: int, begin: str = "") -> str:
    gates = "".join(f"ry(0.1) q[{bit}]; cx q[{bit}],q[{(bit + 1) % qubits}]; " for bit in range(qubits))
    return f"{HEADER}qreg q[{qubits}]; creg c[{qubits}]; {begin} {number * gates} measure q -> c;\n"


class Cases:
    """Circuits, and functions that tests share."""

    wait_until = staticmethod(wait_until)
    is_busy = staticmethod(is_busy)

    # Because of the reset, the engine simulates each shot: 100 shots take a minute or more.
    endless = _layers(16, 300, "h q[0]; reset q[0];")
    # It needs 256 MiB, and takes a minute or more.
    wide_endless = _layers(24, 100)

    @staticmethod
    def numbered(count: int) -> dict[str, str]:
        """Return circuits whose outcomes say which one it was, in their lowest ten bits."""
        return numbered(count)

    @staticmethod
    def check_numbered(results: Mapping[str, Mapping[str, int]], count: int, shots: int) -> None:
        """Fail unless each of the numbered circuits has its own counts, once, in order."""
        assert list(results) == list(numbered(count))
        for index, counts in enumerate(results.values()):
            assert sum(counts.values()) == shots
            assert {outcome[-10:] for outcome in counts} == {format(index, "010b")}


def numbered(count: int) -> dict[str, str]:
    """Circuits that each take 0.14 ms for a shot. The lowest ten bits of each outcome say which one it was.

    Two more bits are random: if a circuit runs twice, it has other counts. Because of the reset, the engine
    simulates each shot.
    """

    def text(index: int) -> str:
        flips = "".join(f"x q[{bit}];" for bit in range(10) if index >> bit & 1)
        return (
            f"{HEADER}qreg q[12]; creg c[12]; h q[0]; reset q[0]; {flips} h q[10]; h q[11]; measure q -> c;\n"
        )

    return {f"circuit-{index}": text(index) for index in range(count)}


@pytest.fixture(scope="session")
def cases() -> Cases:
    """Circuits, and functions that tests share."""
    return Cases()


# --- reports --------------------------------------------------------------------------------------------

# The cluster of a test, and how many lines each process had written before.
_CLUSTER = pytest.StashKey[tuple[Cluster, dict[int, int]]]()
_FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test a time limit, so that a hang fails."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(TEST_LIMIT_S))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes have written during a test that failed."""
    report = yield
    if report.failed and _CLUSTER in item.stash:
        cluster, seen = item.stash[_CLUSTER]
        item.stash[_FAILED] = True
        for program in cluster.programs:
            lines = program.lines[seen.get(program.pid, 0) :]
            if lines:
                report.sections.append((f"{program.name}, process {program.pid}", "\n".join(lines)))
    return report
