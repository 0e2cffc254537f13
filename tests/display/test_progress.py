"""The progress line in a terminal: when it appears, what it says, and that it leaves nothing behind."""

import io
import sys
import threading
import types

import pytest

from qiskit_qoro.display import progress as progress_module
from qiskit_qoro.display import progress_screens
from qiskit_qoro.display.progress import PROGRESS_VARIABLE, ProgressOptions, progress


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Keep the environment of the tests from deciding what is shown."""
    monkeypatch.delenv(PROGRESS_VARIABLE, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def shown(terminal):
    """The line without its spinner, which a thread turns."""
    (line,) = terminal.screen()
    return line[2:]


def test_a_line_shows_the_status_the_circuits_and_the_time(terminal, no_wait_clock):
    with progress(ProgressOptions(stream=terminal), now=no_wait_clock.now) as show:
        no_wait_clock.wait(9.3)
        show("RUNNING", 12, 40)
        assert shown(terminal) == "RUNNING 12/40 circuits · 9 s"
    assert terminal.screen() == [""]


def test_the_time_that_is_left_follows_from_the_circuits_that_finished_meanwhile(terminal, no_wait_clock):
    with progress(ProgressOptions(stream=terminal), now=no_wait_clock.now) as show:
        no_wait_clock.wait(5)
        show("RUNNING", 10, 40)
        no_wait_clock.wait(4)
        show("RUNNING", 20, 40)
        assert shown(terminal) == "RUNNING 20/40 circuits · 9 s · about 8 s left"


def test_the_time_in_a_queue_does_not_count_as_work(terminal, no_wait_clock):
    with progress(ProgressOptions(stream=terminal), now=no_wait_clock.now) as show:
        show("PENDING", 0, 40)
        no_wait_clock.wait(100)
        show("RUNNING", 0, 40)
        no_wait_clock.wait(4)
        show("RUNNING", 10, 40)
        assert shown(terminal) == "RUNNING 10/40 circuits · 1 min 44 s · about 15 s left"


def test_a_short_wait_shows_nothing(terminal, no_wait_clock):
    with progress(ProgressOptions(stream=terminal), now=no_wait_clock.now) as show:
        no_wait_clock.wait(0.9)
        show("RUNNING")
    assert terminal.getvalue() == ""


def test_a_command_shows_its_line_at_once(terminal, no_wait_clock):
    with progress(ProgressOptions(delay_s=0, stream=terminal), now=no_wait_clock.now) as show:
        assert shown(terminal) == "waiting · 0 s"
        show("PENDING")
        assert shown(terminal) == "PENDING · 0 s"


def test_the_line_disappears_if_the_wait_is_interrupted(terminal, no_wait_clock):
    def interrupted_wait():
        with progress(ProgressOptions(delay_s=0, stream=terminal), now=no_wait_clock.now) as show:
            show("RUNNING")
            terminal.write("^C")  # the terminal shows that the keys were pressed
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_wait()
    assert terminal.screen() == [""]


def test_nothing_is_shown_if_it_is_not_enabled(terminal, no_wait_clock):
    options = ProgressOptions(enabled=False, delay_s=0, stream=terminal)
    with progress(options, now=no_wait_clock.now) as show:
        show("RUNNING")
        assert not show.is_visible
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("value", ["off", "0", "false", "no", " OFF "])
def test_the_environment_switches_the_line_off(terminal, no_wait_clock, monkeypatch, value):
    monkeypatch.setenv(PROGRESS_VARIABLE, value)
    with progress(ProgressOptions(delay_s=0, stream=terminal), now=no_wait_clock.now) as show:
        show("RUNNING")
    assert terminal.getvalue() == ""


def test_nothing_is_shown_in_a_terminal_that_cannot_return_to_the_start_of_a_line(
    terminal, no_wait_clock, monkeypatch
):
    monkeypatch.setenv("TERM", "dumb")
    with progress(ProgressOptions(delay_s=0, stream=terminal), now=no_wait_clock.now) as show:
        show("RUNNING")
    assert terminal.getvalue() == ""


def test_nothing_is_shown_in_a_file(no_wait_clock):
    file = io.StringIO()
    with progress(ProgressOptions(delay_s=0, stream=file), now=no_wait_clock.now) as show:
        show("RUNNING")
    assert file.getvalue() == ""


def test_a_terminal_with_another_encoding_gets_plain_characters(terminal, no_wait_clock):
    terminal.encoding = "latin-1"
    with progress(ProgressOptions(delay_s=0, stream=terminal), now=no_wait_clock.now) as show:
        show("RUNNING é", 1, 2)
        assert shown(terminal) == "RUNNING ? 1/2 circuits, 0 s"
        assert terminal.getvalue().isascii()


def test_a_wait_within_another_wait_shows_nothing(terminal, no_wait_clock):
    options = ProgressOptions(delay_s=0, stream=terminal)
    with progress(options, now=no_wait_clock.now, unit="jobs") as outer:
        outer("", 1, 3)
        with progress(options, now=no_wait_clock.now) as inner:
            inner("RUNNING")
            assert shown(terminal) == "1/3 jobs · 0 s"
    with progress(options, now=no_wait_clock.now) as later:
        later("RUNNING")
        assert shown(terminal) == "RUNNING · 0 s"


def test_one_of_several_waits_in_threads_shows_its_line(terminal, no_wait_clock):
    options = ProgressOptions(delay_s=0, stream=terminal)
    barrier = threading.Barrier(4)

    def wait(name):
        with progress(options, now=no_wait_clock.now) as show:
            show(name)
            barrier.wait()
            show(name)
            barrier.wait()

    threads = [threading.Thread(target=wait, args=(name,)) for name in "ABC"]
    for thread in threads:
        thread.start()
    barrier.wait()
    assert shown(terminal) in {"A · 0 s", "B · 0 s", "C · 0 s"}
    barrier.wait()
    for thread in threads:
        thread.join()
    assert terminal.screen() == [""]


def test_a_wait_in_another_thread_shows_its_line_when_the_first_one_has_ended(run_in_terminal, screen_of):
    written, _ = run_in_terminal("""
