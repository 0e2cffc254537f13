"""Qiskit's primitives on Qoro backends: estimator, sampler, their plans and jobs.

Start with :mod:`~qiskit_qoro.primitives.estimator` or :mod:`~qiskit_qoro.primitives.sampler`. Their ``plan``
uses the package ``planning``, and the result of a job is built by the package ``postprocess``.
"""

from __future__ import annotations

from qiskit_qoro.primitives.estimator import QoroEstimator
from qiskit_qoro.primitives.estimator_gradient import QoroEstimatorGradient
from qiskit_qoro.primitives.options import EstimatorOptions, SamplerOptions
from qiskit_qoro.primitives.planning.plan import Plan, PlannedJob
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.primitives.sampler import QoroSampler

__all__ = [
    "EstimatorOptions",
    "Plan",
    "PlannedJob",
    "QoroEstimator",
    "QoroEstimatorGradient",
    "QoroPrimitiveJob",
    "QoroSampler",
    "SamplerOptions",
]
