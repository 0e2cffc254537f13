"""Serve the web pages of the journal until Ctrl-C, for ``qiskit-qoro jobs --web``."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from qiskit_qoro.cli.output import say
from qiskit_qoro.cli.providers import (
    default_journal,
    is_service_known,
    open_provider,
    recorded_as,
    uses_local_service,
)
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history import JOURNAL_VARIABLE, Journal
from qiskit_qoro.service.credentials import find_credentials
from qiskit_qoro.web_server.installation import check_installed
from qiskit_qoro.web_server.stop_signals import stop_signals

if TYPE_CHECKING:
    from qiskit_qoro.pages.journal_source.source import JournalSource

__all__ = ["add_page_options", "check_page_options", "serve_job_pages"]


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the web pages."""
    group = parser.add_argument_group(
        "web pages", "Serve pages with these jobs, their circuits and their results, to this machine only."
    )
    group.add_argument(
        "--web",
        action="store_true",
        help="serve web pages until Ctrl-C: print their address, and open it in a browser if there is one. "
        "--status, --tag, --kind and --text filter the first page; the other conditions cannot be used",
    )
    group.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="with --web: the port to listen on (default: a free port)",
    )
    group.add_argument(
        "--no-browser", action="store_true", help="with --web: print the address, and open no browser"
    )


def check_page_options(options: argparse.Namespace, unsupported: Sequence[str]) -> None:
    """Check that the options agree.

    Args:
        options: The options of the command.
        unsupported: The options that have no effect on the pages, as the user has given them.

    Raises:
        QoroInputError: They do not.
    """
    if options.web and unsupported:
        raise QoroInputError(
            f"expected no {unsupported[0]} with --web: the pages have no such setting. Leave it out"
        )
    if not options.web and (options.port or options.no_browser):
        raise QoroInputError("expected --port and --no-browser only with --web")


def serve_job_pages(options: argparse.Namespace) -> None:
    """Serve the pages until a signal stops them.

    Raises:
        QoroError: The libraries are not installed, there is no journal, or the port cannot be used.
    """
    check_installed()
    # The other commands need not import the pages.
    from qiskit_qoro.pages.opening import open_browser, start_pages_server  # noqa: PLC0415

    query = urlencode(
        [
            *(("status", status) for status in options.status or ()),
            *(("kind", kind) for kind in options.kind or ()),
            *((name, getattr(options, name)) for name in ("tag", "text") if getattr(options, name)),
        ]
    )
    # First, so that an early signal ends everything cleanly too.
    with stop_signals() as wait, ExitStack() as stack:
        # While a service does not answer, the pages say so. Each attempt would be another line here.
        _hide_warnings(stack, "qiskit_qoro.service.transport")
        source = _open_source(options, stack)
        pages = stack.enter_context(start_pages_server(lambda _account: source, port=options.port))
        say("The pages are ready. Stop them with Ctrl-C.")
        say(f"Open the pages: {pages.address(query)}")
        if not options.no_browser:
            # A code of its own: other users of this machine may see the address that a browser gets.
            open_browser(pages.address(query), say=say)
        wait()


def _hide_warnings(stack: ExitStack, name: str) -> None:
    logger = logging.getLogger(name)
    stack.callback(logger.setLevel, logger.level)
    logger.setLevel(logging.ERROR)


def _open_source(options: argparse.Namespace, stack: ExitStack) -> JournalSource:
    """Return the jobs of one service, or of all services if the service is unknown."""
    from qiskit_qoro.pages.journal_source.client import JournalClient  # noqa: PLC0415 - as above
    from qiskit_qoro.pages.journal_source.source import JournalSource  # noqa: PLC0415 - as above

    if not is_service_known(options):
        return JournalSource.of_all_services(_checked(default_journal()))
    provider = stack.enter_context(open_provider(options))
    client = JournalClient(lambda: provider.service, provider.retrieve_job)
    is_local = uses_local_service(options)
    account = None if is_local else find_credentials(None, options.url, options.account).account
    return JournalSource.of_service(
        _checked(provider.journal), recorded_as(options, provider), client, account=account or ""
    )


def _checked(journal: Journal | None) -> Journal:
    if journal is None:
        raise QoroInputError(f"there is no journal of jobs: {JOURNAL_VARIABLE} is off")
    with journal.reading():  # a damaged one is an error of the command, not of each page
        return journal
