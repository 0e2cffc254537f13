"""The histogram codec: golden bytes, round trips, and corruption of every byte.

No two payloads of the same encoding and width decode to the same counts. So a changed payload is either
refused or decodes to other counts. The format has no checksum, so a decoder cannot detect all changes: a gap
may become another valid gap (another bitstring), ``first`` may be flipped if as many counts are 1 as are not
(the counts are exchanged), or two changes may cancel out. The sweep asserts that every accepted payload is
valid.
"""

import base64
import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.wire.histograms.decoding import decode_histogram
from qiskit_qoro.wire.histograms.encoding import encode_histogram, encode_payloads
from qiskit_qoro.wire.histograms.leb128 import encode_integer

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "histogram.json").read_text())
BY_HAND = GOLDEN["by_hand"]
READABLE = [case for group in GOLDEN.values() for case in group]
BELL = "514831 02 02 8008 02 00 03 03 01 00 02 02 f203 8a04"


def wrap(payload, n_bits, encoding="qh1"):
    data = bytes.fromhex(payload) if isinstance(payload, str) else payload
    return {"encoding": encoding, "n_bits": n_bits, "payload": base64.b64encode(data).decode("ascii")}


def golden(name):
    case = next(case for case in BY_HAND if case["name"] == name)
    return bytes.fromhex(case["bytes"]), case["n_bits"], case["encoding"], case["counts"]


@st.composite
def histograms(draw):
    n_bits = draw(st.sampled_from([0, 1, 2, 3, 8, 20, 62, 63, 64, 65, 70, 127, 255, 256, 300]))
    integers = draw(
        st.lists(st.integers(0, 2**n_bits - 1) | st.integers(0, min(2**n_bits - 1, 40)), max_size=50)
    )
    counts = st.sampled_from([1, 1, 2, 3]) | st.integers(1, 2**50)
    return {format(value, f"0{n_bits}b") if n_bits else "": draw(counts) for value in integers}, n_bits


# --- golden bytes and round trips -----------------------------------------------------------------------


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case["name"])
def test_golden_bytes_decode_to_their_counts(case):
    assert decode_histogram(wrap(case["bytes"], case["n_bits"], case["encoding"])) == case["counts"]


@pytest.mark.parametrize("case", BY_HAND, ids=lambda case: case["name"])
def test_counts_encode_to_their_golden_bytes(case):
    encoded = encode_histogram(case["counts"], n_bits=case["n_bits"])
    assert encoded == wrap(case["bytes"], case["n_bits"], case["encoding"])


@given(histograms())
def test_an_encoded_value_decodes_to_itself(histogram):
    counts, n_bits = histogram
    assert decode_histogram(json.loads(json.dumps(encode_histogram(counts, n_bits=n_bits)))) == counts


@given(histograms())
def test_the_order_of_the_counts_does_not_matter(histogram):
    counts, n_bits = histogram
    backwards = dict(reversed(counts.items()))
    assert encode_histogram(backwards, n_bits=n_bits) == encode_histogram(counts, n_bits=n_bits)


@given(histograms(), st.integers(1, 100))
def test_leading_zeros_change_only_the_width(histogram, zeros):
    counts, n_bits = histogram
    widened = {"0" * zeros + bitstring: count for bitstring, count in counts.items()}
    encoded = encode_histogram(widened, n_bits=n_bits + zeros)
    assert decode_histogram(encoded) == widened
    if n_bits and n_bits + zeros <= 255:
        narrow = base64.b64decode(encode_histogram(counts, n_bits=n_bits)["payload"])
        assert base64.b64decode(encoded["payload"])[4:] == narrow[4:]


