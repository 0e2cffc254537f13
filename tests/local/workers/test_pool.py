"""The pool runs what can be run, says why the rest cannot, and survives it."""

import math
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.workers.pool import CircuitTask, TaskFailure, WorkerPool
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
BELL = HEADER + "qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"
NEVER = threading.Event()


def endless():
    """A circuit that keeps the engine busy for minutes without taking much memory."""
    layers = "".join(
        f"ry(0.{k % 9 + 1}) q[{i}]; cx q[{i}],q[{(i + 1) % 18}];" for k in range(40) for i in range(18)
    )
    resets = "h q[0]; reset q[0];"  # every shot is a run of its own
    return CircuitTask(
        "endless", HEADER + "qreg q[18]; creg c[18];" + layers + resets + "measure q -> c;", shots=1_000_000
    )


def flips(index):
    """A task whose result tells its index: 10 bits."""
    body = "".join(f"x q[{bit}];" for bit in range(10) if index >> bit & 1)
    return CircuitTask(f"flips-{index}", HEADER + f"qreg q[10]; creg c[10]; {body} measure q -> c;", shots=3)


def results_of(pool, tasks):
    results = {}
    assert pool.run(tasks, stop=NEVER, on_result=results.__setitem__)
    return [results[index] for index in range(len(tasks))]


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(workers=2) as pool:
        yield pool


def test_results_come_with_their_index(pool):
    results = results_of(pool, [flips(index) for index in range(300)])
    assert results == [{format(index, "010b"): 3} for index in range(300)]


def test_expectation_values_come_by_word_in_the_order_asked(pool):
    [values] = results_of(
        pool,
        [
            CircuitTask(
                "bell", HEADER + "qreg q[2]; h q[0]; cx q[0],q[1];", pauli_strings=("ZZ", "XI", "ZZ", "I")
            )
        ],
    )
    assert list(values) == ["ZZ", "XI", "I"]
    assert values == pytest.approx({"ZZ": 1, "XI": 0, "I": 1})


@pytest.mark.parametrize("together", [True, False])
def test_the_rows_of_a_template_come_each_or_several_in_a_row(pool, together):
    angles = [0.01 * place for place in range(200)]
    text = HEADER + "qreg q[1]; rx(a) q[0];"
    tasks = [
        CircuitTask(str(place), text, pauli_strings=("Z",), names=("a",), values=(a,))
        for place, a in enumerate(angles)
    ]
    found = {}

    def take(index, values):
        found.update(enumerate(values, start=index))

    hooks = {"on_values": take} if together else {}
    assert pool.run(tasks, stop=NEVER, on_result=found.__setitem__, **hooks)
    assert [found[place]["Z"] for place in range(200)] == pytest.approx([math.cos(a) for a in angles])


def rows_of(text, count):
    angles = [0.01 * place for place in range(count)]
    return [
        CircuitTask(f"{len(text)}-{place}", text, pauli_strings=("ZZ",), names=("a",), values=(angle,))
        for place, angle in enumerate(angles)
    ]


SLOW_ROWS = HEADER + "qreg q[13];" + 30 * ("ry(a) q;" + "".join(f"cx q[{k}],q[{k + 1}];" for k in range(12)))
FAST_ROWS = HEADER + "qreg q[2]; rx(a) q[0];"


def test_rows_that_a_worker_took_with_it_are_run_again_and_none_is_to_blame():
    tasks, found, killed = rows_of(SLOW_ROWS, 200), {}, []
    with WorkerPool(workers=2) as pool:

        def take(index, values):
            if len(values.rows) > 1 and not killed:
                killed.extend(pool.pids)
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
            found.update(enumerate(values, start=index))

        assert pool.run(tasks, stop=NEVER, on_result=found.__setitem__, on_values=take)
    assert killed
    assert sorted(found) == list(range(200))


def test_rows_that_are_slower_than_those_before_are_not_too_late():
    tasks, found = rows_of(FAST_ROWS, 3000) + rows_of(SLOW_ROWS, 400), {}
    with WorkerPool(workers=2, time_limit_s=0.4) as pool:
        assert pool.run(tasks, stop=NEVER, on_result=found.__setitem__)
    assert sorted(found) == list(range(3400))


def test_the_seed_the_device_and_the_configuration_reach_the_engine(pool):
    tasks = [CircuitTask("seeded", BELL, shots=500, seed=7)] * 2 + [
        CircuitTask("noisy", BELL, shots=5000, device="local_qpu")
    ]
    first, second, noisy = results_of(pool, tasks)
    assert first == second
    assert set(noisy) == {"00", "01", "10", "11"}
    bad = CircuitTask(
        "bad",
        BELL.replace("h q", "t q"),
        shots=1,
        config=ExecutionConfig(simulation_method=SimulationMethod.Stabilizer),
    )
    with pytest.raises(TaskFailure, match=r"circuit 'bad': .*Stabilizer"):
        results_of(pool, [bad])


