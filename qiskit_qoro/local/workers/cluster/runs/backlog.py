"""The tasks of a run on a cluster that no worker has, and the next batch for a worker.

A task is pending if its index is in one of two lists of spans:

- ``_unread``: nobody has looked yet at what these tasks need; the next span is the last one;
- ``_aside``: the tasks need a worker that was not free when they were read.

A batch holds only tasks of one sweep, or only tasks that are in no sweep, and only tasks with the same need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from qiskit_qoro.local.workers.batch_sizing import BatchLimits, BatchSizing
from qiskit_qoro.local.workers.cluster.runs.fleet import Capabilities, Need
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import AnyTask

__all__ = ["Backlog", "Chunk", "Span"]

# How many kinds of tasks to remember the speed of.
_MAX_SIZINGS = 8

# How many times tasks may be set aside in one search for a task that a worker can run.
_MAX_SEARCH = 1000

# After this number of lost workers, every task is suspected of having ended them.
_MAX_TOGETHER_LOSSES = 2

# Suspected tasks are sent one by one; if they are more than the first number, in the second number of groups.
_MAX_SINGLES = 256
_NUM_GROUPS = 32


@dataclass(frozen=True)
class Span:
    """Consecutive tasks.

    Attributes:
        start: The index of the first task.
        end: The index after the last task.
        losses: How many workers were lost while they had all of these tasks.
        avoided: The names of these workers, and of those that were stopped.
    """

    start: int
    end: int
    losses: int = 0
    avoided: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return self.end - self.start

    @property
    def has_history(self) -> bool:
        """Whether a worker has had these tasks, and has not run them."""
        return self.losses > 0 or bool(self.avoided)

    @property
    def is_suspected(self) -> bool:
        """Whether one of the tasks is suspected of having ended the workers."""
        return self.losses >= _MAX_TOGETHER_LOSSES

    def can_grow_by(self, other: Span) -> bool:
        """Whether other tasks follow, and nothing is known of either."""
        return self.end == other.start and not self.has_history and not other.has_history


@dataclass(frozen=True)
class Chunk:
    """Tasks to send as one batch.

    Attributes:
        span: Where they are.
        tasks: The tasks.
        sizing: Records how long they take.
        need: What they need of their worker.
    """

    span: Span
    tasks: Sequence[AnyTask]
    sizing: BatchSizing
    need: Need


class Backlog:
    """Hands out the tasks of a run in batches, and takes back tasks that lost their worker.

    Args:
        tasks: The tasks.
        spans: All of them, in order.
        capabilities: What the workers can run.
        time_limit_s: The time limit of one task, in seconds.
        limits: How large batches are.
    """

    def __init__(
        self,
        tasks: Sequence[AnyTask],
        spans: Sequence[Span],
        capabilities: Capabilities,
        *,
        time_limit_s: float,
        limits: BatchLimits,
    ) -> None:
        self._tasks = tasks
        self._capabilities = capabilities
        self._time_limit_s = time_limit_s
        self._limits = limits
        self._unread: list[Span] = []
        self._aside: list[tuple[Need, Span]] = []
        self._num_pending = 0
        for span in reversed(spans):
            self.put_back(span)
        # The speed of the kinds of tasks that were read last, the last one first.
        self._sizings = [self._new_sizing(None)]

    def __bool__(self) -> bool:
        return self._num_pending > 0

    @property
    def spans(self) -> tuple[Span, ...]:
        """All pending tasks."""
        return (*self._unread, *(span for _, span in self._aside))

    @property
    def has_unread(self) -> bool:
        """Whether there are tasks that nobody has looked at yet, which any worker may be able to run."""
        return bool(self._unread)

    @property
    def needs(self) -> tuple[Need, ...]:
        """What the tasks need that were set aside."""
        return tuple({need: None for need, _ in self._aside})

    def take(self, is_fitting: Callable[[Need], bool], num_shares: int) -> Chunk | None:
        """Remove the next batch for a worker.

        Args:
            is_fitting: Whether the worker has what tasks need.
            num_shares: A batch has at most the tasks left divided by this, unless they take very little time.

        Returns:
            The batch, or ``None`` if the worker can run none of the next tasks.
        """
        chunk = self._take_aside(is_fitting, num_shares) or self._take_unread(is_fitting, num_shares)
        if chunk is not None:
            self._num_pending -= len(chunk.span)
        return chunk

    def put_back(self, span: Span) -> None:
        """Take back tasks. If they are suspected of having ended their workers, divide them."""
        if not span:
            return
        self._num_pending += len(span)
        step = _group_size(len(span)) if span.is_suspected else len(span)
        parts = [
            replace(span, start=start, end=min(start + step, span.end))
            for start in range(span.start, span.end, step)
        ]
        self._unread += reversed(parts)

    def look_again(self, capabilities: Capabilities) -> None:
        """Note that the workers can run other circuits now."""
        self._capabilities = capabilities
        self._unread += [span for _, span in reversed(self._aside)]
        self._aside.clear()

    def _take_aside(self, is_fitting: Callable[[Need], bool], num_shares: int) -> Chunk | None:
        for position, (need, span) in enumerate(self._aside):
            if is_fitting(need):
                chunk, rest = self._read(span, num_shares)
                self._aside[position : position + 1] = [(need, rest)] if rest else []
                return chunk
        return None

    def _take_unread(self, is_fitting: Callable[[Need], bool], num_shares: int) -> Chunk | None:
        for _ in range(_MAX_SEARCH):
            if not self._unread:
                break
            chunk, rest = self._read(self._unread.pop(), num_shares)
            if rest:
                self._unread.append(rest)
            if is_fitting(chunk.need):
                return chunk
            self._set_aside(chunk)
        return None

    def _set_aside(self, chunk: Chunk) -> None:
        """Set tasks aside, together with the ones after them that need the same."""
        span = chunk.span
        if self._unread and span.can_grow_by(self._unread[-1]):
            span = self._extend(chunk, self._unread.pop())
        if self._aside:
            need, last = self._aside[-1]
            if need == chunk.need and last.can_grow_by(span):
                self._aside[-1] = need, replace(last, end=span.end)
                return
        self._aside.append((chunk.need, span))

    def _extend(self, chunk: Chunk, rest: Span) -> Span:
        size = min(len(rest), self._limits.max_batch)
        tasks = self._slice(rest, size)
        sizing, need = chunk.sizing, chunk.need
        count = sum(1 for _ in takewhile(lambda task: self._is_alike(task, sizing, rest, need), tasks))
        middle = rest.start + count
        if middle < rest.end:
            self._unread.append(replace(rest, start=middle))
        return replace(chunk.span, end=middle)

    def _read(self, span: Span, num_shares: int) -> tuple[Chunk, Span]:
        """Divide a span into its first batch and the rest."""
        size = self._size(self._sizings[0], span, num_shares)
        tasks = self._slice(span, size)
        sizing = self._sizing_of(tasks[0].sweep)
        count = min(size, self._size(sizing, span, num_shares))
        need = self._need_of(span, tasks[0])
        if not isinstance(tasks, TaskRows):
            alike = takewhile(lambda task: self._is_alike(task, sizing, span, need), tasks[:count])
            count = sum(1 for _ in alike)
        if count < len(tasks):
            # Without the tasks of other kinds, the slice may be rows of one template.
            tasks = self._slice(span, count)
        middle = span.start + count
        chunk = Chunk(replace(span, end=middle), tasks, sizing, need)
        return chunk, replace(span, start=middle)

    def _size(self, sizing: BatchSizing, span: Span, num_shares: int) -> int:
        return min(len(span), sizing.batch_size(self._num_pending, max(1, num_shares)))

    def _slice(self, span: Span, count: int) -> Sequence[AnyTask]:
        return self._tasks[span.start : span.start + count]

    def _is_alike(self, task: AnyTask, sizing: BatchSizing, span: Span, need: Need) -> bool:
        if task.sweep != sizing.kind:
            return False
        # All tasks of a sweep need the same.
        return sizing.kind is not None or self._capabilities.is_uniform or self._need_of(span, task) == need

    def _need_of(self, span: Span, task: AnyTask) -> Need:
        need = self._capabilities.need_of(task)
        if not span.has_history:
            return need
        return replace(need, avoided=span.avoided, is_alone=span.is_suspected)

    def _new_sizing(self, kind: object) -> BatchSizing:
        return BatchSizing(kind, time_limit_s=self._time_limit_s, limits=self._limits)

    def _sizing_of(self, kind: object) -> BatchSizing:
        """Return the sizing of a kind, and move it to the first place."""
        # Kinds can be compared, but they have no hash.
        found = next((sizing for sizing in self._sizings if sizing.kind == kind), None)
        if found is None:
            found = self._new_sizing(kind)
            del self._sizings[_MAX_SIZINGS - 1 :]
        else:
            self._sizings.remove(found)
        self._sizings.insert(0, found)
        return found


def _group_size(num_suspected: int) -> int:
    return 1 if num_suspected <= _MAX_SINGLES else -(-num_suspected // _NUM_GROUPS)
