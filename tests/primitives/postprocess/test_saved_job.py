"""Documents of postprocessors in files and in the journal, including damaged and forged ones."""

from __future__ import annotations

import json
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import JobFailedError, QoroInputError, QoroPrimitiveJob, QoroService, WireError
from qiskit_qoro.primitives.postprocess.estimator import (
    EstimatorPostprocessor,
    EstimatorPubPostprocessor,
    Observable,
)
from qiskit_qoro.primitives.postprocess.readouts import COMPUTED, Readouts
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor, SamplerPubPostprocessor
from qiskit_qoro.primitives.postprocess.saved_job import SavedJob, pack_postprocessor, unpack_postprocessor
from qiskit_qoro.wire.fields import MAX_JSON_DEPTH
from qiskit_qoro.wire.labels import MAX_BYTES

SAMPLER = SamplerPostprocessor(
    [SamplerPubPostprocessor((2,), 10, (("meas", (0, 1)),), 2, [0, 1], {"name": "bell"})], "qoro_maestro"
)
ESTIMATOR = EstimatorPostprocessor(
    [
        EstimatorPubPostprocessor(
            (2,),
            (),
            0.0,
            None,
            ("ZZ", "XX"),
            [Observable(0.5, np.array([1.0, -1.0]), np.array([0, 1]))],
            Readouts([(COMPUTED, [0]), ((("XX", (1,)),), [1])]),
        )
    ],
    "qoro_maestro",
)


def load_file(path: Path) -> None:
    QoroPrimitiveJob.load(path, QoroService("token"))


def compressed(body: Any) -> bytes:
    return zlib.compress(json.dumps(body).encode())


def body_of(postprocessor: SamplerPostprocessor | EstimatorPostprocessor) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(zlib.decompress(pack_postprocessor(postprocessor) or b""))
    return body


@pytest.mark.parametrize("postprocessor", [SAMPLER, ESTIMATOR])
def test_a_postprocessor_survives_the_journal_and_a_file(
    postprocessor: SamplerPostprocessor | EstimatorPostprocessor,
) -> None:
    again = unpack_postprocessor(pack_postprocessor(postprocessor) or b"")
    loaded = SavedJob.from_document(SavedJob(("j1", "j2"), postprocessor).to_document())
    assert loaded.postprocessor is not None
    assert again.to_document() == loaded.postprocessor.to_document() == postprocessor.to_document()
    assert loaded.job_ids == ("j1", "j2")


