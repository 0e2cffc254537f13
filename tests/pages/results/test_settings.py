"""What a page shows of the configuration of a job."""

from __future__ import annotations

import pytest

from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.pages.results.settings import MAX_CALLS, settings_of

MODEL = NoiseModel().set_all_1q_gate_depolarizing(2, 0.001).set_readout_error(0, 0.01, 0.03)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, ()),
        (ExecutionConfig(bond_dimension=4), (("bond_dimension", "4"),)),
        # As the configuration writes them itself.
        (MaestroConfig(simulation_type="Statevector"), (("simulation_type", "'Statevector'"),)),
        (
            MaestroConfig(noise_model=MODEL, noise_seed=7),
            (("noise_model", str(MODEL)), ("noise_seed", "7")),
        ),
        (
            MaestroConfig(noise_model=[{"method": "set_unheard_of"}]),
            (("noise_model", "1 call"),),
        ),
        (
            MaestroConfig(noise_model=MODEL.calls * (MAX_CALLS + 1)),
            (("noise_model", f"{len(MODEL.calls) * (MAX_CALLS + 1):,} calls"),),
        ),
    ],
)
def test_the_settings_that_differ_from_their_defaults(
    config: AnyConfig | None, expected: tuple[tuple[str, str], ...]
) -> None:
    assert settings_of(config) == expected
