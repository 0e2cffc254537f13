"""Small histograms that are decoded together: as one by one, and only if all of them are valid."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.histograms.decoding import decode_histogram
from qiskit_qoro.wire.histograms.encoding import encode_histogram
from qiskit_qoro.wire.histograms.leb128 import encode_integer, encode_integers
from qiskit_qoro.wire.histograms.small import decode_small_histograms
from qiskit_qoro.wire.results import results_page_from_json

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "histogram.json").read_text())
CASES = [case for group in GOLDEN.values() for case in group]


def random_histogram(
    rng: np.random.Generator, n_bits: int, factors: tuple[int, ...] = (1, 1, 1000, 10**6)
) -> dict[str, Any]:
    num_shots = int(rng.choice([1, 2, 50, 300]))
    scale = min(2**n_bits, int(rng.choice([2, 40, 2**62])))
    integers = rng.integers(0, scale, num_shots).tolist()
    numbers = rng.choice([1, int(rng.choice(factors))], num_shots).tolist()
    counts: dict[str, int] = {}
    for integer, number in zip(integers, numbers, strict=True):
        text = format(integer, f"0{n_bits}b") if n_bits else ""
        counts[text] = counts.get(text, 0) + number
    return encode_histogram(counts, n_bits=n_bits)


def wrap(data: bytes, n_bits: int) -> dict[str, Any]:
    return {"encoding": "qh1", "n_bits": n_bits, "payload": base64.b64encode(data).decode()}


def expect_same(values: list[Any]) -> int:
    """Check all histograms that were decoded together, and return their number."""
    num_decoded = 0
    for value, decoded in zip(values, decode_small_histograms(values), strict=True):
        if decoded is not None:
            num_decoded += 1
            assert list(decoded.items()) == list(decode_histogram(value).items())
    return num_decoded


@pytest.mark.parametrize("n_bits", [0, 1, 3, 12, 13, 20, 55, 61, 62])
def test_random_histograms_are_decoded_together_as_one_by_one(n_bits: int) -> None:
    rng = np.random.default_rng(n_bits)
    for _ in range(5):
        assert expect_same([random_histogram(rng, n_bits) for _ in range(40)]) == 40
        expect_same([random_histogram(rng, n_bits, (2**31, 2**33, 2**50)) for _ in range(40)])


def test_histograms_of_several_widths_and_other_results_keep_their_places() -> None:
    rng = np.random.default_rng(1)
    values: list[Any] = [random_histogram(rng, n_bits) for n_bits in (2, 5, 2) for _ in range(10)]
    values[15:15] = [{}, None, {"ZZ": 0.5}, {"00": 1}, encode_histogram({"0" * 70: 1}, n_bits=70), "x"]
    decoded = decode_small_histograms(values)
    assert decoded[15:21] == [None] * 6
    assert None not in decoded[:10] + decoded[26:]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_golden_bytes_decode_to_their_counts(case: dict[str, Any]) -> None:
    value = wrap(bytes.fromhex(case["bytes"]), case["n_bits"]) | {"encoding": case["encoding"]}
    decoded = decode_small_histograms([value] * 9)
    is_small = case["encoding"] == "qh1" and case["n_bits"] <= 62 and case["counts"]
    assert decoded == [case["counts"] if is_small else None] * 9


def test_corrupted_bytes_are_never_accepted_if_they_are_refused_one_by_one() -> None:
    rng = random.Random(7)
    generator = np.random.default_rng(7)
    num_refused = num_accepted = 0
    for _ in range(80):
        n_bits = rng.choice([1, 2, 5, 9, 14, 62])
        values = [random_histogram(generator, n_bits) for _ in range(10)]
        data = bytearray(base64.b64decode(values[rng.randrange(10)]["payload"]))
        for _ in range(20):
            changed = bytearray(data)
            for _ in range(rng.choice([1, 1, 2])):
                place = rng.randrange(len(changed))
                match rng.randrange(4):
                    case 0:
                        changed[place] ^= 1 << rng.randrange(8)
                    case 1:
                        changed[place] = rng.choice([0, 1, 2, 0x7F, 0x80, 0xFF])
                    case 2:
                        changed.insert(place, rng.choice([0, 1, 0x80]))
                    case _:
                        del changed[place:]
                        changed += b"\0" * rng.randrange(2) + bytes([1])
            values[5] = wrap(bytes(changed), n_bits)
            try:
                decode_histogram(values[5])
            except WireError:
                assert decode_small_histograms(values)[5] is None
                num_refused += 1
            else:
                num_accepted += expect_same(values) > 0
    assert num_refused > 300
    assert num_accepted > 50


def test_every_truncation_of_a_payload_is_left_to_the_general_decoder() -> None:
    value = encode_histogram({"000": 1, "010": 5, "011": 2, "110": 1, "111": 1}, n_bits=3)
    data = base64.b64decode(str(value["payload"]))
    for length in range(len(data)):
        assert decode_small_histograms([value] * 8 + [wrap(data[:length], 3)])[8] is None


@pytest.mark.parametrize(
    ("gaps", "counts"),
    [
        ([2**55] * 200, 1),  # the last integer does not fit into 62 bits
        ([2**55] * 513, 1),  # their sum exceeds 64 bits
        ([0, 0], 1),  # a bitstring occurs twice
    ],
)
def test_sums_that_overflow_and_repeated_bitstrings_are_left_to_the_general_decoder(
    gaps: list[int], counts: int
) -> None:
    count = len(gaps)
    block = encode_integer(1) + b"\x01" + encode_integer(count)
    data = b"".join(
        [
            b"QH1>",
            encode_integers([count, count * counts, count, *gaps]),
            encode_integers([len(block)]),
            block,
            b"\0",
        ]
    )
    with pytest.raises(WireError, match=r"does not fit into 62 bits|occurs twice"):
        decode_histogram(wrap(data, 62))
    assert decode_small_histograms([wrap(data, 62)] * 8) == [None] * 8


@pytest.mark.parametrize(
    "changes",
    [
        {"encoding": "QH1"},
        {"encoding": "qh2"},
        {"encoding": None},
        {"n_bits": "2"},
        {"n_bits": 2.0},
        {"n_bits": True},
        {"n_bits": 3},
        {"payload": "UUgxAgIC gAgCAAMDAQACAvIDigQ="},
        {"payload": None},
        {"payload": "é"},
    ],
)
def test_unusual_json_is_left_to_the_general_decoder(changes: dict[str, Any]) -> None:
    value = encode_histogram({"00": 500, "11": 524}, n_bits=2)
    assert decode_small_histograms([value] * 8) == [{"00": 500, "11": 524}] * 8
    assert decode_small_histograms([value] * 8 + [value | changes])[8] is None


def test_the_error_of_a_page_names_the_first_wrong_circuit() -> None:
    value = encode_histogram({"00": 500, "11": 524}, n_bits=2)
    items = [{"label": str(index), "results": value} for index in range(20)]
    page = {"count": 20, "next": None, "previous": None, "results": items}
    assert dict(results_page_from_json(page).results) == {
        str(index): {"00": 500, "11": 524} for index in range(20)
    }
    data = bytearray(base64.b64decode(str(value["payload"])))
    data[-1] += 1  # the counts no longer add up to the shots
    items[7] = {"label": "7", "results": wrap(bytes(data), 2)}
    with pytest.raises(WireError, match=r"results\[7\] \(circuit '7'\): the histogram is inconsistent"):
        results_page_from_json(page)
