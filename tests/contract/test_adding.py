"""Adding circuits: ``POST /job/<id>/add_circuits/``."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest


def test_the_circuits_of_several_bodies_keep_their_order(service: Any) -> None:
    job_id = service.open()
    assert service.add(job_id, {"z": service.bell, "y": service.bell}, finalized=False).status_code == 200
    assert service.status(job_id) == "PENDING"
    assert service.add(job_id, {"a": service.bell}).status_code == 200
    service.settle()
    assert list(service.counts(job_id)) == ["z", "y", "a"]


def test_nothing_can_be_added_after_the_finalized_body(service: Any) -> None:
    job_id = service.submit({"a": service.bell})
    answer = service.add(job_id, {"b": service.bell})
    assert answer.status_code == 409
    assert service.says(answer)


def test_adding_circuits_to_an_unknown_job_is_not_found(service: Any) -> None:
    assert service.add("no-such-job", {"a": service.bell}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"mode": "replace"}, "mode"),
        ({"mode": None}, "mode"),
        ({"finalized": True}, "finalized"),
        ({"finalized": None}, "finalized"),
        ({"circuits": None}, "circuits"),
        ({"circuits": {}}, "circuits"),
        ({"circuits": ["x"]}, "circuits"),
        ({"circuits": {"a": 5}}, "circuits['a']"),
        ({"circuits": {"a": "!!!"}}, "circuits['a']"),
        ({"circuits": {"a": "AAAA"}}, "circuits['a']"),
        ({"shots": 0}, "shots"),
        ({"shots": -1}, "shots"),
        ({"shots": 1.5}, "shots"),
        ({"shots": "100"}, "shots"),
        ({"shots": True}, "shots"),
        ({"shots": 10**30}, "shots"),
        ({"shots": None}, "shots"),
        ({"shot_groups": [[0, 1, 10]]}, "shots"),
        ({"shots": None, "shot_groups": [[0, 2, 10]]}, "shot_groups"),
        ({"shots": None, "shot_groups": [[1, 1, 10]]}, "shot_groups"),
        ({"shots": None, "shot_groups": []}, "shot_groups"),
        ({"shots": None, "shot_groups": [[0, 1]]}, "shot_groups"),
        ({"shots": None, "shot_groups": "all"}, "shot_groups"),
        ({"shots": None, "observables": "ZZ"}, "observables"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_invalid_field_is_refused_and_named(service: Any, changes: dict[str, Any], named: str) -> None:
    job_id = service.open()
    body = {"mode": "append", "finalized": "true", "circuits": {"a": service.blob(service.bell)}, "shots": 10}
    body = {key: value for key, value in (body | changes).items() if value is not None}
    answer = service.call("POST", f"/job/{job_id}/add_circuits/", body)
    assert answer.status_code == 400
    assert service.says(answer, named)
    assert service.add(job_id, {"a": service.bell}).status_code == 200


@pytest.mark.local_only("such a body could harm another service")
def test_a_blob_that_decompresses_to_a_huge_text_is_refused(service: Any) -> None:
    bomb = base64.b64encode(gzip.compress(b" " * (64 << 20))).decode()
    body = {"mode": "append", "finalized": "true", "circuits": {"bomb": bomb}, "shots": 10}
    answer = service.call("POST", f"/job/{service.open()}/add_circuits/", body)
    assert answer.status_code == 400
    assert service.says(answer, "circuits['bomb']")


def test_a_label_twice_in_one_body_is_refused(service: Any) -> None:
    blob = service.blob(service.bell)
    body = (
        f'{{"mode": "append", "finalized": "true", "shots": 1, "circuits": {{"a": "{blob}", "a": "{blob}"}}}}'
    )
    answer = service.call("POST", f"/job/{service.open()}/add_circuits/", body.encode())
    assert answer.status_code == 400
    assert service.says(answer, "a: the key occurs twice")


def test_a_label_twice_in_one_job_is_refused_and_the_job_stays_open(service: Any) -> None:
    job_id = service.open()
    service.add(job_id, {"a": service.bell}, finalized=False)
    answer = service.add(job_id, {"b": service.bell, "a": service.bell})
    assert answer.status_code == 400
    assert service.says(answer, "circuits['a']")
    assert service.add(job_id, {"b": service.bell}).status_code == 200
    service.settle()
    assert list(service.counts(job_id)) == ["a", "b"]


def test_any_text_can_be_a_label(service: Any) -> None:
    labels = ["", " ", "ä/ö?&", "😀", "null", "\x00", "a" * 1000, "'; DROP TABLE jobs; --"]
    job_id = service.run(dict.fromkeys(labels, service.bell))
    assert list(service.counts(job_id)) == labels


# --- observables ----------------------------------------------------------------------------------------


def observables_text(service: Any, num_qubits: int, sparse: str) -> str:
    return f"@gzs{num_qubits}:{service.blob(sparse)}"


EXPECTATION = {"job_type": "EXPECTATION"}


@pytest.mark.parametrize("fields", [{"shots": 10}, {"shot_groups": [[0, 1, 10]]}])
def test_an_expectation_job_accepts_no_shots(service: Any, fields: dict[str, Any]) -> None:
    answer = service.add(service.open(**EXPECTATION), {"a": service.bell}, **fields)
    assert answer.status_code == 400
    assert service.says(answer, next(iter(fields)))


def test_a_sampling_job_accepts_no_observables(service: Any) -> None:
    answer = service.add(
        service.open(), {"a": service.bell}, observables=observables_text(service, 2, "Z0Z1")
    )
    assert answer.status_code == 400
    assert service.says(answer, "observables")


def test_circuit_ham_map_counts_the_circuits_of_the_whole_job(service: Any) -> None:
    job_id = service.open(**EXPECTATION)
    fields = {
        "observables": f"{observables_text(service, 2, 'Z0Z1')}|{observables_text(service, 2, 'X0X1')}",
        "circuit_ham_map": [[0, 2], [1, 3]],
    }
    assert service.add(job_id, {"a": service.bell}, finalized=False, **fields).status_code == 200
    short = service.add(job_id, {"b": service.bell}, **fields)
    assert short.status_code == 400
    assert service.says(short, "circuit_ham_map")
    last = {"b": service.bell, "c": service.bell, "d": service.bell}
    assert service.add(job_id, last, **fields).status_code == 200
    service.settle()
    assert {label: set(result) for label, result in service.results(job_id).items()} == {
        "a": {"ZZ"},
        "b": {"ZZ", "XX"},
        "c": {"XX"},
        "d": {"ZZ", "XX"},
    }


@pytest.mark.parametrize(
    ("observables", "ham_map", "named"),
    [
        ("", None, "observables"),
        (5, None, "observables"),
        ("@gzs2:AAAA", None, "observables"),
        ("Z", [[0, 1], [1, 2]], "circuit_ham_map"),
        ("Z", [[1, 1]], "circuit_ham_map"),
        ("Z", [[0]], "circuit_ham_map"),
        ("Z", "all", "circuit_ham_map"),
        ("Z", [[0, 5]], "circuit_ham_map"),
    ],
)
def test_invalid_observables_and_maps_are_refused_and_named(
    service: Any, observables: Any, ham_map: Any, named: str
) -> None:
    text = observables_text(service, 2, "Z0Z1") if observables == "Z" else observables
    fields = {"observables": text} | ({} if ham_map is None else {"circuit_ham_map": ham_map})
    answer = service.add(service.open(**EXPECTATION), {"a": service.bell}, **fields)
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_different_observables_in_a_later_body_are_refused(service: Any) -> None:
    job_id = service.open(**EXPECTATION)
    service.add(
        job_id, {"a": service.bell}, finalized=False, observables=observables_text(service, 2, "Z0Z1")
    )
    answer = service.add(job_id, {"b": service.bell}, observables=observables_text(service, 2, "X0X1"))
    assert answer.status_code == 400
    assert service.says(answer, "observables")
