"""What all topics share: the services, the pace, and the function that measures a row."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from measuring import Contender, Pace, take_turns, wait_for_children
from rows import Goal, Row
from workloads import bell

from qiskit_qoro import QoroBackend, QoroEstimator, QoroProvider, QoroSampler
from qiskit_qoro.local import serve

__all__ = ["Bench"]

_BACKEND = "qoro_maestro"


class Bench:
    """The services that are measured, with two workers each.

    Args:
        quick: Whether to measure less: fewer turns, and less work for each.
        peer: A Python interpreter that has the third-party client ``qoro-divi``, or ``None`` to look for the
            one that tox installs.
        postgresql: The address of a PostgreSQL database that may be written, or ``None`` to measure SQLite
            alone.

    Attributes:
        folder: The folder of the benchmarks.
    """

    folder = Path(__file__).parent
    workers = 2

    def __init__(
        self, *, quick: bool = False, peer: Path | None = None, postgresql: str | None = None
    ) -> None:
        self.quick = quick
        self.peer = peer
        self.postgresql = postgresql
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def amount(self, normal: int, quick: int) -> int:
        """Return an amount of work, which is smaller in a quick run."""
        return quick if self.quick else normal

    @cached_property
    def embedded(self) -> QoroBackend:
        """A backend of the local service, as `QoroProvider.local` has it."""
        provider = self._stack.enter_context(QoroProvider.local(workers=self.workers))
        return _warm(provider.get_backend(_BACKEND))

    @cached_property
    def socket(self) -> QoroBackend:
        """A backend of a local service that is reached through a socket."""
        service = self._stack.enter_context(serve(workers=self.workers))
        provider = QoroProvider(service.token, base_url=service.url, journal=False)
        return _warm(self._stack.enter_context(provider).get_backend(_BACKEND))

    def estimator(self, backend: QoroBackend, **options: Any) -> QoroEstimator:
        """Return an estimator that shows no progress."""
        return QoroEstimator(backend, options={"show_progress": False, **options})

    def sampler(self, backend: QoroBackend, **options: Any) -> QoroSampler:
        """Return a sampler that shows no progress."""
        return QoroSampler(backend, options={"show_progress": False, **options})

    def measure(
        self,
        key: str,
        topic: str,
        work: str,
        contenders: Mapping[str, Contender],
        *,
        goals: tuple[Goal, ...] = (),
        seconds: float = 3.0,
        min_turns: int = 5,
        **values: Any,
    ) -> Row:
        """Measure a row. The contenders take turns for some seconds."""
        pace = Pace(0, 2, 2) if self.quick else Pace(seconds, min_turns, 25)
        return Row(key, topic, work, take_turns(contenders, pace), goals, values)


def _warm(backend: QoroBackend) -> QoroBackend:
    """Run a job, and wait until the workers have imported everything that they import when they are idle."""
    backend.run(bell(), shots=1).result()
    wait_for_children()
    return backend
