"""The pool runs tasks in real processes, says why a task fails, and replaces processes that die.

How a run treats the tasks of a lost worker is tested with scripted workers in ``test_pool_run.py``.
"""

import itertools
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil
import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.workers.pool import CircuitTask, TaskFailure, WorkerPool
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.maestro import MaestroConfig

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
BELL = HEADER + "qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;"
NEVER = threading.Event()


def endless():
    """A circuit that keeps the engine busy for minutes without much memory, and needs no Qiskit."""
    layers = "".join(
        f"ry(0.{k % 9 + 1}) q[{i}]; cx q[{i}],q[{(i + 1) % 16}];" for k in range(40) for i in range(16)
    )
    resets = "h q[0]; reset q[0];"  # because of the reset, the engine simulates each shot
    text = HEADER + "qreg q[16]; creg c[16];" + layers + resets + "measure q -> c;"
    return CircuitTask("endless", text, shots=1_000_000)


def flips(index):
    """A task whose result contains its index, in 10 bits."""
    body = "".join(f"x q[{bit}];" for bit in range(10) if index >> bit & 1)
    text = HEADER + f"qreg q[10]; creg c[10]; {body} measure q -> c;"
    return CircuitTask(f"flips-{index}", text, shots=3)


def flips_result(index):
    return {format(index, "010b"): 3}


def rows(count):
    """Rows of a template, and their expected values."""
    angles = [0.01 * index for index in range(count)]
    text = HEADER + "qreg q[1]; rx(a) q[0];"
    tasks = [
        CircuitTask(str(index), text, pauli_strings=("Z",), names=("a",), values=(angle,))
        for index, angle in enumerate(angles)
    ]
    return tasks, [math.cos(angle) for angle in angles]


def results_of(pool, tasks):
    results = {}
    assert pool.run(tasks, stop=NEVER, on_result=results.__setitem__)
    return [results[index] for index in range(len(tasks))]


def outcomes_of(pool, tasks):
    results, reasons = {}, {}
    assert pool.run(tasks, stop=NEVER, on_result=results.__setitem__, on_failure=reasons.__setitem__)
    return results, reasons


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(workers=2) as pool:
        yield pool


@pytest.fixture(scope="module")
def one_worker():
    with WorkerPool(workers=1) as pool:
        yield pool


@pytest.fixture(scope="module")
def short_limit():
    """One worker, with a time limit of 0.3 s for each task."""
    with WorkerPool(workers=1, time_limit_s=0.3) as pool:
        yield pool


def test_results_have_the_index_of_their_task(pool):
    results = results_of(pool, [flips(index) for index in range(300)])
    assert results == [flips_result(index) for index in range(300)]


def test_expectation_values_are_in_the_order_of_the_pauli_strings(pool):
    text = HEADER + "qreg q[2]; h q[0]; cx q[0],q[1];"
    [values] = results_of(pool, [CircuitTask("bell", text, pauli_strings=("ZZ", "XI", "ZZ", "I"))])
    assert list(values) == ["ZZ", "XI", "I"]
    assert values == pytest.approx({"ZZ": 1, "XI": 0, "I": 1})


@pytest.mark.parametrize("together", [True, False])
def test_the_values_of_rows_arrive_together_or_one_by_one(pool, together):
    tasks, expected = rows(200)
    found = {}

    def take(index, values):
        found.update(enumerate(values, start=index))

    hooks = {"on_sweep": take} if together else {}
    assert pool.run(tasks, stop=NEVER, on_result=found.__setitem__, **hooks)
    assert [found[index]["Z"] for index in range(200)] == pytest.approx(expected)


def test_rows_whose_worker_hangs_run_singly_on_another_worker():
    tasks, expected = rows(40)
    found, received, stopped, ticks, skipped_s = {}, [], [], [], [0.0]

    def take(index, values):
        received.append((index, len(values.rows)))
        found.update(enumerate(values, start=index))
        if not stopped:  # the first row runs alone; the others are sent together, to a worker that is stopped
            stopped.extend(pool.pids)
            os.kill(stopped[0], signal.SIGSTOP)

    def tick():
        ticks.extend(stopped)
        if len(ticks) == 3:  # the stopped worker has the rows: skip the time that it may take to start them
            skipped_s[0] = 30.0

    with WorkerPool(workers=1, time_limit_s=0.3, clock=lambda: time.monotonic() + skipped_s[0]) as pool:
        results_of(pool, tasks[:2])  # compiles the template, so that the first row below is fast
        assert pool.run(tasks, stop=NEVER, on_result=found.__setitem__, on_sweep=take, on_tick=tick)
        assert pool.pids != tuple(stopped)
    rows_received = [range(first, first + count) for first, count in received]
    assert sorted(itertools.chain(*rows_received)) == list(range(40))
    # The rows of the stopped worker run singly. On a slow machine it had only some; the others run together.
    singly = {first for first, count in received if count == 1}
    assert singly > {0, 1}
    assert singly == set(range(len(singly)))
    assert [found[index]["Z"] for index in range(40)] == pytest.approx(expected)