@pytest.mark.parametrize("exists", [False, True])
def test_only_the_owner_can_read_a_saved_job(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "job"
    if exists:
        path.touch()
        path.chmod(0o644)
    QoroPrimitiveJob(QoroService("token"), ["j1"], recipe=SAMPLER).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert QoroPrimitiveJob.load(path, QoroService("token")).job_id() == "j1"


# --- compression --------------------------------------------------------------------------------------


def test_an_entry_of_the_journal_that_inflates_beyond_the_limit_is_refused() -> None:
    bomb = zlib.compress(b'"' + b"0" * MAX_BYTES + b'"', 9)
    with pytest.raises(WireError, match=f"damaged: the text inflates to more than {MAX_BYTES} bytes"):
        unpack_postprocessor(bomb)


@pytest.mark.parametrize(("excess", "is_kept"), [(0, True), (1, False)])
def test_a_postprocessor_of_exactly_the_limit_is_kept_in_the_journal(excess: int, *, is_kept: bool) -> None:
    size = len(json.dumps(body_of(SAMPLER)))
    name = "x" * (MAX_BYTES - size + len(SAMPLER.backend_name) + excess)
    packed = pack_postprocessor(SamplerPostprocessor(SAMPLER.pubs, name))
    assert (packed is not None) == is_kept
    if packed is not None:
        assert unpack_postprocessor(packed).backend_name == name


@pytest.mark.parametrize(
    "change", [lambda data: data[:-5], lambda data: data + b"x", lambda data: b"x" + data]
)
def test_a_damaged_entry_of_the_journal_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(WireError, match="structure of the PUBs in the journal is damaged"):
        unpack_postprocessor(change(pack_postprocessor(SAMPLER) or b""))


# --- nesting ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [MAX_JSON_DEPTH + 1, 900, 200_000])
@pytest.mark.parametrize("form", ["[]", '{"m":}'])
def test_json_that_is_nested_too_deeply_is_refused(depth: int, form: str, tmp_path: Path) -> None:
    begin, end = form[:-1], form[-1]
    text = begin * depth + ("0" if form != "[]" else "") + end * depth
    with pytest.raises(WireError, match="damaged: the JSON"):
        unpack_postprocessor(zlib.compress(text.encode()))
    (tmp_path / "job").write_text(text)
    with pytest.raises(QoroInputError, match="contains no saved primitive job: the JSON"):
        QoroPrimitiveJob.load(tmp_path / "job", QoroService("token"))


def test_metadata_may_be_nested_as_deeply_as_the_limit_allows(tmp_path: Path) -> None:
    body = {"format": "qiskit-qoro primitive job", "jobs": []} | body_of(SAMPLER)
    nested: Any = "innermost"
    # Around the metadata are five levels: the body, the recipe, its list of PUBs, a PUB, and the metadata.
    for _ in range(MAX_JSON_DEPTH - 5):
        nested = [nested]
    body["recipe"]["p"][0]["m"] = {"nested": nested}
    (tmp_path / "job").write_text(json.dumps(body))
    load_file(tmp_path / "job")
    body["recipe"]["p"][0]["m"] = {"nested": [nested]}
    (tmp_path / "job").write_text(json.dumps(body))
    with pytest.raises(QoroInputError, match=f"more than {MAX_JSON_DEPTH} levels"):
        load_file(tmp_path / "job")


# --- damaged files --------------------------------------------------------------------------------------

FORMAT = {"format": "qiskit-qoro primitive job", "jobs": ["j1"]}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"format": "other"}, "the format is 'other', expected 'qiskit-qoro primitive job'"),
        ({"format": None}, "the format is None"),
        ({"version": 2}, "the version is 2, and this release reads 1: update the package"),
        ({"version": 0}, "the version is 0"),
        ({"version": None}, "the version is None"),
        ({"kind": "x"}, "the kind is 'x', expected one of e, s"),
        ({"kind": []}, r"the kind is \[\], expected one of e, s"),
        ({"jobs": None}, "jobs: expected a list, got None"),
        ({"jobs": "j1"}, "jobs: expected a list, got 'j1'"),
        ({"jobs": ["j1", 2]}, r"jobs: expected identifiers, got \['j1', 2\]"),
        ({"jobs": [""]}, "jobs: expected identifiers"),
        ({"recipe": None}, "did not fit into the labels"),
        ({"recipe": []}, "the structure of the PUBs is damaged|the stored structure of the PUBs is damaged"),
        ({"recipe": {}}, "the stored structure of the PUBs is damaged"),
        ({"recipe": {"b": "x", "p": None}}, "the stored structure of the PUBs is damaged"),
    ],
    ids=str,
)
def test_a_file_of_a_newer_release_or_with_damaged_fields_is_refused(
    tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    path = tmp_path / "job"
    path.write_text(json.dumps(FORMAT | body_of(SAMPLER) | change))
    with pytest.raises(QoroInputError, match=f"{path} contains no saved primitive job: .*({match})"):
        load_file(path)


@pytest.mark.parametrize("key", ["format", "jobs", "version", "kind", "recipe"])
def test_a_file_with_a_missing_field_is_refused(tmp_path: Path, key: str) -> None:
    document = FORMAT | body_of(SAMPLER)
    del document[key]
    (tmp_path / "job").write_text(json.dumps(document))
    named = "did not fit into the labels" if key == "recipe" else key
    with pytest.raises(QoroInputError, match=f"contains no saved primitive job: .*{named}"):
        load_file(tmp_path / "job")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b"{", b"\x80" * 100, b"0" * 10_000])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "job").write_bytes(content)
    with pytest.raises(QoroInputError, match="contains no saved primitive job"):
        load_file(tmp_path / "job")


def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    content = json.dumps(FORMAT | body_of(ESTIMATOR)).encode()
    path = tmp_path / "job"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(QoroInputError, match="contains no saved primitive job"):
            load_file(path)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_an_entry_of_the_journal_of_another_version_is_refused(version: object) -> None:
    with pytest.raises(WireError, match=rf"the version is {version!r}, and this release reads 1"):
        unpack_postprocessor(compressed(body_of(SAMPLER) | {"version": version}))


# --- documents with any wrong value -----------------------------------------------------------------------

