"""The jobs that this machine submitted, as people look at them."""

from qiskit_qoro.history.entries import JobEntry, JobList
from qiskit_qoro.history.listing import STATUSES, Selection, list_jobs, list_remembered

__all__ = ["STATUSES", "JobEntry", "JobList", "Selection", "list_jobs", "list_remembered"]
