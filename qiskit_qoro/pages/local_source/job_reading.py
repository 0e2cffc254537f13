"""How the results of a job are read: the names and registers of its circuits, and what it computes.

The names and registers are in the labels of all circuits together, see :mod:`qiskit_qoro.wire.labels`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qiskit_qoro.jobs.experiment_results import Experiment, name_from_label
from qiskit_qoro.jobs.job_document import name_circuits
from qiskit_qoro.jobs.outcome import decode_structure
from qiskit_qoro.local.store.records import StoredJob
from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.models.states import StateRequest
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.results.outcomes import CircuitContext
from qiskit_qoro.pages.results.sampler_circuits import sampler_circuits
from qiskit_qoro.wire.states.requests import state_request_from_json

__all__ = ["JobReading", "read_job"]


@dataclass(frozen=True)
class JobReading:
    """What is needed to read the results of a job.

    Attributes:
        kind: What submitted the job.
        experiments: The circuits of ``backend.run()`` or of a sampler, by label. Empty for other jobs, or if
            unknown.
        observables: The observables of a gradient job, in order.
        state: What a ``STATE`` job computes.
    """

    kind: JobKind
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    observables: Sequence[WeightedStrings] = ()
    state: StateRequest | None = None

    def name_of(self, label: str) -> str:
        """Return the name of a circuit."""
        experiment = self.experiments.get(label)
        return name_from_label(label) if experiment is None else experiment.name

    def named(self, reason: str) -> str:
        """Replace the labels that a reason quotes by the names of the circuits."""
        return name_circuits(reason, self.experiments)

    def context_of(self, label: str, parameter_names: Sequence[str] = ()) -> CircuitContext:
        """Return what is needed to read the result of a circuit.

        Args:
            label: The label of the circuit.
            parameter_names: The names of the parameters of its template.
        """
        return CircuitContext(
            self.experiments.get(label), self.kind, parameter_names, self.observables, self.state
        )


def read_job(job: StoredJob, kind: JobKind, labels: Sequence[str]) -> JobReading:
    """Find out how the results of a job are read.

    Args:
        job: The job.
        kind: What submitted it.
        labels: The labels of all its circuits, in any order. Empty if more circuits will arrive.
    """
    experiments: Mapping[str, Experiment] = {}
    if kind is JobKind.RUN and labels:
        found = decode_structure(labels, job_id=job.job_id)
        if isinstance(found, tuple):
            experiments = found[0]
    elif kind is JobKind.SAMPLER and labels:
        experiments = sampler_circuits(labels)
    state = None if job.state is None else state_request_from_json(json.loads(job.state))
    return JobReading(kind, experiments, job.weighted_observables or (), state)
