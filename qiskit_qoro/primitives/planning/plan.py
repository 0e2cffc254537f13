"""What will be sent for a list of PUBs, before it is: a value that can be looked at.

The plan holds every body, rendered and checked. To run it is to send them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, islice

import numpy as np

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.models.shots import group_shots
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.primitives.options import EstimatorOptions, SamplerOptions
from qiskit_qoro.primitives.planning.job_layout import Ask, Circuit, JobDraft, arrange
from qiskit_qoro.primitives.postprocess.postprocessor import Postprocessor
from qiskit_qoro.primitives.postprocess.saved_job import pack_postprocessor
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.wire.labels import carry_structure, encode_labels

__all__ = ["Plan", "PlannedJob", "build_plan"]


@dataclass(frozen=True)
class PlannedJob:
    """A job that will be submitted.

    Attributes:
        num_circuits: The circuits that run, each row of a template counted.
        num_templates: The templates that they travel as, 0 where they travel as bound circuits.
        num_words: Different Pauli words that are computed, 0 where circuits are sampled.
        num_values: Expectation values that are computed, 0 where circuits are sampled.
        num_shots: Shots over all circuits, 0 where expectation values are computed.
        num_bytes: The size of all bodies together.
        num_requests: How many requests submit it.
    """

    num_circuits: int
    num_templates: int
    num_words: int
    num_values: int
    num_shots: int
    num_bytes: int
    num_requests: int

    def __str__(self) -> str:
        if self.num_templates:
            form = f"{_number(self.num_templates, 'template')} with {_number(self.num_circuits, 'row')}"
        else:
            form = _number(self.num_circuits, "circuit")
        if self.num_shots:
            work = _number(self.num_shots, "shot")
        else:
            work = f"{_number(self.num_words, 'word')}, {_number(self.num_values, 'expectation value')}"
        sent = f"{self.num_bytes:,} bytes in {_number(self.num_requests, 'request')}"
        return f"{form}, {work}, {sent}"


@dataclass(frozen=True)
class Plan:
    """What a list of PUBs becomes; print it to see it.

    Attributes:
        backend_name: Where it will run.
        num_pubs: How many PUBs it answers.
        jobs: The jobs that will be submitted; none where everything can be answered without one.
        submissions: The same, ready to be sent.
        postprocessor: How their results become those of the PUBs.
    """

    backend_name: str
    num_pubs: int
    jobs: tuple[PlannedJob, ...]
    submissions: tuple[Submission, ...]
    postprocessor: Postprocessor

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        pubs = f"{_number(self.num_pubs, 'PUB')} on {self.backend_name}"
        if not self.jobs:
            yield f"{pubs}: no job, all values follow without one"
            return
        yield f"{pubs}: {_number(len(self.jobs), 'job')}"
        for index, job in enumerate(self.jobs):
            yield f"  job {index}: {job}"


def build_plan(
    backend: QoroBackend,
    circuits: Sequence[Circuit],
    build_postprocessor: Callable[[Sequence[int]], Postprocessor],
    options: EstimatorOptions | SamplerOptions,
) -> Plan:
    """Arrange circuits into jobs, and render these.

    Args:
        backend: Where they will run.
        circuits: What has to run.
        build_postprocessor: Makes the postprocessor of the results, given the number that each circuit gets.
        options: How the jobs are to run.

    Raises:
        QoroInputError: A program is too large to be sent, or an option is for another kind of backend.
    """
    backend.check_execution_config(options.execution_config)
    drafts = arrange(circuits, most_rows=options.max_parameter_rows_per_job)
    order = [place for draft in drafts for place in draft.members]
    postprocessor = build_postprocessor(np.argsort(order).tolist())
    labels = encode_labels(postprocessor.kind, postprocessor.documents(), len(circuits))
    # The first job of a submission is the one by which the journal knows the postprocessor.
    structure = None if carry_structure(labels) else pack_postprocessor(postprocessor)
    remaining = iter(labels)
    jobs, submissions = [], []
    for draft in drafts:
        own = list(islice(remaining, len(draft.members)))
        submission = _submission(backend, circuits, draft, own, options)
        facts = replace(submission.facts, kind=JobKind.of_letter(postprocessor.kind), structure=structure)
        submission, structure = replace(submission, facts=facts), None
        submissions.append(submission)
        jobs.append(_planned(draft, submission))
    return Plan(backend.name, len(postprocessor.pubs), tuple(jobs), tuple(submissions), postprocessor)


def _submission(
    backend: QoroBackend,
    circuits: Sequence[Circuit],
    draft: JobDraft,
    labels: Sequence[str],
    options: EstimatorOptions | SamplerOptions,
) -> Submission:
    service = backend.service
    config = options.execution_config
    runs = [(ask, len(list(run))) for ask, run in groupby(draft.asks)]
    words = [";".join(ask) for ask, _ in runs if isinstance(ask, tuple)]
    shots = [ask for ask in draft.asks if isinstance(ask, int)]
    settings = backend.job_config(shots=shots[0] if shots and len(runs) == 1 else None, tag=options.tag)
    if draft.templates:
        return service.prepare_circuit_templates(
            _entries(draft, labels),
            ham_ops=words[0] if words else None,
            override_execution_config=config,
            override_job_config=settings,
        )
    return service.prepare_circuits(
        {label: circuits[place].program for label, place in zip(labels, draft.members, strict=True)},
        ham_ops="|".join(words) or None,
        circuit_ham_map=_ranges(runs) if len(words) > 1 else None,
        shot_groups=group_shots(shots) if shots and len(runs) > 1 else None,
        override_execution_config=config,
        override_job_config=settings,
    )


def _entries(draft: JobDraft, labels: Sequence[str]) -> list[TemplateEntry]:
    entries, position = [], 0
    for template in draft.templates:
        own = labels[position : position + len(template.values)]
        position += len(template.values)
        rows = template.values.tolist()
        entries.append(
            TemplateEntry(template.source.text, template.source.names, list(zip(own, rows, strict=True)))
        )
    return entries


def _ranges(runs: Sequence[tuple[Ask, int]]) -> list[list[int]]:
    ends = list(accumulate(length for _, length in runs))
    return [[end - length, end] for end, (_, length) in zip(ends, runs, strict=True)]


def _planned(draft: JobDraft, submission: Submission) -> PlannedJob:
    words = {word for ask in set(draft.asks) if isinstance(ask, tuple) for word in ask}
    return PlannedJob(
        num_circuits=len(draft.members),
        num_templates=len(draft.templates),
        num_words=len(words),
        num_values=sum(len(ask) for ask in draft.asks if isinstance(ask, tuple)),
        num_shots=sum(ask for ask in draft.asks if isinstance(ask, int)),
        num_bytes=submission.num_bytes,
        num_requests=1 + len(submission.uploads),
    )


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
