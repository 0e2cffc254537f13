"""The scheduler of a cluster on this machine, as a program that ends with its input."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from qiskit_qoro.local.workers.cluster.programs.scheduler import run_scheduler

__all__ = ["main"]


def main(folder: str, port: int) -> None:
    """Run a scheduler on the loopback address, and print its address.

    Args:
        folder: The folder with its certificates. It is deleted when the input has ended: if the service was
            killed, nobody else does it.
        port: Its port, or 0 for a free one.
    """
    run_scheduler(
        announce=lambda address: print(address, flush=True),  # noqa: T201 - the service reads it
        port=port,
        certificates=Path(folder),
        until_input_ends=True,
    )
    if _input_has_ended():
        shutil.rmtree(folder, ignore_errors=True)


def _input_has_ended() -> bool:
    """Whether the service is gone, or has closed the pipe to this process."""
    try:
        os.set_blocking(0, False)
        return os.read(0, 1) == b""
    except OSError:
        return False
