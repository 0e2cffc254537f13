"""Rendering of request bodies, and their division into chunks below the size limit."""

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.wire.chunks import MAX_BODY_BYTES, ItemTooLargeError, pack, render, render_rows

SIZES = st.lists(st.integers(0, 60))


@given(SIZES, st.integers(0, 40))
def test_chunks_contain_all_items_in_order_within_the_limit(sizes, overhead):
    chunks = pack(sizes, overhead=overhead, limit=100)
    assert [index for chunk in chunks for index in chunk] == list(range(len(sizes)))
    assert all(len(chunk) > 0 for chunk in chunks)
    assert all(overhead + sum(sizes[index] for index in chunk) <= 100 for chunk in chunks)


@given(SIZES, st.integers(0, 40))
def test_a_chunk_ends_only_if_the_next_item_does_not_fit(sizes, overhead):
    chunks = pack(sizes, overhead=overhead, limit=100)
    for chunk in chunks[:-1]:
        assert overhead + sum(sizes[chunk.start : chunk.stop + 1]) > 100


def test_no_items_need_no_chunk():
    assert pack([], overhead=10, limit=5) == []


def test_items_that_fill_a_chunk_exactly_share_it():
    assert pack([30, 30, 30], overhead=10, limit=70) == [range(2), range(2, 3)]


def test_an_item_that_fills_a_chunk_has_its_own_chunk():
    assert pack([1, 90, 1], overhead=10, limit=100) == [range(1), range(1, 2), range(2, 3)]


def test_an_item_that_does_not_fit_is_reported_with_its_size_and_the_available_space():
    with pytest.raises(ItemTooLargeError, match="item 1 needs 91 bytes, a request has room for 90") as caught:
        pack([1, 91, 1], overhead=10, limit=100)
    assert (caught.value.index, caught.value.size, caught.value.available) == (1, 91, 90)
    assert isinstance(caught.value, QoroInputError)


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(ItemTooLargeError("too large", index=3, size=2, available=1)))
    assert (str(error), error.index, error.size, error.available) == ("too large", 3, 2, 1)


def test_the_limit_is_95_percent_of_a_mebibyte():
    assert MAX_BODY_BYTES == 996_147
    assert pack([996_147], overhead=0) == [range(1)]
    with pytest.raises(ItemTooLargeError, match=r"item 0 needs 996148 bytes, a request has room for 996147"):
        pack([996_148], overhead=0)


def test_bodies_are_rendered_compactly_in_ascii():
    assert render({"a": [1, 2.5, None, True], "ü": "Δ"}) == rb'{"a":[1,2.5,null,true],"\u00fc":"\u0394"}'


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_a_rendered_body_is_equivalent_json(body):
    assert json.loads(render(body)) == body


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1j, {1, 2}, b"x"])
def test_a_value_that_json_cannot_represent_is_an_input_error(value):
    with pytest.raises(QoroInputError, match="not JSON"):
        render({"value": value})


# --- rows of numbers ----------------------------------------------------------------------------------


def as_bits(values):
    return np.asarray(values, np.float64).view(np.int64).tolist()


@given(st.lists(st.tuples(*3 * [st.floats(allow_nan=False, allow_infinity=False)])))
def test_rows_are_rendered_like_lists_of_floats(rows):
    assert render_rows(np.array(rows).reshape(-1, 3)) == [render(list(row)) for row in rows]


@pytest.mark.parametrize("exponents", [(-323, 308), (-6, 18), (-1, 1)])
def test_many_random_numbers_are_rendered_like_lists_of_floats_and_read_back_exactly(exponents):
    rng = np.random.default_rng(4)
    rows = rng.uniform(-10, 10, (5000, 4)) * 10.0 ** rng.integers(*exponents, (5000, 4))
    rendered = render_rows(rows)
    assert rendered == [render(row) for row in rows.tolist()]
    assert as_bits(list(map(json.loads, rendered))) == as_bits(rows)


@pytest.mark.parametrize(
    "value",
    [0.0, 5e-324, 2.5e-310, 1e-5, 1e-4, 0.1, 1.0, 2.0**53, 1e15, 1e16, 1e22, 1e23, 1.7976931348623157e308],
)
def test_numbers_at_the_limits_of_each_notation_are_rendered_like_floats(value):
    near = [value, np.nextafter(value, 0), np.nextafter(value, 1e308)]
    rows = np.array([near, np.negative(near)])
    rendered = render_rows(rows)
    assert rendered == [render(row) for row in rows.tolist()]
    assert as_bits(list(map(json.loads, rendered))) == as_bits(rows)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (1, 0), (2, 0), (1, 1)])
def test_rows_of_any_shape_are_rendered(shape):
    assert render_rows(np.zeros(shape)) == [render([0.0] * shape[1])] * shape[0]


def test_rows_may_be_integers_and_columns_of_a_larger_array():
    table = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert render_rows(table[:, ::2]) == [b"[0.0,2.0]", b"[4.0,6.0]", b"[8.0,10.0]"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_row_with_a_number_that_is_not_finite_is_an_input_error(value):
    with pytest.raises(QoroInputError, match="not JSON"):
        render_rows([[1.0, 2.0], [3.0, value]])
