"""Places on workers are granted in turn, and only where the circuits fit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qiskit_qoro.local.workers.cluster.messages import EXTRA_PLACES
from qiskit_qoro.local.workers.cluster.needs import Needs
from qiskit_qoro.local.workers.cluster.runs.dispatcher import Dispatcher
from qiskit_qoro.local.workers.cluster.runs.events import (
    Event,
    FleetChanged,
    Granted,
    Requester,
    Unavailable,
    Wish,
    WorkerGone,
)
from qiskit_qoro.local.workers.cluster.runs.fleet import ClusterWorker, Need
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask
from qiskit_qoro.models.config import Simulator
from tests.local.workers.cluster.scripted_link import GIB, SINCE, circuits, described

ANYTHING = Wish()
LARGE = Wish((Need(8 * GIB),), is_open=False)


def needs_of_text(tasks: Sequence[AnyTask], largest: int) -> Needs:
    """The text of a circuit is the memory that it needs, and perhaps an accelerator."""
    assert isinstance(tasks[0], CircuitTask)
    memory, *simulator = tasks[0].qasm.split()
    wanted = int(memory) * GIB
    return Needs(wanted if wanted <= largest else 0, Simulator[simulator[0]] if simulator else None)


class Places:
    """A dispatcher, its workers and its runs. The scheduler was connected a minute ago."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher(needs_of_text)
        self.dispatcher.connect(-60.0)
        self.dispatcher.tick(0.0)
        self.workers: dict[str, ClusterWorker] = {}

    def join(self, name: str, **options: int | frozenset[Simulator]) -> ClusterWorker:
        """Add a worker."""
        worker = self.workers[name] = ClusterWorker(name, described(name, **options), SINCE)  # type: ignore[arg-type]
        self.dispatcher.join(worker)
        return worker

    def enter(self, job_id: str) -> Requester:
        """Add a run."""
        run = Requester(job_id)
        self.dispatcher.enter(run)
        return run

    def request(self, run: Requester, wish: Wish = ANYTHING) -> str | None:
        """Request a place. Returns the name of the worker if one is granted at once."""
        self.dispatcher.request(run, wish)
        return granted(run)


def events_of(run: Requester) -> list[Event]:
    """The events of a run so far."""
    found = []
    while not run.events.empty():
        found.append(run.events.get())
    return found


def granted(run: Requester) -> str | None:
    """The name of the worker of the only event of a run, or ``None`` if there is no event."""
    match events_of(run):
        case [Granted(worker)]:
            return worker.name
        case []:
            return None
        case other:
            pytest.fail(f"unexpected events: {other}")


def test_a_worker_has_a_place_for_each_process_and_one_more() -> None:
    places = Places()
    places.join("a", processes=2)
    run = places.enter("job")
    assert [places.request(run) for _ in range(4)] == ["a", "a", "a", None]
    assert places.workers["a"].num_free == 0


def test_idle_workers_are_preferred_and_then_those_that_have_the_templates() -> None:
    places = Places()
    places.join("a", processes=1)
    places.join("b", processes=1)
    places.workers["b"].templates |= {"template"}
    run = places.enter("job")
    wish = Wish(templates={"template"})
    assert places.request(run, wish) == "b"
    assert places.request(run, wish) == "a"
    assert places.request(run, wish) == "b"
    assert places.request(run, wish) == "a"


def test_the_worker_with_the_most_free_places_is_preferred() -> None:
    places = Places()
    places.join("small", processes=2)
    places.join("large", processes=8)
    run = places.enter("job")
    names = [places.request(run) for _ in range(5)]
    assert names.count("large") > names.count("small") > 0


def test_runs_that_wait_take_turns() -> None:
    places = Places()
    worker = places.join("a", processes=1)
    first, second = places.enter("first"), places.enter("second")
    assert [places.request(first), places.request(first)] == ["a", "a"]
    assert places.request(second) == "a"  # an extra place, because it has none
    order = []
    places.request(first)
    places.request(second)
    places.dispatcher.release(first, Granted(worker))
    for _ in range(6):
        holder = first if worker.places[first] > worker.places[second] else second
        places.dispatcher.release(holder, Granted(worker))
        for run in (first, second):
            if granted(run):
                order.append(run.job_id)
                places.request(run)
    assert {"first", "second"} == set(order[:2]) == set(order[2:4])


