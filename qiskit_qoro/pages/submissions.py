"""Submit a job again only once for each form, however often the browser sends the form.

A form carries how often its job has been submitted again when the page was made. A browser sends a form
twice after a double click, after a second click while the service is slow, and if the user goes back to an
old page.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["MAX_JOBS", "Submissions"]

MAX_JOBS = 1000
"""So many jobs are remembered for each session."""


class Submissions:
    """How often one session has submitted each job again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[str, int] = {}
        self._running: set[str] = set()

    def number(self, job_id: str) -> str:
        """Return what a form that submits a job carries. It changes when the submission has ended."""
        return str(self._ended.get(job_id, 0))

    @contextmanager
    def once(self, job_id: str, number: str) -> Iterator[bool]:
        """Submit a job in the block, if the value is true.

        Args:
            job_id: The job.
            number: What the form carries.
        """
        with self._lock:
            is_first = number == self.number(job_id) and job_id not in self._running
            if is_first:
                self._running.add(job_id)
        if not is_first:
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                self._running.discard(job_id)
                # The newest entry is the last one, so that the oldest one is forgotten.
                self._ended[job_id] = self._ended.pop(job_id, 0) + 1
                if len(self._ended) > MAX_JOBS:
                    del self._ended[next(iter(self._ended))]