@pytest.mark.parametrize("n_bits", [1, 2, 7, 8, 14, 63])
@pytest.mark.parametrize("shots", [1, 3, 200, 10**7])
def test_many_histograms_have_the_payloads_of_each(n_bits, shots):
    rng = np.random.default_rng(n_bits)
    size = min(2**n_bits, 300)
    bitstrings = np.arange(size) * (2**n_bits // size)
    counts = rng.multinomial(shots, rng.dirichlet(np.full(size, 0.2)), size=40)
    expected = [
        {format(bitstrings[place], f"0{n_bits}b"): int(row[place]) for place in np.flatnonzero(row)}
        for row in counts
    ]
    payloads = encode_payloads(bitstrings, counts, n_bits=n_bits)
    assert payloads == [encode_histogram(each, n_bits=n_bits)["payload"] for each in expected]


@pytest.mark.parametrize("size", [0, 1, 2, 127, 256, 257, 600])
@pytest.mark.parametrize("n_bits", [10, 63, 64, 200])
def test_histograms_of_any_size_are_decoded_again(size, n_bits):
    rng = random.Random(size)
    integers = rng.sample(range(2**10), size)
    if size > 1 and n_bits > 10:
        integers[0] = 2**n_bits - 1
    counts = {format(each, f"0{n_bits}b"): rng.choice([1, 1, 2, 130, 2**40]) for each in integers}
    assert decode_histogram(encode_histogram(counts, n_bits=n_bits)) == counts


def test_decoded_bitstrings_are_ascending():
    assert list(decode_histogram(encode_histogram({"10": 1, "00": 2, "11": 3}, n_bits=2))) == [
        "00",
        "10",
        "11",
    ]


def test_ten_thousand_bitstrings_of_any_width_are_decoded():
    generator = np.random.default_rng(5)
    for n_bits in (14, 63, 64, 130, 300):
        rows = generator.integers(0, 2, (10_000, n_bits), dtype=np.uint8) + ord("0")
        counts = {row.tobytes().decode(): place % 3 + 1 for place, row in enumerate(rows)}
        assert decode_histogram(encode_histogram(counts, n_bits=n_bits)) == counts


def test_decoded_counts_are_python_integers():
    decoded = decode_histogram(encode_histogram({"0": np.int64(1), "1": np.uint32(7)}, n_bits=1))
    assert [type(count) for count in decoded.values()] == [int, int]


def test_the_largest_number_of_shots_is_decoded():
    counts = {"0": 2**62, "1": 2**62 - 1}
    assert decode_histogram(encode_histogram(counts, n_bits=1)) == counts


@pytest.mark.parametrize("n_bits", [63, 64, 83, 84, 111, 112, 113, 255, 256, 300, 1000])
@pytest.mark.parametrize("unique", [31, 32, 3000])
def test_many_wide_bitstrings_are_decoded_as_they_were_encoded(n_bits, unique):
    numbers = {
        random.Random(n_bits + k).getrandbits(n_bits) >> (k % n_bits if k % 3 else 0) for k in range(unique)
    }
    numbers |= {0, 2**n_bits - 1}
    counts = {format(number, f"0{n_bits}b"): 1 + number % 5 for number in sorted(numbers)}
    decoded = decode_histogram(encode_histogram(counts, n_bits=n_bits))
    assert list(decoded.items()) == list(counts.items())


def rows(n_bits, gaps):
    """A histogram of these gaps, each with a count of 1, written by hand."""

    unique = encode_integer(len(gaps))
    runs = encode_integer(1) + b"\x01" + unique
    data = (
        b"QH1"
        + bytes([n_bits])
        + unique * 3
        + b"".join(map(encode_integer, gaps))
        + encode_integer(len(runs))
        + runs
        + encode_integer(0)
    )
    return {"encoding": "qh1", "n_bits": n_bits, "payload": base64.b64encode(data).decode()}


def test_many_wide_bitstrings_are_validated_like_few():
    ones = [1] * 99
    assert len(decode_histogram(rows(100, [2**100 - 100, *ones]))) == 100
    with pytest.raises(WireError, match="does not fit into 100 bits"):
        decode_histogram(rows(100, [2**100 - 99, *ones]))
    with pytest.raises(WireError, match="does not fit into 100 bits"):
        decode_histogram(rows(100, [2**100 - 1] * 100))
    with pytest.raises(WireError, match="occurs twice"):
        decode_histogram(rows(100, [5, *ones[:50], 0, *ones[:48]]))
    with pytest.raises(WireError, match="occurs twice"):
        decode_histogram(rows(255, [0, *[1] * 9000, 0, *[1] * 9000]))
    with pytest.raises(WireError, match="too wide"):
        decode_histogram(rows(100, [2**120, *ones]))


@pytest.mark.parametrize(("n_bits", "encoding"), [(0, "qh1"), (255, "qh1"), (256, "qh2"), (2**20, "qh2")])
def test_qh1_is_used_up_to_255_bits(n_bits, encoding):
    encoded = encode_histogram({"1" * n_bits: 5}, n_bits=n_bits)
    assert encoded["encoding"] == encoding
    assert decode_histogram(encoded) == {"1" * n_bits: 5}


def test_an_empty_object_is_an_empty_histogram():
    assert decode_histogram({}) == {}


@pytest.mark.parametrize(
    ("counts", "n_bits", "message"),
    [
        ({"0": 1}, 2, "expected 2 characters"),
        ({"0a": 1}, 2, "expected 2 characters 0 or 1"),
        ({"0_1": 1}, 3, "expected 3 characters 0 or 1"),
        ({"": 1}, 1, "expected 1 characters"),
        ({"0": 0}, 1, "counts of 1 or more"),
        ({"0": 4, "1": -1}, 1, "counts of 1 or more"),
        ({"0": 2**62, "1": 2**62}, 1, "sum below 2\\^63"),
        ({}, -1, "n_bits is -1"),
        ({}, 2**20 + 1, "n_bits is 1048577"),
    ],
)
def test_an_invalid_histogram_is_not_encoded(counts, n_bits, message):
    with pytest.raises(QoroInputError, match=message):
        encode_histogram(counts, n_bits=n_bits)


# --- corruption -----------------------------------------------------------------------------------------


def sweep(data, n_bits, encoding):
    """Change each byte to each other value; return the numbers of refused and accepted changes."""
    original = decode_histogram(wrap(data, n_bits, encoding))
    refused = accepted = 0
    for position in range(len(data)):
        for value in range(256):
            if value == data[position]:
                continue
            changed = data[:position] + bytes([value]) + data[position + 1 :]
            try:
                counts = decode_histogram(wrap(changed, n_bits, encoding))
            except WireError:
                refused += 1
                continue
            accepted += 1
            assert counts != original
            assert_valid(counts, changed, n_bits, encoding)
    return refused, accepted


def assert_valid(counts, data, n_bits, encoding):
    """Check that the counts are valid and that this payload is their only encoding."""
    assert all(len(bitstring) == n_bits and set(bitstring) <= {"0", "1"} for bitstring in counts)
    assert all(count >= 1 for count in counts.values())
    width = bytes([n_bits]) if encoding == "qh1" else encode_integer(n_bits)
    totals = encode_integer(len(counts)) + encode_integer(sum(counts.values()))
    assert data.startswith(encoding.upper().encode() + width + totals)
    assert base64.b64decode(encode_histogram(counts, n_bits=n_bits)["payload"]) == data


# The numbers of changes that give another valid histogram, counted by hand.
@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("bell", 2),  # the second gap, 3, as 1 or 2
        ("no entry", 0),
        ("no classical bits", 0),
        ("runs of both kinds", 3),  # the last integer is the largest of 3 bits: 2 as 1, 3 as 1 or 2
        ("70 bits", 9 * 127 + 126),  # in the second gap nine ff as 80 to fe, and its 7f as 01 to 7e
        ("300 bits", 127 + 42 * 127 + 62),  # 01 as 00, 02 to 7f; 42 times 80 as 81 to ff; 20 as 01 to 3f
    ],
)
def test_every_changed_byte_is_refused_or_gives_another_valid_histogram(name, accepted):
    data, n_bits, encoding, _ = golden(name)
    assert sweep(data, n_bits, encoding) == (255 * len(data) - accepted, accepted)


