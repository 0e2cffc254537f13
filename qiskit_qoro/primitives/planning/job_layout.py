"""The distribution of circuits over as few and as small jobs as possible.

A circuit consists of a source, the values of its names, and a request: Pauli strings or shots. The wire
format has two kinds of job:

- a job of templates: several templates with their rows, all with the same request;
- a job of bound circuits: any circuits, each with its own request.

Rows of one source with the same request are therefore sent as one template, templates with the same request
share a job, and all remaining circuits share one job of bound circuits. A single circuit is a template too,
because a variational loop then sends the same text again and again. Some sweeps have another request for
every few rows, so that each request would need a job of its own. For this reason templates with few rows are
sent as templates only if there are few templates and few jobs; otherwise only templates with at least
:data:`MIN_TEMPLATE_ROWS` rows are, in at most :data:`MAX_TEMPLATE_JOBS` jobs. A value that is the same in all
rows of a template is written into its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.primitives.planning.programs import Source
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.wire.substitution import resolve_template

__all__ = [
    "FEW_TEMPLATES",
    "FEW_TEMPLATE_JOBS",
    "MAX_TEMPLATE_JOBS",
    "MIN_TEMPLATE_ROWS",
    "Circuit",
    "GradientRequest",
    "JobDraft",
    "Request",
    "Template",
    "arrange_jobs",
]

FEW_TEMPLATES = 16
"""Up to this many templates are sent as templates regardless of their size. Each needs an upload."""

FEW_TEMPLATE_JOBS = 4
"""Up to this many jobs of templates are submitted regardless of the size of the templates."""

MIN_TEMPLATE_ROWS = 8
"""Minimum number of rows for a template once either of the two limits above is exceeded."""

MAX_TEMPLATE_JOBS = 16
"""Maximum number of jobs of templates."""


@dataclass(frozen=True)
class GradientRequest:
    """What a circuit has to return if its derivatives are wanted.

    Attributes:
        observables: The observables whose values and derivatives are wanted.
    """

    observables: tuple[WeightedStrings, ...]


Request = int | tuple[str, ...] | GradientRequest
"""What a circuit has to return: counts of this many shots, the expectation values of these Pauli strings, or
values and derivatives.

