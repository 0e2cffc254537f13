"""The text of a progress line at different widths, and the estimate of the time that is left."""

import pytest

from qiskit_qoro.display.progress_text import Pace, ProgressState, progress_text

STATE = ProgressState("RUNNING", 12, 40, title="job 1a2b3c4d")


def text(state=STATE, *, width=80, left_s=18.2, plain=False, elapsed_s=9.7):
    return progress_text(state, elapsed_s, left_s, tick=5, width=width, plain=plain)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (80, "⠴ job 1a2b3c4d RUNNING 12/40 circuits · 9 s · about 20 s left"),
        (59, "⠴ RUNNING 12/40 circuits · 9 s · about 20 s left"),
        (40, "⠴ RUNNING 12/40 · 9 s · about 20 s left"),
        (33, "⠴ RUNNING 12/40 · about 20 s left"),
        (20, "⠴ 12/40"),
        (4, "⠴ 12"),
        (0, ""),
    ],
)
def test_a_narrow_terminal_shows_less(width, expected):
    assert text(width=width) == expected


def test_plain_characters():
    assert text(width=50, plain=True) == "/ RUNNING 12/40 circuits, 9 s, about 20 s left"


def test_a_state_without_numbers():
    assert text(ProgressState("PENDING"), left_s=None) == "⠴ PENDING · 9 s"
    assert text(ProgressState("PENDING"), width=9, left_s=None) == "⠴ PENDING"
    assert text(ProgressState("PENDING", None, 40), left_s=None) == "⠴ PENDING · 9 s"


def test_a_long_wait():
    state = ProgressState("RUNNING", 99_999, 100_000)
    expected = "⠴ RUNNING 99999/100000 · 59 min 59 s · about 1 h left"
    assert text(state, elapsed_s=3599, left_s=3541, width=59) == expected


@pytest.mark.parametrize(
    ("left_s", "shown"),
    [(0.1, "1 s"), (9.2, "10 s"), (11, "15 s"), (59, "1 min"), (61, "2 min"), (5000, "1 h 30 min")],
)
def test_an_estimate_is_rounded_up(left_s, shown):
    assert text(left_s=left_s).endswith(f"about {shown} left")


def test_a_wide_status_fits():
    assert text(ProgressState("実行中"), left_s=None, width=8) == "⠴ 実行中"
    assert text(ProgressState("実行中"), left_s=None, width=7) == "⠴ 実行"


def pace_after(*observations):
    pace = Pace()
    for now, finished, total in observations:
        pace.observe(finished, total, now)
    return pace


def test_the_time_left_counts_down():
    pace = pace_after((0, 0, 30), (2, 10, 30))
    assert pace.left_s(2) == 4
    assert pace.left_s(5) == 1
    assert pace.left_s(6) is None  # it should have ended


def test_a_wait_that_begins_late_counts_only_what_it_sees():
    assert pace_after((0, 20, 40), (2, 30, 40)).left_s(2) == 2


@pytest.mark.parametrize(
    "observations",
    [
        [],
        [(0, None, 4)],
        [(0, 1, None)],
        [(0, 0, 4)],
        [(0, 0, 4), (5, 0, 4)],
        [(0, 0, 4), (0.5, 1, 4)],
        [(0, 0, 4), (5, 4, 4)],
        [(0, 0, 4), (5, 9, 4)],
    ],
    ids=["nothing", "no number", "no total", "once", "unfinished", "too early", "done", "beyond the total"],
)
def test_there_may_be_no_estimate(observations):
    assert pace_after(*observations).left_s(6) is None


def test_a_job_that_starts_again_starts_the_estimate_again():
    pace = pace_after((0, 0, 10), (5, 5, 10), (6, 0, 10))
    assert pace.left_s(6) is None
    pace.observe(1, 10, 8)
    assert pace.left_s(8) == 18
