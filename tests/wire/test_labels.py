"""Labels that contain the structure of a submission."""

from __future__ import annotations

import base64
import json
import random
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.labels import (
    LABEL_LIMIT,
    MAX_BYTES,
    LabelledStructure,
    contain_structure,
    decode_labels,
    encode_labels,
    index_of_label,
    kind_of_label,
    number_circuits,
)

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def _random_text(size: int) -> str:
    return base64.b85encode(
        zlib.crc32(b"").to_bytes(4, "big") + bytes((i * i * 7 + i) % 251 for i in range(size))
    ).decode()


@given(DOCUMENTS, st.integers(20, 60))
def test_a_structure_is_decoded_from_labels_in_any_order(document: object, count: int) -> None:
    labels = encode_labels("r", [document], count)
    found = decode_labels(reversed(labels))
    assert found is not None
    assert (found.kind, found.document) == ("r", document)


def test_labels_have_the_documented_format() -> None:
    label, second = encode_labels("r", [{"n": ["bell"]}], 2)
    match = re.fullmatch(r"0\.1r([A-Za-z0-9_-]+)", label)
    assert match is not None
    data = base64.urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4))
    assert json.loads(zlib.decompress(data)) == {"n": ["bell"]}
    assert second == "1"


def test_a_long_structure_is_distributed_over_several_labels_within_the_limit() -> None:
    document = _random_text(600)
    labels = encode_labels("s", [document], 30)
    assert max(map(len, labels)) == LABEL_LIMIT
    assert len([label for label in labels if "." in label]) > 3
    found = decode_labels(labels)
    assert found is not None
    assert found.document == document


def test_the_first_document_that_fits_is_used() -> None:
    labels = encode_labels("r", [_random_text(5000), "small"], 2)
    found = decode_labels(labels)
    assert found is not None
    assert found.document == "small"


def test_labels_contain_only_the_kind_if_no_document_fits() -> None:
    assert encode_labels("r", [_random_text(5000)], 3) == ["0.1r", "1", "2"]
    assert decode_labels(["0.1r", "1", "2"]) == LabelledStructure("r", None)
    assert not contain_structure(["0.1r", "1", "2"])
    assert contain_structure(encode_labels("r", ["x"], 1))
    assert encode_labels("r", ["x"], 0) == []


@pytest.mark.parametrize(
    "labels", [["mine"], ["0", "1", "2"], ["0", "0.5x y"], ["01"], ["a.1rxx"], ["0.5", "1.5"], []]
)
def test_labels_of_other_clients_contain_no_structure(labels: list[str]) -> None:
    assert decode_labels(labels) is None


def test_incomplete_labels_are_an_error() -> None:
    labels = encode_labels("s", [_random_text(600)], 10)
    for part in (labels[:2], labels[1:]):
        with pytest.raises(WireError, match=r"some labels of the submission are missing|truncated"):
            decode_labels(part)


def test_a_newer_version_is_an_error() -> None:
    with pytest.raises(WireError, match="version '2'"):
        decode_labels(["0.2rabc"])


def test_no_change_of_a_single_character_goes_unnoticed() -> None:
    (label,) = encode_labels("r", [{"n": ["bell"], "m": True}], 1)
    good = decode_labels([label])
    for place in range(4, len(label)):
        for letter in "Aa0-_":
            if letter == label[place]:
                continue
            try:
                found = decode_labels([label[:place] + letter + label[place + 1 :]])
            except WireError:
                continue
            # The last character of base64 may have unused bits.
            assert found == good


def test_index_and_kind_are_read_from_a_label() -> None:
    labels = encode_labels("e", ["x"], 2)
    assert [index_of_label(label) for label in labels] == [0, 1]
    assert [kind_of_label(label) for label in labels] == ["e", None]
    assert index_of_label("mine") is None
    assert kind_of_label("mine") is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("circuit '0.1reNo9yrEK': it is too wide", "circuit 0: it is too wide"),
        ("circuit '12': no; circuit '3.abc': no", "circuit 12: no; circuit 3: no"),
        ("circuit 'bell': no", "circuit 'bell': no"),
        ("the gate '7' is unknown", "the gate '7' is unknown"),
    ],
)
def test_a_message_names_circuits_by_their_index(text: str, shown: str) -> None:
    assert number_circuits(text) == shown


def test_a_structure_that_inflates_beyond_the_limit_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b'"' + b"0" * 2**27 + b'"', 9)).decode().rstrip("=")
    with pytest.raises(WireError, match=f"damaged: the text inflates to more than {MAX_BYTES} bytes"):
        decode_labels([f"0.1r{bomb}"])


@pytest.mark.parametrize(("size", "is_written"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_a_structure_of_exactly_the_limit_is_written_and_read(size: int, is_written: bool) -> None:
    document = "0" * (size - 2)  # and two quotes
    found = decode_labels(encode_labels("r", [document], 500))
    assert found is not None
    assert found.document == (document if is_written else None)


def test_a_structure_that_is_nested_too_deeply_is_refused() -> None:
    nested = base64.urlsafe_b64encode(zlib.compress(b"[" * 200_000 + b"]" * 200_000, 9)).decode().rstrip("=")
    with pytest.raises(WireError, match="damaged"):
        decode_labels([f"0.1r{nested}"])


def test_a_label_has_up_to_200_characters():
    # 290 random characters take more than one label and fewer than two.
    text = base64.b64encode(random.Random(1).randbytes(217)).decode()
    labels = encode_labels("r", [text], 2)
    assert LABEL_LIMIT == 200
    assert [len(label) == 200 for label in labels] == [True, False]
    assert decode_labels(labels).document == text
