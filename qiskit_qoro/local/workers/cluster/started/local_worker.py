"""A worker of a cluster on this machine, as a program that ends with its input."""

from __future__ import annotations

from pathlib import Path

from qiskit_qoro.local.workers.cluster.addresses import parse_scheduler_address
from qiskit_qoro.local.workers.cluster.programs.worker import run_worker
from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions

__all__ = ["main"]


def main(address: str, folder: str, name: str, memory_bytes: int) -> None:
    """Run a worker with one process for circuits.

    Args:
        address: The scheduler.
        folder: The folder with the certificates of the cluster.
        name: The name of the worker.
        memory_bytes: The memory that a circuit may take.
    """
    run_worker(
        parse_scheduler_address(address),
        WorkerOptions(1, memory_bytes, (), name),
        say=lambda _line: None,  # the service reports what happens to its workers
        host="127.0.0.1",
        certificates=Path(folder),
        until_input_ends=True,
    )