def test_no_tasks_are_done_at_once(pool):
    assert results_of(pool, []) == []


def test_a_bad_circuit_fails_the_run_with_label_and_place_and_the_next_run_goes_on(pool):
    bad = CircuitTask("odd one", HEADER + "qreg q[1];\nh r[0];", shots=1)
    with pytest.raises(TaskFailure, match=r"^circuit 'odd one': line 3, column \d+: ") as caught:
        results_of(pool, [flips(1), bad, *[flips(index) for index in range(50)]])
    assert caught.value.label == "odd one"
    assert results_of(pool, [flips(5)]) == [{"0000000101": 3}]


def outcomes_of(pool, tasks):
    results, reasons = {}, {}
    assert pool.run(tasks, stop=NEVER, on_result=results.__setitem__, on_failure=reasons.__setitem__)
    return results, reasons


def test_where_failures_are_asked_for_the_other_circuits_go_on(pool):
    bad = CircuitTask("odd one", HEADER + "qreg q[1];\nh r[0];", shots=1)
    tasks = [bad if index % 7 == 3 else flips(index) for index in range(60)]
    results, reasons = outcomes_of(pool, tasks)
    assert results == {index: {format(index, "010b"): 3} for index in range(60) if index % 7 != 3}
    assert set(reasons) == {index for index in range(60) if index % 7 == 3}
    assert all(reason.startswith("line 3, column") for reason in reasons.values())


def test_several_threads_share_the_workers(pool):
    answers = {}

    def work(name):
        answers[name] = results_of(pool, [flips(index) for index in range(name, name + 60)])

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == {name: [{format(i, "010b"): 3} for i in range(name, name + 60)] for name in range(4)}


def test_a_short_job_does_not_wait_for_the_end_of_a_long_one(pool):
    stop, seen, order = threading.Event(), threading.Event(), []

    def on_result(index, result):
        order.append("long")
        seen.set()

    long_job = threading.Thread(
        target=pool.run,
        args=([CircuitTask(f"{i}", BELL, shots=20_000) for i in range(100_000)],),
        kwargs={"stop": stop, "on_result": on_result},
    )
    long_job.start()
    assert seen.wait(30)
    results_of(pool, [flips(3)])
    assert long_job.is_alive()
    stop.set()
    long_job.join(30)
    assert 0 < len(order) < 100_000


def run_aside(pool, tasks, stop):
    """Start a run in a thread; its outcome appears in the list."""
    outcome = []

    def work():
        try:
            outcome.append(pool.run(tasks, stop=stop, on_result=lambda index, result: None))
        except QoroError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome


def run_behind(pool, task):
    """Start a run of a task behind quick ones, and return when those are done; the thread and its outcome."""
    quick_ones_done = threading.Event()
    outcome = []

    def on_result(index, result):
        if index == 3:
            quick_ones_done.set()

    def work():
        tasks = [flips(0), flips(1), flips(2), flips(3), task]
        try:
            outcome.append(pool.run(tasks, stop=NEVER, on_result=on_result))
        except QoroError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert quick_ones_done.wait(30)
    return thread, outcome


def test_stopping_ends_a_running_task_within_a_second(pool):
    stop = threading.Event()
    thread, outcome = run_aside(pool, [endless(), endless(), endless()], stop)
    thread.join(0.5)  # long enough for the engine to be in the middle of it
    assert thread.is_alive()
    start = time.monotonic()
    stop.set()
    thread.join(10)
    assert time.monotonic() - start < 1.0
    assert outcome == [False]
    assert results_of(pool, [flips(9)]) == [{"0000001001": 3}]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGFPE", "SIGABRT"])
def test_a_crash_fails_the_circuit_by_name_and_the_next_run_completes(name):
    with WorkerPool(workers=1) as pool:
        thread, outcome = run_behind(pool, endless())
        before = pool.pids
        while thread.is_alive():  # killed before it began, the circuit is given to the next worker
            for pid in pool.pids:
                os.kill(pid, getattr(signal, name))
            thread.join(2)
        assert str(outcome[0]) == f"circuit 'endless': the engine crashed ({name})"
        assert isinstance(outcome[0], TaskFailure)
        assert results_of(pool, [flips(2)]) == [{"0000000010": 3}]
        assert not set(before) & set(pool.pids)


def test_an_idle_worker_that_dies_is_replaced(pool):
    results_of(pool, [flips(1)])
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
    assert results_of(pool, [flips(2), flips(3)]) == [{"0000000010": 3}, {"0000000011": 3}]
    assert not set(before) & set(pool.pids)
    assert len(pool.pids) == 2