def test_if_all_bitstrings_occur_only_a_change_of_the_first_kind_of_run_is_unnoticed():
    counts = {"00": 1, "01": 5, "10": 7, "11": 1}
    data = base64.b64decode(encode_histogram(counts, n_bits=2)["payload"])
    assert sweep(data, 2, "qh1") == (255 * len(data) - 1, 1)


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case["name"])
def test_every_truncation_and_every_extension_is_refused(case):
    data = bytes.fromhex(case["bytes"])
    for length in range(len(data)):
        with pytest.raises(WireError, match=r"the data ends within the |data is truncated"):
            decode_histogram(wrap(data[:length], case["n_bits"], case["encoding"]))
    for more in range(256):
        with pytest.raises(WireError, match="bytes follow"):
            decode_histogram(wrap(data + bytes([more]), case["n_bits"], case["encoding"]))


@given(st.binary(max_size=60), st.sampled_from([0, 1, 2, 63, 64, 255]), st.sampled_from(["qh1", "qh2"]))
def test_any_bytes_are_refused_or_are_the_only_encoding_of_their_counts(rest, n_bits, encoding):
    width = bytes([n_bits]) if encoding == "qh1" else encode_integer(n_bits)
    data = encoding.upper().encode() + width + rest
    try:
        counts = decode_histogram(wrap(data, n_bits, encoding))
    except WireError:
        return
    again = base64.b64decode(encode_histogram(counts, n_bits=n_bits)["payload"])
    assert again[4:] == data[3 + len(width) :]


