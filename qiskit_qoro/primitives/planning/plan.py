"""The plan of a submission: the jobs that compute the results of a list of PUBs.

A plan holds the rendered and checked body of every request. To run a plan means to send them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby, islice
from typing import Any

import numpy as np

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.backends.run_options import MAX_SEED
from qiskit_qoro.display.cards import Card, CardTable
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.models.costs import NO_COST, Cost, Prices, format_credits
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.shots import CircuitRange
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.primitives.options import EstimatorOptions, SamplerOptions, backend_options
from qiskit_qoro.primitives.planning.job_layout import (
    Circuit,
    GradientRequest,
    JobDraft,
    Request,
    arrange_jobs,
)
from qiskit_qoro.primitives.planning.realizations import with_realizations
from qiskit_qoro.primitives.postprocess.postprocessor import Postprocessor
from qiskit_qoro.primitives.postprocess.saved_job import pack_postprocessor
from qiskit_qoro.printable import printable_line
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.recorder import MAX_NAMES
from qiskit_qoro.service.settings import merge_configs
from qiskit_qoro.service.submission import Measurement, Submission
from qiskit_qoro.service.template_submission import CheckedTemplate
from qiskit_qoro.wire.labels import contain_structure, encode_labels

__all__ = ["Plan", "PlannedJob", "build_plan"]

_JOBS_IN_CARD = 20


@dataclass(frozen=True)
class PlannedJob:
    """A job that will be submitted.

    Attributes:
        num_circuits: Number of circuits that run. Each row of a template counts as one.
        num_templates: Number of templates; 0 for a job of bound circuits.
        num_pauli_strings: Number of different Pauli strings; 0 if circuits are sampled.
        num_values: Number of expectation values that are computed; 0 if circuits are sampled.
        num_shots: Shots of all circuits together; 0 if expectation values are computed.
        num_bytes: Size of all request bodies together.
        num_requests: Number of requests that submit the job.
        has_gradients: Whether the service computes the gradients of the values too.
    """

    num_circuits: int
    num_templates: int
    num_pauli_strings: int
    num_values: int
    num_shots: int
    num_bytes: int
    num_requests: int
    has_gradients: bool = False

    def __repr__(self) -> str:
        return f"<PlannedJob: {self}>"

    def _repr_html_(self) -> str:
        return Card("Planned job", note=str(self)).to_html()

    def __str__(self) -> str:
        if self.num_templates:
            form = f"{counted(self.num_templates, 'template')} with {counted(self.num_circuits, 'row')}"
        else:
            form = counted(self.num_circuits, "circuit")
        if self.num_shots:
            work = counted(self.num_shots, "shot")
        else:
            strings = counted(self.num_pauli_strings, "Pauli string")
            work = f"{strings}, {counted(self.num_values, 'expectation value')}"
            work += " with gradients" if self.has_gradients else ""
        sent = f"{self.num_bytes:,} bytes in {counted(self.num_requests, 'request')}"
        return f"{form}, {work}, {sent}"


@dataclass(frozen=True)
class Plan:
    """The jobs that compute the results of a list of PUBs. Print it for a summary.

    Attributes:
        backend_name: The backend that will run the jobs.
        num_pubs: Number of PUBs.
        jobs: The jobs that will be submitted. Empty if all values can be computed locally.
        submissions: The same jobs, ready to be sent.
        postprocessor: Turns the results of the jobs into those of the PUBs.
        tag: The name of the jobs.
        use_circuit_packing: Whether a QPU may run several circuits at once.
        execution_config: How the jobs are executed, ``None`` if that is left to the service. The seed in it
            is that of the first circuit; the further jobs have further seeds, so that equal circuits in
            different jobs do not have equal counts.
        service: The client that knows the prices, or ``None`` if none is known. Copies and pickles have none.
    """

    backend_name: str
    num_pubs: int
    jobs: tuple[PlannedJob, ...]
    submissions: tuple[Submission, ...]
    postprocessor: Postprocessor
    tag: str = "default"
    use_circuit_packing: bool = False
    execution_config: AnyConfig | None = None
    service: QoroService | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        # A pickle of the client would contain the token.
        return {**self.__dict__, "service": None}

    @property
    def cost(self) -> Cost:
        """What the jobs will cost together. Without a known price, it has no credits.

        The first use may ask the service for its prices.

        Raises:
            QoroError: The service refused to tell its prices, or did not answer.
        """
        return self._priced(None if self.service is None or not self.submissions else self.service.prices())

    def _priced(self, prices: Prices | None) -> Cost:
        costs = (submission.cost.priced(prices) for submission in self.submissions)
        return sum(costs, start=NO_COST)

    def __repr__(self) -> str:
        return f"<Plan: {self._pubs}, {counted(len(self.jobs), 'job')}, {self._work}>"

    def _repr_html_(self) -> str:
        # Asking for the prices is left to `cost`: a card sends nothing.
        credits_ = self._priced(self.service.spending.known_prices).credits if self.service else None
        rows = [
            ("PUBs", f"{self.num_pubs:,}"),
            ("options", ", ".join(self._settings)),
            ("cost", "" if credits_ is None else f"{format_credits(credits_)} credits"),
        ]
        shown = [[str(index), str(job)] for index, job in enumerate(self.jobs[:_JOBS_IN_CARD])]
        left = len(self.jobs) - len(shown)
        more = f"and {counted(left, 'more job')}" if left else ""
        table = CardTable(["job", "content"], shown, texts=[1], more=more)
        return Card(
            "Plan",
            f"on {self.backend_name}",
            rows=[(name, text) for name, text in rows if text],
            tables=[table] if self.jobs else [],
            note="Nothing has been sent." if self.jobs else "No job: all values are computed locally.",
        ).to_html()

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show the summary in IPython."""
        printer.text(repr(self) if cycle else str(self))

    def _lines(self) -> Iterator[str]:
        if not self.jobs:
            yield f"{self._pubs}: no job, all values are computed locally"
            return
        yield f"{self._pubs}: {counted(len(self.jobs), 'job')}"
        if self._settings:
            yield f"  options: {', '.join(self._settings)}"
        for index, job in enumerate(self.jobs):
            yield f"  job {index}: {job}"

    @property
    def _pubs(self) -> str:
        return f"{counted(self.num_pubs, 'PUB')} on {printable_line(self.backend_name)}"

    @property
    def _work(self) -> str:
        shots = sum(job.num_shots for job in self.jobs)
        work = counted(sum(job.num_circuits for job in self.jobs), "circuit")
        return f"{work}, {counted(shots, 'shot')}" if shots else work

    @property
    def _settings(self) -> list[str]:
        settings = [
            f"tag={self.tag!r}" if self.tag != "default" else "",
            "use_circuit_packing=True" if self.use_circuit_packing else "",
            f"execution_config={self.execution_config!r}" if self.execution_config else "",
        ]
        return [setting for setting in settings if setting]