def test_a_circuit_over_its_time_is_ended():
    with WorkerPool(workers=1, time_limit_s=0.3) as pool:
        start = time.monotonic()
        with pytest.raises(TaskFailure, match=r"^circuit 'endless': it took longer than the 0\.3 s allowed"):
            results_of(pool, [flips(1), endless()])
        assert time.monotonic() - start < 5
        assert results_of(pool, [flips(2)]) == [{"0000000010": 3}]


def test_circuits_over_their_time_and_crashes_concern_only_themselves():
    with WorkerPool(workers=1, time_limit_s=0.3) as pool:
        tasks = [flips(0), flips(1), endless(), flips(3), flips(4), endless(), flips(6)]
        results, reasons = outcomes_of(pool, tasks)
        assert results == {index: {format(index, "010b"): 3} for index in (0, 1, 3, 4, 6)}
        assert reasons == dict.fromkeys((2, 5), "it took longer than the 0.3 s allowed")


def test_where_every_circuit_costs_a_worker_the_rest_is_given_up():
    with WorkerPool(workers=2, time_limit_s=0.01) as pool:
        results, reasons = {}, {}
        with pytest.raises(TaskFailure, match="It is the 8th that had to be stopped or crashed"):
            pool.run(
                [endless()] * 20, stop=NEVER, on_result=results.__setitem__, on_failure=reasons.__setitem__
            )
        assert (results, len(reasons)) == ({}, 8)


def test_a_circuit_over_its_memory_is_refused_or_ended():
    with WorkerPool(workers=1, memory_limit_bytes=2**24) as pool:
        config = ExecutionConfig(simulation_method=SimulationMethod.Statevector)
        wide = CircuitTask(
            "wide", HEADER + "qreg q[20]; creg c[20]; h q; measure q -> c;", shots=1, config=config
        )
        with pytest.raises(TaskFailure, match="circuit 'wide': a state vector of 20 qubits"):
            results_of(pool, [wide])
        assert results_of(pool, [flips(2)]) == [{"0000000010": 3}]


def test_an_error_of_the_caller_gets_out_and_the_workers_come_back(pool):
    def refuse(index, result):
        raise KeyError(index)

    with pytest.raises(KeyError):
        pool.run([flips(index) for index in range(100)], stop=NEVER, on_result=refuse)
    assert results_of(pool, [flips(4)]) == [{"0000000100": 3}]


def wait_until_gone(pid):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return
        except OSError:
            return
        threading.Event().wait(0.005)
    pytest.fail(f"process {pid} is still there")


def test_closing_leaves_no_process_and_no_thread():
    threads = threading.active_count()
    pool = WorkerPool(workers=2)
    assert pool.pids == ()
    pool.start()
    pids = pool.pids
    assert len(pids) == 2
    pool.close()
    pool.close()
    assert pool.pids == ()
    assert threading.active_count() == threads
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(QoroError, match="closed"):
        results_of(pool, [flips(1)])


def test_closing_ends_a_run():
    pool = WorkerPool(workers=1)
    pool.start()
    thread, outcome = run_behind(pool, endless())
    pool.close()
    thread.join(10)
    assert str(outcome[0]) == "the worker pool has been closed"


SCRIPT = """
import threading
from qiskit_qoro.local.workers.pool import CircuitTask, WorkerPool
print("once")
pool = WorkerPool(workers=1)
pool.start()
text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
task = CircuitTask("x", text, shots=2)
pool.run([task], stop=threading.Event(), on_result=lambda index, result: print(result))
print(pool.pids[0], flush=True)
"""


def test_a_script_without_a_main_guard_runs_once_and_its_workers_leave_with_it(tmp_path):
    script = tmp_path / "five_lines.py"
    script.write_text(SCRIPT + "import os; os._exit(0)\n")  # no close, no clean exit
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    once, result, pid = done.stdout.split("\n")[:3]
    assert (once, result, done.stderr) == ("once", "{'1': 2}", "")
    wait_until_gone(int(pid))


def test_a_script_that_forgets_to_close_ends_without_a_word(tmp_path):
    script = tmp_path / "forgets.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    wait_until_gone(int(done.stdout.split()[-1]))


def test_workers_ignore_the_interrupt_of_the_terminal(pool):
    results_of(pool, [flips(1), flips(2)])
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGINT)
    assert results_of(pool, [flips(1), flips(2)]) == [{"0000000001": 3}, {"0000000010": 3}]
    assert pool.pids == before


def test_workers_that_cannot_start_are_an_error_and_not_a_loop(monkeypatch):
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    pool = WorkerPool(workers=2)
    try:
        with pytest.raises(QoroError, match=r"cannot be started: they end at once \(exit code 1\)"):
            pool.run([flips(1)], stop=NEVER, on_result=lambda *_: None)
    finally:
        pool.close()
