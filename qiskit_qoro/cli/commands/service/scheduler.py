"""``qiskit-qoro scheduler``: connect the workers of a cluster with the service, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.commands.service.cluster_options import add_certificates, check_port
from qiskit_qoro.cli.output import say
from qiskit_qoro.local.installation import check_cluster_modules
from qiskit_qoro.local.workers.cluster.addresses import DEFAULT_PORT, is_loopback
from qiskit_qoro.local.workers.cluster.certificate_folder import CERTIFICATES_VARIABLE, find_certificates

__all__ = ["COMMAND"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen on; 0.0.0.0 means all networks of this machine (default %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=check_port,
        default=DEFAULT_PORT,
        metavar="N",
        help="the port to listen on, or 0 for a free one (default %(default)s)",
    )
    add_certificates(parser)


def _execute(options: argparse.Namespace) -> None:
    is_open = not is_loopback(options.host)
    is_named = options.certificates is not None or CERTIFICATES_VARIABLE in os.environ
    folder = find_certificates(options.certificates) if is_open or is_named else None
    check_cluster_modules()
    # The other commands need no Dask, and it may be missing.
    from qiskit_qoro.local.workers.cluster.programs.scheduler import run_scheduler  # noqa: PLC0415

    if folder is None:
        say(
            "warning: without certificates, other users of this machine can run programs through the "
            "scheduler, in your name"
        )

    def announce(address: str) -> None:
        say("The scheduler is ready. Stop it with Ctrl-C. Workers and serve --cluster need its address:")
        sys.stdout.write(f"{address}\n")
        sys.stdout.flush()

    run_scheduler(announce=announce, host=options.host, port=options.port, certificates=folder)


COMMAND = Command(
    "scheduler",
    "connect the workers of a cluster with a service until Ctrl-C",
    "Run the scheduler of a cluster until Ctrl-C. Workers and the service connect with it, and find each "
    "other through it. Connections that other machines can reach are encrypted, and need certificates.",
    _add_arguments,
    _execute,
)
"""The command ``scheduler``."""
