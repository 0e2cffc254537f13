"""The web pages of a provider: those of its local service, or those of its journal.

The pages of a local service belong to the service, so several providers share them. The pages of a journal
have a server of their own, which ends with :meth:`ProviderPages.close`. Each process has its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qiskit_qoro.connection import Connection
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history import JOURNAL_VARIABLE
from qiskit_qoro.pages.opening.browser import open_browser
from qiskit_qoro.pages.opening.pages_link import PagesLink
from qiskit_qoro.process_local import ProcessLocal
from qiskit_qoro.web_server.installation import check_installed

if TYPE_CHECKING:
    from qiskit_qoro.pages.journal_source.client import RetrievedJob
    from qiskit_qoro.pages.opening.pages_server import PagesServer
    from qiskit_qoro.pages.opening.service_pages import ServicePages

__all__ = ["ProviderPages"]

_logger = logging.getLogger(__name__)


@dataclass
class _JournalPages:
    """The server of the pages of a journal, if it runs. The lock guards it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    server: PagesServer | None = None


class ProviderPages:
    """The web pages of a provider. A copy shares nothing with the original.

    Args:
        connection: The connection of the provider.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._journal_pages = _new_journal_pages()

    def __getstate__(self) -> dict[str, Any]:
        return {"_connection": self._connection}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _journal_pages=_new_journal_pages())

    def open(self, retrieve: Callable[[str], RetrievedJob], *, browser: bool) -> PagesLink:
        """Serve the pages, if they are not served yet.

        Args:
            retrieve: Retrieves a job by its identifier.
            browser: Whether to open them in a browser, if there is one.

        Returns:
            An address with a new one-time code.

        Raises:
            QoroError: A library is not installed, there is no journal, or the pages cannot be served.
        """
        check_installed()
        pages = self._serve(retrieve)
        notes: list[str] = []
        if browser:
            # A code of its own: other users of this machine may see the address that a browser gets.
            open_browser(pages.address(), say=notes.append)
        return PagesLink(pages.address(), " ".join(notes))

    def close(self) -> None:
        """Stop the server of the journal's pages, if it runs."""
        state = self._journal_pages.peek()
        if state is not None:
            with state.lock:
                server, state.server = state.server, None
            if server is not None:
                server.close()

    def _serve(self, retrieve: Callable[[str], RetrievedJob]) -> ServicePages | PagesServer:
        # Most providers open no pages, and the web framework may not be installed.
        from qiskit_qoro.pages.opening.pages_server import start_pages_server  # noqa: PLC0415

        local = self._connection.local_service()
        if local is not None:
            from qiskit_qoro.pages.opening.service_pages import open_local_pages  # noqa: PLC0415 - as above

            return open_local_pages(local, provider_code=self._connection.service.origin.code)
        from qiskit_qoro.pages.journal_source.client import JournalClient  # noqa: PLC0415 - as above
        from qiskit_qoro.pages.journal_source.source import JournalSource  # noqa: PLC0415 - as above

        connection, journal = self._connection, self._connection.journal
        if journal is None:
            raise QoroInputError(
                "this provider keeps no journal of jobs, which its web pages show: expected one with "
                f"journal=True, and {JOURNAL_VARIABLE} not to be off"
            )
        state = self._journal_pages.get()
        with state.lock:
            if state.server is None:
                source = JournalSource.of_service(
                    journal,
                    connection.recorded_as,
                    JournalClient(lambda: connection.service, retrieve),
                    account=connection.account or "",
                )
                state.server = start_pages_server(lambda _account: source)
            return state.server


def _new_journal_pages() -> ProcessLocal[_JournalPages]:
    return ProcessLocal(lambda _inherited: _JournalPages())
