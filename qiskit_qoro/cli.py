"""The command ``qiskit-qoro``: run a program, list the backends, serve the local service.

Results go to standard output, everything said about them to standard error. The exit code is 0 when it
worked, 1 when the service or the job failed, 2 when the command or the program is wrong, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import QiskitBackendNotFoundError
from qiskit.result import Result
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from qiskit_qoro._version import __version__
from qiskit_qoro.backend import QoroBackend
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.job import QoroJob
from qiskit_qoro.local import Account, Fault, FaultKind, LocalService, Rehearsal, Tier, serve_forever
from qiskit_qoro.local.ledger import check_grant
from qiskit_qoro.models.config import DEFAULT_SHOTS, DEFAULT_SIMULATOR_CLUSTER, JobConfig
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.qasm.facts import inspect_program
from qiskit_qoro.qasm.legacy import read_program
from qiskit_qoro.registers import layout_of_circuit
from qiskit_qoro.results import Experiment
from qiskit_qoro.service.credentials import TOKEN_VARIABLE, URL_VARIABLE, is_token_set

__all__ = ["main"]

_WORKED, _FAILED, _WRONG, _INTERRUPTED = 0, 1, 2, 130
_ROWS = 32
_BAR_WIDTH = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: What follows the command's name; by default what the process was given.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except (QoroInputError, QiskitBackendNotFoundError) as error:
        return _complain(error, _WRONG)
    except QoroError as error:
        return _complain(error, _FAILED)
    except KeyboardInterrupt:
        _say("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _WORKED


# --- run ----------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> None:
    name, text = _read(options.file)
    circuit = _parse(name, text)
    with _provider(options) as provider:
        backend = provider.get_backend(options.backend)
        if circuit.num_qubits > backend.num_qubits:
            raise QoroInputError(
                f"{name}: the program has {circuit.num_qubits} qubits, {backend.name!r} {backend.num_qubits}"
            )
        job = _submit(name, text, circuit, backend, options.shots)
        where = "the local service" if options.local else provider.service.base_url
        _say(f"{backend.name} on {where}, job {job.job_id()}")
        result = _wait(job, may_outlive=not options.local)
        counts = result.get_counts()
        if options.json:
            _print_json(
                {
                    "backend": backend.name,
                    "base_url": provider.service.base_url,
                    "job_id": job.job_id(),
                    "shots": options.shots,
                    "time_taken": result.time_taken,
                    "counts": counts,
                }
            )
        else:
            _print_counts(counts)


def _read(file: str) -> tuple[str, str]:
    """The name and the text of a program; ``-`` is standard input."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return Path(file).name, content.decode()
    except OSError as error:
        raise QoroInputError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise QoroInputError(f"{file}: byte {error.start} is not UTF-8: OpenQASM 2 is text") from error


def _parse(name: str, text: str) -> QuantumCircuit:
    try:
        _, circuit = read_program(text)
    except QoroInputError as error:
        raise QoroInputError(f"{name}: {error}") from error
    if not inspect_program(circuit).has_measurements:
        raise QoroInputError(f"{name}: the program measures nothing: add, for example, 'measure q -> c;'")
    return circuit


def _submit(name: str, text: str, circuit: QuantumCircuit, backend: QoroBackend, shots: int) -> QoroJob:
    """Submit the text as it stands: it may hold conditions, which a circuit cannot be written with."""
    system = backend.system
    config = JobConfig(
        shots=shots,
        simulator_cluster=system if isinstance(system, SimulatorCluster) else None,
        qpu_system=system if isinstance(system, QPUSystem) else None,
        tag=name,
    )
    submitted = backend.service.submit_circuits({name: text}, override_job_config=config)
    experiments = {name: Experiment(name, layout_of_circuit(circuit), shots)}
    return QoroJob(backend, str(submitted.job_id), backend.service, experiments=experiments)


def _wait(job: QoroJob, *, may_outlive: bool) -> Result:
    try:
        with Console(stderr=True).status("waiting") if sys.stderr.isatty() else nullcontext():
            return job.result()
    except KeyboardInterrupt:
        if may_outlive:
            _say(f"the job goes on: QoroProvider().retrieve_job({job.job_id()!r}).result() fetches it")
        raise


