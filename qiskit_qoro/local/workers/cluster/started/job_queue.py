"""The scheduler of a cluster whose workers are jobs of a queueing system, as a program.

It ends with its input, and then its jobs are cancelled. What it has to say are lines on standard output: the
address of the scheduler when it is ready, and problems.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from distributed.core import Status

from qiskit_qoro.local.workers.cluster.programs.dask_settings import prepare_dask
from qiskit_qoro.local.workers.cluster.programs.running import root_cause, run_until_stopped
from qiskit_qoro.local.workers.cluster.security import load_security
from qiskit_qoro.local.workers.cluster.started.cluster_file import CLASSES

__all__ = ["ADDRESS", "PROBLEM", "arguments_of", "class_of", "main"]

ADDRESS = "address "
"""The beginning of the line with the address of the scheduler."""

PROBLEM = "problem "
"""The beginning of a line about a problem."""

# How often to look for jobs that have ended, and to submit others in their place.
_LOOK_S = 10.0


def class_of(system: str) -> Any:
    """Return the class of dask-jobqueue for a queueing system."""
    module, _, name = CLASSES[system].rpartition(".")
    return getattr(import_module(module), name)


def arguments_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for a class of dask-jobqueue.

    A job gets one Dask worker, which runs a circuit on each of its cores.
    """
    return {"processes": 1, **options}


def main(
    system: str, jobs: int, scheduler: dict[str, Any], options: dict[str, Any], certificates: str
) -> None:
    """Run a scheduler, and keep jobs in a queue.

    Args:
        system: The queueing system.
        jobs: How many jobs to keep.
        scheduler: Where the scheduler listens.
        options: Arguments of the class of dask-jobqueue.
        certificates: The folder with the certificates of the cluster.
    """
    prepare_dask()
    program = _serve(system, jobs, scheduler, options, Path(certificates))
    run_until_stopped(program, until_input_ends=True)


async def _serve(
    system: str, jobs: int, scheduler: dict[str, Any], options: dict[str, Any], certificates: Path
) -> None:
    listening = {"dashboard": False, "dashboard_address": "127.0.0.1:0", **scheduler}
    cluster = class_of(system)(
        asynchronous=True,
        silence_logs=False,
        security=load_security(certificates),
        protocol="tls://",
        scheduler_options=listening,
        **arguments_of(options),
    )
    async with cluster:
        _say(ADDRESS + cluster.scheduler_address)
        while True:
            await _keep_jobs(cluster, jobs)
            await asyncio.sleep(_LOOK_S)


async def _keep_jobs(cluster: Any, jobs: int) -> None:
    """Submit jobs in place of those that are missing. Say why a job cannot be submitted."""
    try:
        cluster.scale(jobs=jobs)
        await cluster._correct_state()  # noqa: SLF001 - scale() does not say what fails
    except Exception as error:
        _say(f"{PROBLEM}{' '.join(root_cause(error).split())}")
        # Dask would keep jobs that have never started.
        for name, job in list(cluster.workers.items()):
            if job.status != Status.running:
                job.status = Status.failed
                del cluster.workers[name]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the service reads it