def build_plan(
    backend: QoroBackend,
    circuits: Sequence[Circuit],
    build_postprocessor: Callable[[Sequence[int]], Postprocessor],
    options: EstimatorOptions | SamplerOptions,
    *,
    names: Iterable[str],
    precision: float = 0.0,
) -> Plan:
    """Distribute circuits over jobs, and render the jobs.

    Args:
        backend: The backend that will run them.
        circuits: The circuits to run.
        build_postprocessor: Builds the postprocessor of the results. Its argument holds for each circuit the
            index of the circuit in the submission.
        options: The options of the primitive.
        names: The names of the circuits of the PUBs, for the journal.
        precision: The precision of expectation values that are computed, or 0.

    Raises:
        QoroInputError: A program is too large to be sent, or an option of the primitive or of the backend is
            not supported.
    """
    settings = backend.resolve_options(backend_options(options))
    job_config = backend.job_config(tag=settings["tag"], use_circuit_packing=settings["use_circuit_packing"])
    execution_config = merge_configs(backend.service.execution_config, settings["execution_config"])
    execution_config = with_realizations(execution_config, precision)
    drafts = arrange_jobs(circuits, max_rows=options.max_parameter_rows_per_job)
    # Circuits are numbered in the order of submission, across all jobs. Their labels contain these numbers
    # and the postprocessor refers to them. argsort inverts the order: it gives the number of each circuit.
    order = [index for draft in drafts for index in draft.circuit_indices]
    postprocessor = build_postprocessor(np.argsort(order).tolist())
    labels = encode_labels(postprocessor.kind, postprocessor.documents(), len(circuits))
    # If the postprocessor did not fit into the labels, the journal stores it, in the entry of the first job.
    structure = None if contain_structure(labels) else pack_postprocessor(postprocessor)
    remaining_labels = iter(labels)
    jobs: list[PlannedJob] = []
    submissions = []
    known_names = tuple(islice(dict.fromkeys(names), MAX_NAMES))
    num_earlier = 0  # circuits in earlier jobs
    for draft in drafts:
        labels_of_job = list(islice(remaining_labels, len(draft.circuit_indices)))
        submission = backend.service.prepare_checked(
            _content(circuits, draft, labels_of_job),
            _measurement(draft.requests),
            override_execution_config=_with_later_seed(execution_config, num_earlier),
            override_job_config=job_config,
        )
        num_earlier += len(draft.circuit_indices)
        facts = replace(
            submission.facts,
            kind=JobKind.of_letter(postprocessor.kind),
            structure=structure,
            names=known_names,
        )
        submission, structure = replace(submission, facts=facts), None
        submissions.append(submission)
        jobs.append(_planned_job(draft, submission))
    return Plan(
        backend.name,
        len(postprocessor.pubs),
        tuple(jobs),
        tuple(submissions),
        postprocessor,
        tag=job_config.tag,
        use_circuit_packing=bool(job_config.use_circuit_packing),
        execution_config=execution_config,
        service=backend.service,
    )


