"""Free places on the workers of a cluster, granted to runs in turn.

A run has at most one request in the queue. When it gets a place, it sends a batch of about a second, and
requests the next place. So runs take turns, and a run that has much work uses all places that the others
leave.

A worker has a place for each of its processes and one more, so that it never waits for the next batch. A run
that has no batch at all, and has not run long, gets a place even if all of them are taken. The processes of
the worker take turns between batches too, so a small job begins at once, however long the batches of the
others take.

A run waits only for workers that its circuits fit on. It does not keep the others from runs behind it.
"""

from __future__ import annotations

import math
import threading
from collections import Counter

from qiskit_qoro.local.workers.cluster.messages import EXTRA_PLACES, WorkerDescription
from qiskit_qoro.local.workers.cluster.needs import needs_of
from qiskit_qoro.local.workers.cluster.runs.events import (
    FleetChanged,
    Granted,
    Requester,
    Unavailable,
    Wish,
    WorkerGone,
)
from qiskit_qoro.local.workers.cluster.runs.fleet import Capabilities, ClusterWorker, Holder, Measure, Need
from qiskit_qoro.local.workers.pool_snapshot import MachineSnapshot

__all__ = ["Dispatcher"]

# How long runs wait for the first worker, or for another one after the last has left.
_MAX_WAIT_S = 10.0

# How long circuits that need a worker that has left wait for its return, before another one gets them, where
# they may fail. A machine that reboots or is updated needs minutes.
_MAX_ABSENCE_S = 600.0

# How long circuits that fit on no worker wait for larger ones, after the scheduler was connected. Its workers
# join one after another. An unknown worker without a limit stands for those that may still come.
_MAX_JOINING_S = 10.0
_EXPECTED = WorkerDescription(
    name="",
    host="",
    pid=0,
    processes=0,
    cores=0,
    memory_limit_bytes=2**63,
    tags=(),
    accelerators=frozenset(),
    methods=(),
    versions={},
)

# How long a worker rests that could not run a batch, because its disk is full, for example. It would answer
# at once, and so take the batches of all others.
_REST_S = 10.0

# The work, in seconds, after which a run is a long one. Long runs get no extra places. Otherwise a small job
# would share its worker with a batch of each of them.
_LONG_S = 2.0

_NO_WORKER = "no worker is connected"