SAMPLED = EstimatorPostprocessor(
    [
        EstimatorPubPostprocessor(
            (2,),
            (),
            0.1,
            100,
            ("Z", "X"),
            [Observable(0.5, np.array([1.0, -1.0]), np.array([0, 1]))],
            Readouts([((("Z", (0,)), ("X", (1,))), [0, 1]), ((("Z", (0,)), ("X", (1,))), [2, 3])]),
        )
    ],
    "qoro_maestro",
)
RESULTS: dict[int, Any] = {
    id(SAMPLER): {0: {"00": 10}, 1: {"11": 4, "01": 6}},
    id(ESTIMATOR): {0: {"ZZ": 1.0, "XX": 0.0}, 1: {"ZZ": 1.0, "XX": 0.5}},
    id(SAMPLED): {index: {"0": 50, "1": 50} for index in range(4)},
}
ODD = [None, -1, 10**30, 1.5, True, "x", "", [], {}, [[]], [None], [1, 2, 3, 4, 5], {"a": 1}]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value in a document."""
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*place, key))


@pytest.mark.parametrize("postprocessor", [SAMPLER, ESTIMATOR, SAMPLED], ids=["sampler", "exact", "sampled"])
def test_a_document_with_any_wrong_value_gives_a_typed_error_or_a_result(
    postprocessor: SamplerPostprocessor | EstimatorPostprocessor,
) -> None:
    kind, results = type(postprocessor), RESULTS[id(postprocessor)]
    document = postprocessor.to_document()
    assert len(kind.from_document(document).build(results)) == 1
    num_refused = num_read = 0
    for place in places(document):
        for odd in ODD:
            damaged = json.loads(json.dumps(document))
            container = damaged
            for key in place[:-1]:
                container = container[key]
            container[place[-1]] = odd
            try:
                assert len(kind.from_document(damaged).build(results)) <= 1
                num_read += 1
            except (WireError, JobFailedError):
                num_refused += 1
    assert num_refused > num_read > 0


# --- documents that contradict themselves ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("s", [10**9]),
        ("s", [1]),
        ("s", [-1, -2]),
        ("s", ["2"]),
        ("s", 2),
        ("n", -1),
        ("n", "10"),
        ("w", -1),
        ("c", ["a", "b"]),
        ("c", [0, 1.5]),
        ("c", {"0": 1}),
        ("r", [["meas", "bits"]]),
        ("r", [["meas", [0, 2]]]),
        ("r", [["meas", [-1]]]),
    ],
)
def test_a_forged_document_of_a_sampler_is_refused(key: str, value: Any) -> None:
    body = body_of(SAMPLER)
    body["recipe"]["p"][0][key] = value
    with pytest.raises(WireError, match="structure of the PUBs"):
        unpack_postprocessor(compressed(body))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("s", [[10**9], []]),
        ("s", [[2], [10**9]]),
        ("s", [[2], [1, 2]]),
        ("s", [[2]]),
        ("e", [[0.5, [1.0, -1.0], [0, 2]]]),
        ("e", [[0.5, [1.0, -1.0], [-1, 1]]]),
        ("e", [[0.5, [1.0], [0, 1]]]),
        ("e", []),
        ("g", []),
        ("g", [[["", [5]]], [["XX", [1]]]]),
        ("g", [[["", []]], [["XX", []]]]),
        ("r", [0]),
        ("r", [0, 1, 1]),
        ("c", [0]),
        ("c", [0, 1, 1]),
        ("w", 5),
    ],
)
def test_a_forged_document_of_an_estimator_is_refused(key: str, value: Any) -> None:
    body = body_of(ESTIMATOR)
    body["recipe"]["p"][0][key] = value
    with pytest.raises(WireError, match="structure of the PUBs"):
        unpack_postprocessor(compressed(body))


def test_shapes_that_multiply_to_too_many_elements_are_refused() -> None:
    number = 2**14 + 1
    document = {
        "s": [[number, 1], [number]],
        "q": 0.0,
        "w": "",
        "e": [[0.0, [], []]] * number,
        "g": [[]],
        "r": [0] * number,
        "c": [],
    }
    with pytest.raises(WireError, match="elements, got more"):
        EstimatorPostprocessor.from_document({"b": "x", "p": [document]})
    document |= {"s": [[number, 1], [2**14 - 1]], "e": [[0.0, [], []]] * (2**14 - 1)}
    EstimatorPostprocessor.from_document({"b": "x", "p": [document]})