def _content(
    circuits: Sequence[Circuit], draft: JobDraft, labels: Sequence[str]
) -> Mapping[str, Program] | Sequence[CheckedTemplate]:
    if draft.templates:
        return _templates(draft, labels)
    return {
        label: circuits[index].program for label, index in zip(labels, draft.circuit_indices, strict=True)
    }


def _with_later_seed(config: AnyConfig | None, num_earlier: int) -> AnyConfig | None:
    """Return the configuration of a job that follows jobs with ``num_earlier`` circuits.

    The circuits of one job have successive seeds, so the next job continues after them. With the same seed
    for all jobs, the circuits of different jobs would have correlated counts.
    """
    if not isinstance(config, MaestroConfig) or config.seed is None:
        return config
    return replace(config, seed=(config.seed + num_earlier) % (MAX_SEED + 1))


def _measurement(requests: Sequence[Request]) -> Measurement:
    """Return what is measured on the circuits of a job.

    Args:
        requests: What is requested from each circuit: from all of them shots, or from all of them Pauli
            strings.
    """
    # All circuits of a gradient job have the same request.
    if isinstance(requests[0], GradientRequest):
        wanted = requests[0].observables
        return Measurement(
            observables=tuple(observable.pauli_strings for observable in wanted),
            weights=tuple(observable.weights for observable in wanted),
        )
    runs = [(request, len(list(run))) for request, run in groupby(requests)]
    # Circuits with the same request are neighbours, so there are as many runs as different requests. If there
    # are several, the job contains for each run the range of its circuits.
    observables = tuple(request for request, _ in runs if isinstance(request, tuple))
    if observables:
        return Measurement(observables=observables, circuit_ham_map=_ranges(runs) if len(runs) > 1 else None)
    return Measurement.of_shots([request for request in requests if isinstance(request, int)])


def _templates(draft: JobDraft, labels: Sequence[str]) -> list[CheckedTemplate]:
    templates, position = [], 0
    for template in draft.templates:
        labels_of_rows = labels[position : position + len(template.values)]
        position += len(template.values)
        source = template.source
        templates.append(
            CheckedTemplate(source.text, source.num_qubits, source.names, labels_of_rows, template.values)
        )
    return templates


def _ranges(runs: Sequence[tuple[Request, int]]) -> tuple[CircuitRange, ...]:
    """Return the circuits of each run."""
    ends = list(accumulate(length for _, length in runs))
    return tuple(CircuitRange(end - length, end) for end, (_, length) in zip(ends, runs, strict=True))


def _planned_job(draft: JobDraft, submission: Submission) -> PlannedJob:
    pauli_strings = {string for request in set(draft.requests) for string in _strings_of(request)}
    return PlannedJob(
        num_circuits=len(draft.circuit_indices),
        num_templates=len(draft.templates),
        num_pauli_strings=len(pauli_strings),
        num_values=sum(_number_of_values(request) for request in draft.requests),
        num_shots=sum(request for request in draft.requests if isinstance(request, int)),
        num_bytes=submission.num_bytes,
        num_requests=1 + len(submission.uploads),
        has_gradients=isinstance(draft.requests[0], GradientRequest),
    )


def _strings_of(request: Request) -> tuple[str, ...]:
    if isinstance(request, GradientRequest):
        return tuple(string for observable in request.observables for string in observable.pauli_strings)
    return () if isinstance(request, int) else request


def _number_of_values(request: Request) -> int:
    if isinstance(request, GradientRequest):
        return len(request.observables)
    return 0 if isinstance(request, int) else len(request)
