"""All metrics of a service, as objects of ``prometheus_client``."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from qiskit_qoro.local.metrics import stored_jobs
from qiskit_qoro.local.metrics.ended_jobs_tally import EndedJobsTally
from qiskit_qoro.local.metrics.metric_table import METRICS, OTHER_ACCOUNT, MetricType
from qiskit_qoro.local.metrics.request_tally import RequestTally
from qiskit_qoro.local.metrics.tallies import Histogram
from qiskit_qoro.local.store.database import Database
from qiskit_qoro.local.store.lifecycle import LIFECYCLE
from qiskit_qoro.local.workers.pool_snapshot import MachineSnapshot, PoolSnapshot

__all__ = ["ServiceMetrics", "build_registry"]

_Values = Iterable[tuple[tuple[str, ...], float]]


def build_registry(metrics: ServiceMetrics) -> CollectorRegistry:
    """Return a registry with the metrics of a service, and those of its process if the system tells them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    ProcessCollector(namespace="qoro", registry=registry)
    return registry


class ServiceMetrics(Collector):
    """The metrics of a service.

    Args:
        database: The database of the service.
        snapshot: Returns what is known of the workers.
        accounts: The names of the accounts.
        jobs: Counts the jobs.
        requests: Counts the requests.
        version: The version of this package.
        start_time_s: When the service started, in Unix time.
    """

    def __init__(
        self,
        database: Database,
        snapshot: Callable[[], PoolSnapshot],
        accounts: Iterable[str],
        jobs: EndedJobsTally,
        requests: RequestTally,
        *,
        version: str,
        start_time_s: float,
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._accounts = tuple(sorted(set(accounts)))
        self._jobs = jobs
        self._requests = requests
        self._version = version
        self._start_time_s = start_time_s

    def collect(self) -> Iterator[Metric]:
        """Return all metrics with their present values."""
        snapshot = self._snapshot()
        yield _family("qoro_service_info", [((snapshot.cluster or "", self._version), 1)])
        yield _single("qoro_service_start_time_seconds", self._start_time_s)
        yield from self._stored_jobs()
        yield from self._ended_jobs()
        yield from self._credits()
        yield _single("qoro_database_size_bytes", stored_jobs.database_size(self._database))
        yield from _pool_metrics(snapshot)
        if snapshot.cluster is not None:
            yield from _cluster_metrics(snapshot)
        yield _family("qoro_requests_total", self._requests.requests.items())
        yield _histogram("qoro_request_duration_seconds", self._requests.durations)

    def _stored_jobs(self) -> Iterator[Metric]:
        jobs: Counter[tuple[str, str]] = Counter()
        for (owner, status), count in stored_jobs.count_jobs(self._database).items():
            jobs[self._label(owner), status] += count
        # All statuses of all accounts, so that the first failed job is a change from 0 to 1.
        every = {(account, status.value): 0 for account in self._accounts for status in LIFECYCLE}
        yield _family("qoro_jobs", sorted((every | jobs).items()))
        queues = stored_jobs.read_queue(self._database)
        numbers = {owner: queue.num_jobs for owner, queue in queues.items()}
        yield _family("qoro_jobs_queued", self._by_account(numbers))
        ages = {owner: queue.oldest_s for owner, queue in queues.items()}
        yield _family("qoro_oldest_queued_job_seconds", self._by_account(ages, merge=max))
        circuits = stored_jobs.count_unfinished_circuits(self._database)
        yield _family("qoro_circuits_unfinished", self._by_account(circuits))

    def _ended_jobs(self) -> Iterator[Metric]:
        tally = self._jobs
        yield _family("qoro_jobs_ended_total", tally.jobs.items())
        yield _histogram("qoro_job_duration_seconds", tally.durations)
        yield _histogram("qoro_job_wait_seconds", tally.waits)
        yield _family("qoro_circuits_total", self._from_zero(tally.circuits.items()))
        yield _family("qoro_circuits_failed_total", self._from_zero(tally.failed_circuits.items()))
        yield _family("qoro_shots_total", self._from_zero(tally.shots.items()))

    def _credits(self) -> Iterator[Metric]:
        found = stored_jobs.read_credits(self._database)
        charged = {name: used for name, (_, used) in found.items()}
        yield _family("qoro_credits_charged_total", self._by_account(charged))
        balances = {name: balance for name, (balance, _) in found.items() if name in self._accounts}
        yield _family("qoro_credits_balance", self._by_account(balances))

    def _label(self, owner: str) -> str:
        return owner if owner in self._accounts else OTHER_ACCOUNT

    def _by_account(
        self, values: Mapping[str, float], merge: Callable[[float, float], float] = operator.add
    ) -> _Values:
        """Return a value for each account, 0 by default, and one for all accounts that are gone."""
        merged: dict[str, float] = {}
        for owner, value in values.items():
            label = self._label(owner)
            merged[label] = merge(merged[label], value) if label in merged else value
        return self._from_zero(((account,), value) for account, value in merged.items())

    def _from_zero(self, values: _Values) -> _Values:
        every: dict[tuple[str, ...], float] = {(account,): 0.0 for account in self._accounts}
        return sorted((every | dict(values)).items())


def _pool_metrics(snapshot: PoolSnapshot) -> Iterator[Metric]:
    used = _used_machines(snapshot)
    in_cluster = snapshot.cluster is not None
    places = sum(machine.processes for machine in used) if in_cluster else snapshot.size
    busy = sum(map(_busy_places, used)) + sum(worker.job_id is not None for worker in snapshot.workers)
    yield _single("qoro_pool_usable", snapshot.problem is None)
    yield _single("qoro_places", places)
    yield _single("qoro_places_busy", busy)
    yield _single("qoro_runs_waiting", snapshot.num_waiting)
    yield _single("qoro_processes_lost_total", snapshot.num_lost)


def _cluster_metrics(snapshot: PoolSnapshot) -> Iterator[Metric]:
    used = _used_machines(snapshot)
    yield _single("qoro_cluster_connected", snapshot.problem is None)
    states = {"refused": len(snapshot.machines) - len(used), "used": len(used)}
    yield _family("qoro_cluster_workers", [((state,), number) for state, number in states.items()])
    values: Mapping[str, Callable[[MachineSnapshot], int]] = {
        "qoro_worker_places": lambda machine: machine.processes,
        "qoro_worker_places_busy": _busy_places,
        "qoro_worker_processes_lost": lambda machine: machine.num_lost,
    }
    for name, value in values.items():
        yield _family(name, [((machine.host, machine.name), value(machine)) for machine in used])


def _used_machines(snapshot: PoolSnapshot) -> list[MachineSnapshot]:
    return [machine for machine in snapshot.machines if machine.refusal is None]


def _busy_places(machine: MachineSnapshot) -> int:
    # A worker gets a batch more than it has processes, so that it never waits for the next one.
    return min(machine.num_busy, machine.processes)


def _single(name: str, value: float) -> Metric:
    return _family(name, [((), value)])


def _family(name: str, values: _Values) -> Metric:
    row = METRICS[name]
    build = CounterMetricFamily if row.kind is MetricType.COUNTER else GaugeMetricFamily
    family = build(name, _help(name), labels=row.labels)
    for labels, value in values:
        family.add_metric(labels, float(value))
    return family


def _histogram(name: str, histogram: Histogram) -> Metric:
    family = HistogramMetricFamily(name, _help(name), labels=METRICS[name].labels)
    for labels, buckets, total in histogram.items():
        family.add_metric(labels, buckets, total)
    return family


def _help(name: str) -> str:
    row = METRICS[name]
    if row.kind is MetricType.GAUGE or row.is_stored:
        return row.meaning
    return f"{row.meaning}, since the start of the service"
