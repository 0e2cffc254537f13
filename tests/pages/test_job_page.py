"""The page of a job: its life, its facts, its circuits, the result of one of them, and its actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from qiskit_qoro.display.times import local_now
from qiskit_qoro.history.job_entry import is_unfinished
from qiskit_qoro.history.journal_entry import ListedStatus
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.pages.views import (
    Action,
    CircuitRow,
    CircuitsPage,
    CircuitView,
    Counts,
    Event,
    Failure,
    Gradients,
    JobView,
    Outcome,
    StateValues,
    Values,
)

from .reading import ReadPage, Table
from .sample import NOW, PROGRAM, SampleSource, job_id, sample_row
from .visiting import Visit, open_visit

MANY = job_id(1)


class OneJob(SampleSource):
    """A source with one job. The values of the job and of its circuits can be chosen."""

    def __init__(self, status: str = "COMPLETED", **changes: Any) -> None:
        super().__init__([sample_row(1, status, kind="run", num_circuits=1, num_finished=1)])
        self.rows[0] = replace(self.rows[0], **changes)
        self.job_changes: dict[str, Any] = {}
        self.circuit_changes: dict[str, Any] = {}

    def job(self, job_id: str) -> JobView:
        return replace(super().job(job_id), **self.job_changes)

    def circuit(self, job_id: str, position: int) -> CircuitView | None:
        circuit = super().circuit(job_id, position)
        return None if circuit is None else replace(circuit, **self.circuit_changes)


def show(source: OneJob, query: str = "") -> ReadPage:
    """Read the page of its job."""
    with open_visit(source) as visit:
        page = visit.get(f"/pages/jobs/{quote(source.rows[0].job_id or '', safe='')}{query}")
        assert visit.answer.status_code == 200
        return page


def show_outcome(outcome: Outcome | None, **changes: Any) -> ReadPage:
    source = OneJob()
    source.circuit_changes = {"outcome": outcome, **changes}
    return show(source)


def outcome_table(page: ReadPage) -> Table:
    return next(table for table in page.tables if table.headings != ["Name", "Value"])


def live_attributes(page: ReadPage) -> dict[str, str]:
    return next(attributes for _, attributes in page.tags if attributes.get("id") == "live")


@pytest.fixture(scope="module")
def many() -> Iterator[Visit]:
    """A job with 10,000 circuits. 2,500 of them are finished."""
    with open_visit(OneJob("RUNNING", num_circuits=10_000, num_finished=2500)) as visit:
        yield visit


# --- the job --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [*JobStatus, *ListedStatus, "SOMETHING_NEW"])
def test_a_job_is_requested_again_until_it_has_ended(status: str) -> None:
    page = show(OneJob(status))
    assert status.replace("_", " ") in page.text
    assert ("hx-get" in live_attributes(page)) == is_unfinished(status)


@pytest.mark.parametrize(("age_s", "interval"), [(3, "every 1s"), (60, "every 2s")])
def test_a_young_job_is_requested_more_often(age_s: int, interval: str) -> None:
    submitted = local_now() - timedelta(seconds=age_s)
    attributes = live_attributes(show(OneJob("RUNNING", submitted=submitted)))
    assert attributes["hx-trigger"].startswith(f"{interval},")


def test_a_job_that_ends_shows_its_result_and_is_not_requested_any_more() -> None:
    source = OneJob("RUNNING", num_finished=0)
    with open_visit(source) as visit:
        page = visit.get(f"/pages/jobs/{job_id(1)}")
        assert "The result appears here when the circuit is finished." in page.text
        source.rows[0] = replace(source.rows[0], status="COMPLETED", num_finished=1)
        part = visit.part(f"/pages/jobs/{job_id(1)}")
    assert "503" in part.text
    assert "hx-get" not in part.text


def test_a_result_that_is_being_fetched_is_asked_for_again() -> None:
    source = OneJob()
    source.job_changes = {"is_loading": True}
    source.circuit_changes = {"outcome": None, "program": None}
    page = show(source)
    assert "The program is being read." in page.text
    assert "The result is being fetched from the service." in page.text
    assert "hx-get" in live_attributes(page)


def test_the_facts_of_a_job() -> None:
    source = OneJob(tag="bell", target="qoro_maestro", num_circuits=1)
    source.job_changes = {
        "shots": 12_000,
        "cost": Decimal("0.12"),
        "is_cost_estimated": True,
        "method": "statevector: fewer than 20 qubits",
        "settings": [("shots", "1000"), ("max_bond_dimension", "32")],
        "notes": ["The configuration is that of the journal."],
        "events": [Event("PENDING", NOW), Event("COMPLETED", None)],
    }
    page = show(source)
    assert page.facts["Tag"] == "bell"
    assert page.facts["Kind"] == "run"
    assert page.facts["Target"] == "qoro_maestro"
    assert page.facts["Circuits"] == "1"
    assert page.facts["Shots"] == "12,000"
    assert page.facts["Cost, estimated"] == "0.12 credits"
    assert page.facts["Method"] == "statevector: fewer than 20 qubits"
    assert ["max_bond_dimension", "32"] in page.tables[-1].rows
    assert "The configuration is that of the journal." in page.text
    assert f'job = provider.retrieve_job("{job_id(1)}")' in page.text
    assert "Completed time unknown" in page.text
    assert page.headings[0] == (1, f"Job {job_id(1)[:8]}")


def test_a_job_of_which_little_is_known() -> None:
    source = OneJob("GONE", tag="", num_circuits=None, num_finished=None, submitted=None, duration_s=None)
    source.rows[0] = replace(source.rows[0], target=None, actions=frozenset())
    source.job_changes = {
        "events": [Event("GONE", None)],
        "shots": None,
        "cost": None,
        "settings": [],
        "method": "",
    }
    page = show(source)
    assert page.facts["Tag"] == "none"
    assert page.facts["Target"] == "unknown"
    assert page.facts["Submitted"] == "unknown"
    assert page.facts["Cost"] == "unknown"
    assert "Shots" not in page.facts
    assert "default configuration" in page.text


def test_the_reason_of_a_failure_is_complete_and_comes_before_the_facts() -> None:
    reason = "circuit 'b' needs 40 qubits.\n" + "Use matrix_product_state. " * 40 + "The end."
    page = show(OneJob("FAILED", reason=reason))
    assert " ".join(reason.split()) in page.text
    headings = [text for _, text in page.headings]
    assert headings.index("Why it failed") < headings.index("About this job")


def test_texts_of_others_stay_texts_on_the_page_of_a_job() -> None:
    evil = '<img src=x onerror="alert(1)"></pre>\x1b[0m'
    source = OneJob("FAILED", tag=evil, target=evil, reason=evil, kind=evil)
    source.job_changes = {"notes": [evil], "settings": [(evil, evil)], "method": evil, "code": evil}
    source.circuit_changes = {
        "row": CircuitRow(0, evil, "FAILED", 1, evil),
        "outcome": Failure(evil),
        "program": evil,
        "parameters": {evil: 0.5},
        "method": evil,
        "metadata": [(evil, evil)],
    }
    with open_visit(source) as visit:
        page = visit.get(f"/pages/jobs/{job_id(1)}")
        assert "\x1b" not in visit.answer.text
    assert page.text.count('<img src=x onerror="alert(1)"></pre>\\x1b[0m') >= 12
    assert not any(attributes.get("src") == "x" for _, attributes in page.tags)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)


def test_a_joint_identifier_is_shown_whole_and_stays_in_the_addresses() -> None:
    joint = "+".join(job_id(number) for number in range(1, 12))
    source = OneJob(job_id=joint, num_circuits=3, num_finished=3, actions=frozenset(Action))
    with open_visit(source) as visit:
        page = visit.get(f"/pages/jobs/{quote(joint, safe='')}")
        assert joint in page.text
        assert page.headings[0] == (1, "Job 00000001 +10")
        page = visit.get(next(address for text, address in page.links if text == "bell-2").partition("#")[0])
        assert "Circuit 2" in page.text
        visit.send(visit.forms("/cancel")[0])
        assert source.actions == [("cancel", joint)]
        assert visit.answer.url.endswith(f"/pages/jobs/{quote(joint, safe='')}")


def test_a_job_that_does_not_exist_is_reported() -> None:
    with open_visit(SampleSource()) as visit:
        page = visit.get("/pages/jobs/nothing%2Blike%3Cthis%3E")
        assert visit.answer.status_code == 404
    assert "There is no job 'nothing+like<this>'." in page.text


def test_a_characterization_has_no_circuits() -> None:
    source = OneJob(kind="characterization", num_circuits=0, num_finished=0)
    source.job_changes = {"is_characterization": True}
    page = show(source)
    assert "circuits done" not in page.text
    assert not {"Circuits", "Result"} & {text for _, text in page.headings}


# --- circuits -------------------------------------------------------------------------------------------


def test_a_job_with_one_circuit_shows_its_result_at_once() -> None:
    page = show(OneJob())
    assert (2, "Result") in page.headings
    assert (2, "Circuits") not in page.headings
    assert PROGRAM.split("\n")[0] in page.text
    assert "1 of 1 circuits done" in page.text


def test_the_list_of_circuits_has_pages(many: Visit) -> None:
    page = many.get(f"/pages/jobs/{MANY}")
    assert len(page.tables[0].rows) == 50
    assert page.tables[0].rows[0] == ["0", "bell-0", "RUNNING", "1,000", "00: 503, 11: 497"]
    assert "2,500 of 10,000 circuits done" in page.text
    assert "1–50 of 10,000" in page.text
    links = dict(page.links)
    assert links["Last"] == f"/pages/jobs/{MANY}?page=200"
    assert links["100"] == f"/pages/jobs/{MANY}?rows=100"


def test_the_list_shows_the_page_of_the_selected_circuit(many: Visit) -> None:
    page = many.get(f"/pages/jobs/{MANY}?circuit=5017&rows=100")
    assert page.tables[0].rows[0][0] == "5,000"
    assert (2, "Circuit 5,017") in page.headings
    links = dict(page.links)
    assert links["Previous circuit"] == f"/pages/jobs/{MANY}?rows=100&circuit=5016#circuit"
    assert links["Next circuit"] == f"/pages/jobs/{MANY}?rows=100&circuit=5018#circuit"
    current = [
        attributes["href"] for tag, attributes in page.tags if attributes.get("aria-current") == "true"
    ]
    assert f"/pages/jobs/{MANY}?rows=100&circuit=5017#circuit" in current


@pytest.mark.parametrize(("position", "missing"), [(0, "Previous circuit"), (9999, "Next circuit")])
def test_the_first_and_the_last_circuit(many: Visit, position: int, missing: str) -> None:
    links = dict(many.get(f"/pages/jobs/{MANY}?circuit={position}").links)
    assert {"Previous circuit", "Next circuit"} - set(links) == {missing}


def test_circuits_are_filtered_by_status(many: Visit) -> None:
    links = dict(many.get(f"/pages/jobs/{MANY}").links)
    assert links["Pending 7,500"] == f"/pages/jobs/{MANY}?status=PENDING"
    page = many.get(links["Pending 7,500"])
    assert {row[2] for row in page.tables[0].rows} == {"PENDING"}
    assert (2, "Circuit 2,500") in page.headings
    links = dict(page.links)
    assert links["All 10,000"] == f"/pages/jobs/{MANY}"
    assert links["Next"] == f"/pages/jobs/{MANY}?status=PENDING&page=2"
    page = many.get(links["bell-2501"].partition("#")[0])
    assert (2, "Circuit 2,501") in page.headings
    assert page.tables[0].rows[0][1] == "bell-2500"


@pytest.mark.parametrize(
    ("asked", "explanation"),
    [
        ("10000", "Circuit 10,000 is not known."),
        ("99999999999999999999", "Circuit 999,999,999,999 is not known."),
        ("abc", "Expected the number of a circuit, received 'abc'."),
        ("-1", "Expected the number of a circuit, received '-1'."),
        ("<b>", "Expected the number of a circuit, received '<b>'."),
    ],
)
def test_a_circuit_that_does_not_exist_is_explained(many: Visit, asked: str, explanation: str) -> None:
    page = many.get(f"/pages/jobs/{MANY}?circuit={quote(asked)}")
    assert many.answer.status_code == 200
    assert explanation in page.text
    assert len(page.tables[0].rows) == 50


@pytest.mark.parametrize(
    "query", ["page=x", "page=-1", "page=999999", "rows=0", "status=NONSENSE", "circuit="]
)
def test_values_that_make_no_sense_are_tolerated_on_the_page_of_a_job(many: Visit, query: str) -> None:
    many.get(f"/pages/jobs/{MANY}?{query}")
    assert many.answer.status_code == 200


def test_a_status_that_no_circuit_has(many: Visit) -> None:
    page = many.get(f"/pages/jobs/{MANY}?status=FAILED")
    assert "No circuit has this status." in page.text
    assert dict(page.links)["All 10,000"] == f"/pages/jobs/{MANY}"


def test_the_circuits_of_a_job_may_be_unknown() -> None:
    class Unknown(OneJob):
        def circuits(self, job_id: str, *, status: str, limit: int, offset: int) -> CircuitsPage:
            return CircuitsPage([], 0)

    page = show(Unknown(num_circuits=12))
    assert "The circuits are not known." in page.text


# --- results --------------------------------------------------------------------------------------------


def test_counts() -> None:
    page = show_outcome(Counts({"00 1": 1503, "11 1": 490, "01 0": 7}, 2000, num_left_out=3))
    table = outcome_table(page)
    assert table.headings == ["Outcome", "Count", "Share"]
    assert table.rows == [["00 1", "1,503", "75.15 %"], ["11 1", "490", "24.50 %"], ["01 0", "7", "0.35 %"]]
    assert "2,000 shots, the most frequent outcomes first" in page.text
    assert "and 3 more outcomes" in page.text


def test_counts_without_shots() -> None:
    assert outcome_table(show_outcome(Counts({"0": 0}, 0))).rows == [["0", "0", "0.00 %"]]


def test_a_circuit_without_measurements_has_no_table_but_advice() -> None:
    page = show_outcome(Counts({}, 5))
    assert "5 shots without outcomes: the circuit measures no qubit. Add measurements" in page.text
    assert not [table for table in page.tables if "Outcome" in table.headings]


def test_expectation_values_with_errors() -> None:
    page = show_outcome(Values({"ZZ": 0.98, "XX": -0.51}, {"ZZ": 0.02}, 1, "Qubit 0 is rightmost."))
    table = outcome_table(page)
    assert table.headings == ["Observable", "Value", "Standard error"]
    assert table.rows == [["ZZ", "0.98", "0.02"], ["XX", "−0.51", "unknown"]]
    assert "and 1 more observable" in page.text
    assert "Qubit 0 is rightmost." in page.text


def test_expectation_values_without_errors() -> None:
    table = outcome_table(show_outcome(Values({"ZZ": 1 / 3})))
    assert table.headings == ["Observable", "Value"]
    assert table.rows == [["ZZ", "0.333333"]]


def test_gradients() -> None:
    gradients = Gradients({"ZZ": 0.5, "XX": 0}, {"ZZ": {"a": 0.125, "b": -1}, "XX": {}}, 2, 4)
    page = show_outcome(gradients)
    table = outcome_table(page)
    assert table.headings == ["Observable", "Value", "Parameter", "Derivative"]
    assert table.rows == [["ZZ", "0.5", "a", "0.125"], ["b", "−1"], ["XX", "0", "", ""]]
    assert "and 2 more observables" in page.text
    assert "and 4 more parameters" in page.text


def test_states() -> None:
    state = StateValues("state vector, 2 qubits", ["basis state", "amplitude"], [["00", "0.7071"]], 3)
    page = show_outcome(state)
    table = outcome_table(page)
    assert (table.headings, table.rows) == (["basis state", "amplitude"], [["00", "0.7071"]])
    assert "state vector, 2 qubits" in page.text
    assert "and 3 more entries" in page.text


def test_a_circuit_that_failed_says_why() -> None:
    page = show_outcome(Failure("it needs 40 qubits"))
    assert (3, "Why it failed") in page.headings
    assert "it needs 40 qubits" in page.text


def test_the_reason_of_a_job_with_one_circuit_is_said_once() -> None:
    source = OneJob("FAILED", reason="circuit 'b': it needs 40 qubits")
    source.circuit_changes = {"outcome": Failure("it needs 40 qubits")}
    page = show(source)
    assert page.text.count("it needs 40 qubits") == 1


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("PENDING", "The result appears here when the circuit is finished."),
        ("RUNNING", "The result appears here when the circuit is finished."),
        ("CANCELLED", "There is no result."),
    ],
)
def test_a_circuit_without_result_says_why(status: str, text: str) -> None:
    assert text in show_outcome(None, row=CircuitRow(0, "a", status)).text


def test_a_program_that_is_not_known_any_more() -> None:
    page = show_outcome(None, program=None)
    assert "The program of this circuit is not known any more." in page.text


def test_the_end_of_a_long_program_is_left_out() -> None:
    program = PROGRAM + "// end\n" * 20_000
    page = show_outcome(None, program=program)
    assert f"These are the first 100,000 of {len(program):,} characters." in page.text
    assert "These are the first" not in show_outcome(None, program=program[:100_000]).text


def test_the_row_of_a_template_has_parameters_and_details() -> None:
    page = show_outcome(
        Counts({"0": 1}, 1),
        parameters={"theta": 0.1 + 0.2, "phi": -3},
        method="statevector: few qubits",
        metadata=[("bond dimension", "32")],
    )
    rows = [row for table in page.tables for row in table.rows]
    assert ["theta", "0.3"] in rows
    assert ["phi", "−3"] in rows
    assert "2 parameters" in page.text
    assert page.facts["bond dimension"] == "32"
    assert page.facts["Method"] == "statevector: fewer than 20 qubits"


# --- actions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "path", "message"),
    [
        ("cancel", f"/pages/jobs/{job_id(1)}", "The job is cancelled."),
        ("delete", "/pages/jobs", "The job and its results are deleted."),
        ("resubmit", f"/pages/jobs/{job_id(1)}", "This is a new job."),
    ],
)
def test_an_action_leads_back_with_a_message(action: str, path: str, message: str) -> None:
    source = OneJob(actions=frozenset(Action))
    with open_visit(source) as visit:
        visit.get(f"/pages/jobs/{job_id(1)}")
        page = visit.send(visit.forms(f"/{action}")[0])
        assert visit.answer.url == f"{visit.url}{path}"
    assert message in page.text
    assert source.actions == [(action, job_id(1))]


@pytest.mark.parametrize("action", ["cancel", "delete", "resubmit"])
def test_an_action_on_a_page_out_of_date_leads_back_to_the_job(action: str) -> None:
    source = OneJob(actions=frozenset(Action))
    with open_visit(source) as visit:
        visit.get(f"/pages/jobs/{job_id(1)}")
        source.rows[0] = replace(source.rows[0], actions=frozenset())
        page = visit.send(visit.forms(f"/{action}")[0])
        assert visit.answer.url == f"{visit.url}/pages/jobs/{job_id(1)}"
    assert "does not allow" in page.text