def _print_counts(counts: dict[str, int]) -> None:
    """A table of the most frequent outcomes, with bars."""
    total, most = sum(counts.values()), max(counts.values())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    table = Table(box=None)
    table.add_column("outcome", no_wrap=True)
    table.add_column("count", justify="right")
    table.add_column("share", justify="right")
    table.add_column("")
    for outcome, count in ranked[:_ROWS]:
        table.add_row(outcome, str(count), f"{count / total:.1%}", Bar(most, 0, count, width=_BAR_WIDTH))
    _print(table)
    if len(ranked) > _ROWS:
        _say(f"and {len(ranked) - _ROWS} more outcomes; --json lists them all")


# --- backends -----------------------------------------------------------------------------------------


def _backends(options: argparse.Namespace) -> None:
    with _provider(options) as provider:
        backends = provider.backends()
    if options.json:
        _print_json(
            [
                {
                    "name": backend.name,
                    "kind": _kind(backend),
                    "num_qubits": backend.num_qubits,
                    "operational": backend.is_operational,
                    "access_level": backend.system.access_level,
                    "supports_expval": backend.system.supports_expval,
                }
                for backend in backends
            ]
        )
        return
    table = Table(box=None)
    for heading in ("name", "kind", "qubits", "operational", "access"):
        table.add_column(heading, justify="right" if heading == "qubits" else "left")
    for backend in backends:
        operational = "yes" if backend.is_operational else "no"
        table.add_row(
            backend.name, _kind(backend), str(backend.num_qubits), operational, backend.system.access_level
        )
    _print(table)


def _kind(backend: QoroBackend) -> str:
    return "simulator" if backend.is_simulator else "QPU system"


# --- serve --------------------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> None:
    rehearsal = Rehearsal(
        pending_time_s=options.pending_time,
        running_time_s=options.running_time,
        faults=tuple(Fault.parse(text) for text in options.fault),
        slow_s=options.slow_time,
        retry_after_s=options.retry_after,
        seed=options.fault_seed,
    )

    def announce(service: LocalService) -> None:
        for line in rehearsal.describe():
            _say(f"rehearsal: {line}")
        if options.host not in {"127.0.0.1", "::1", "localhost"}:
            _say(f"warning: other machines can reach {options.host}, and requests are not encrypted")
        _say("The local Qoro service is ready; Ctrl-C stops it. Its clients need:")
        sys.stdout.write(f"{URL_VARIABLE}={service.url}\n{TOKEN_VARIABLE}={service.token}\n")
        sys.stdout.flush()

    serve_forever(
        announce=announce,
        host=options.host,
        port=options.port,
        token=options.token,
        database=options.database,
        workers=options.workers,
        time_limit_s=options.time_limit,
        rehearsal=rehearsal,
        accounts=_distinct(options.account),
    )


