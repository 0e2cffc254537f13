"""The document that labels carry: encoding, decoding, shortening, and malformed documents."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job_document import (
    MAX_BITS,
    RunStructure,
    label_circuits,
    name_circuits,
    structure_from_json,
    structure_to_json,
)
from qiskit_qoro.jobs.registers import RegisterLayout, layout_of_width
from qiskit_qoro.wire.labels import LABEL_LIMIT, decode_labels

PLAIN = RegisterLayout((("meas", 2),), (0, 1), 2)
CROSSED = RegisterLayout((("a", 2), ("ψ", 3)), (4, 0, 1, 2, 2), 5)
BELL = RunStructure([Experiment("circuit-166", PLAIN, 1024)], "qoro_maestro", "default")


def through_labels(structure: RunStructure) -> RunStructure:
    """Encode a structure into labels and decode it again."""
    labels = label_circuits(structure)
    assert all(len(label) <= LABEL_LIMIT for label in labels)
    found = decode_labels(reversed(labels))
    assert found is not None
    assert found.kind == "r"
    return structure_from_json(found.document, len(labels))


# --- encoding and decoding ----------------------------------------------------------------------------


def test_the_document_is_short_and_as_the_reference_describes_it() -> None:
    structure = RunStructure(
        [
            Experiment("a", PLAIN, 5),
            Experiment("b", PLAIN, 5, {"k": 1}),
            Experiment("c", CROSSED, 7),
            Experiment("d", layout_of_width(3), 7),
        ],
        "cluster",
        "tag",
        memory=True,
    )
    document = structure_to_json(structure)
    assert document == {
        "n": 4,
        "l": [[2, ["meas", 2]], [5, ["a", 2, "ψ", 3], [4, 1, 0, 3, 2, 1]], [3, []]],
        "r": [[2, 0, 5], [1, 1, 7], [1, 2, 7]],
        "c": ["a", "b", "c", "d"],
        "x": [{}, {"k": 1}, {}, {}],
        "b": "cluster",
        "t": "tag",
        "m": 1,
    }
    back = structure_from_json(json.loads(json.dumps(document)), 4)
    assert back == RunStructure(tuple(structure.experiments), "cluster", "tag", memory=True)


def test_the_golden_label_of_a_bell_pair_is_decoded() -> None:
    # This code has written it. Another zlib may compress differently, but must be able to read it.
    golden = (
        "0.1reNoVyEEKgCAQBdC7_PUEKuHCq4iEmYGgSaOuortnb_keXDCSkGGsVWRRom8g5Zwj8J-SBEmh1j_CDITEYaS-SK0xb4fBX"
        "bluxcfWuYLQZx3x9CN3vB8yDxx-"
    )
    found = decode_labels([golden])
    assert found is not None
    assert structure_from_json(found.document, 1) == RunStructure(
        (Experiment("circuit-166", PLAIN, 1024),), "qoro_maestro", "default"
    )


def test_the_labels_of_two_thousand_equal_circuits_are_short() -> None:
    experiments = [Experiment(f"circuit-{index}", PLAIN, 1000, {"point": index % 7}) for index in range(2000)]
    structure = RunStructure(experiments, "qoro_maestro", "sweep")
    assert through_labels(structure) == RunStructure(tuple(experiments), "qoro_maestro", "sweep")
    assert sum(map(len, label_circuits(structure))) < 12 * 2000


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def layouts(draw: st.DrawFn) -> RegisterLayout:
    num_clbits = draw(st.integers(0, 9))
    bits = st.lists(st.integers(0, num_clbits - 1), max_size=5) if num_clbits else st.just([])
    pieces = draw(st.lists(st.tuples(names, bits), max_size=3))
    if not pieces:
        return layout_of_width(num_clbits)
    sources = tuple(bit for _, piece in pieces for bit in piece)
    return RegisterLayout(tuple((name, len(piece)) for name, piece in pieces), sources, num_clbits)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Experiment,
            names,
            layouts(),
            st.integers(1, 10**9),
            st.dictionaries(names, plain_values, max_size=3),
        ),
        min_size=1,
        max_size=6,
    ),
    st.none() | names,
    st.none() | names,
    st.booleans(),
)
def test_every_structure_survives_its_document(
    experiments: list[Experiment], backend: str | None, tag: str | None, memory: bool
) -> None:
    structure = RunStructure(tuple(experiments), backend, tag, memory)
    document = json.loads(json.dumps(structure_to_json(structure), ensure_ascii=False).encode())
    assert structure_from_json(document, len(experiments)) == structure


# --- what does not fit, or JSON cannot represent ------------------------------------------------------


def noise(length: int) -> str:
    return "".join(map(chr, np.random.default_rng(length).integers(0x4E00, 0x9FFF, length)))


def test_a_document_that_does_not_fit_loses_its_least_important_fields_first() -> None:
    rich = RunStructure([Experiment("name", PLAIN, 5, {"k": noise(100)})], "cluster", "tag", memory=True)
    [item] = through_labels(rich).experiments
    assert (item.name, item.layout, item.metadata) == ("name", PLAIN, {})

    long_name = RunStructure([Experiment(noise(100), PLAIN, 5)], "cluster", "tag", memory=True)
    [item] = through_labels(long_name).experiments
    assert (item.name, item.layout, item.shots) == ("0", PLAIN, 5)
    assert through_labels(long_name).backend_name == "cluster"

    long_tag = RunStructure([Experiment("name", PLAIN, 5)], "cluster", noise(100), memory=True)
    assert through_labels(long_tag) == RunStructure((Experiment("0", PLAIN, 5),), memory=True)

    nothing_fits = RunStructure([Experiment("a", RegisterLayout(((noise(100), 2),), (0, 1), 2), 5)])
    assert label_circuits(nothing_fits) == ["0.1r"]


def test_metadata_that_json_cannot_represent_are_dropped_entry_by_entry() -> None:
    circular: list[Any] = []
    circular.append(circular)
    metadata: dict[Any, Any] = {
        "pair": (1, 2.5),
        "numpy": np.float64(0.5),
        "array": np.arange(3),
        "bool": np.True_,
        "complex": 1j,
        "nan": float("nan"),
        "object": object(),
        "circular": circular,
        "huge": 1 << 100_000,
        "surrogate": "\ud800",
        "inner keys": {1: 2},
        5: "no text",
        "\udfff": "no text either",
    }
    [item] = structure_from_json(
        json.loads(json.dumps(structure_to_json(RunStructure([Experiment("a", PLAIN, 1, metadata)])))), 1
    ).experiments
    assert item.metadata == {"pair": [1, 2.5], "numpy": 0.5, "array": [0, 1, 2], "bool": True}


def test_a_lone_surrogate_in_a_name_is_replaced() -> None:
    assert through_labels(RunStructure([Experiment("a\ud800", PLAIN, 1)], "b")).experiments[0].name == "a?"


# --- malformed documents ------------------------------------------------------------------------------

GOOD = structure_to_json(BELL)


def test_unknown_keys_of_a_document_are_ignored() -> None:
    assert structure_from_json({**GOOD, "z": [1]}, 1) == structure_from_json(GOOD, 1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"n": 2}, "structure of 1 circuits, got one of 2"),
        ({"n": None}, "n: expected"),
        ({"l": None}, "l: expected a list"),
        ({"l": [[2]]}, "l: expected"),
        ({"l": [[2, ["a"]]]}, "even number"),
        ({"l": [[2, ["a", 3]]]}, "pieces of 2 bits"),
        ({"l": [[2, [5, 2]]]}, "expected text"),
        ({"l": [[2, ["a", 1], [5, 1]]]}, "sources among 2 bits"),
        ({"l": [[2, ["a", -1]]]}, "0 or more"),
        ({"l": [[10**12, []]]}, f"at most {MAX_BITS} bits"),
        ({"l": [[1, ["a", 10**12], [0, 10**12]]]}, f"at most {MAX_BITS} bits"),
        ({"l": [[MAX_BITS + 1, []]]}, f"at most {MAX_BITS} bits"),
        ({"l": [[MAX_BITS, []], [1, []]]}, f"at most {MAX_BITS} bits in total"),
        ({"r": [[1, 1, 5]]}, "layout below 1, got 1"),
        ({"r": [[1, 0]]}, r"expected \[circuits"),
        ({"r": [[2, 0, 5]]}, "runs of 1 circuits"),
        ({"r": [[1, 0, 5.5]]}, "integer"),
        ({"c": ["a", "b"]}, "c: expected 1 entries"),
        ({"c": [5]}, "c: expected text"),
        ({"x": [5]}, "x: expected an object"),
        ({"b": 5}, "b: expected text"),
        ({"t": []}, "t: expected text"),
    ],
    ids=str,
)
def test_a_malformed_document_is_an_error(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WireError, match=complaint):
        structure_from_json({**GOOD, **change}, 1)


def test_a_layout_of_exactly_the_limit_is_read() -> None:
    structure = structure_from_json({**GOOD, "l": [[MAX_BITS - 1, []], [1, []]]}, 1)
    assert structure.experiments[0].layout.num_clbits == MAX_BITS - 1


# --- names in place of labels -------------------------------------------------------------------------


def test_a_quoted_label_is_replaced_by_an_index_and_a_name() -> None:
    structure = RunStructure([Experiment("bell", PLAIN, 5), Experiment("1", PLAIN, 5)])
    labels = label_circuits(structure)
    experiments = dict(zip(labels, structure.experiments, strict=True))
    assert (
        name_circuits(f"circuit '{labels[0]}': line 1: no", experiments) == "circuit 0 ('bell'): line 1: no"
    )
    assert name_circuits(f"'{labels[0]}' and circuit '1'", experiments) == "circuit 0 ('bell') and circuit 1"
    assert name_circuits("circuit '0.1rcut'", experiments) == "circuit 0 ('bell')"
    assert name_circuits("circuit '0.1rcut'", {}) == "circuit 0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "circuit 'mine': no",
        "expected '0' or '1', got 'q[0]'",
        "it's 'x.y'",
        "precision is '1.5', expected an integer",
        "'1.5e3' and '0.25' are too large",
        "expected version '1.0rc1', got '2.0-beta'",
        f"'0.{'1' * 40}'",
        f"'0.{'a' * 21}'",  # one character less than the shortest truncated label
    ],
)
@pytest.mark.parametrize("labels", [["mine"], ["0.1r", "1.5"], []])
def test_quotes_that_are_no_label_stay_unchanged(text: str, labels: list[str]) -> None:
    assert name_circuits(text, {label: Experiment("name", PLAIN, 5) for label in labels}) == text


def test_a_label_that_the_service_truncated_is_replaced() -> None:
    label = "1." + "eJxVjk0KwjAQRu8y6yJ"
    assert name_circuits(f"'{label}xyz' is bad", {}) == "circuit 1 is bad"
    experiments = {f"{label}0123456789": Experiment("bell", PLAIN, 5)}
    assert name_circuits(f"'{label}012' is bad", experiments) == "circuit 1 ('bell') is bad"
