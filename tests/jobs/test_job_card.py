"""The card of a job: its progress, its times, and code that retrieves it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.display.times import local_now
from qiskit_qoro.jobs.job_card import describe_job, job_card
from qiskit_qoro.models.jobs import JobState, JobStatus
from qiskit_qoro.service.settings import ServiceOrigin

ORIGIN = ServiceOrigin("QoroProvider()")


def code_in(card: str) -> str:
    """The code that a card shows."""
    (code,) = re.findall(r'<pre class="qoro-code">(.*?)</pre>', card, re.DOTALL)
    return html.unescape(code)


def flipped() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def test_the_code_of_a_job_in_a_database_retrieves_it(tmp_path: Path) -> None:
    with QoroProvider.local(database=tmp_path / "a'b.db", workers=1) as provider:
        job = provider.get_backend().run(flipped(), shots=7)
        job.result()
        card = job._repr_html_()
    code = code_in(card)
    assert str(tmp_path) in code
    assert "They end with this process" not in card
    retrieved = eval(code, {"QoroProvider": QoroProvider})
    assert retrieved.result().get_counts() == {"1": 7}
    retrieved.backend().provider.close()


def test_the_card_of_a_job_in_memory_says_that_it_ends_with_the_process() -> None:
    with QoroProvider.local(workers=1) as provider:
        job = provider.get_backend().run(flipped(), shots=7)
        job.result()
        card = job._repr_html_()
        assert "They end with this process" in card
        retrieved = eval(code_in(card), {"QoroProvider": QoroProvider})
        assert retrieved.result().get_counts() == {"1": 7}
        retrieved.backend().provider.close()


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        (lambda: QoroProvider("t", journal=False), "QoroProvider()"),
        (
            lambda: QoroProvider("t", base_url="https://lab.example/api", journal=False),
            "QoroProvider(base_url='https://lab.example/api')",
        ),
        (QoroProvider.local, "QoroProvider.local()"),
    ],
)
def test_the_code_names_what_differs_from_the_defaults(
    provider: Callable[[], QoroProvider], code: str
) -> None:
    with provider() as opened:
        assert opened.service.origin.code == code


def test_the_code_of_a_service_in_this_process_uses_the_provider_that_is_there() -> None:
    with QoroProvider.local(workers=1) as owner:
        link = owner.service._transport._connections._link
        with QoroProvider("t", base_url="http://127.0.0.1:1/api", link=link, journal=False) as provider:
            origin = provider.service.origin
    assert (origin.code, origin.note) == ("provider", "Only this process can reach the service.")


def test_a_running_job_shows_its_progress(parse_html: Callable[[str], Any]) -> None:
    state = JobState(JobStatus.RUNNING, None, 10, 40)
    card = job_card("j1", state, [], submitted=local_now() - timedelta(minutes=3), origin=ORIGIN)
    shown = parse_html(card.to_html())
    assert "RUNNING finished 10 of 40 circuits submitted 3 min ago" in shown.text
    assert ("style", "width: 25.0%") in shown.attributes


@pytest.mark.parametrize(
    "state",
    [
        JobState(JobStatus.RUNNING),
        JobState(JobStatus.RUNNING, None, 0, 0),
        JobState(JobStatus.COMPLETED, 1.5, 40, 40),
    ],
)
def test_a_job_without_known_progress_shows_none(state: JobState, parse_html: Callable[[str], Any]) -> None:
    shown = parse_html(job_card("j1", state, [], submitted=None, origin=ORIGIN).to_html())
    assert "finished" not in shown.text
    assert not [value for name, value in shown.attributes if name == "style"]


def test_a_failed_job_shows_the_reason(parse_html: Callable[[str], Any]) -> None:
    state = JobState(JobStatus.FAILED, 0.5)
    card = job_card("j1", state, [("tag", None)], submitted=None, origin=ORIGIN, reason="too wide")
    assert parse_html(card.to_html()).text == (
        "Job j1 FAILED run time 0.5 s reason too wide QoroProvider().retrieve_job('j1')"
    )


@pytest.mark.parametrize("call", ["result()", "error_message()"])
def test_a_failed_job_whose_reason_was_not_read_says_how_to_read_it(
    call: str, parse_html: Callable[[str], Any]
) -> None:
    state = JobState(JobStatus.FAILED)
    card = job_card("j1", state, [], submitted=None, origin=ORIGIN, reason_call=call)
    assert f"FAILED reason {call} tells it QoroProvider()" in parse_html(card.to_html()).text


def test_the_repr_of_several_service_jobs_counts_them() -> None:
    assert describe_job("X", "a+b+c", None, JobStatus.RUNNING) == "<X 'a' and 2 more jobs: RUNNING>"
