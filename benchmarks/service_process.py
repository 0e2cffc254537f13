"""A local service in a process of its own, which reports its processor time by parts.

``python benchmarks/service_process.py OPTIONS`` takes the options of ``serve`` as JSON. It prints the address
of the service as JSON, then a report for each line that it reads, and ends when there are no more lines.

The parts are groups of threads, by their names. What a thread does within the store counts for the store.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from qiskit_qoro.local import serve
from qiskit_qoro.local.store.database import Database

STORE = "store"
# The beginnings of the names of threads, and the parts that they belong to.
PARTS = {
    "qoro-listener": "HTTP",
    "qoro-handler": "handlers",
    "qoro-runner": "runner",
    "worker-": "pipes to the workers",
}
OTHERS = "others"  # in a cluster, these are the threads of Dask, and those that place the work


class StoreTimes:
    """The processor time within the store, for each thread."""

    def __init__(self) -> None:
        self.by_thread: defaultdict[int, float] = defaultdict(float)
        self._depths = threading.local()

    def install(self) -> None:
        """Measure every access to the database from now on."""
        for name in ("read", "transaction"):
            setattr(Database, name, self._measured(getattr(Database, name)))

    def _measured(
        self, access: Callable[..., AbstractContextManager[Any]]
    ) -> Callable[..., AbstractContextManager[Any]]:
        @contextmanager
        def measured(*args: Any) -> Iterator[Any]:
            depth = getattr(self._depths, "value", 0)
            self._depths.value = depth + 1
            begin = time.thread_time()
            try:
                with access(*args) as connection:
                    yield connection
            finally:
                self._depths.value = depth
                if depth == 0:  # an access within another one is a part of it
                    self.by_thread[threading.get_ident()] += time.thread_time() - begin

        return measured


def report(store: StoreTimes) -> dict[str, float]:
    """Return the processor time of this process, of each part, in seconds."""
    parts = dict.fromkeys([*PARTS.values(), STORE], 0.0)
    for thread in threading.enumerate():
        if thread.ident is None:
            continue
        total_s = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        store_s = store.by_thread[thread.ident]
        part = next((part for name, part in PARTS.items() if thread.name.startswith(name)), OTHERS)
        parts[part] = parts.get(part, 0.0) + total_s - store_s
        parts[STORE] += store_s
    return parts | {"total": time.process_time()}


def main() -> None:
    """Run the service."""
    store = StoreTimes()
    store.install()
    with serve(**json.loads(sys.argv[1])) as service:
        print(json.dumps({"url": service.url, "token": service.token}), flush=True)
        for _ in sys.stdin:
            print(json.dumps(report(store)), flush=True)


if __name__ == "__main__":
    main()