The leftmost letter of a string acts on qubit 0.
"""


class Circuit(NamedTuple):
    """A circuit to run.

    Attributes:
        source: Its text.
        values: The value of each name in the text.
        request: What it has to return.
    """

    source: Source
    values: npt.NDArray[np.float64]
    request: Request

    @property
    def program(self) -> Program:
        """The program, with the values in place of the names."""
        text = resolve_template(self.source.text, self.source.names, self.values.tolist())
        return Program(text, self.source.num_qubits, self.source.num_clbits, ())


@dataclass(frozen=True, eq=False)
class Template:
    """Rows of one source.

    Attributes:
        source: The text; its names are those whose values differ between the rows.
        values: The values, shape (rows, names).
    """

    source: Source
    values: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class JobDraft:
    """A job to submit.

    Attributes:
        circuit_indices: Indices of the job's circuits in the list given to :func:`arrange_jobs`, in the job's
            order.
        requests: The request of each circuit. In a job of templates all of them are the same.
        templates: The templates; their rows, one template after the other, are the circuits. Empty for a job
            of bound circuits.
    """

    circuit_indices: tuple[int, ...]
    requests: tuple[Request, ...]
    templates: tuple[Template, ...] = ()


def arrange_jobs(circuits: Sequence[Circuit], *, max_rows: int | None = None) -> list[JobDraft]:
    """Distribute circuits over jobs.

    Args:
        circuits: The circuits.
        max_rows: How many rows of templates a job may hold, or ``None`` for any number.

    Returns:
        The jobs. Each circuit is in exactly one of them.
    """
    # Circuits that could share a template: those with the same source and request.
    sweeps: dict[tuple[Source, Request], list[int]] = {}
    for index, circuit in enumerate(circuits):
        sweeps.setdefault((circuit.source, circuit.request), []).append(index)
    templates_of_request: dict[Request, list[tuple[Source, list[int]]]] = {}
    for source, request in _select_templates(sweeps):
        indices = sweeps.pop((source, request))
        templates_of_request.setdefault(request, []).append((source, indices))
    drafts = [
        _template_draft(circuits, request, batch)
        for request, templates in templates_of_request.items()
        for batch in _split_rows(templates, max_rows)
    ]
    # All other circuits are sent as bound circuits.
    if sweeps:
        drafts.append(_bound_draft(circuits, [index for indices in sweeps.values() for index in indices]))
    return drafts


def _select_templates(sweeps: Mapping[tuple[Source, Request], list[int]]) -> list[tuple[Source, Request]]:
    """Choose the sweeps that are sent as templates."""
    # Derivatives need names, even those of a single row.
    gradients = [key for key in sweeps if isinstance(key[1], GradientRequest)]
    num_rows = {
        key: len(indices)
        for key, indices in sweeps.items()
        if (len(indices) > 1 or len(sweeps) == 1) and key[0].names and not isinstance(key[1], GradientRequest)
    }
    return gradients + _select_by_size(num_rows)


def _select_by_size(num_rows: Mapping[tuple[Source, Request], int]) -> list[tuple[Source, Request]]:
    """Choose the sweeps of values and counts that are sent as templates, given the number of their rows."""
    if len(num_rows) <= FEW_TEMPLATES and len({request for _, request in num_rows}) <= FEW_TEMPLATE_JOBS:
        return list(num_rows)
    large = [key for key, count in num_rows.items() if count >= MIN_TEMPLATE_ROWS]
    # Each request becomes a job of its own, so only the requests with the most rows are kept.
    rows_of_request = Counter[Request]()
    for key in large:
        rows_of_request[key[1]] += num_rows[key]
    kept = {request for request, _ in rows_of_request.most_common(MAX_TEMPLATE_JOBS)}
    return [key for key in large if key[1] in kept]


def _split_rows(
    templates: Sequence[tuple[Source, list[int]]], max_rows: int | None
) -> list[list[tuple[Source, list[int]]]]:
    """Split the rows of templates into batches of at most ``max_rows`` rows."""
    if max_rows is None:
        return [list(templates)]
    batches: list[list[tuple[Source, list[int]]]] = [[]]
    free = max_rows  # rows that the last batch can still take
    for source, indices in templates:
        rest = indices
        while rest:
            if not free:
                batches.append([])
                free = max_rows
            batches[-1].append((source, rest[:free]))
            rest, free = rest[free:], free - len(rest[:free])
    return batches


def _template_draft(
    circuits: Sequence[Circuit], request: Request, batch: Sequence[tuple[Source, list[int]]]
) -> JobDraft:
    members = tuple(index for _, indices in batch for index in indices)
    tables = [(source, np.stack([circuits[index].values for index in indices])) for source, indices in batch]
    # A constant angle has a derivative too, so its name is kept.
    fold = Template if isinstance(request, GradientRequest) else _fold_constants
    templates = tuple(fold(source, table) for source, table in tables)
    return JobDraft(members, (request,) * len(members), templates)


def _fold_constants(source: Source, values: npt.NDArray[np.float64]) -> Template:
    """Write values that are the same in all rows into the text, and remove their names."""
    if len(values) == 1:
        return Template(source, values)
    # Compare bits, not numbers: 0.0 and -0.0 are equal but are written differently.
    bits = values.view(np.int64)
    is_constant = (bits == bits[0]).all(axis=0)
    if is_constant.all():
        is_constant[0] = False  # a template needs at least one name
    if not is_constant.any():
        return Template(source, values)
    fixed = [name for name, constant in zip(source.names, is_constant, strict=True) if constant]
    free = tuple(name for name, constant in zip(source.names, is_constant, strict=True) if not constant)
    text = resolve_template(source.text, fixed, values[0, is_constant].tolist())
    return Template(replace(source, text=text, names=free), np.ascontiguousarray(values[:, ~is_constant]))


def _bound_draft(circuits: Sequence[Circuit], indices: Sequence[int]) -> JobDraft:
    """Draft a job of bound circuits in which circuits with the same request are neighbours."""
    by_request: dict[Request, list[int]] = {}
    for index in indices:
        by_request.setdefault(circuits[index].request, []).append(index)
    members = tuple(index for group in by_request.values() for index in group)
    return JobDraft(members, tuple(circuits[index].request for index in members))
