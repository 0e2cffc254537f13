"""A call of each setter of a noise model."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from qiskit_qoro import NoiseModel

HALF = math.sqrt(0.5)

# A valid call of each setter.
EXAMPLES: dict[str, list[Any]] = {
    "set_qubit_noise": [1, 0.1, 0.2, 0.3],
    "set_depolarizing": [1, 0.1],
    "set_dephasing": [1, 0.1],
    "set_bit_flip": [1, 0.1],
    "set_all_depolarizing": [3, 0.1],
    "set_all_dephasing": [3, 0.1],
    "set_1q_gate_depolarizing": [1, 0.1],
    "set_all_1q_gate_depolarizing": [3, 0.1],
    "set_2q_gate_depolarizing": [1, 0.1],
    "set_all_2q_gate_depolarizing": [3, 0.1],
    "set_2q_depolarizing": [1, 2, 0.1],
    "set_t1": [1, 0.1],
    "set_t1_from_time": [1, 1e-7, 1e-5],
    "set_all_t1": [3, 0.1],
    "set_t1_2q": [1, 0.1],
    "set_t1_2q_from_time": [1, 1e-7, 1e-5],
    "set_thermal_relaxation": [1, 1e-7, 1e-5, 1.5e-5],
    "set_thermal_relaxation_2q": [1, 1e-7, 1e-5, 1.5e-5, 0.1],
    "set_phase_damping": [1, 0.1],
    "set_phase_damping_from_time": [1, 1e-7, 1e-5],
    "set_generalized_amplitude_damping": [1, 0.1, 0.2],
    "set_correlated_phase_flip": [1, 2, 0.1],
    "set_kraus_channel": [[1], [[[HALF, 0], [0, HALF]], [[0, -1j * HALF], [1j * HALF, 0]]]],
    "set_coherent_rotation": [1, 0.1, 0.2, -0.3],
    "set_coherent_depolarizing": [1, 0.1],
    "set_coherent_dephasing": [1, 0.1],
    "set_coherent_bit_flip": [1, 0.1],
    "set_coherent_strength": [3, 0.1],
    "set_all_coherent_depolarizing": [3, 0.1],
    "set_all_coherent_dephasing": [3, 0.1],
    "set_correlated_ar1": [1, 0.5, 0.1],
    "set_correlated_ou": [1, 1000.0, 0.5, 1e-7],
    "set_correlated_ou_band": [1, 1000.0, 0.5, 1e-7],
    "set_multi_correlated_ou": [1, [(1000.0, 0.5), (2000.0, 2.0)], 1e-7],
    "set_1_over_f_noise": [1, 1e-3, 1e3, 1e6, 3, 1e-7],
    "set_all_correlated_ou": [3, 1000.0, 0.5, 1e-7],
    "set_all_multi_correlated_ou": [3, [(1000.0, 0.5)], 1e-7],
    "set_all_correlated_from_power": [3, 1e-3, 0.5, 1e-7],
    "set_crosstalk": [1, 2, 0.1],
    "set_idle_noise": [1, 1e-5, 1.5e-5],
    "set_readout_error": [1, 0.1, 0.2],
    "set_readout_error_symmetric": [1, 0.1],
    "set_all_readout_error": [3, 0.1],
}


@pytest.fixture
def examples() -> dict[str, list[Any]]:
    """The arguments of a valid call of each setter."""
    return EXAMPLES


@pytest.fixture
def example() -> Callable[[str], NoiseModel]:
    """Build a model with one call of a setter."""
    return lambda name: getattr(NoiseModel(), name)(*EXAMPLES[name])
