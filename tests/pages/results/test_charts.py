"""The charts of the pages: which outcomes they show, in which order, and the life of jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from qiskit_qoro import pages
from qiskit_qoro.display.charts import MAX_BARS
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.pages.results.charts import ChartPart, chart_of, timeline_of
from qiskit_qoro.pages.views import (
    Counts,
    Event,
    Failure,
    Gradients,
    JobRow,
    JobView,
    Outcome,
    StateValues,
    Values,
)

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def tooltips(part: ChartPart) -> list[str]:
    """The tooltips of the bars, without the title of the chart."""
    return [element.text or "" for element in ET.fromstring(part.svg).iter("title")][1:]


def description(part: ChartPart) -> str:
    return ET.fromstring(part.svg).findtext("desc") or ""


def test_outcomes_are_in_ascending_order() -> None:
    part = chart_of(Counts({"11": 503, "00": 490, "10": 7}, 1000))
    assert tooltips(part) == ["00: 490", "10: 7", "11: 503"]
    assert description(part) == "11: 503, 00: 490, 10: 7, of 1,000 shots"
    assert part.caption == ""
    assert isinstance(part.svg, Markup)


@pytest.mark.parametrize(("number", "drawn"), [(MAX_BARS, MAX_BARS), (MAX_BARS + 1, 16)])
def test_a_chart_selects_the_most_frequent_of_many_outcomes(number: int, drawn: int) -> None:
    counts = {f"{index:08b}": number - index for index in range(number)}
    part = chart_of(Counts(counts, sum(counts.values())))
    assert tooltips(part) == [f"{index:08b}: {number - index}" for index in range(drawn)]
    if drawn < number:
        share = sum(sorted(counts.values())[-16:]) / sum(counts.values())
        assert part.caption == f"The 16 most frequent of {number} outcomes: {share:.1%} of the shots"


def test_outcomes_that_the_table_leaves_out_are_counted() -> None:
    part = chart_of(Counts({f"{index:070b}": 5 for index in range(200)}, 1_000_000, 999_800))
    assert part.caption == "The 16 most frequent of 1,000,000 outcomes: 0.0% of the shots"


def test_probabilities_have_a_chart_of_their_own() -> None:
    outcome = StateValues("state vector of 1 qubit", ("a",), (), 0, {"1": 0.75, "0": 0.25})
    assert tooltips(chart_of(outcome)) == ["0: 0.25", "1: 0.75"]


@pytest.mark.parametrize(("number", "caption"), [(6, ""), (7, "The first 6 of 7 values")])
def test_an_evolution_is_drawn_as_lines(number: int, caption: str) -> None:
    series = {f"Z{index}": [0.5, 0.25] for index in range(number)}
    part = chart_of(StateValues("evolution", ("repetition",), (), series=series))
    assert tooltips(part) == list(series)[:6]
    assert part.caption == caption
    assert chart_of(StateValues("evolution", ("repetition",), (), series={"Z": [0.5]})) == ChartPart()


def test_values_have_error_bars_and_short_names() -> None:
    part = chart_of(Values({"Z" * 20: 0.5, "XX": -0.5}, {"XX": 0.1}, short_names={"Z" * 20: "Z0"}))
    assert tooltips(part) == ["Z0: 0.5", "XX: −0.50 ± 0.10"]
    assert part.caption == ""


@pytest.mark.parametrize("left_out", [0, 9_968])
def test_values_that_are_left_out_are_counted(left_out: int) -> None:
    part = chart_of(Values({f"{index}": 0.5 for index in range(MAX_BARS)}, num_left_out=left_out))
    assert part.caption == ("The first 32 of 10,000 values" if left_out else "")


def test_a_single_gradient_is_drawn_and_of_several_the_values() -> None:
    one = Gradients({"Z": 0.5}, {"Z": {"a": 1.5, "b": -2.0}}, num_parameters_left_out=3)
    assert tooltips(chart_of(one)) == ["a: 1.5", "b: −2"]
    assert chart_of(one).caption == "The first 2 of 5 derivatives"
    two = Gradients({"Z": 0.5, "X": 0.25}, {"Z": {"a": 1.5}, "X": {"a": 2.5}})
    assert tooltips(chart_of(two)) == ["Z: 0.5", "X: 0.25"]


@pytest.mark.parametrize(
    "outcome",
    [
        None,
        Failure("no"),
        Counts({}, 10),
        Values({}),
        Gradients({}, {}),
        Gradients({"Z": 1.0}, {"Z": {}}),
        StateValues("one number", ("number",), (("1",),)),
    ],
)
def test_an_outcome_without_entries_has_no_chart(outcome: Outcome | None) -> None:
    assert chart_of(outcome) == ChartPart()


@pytest.mark.parametrize(
    "outcome",
    [
        Counts({"00": 503, "11": 497}, 1000),
        Counts({f"{number:05b}": 1000 for number in range(32)}, 32_000),
        Values({"ZZ": 0.5, "XX": -0.25}),
        Gradients({"Z": 0.5}, {"Z": {"a": 1.5}}),
    ],
)
def test_charts_fit_on_a_telephone(outcome: Outcome) -> None:
    # The style sheet enlarges charts of this width.
    assert ET.fromstring(chart_of(outcome).svg).get("width") == "340"
    style = Path(pages.__file__).with_name("static") / "pages.css"
    assert '.chart svg[width="340"]' in style.read_text(encoding="utf-8")


# --- the life of a job ----------------------------------------------------------------------------------


def job(*events: tuple[str, float | None], duration_s: float | None = None) -> JobView:
    """A job with the seconds before now of its events."""
    row = JobRow("a", events[-1][0] if events else "", "run", "", None, 1, 0, NOW, duration_s)
    times = [Event(status, None if ago is None else NOW - timedelta(seconds=ago)) for status, ago in events]
    return JobView(row, times, "")


def test_the_life_of_a_job_is_told_in_words() -> None:
    part = timeline_of(job(("PENDING", 20), ("RUNNING", 15), ("TIMED_OUT", 5)), NOW)
    assert description(part) == (
        "Pending at 2026-11-30 11:59:40, for 5 s; Running at 2026-11-30 11:59:45, for 10 s; "
        "Timed out at 2026-11-30 11:59:55"
    )
    assert part.caption == "15 s from the submission to the end"


def test_a_running_job_has_been_running_until_now() -> None:
    part = timeline_of(job(("PENDING", 20), ("RUNNING", 15)), NOW)
    assert tooltips(part) == ["Pending: 5 s", "Running: 15 s"]
    assert part.caption == ""


def test_the_run_time_of_the_service_is_used_if_times_are_unknown() -> None:
    part = timeline_of(job(("PENDING", 20), ("RUNNING", None), ("COMPLETED", None), duration_s=3.0), NOW)
    assert tooltips(part) == ["Pending: unknown", "Running: 3 s"]
    assert part.caption == ""


@pytest.mark.parametrize(("run_time_s", "shown"), [(0.0036, "3.6 ms"), (0.0044, "4.4 ms"), (1.0, "4 ms")])
def test_the_run_time_is_used_if_the_times_are_rounded(run_time_s: float, shown: str) -> None:
    part = timeline_of(
        job(("PENDING", 1), ("RUNNING", 0.5), ("COMPLETED", 0.496), duration_s=run_time_s), NOW
    )
    assert tooltips(part) == ["Pending: 0.5 s", f"Running: {shown}"]


@pytest.mark.parametrize("status", [*JobStatus, *ListedStatus])
def test_only_a_status_that_can_change_lasts_until_now(status: str) -> None:
    can_change = status in {"PENDING", "SCHEDULED", "RUNNING", "PAUSED", "SUBMITTING", "SUBMITTED"}
    part = timeline_of(job(("PENDING", 20), (status, 10)), NOW)
    assert len(tooltips(part)) == 1 + can_change


def test_a_job_of_which_only_the_end_is_known_has_no_timeline() -> None:
    assert timeline_of(job(("CANCELLED", None)), NOW) == ChartPart()
    assert timeline_of(job(), NOW) == ChartPart()


def test_a_clock_that_goes_backwards_gives_no_negative_length() -> None:
    shown = timeline_of(job(("PENDING", 5), ("RUNNING", 9), ("COMPLETED", 10)), NOW)
    assert tooltips(shown) == ["Pending: 0 s", "Running: 0 s"]
    assert "from the submission" in replace(shown).caption
