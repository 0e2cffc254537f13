"""Parts that the checks of several ecosystem packages share."""

from __future__ import annotations

from typing import Any

import numpy as np

from qiskit_qoro import QoroEstimator, QoroSampler


class CountedEstimator(QoroEstimator):
    """An estimator that counts the service jobs that it submits."""

    jobs = 0

    def run(self, *args: Any, **options: Any) -> Any:
        job = super().run(*args, **options)
        self.jobs += len(job.job_ids)
        return job

    def gradient(self, *args: Any, **options: Any) -> Any:
        job = super().gradient(*args, **options)
        self.jobs += len(job.job_ids)
        return job


class CountedSampler(QoroSampler):
    """A sampler that counts the service jobs that it submits."""

    jobs = 0

    def run(self, *args: Any, **options: Any) -> Any:
        job = super().run(*args, **options)
        self.jobs += len(job.job_ids)
        return job


def assert_close(value: Any, expected: Any, tolerance: float) -> str:
    """Check that numbers differ from the expected ones by at most ``tolerance``.

    Returns:
        The largest difference, as text for the table.
    """
    difference = float(np.max(np.abs(np.subtract(value, expected))))
    assert difference <= tolerance, (
        f"{value} differs from {expected} by {difference:.3g}, expected at most {tolerance:.3g}"
    )
    return f"difference {difference:.1e}"
