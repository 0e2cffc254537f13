"""Running jobs: results, their pages, and failures."""

from __future__ import annotations

from typing import Any

import pytest

EXPECTATION = {"job_type": "EXPECTATION"}


def test_a_bell_pair_is_sampled(service: Any) -> None:
    job_id = service.run({"bell": service.bell}, shots=1000)
    status = service.call("GET", f"/job/{job_id}/status/").json()
    assert status["status"] == "COMPLETED"
    assert 0 < status["run_time"] < 60
    counts = service.counts(job_id)["bell"]
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1000
    assert 350 < counts["00"] < 650  # nine standard deviations


@pytest.mark.local_only("an extension of the local service")
def test_the_status_has_the_numbers_of_circuits_and_counts_those_that_failed(service: Any) -> None:
    wrong = service.header + "qreg q[1]; creg c[1]; nonsense q[0];"
    job_id = service.run({"a": service.bell, "b": wrong, "c": service.bell})
    status = service.call("GET", f"/job/{job_id}/status/").json()
    assert (status["status"], status["circuits_finished"], status["circuits_total"]) == ("FAILED", 3, 3)


def test_classical_bit_0_is_the_rightmost_character(service: Any) -> None:
    program = service.header + "qreg q[3]; creg c[3]; x q[0]; measure q[0] -> c[0];"
    assert service.counts(service.run({"a": program}, shots=5)) == {"a": {"001": 5}}


def test_every_circuit_has_the_shots_of_its_group(service: Any) -> None:
    circuits = dict.fromkeys("abcd", service.bell)
    job_id = service.run(circuits, shot_groups=[[0, 1, 5], [1, 3, 70], [3, 4, 900]])
    assert [sum(counts.values()) for counts in service.counts(job_id).values()] == [5, 70, 70, 900]


def test_more_than_255_bits_are_encoded_as_qh2(service: Any) -> None:
    program = service.header + "qreg q[300]; creg c[300]; x q[0]; measure q[0] -> c[0];"
    job_id = service.run({"wide": program}, shots=3)
    assert service.results(job_id)["wide"]["encoding"] == "qh2"
    assert service.counts(job_id)["wide"] == {"0" * 299 + "1": 3}


@pytest.mark.local_only("the targets are those of the local service")
def test_a_qpu_is_noisy(service: Any) -> None:
    program = service.header + "qreg q[1]; creg c[1]; x q[0]; measure q -> c;"
    target = {"simulator_cluster": None, "qpu_system_name": "local_qpu"}
    counts = service.counts(service.run({"a": program}, job=target, shots=100_000))["a"]
    assert 0 < counts["0"] < 10_000


def test_expectation_values_are_exact_and_keyed_by_dense_pauli_strings(service: Any) -> None:
    program = service.header + "qreg q[3]; h q[0]; cx q[0],q[1]; x q[2];"
    observables = f"@gzs3:{service.blob('Z0Z1;X0X1;Y0Y1;Z2;Z0;I')}"
    result = service.results(service.run({"a": program}, job=EXPECTATION, observables=observables))["a"]
    assert list(result) == ["ZZI", "XXI", "YYI", "IIZ", "ZII", "III"]
    assert list(result.values()) == pytest.approx([1, 1, -1, -1, 0, 1], abs=1e-12)


def test_a_pauli_string_shorter_than_its_circuit_acts_on_the_first_qubits(service: Any) -> None:
    program = service.header + "qreg q[3]; x q[1];"
    job_id = service.run({"a": program}, job=EXPECTATION, observables=f"@gzs2:{service.blob('Z0;Z1')}")
    assert service.results(job_id)["a"] == {"ZI": 1.0, "IZ": -1.0}


def test_without_circuit_ham_map_every_group_is_measured_on_every_circuit(service: Any) -> None:
    observables = f"@gzs2:{service.blob('Z0Z1')}|@gzs2:{service.blob('X0X1')}"
    job_id = service.run({"a": service.bell, "b": service.bell}, job=EXPECTATION, observables=observables)
    assert [set(result) for result in service.results(job_id).values()] == [{"ZZ", "XX"}] * 2


# --- pages ----------------------------------------------------------------------------------------------


def test_results_come_in_pages_that_link_to_each_other(service: Any) -> None:
    labels = [f"c{number}" for number in range(25)]
    job_id = service.run(dict.fromkeys(labels, service.bell), shots=1)
    url: str | None = f"{service.url}/job/{job_id}/resultsV2/?limit=10&offset=0"
    pages = []
    while url:
        pages.append(service.session.get(url, timeout=60).json())
        url = pages[-1]["next"]
    assert [item["label"] for page in pages for item in page["results"]] == labels
    assert [page["count"] for page in pages] == [25] * 3
    assert [page["previous"] is None for page in pages] == [True, False, False]
    first = service.session.get(pages[1]["previous"], timeout=60).json()
    assert first["results"] == pages[0]["results"]


