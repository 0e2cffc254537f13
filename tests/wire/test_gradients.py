"""The result of a circuit of a gradient job: bytes that were computed by hand, and what is refused."""

from __future__ import annotations

import base64
import pickle
import struct

import numpy as np
import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.gradients import GradientValues
from qiskit_qoro.models.jobs import ResultsPage
from qiskit_qoro.wire.gradients.gradient_values import decode_gradients, encode_gradients
from qiskit_qoro.wire.results import results_page_from_json, results_page_to_json

RESULT = GradientValues([0.5, -2.0], [[1.0, 1e-300, -0.0], [0.25, 3.0, 4.0]])
PAYLOAD = base64.b64encode(struct.pack("<8d", 0.5, 1, 1e-300, -0.0, -2, 0.25, 3, 4)).decode()
FIELDS = {"encoding": "gr1", "n_observables": 2, "n_params": 3, "payload": PAYLOAD}


def test_a_row_of_the_payload_is_a_value_with_its_derivatives() -> None:
    assert encode_gradients(RESULT) == FIELDS
    decoded = decode_gradients(FIELDS)
    assert decoded == {"observable 0": 0.5, "observable 1": -2.0}
    assert np.array_equal(decoded.gradients, RESULT.gradients)


def test_a_result_may_have_no_names() -> None:
    result = decode_gradients(encode_gradients(GradientValues([1.0], np.empty((1, 0)))))
    assert (dict(result), result.gradients.shape) == ({"observable 0": 1.0}, (1, 0))


def test_a_page_of_results_holds_gradients() -> None:
    page = results_page_from_json(results_page_to_json(ResultsPage(1, {"a": RESULT})))
    result = page.results["a"]
    assert isinstance(result, GradientValues)
    assert np.array_equal(result.gradients, RESULT.gradients)


def test_a_copy_and_a_pickle_keep_the_gradients() -> None:
    copied = pickle.loads(pickle.dumps(RESULT))
    assert copied == RESULT
    assert np.array_equal(copied.gradients, RESULT.gradients)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_observables": 3}, r"expected 96 bytes for the shape \[3, 4\], got 64"),
        ({"n_params": 2}, r"expected 48 bytes for the shape \[2, 3\], got 64"),
        ({"n_params": -1}, "n_params: expected an integer of 0 or more"),
        ({"n_observables": None}, "n_observables: expected an integer"),
        ({"payload": "?" + PAYLOAD[1:]}, "payload: expected base64"),
        ({"payload": "ä"}, "payload: expected base64"),
        ({"payload": None}, "payload"),
        ({"n_observables": 1, "n_params": 0, "payload": "AAAAAAAA+H8="}, "expected finite numbers"),
    ],
)
def test_a_malformed_result_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(WireError, match=message):
        decode_gradients(FIELDS | fields)