from contextlib import ExitStack
from qiskit_qoro.display.progress import ProgressOptions, progress

first, second = ExitStack(), ExitStack()
with second:
    with first:
        first.enter_context(progress(ProgressOptions(delay_s=0)))("FIRST")
        show = second.enter_context(progress(ProgressOptions(delay_s=0)))
        show("HIDDEN")
    show("SECOND")
""")
    assert "FIRST" in written
    assert "SECOND" in written
    assert "HIDDEN" not in written
    assert screen_of(written) == [""]


def test_a_thread_keeps_the_line_moving(terminal, no_wait_clock):
    moved = threading.Event()

    class Watched(type(terminal)):
        def write(self, text):
            if "⠹" in text:  # the third picture of the spinner
                moved.set()
            return super().write(text)

    with progress(ProgressOptions(delay_s=0, stream=Watched()), now=no_wait_clock.now) as show:
        show("RUNNING")
        assert moved.wait(60)


def test_no_thread_remains(terminal, no_wait_clock):
    with progress(ProgressOptions(stream=terminal), now=no_wait_clock.now) as show:
        show("RUNNING")
    assert "qoro-progress" not in {thread.name for thread in threading.enumerate()}


def test_text_of_a_service_has_no_effect_on_the_terminal(terminal, no_wait_clock):
    with progress(ProgressOptions(delay_s=0, stream=terminal), now=no_wait_clock.now) as show:
        show("\x1b]0;title\x07", 1, 2)
        assert shown(terminal) == r"\x1b]0;title\x07 1/2 circuits · 0 s"


SCRIPT = """
import logging, os, sys, warnings
from qiskit_qoro.display.progress import ProgressOptions, progress

logging.basicConfig()
streams = sys.stdout, sys.stderr
with progress(ProgressOptions(delay_s=0)) as show:
    show("RUNNING", 1, 2)
    print("one")
    print("two", end=" ")
    show("RUNNING", 1, 2)
    print("words")
    sys.stderr.writelines(["an error\\n", "and more\\n"])
    logging.warning("a record")
    # A pipe has a buffer, which the child would inherit, and which os._exit() does not write.
    sys.stdout.flush()
    if os.fork() == 0:
        print("from a child", flush=True)
        os._exit(0)
    os.wait()
    show("RUNNING", 2, 2)
    kept = sys.stdout
assert (sys.stdout, sys.stderr) == streams
assert logging.root.handlers[0].stream is sys.stderr
print("later", file=kept)
"""


def test_output_during_the_wait_appears_above_the_line_and_remains(run_in_terminal, screen_of):
    written, _ = run_in_terminal(SCRIPT)
    assert "RUNNING 2/2 circuits" in written
    assert screen_of(written) == [
        "one", "two words", "an error", "and more", "WARNING:root:a record", "from a child", "later", ""
    ]  # fmt: skip


def test_output_into_a_pipe_is_not_touched(run_in_terminal, screen_of):
    written, out = run_in_terminal(SCRIPT, stdout_is_terminal=False)
    assert out == "one\ntwo words\nfrom a child\nlater\n"
    assert screen_of(written) == ["an error", "and more", "WARNING:root:a record", ""]


def test_a_child_that_is_forked_while_a_line_is_drawn_can_show_its_own(run_in_terminal, screen_of):
    written, _ = run_in_terminal("""
