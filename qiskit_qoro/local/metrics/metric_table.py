"""The table of all metrics. The code, the documentation and the tests share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["METRICS", "OTHER_ACCOUNT", "MetricRow", "MetricType"]

OTHER_ACCOUNT = "other"
"""The label of all accounts that the database knows and that the service does not have any more."""


class MetricType(StrEnum):
    """The types of metrics, as Prometheus names them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class MetricRow:
    """What is known of a metric.

    Attributes:
        kind: Its type.
        labels: The names of its labels.
        meaning: What it measures.
        is_stored: Whether its value comes from the database, so that it is right after a restart. Other
            counters and histograms begin with the service.
    """

    kind: MetricType
    labels: tuple[str, ...]
    meaning: str
    is_stored: bool = False


_COUNTER, _GAUGE, _HISTOGRAM = MetricType.COUNTER, MetricType.GAUGE, MetricType.HISTOGRAM

METRICS: Mapping[str, MetricRow] = {
    "qoro_service_info": MetricRow(
        _GAUGE, ("cluster", "version"), "always 1; its labels describe the service"
    ),
    "qoro_service_start_time_seconds": MetricRow(_GAUGE, (), "when the service started, in Unix time"),
    "qoro_jobs": MetricRow(
        _GAUGE,
        ("account", "status"),
        "the jobs that are stored, also those that have ended",
        is_stored=True,
    ),
    "qoro_jobs_queued": MetricRow(
        _GAUGE, ("account",), "the jobs that are complete and wait until they may run", is_stored=True
    ),
    "qoro_oldest_queued_job_seconds": MetricRow(
        _GAUGE, ("account",), "the age of the oldest of them; 0 if there is none", is_stored=True
    ),
    "qoro_circuits_unfinished": MetricRow(
        _GAUGE, ("account",), "the circuits of queued and running jobs that have no outcome", is_stored=True
    ),
    "qoro_jobs_ended_total": MetricRow(
        _COUNTER, ("account", "kind", "status"), "the jobs that have ended, by their final status"
    ),
    "qoro_job_duration_seconds": MetricRow(_HISTOGRAM, ("kind",), "how long the jobs that have ended ran"),
    "qoro_job_wait_seconds": MetricRow(
        _HISTOGRAM, ("account",), "the time from opening to starting the jobs that have run and ended"
    ),
    "qoro_circuits_total": MetricRow(_COUNTER, ("account",), "the circuits that have an outcome"),
    "qoro_circuits_failed_total": MetricRow(
        _COUNTER, ("account",), "the circuits that have failed, counted when their job has ended"
    ),
    "qoro_shots_total": MetricRow(_COUNTER, ("account",), "the shots of the jobs that have completed"),
    "qoro_credits_charged_total": MetricRow(
        _COUNTER, ("account",), "the credits that the jobs of an account have cost", is_stored=True
    ),
    "qoro_credits_balance": MetricRow(_GAUGE, ("account",), "the credits that are left", is_stored=True),
    "qoro_database_size_bytes": MetricRow(_GAUGE, (), "the size of the database", is_stored=True),
    "qoro_pool_usable": MetricRow(_GAUGE, (), "1 if jobs can run, 0 if they have to wait for the cluster"),
    "qoro_places": MetricRow(_GAUGE, (), "how many circuits all workers together run at once"),
    "qoro_places_busy": MetricRow(_GAUGE, (), "how many of these places are in use"),
    "qoro_runs_waiting": MetricRow(_GAUGE, (), "the running jobs that wait for a place"),
    "qoro_processes_lost_total": MetricRow(
        _COUNTER, (), "the processes that have ended unexpectedly while they ran circuits or were idle"
    ),
    "qoro_cluster_connected": MetricRow(
        _GAUGE, (), "1 if the scheduler and a worker can be reached, or 0; only with a cluster"
    ),
    "qoro_cluster_workers": MetricRow(
        _GAUGE, ("state",), "the workers that are `used` and those that are `refused`; only with a cluster"
    ),
    "qoro_worker_places": MetricRow(
        _GAUGE, ("host", "worker"), "how many circuits a worker of the cluster runs at once"
    ),
    "qoro_worker_places_busy": MetricRow(_GAUGE, ("host", "worker"), "how many of these places are in use"),
    "qoro_worker_processes_lost": MetricRow(
        _GAUGE, ("host", "worker"), "the processes that a worker has lost since it joined the cluster"
    ),
    "qoro_requests_total": MetricRow(
        _COUNTER,
        ("endpoint", "status"),
        "the requests of the API and for metrics, by the status code of the answer",
    ),
    "qoro_request_duration_seconds": MetricRow(
        _HISTOGRAM, ("endpoint",), "how long the answers took, with the time that a client asked to wait"
    ),
}
"""Each metric, by its name."""
