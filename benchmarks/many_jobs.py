"""A local service with many jobs, and its client's journal: a few real jobs, and copies in the databases."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from tempfile import TemporaryDirectory

import requests
from workloads import H2, bell, bound_circuits, h2_ansatz, random_rows, ring_ansatz

from qiskit_qoro import QoroEstimator, QoroProvider, QoroSampler, characterize
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.pages.opening import open_local_pages

__all__ = ["PagesOfManyJobs", "serve_many_jobs"]

_BACKEND = "qoro_maestro"


@dataclass(frozen=True)
class PagesOfManyJobs:
    """The web pages of a service.

    Attributes:
        browser: A browser that is signed in.
        url: The address of the pages.
        small: A job of one circuit.
        sweep: A job of many rows of a template.
        batch: A job of many circuits, each with a text of its own.
        num_jobs: The number of jobs.
    """

    browser: requests.Session
    url: str
    small: str
    sweep: str
    batch: str
    num_jobs: int

    def fetch(self, path: str) -> str:
        """Return a page.

        Args:
            path: The path, in which names in braces stand for attributes. ``{last}`` is the number of the
                last page of a list, and ``{last_circuit}`` the position of the last circuit.
        """
        values = {**vars(self), "last": -(-self.num_jobs // 50), "last_circuit": self.num_jobs - 1}
        answer = self.browser.get(self.url + path.format_map(values))
        answer.raise_for_status()
        return answer.text


@contextmanager
def serve_many_jobs(num_jobs: int, *, workers: int) -> Iterator[tuple[PagesOfManyJobs, PagesOfManyJobs]]:
    """Serve a number of jobs, twice: as jobs of a local service, and as those of its client's journal.

    One job has as many rows of a template as there are jobs, and one has as many circuits.
    """
    with ExitStack() as stack:
        path = Path(stack.enter_context(TemporaryDirectory())) / "journal.sqlite3"
        service = stack.enter_context(serve(workers=workers))
        provider = stack.enter_context(
            QoroProvider(service.token, base_url=service.url, journal=path, progress=False)
        )
        jobs = _run_jobs(provider, num_jobs)
        copies = _copy_jobs(service, num_jobs)
        journal = stack.enter_context(closing(sqlite3.connect(path)))
        _copy_entries(journal, copies)
        addresses = (open_local_pages(service).address(), str(provider.open(browser=False)))
        local, recorded = (
            PagesOfManyJobs(_sign_in(stack, address), address.partition("/sign-in")[0], *jobs, num_jobs)
            for address in addresses
        )
        yield local, recorded


def _sign_in(stack: ExitStack, address: str) -> requests.Session:
    browser = stack.enter_context(requests.Session())
    browser.trust_env = False
    browser.get(address).raise_for_status()
    return browser


def _run_jobs(provider: QoroProvider, num_circuits: int) -> tuple[str, str, str]:
    """Run a job of each kind, and return the identifiers of three of them."""
    backend = provider.get_backend(_BACKEND)
    small = backend.run(bell(), shots=100, tag="bell")
    small.result()
    energy = (h2_ansatz(), H2, random_rows(h2_ansatz(), 1)[0])
    QoroEstimator(backend, options={"tag": "energy"}).run([energy]).result()
    characterize({(0, 1): 2.0, 0: -1.0, 1: -1.0}, service=provider.service)
    batch = backend.run(bound_circuits(num_circuits), shots=100, tag="batch")
    batch.result()
    ansatz = ring_ansatz(4, 1)
    sampler = QoroSampler(backend, options={"tag": "sweep"})
    sweep = sampler.run([(ansatz, random_rows(ansatz, num_circuits))], shots=100)
    sweep.result()
    return small.job_id(), sweep.job_ids[0], batch.job_id()


def _copy_jobs(service: LocalService, num_jobs: int) -> list[tuple[str, str]]:
    """Copy the small jobs, with their circuits and results, until there is a number of jobs.

    Returns:
        For each copy the identifier of the original and its own.
    """
    with service.parts.database.transaction() as connection:
        originals = connection.execute(
            "SELECT job_id, jobs.number, transactions.number FROM jobs LEFT JOIN transactions USING (job_id)"
            " WHERE (SELECT COUNT(*) FROM circuits WHERE job = jobs.number) < 2"
        ).fetchall()
        (present,) = connection.execute("SELECT COUNT(*) FROM jobs").fetchone()
        copier = _Copier(connection)
        copies = []
        for index in range(num_jobs - present):
            original, number, transaction = originals[index % len(originals)]
            copies.append((original, copier.copy_job(number, transaction)))
        return copies


def _copy_entries(journal: Connection, copies: Iterable[tuple[str, str]]) -> None:
    """Copy the entries of a journal in the same way."""
    copier = _Copier(journal)
    for original, copy in copies:
        copier.copy("jobs", "job_id", original, number=None, job_id=copy)
    journal.commit()


class _Copier:
    """Copies jobs. It knows the tables, but not their columns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._columns: dict[str, list[str]] = {}

    def copy_job(self, number: int, transaction: int | None) -> str:
        other_id = str(uuid.uuid4())
        copy = self.copy("jobs", "number", number, number=None, job_id=other_id)
        for table in ("circuits", "templates", "results", "configurations", "analyses"):
            self.copy(table, "job", number, job=copy)
        self.copy("transactions", "number", transaction, number=None, job_id=other_id)
        return other_id

    def copy(self, table: str, key: str, value: object, **changes: object) -> int | None:
        """Copy the rows of a table that have a value in a column, with other values in some columns."""
        if table not in self._columns:
            found = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
            self._columns[table] = [name for (name,) in found]
        names = self._columns[table]
        taken = [f":{name}" if name in changes else name for name in names]
        return self._connection.execute(
            f"INSERT INTO {table} ({', '.join(names)})"
            f" SELECT {', '.join(taken)} FROM {table} WHERE {key} = :original",
            {**changes, "original": value},
        ).lastrowid
