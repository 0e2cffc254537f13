"""``qiskit-qoro doctor``: examine the installation, the files, the service and the terminal."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.diagnosis.cloud import find_token, network_settings, service
from qiskit_qoro.cli.diagnosis.files import accounts, journal
from qiskit_qoro.cli.diagnosis.findings import Finding, Level, examine, print_findings
from qiskit_qoro.cli.diagnosis.installed import installed
from qiskit_qoro.cli.diagnosis.machine import local_service, terminal
from qiskit_qoro.cli.output import print_json
from qiskit_qoro.cli.service_options import add_account_option
from qiskit_qoro.errors import QoroError

__all__ = ["COMMAND", "show"]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--url", metavar="URL", help="examine the service at this address")
    add_account_option(which)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def _execute(options: argparse.Namespace) -> None:
    with _only_errors():
        show(_topics(options), as_json=options.json)


def show(topics: Iterable[tuple[str, Iterable[Finding]]], *, as_json: bool) -> None:
    """Print the findings of each topic as they come.

    Args:
        topics: Each topic with its findings.
        as_json: Whether to print JSON.

    Raises:
        QoroError: There is a problem among them.
    """
    found: list[tuple[str, Finding]] = []
    for number, (topic, findings) in enumerate(topics):
        listed = findings if as_json else print_findings(topic, findings, is_first=number == 0)
        found += [(topic, finding) for finding in listed]
    problems = [finding for _, finding in found if finding.level is Level.PROBLEM]
    if as_json:
        listed_json = [finding.to_json(topic) for topic, finding in found]
        print_json({"healthy": not problems, "findings": listed_json})
    if problems:
        names = ", ".join(dict.fromkeys(finding.name for finding in problems))
        raise QoroError(f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}: {names}")


def _topics(options: argparse.Namespace) -> Iterator[tuple[str, Iterable[Finding]]]:
    yield "installation", examine("packages", installed)
    yield "files", [*examine("journal", journal), *examine("accounts", accounts)]
    yield "service", _service(options)
    is_needed = find_token(options.url, options.account)[0] is None
    yield (
        "this machine",
        _chain(
            examine("local service", lambda: local_service(options.provider_class, is_needed=is_needed)),
            examine("terminal", terminal),
        ),
    )


def _service(options: argparse.Namespace) -> Iterator[Finding]:
    credentials, finding = find_token(options.url, options.account)
    yield finding
    yield from examine("network", network_settings)
    if credentials is not None:
        yield from examine("service", lambda: service(credentials, options.provider_class))


def _chain(*parts: Iterable[Finding]) -> Iterator[Finding]:
    for part in parts:
        yield from part


@contextmanager
def _only_errors() -> Iterator[None]:
    """Keep warnings, such as those about repeated requests, out of the log inside this context."""
    logger = logging.getLogger("qiskit_qoro")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


COMMAND = Command(
    "doctor",
    "examine the installation and the connection",
    "Examine what is installed, the files of this package, the token, whether the service answers and what "
    "the token may do, whether the local service runs a circuit, and the terminal. The exit code is 1 if "
    "there is a problem. No secrets are printed, and nothing is submitted to the service.",
    _add_arguments,
    _execute,
)
"""The command ``doctor``."""