@pytest.mark.parametrize(
    ("payload", "n_bits", "encoding", "message"),
    [
        (BELL, 2, "qh2", "starts with b'QH1', expected b'QH2'"),
        (BELL.replace("514831", "514832"), 2, "qh1", "starts with b'QH2', expected b'QH1'"),
        (BELL.replace("514831", "514833"), 2, "qh1", "starts with b'QH3'"),
        (BELL, 3, "qh1", "bitstrings of 2 bits, expected n_bits = 3"),
        (BELL, 300, "qh1", "bitstrings of 2 bits, expected n_bits = 300"),
        ("514832 8200", 2, "qh2", "width is padded"),
        ("514831 02 02 8008 03 00 01 02", 2, "qh1", "3 gaps, expected 2"),
        ("514831 02 8200 8008", 2, "qh1", "number of bitstrings is padded"),
        ("514831 08 02 8008 02 00 8300", 8, "qh1", "the gaps is padded"),
        ("514831 02 02 8008 02 00 04 03 01 00 02", 2, "qh1", "does not fit into 2 bits"),
        ("514831 02 02 8008 02 00 ff01", 2, "qh1", "too wide, expected at most 2 bits"),
        ("514831 02 02 8008 02 03 00 03 01 00 02", 2, "qh1", "occurs twice"),
        ("514831 3f 02 02 02 ffffffffffffffff7f ffffffffffffffff7f", 63, "qh1", "does not fit into 63 bits"),
        ("514831 40 02 02 02 00 ffffffffffffffffff02", 64, "qh1", "does not fit into 64 bits"),
        ("514831 40 02 02 02 01 00", 64, "qh1", "occurs twice"),
        ("514831 02 02 8008 02 00 03 03 01 02 02", 2, "qh1", "first run is 2, expected 0 or 1"),
        ("514831 02 02 8008 02 00 03 03 01 00 01", 2, "qh1", "1 bitstrings in runs, expected 2"),
        ("514831 02 02 8008 02 00 03 04 02 00 02 00", 2, "qh1", "a run is empty"),
        ("514831 02 02 8008 02 00 03 01 00", 2, "qh1", "0 bitstrings in runs, expected 2"),
        (
            "514831 02 02 8008 02 00 03 04 01 00 02 00",
            2,
            "qh1",
            "3 bytes of the run-length block, expected 4",
        ),
        ("514831 02 02 8008 02 00 03 03 01 01 02 02", 2, "qh1", "2 extras, expected 0"),
        ("514831 02 02 8008 02 00 03 03 01 00 02 01", 2, "qh1", "1 extras, expected 2"),
        (
            "514831 02 02 8108 02 00 03 03 01 00 02 02 f203 8a04",
            2,
            "qh1",
            "1024 as the sum of all counts, expected 1025",
        ),
        ("514831 02 00 01 00 01 00 00", 2, "qh1", "0 as the sum of all counts, expected 1"),
    ],
)
def test_a_broken_rule_is_refused_with_the_reason(payload, n_bits, encoding, message):
    with pytest.raises(WireError, match=message):
        decode_histogram(wrap(payload, n_bits, encoding))


def test_run_lengths_that_overflow_64_bits_are_refused():
    # Twice 2^63 - 1, plus 4, is 2 modulo 2^64.
    huge = "ffffffffffffffff7f"
    with pytest.raises(WireError, match=f"{2**64 + 2} bitstrings in runs, expected 2"):
        decode_histogram(wrap(f"514831 02 02 8008 02 00 03 15 03 00 {huge} {huge} 04", 2))


def test_counts_that_overflow_64_bits_are_refused():
    # Twice 2^63 is 0 modulo 2^64, plus 4 is the number of shots in the header.
    huge = "feffffffffffffff7f"
    payload = f"514831 02 03 04 03 00 01 01 03 01 00 03 03 {huge} {huge} 02"
    with pytest.raises(WireError, match=f"{2**64 + 4} as the sum of all counts, expected 4"):
        decode_histogram(wrap(payload, 2))


