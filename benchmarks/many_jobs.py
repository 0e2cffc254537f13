"""A local service with many jobs: a few real ones, and copies of them in the database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from sqlite3 import Connection

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
def serve_many_jobs(num_jobs: int, *, workers: int) -> Iterator[PagesOfManyJobs]:
    """Serve a number of jobs. One job has as many rows as there are jobs, and one as many circuits."""
    with ExitStack() as stack:
        service = stack.enter_context(serve(workers=workers))
        small, sweep, batch = _run_jobs(service, num_jobs)
        _copy_jobs(service, num_jobs)
        pages = open_local_pages(service)
        browser = stack.enter_context(requests.Session())
        browser.trust_env = False
        browser.get(pages.address()).raise_for_status()
        yield PagesOfManyJobs(browser, pages.url.rstrip("/"), small, sweep, batch, num_jobs)


def _run_jobs(service: LocalService, num_circuits: int) -> tuple[str, str, str]:
    """Run a job of each kind, and return the identifiers of three of them."""
    with QoroProvider(service.token, base_url=service.url, journal=False, progress=False) as provider:
        backend = provider.get_backend(_BACKEND)
        small = backend.run(bell(), shots=100, tag="bell")
        small.result()
        QoroEstimator(backend, options={"tag": "energy"}).run(
            [(h2_ansatz(), H2, random_rows(h2_ansatz(), 1)[0])]
        ).result()
        characterize({(0, 1): 2.0, 0: -1.0, 1: -1.0}, service=provider.service)
        batch = backend.run(bound_circuits(num_circuits), shots=100, tag="batch")
        batch.result()
        ansatz = ring_ansatz(4, 1)
        sweep = QoroSampler(backend, options={"tag": "sweep"}).run(
            [(ansatz, random_rows(ansatz, num_circuits))], shots=100
        )
        sweep.result()
        return small.job_id(), sweep.job_ids[0], batch.job_id()


def _copy_jobs(service: LocalService, num_jobs: int) -> None:
    """Copy the small jobs, with their circuits and results, until there is a number of jobs."""
    with service.parts.database.transaction() as connection:
        originals = connection.execute(
            "SELECT jobs.number, transactions.number FROM jobs LEFT JOIN transactions USING (job_id)"
            " WHERE (SELECT COUNT(*) FROM circuits WHERE job = jobs.number) < 2"
        ).fetchall()
        (present,) = connection.execute("SELECT COUNT(*) FROM jobs").fetchone()
        copier = _Copier(connection)
        for index in range(num_jobs - present):
            copier.copy_job(*originals[index % len(originals)])


class _Copier:
    """Copies jobs. It knows the tables, but not their columns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._columns: dict[str, list[str]] = {}

    def copy_job(self, number: int, transaction: int | None) -> None:
        other_id = str(uuid.uuid4())
        copy = self._copy("jobs", "number", number, number=None, job_id=other_id)
        for table in ("circuits", "templates", "results", "configurations", "analyses"):
            self._copy(table, "job", number, job=copy)
        self._copy("transactions", "number", transaction, number=None, job_id=other_id)

    def _copy(self, table: str, key: str, value: object, **changes: object) -> int | None:
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
