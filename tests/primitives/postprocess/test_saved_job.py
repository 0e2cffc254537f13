"""Documents of postprocessors in files and in the journal, including damaged and forged ones."""

from __future__ import annotations

import json
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import QoroInputError, QoroPrimitiveJob, QoroService, WireError
from qiskit_qoro.primitives.postprocess.estimator import (
    EstimatorPostprocessor,
    EstimatorPubPostprocessor,
    Observable,
    Readout,
)
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor, SamplerPubPostprocessor
from qiskit_qoro.primitives.postprocess.saved_job import (
    load_file,
    pack_postprocessor,
    save_file,
    unpack_postprocessor,
)
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
            [(Readout(0),), (Readout(1, "XX", (1,)),)],
        )
    ],
    "qoro_maestro",
)


def compressed(body: Any) -> bytes:
    return zlib.compress(json.dumps(body).encode())


def body_of(postprocessor: SamplerPostprocessor | EstimatorPostprocessor) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(zlib.decompress(pack_postprocessor(postprocessor) or b""))
    return body


@pytest.mark.parametrize("postprocessor", [SAMPLER, ESTIMATOR])
def test_a_postprocessor_survives_the_journal_and_a_file(
    postprocessor: SamplerPostprocessor | EstimatorPostprocessor, tmp_path: Path
) -> None:
    again = unpack_postprocessor(pack_postprocessor(postprocessor) or b"")
    save_file(tmp_path / "job", ["j1", "j2"], postprocessor)
    job_ids, loaded = load_file(tmp_path / "job")
    assert again.to_document() == loaded.to_document() == postprocessor.to_document()
    assert job_ids == ["j1", "j2"]


@pytest.mark.parametrize("exists", [False, True])
def test_only_the_owner_can_read_a_saved_job(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "job"
    if exists:
        path.touch()
        path.chmod(0o644)
    QoroPrimitiveJob(QoroService("token"), ["j1"], postprocessor=SAMPLER).save(path)
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
