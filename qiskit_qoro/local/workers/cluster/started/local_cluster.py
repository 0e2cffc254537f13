"""A cluster on this machine: a scheduler and workers, each in a process of its own.

It shows on one machine what a service on a cluster does. All connections use TLS, with certificates that no
other user of the machine can read, so that no other user can reach the cluster.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qiskit_qoro.local.engine.methods import default_memory_limit
from qiskit_qoro.local.workers.cluster.addresses import LocalWorkers
from qiskit_qoro.local.workers.cluster.certificates.making import make_temporary
from qiskit_qoro.local.workers.cluster.security import load_security
from qiskit_qoro.local.workers.cluster.started.child_program import ChildProgram
from qiskit_qoro.local.workers.cluster.started.scheduler_start import wait_for_address

if TYPE_CHECKING:
    from distributed.security import Security

__all__ = ["LocalCluster"]

_PROGRAMS = "qiskit_qoro.local.workers.cluster.started"


class LocalCluster:
    """A scheduler and workers on this machine, where the link finds them.

    Args:
        place: The number of workers.
        clock: Returns seconds from an arbitrary start.
    """

    def __init__(self, place: LocalWorkers, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._clock = clock
        self._folder: Path | None = None
        self._security: Security | None = None
        self._scheduler: ChildProgram | None = None
        # Guards what follows. The workers are started when the address of the scheduler is known.
        self._lock = threading.Lock()
        self._address: str | None = None
        self._workers: list[ChildProgram] = []
        self._is_closed = False

    @property
    def name(self) -> str:
        """The cluster, as the user has written it."""
        return str(self._place)

    @property
    def security(self) -> Security | None:
        """The certificates."""
        return self._security

    def start(self) -> None:
        """Make certificates, and start the scheduler.

        Raises:
            QoroError: There is no place for the certificates.
        """
        # Only its owner may use a folder of this kind.
        self._folder = Path(tempfile.mkdtemp(prefix="qiskit-qoro-cluster-"))
        self._security = load_security(make_temporary(self._folder))
        self._scheduler = ChildProgram(
            f"{_PROGRAMS}.local_scheduler",
            self._folder / "scheduler.log",
            self._scheduler_arguments,
            on_line=self._take_address,
        )
        self._scheduler.start()

    async def find(self) -> str:
        """Return the address of the scheduler when it has started.

        Raises:
            ConnectionFailure: It has not started.
        """
        return await wait_for_address(lambda: self._address, self._scheduler, self._clock)

    def close(self) -> None:
        """End all processes, and delete the certificates. May be called again."""
        with self._lock:
            self._is_closed = True
        programs = [*self._workers, *([] if self._scheduler is None else [self._scheduler])]
        for program in programs:
            program.begin_to_stop()
        for program in programs:
            program.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _scheduler_arguments(self) -> dict[str, Any]:
        # A scheduler that has died gets its port again, because the workers look for it there.
        port = 0 if self._address is None else urlsplit(self._address).port
        return {"folder": str(self._folder), "port": port}

    def _take_address(self, line: str) -> None:
        """Take the address that the scheduler prints when it is ready."""
        with self._lock:
            self._address = line
            if not self._workers and not self._is_closed:
                self._workers = [self._start_worker(number) for number in range(1, self._place.count + 1)]

    def _start_worker(self, number: int) -> ChildProgram:
        assert self._folder is not None  # noqa: S101 - it exists since the start
        arguments = {
            "address": self._address,
            "folder": str(self._folder),
            "name": f"local-{number}",
            "memory_bytes": default_memory_limit(engines=self._place.count),
        }
        # Engines with more threads than processors in total slow each other down.
        threads = max(1, (os.cpu_count() or 1) // self._place.count)
        program = ChildProgram(
            f"{_PROGRAMS}.local_worker",
            self._folder / f"worker-{number}.log",
            partial(dict, arguments),
            environment={"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads))},
        )
        program.start()
        return program
