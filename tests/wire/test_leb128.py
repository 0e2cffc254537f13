"""Unsigned LEB128 numbers, single and in rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.histograms.leb128 import (
    Reader,
    encode_array,
    encode_integer,
    encode_integers,
    encode_rows,
)

BY_HAND = [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**63 - 1, "ff" * 8 + "7f")]
ROWS = st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 300), max_size=60)


@pytest.mark.parametrize(("value", "encoded"), BY_HAND)
def test_a_number_has_the_bytes_worked_out_by_hand(value, encoded):
    assert encode_integer(value).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).integer("a number") == value


@given(ROWS)
def test_encode_array_and_encode_integers_give_the_same_bytes(values):
    assert encode_array(np.array(values, np.int64)) == encode_integers(values)


@given(st.lists(ROWS, max_size=5))
def test_rows_that_are_encoded_together_have_the_bytes_of_each_row(rows):
    values = np.array([value for row in rows for value in row], np.int64)
    assert encode_rows(values, [len(row) for row in rows]) == [encode_integers(row) for row in rows]


@given(ROWS)
def test_array_and_integers_read_the_same_numbers(values):
    data = encode_integers(values) + b"\x05"
    for read in ("array", "integers"):
        reader = Reader(data)
        assert list(getattr(reader, read)(len(values), "a row", bits=63)) == values
        assert reader.remaining == 1


@given(st.lists(st.integers(0, 2**300)))
def test_wide_numbers_are_encoded_and_read(values):
    assert Reader(encode_integers(values)).integers(len(values), "a row", bits=301) == values


@given(st.binary(max_size=80), st.sampled_from([0, 1, 7, 8, 14, 50, 63]))
def test_reading_single_numbers_and_rows_gives_the_same_outcome_for_any_bytes(data, bits):
    ends = sum(byte < 128 for byte in data)

    def outcome(read):
        reader = Reader(data)
        try:
            return [int(value) for value in read(reader)], reader.position
        except WireError:
            return "refused"

    singly = outcome(lambda reader: [reader.integer("a row", bits=bits) for _ in range(ends)])
    assert outcome(lambda reader: reader.array(ends, "a row", bits=bits)) == singly
    assert outcome(lambda reader: reader.integers(ends, "a row", bits=bits)) == singly


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("80", "ends within a row"),
        ("8000", "padded"),
        ("ff00", "padded"),
        ("ff" * 9 + "01", "at most 63 bits"),
    ],
)
def test_short_and_long_rows_are_validated_alike(number, message, count):
    data = bytes(count - 1) + bytes.fromhex(number)
    with pytest.raises(WireError, match=message):
        Reader(data).array(count, "a row")


def test_a_row_longer_than_the_data_is_refused_without_allocating_it():
    with pytest.raises(WireError, match="the data ends within a row"):
        Reader(bytes(100)).array(2**62, "a row")


def test_raw_bytes_are_not_read_past_the_end():
    reader = Reader(b"abc")
    assert reader.take(2, "some bytes") == b"ab"
    with pytest.raises(WireError, match="some bytes: expected 2 bytes, 1 are left"):
        reader.take(2, "some bytes")
