"""The circuits of the jobs of an account, with their names and results.

What does not change any more is cached: how the results of a job are read, its method, and the rows of
circuits that have a result.
"""

from __future__ import annotations

from qiskit_qoro.bounded_cache import BoundedCache
from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.local.store.job_contents import (
    ListedCircuit,
    find_circuit,
    list_circuits,
    read_first_result,
    read_labels,
)
from qiskit_qoro.local.store.job_listing import ListedJob
from qiskit_qoro.pages.local_source.job_reading import JobReading, read_job
from qiskit_qoro.pages.results.outcomes import method_of, outcome_of_item, summary_of
from qiskit_qoro.pages.views import CircuitRow, CircuitsPage, CircuitView, Failure

__all__ = ["CircuitViews"]

_CACHED_CIRCUITS = 200_000
_CACHED_ROWS = 20_000
_CACHED_METHODS = 1000
# Counts of this length have a few thousand outcomes, which take milliseconds to decode.
_LONGEST_ITEM = 5_000
_TOO_LONG = "The result is long: open the circuit to see it."


class CircuitViews:
    """The circuits of the jobs of an account. Methods may be called from any thread.

    Args:
        parts: The parts of the service.
        account: The name of the account.
    """

    def __init__(self, parts: ServiceParts, account: str) -> None:
        self._parts = parts
        self._account = account
        # By the number of the job, which is never used again. The size of a reading is that of its job.
        self._readings: BoundedCache[JobReading] = BoundedCache(_CACHED_CIRCUITS)
        self._methods: BoundedCache[str] = BoundedCache(_CACHED_METHODS)
        # By the number of the job and the position of the circuit.
        self._rows: BoundedCache[CircuitRow] = BoundedCache(_CACHED_ROWS)

    def reading(self, job: ListedJob) -> JobReading:
        """Return how the results of a job are read.

        Raises:
            JobNotFoundError: The job has been deleted.
        """
        known = self._readings.get(job.number)
        if known is not None:
            return known
        stored = self._parts.store.job(self._account, job.job_id)
        # The labels describe the circuits only if all of them are there.
        labels = read_labels(self._parts.database, job) if job.is_finalized else []
        reading = read_job(stored, job.kind, labels)
        if job.is_finalized:
            self._readings.add(job.number, reading, size=1 + len(labels))
        return reading

    def method(self, job: ListedJob) -> str:
        """Return the method of the first circuit that has a result, and why it was chosen; else nothing."""
        known = self._methods.get(job.number)
        if known is not None:
            return known
        item = read_first_result(self._parts.database, job)
        if item is None:
            return ""
        method = method_of(outcome_of_item(item)[1])
        self._methods.add(job.number, method)
        return method

    def page(self, job: ListedJob, *, status: str, limit: int, offset: int) -> CircuitsPage:
        """Return some circuits of a job, as :meth:`~qiskit_qoro.pages.source.Source.circuits` does."""
        reading = self.reading(job)
        circuits, by_status = list_circuits(
            self._parts.database, job, status=status, limit=limit, offset=offset, longest_item=_LONGEST_ITEM
        )
        rows = [self._row(job, circuit, reading) for circuit in circuits]
        total = by_status.get(status, 0) if status else sum(by_status.values())
        return CircuitsPage(rows, total, by_status)

    def view(self, job: ListedJob, position: int) -> CircuitView | None:
        """Return a circuit of a job with its outcome; ``None`` if there is none at this position.

        Raises:
            WireError: The text of the circuit is damaged.
        """
        if not 0 <= position < job.num_circuits:  # the number may be too large for SQLite
            return None
        reading = self.reading(job)
        found = find_circuit(self._parts.database, job, position)
        if found is None:
            return None
        circuit = found.listed
        outcome, details = None, None
        if circuit.item is not None:
            context = reading.context_of(circuit.label, tuple(found.parameters))
            outcome, details = outcome_of_item(circuit.item, context)
            if isinstance(outcome, Failure):
                outcome = Failure(reading.named(outcome.reason))
        row = _row_of(circuit, reading, summary_of(outcome))
        return CircuitView(row, outcome, found.program, found.parameters, method_of(details))

    def _row(self, job: ListedJob, circuit: ListedCircuit, reading: JobReading) -> CircuitRow:
        if circuit.item is None:
            return _row_of(circuit, reading, _TOO_LONG if circuit.is_left_out else "")
        key = job.number, circuit.position
        row = self._rows.get(key)
        if row is None:
            outcome, _ = outcome_of_item(circuit.item, reading.context_of(circuit.label))
            summary = summary_of(outcome)
            row = _row_of(
                circuit, reading, reading.named(summary) if isinstance(outcome, Failure) else summary
            )
            self._rows.add(key, row)
        return row


def _row_of(circuit: ListedCircuit, reading: JobReading, summary: str) -> CircuitRow:
    return CircuitRow(
        circuit.position, reading.name_of(circuit.label), circuit.status, circuit.shots, summary
    )