def test_a_run_without_any_place_gets_an_extra_one_up_to_a_limit() -> None:
    places = Places()
    worker = places.join("a", processes=1)
    big = places.enter("big")
    assert [places.request(big) for _ in range(3)] == ["a", "a", None]
    runs = [places.enter(f"small-{index}") for index in range(EXTRA_PLACES + 1)]
    assert [places.request(run) for run in runs] == ["a"] * EXTRA_PLACES + [None]
    assert places.dispatcher.num_waiting == 1
    # A place that becomes free goes to the run that has none, although the other one came first.
    places.dispatcher.release(runs[0], Granted(worker))
    assert granted(runs[-1]) == "a"
    assert granted(big) is None


def test_a_long_run_gets_no_extra_place_and_small_runs_do_not_take_its_turn() -> None:
    places = Places()
    worker = places.join("a", processes=1)
    first, second = places.enter("first"), places.enter("second")
    for run in (first, second):
        assert places.request(run) == "a"
        places.dispatcher.release(run, Granted(worker), 10.0)
    assert [places.request(first) for _ in range(3)] == ["a", "a", None]
    assert places.request(second) is None
    small = [places.enter(f"small-{index}") for index in range(4)]
    assert [places.request(run) for run in small] == ["a"] * 4
    places.dispatcher.release(first, Granted(worker), 1.0)
    assert granted(first) == "a"  # it asked before the second one
    places.dispatcher.release(first, Granted(worker), 1.0)
    assert granted(second) == "a"


def test_a_run_that_waits_for_a_large_worker_does_not_keep_the_others_from_small_ones() -> None:
    places = Places()
    places.join("small", memory=GIB)
    large = places.join("large", memory=8 * GIB)
    picky, other = places.enter("picky"), places.enter("other")
    assert [places.request(picky, LARGE) for _ in range(3)] == ["large", "large", None]
    assert [places.request(other) for _ in range(3)] == ["small", "small", None]
    places.dispatcher.release(picky, Granted(large))
    assert granted(picky) == "large"


def test_a_new_worker_is_used_at_once() -> None:
    places = Places()
    places.join("a")
    run = places.enter("job")
    assert [places.request(run) for _ in range(3)] == ["a", "a", None]
    places.join("b")
    assert granted(run) == "b"


def test_runs_hear_of_workers_that_left_and_of_what_the_others_can_run() -> None:
    places = Places()
    places.join("small", memory=GIB)
    places.join("large", memory=8 * GIB)
    run, idle = places.enter("job"), places.enter("idle")
    assert places.request(run, LARGE) == "large"
    places.dispatcher.leave("large", "it was switched off", 100.0)
    assert events_of(run) == [WorkerGone(places.workers["large"], "it was switched off")]
    assert places.request(run, LARGE) is None  # it may return
    places.dispatcher.tick(699.0)
    assert events_of(run) == []
    places.dispatcher.tick(701.0)
    (event,) = events_of(run)
    assert isinstance(event, FleetChanged)
    assert event.capabilities.need_of(circuits(1, first=8)[0]) == Need()
    assert isinstance(*events_of(idle), FleetChanged)


def test_a_worker_that_lost_a_task_gets_it_again_only_if_there_is_no_other() -> None:
    places = Places()
    places.join("a")
    wish = Wish((Need(avoided=frozenset({"a"})),), is_open=False)
    run = places.enter("job")
    assert places.request(run, wish) == "a"
    places.join("b")
    assert [places.request(run, wish) for _ in range(3)] == ["b", "b", None]


