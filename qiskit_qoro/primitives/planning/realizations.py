"""Choose the number of random realizations of noise for a requested precision."""

from __future__ import annotations

import math

from qiskit_qoro.models.batches import DEFAULT_REALIZATIONS
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import EXACT_METHODS

__all__ = ["MAX_REALIZATIONS", "with_realizations"]

MAX_REALIZATIONS = 10_000
"""The largest number of realizations that follows from a precision."""

_FINEST = 1 / math.sqrt(MAX_REALIZATIONS)


def with_realizations(config: AnyConfig | None, precision: float) -> AnyConfig | None:
    """Set the number of realizations in a configuration with a noise model, unless it is set already.

    A realization gives values from -1 to 1, so the standard error of a Pauli string is at most the precision
    with ``1 / precision**2`` realizations.

    Args:
        config: The configuration of a job that computes expectation values.
        precision: The requested precision, or 0.
    """
    if not precision or not isinstance(config, MaestroConfig) or not config.noise_model:
        return config
    if config.noise_realizations is not None or config.simulation_type in EXACT_METHODS:
        return config
    # The square of a tiny precision would be 0.
    needed = min(math.ceil(1 / max(precision, _FINEST) ** 2), MAX_REALIZATIONS)
    # The cloud has a default of its own. A precision only raises the number.
    return config if needed <= DEFAULT_REALIZATIONS else config.override(noise_realizations=needed)
