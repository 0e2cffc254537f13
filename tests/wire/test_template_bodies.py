"""The body that adds a template to a job."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.templates import TemplateBatch, TemplateEntry
from qiskit_qoro.wire.uploads import (
    is_template_body,
    template_batch_from_json,
    template_batch_to_json,
    template_to_json,
)

TEXT = "qreg q[2];\nry(a) q[0];\nrx(b) q[1];\n"
ENTRY = TemplateEntry(TEXT, ("a", "b"), [("x", (1, -0.25)), ("ψ", (1e-7, 1 / 3))])


def body(**changes: Any) -> dict[str, Any]:
    fields = {
        "mode": "append",
        "finalized": "true",
        "circuit_template": base64.b64encode(gzip.compress(TEXT.encode())).decode(),
        "parameter_names": ["a", "b"],
        "parameter_sets": [
            {"label": "x", "values": [1, -0.25]},
            {"label": "ψ", "values": [1e-07, 0.3333333333333333]},
        ],
        "shots": 10,
    } | changes
    return {key: value for key, value in fields.items() if value is not ...}


def read(value: object) -> TemplateBatch:
    return template_batch_from_json(value, circuit_limit_bytes=1000)


def test_a_body_has_the_documented_form() -> None:
    written = json.loads(json.dumps(template_batch_to_json(TemplateBatch(ENTRY, True, shots=10))))
    blob = written.pop("circuit_template")
    assert gzip.decompress(base64.b64decode(blob)).decode() == TEXT
    expected = body()
    del expected["circuit_template"]
    assert written == expected


@pytest.mark.parametrize(
    "batch",
    [
        TemplateBatch(ENTRY, True, shots=10),
        TemplateBatch(ENTRY, False, observables=(("ZZ", "XI"),)),
        TemplateBatch(TemplateEntry("", (), [("", ())]), False, shots=1),
    ],
)
def test_a_batch_is_encoded_and_decoded(batch: TemplateBatch) -> None:
    assert read(json.loads(json.dumps(template_batch_to_json(batch)))) == batch


@pytest.mark.parametrize(
    ("place", "change", "message"),
    [
        (0, {"label": "x"}, "parameter_sets[0]: expected an object with label"),
        (2, {"label": 2, "values": [1.0, 2.0]}, "parameter_sets[2]: expected an object with label"),
        (1, {"label": "x", "values": [1.0, "2"]}, "parameter_sets[1].values"),
        (1, {"label": "x", "values": {"a": 1.0}}, "parameter_sets[1].values"),
        (2, {"label": "0", "values": [1.0, 2.0]}, "parameter_sets[2]: the label '0' occurs twice"),
        (1, {"label": "x", "values": [1.0]}, "parameter_sets[1] ('x') has 1 values"),
    ],
)
def test_a_set_among_valid_ones_is_refused_with_its_index(place: int, change: Any, message: str) -> None:
    sets: list[Any] = [{"label": str(index), "values": [0.5, float(index)]} for index in range(3)]
    valid = template_batch_from_json(body(parameter_sets=sets), circuit_limit_bytes=10**6)
    assert valid.template.parameter_sets == (("0", (0.5, 0.0)), ("1", (0.5, 1.0)), ("2", (0.5, 2.0)))
    sets[place] = change
    with pytest.raises(WireError, match=re.escape(message)):
        template_batch_from_json(body(parameter_sets=sets), circuit_limit_bytes=10**6)


def test_an_encoded_text_is_used_as_it_is() -> None:
    body = template_to_json("as it is", ["a"], finalized=True, observables="encoded")
    assert (body["circuit_template"], body["observables"]) == ("as it is", "encoded")


def test_a_body_written_by_hand_is_decoded() -> None:
    assert read(body()) == TemplateBatch(ENTRY, True, shots=10)
    assert read(body(shot_groups=None, circuit_ham_map=None, circuits=None, observables=None)) == read(body())


def test_bodies_with_a_template_are_recognized() -> None:
    assert is_template_body(body())
    assert not is_template_body({"circuits": {}})
    assert not is_template_body(["circuit_template"])


SET = {"label": "x", "values": [1, 2]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mode": ...}, "mode"),
        ({"finalized": True}, "finalized"),
        ({"colour": 1}, "colour: unknown field"),
        ({"circuits": {}}, "circuits: expected with bound circuits only"),
        ({"shot_groups": [[0, 2, 5]]}, "shot_groups: expected with bound circuits only"),
        ({"circuit_ham_map": [[0, 2]]}, "circuit_ham_map: expected with bound circuits only"),
        ({"circuit_template": 5}, "circuit_template: expected text"),
        ({"circuit_template": "AAAA"}, "circuit_template: "),
        ({"parameter_names": ...}, "parameter_names: expected a list"),
        ({"parameter_names": "ab"}, "parameter_names: expected a list"),
        ({"parameter_names": ["a", "a"]}, "parameter_names[1]"),
        ({"parameter_names": ["a", ""]}, "parameter_names[1]"),
        ({"parameter_names": ["a"]}, "parameter_sets[0] ('x') has 2 values, expected 1"),
        ({"parameter_sets": ...}, "parameter_sets: expected a list"),
        ({"parameter_sets": []}, "parameter_sets: expected at least one"),
        ({"parameter_sets": [5]}, "parameter_sets[0]: expected an object"),
        ({"parameter_sets": [SET, {"label": "y"}]}, "parameter_sets[1]: expected an object with label"),
        ({"parameter_sets": [SET | {"shots": 5}]}, "parameter_sets[0]: expected an object with label"),
        ({"parameter_sets": [SET | {"label": 5}]}, "parameter_sets[0]"),
        ({"parameter_sets": [SET | {"values": 5}]}, "parameter_sets[0].values: expected a list"),
        ({"parameter_sets": [SET | {"values": [1, "2"]}]}, "parameter_sets[0].values: expected a finite"),
        ({"parameter_sets": [SET | {"values": [1, True]}]}, "parameter_sets[0].values: expected a finite"),
        ({"parameter_sets": [SET | {"values": [1, 10**400]}]}, "parameter_sets[0].values: expected a finite"),
        ({"parameter_sets": [SET, SET]}, "parameter_sets[1]: the label 'x' occurs twice"),
        ({"shots": ...}, "exactly one of shots and observables, got none"),
        ({"shots": 0}, "shots: expected an integer"),
        ({"observables": "ZZ"}, "exactly one of shots and observables, got shots and observables"),
        ({"shots": ..., "observables": "ZZ"}, "observables"),
    ],
)
def test_an_invalid_field_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError, match=re.escape(message)):
        read(body(**changes))


def test_a_body_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(WireError, match="body: expected an object"):
        read([])


def test_a_template_longer_than_allowed_is_refused() -> None:
    long = base64.b64encode(gzip.compress(b" " * 1001)).decode()
    with pytest.raises(WireError, match=r"circuit_template: .* more than 1000 bytes"):
        read(body(circuit_template=long))