# --- the command line ---------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qiskit-qoro", description="Run circuits on the Qoro service, in the cloud or on this machine."
    )
    parser.add_argument("--version", action="version", version=f"qiskit-qoro {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run an OpenQASM 2 program", description=_run_description())
    run.add_argument("file", metavar="FILE.qasm", help="the program; - for standard input")
    run.add_argument(
        "--shots",
        type=_shots,
        default=DEFAULT_SHOTS,
        metavar="N",
        help="how often to run it (default %(default)s)",
    )
    run.add_argument(
        "--backend",
        default=DEFAULT_SIMULATOR_CLUSTER,
        metavar="NAME",
        help="where to run it (default %(default)s)",
    )
    _add_common(run)
    run.set_defaults(command=_run)

    backends = commands.add_parser("backends", help="list the backends")
    _add_common(backends)
    backends.set_defaults(command=_backends)

    serve = commands.add_parser(
        "serve",
        help="serve the local service until Ctrl-C",
        description="Serve the local service until Ctrl-C. Prints the two settings that its clients need.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    serve.add_argument("--port", type=int, default=0, metavar="N", help="port (default: a free one)")
    serve.add_argument("--token", metavar="T", help="the token to take (default: a random one)")
    serve.add_argument(
        "--account",
        action="append",
        default=[],
        type=_account,
        metavar="NAME:TOKEN[:TIER[:CREDITS]]",
        help="another token to take, and its account: tier FREE or PAID, and the credits it starts with "
        "(default FREE and 500.00); may be repeated",
    )
    serve.add_argument("--database", metavar="PATH", help="file that keeps the jobs (default: memory)")
    serve.add_argument("--workers", type=int, metavar="N", help="processes that run circuits")
    serve.add_argument(
        "--time-limit",
        type=float,
        default=300.0,
        metavar="S",
        help="seconds that a circuit may take (default %(default)g)",
    )
    _add_rehearsal(serve)
    serve.set_defaults(command=_serve)
    return parser


def _add_rehearsal(serve: argparse.ArgumentParser) -> None:
    group = serve.add_argument_group(
        "rehearsal", "For the tests of clients: delays and faults on purpose. By default there are none."
    )
    group.add_argument(
        "--pending-time",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds that every job stays PENDING after it is finalized",
    )
    group.add_argument(
        "--running-time", type=float, default=0.0, metavar="S", help="seconds that it stays RUNNING at least"
    )
    group.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND:RATE[:CALLS]",
        help=f"a fault ({', '.join(FaultKind)}), the share of the calls that it happens to, and the names of "
        "these calls, as in get_status,get_results, or 'repeatable' for all that may be sent again; "
        "may be given several times",
    )
    group.add_argument(
        "--slow-time",
        type=float,
        default=2.0,
        metavar="S",
        help="seconds that a slow answer is late (default %(default)g)",
    )
    group.add_argument(
        "--retry-after",
        type=int,
        default=1,
        metavar="S",
        help="seconds that a 429 asks to wait (default %(default)s)",
    )
    group.add_argument(
        "--fault-seed", type=int, default=0, metavar="N", help="another seed brings other faults (default 0)"
    )


def _run_description() -> str:
    return (
        "Run an OpenQASM 2 program and print its counts: on the cloud where "
        f"{TOKEN_VARIABLE} is set, else on the local service."
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--cloud", action="store_true", help=f"use the service of {URL_VARIABLE} or the cloud")
    where.add_argument("--local", action="store_true", help="use the local service, started for this command")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _account(text: str) -> tuple[str, Account]:
    name, *rest = text.split(":")
    if not 1 <= len(rest) <= 3 or not rest[0]:
        raise argparse.ArgumentTypeError("expected NAME:TOKEN[:TIER[:CREDITS]]")
    token, *terms = rest
    try:
        tier = Tier(terms[0].upper()) if terms else Tier.FREE
        return token, Account(name, tier, check_grant(terms[1])) if len(terms) == 2 else Account(name, tier)
    except ValueError as error:
        reason = error.message if isinstance(error, QoroInputError) else f"{error}, expected FREE or PAID"
        raise argparse.ArgumentTypeError(f"account {name!r}: {reason}") from error


def _distinct(accounts: Sequence[tuple[str, Account]]) -> dict[str, Account]:
    by_token = dict(accounts)
    if len(by_token) != len(accounts):
        raise QoroInputError("two accounts have the same token, expected a token for one account")
    return by_token


def _shots(text: str) -> int:
    try:
        shots = int(text)
    except ValueError:
        shots = 0
    if shots < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return shots


def _provider(options: argparse.Namespace) -> QoroProvider:
    """The provider that the options and the environment ask for; settles ``options.local`` on the way."""
    options.local = options.local or not (options.cloud or is_token_set())
    return QoroProvider.local() if options.local else QoroProvider()


# --- output -------------------------------------------------------------------------------------------


def _print(table: Table) -> None:
    # A table that goes into a file or a pipe is as wide as it needs to be.
    Console(width=None if sys.stdout.isatty() else 10_000).print(table)


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _complain(error: Exception, code: int) -> int:
    message = error.message if isinstance(error, QoroError | QiskitBackendNotFoundError) else str(error)
    _say(f"qiskit-qoro: error: {message}")
    return code