def test_a_number_of_shots_over_63_bits_is_refused():
    with pytest.raises(WireError, match="number of shots is too wide"):
        decode_histogram(wrap("514831 02 02" + "ff" * 9 + "01", 2))


# --- the JSON around the payload ------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, [], "", "qh1", 5, True, ["qh1", 2, ""], {"encoding": "qh1"}])
def test_a_value_that_is_not_a_histogram_object_is_refused(value):
    with pytest.raises(WireError, match=r"histogram"):
        decode_histogram(value)


@pytest.mark.parametrize("n_bits", [2.0, "2", " 2 ", "2.0", None])
def test_the_width_may_be_written_in_any_form_or_be_missing(n_bits):
    assert decode_histogram(wrap(BELL, n_bits)) == decode_histogram(wrap(BELL, 2))


@pytest.mark.parametrize("encoding", ["QH1", " Qh1 ", None])
def test_the_encoding_may_be_written_in_any_case_or_be_missing(encoding):
    assert decode_histogram(wrap(BELL, 2, encoding)) == decode_histogram(wrap(BELL, 2))


def test_the_payload_alone_is_enough():
    narrow, wide = {"01": 2}, {"1" * 300: 5}
    for counts in (narrow, wide):
        encoded = encode_histogram(counts, n_bits=len(next(iter(counts))))
        assert decode_histogram({"payload": encoded["payload"]}) == counts


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.rstrip("="),
        lambda text: text[:8] + "\n" + text[8:],
        lambda text: f" {text}\r\n",
        lambda text: text.replace("+", "-").replace("/", "_"),
    ],
)
def test_base64_may_have_line_breaks_no_padding_or_the_alphabet_for_urls(change):
    counts = {format(k, "020b"): k % 907 + 1 for k in range(13, 2**20, 9973)}
    encoded = encode_histogram(counts, n_bits=20)
    text = encoded["payload"]
    assert "+" in text
    assert "/" in text
    assert text.endswith("=")
    assert decode_histogram(encoded | {"payload": change(text)}) == counts


def test_a_width_beyond_the_limit_in_the_payload_alone_is_refused():
    data = b"QH2" + encode_integer(2**20 + 1) + bytes(5)
    with pytest.raises(WireError, match="1048577 bits, expected at most 1048576"):
        decode_histogram({"payload": wrap(data, 0)["payload"]})


@pytest.mark.parametrize("n_bits", [True, 2.5, "two", "", -1, 2**20 + 1, 10**40, [2]])
def test_an_invalid_width_is_refused(n_bits):
    with pytest.raises(WireError, match="n_bits"):
        decode_histogram(wrap(BELL, n_bits))


@pytest.mark.parametrize("encoding", ["qh3", "", 1, ["qh1"], {}])
def test_an_unknown_encoding_is_refused(encoding):
    with pytest.raises(WireError, match="encoding"):
        decode_histogram(wrap(BELL, 2, encoding))


@pytest.mark.parametrize("payload", [None, 5, b"UUgx", ["UUgx"], "UUgx!", "UUgxA", "UU=gx", "é"])
def test_a_payload_that_is_not_base64_is_refused(payload):
    with pytest.raises(WireError, match="base64"):
        decode_histogram({"encoding": "qh1", "n_bits": 2, "payload": payload})


def test_unused_bits_before_the_padding_must_be_zero():
    encoded = wrap(BELL, 2)
    assert encoded["payload"].endswith("BA==")
    with pytest.raises(WireError, match="canonical base64"):
        decode_histogram({**encoded, "payload": encoded["payload"][:-4] + "BB=="})


# --- limits ---------------------------------------------------------------------------------------------


def test_more_bitstrings_than_bytes_are_refused_before_they_are_allocated():
    claim = encode_integer(2**62)
    data = b"QH1\x3f" + claim + claim + claim + bytes(100)
    with pytest.raises(WireError, match="need more than the remaining 100 bytes"):
        decode_histogram(wrap(data, 63))


def test_very_wide_bitstrings_in_a_small_payload_are_refused_before_they_are_allocated():
    count = encode_integer(300)
    width = encode_integer(2**20)
    data = b"QH2" + width + count * 3 + b"\x01" * 300 + bytes.fromhex("04 01 01 ac02 00")
    with pytest.raises(WireError, match="300 bitstrings of 1048576 bits are too many"):
        decode_histogram(wrap(data, 2**20, "qh2"))
