"""A cluster whose workers are jobs of a queueing system, such as Slurm.

The scheduler runs on the machine of the service, and dask-jobqueue submits the jobs. All of this is in a
process of its own, which ends with the service, and whose jobs end with it. The jobs run plain Dask workers,
which become workers of the service when it asks them to describe themselves.
"""

from __future__ import annotations

import logging
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.workers.cluster.certificate_folder import find_certificates
from qiskit_qoro.local.workers.cluster.security import load_security
from qiskit_qoro.local.workers.cluster.started.child_program import ChildProgram
from qiskit_qoro.local.workers.cluster.started.cluster_file import JobQueueSettings, read_cluster_file
from qiskit_qoro.local.workers.cluster.started.job_queue import ADDRESS, PROBLEM, arguments_of, class_of
from qiskit_qoro.local.workers.cluster.started.scheduler_start import wait_for_address

if TYPE_CHECKING:
    from distributed.security import Security

__all__ = ["JobQueueCluster"]

_INSTALL_COMMAND = 'python -m pip install "dask-jobqueue>=0.9"'

# Arguments that the class of the cluster takes, and not that of a job.
_CLUSTER_OPTIONS = {"shared_temp_directory"}

_logger = logging.getLogger(__name__)


class JobQueueCluster:
    """A scheduler that lets a queueing system start its workers, where the link finds it.

    Args:
        path: The file that describes the cluster.
        certificates: The folder with the certificates, which the machines of the queueing system must be able
            to read at the same place. ``None`` for the one that the environment names.
        clock: Returns seconds from an arbitrary start.
    """

    def __init__(
        self, path: Path, certificates: str | Path | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._certificates = certificates
        self._clock = clock
        self._security: Security | None = None
        self._program: ChildProgram | None = None
        self._folder: Path | None = None
        self._address: str | None = None

    @property
    def name(self) -> str:
        """The cluster, as the user has written it."""
        return str(self._path)

    @property
    def security(self) -> Security | None:
        """The certificates."""
        return self._security

    def start(self) -> None:
        """Check the file, and start the scheduler.

        Raises:
            QoroInputError: The file says something that is not expected, or a certificate cannot be used.
            QoroError: dask-jobqueue or the queueing system is not installed.
        """
        settings = read_cluster_file(self._path)
        if find_spec("dask_jobqueue") is None:
            raise QoroError(
                f"{self._path} needs dask-jobqueue, which is not installed: run {_INSTALL_COMMAND}"
            )
        certificates = find_certificates(self._certificates)
        self._security = load_security(certificates)
        _check_job(settings, self._path)
        self._folder = Path(tempfile.mkdtemp(prefix="qiskit-qoro-jobs-"))
        arguments = {
            "system": settings.system,
            "jobs": settings.jobs,
            "scheduler": dict(settings.scheduler),
            "options": dict(settings.options),
            "certificates": str(certificates.absolute()),
        }
        self._program = ChildProgram(
            "qiskit_qoro.local.workers.cluster.started.job_queue",
            self._folder / "job-queue.log",
            lambda: arguments,
            on_line=self._take_line,
        )
        self._program.start()

    async def find(self) -> str:
        """Return the address of the scheduler when it has started.

        Raises:
            ConnectionFailure: It has not started.
        """
        return await wait_for_address(lambda: self._address, self._program, self._clock)

    def close(self) -> None:
        """End the scheduler, which cancels the jobs. May be called again."""
        if self._program is not None:
            self._program.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _take_line(self, line: str) -> None:
        if line.startswith(ADDRESS):
            self._address = line.removeprefix(ADDRESS)
        elif line.startswith(PROBLEM):
            problem = line.removeprefix(PROBLEM)
            _logger.warning("a job of the cluster %s cannot be started: %s", self.name, problem)


def _check_job(settings: JobQueueSettings, path: Path) -> None:
    """Let dask-jobqueue check the options, and look for the program that submits jobs.

    Raises:
        QoroInputError: An option is unknown, missing or wrong.
        QoroError: The program is missing.
    """
    job = class_of(settings.system).job_cls
    options = {
        name: value for name, value in arguments_of(settings.options).items() if name not in _CLUSTER_OPTIONS
    }
    try:
        job("tls://scheduler:8786", name="check", **options)
    except Exception as error:  # whatever the class finds
        reason = " ".join(str(error).split())
        raise QoroInputError(f"{path}: dask-jobqueue does not accept the options: {reason}") from error
    for command in shlex.split(job.submit_command or "")[:1]:
        if shutil.which(command) is None:
            raise QoroError(
                f"{path}: the command {command} of {settings.system} is not found: run the service on a "
                "machine that can submit jobs"
            )
