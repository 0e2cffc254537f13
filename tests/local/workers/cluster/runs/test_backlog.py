"""Tasks are handed out once each, to workers that they fit on, and again after they are put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.local.workers.batch_sizing import BatchLimits
from qiskit_qoro.local.workers.cluster.messages import WorkerDescription
from qiskit_qoro.local.workers.cluster.needs import Needs
from qiskit_qoro.local.workers.cluster.runs.backlog import Backlog, Chunk, Span
from qiskit_qoro.local.workers.cluster.runs.fleet import Capabilities, Need
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask
from tests.local.workers.cluster.scripted_link import GIB, described

LIMITS = BatchLimits(batch_s=1.0, max_batch=20, max_sweep_batch=100)
FLEETS = [
    [described("a", memory=GIB)],
    [described("a", memory=GIB), described("b", memory=8 * GIB)],
    [described("a", memory=GIB), described("b", memory=4 * GIB), described("c", memory=8 * GIB)],
]


def needs_in_text(tasks: Sequence[AnyTask], largest: int) -> Needs:
    """The first word of a circuit is the memory that it needs, in GiB."""
    assert isinstance(tasks[0], CircuitTask)
    wanted = int(tasks[0].qasm.split()[0]) * GIB
    return Needs(wanted if wanted <= largest else 0)


def circuits(memory: int, number: int) -> list[CircuitTask]:
    """Circuits that need some memory."""
    return [CircuitTask("circuit", f"{memory} {index}", shots=1) for index in range(number)]


def rows(memory: int, number: int) -> list[CircuitTask]:
    """Rows of a template that need some memory."""
    first = CircuitTask("row", f"{memory} template", pauli_strings=("Z",), names=("a",))
    return [replace(first, values=(float(index),)) for index in range(number)]


def backlog_of(tasks: Sequence[AnyTask], fleet: Sequence[WorkerDescription]) -> Backlog:
    """All tasks, for some workers."""
    return Backlog(
        tasks,
        [Span(0, len(tasks))],
        Capabilities(fleet, needs_in_text),
        time_limit_s=300.0,
        limits=LIMITS,
    )


def take(backlog: Backlog, limit: int = 8, *, is_alone: bool = False) -> Chunk | None:
    """Take a batch for a worker with a limit, in GiB."""

    def is_fitting(need: Need) -> bool:
        return need.memory_bytes <= limit * GIB and need.is_alone <= is_alone

    return backlog.take(is_fitting, num_shares=1)


def test_tasks_that_need_another_worker_are_set_aside_and_the_others_go_on() -> None:
    backlog = backlog_of(circuits(8, 30) + circuits(1, 5) + rows(8, 300) + circuits(1, 5), FLEETS[1])
    small = []
    while backlog.has_unread:
        chunk = take(backlog, limit=1)
        small += [] if chunk is None else list(range(chunk.span.start, chunk.span.end))
    assert small == [*range(30, 35), *range(335, 340)]
    assert backlog.needs == (Need(8 * GIB),)
    assert take(backlog, limit=1) is None
    large = []
    while backlog:
        chunk = take(backlog)
        assert chunk is not None
        large += range(chunk.span.start, chunk.span.end)
    assert sorted(large) == [*range(30), *range(35, 335)]


def test_suspected_tasks_go_one_by_one_and_very_many_in_groups_first() -> None:
    backlog = backlog_of(circuits(1, 1000), FLEETS[0])
    chunk = take(backlog)
    assert chunk is not None
    backlog.put_back(Span(0, 4, losses=2, avoided=frozenset({"a"})))
    assert take(backlog, is_alone=True) == replace(
        chunk, span=Span(0, 1, 2, frozenset({"a"})), need=Need(avoided=frozenset({"a"}), is_alone=True)
    )
    backlog = backlog_of(circuits(1, 1000), FLEETS[0])
    while (chunk := take(backlog)) is not None:
        chunk.sizing.record(len(chunk.tasks), 0.001, together=False)
    backlog.put_back(Span(0, 640, losses=2))
    sizes = []
    while (chunk := take(backlog, is_alone=True)) is not None:
        sizes.append(len(chunk.tasks))
    assert sizes == [20] * 32


def test_what_is_known_of_tasks_stays_with_them_when_workers_change() -> None:
    backlog = backlog_of(circuits(8, 10), FLEETS[1])
    chunk = take(backlog)
    assert chunk is not None
    lost = replace(chunk.span, losses=1, avoided=frozenset({"b"}))
    backlog.put_back(lost)
    assert take(backlog, limit=1) is None
    backlog.look_again(Capabilities(FLEETS[0], needs_in_text))
    again = take(backlog, limit=1)
    assert again is not None
    assert again.span == lost
    assert again.need == Need(avoided=frozenset({"b"}))


SECTIONS = st.lists(
    st.builds(
        lambda build, memory, number: build(memory, number),
        st.sampled_from([circuits, rows]),
        st.sampled_from([1, 3, 8, 9]),
        st.integers(1, 150),
    ),
    min_size=1,
    max_size=6,
)


@given(sections=SECTIONS, seed=st.integers(0, 2**32 - 1))
def test_every_task_is_handed_out_until_it_is_kept_in_batches_of_one_kind_and_need(
    sections: list[list[CircuitTask]], seed: int
) -> None:
    random = Random(seed)
    tasks = [task for section in sections for task in section]
    capabilities = Capabilities(FLEETS[2], needs_in_text)
    backlog = backlog_of(tasks, FLEETS[2])
    kept: list[int] = []
    while backlog:
        if random.random() < 0.05:
            capabilities = Capabilities(random.choice(FLEETS), needs_in_text)
            backlog.look_again(capabilities)
        limit = random.choice([1, 4, 8])
        chunk = take(backlog, limit, is_alone=random.random() < 0.5)
        if chunk is None:
            continue
        span = chunk.span
        assert list(chunk.tasks) == tasks[span.start : span.end]
        assert len({task.sweep for task in chunk.tasks}) == 1
        assert {capabilities.need_of(task).memory_bytes for task in chunk.tasks} == {chunk.need.memory_bytes}
        assert chunk.need.memory_bytes <= limit * GIB
        together = chunk.sizing.kind is not None
        chunk.sizing.record(len(span), random.choice([1e-6, 0.01, 2.0]), together=together)
        if random.random() < 0.2 and span.losses < 3:
            backlog.put_back(replace(span, losses=span.losses + 1, avoided=span.avoided | {"a"}))
        else:
            kept += range(span.start, span.end)
    assert sorted(kept) == list(range(len(tasks)))
