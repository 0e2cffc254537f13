"""Journals, sources of a real local service, and sources of a service that gives scripted answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
import responses

from qiskit_qoro import QoroProvider
from qiskit_qoro.connection import recorder_of
from qiskit_qoro.history import Journal
from qiskit_qoro.history.journal_entry import Stage
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.submissions import JobKind, SubmissionFacts
from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.journal_source.source import JournalSource
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.clock import Clock

URL = "https://qoro.invalid/api"
_T = TypeVar("_T")
_LIMIT_S = 60.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of the journal."""
    return tmp_path / "journal.sqlite3"


def source_of(provider: QoroProvider) -> JournalSource:
    """The source of the jobs of a provider."""
    journal = provider.journal
    assert journal is not None
    client = JournalClient(lambda: provider.service, provider.retrieve_job)
    return JournalSource.of_service(journal, provider.service.base_url, client)


@pytest.fixture
def cloud(local_service: LocalService, path: Path) -> Iterator[QoroProvider]:
    """A provider that reaches the cloud of the tests, which is a local service, over HTTP."""
    with QoroProvider(
        local_service.token, base_url=local_service.url, journal=path, progress=False
    ) as provider:
        yield provider


@pytest.fixture
def source(cloud: QoroProvider) -> JournalSource:
    """The source of the jobs in the cloud."""
    return source_of(cloud)


@pytest.fixture
def open_source() -> Callable[[QoroProvider], JournalSource]:
    """Returns the source of the jobs of a provider."""
    return source_of


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    """A service that gives only the answers that a test scripts."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as script:
        yield script
        # What is still being fetched must not ask the service of the next test.
        for thread in threading.enumerate():
            if thread.name == "qoro-pages-fetch":
                thread.join(_LIMIT_S)


@pytest.fixture
def source_at(path: Path, no_wait_clock: Clock) -> Iterator[Callable[[str], JournalSource]]:
    """Return the source of the jobs of a service at an address. It does not wait between its attempts."""
    with ExitStack() as stack:

        def source_at(url: str) -> JournalSource:
            provider = stack.enter_context(
                QoroProvider("secret-token", base_url=url, journal=path, progress=False)
            )
            journal = provider.journal
            service = QoroService(
                "secret-token",
                base_url=url,
                recorder=recorder_of(journal, url),
                clock=no_wait_clock,
                max_retry_after_s=0,
                progress=False,
            )
            assert journal is not None
            client = JournalClient(lambda: service, provider.retrieve_job)
            return JournalSource.of_service(journal, url, client)

        yield source_at


@pytest.fixture
def scripted_source(
    scripted: responses.RequestsMock, source_at: Callable[[str], JournalSource]
) -> JournalSource:
    """The source of the jobs of the scripted service."""
    return source_at(URL)


@pytest.fixture
def record(path: Path) -> Callable[..., str]:
    """Record a submitted job of the scripted service; return its identifier."""

    def record(
        job_id: str = "job",
        status: str | None = None,
        *,
        circuits: int = 1,
        kind: JobKind = JobKind.OTHER,
        service: str = URL,
        tag: str = "t",
    ) -> str:
        journal = Journal(path)
        number = journal.begin(service, SubmissionFacts(kind, "qoro_maestro", tag, circuits))
        journal.set_job_id(number, job_id)
        journal.set_stage(number, Stage.SUBMITTED)
        if status is not None:
            journal.set_status_of(service, job_id, status)
        return job_id

    return record


@pytest.fixture
def settle() -> Callable[[Callable[[], _T], Callable[[_T], bool]], _T]:
    """Call a function until a condition on its value is met, as the live part of a page does."""

    def settle(look: Callable[[], _T], is_settled: Callable[[_T], bool]) -> _T:
        end = time.monotonic() + _LIMIT_S
        while True:
            value = look()
            if is_settled(value):
                return value
            assert time.monotonic() < end, value

    return settle
