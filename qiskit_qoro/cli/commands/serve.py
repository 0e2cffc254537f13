"""``qiskit-qoro serve``: serve the local service until Ctrl-C."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.completers import offer_files
from qiskit_qoro.cli.output import say
from qiskit_qoro.cli.parsing import argument_type
from qiskit_qoro.cli.service_logs import LogFormat, opened_log
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local import Fault, FaultInjection, FaultKind
from qiskit_qoro.local.web.account_file import (
    account_of_text,
    by_token,
    quota_of_text,
    read_account_file,
    read_token_file,
    with_quotas,
)
from qiskit_qoro.local.workers.cluster.addresses import is_loopback
from qiskit_qoro.service.credentials import TOKEN_VARIABLE, URL_VARIABLE

if TYPE_CHECKING:
    from qiskit_qoro.local import LocalService

__all__ = ["COMMAND"]

_LOOPBACK_HOSTS = {"127.0.0.1", "::1", "localhost"}
_ALL_ADDRESSES = {"0.0.0.0", "::"}  # noqa: S104


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--open",
        action="store_true",
        help="show web pages with the jobs: print their address, and open it in a browser if there is one",
    )
    parser.add_argument(
        "--pages",
        action="store_true",
        help="show web pages with the jobs to those who sign in with a token; open no browser",
    )
    offer_files(
        parser.add_argument("--database", metavar="PATH", help="the file for the jobs (default: memory)")
    )
    for add in (_add_network, _add_accounts, _add_circuits, _add_observation, _add_fault_injection):
        add(parser)


def _add_network(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument("--host", default="127.0.0.1", help="the address to listen on (default %(default)s)")
    group.add_argument(
        "--port", type=int, default=0, metavar="N", help="the port to listen on (default: a free port)"
    )
    group.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name that clients may use for the service, if they use neither a loopback name nor "
        "the address to listen on; may be repeated",
    )
    offer_files(
        group.add_argument(
            "--certificate",
            metavar="FILE",
            help="the certificate for HTTPS (default: HTTP); qiskit-qoro certificates makes one",
        )
    )
    offer_files(group.add_argument("--key", metavar="FILE", help="the private key of the certificate"))


def _add_accounts(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("accounts")
    tokens = group.add_mutually_exclusive_group()
    tokens.add_argument("--token", metavar="T", help="the token to accept (default: a random token)")
    offer_files(
        tokens.add_argument(
            "--token-file",
            type=Path,
            metavar="FILE",
            help="a file with the token to accept, which is then not printed; other users must not be able "
            "to read the file",
        )
    )
    group.add_argument(
        "--account",
        action="append",
        default=[],
        type=argument_type(account_of_text),
        metavar="NAME:TOKEN[:TIER[:CREDITS]]",
        help="another token to accept, and its account: the tier FREE or PAID, and the credits at the start "
        "(default FREE and 500.00); may be repeated",
    )
    offer_files(
        group.add_argument(
            "--accounts",
            type=Path,
            metavar="FILE",
            help="a TOML file with further accounts: a table [accounts.NAME] for each of them, with a list "
            "of tokens, the tier and the credits; other users must not be able to read it",
        )
    )
    group.add_argument(
        "--quota",
        action="append",
        default=[],
        type=argument_type(quota_of_text),
        metavar="NAME:LIMIT=N[,...]",
        help="what an account may have at most: unfinished jobs (jobs=N), jobs that run at once (running=N), "
        "and circuits that it sends on a day in UTC (circuits=N); may be repeated",
    )


def _add_circuits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("circuits")
    group.add_argument(
        "--workers", type=int, metavar="N", help="number of processes that run circuits (default: automatic)"
    )
    group.add_argument(
        "--time-limit",
        type=float,
        default=300.0,
        metavar="S",
        help="maximum seconds that a circuit may take (default %(default)g)",
    )
    group.add_argument(
        "--memory-limit",
        type=_gib,
        metavar="GIB",
        help="maximum memory that a circuit may use, in GiB (default: an equal share of the free memory for "
        "each worker)",
    )
    group.add_argument(
        "--cluster",
        metavar="WHERE",
        help="run the circuits on the workers of a Dask cluster: tls://HOST:PORT is its scheduler, local:N "
        "starts N workers on this machine, and FILE.yaml describes a cluster of a queueing system",
    )
    offer_files(
        group.add_argument(
            "--cluster-certificates",
            metavar="DIR",
            help="the folder with the certificates of the cluster (default: the one in the environment "
            "variable QISKIT_QORO_CERTIFICATES)",
        )
    )


def _add_observation(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("log and metrics")
    group.add_argument(
        "--no-log", action="store_true", help="print no line on standard error for each job that ends"
    )
    group.add_argument(
        "--log-format",
        choices=[each.value for each in LogFormat],
        default=LogFormat.TEXT.value,
        help="the format of the lines on standard error: text, or json for a JSON object in each line "
        "(default %(default)s)",
    )
    group.add_argument(
        "--metrics",
        action="store_true",
        help="answer Prometheus at /metrics; a request needs the token of the service",
    )
    offer_files(
        group.add_argument(
            "--metrics-token-file",
            type=Path,
            metavar="FILE",
            help="answer Prometheus at /metrics, and accept the token in this file there and nowhere else; "
            "other users must not be able to read it",
        )
    )


def _add_fault_injection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "fault injection", "Delays and faults for testing clients. None by default."
    )
    group.add_argument(
        "--pending-time",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds that every job stays PENDING after it is finalized",
    )
    group.add_argument(
        "--running-time",
        type=float,
        default=0.0,
        metavar="S",
        help="minimum seconds that every job stays RUNNING",
    )
    group.add_argument(
        "--queue-characterizations",
        action="store_true",
        help="let submit_qubo only put a characterization into the queue, without waiting for its result",
    )
    group.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="KIND:RATE[:CALLS]",
        help=f"a fault ({', '.join(FaultKind)}), its rate from 0 to 1, and the calls that it affects, such "
        "as get_status,get_results, or 'repeatable' for all calls that a client may repeat (default: all "
        "calls); may be repeated",
    )
    group.add_argument(
        "--slow-time",
        type=float,
        default=2.0,
        metavar="S",
        help="the delay of a slow answer in seconds (default %(default)g)",
    )
    group.add_argument(
        "--retry-after",
        type=int,
        default=1,
        metavar="S",
        help="the seconds to wait that an answer 429 asks for (default %(default)s)",
    )
    group.add_argument(
        "--fault-seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the faults; the same seed gives the same faults (default %(default)s)",
    )


def _execute(options: argparse.Namespace) -> None:
    # The other commands need not import the service.
    from qiskit_qoro.local import serve_forever  # noqa: PLC0415

    _check_log_format(options)

    fault_injection = FaultInjection(
        pending_time_s=options.pending_time,
        running_time_s=options.running_time,
        faults=tuple(Fault.parse(text) for text in options.fault),
        slow_s=options.slow_time,
        retry_after_s=options.retry_after,
        seed=options.fault_seed,
        queue_characterizations=options.queue_characterizations,
    )

    accounts = list(options.account)
    if options.accounts is not None:
        accounts += read_account_file(options.accounts)
    accounts = with_quotas(accounts, options.quota)

    def announce(service: LocalService) -> None:
        for line in fault_injection.describe():
            log.say(f"fault injection: {line}")
        if options.host not in _LOOPBACK_HOSTS and options.certificate is None:
            log.say(f"warning: other machines can reach {options.host}, and requests are not encrypted")
        log.started(service.url, service.parts.pool.snapshot().cluster)
        # The settings can be redirected into a .env file, so they alone go to standard output.
        sys.stdout.write(f"{URL_VARIABLE}={service.url}\n")
        if options.token_file is None:  # a token from a file is known, and standard output may be a log
            sys.stdout.write(f"{TOKEN_VARIABLE}={service.token}\n")
        sys.stdout.flush()
        if options.open:
            _open_pages(service, options.host, has_accounts=bool(accounts))
        elif options.pages:
            _show_pages(service, options.host, log.say)

    with opened_log(LogFormat(options.log_format), logs_jobs=not options.no_log) as log:
        serve_forever(
            announce=announce,
            host=options.host,
            port=options.port,
            token=_read_token(options.token_file) or options.token,
            database=options.database,
            workers=options.workers,
            time_limit_s=options.time_limit,
            memory_limit_bytes=options.memory_limit,
            cluster=options.cluster,
            cluster_certificates=options.cluster_certificates,
            fault_injection=fault_injection,
            accounts=by_token(accounts),
            allowed_hosts=options.allowed_host,
            metrics=options.metrics or options.metrics_token_file is not None,
            metrics_token=_read_token(options.metrics_token_file),
            certificate=options.certificate,
            key=options.key,
            **log.options,
        )


def _check_log_format(options: argparse.Namespace) -> None:
    # Whoever reads the code could sign in with it, and a log is kept and read by others.
    if options.open and options.log_format != LogFormat.TEXT.value:
        raise QoroInputError("--open prints a code for signing in, expected --pages with this --log-format")


def _read_token(path: Path | None) -> str | None:
    return None if path is None else read_token_file(path).reveal()


def _open_pages(service: LocalService, host: str, *, has_accounts: bool) -> None:
    """Show the pages, say how to get there, and open them in a browser."""
    # A service without pages needs none of this.
    from qiskit_qoro.pages.opening import open_browser, open_local_pages  # noqa: PLC0415

    pages = open_local_pages(service)
    say(f"Open the pages: {pages.address()}")
    if has_accounts:
        say(f"The holders of accounts sign in with their tokens at {pages.url}")
    _say_address_for_others(service, host, say)
    # A code of its own: other users of this machine can read the arguments of a browser.
    open_browser(pages.address(), say=say)


def _show_pages(service: LocalService, host: str, tell: Callable[[str], None]) -> None:
    """Show the pages, and say where to sign in with a token."""
    from qiskit_qoro.pages.opening import open_local_pages  # noqa: PLC0415

    tell(f"Sign in on the pages with a token at {open_local_pages(service).url}")
    _say_address_for_others(service, host, tell)


def _say_address_for_others(service: LocalService, host: str, tell: Callable[[str], None]) -> None:
    """Say where the users of other machines sign in, if these can reach the service."""
    if host not in _LOOPBACK_HOSTS:
        name = _name_for_others(service.parts.certified_hosts) if host in _ALL_ADDRESSES else host
        scheme = urlsplit(service.address).scheme
        url = f"{scheme}://{f'[{name}]' if ':' in name else name}:{service.parts.port}/pages/"
        tell(f"On other machines, sign in with a token at {url}")


def _name_for_others(certified: Sequence[str]) -> str:
    """Return the first name in the certificate that other machines can use, or else that of this machine."""
    return next((name for name in certified if not is_loopback(name)), socket.gethostname())


def _gib(text: str) -> int:
    """Parse a number of GiB, and return the bytes."""
    try:
        return round(float(text) * 2**30)
    except (OverflowError, ValueError) as error:  # infinity and "nan" have no integer
        raise argparse.ArgumentTypeError(f"expected a number of GiB above 0, got {text!r}") from error


COMMAND = Command(
    "serve",
    "serve the local service until Ctrl-C",
    "Serve the local service until Ctrl-C. Print the two settings that its clients need. With --open or "
    "--pages, show its jobs on web pages, too.",
    _add_arguments,
    _execute,
)
"""The command ``serve``."""