class Dispatcher:
    """Knows the usable workers, and who has which places on them. Threads may use it at the same time.

    Args:
        measure: Tells what tasks need.
    """

    def __init__(self, measure: Measure = needs_of) -> None:
        self._measure = measure
        self._lock = threading.Lock()
        self._workers: dict[str, ClusterWorker] = {}
        # Workers that have left, by name, and until when their return is expected. Among them is _EXPECTED.
        self._absent: dict[str, tuple[WorkerDescription, float]] = {}
        self._capabilities = Capabilities((), measure)
        self._runs: dict[Requester, int] = {}  # the number of places of each run
        self._work_s: dict[Holder, float] = {}  # how long its tasks took, of each run
        self._waiting: dict[Requester, Wish] = {}  # in the order of their requests
        self._unavailable: Unavailable | None = Unavailable("the scheduler has not answered yet")
        # Since when there is no worker, while the scheduler can be reached.
        self._empty_since: float | None = None

    # The pool reports these events.

    def connect(self, now: float) -> None:
        """Note that the scheduler can be reached. Its workers will join."""
        with self._lock:
            if self._unavailable is not None and self._unavailable.is_final:
                return
            self._unavailable = None
            self._absent = {
                name: (description, min(until, now + _MAX_ABSENCE_S))
                for name, (description, until) in self._absent.items()
            }
            self._absent[_EXPECTED.name] = _EXPECTED, now + _MAX_JOINING_S
            self._update_capabilities()
            if not self._workers:
                self._empty_since = now

    def disconnect(self, reason: str, *, is_final: bool = False) -> None:
        """Note that no worker can be reached, and end all runs."""
        with self._lock:
            if self._unavailable is None or not self._unavailable.is_final:
                self._unavailable = Unavailable(reason, is_final)
            for worker in self._workers.values():
                self._absent[worker.name] = worker.description, math.inf
            self._workers.clear()
            self._empty_since = None
            self._end_runs(self._unavailable)

    def join(self, worker: ClusterWorker) -> None:
        """Add a worker."""
        with self._lock:
            self._workers[worker.address] = worker
            self._absent.pop(worker.name, None)
            self._empty_since = None
            self._update_capabilities()
            self._offer(worker)

    def leave(
        self, address: str, reason: str, now: float, *, is_stopped: bool = False
    ) -> ClusterWorker | None:
        """Remove a worker, and return it if it was there."""
        with self._lock:
            worker = self._workers.pop(address, None)
            if worker is None:
                return None
            self._absent[worker.name] = worker.description, now + _MAX_ABSENCE_S
            if not self._workers:
                self._empty_since = now
            losers = [run for run in self._runs if worker.places[run]]
            for run in losers:
                self._runs[run] -= worker.places[run]
                run.events.put(WorkerGone(worker, reason, is_stopped))
            for run in losers:
                self._match(run)
            self._offer_resting()
            return worker

    # Anybody may ask for these.

    @property
    def workers(self) -> tuple[ClusterWorker, ...]:
        """The usable workers."""
        with self._lock:
            return tuple(self._workers.values())

    @property
    def machines(self) -> tuple[MachineSnapshot, ...]:
        """What is known of the usable workers now."""
        with self._lock:
            return tuple(worker.snapshot() for worker in self._workers.values())

    @property
    def capabilities(self) -> Capabilities:
        """What the workers can run, with those that have just left or may still join."""
        with self._lock:
            return self._capabilities

    @property
    def num_processes(self) -> int:
        """The number of processes of all usable workers."""
        with self._lock:
            return sum(worker.description.processes for worker in self._workers.values())

    @property
    def num_waiting(self) -> int:
        """The number of runs that have no place, and wait for one."""
        with self._lock:
            return sum(1 for run in self._waiting if not self._runs[run])

    @property
    def problem(self) -> str | None:
        """Why no run can have a place now, without the address; ``None`` if it can."""
        with self._lock:
            if self._unavailable is not None:
                return self._unavailable.reason
            return None if self._workers else _NO_WORKER

    # Runs call these.

    def enter(self, run: Requester) -> Capabilities:
        """Take part. Returns what the workers can run now."""
        with self._lock:
            self._runs[run] = 0
            self._work_s[run] = 0.0
            if self._unavailable is not None:
                run.events.put(self._unavailable)
            return self._capabilities

    def exit(self, run: Requester) -> None:
        """Take part no more, and give all places back."""
        with self._lock:
            self._waiting.pop(run, None)
            self._runs.pop(run, None)
            self._work_s.pop(run, None)
            for worker in self._workers.values():
                if worker.suspected is run:
                    worker.suspected = None
                if worker.places.pop(run, 0):
                    self._offer(worker)

    def request(self, run: Requester, wish: Wish) -> None:
        """Queue for a place. It arrives as a :class:`Granted` event."""
        with self._lock:
            self._waiting[run] = wish
            self._match(run)

    def change_wish(self, run: Requester, wish: Wish) -> None:
        """Change what a run queues for, if it has got nothing in the meantime."""
        with self._lock:
            if run in self._waiting:
                self._waiting[run] = wish
                self._match(run)

    def fits(self, worker: ClusterWorker, need: Need) -> bool:
        """Whether a worker has what a task needs. A worker to avoid has it only if no other has."""
        with self._lock:
            return self._fits(worker, need)

    def release(self, run: Requester, granted: Granted, work_s: float = 0.0) -> None:
        """Give back a place. Ignored if the worker is gone.

        Args:
            run: The run.
            granted: The place.
            work_s: How long the tasks took that ran there, in seconds.
        """
        with self._lock:
            worker = granted.worker
            if not worker.places[run] or run not in self._runs:
                return
            self._work_s[run] += work_s
            worker.places -= Counter([run])  # removes the run when it has no place any more
            if granted.is_alone:
                worker.suspected = None
            if self._workers.get(worker.address) is worker:
                self._runs[run] -= 1
                self._offer(worker)
                self._match(run)

    def rest(self, worker: ClusterWorker, now: float) -> None:
        """Note that a worker could not run a batch. It gets none for a while, unless all workers rest."""
        with self._lock:
            worker.rests_until = now + _REST_S
            self._offer_resting()

    def tick(self, now: float) -> None:
        """Give up what has been waited for too long."""
        with self._lock:
            for worker in self._workers.values():
                if worker.rests_until is not None and now >= worker.rests_until:
                    worker.rests_until = None
                    self._offer(worker)
            expired = [name for name, (_, until) in self._absent.items() if now >= until]
            for name in expired:
                del self._absent[name]
            if expired:
                self._update_capabilities()
            if self._empty_since is not None and now - self._empty_since > _MAX_WAIT_S:
                self._end_runs(Unavailable(_NO_WORKER))

    # The methods below need the lock.

    def _end_runs(self, event: Unavailable) -> None:
        self._waiting.clear()
        for run in self._runs:
            run.events.put(event)

    def _update_capabilities(self) -> None:
        descriptions = [worker.description for worker in self._workers.values()]
        descriptions += [description for description, _ in self._absent.values()]
        capabilities = Capabilities(descriptions, self._measure)
        if capabilities != self._capabilities:
            self._capabilities = capabilities
            for run in self._runs:
                run.events.put(FleetChanged(capabilities))

    def _offer(self, worker: ClusterWorker) -> None:
        """Grant the free places of a worker to the runs that wait."""
        for run in tuple(self._waiting):
            if self._has_place(worker, run) and self._matches(worker, self._waiting[run]):
                self._grant(worker, run)

    def _offer_resting(self) -> None:
        """Grant places on workers that rest, if there are no others any more."""
        for worker in self._workers.values():
            if worker.rests_until is not None:
                self._offer(worker)

    def _match(self, run: Requester) -> None:
        """Grant the best place to a run, if it waits."""
        wish = self._waiting.get(run)
        if wish is None:
            return
        usable = [
            worker
            for worker in self._workers.values()
            if self._has_place(worker, run) and self._matches(worker, wish)
        ]
        if usable:
            self._grant(max(usable, key=lambda worker: _rank(worker, wish)), run)

    def _has_place(self, worker: ClusterWorker, run: Requester) -> bool:
        if worker.rests_until is not None and any(
            other.rests_until is None for other in self._workers.values()
        ):
            return False
        if self._is_long(run):
            # Only long runs count, so that small ones never take the places of all of them.
            num_long = sum(count for other, count in worker.places.items() if self._is_long(other))
            return num_long < worker.description.places
        # A small run without any batch may have an extra place.
        return worker.num_free > (0 if self._runs[run] else -EXTRA_PLACES)

    def _is_long(self, run: Holder) -> bool:
        return self._work_s.get(run, 0.0) >= _LONG_S

    def _matches(self, worker: ClusterWorker, wish: Wish) -> bool:
        return wish.is_open or any(
            not (need.is_alone and worker.suspected) and self._fits(worker, need) for need in wish.needs
        )

    def _fits(self, worker: ClusterWorker, need: Need) -> bool:
        if not self._capabilities.fit(worker.description, need):
            return False
        return worker.name not in need.avoided or not any(
            other.name not in need.avoided and self._capabilities.fit(other.description, need)
            for other in self._workers.values()
        )

    def _grant(self, worker: ClusterWorker, run: Requester) -> None:
        wish = self._waiting.pop(run)
        is_alone = not wish.is_open and not any(
            not need.is_alone and self._fits(worker, need) for need in wish.needs
        )
        if is_alone:
            worker.suspected = run
        worker.places[run] += 1
        self._runs[run] += 1
        run.events.put(Granted(worker, is_alone))


def _rank(worker: ClusterWorker, wish: Wish) -> tuple[bool, bool, float]:
    """Prefer a worker that idles, then one that has the templates, then the one with most free places."""
    described = worker.description
    has_idle_process = worker.num_busy < described.processes
    return has_idle_process, worker.templates.issuperset(wish.templates), worker.num_free / described.places