import os
from qiskit_qoro.display.progress import ProgressOptions, progress

with progress(ProgressOptions(delay_s=0)) as show:
    show("RUNNING")
    if os.fork() == 0:
        with progress(ProgressOptions(delay_s=0)) as inner:
            inner("CHILD")
        os._exit(0)
    os.wait()
""")
    assert "CHILD" in written
    assert screen_of(written)[-1] == ""


@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {PROGRESS_VARIABLE: "off"}], ids=["dumb terminal", "switched off"]
)
def test_an_environment_without_progress(run_in_terminal, environment):
    script = "from qiskit_qoro.display.progress import *\n"
    script += "with progress(ProgressOptions(delay_s=0)) as show: show('RUNNING')"
    assert run_in_terminal(script, environment=environment) == ("", "")


@pytest.mark.parametrize("how", ["close", "detach"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_does_not_break_the_wait(run_in_terminal, stream, how):
    written, _ = run_in_terminal(f"""
import os, sys
from qiskit_qoro.display.progress import ProgressOptions, progress

kept = sys.{stream}.{how}()
with progress(ProgressOptions(delay_s=0)) as show:
    show("RUNNING")
os.write(3 - {["stdout", "stderr"].index(stream)} - 1, b"ended")
os._exit(0)
""")
    assert written.endswith("ended")
    assert ("RUNNING" in written) == (stream == "stdout")


def test_a_package_that_is_being_imported_is_no_notebook(terminal, no_wait_clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    assert progress_screens.find_kernel_shell() is None


def test_a_child_that_is_forked_during_a_wait_does_not_continue_its_line(run_in_terminal, screen_of):
    written, _ = run_in_terminal("""
import os
from qiskit_qoro.display.progress import ProgressOptions, progress

with progress(ProgressOptions(delay_s=0)) as show:
    show("RUNNING")
    child = os.fork()
    if child == 0:
        show._lock = None  # it may be held by a thread that does not exist here
        show("CHILD")
        show.pause()
        show.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
""")
    assert "RUNNING" in written
    assert "CHILD" not in written
    assert screen_of(written) == [""]


def test_a_wait_goes_on_if_no_thread_can_be_started(run_in_terminal, screen_of):
    written, _ = run_in_terminal("""
import resource
from qiskit_qoro.display.progress import ProgressOptions, progress

resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
import threading
threading.stack_size(2**31)  # more than the process may have
with progress(ProgressOptions(delay_s=0)) as show:
    show("FIRST")
    show("SECOND")
""")
    assert "FIRST" in written
    assert "SECOND" in written
    assert screen_of(written) == [""]


def test_ctrl_c_at_any_moment_leaves_nothing_behind(terminal, no_wait_clock):
    """Ctrl-C is pressed before each line of the code that the wait runs through."""
    files = {progress_module.__file__, progress_screens.__file__}
    options = ProgressOptions(delay_s=0, stream=terminal)
    streams = sys.stdout, sys.stderr

    def wait(interrupted_line):
        num_lines = 0

        def trace(frame, event, _argument):
            nonlocal num_lines
            if frame.f_code.co_filename not in files:
                return None
            if event == "line" and frame.f_code.co_name != "__exit__":  # nothing can protect its first line
                num_lines += 1
                if num_lines == interrupted_line:
                    raise KeyboardInterrupt
            return trace

        previous = sys.gettrace()  # that of a coverage tool
        sys.settrace(trace)
        try:
            with progress(options, now=no_wait_clock.now) as show:
                show("RUNNING", 1, 2)
                show.pause()
                show("RUNNING", 2, 2)
        finally:
            sys.settrace(previous)
        return num_lines

    wait(0)  # what is created once
    for line in range(1, wait(0) + 1):
        with pytest.raises(KeyboardInterrupt):
            wait(line)
        assert terminal.screen() == [""], line
        assert (sys.stdout, sys.stderr) == streams
        with progress(options, now=no_wait_clock.now) as later:
            later("LATER")
            assert shown(terminal) == "LATER · 0 s", line


def test_the_streams_of_a_line_outlive_it_because_print_in_another_thread_may_still_use_them(run_in_terminal):
    run_in_terminal("""
import gc, sys, weakref
from qiskit_qoro.display.progress import ProgressOptions, progress

for _ in range(2):
    with progress(ProgressOptions(delay_s=0)) as show:
        show("RUNNING")
        used = [weakref.ref(stream) for stream in (sys.stdout, sys.stderr)]
    gc.collect()
    assert all(stream() is not None for stream in used)
    assert sys.stdout is sys.__stdout__
""")