def test_seed_noise_and_options_reach_the_engine(pool):
    tasks = [CircuitTask("seeded", BELL, shots=500, settings=EngineSettings(MaestroConfig(seed=7)))] * 2 + [
        CircuitTask("noisy", BELL, shots=5000, settings=engine_settings(None, "local_qpu"))
    ]
    first, second, noisy = results_of(pool, tasks)
    assert first == second
    assert set(noisy) == {"00", "01", "10", "11"}
    bad = CircuitTask(
        "bad",
        BELL.replace("h q", "ry(0.3) q"),
        shots=1,
        settings=EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Stabilizer)),
    )
    with pytest.raises(TaskFailure, match=r"circuit 'bad': .*Stabilizer"):
        results_of(pool, [bad])


def test_a_run_without_tasks_returns_at_once(pool):
    assert results_of(pool, []) == []


def test_an_invalid_circuit_fails_the_run_with_its_label_and_position_and_the_next_run_works(pool):
    bad = CircuitTask("odd one", HEADER + "qreg q[1];\nh r[0];", shots=1)
    with pytest.raises(TaskFailure, match=r"^circuit 'odd one': line 3, column \d+: ") as caught:
        results_of(pool, [flips(1), bad, *[flips(index) for index in range(50)]])
    assert caught.value.label == "odd one"
    assert results_of(pool, [flips(5)]) == [flips_result(5)]


def test_with_a_failure_callback_the_other_circuits_go_on(pool):
    bad = CircuitTask("odd one", HEADER + "qreg q[1];\nh r[0];", shots=1)
    tasks = [bad if index % 7 == 3 else flips(index) for index in range(60)]
    results, reasons = outcomes_of(pool, tasks)
    assert results == {index: flips_result(index) for index in range(60) if index % 7 != 3}
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
    assert answers == {name: [flips_result(i) for i in range(name, name + 60)] for name in range(4)}


def test_a_short_job_does_not_wait_for_the_end_of_a_long_one(pool):
    stop, seen, order = threading.Event(), threading.Event(), []

    def on_result(index, result):
        order.append("long")
        seen.set()

    long_job = threading.Thread(
        target=pool.run,
        args=([CircuitTask(f"{i}", BELL, shots=20_000) for i in range(10_000)],),
        kwargs={"stop": stop, "on_result": on_result},
    )
    long_job.start()
    assert seen.wait(30)
    results_of(pool, [flips(3)])
    assert long_job.is_alive()
    stop.set()
    long_job.join(30)
    assert 0 < len(order) < 10_000


def run_in_thread(pool, tasks, stop=NEVER):
    """Start a run in a thread. Returns the thread, and a list that gets the outcome."""
    outcome = []

    def work():
        try:
            outcome.append(pool.run(tasks, stop=stop, on_result=lambda index, result: None))
        except QoroError as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome


def wait_until_busy(pid):
    """Wait until a process has used 0.1 s of processor time: it is in the middle of a long circuit."""
    process = psutil.Process(pid)
    enough = process.cpu_times().user + 0.1
    deadline = time.monotonic() + 30
    while process.cpu_times().user < enough:
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


def wait_until_all_busy(pool):
    """Wait until each worker of a pool is busy. A worker that an earlier test has ended is replaced first."""
    deadline = time.monotonic() + 30
    busy = set()
    while not busy.issuperset(pids := pool.pids):
        assert time.monotonic() < deadline
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                wait_until_busy(pid)
                busy.add(pid)


def test_stopping_ends_running_tasks_within_a_second(pool):
    results_of(pool, [flips(1)])
    stop = threading.Event()
    thread, outcome = run_in_thread(pool, [endless(), endless(), endless()], stop)
    wait_until_all_busy(pool)
    start = time.monotonic()
    stop.set()
    thread.join(10)
    assert time.monotonic() - start < 1.0
    assert outcome == [False]
    assert results_of(pool, [flips(9)]) == [flips_result(9)]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_a_crash_fails_the_circuit_by_name_and_the_next_run_works(name, one_worker):
    results_of(one_worker, [flips(1)])
    thread, outcome = run_in_thread(one_worker, [flips(0), endless()])
    [pid] = one_worker.pids
    wait_until_busy(pid)
    os.kill(pid, getattr(signal, name))
    thread.join(10)
    assert str(outcome[0]) == f"circuit 'endless': the engine crashed ({name})"
    assert isinstance(outcome[0], TaskFailure)
    assert results_of(one_worker, [flips(2)]) == [flips_result(2)]
    assert one_worker.pids != (pid,)


def test_an_idle_worker_that_dies_is_replaced(pool):
    results_of(pool, [flips(1)])
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
    assert results_of(pool, [flips(2), flips(3)]) == [flips_result(2), flips_result(3)]
    assert not set(before) & set(pool.pids)
    assert len(pool.pids) == 2


