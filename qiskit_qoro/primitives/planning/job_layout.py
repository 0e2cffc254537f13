"""From the circuits that have to run to the fewest and smallest jobs.

A circuit is a source, its values, and what is asked of it: Pauli words, or shots. What the wire offers:

- a job of templates: several templates with their rows, all asked the same;
- a job of bound circuits: any circuits, each asked its own words or shots.

So the rows of one source that are asked the same travel as one template, templates that are asked the same
share a job, and all other circuits share one job of bound circuits. A sweep that asks something else of
every few rows would need a job for each. So only a few small templates travel as such; of many, those that
have more than a few rows do, and in no more than :data:`MOST_JOBS` jobs. A value that is the same in all
rows of a template is written into its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from qiskit_qoro.primitives.planning.programs import Source
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.wire.template_text import resolve_template

__all__ = [
    "FEW_JOBS",
    "FEW_ROWS",
    "FEW_TEMPLATES",
    "MOST_JOBS",
    "Ask",
    "Circuit",
    "JobDraft",
    "Template",
    "arrange",
]

FEW_TEMPLATES = 16
"""So many templates travel as such, whatever their size, in :data:`FEW_JOBS` jobs. Each needs an upload."""

FEW_JOBS = 4
"""So many jobs of templates are submitted, whatever their size."""

FEW_ROWS = 8
"""Of more templates, or for more jobs, those with so many rows are worth it."""

MOST_JOBS = 16
"""So many jobs of templates are submitted at most."""

Ask = int | tuple[str, ...]
"""What is asked of a circuit: shots, or Pauli words whose leftmost letter acts on qubit 0."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """A circuit that has to run.

    Attributes:
        source: Its text.
        values: The value of each name in the text.
        ask: What is to be found out about it.
    """

    source: Source
    values: npt.NDArray[np.float64]
    ask: Ask

    @property
    def program(self) -> Program:
        """The program with the values in it."""
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
    """A job to be submitted.

    Attributes:
        members: The circuits of the job, as places in the list that was arranged, in the job's order.
        asks: What is asked of each of them; of a job of templates, the same of all.
        templates: The templates, whose rows follow each other; empty for a job of bound circuits.
    """

    members: tuple[int, ...]
    asks: tuple[Ask, ...]
    templates: tuple[Template, ...] = ()


def arrange(circuits: Sequence[Circuit], *, most_rows: int | None = None) -> list[JobDraft]:
    """Arrange circuits into jobs.

    Args:
        circuits: The circuits.
        most_rows: How many rows of templates a job may hold, ``None`` for any number.

    Returns:
        The jobs. Each circuit is in exactly one of them.
    """
    sweeps: dict[tuple[Source, Ask], list[int]] = {}
    for place, circuit in enumerate(circuits):
        sweeps.setdefault((circuit.source, circuit.ask), []).append(place)
    by_ask: dict[Ask, list[tuple[Source, list[int]]]] = {}
    for key in _templates(sweeps):
        by_ask.setdefault(key[1], []).append((key[0], sweeps.pop(key)))
    drafts = [
        _template_draft(circuits, ask, parts)
        for ask, sources in by_ask.items()
        for parts in _batches(sources, most_rows)
    ]
    if sweeps:
        drafts.append(_bound_draft(circuits, [place for places in sweeps.values() for place in places]))
    return drafts


def _templates(sweeps: Mapping[tuple[Source, Ask], list[int]]) -> list[tuple[Source, Ask]]:
    """Which of the sweeps travel as templates."""
    several = {key: len(places) for key, places in sweeps.items() if len(places) > 1 and key[0].names}
    if len(several) <= FEW_TEMPLATES and len({ask for _, ask in several}) <= FEW_JOBS:
        return list(several)
    large = [key for key, num_rows in several.items() if num_rows >= FEW_ROWS]
    rows_of_ask = Counter[Ask]()
    for key in large:
        rows_of_ask[key[1]] += several[key]
    kept = {ask for ask, _ in rows_of_ask.most_common(MOST_JOBS)}
    return [key for key in large if key[1] in kept]


def _batches(
    sources: Sequence[tuple[Source, list[int]]], most_rows: int | None
) -> list[list[tuple[Source, list[int]]]]:
    """Cut the rows of templates so that none of the batches has more than it may."""
    if most_rows is None:
        return [list(sources)]
    batches: list[list[tuple[Source, list[int]]]] = [[]]
    room = most_rows
    for source, places in sources:
        rest = places
        while rest:
            if not room:
                batches.append([])
                room = most_rows
            batches[-1].append((source, rest[:room]))
            rest, room = rest[room:], room - len(rest[:room])
    return batches


def _template_draft(
    circuits: Sequence[Circuit], ask: Ask, parts: Sequence[tuple[Source, list[int]]]
) -> JobDraft:
    members = tuple(place for _, places in parts for place in places)
    templates = tuple(
        _folded(source, np.stack([circuits[place].values for place in places])) for source, places in parts
    )
    return JobDraft(members, (ask,) * len(members), templates)


def _folded(source: Source, values: npt.NDArray[np.float64]) -> Template:
    """A template without the names whose values are the same in all rows."""
    # Bytes tell 0.0 from -0.0, as texts do.
    bits = values.view(np.int64)
    same = (bits == bits[0]).all(axis=0)
    if same.all():
        same[0] = False  # a template has a name
    if not same.any():
        return Template(source, values)
    fixed = [name for name, is_same in zip(source.names, same, strict=True) if is_same]
    free = tuple(name for name, is_same in zip(source.names, same, strict=True) if not is_same)
    text = resolve_template(source.text, fixed, values[0, same].tolist())
    return Template(replace(source, text=text, names=free), np.ascontiguousarray(values[:, ~same]))


def _bound_draft(circuits: Sequence[Circuit], places: Sequence[int]) -> JobDraft:
    """Bound circuits, those that are asked the same next to each other."""
    order: dict[Ask, list[int]] = {}
    for place in places:
        order.setdefault(circuits[place].ask, []).append(place)
    members = tuple(place for places in order.values() for place in places)
    return JobDraft(members, tuple(circuits[place].ask for place in members))