def test_a_worker_has_one_suspected_task_at_a_time() -> None:
    places = Places()
    worker = places.join("a", processes=3)
    suspected = Wish((Need(is_alone=True),), is_open=False)
    first, second = places.enter("first"), places.enter("second")
    places.dispatcher.request(first, suspected)
    (place,) = events_of(first)
    assert place == Granted(worker, is_alone=True)
    assert places.request(second, suspected) is None
    assert places.request(first) == "a"
    assert isinstance(place, Granted)
    places.dispatcher.release(first, place)
    assert events_of(second) == [Granted(worker, is_alone=True)]
    places.dispatcher.exit(second)
    assert places.request(first, suspected) == "a"


def test_a_worker_that_could_not_run_a_batch_rests_while_there_are_others() -> None:
    places = Places()
    bad = places.join("bad", processes=4)
    places.join("good", processes=1)
    places.dispatcher.rest(bad, 100.0)
    run = places.enter("job")
    assert [places.request(run) for _ in range(3)] == ["good", "good", None]
    places.dispatcher.tick(109.0)
    assert granted(run) is None
    places.dispatcher.tick(111.0)
    assert granted(run) == "bad"


def test_if_all_workers_rest_they_are_used_all_the_same() -> None:
    places = Places()
    bad = places.join("bad")
    good = places.join("good")
    places.dispatcher.rest(bad, 100.0)
    run = places.enter("job")
    assert [places.request(run) for _ in range(3)] == ["good", "good", None]
    places.dispatcher.rest(good, 100.0)
    assert granted(run) == "bad"
    places.dispatcher.leave("good", "it was switched off", 100.0)
    assert isinstance(*events_of(run), WorkerGone)
    assert places.request(run) == "bad"


def test_a_run_that_ends_gives_its_places_to_the_others() -> None:
    places = Places()
    worker = places.join("a", processes=1)
    first, second = places.enter("first"), places.enter("second")
    assert [places.request(first), places.request(first)] == ["a", "a"]
    assert places.request(second) == "a"
    assert places.request(second) is None
    places.dispatcher.exit(first)
    assert granted(second) == "a"
    assert dict(worker.places) == {second: 2}


@pytest.mark.parametrize("is_final", [False, True])
def test_if_the_scheduler_is_lost_or_the_pool_closed_every_run_hears_of_it(is_final: bool) -> None:
    places = Places()
    places.join("a")
    run = places.enter("job")
    places.dispatcher.disconnect("it is gone", is_final=is_final)
    later = places.enter("later")
    assert events_of(run) == events_of(later) == [Unavailable("it is gone", is_final)]
    assert places.dispatcher.problem == "it is gone"
    places.dispatcher.connect(1.0)
    assert (places.dispatcher.problem == "it is gone") is is_final


def test_after_a_pause_of_the_scheduler_runs_wait_for_the_workers_that_were_there() -> None:
    places = Places()
    places.join("small", memory=GIB)
    places.join("large", memory=8 * GIB)
    places.dispatcher.disconnect("it is gone")
    places.dispatcher.connect(100.0)
    run = places.enter("job")
    places.join("small", memory=GIB)
    assert places.request(run, LARGE) is None
    places.join("large", memory=8 * GIB)
    assert granted(run) == "large"


@pytest.mark.parametrize(
    ("text", "need"),
    [
        ("1", Need()),
        ("2", Need(4 * GIB)),
        ("5", Need(8 * GIB)),
        ("9", Need()),  # it fits nowhere
        ("1 GpuSim", Need(0, Simulator.GpuSim)),
        ("3 GpuSim", Need(0, Simulator.GpuSim)),
        ("1 QuestSim", Need()),  # nobody has it
    ],
)
def test_the_need_of_a_task_names_the_smallest_limit_that_is_large_enough(text: str, need: Need) -> None:
    places = Places()
    places.join("a", memory=GIB)
    places.join("b", memory=4 * GIB, accelerators=frozenset({Simulator.GpuSim}))
    places.join("c", memory=8 * GIB)
    assert places.dispatcher.capabilities.need_of(CircuitTask("label", text, shots=1)) == need