def test_a_circuit_over_the_time_limit_is_stopped(short_limit):
    start = time.monotonic()
    with pytest.raises(TaskFailure, match=r"^circuit 'endless': it took longer than the 0\.3 s allowed"):
        results_of(short_limit, [flips(1), endless()])
    assert time.monotonic() - start < 5
    assert results_of(short_limit, [flips(2)]) == [flips_result(2)]


def test_a_circuit_over_the_time_limit_does_not_affect_others(short_limit):
    tasks = [flips(0), flips(1), endless(), flips(3), flips(4)]
    results, reasons = outcomes_of(short_limit, tasks)
    assert results == {index: flips_result(index) for index in (0, 1, 3, 4)}
    assert reasons.keys() == {2}
    assert reasons[2].startswith("it took longer than the 0.3 s allowed")


def test_the_reason_of_a_time_out_names_the_method_that_was_running():
    with WorkerPool(workers=1, time_limit_s=1.5) as pool:
        _, reasons = outcomes_of(pool, [endless()])
    assert re.search(r"with the method Statevector \(.*fits in the memory\): .*time_limit_s", reasons[0])


def test_a_circuit_over_the_memory_limit_is_refused_and_the_process_has_a_limit():
    with WorkerPool(workers=1, memory_limit_bytes=2**24) as pool:
        settings = EngineSettings(MaestroConfig(simulation_type=SimulationMethod.Statevector))
        text = HEADER + "qreg q[20]; creg c[20]; h q; measure q -> c;"
        wide = CircuitTask("wide", text, shots=1, settings=settings)
        with pytest.raises(TaskFailure, match="circuit 'wide': a state vector of 20 qubits"):
            results_of(pool, [wide])
        assert results_of(pool, [flips(2)]) == [flips_result(2)]
        if psutil.LINUX:
            [pid] = pool.pids
            limit, _ = psutil.Process(pid).rlimit(psutil.RLIMIT_AS)
            # 1 GiB for the engine's threads, the limit of the task, and what the process used before.
            assert 2**30 + 2**24 < limit < 2**35


def test_an_error_in_a_callback_ends_the_run_and_gives_the_workers_back(pool):
    def refuse(index, result):
        raise KeyError(index)

    with pytest.raises(KeyError, match=r"\d+"):
        pool.run([flips(index) for index in range(100)], stop=NEVER, on_result=refuse)
    assert results_of(pool, [flips(4)]) == [flips_result(4)]


def wait_until_gone(pid):
    """Wait until a process has ended. It may be a zombie, if nobody has asked for its exit code."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return
        except psutil.NoSuchProcess:
            return
        threading.Event().wait(0.005)
    pytest.fail(f"process {pid} is still there")


def test_closing_leaves_no_process_and_no_thread():
    threads = set(threading.enumerate())
    pool = WorkerPool(workers=2)
    assert pool.pids == ()
    pool.start()
    pids = pool.pids
    assert len(pids) == 2
    pool.close()
    pool.close()
    assert pool.pids == ()
    assert set(threading.enumerate()) <= threads
    for pid in pids:
        with pytest.raises(ProcessLookupError, match=r"No such process"):
            os.kill(pid, 0)
    with pytest.raises(QoroError, match="closed"):
        results_of(pool, [flips(1)])


def test_closing_ends_a_run():
    with WorkerPool(workers=1) as pool:
        results_of(pool, [flips(1)])
        thread, outcome = run_in_thread(pool, [endless()])
        wait_until_busy(*pool.pids)
        pool.close()
        thread.join(10)
        assert str(outcome[0]) == "the worker pool is closed"


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


def test_a_script_without_a_main_guard_runs_once_and_its_workers_end_with_it(tmp_path):
    script = tmp_path / "five_lines.py"
    script.write_text(SCRIPT + "import os; os._exit(0)\n")  # no clean-up at exit
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    once, result, pid = done.stdout.split("\n")[:3]
    assert (once, result, done.stderr) == ("once", "{'1': 2}", "")
    wait_until_gone(int(pid))


def test_a_script_that_does_not_close_the_pool_ends_without_output_to_stderr(tmp_path):
    script = tmp_path / "no_close.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    wait_until_gone(int(done.stdout.split()[-1]))


def test_workers_ignore_ctrl_c(pool):
    results_of(pool, [flips(1), flips(2)])
    before = pool.pids
    for pid in before:
        os.kill(pid, signal.SIGINT)
    assert results_of(pool, [flips(1), flips(2)]) == [flips_result(1), flips_result(2)]
    assert pool.pids == before


def test_a_run_fails_if_workers_cannot_start(monkeypatch):
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    pool = WorkerPool(workers=2)
    try:
        with pytest.raises(QoroError, match=r"cannot be started: they end at once \(exit code 1\)"):
            pool.run([flips(1)], stop=NEVER, on_result=lambda *_: None)
    finally:
        pool.close()
