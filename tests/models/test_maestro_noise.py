"""The noise options of a MaestroConfig: what they accept, and how they are sent."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import MaestroConfig, QoroInputError

CALL = {"method": "set_depolarizing", "args": [0, 0.01], "kwargs": {"pair": [0, 1]}}


def test_noise_is_sent_as_it_was_given() -> None:
    config = MaestroConfig(noise_model=[CALL, {"method": "set_x"}], noise_seed=-5, noise_realizations=1)
    payload = config.to_payload()
    assert payload == {
        "noise_model": [CALL, {"method": "set_x"}],
        "noise_seed": -5,
        "noise_realizations": 1,
    }
    payload["noise_model"][0]["args"].clear()
    assert config.to_payload()["noise_model"][0] == CALL


def test_arrays_and_tuples_become_lists() -> None:
    call = {"method": "set_x", "args": (np.eye(2), np.float64(0.5)), "kwargs": {"qubit": np.int64(3)}}
    config = MaestroConfig(noise_model=(call,), noise_seed=np.uint64(7), noise_realizations=np.int32(2))
    assert config.to_payload() == {
        "noise_model": [{"method": "set_x", "args": [[[1, 0], [0, 1]], 0.5], "kwargs": {"qubit": 3}}],
        "noise_seed": 7,
        "noise_realizations": 2,
    }


def test_an_empty_model_is_kept() -> None:
    assert MaestroConfig(noise_model=[]).to_payload() == {"noise_model": []}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise_model": "set_x"}, "noise_model is 'set_x', expected a NoiseModel or a list of calls"),
        ({"noise_model": CALL}, "expected a NoiseModel or a list of calls"),
        ({"noise_model": [CALL, "set_x"]}, "noise_model[1] is 'set_x', expected a mapping with method"),
        ({"noise_model": [{"args": []}]}, "noise_model[0] is"),
        ({"noise_model": [{"method": 5}]}, "noise_model[0] is"),
        ({"noise_model": [{"method": "set_x", "args": 5}]}, "noise_model[0] is"),
        ({"noise_model": [{"method": "set_x", "kwargs": [5]}]}, "noise_model[0] is"),
        ({"noise_model": [{"method": "set_x", "args": [1j]}]}, "noise_model: expected JSON values"),
        ({"noise_model": [{"method": "set_x", "args": [float("nan")]}]}, "noise_model: expected JSON values"),
        ({"noise_model": [{"method": "\ud800"}]}, "noise_model: expected JSON values"),
        ({"noise_seed": 1.5}, "noise_seed is 1.5, expected an integer"),
        ({"noise_seed": True}, "noise_seed is True, expected an integer"),
        ({"noise_realizations": 0}, "noise_realizations is 0, expected an integer of 1 or more"),
        ({"noise_realizations": "5"}, "noise_realizations is '5'"),
    ],
)
def test_an_invalid_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QoroInputError, match=re.escape(message)):
        MaestroConfig(**options)