def test_a_page_has_100_items_by_default(service: Any) -> None:
    labels = [str(number) for number in range(101)]
    job_id = service.run(dict.fromkeys(labels, service.bell), shots=1)
    page = service.call("GET", f"/job/{job_id}/resultsV2/").json()
    assert len(page["results"]) == 100
    assert page["next"].startswith(service.url)
    page = service.call("GET", f"/job/{job_id}/resultsV2/?limit=1000").json()
    assert (len(page["results"]), page["next"]) == (101, None)


def test_a_page_past_the_end_is_empty(service: Any) -> None:
    job_id = service.run({"a": service.bell})
    page = service.call("GET", f"/job/{job_id}/resultsV2/?offset=7").json()
    assert (page["count"], page["next"], page["results"]) == (1, None, [])


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("offset=-1", "offset"),
        ("offset=99999999999999999999", "offset"),
        ("offset=1.5", "offset"),
    ],
)
def test_an_invalid_limit_or_offset_is_refused_and_named(service: Any, query: str, named: str) -> None:
    job_id = service.run({"a": service.bell})
    answer = service.call("GET", f"/job/{job_id}/resultsV2/?{query}")
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_the_results_of_an_unknown_job_are_not_found(service: Any) -> None:
    assert service.call("GET", "/job/no-such-job/resultsV2/").status_code == 404


def test_a_pending_job_has_no_results(service: Any) -> None:
    answer = service.call("GET", f"/job/{service.open()}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "not available")
    assert service.says(answer, "PENDING")


# --- failures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "place"),
    [
        ('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\nh q[5];\n', "line 4"),
        ('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nfoo q[0];\n', "line 4, column 1"),
        ("hello", "line 1"),
        ("", "line 1"),
    ],
)
def test_invalid_openqasm_fails_the_job_with_label_and_position(
    service: Any, program: str, place: str
) -> None:
    job_id = service.run({"good": service.bell, "bad": program})
    assert service.status(job_id) == "FAILED"
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "job failed: circuit 'bad': ", place)


@pytest.mark.local_only("another service may not list the circuits of a failed job")
def test_a_failed_job_lists_results_and_failures_in_pages(service: Any) -> None:
    circuits = {"a": service.bell, "bad": "nonsense", "b": service.bell, "worse": "", "c": service.bell}
    job_id = service.run(circuits, shots=10)
    assert service.status(job_id) == "FAILED"
    url: str | None = f"{service.url}/job/{job_id}/resultsV2/?limit=2"
    pages = []
    while url:
        answer = service.session.get(url, timeout=60)
        assert answer.status_code == 400
        pages.append(answer.json())
        url = pages[-1]["next"]
    assert [page["count"] for page in pages] == [5, 5, 5]
    assert [[item["label"] for item in page["results"]] for page in pages] == [["a"], ["b"], ["c"]]
    assert [[item["label"] for item in page["failures"]] for page in pages] == [["bad"], ["worse"], []]
    reasons = [item["error"] for page in pages for item in page["failures"]]
    assert all(reason.startswith("line 1") for reason in reasons)
    assert pages[0]["error"] == f"job failed: circuit 'bad': {reasons[0]}; circuit 'worse': {reasons[1]}"
    assert pages[0]["results"][0]["results"]["n_bits"] == 2


@pytest.mark.local_only("another service may not list the circuits of a failed job")
def test_a_failed_job_without_circuits_has_an_empty_page(service: Any) -> None:
    job_id = service.call("POST", "/job/create_failed/", {}).json()["job_id"]
    body = service.call("GET", f"/job/{job_id}/resultsV2/").json()
    assert {key: body[key] for key in ("count", "next", "previous", "results", "failures")} == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
        "failures": [],
    }


def test_a_pauli_string_longer_than_its_circuit_fails_the_job(service: Any) -> None:
    job_id = service.run({"bell": service.bell}, job=EXPECTATION, observables=f"@gzs3:{service.blob('Z2')}")
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "job failed: circuit 'bell': ", "IIZ")


def test_after_a_failed_job_the_next_one_runs(service: Any) -> None:
    failed = service.submit({"bad": "nonsense"})
    good = service.run({"bell": service.bell})
    assert [service.status(failed), service.status(good)] == ["FAILED", "COMPLETED"]
