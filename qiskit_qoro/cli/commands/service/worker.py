"""``qiskit-qoro worker``: run circuits for a service on a cluster, until Ctrl-C."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.commands.service.cluster_options import add_certificates, check_port
from qiskit_qoro.cli.output import say
from qiskit_qoro.cli.parsing import argument_type
from qiskit_qoro.local.engine.engine_calls import load_engine
from qiskit_qoro.local.installation import check_cluster_modules
from qiskit_qoro.local.workers.cluster.addresses import SchedulerAddress, parse_scheduler_address
from qiskit_qoro.local.workers.cluster.certificate_folder import find_certificates
from qiskit_qoro.local.workers.cluster.programs.worker_options import WorkerOptions, parse_memory
from qiskit_qoro.local.workers.pool import default_workers

__all__ = ["COMMAND"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "address",
        metavar="ADDRESS",
        type=argument_type(parse_scheduler_address),
        help="the address of the scheduler, such as tls://lab.example:8786; tcp:// only for this machine",
    )
    parser.add_argument(
        "--processes", type=int, metavar="N", help="how many circuits run at once (default: automatic)"
    )
    parser.add_argument(
        "--memory",
        type=argument_type(parse_memory),
        metavar="SIZE",
        help="the memory of all circuits that run at once, such as 8GiB; each of them may take an equal "
        "share (default: the free memory)",
    )
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="T",
        help="a word that describes the worker, which the pages of the service show; may be repeated",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="the name of the worker (default: its host and its process)"
    )
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        help="the address of this machine at which scheduler and service reach the worker (default: the one "
        "in the network of the scheduler)",
    )
    parser.add_argument(
        "--port",
        type=check_port,
        default=0,
        metavar="N",
        help="the port at which scheduler and service reach the worker (default: a free port)",
    )
    add_certificates(parser)


def _execute(options: argparse.Namespace) -> None:
    address: SchedulerAddress = options.address
    processes = default_workers() if options.processes is None else options.processes
    worker_options = WorkerOptions(processes, options.memory, tuple(options.tag), options.name)
    folder = find_certificates(options.certificates) if address.is_encrypted else None
    if find_spec("maestro") is None:
        load_engine()  # raises an error that names the supported platforms
    check_cluster_modules()
    # The other commands need no Dask, and it may be missing.
    from qiskit_qoro.local.workers.cluster.programs.worker import run_worker  # noqa: PLC0415

    run_worker(
        address,
        worker_options,
        say=say,
        host=options.host,
        port=options.port,
        certificates=folder,
    )


COMMAND = Command(
    "worker",
    "run circuits for a service on a cluster until Ctrl-C",
    "Run circuits for a service on a cluster until Ctrl-C. The worker connects with the scheduler, waits for "
    "it if it is not there, and connects again if it is lost. Circuits run in processes of their own. When "
    "the worker is stopped, other workers get its circuits.",
    _add_arguments,
    _execute,
)
"""The command ``worker``."""
