"""The results of jobs are Qiskit's, with a short ``repr`` and a card."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import PrimitiveResult
from qiskit.result import Result

from qiskit_qoro import QoroBackend, QoroEstimator, QoroSampler
from qiskit_qoro.jobs.displayed_result import DisplayedResult, counts_pictures, shown_counts
from qiskit_qoro.primitives.postprocess.displayed_result import DisplayedPrimitiveResult


def flipped(name: str = "flipped") -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name=name)
    circuit.x(0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def ansatz() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.ry(Parameter("a"), 0)
    return circuit


def test_the_result_of_a_run_has_the_counts_of_each_circuit(
    backend: QoroBackend, parse_html: Callable[[str], Any]
) -> None:
    result = backend.run([flipped(), flipped("<b>bold</b>")], shots=1500).result()
    job_id = result.job_id
    assert repr(result) == f"<Result of job {job_id!r} on 'qoro_maestro': 2 circuits>"
    assert parse_html(result._repr_html_()).text == (
        f"Result {job_id} success backend qoro_maestro circuit shots counts "
        "0 flipped 1,500 01: 1,500 1 <b>bold</b> 1,500 01: 1,500"
    )


def test_the_result_of_one_circuit_has_a_histogram(
    backend: QoroBackend, parse_html: Callable[[str], Any]
) -> None:
    result = backend.run(flipped(), shots=1500).result()
    card = parse_html(result._repr_html_())
    assert "table" not in card.tags
    assert "count 01: 1,500 01 1,500 backend qoro_maestro circuit flipped shots 1,500" in card.text
    pub = QoroSampler(backend).run([flipped()], shots=1500).result()
    assert "count 01: 1,500 01 1,500 PUB shape" in parse_html(pub._repr_html_()).text


def test_a_histogram_has_the_most_frequent_outcomes() -> None:
    (picture,) = counts_pictures({format(k, "05b"): k for k in range(1, 21)})
    assert picture.markup.count("<rect") == 16
    assert "10100: 20" in picture.markup
    assert picture.caption == "4 more outcomes are not shown."
    assert counts_pictures({"0": 5})[0].caption == ""
    assert counts_pictures({}) == []


def test_a_circuit_without_a_result_shows_the_reason(
    backend: QoroBackend, parse_html: Callable[[str], Any]
) -> None:
    result = DisplayedResult.from_dict(backend.run(flipped(), shots=5).result().to_dict())
    result.success = result.results[0].success = False
    result.results[0].data.counts = None
    result.results[0].status = "FAILED: too wide"
    assert "1 circuit, 1 without a result" in repr(result)
    assert "FAILED: too wide" in parse_html(result._repr_html_()).text
    assert "incomplete" in parse_html(result._repr_html_()).text


def test_the_result_of_an_estimator_has_the_first_values(
    backend: QoroBackend, parse_html: Callable[[str], Any]
) -> None:
    result = QoroEstimator(backend).run([(ansatz(), "Z", [[0.0]] * 6)]).result()
    assert repr(result) == "<PrimitiveResult: 1 PUB with evs, stds>"
    text = parse_html(result._repr_html_()).text
    assert text.startswith("Result of 1 PUB PUB shape data values 0 (6,) evs 1, 1, 1, 1, … 0 stds 0, 0,")


def test_the_result_of_a_sampler_has_the_counts_of_each_register(
    backend: QoroBackend, parse_html: Callable[[str], Any]
) -> None:
    result = QoroSampler(backend).run([flipped()], shots=20).result()
    assert repr(result) == "<PrimitiveResult: 1 PUB with c>"
    assert "0 () c 20 shots: 01: 20" in parse_html(result._repr_html_()).text


def test_the_most_frequent_counts_are_shown() -> None:
    assert shown_counts({"00": 1, "11": 3}) == "11: 3, 00: 1"
    assert shown_counts({format(k, "04b"): k for k in range(9)}) == "1000: 8, 0111: 7, 0110: 6, 0101: 5, …"


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda item: pickle.loads(pickle.dumps(item))]
)
def test_a_copy_or_a_pickle_is_a_result_of_qiskit(
    backend: QoroBackend, duplicate: Callable[[Any], Any]
) -> None:
    result = backend.run(flipped(), shots=5).result()
    assert type(duplicate(result)) is Result
    assert duplicate(result).to_dict() == result.to_dict()
    # Without PUBs, because the DataBin of Qiskit 2.0 can neither be pickled nor copied deeply.
    pubs = DisplayedPrimitiveResult([], metadata={"version": 2})
    assert type(duplicate(pubs)) is PrimitiveResult
    assert duplicate(pubs).metadata == {"version": 2}


def test_a_copy_has_the_same_pubs(backend: QoroBackend) -> None:
    pubs = QoroEstimator(backend).run([(ansatz(), "Z", [0.0])]).result()
    duplicate = copy.copy(pubs)
    assert type(duplicate) is PrimitiveResult
    assert list(duplicate) == list(pubs)
    assert duplicate.metadata == pubs.metadata


def test_a_pickled_result_is_read_without_this_package(backend: QoroBackend, tmp_path: Path) -> None:
    file = tmp_path / "result.pickle"
    file.write_bytes(pickle.dumps(backend.run(flipped(), shots=5).result()))
    code = (
        "import pickle, sys; sys.modules['qiskit_qoro'] = None; "
        f"print(pickle.load(open({str(file)!r}, 'rb')).get_counts())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "{'01': 5}"
