"""What came of a job: its circuits with their outcomes, or the characterization of a QUBO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = [
    "CharacterizationView",
    "CircuitRow",
    "CircuitView",
    "CircuitsPage",
    "Counts",
    "Failure",
    "Gradients",
    "Outcome",
    "StateValues",
    "Values",
]


@dataclass(frozen=True)
class CircuitRow:
    """A circuit in a list.

    Attributes:
        position: Its position in the job, from 0.
        name: Its name.
        status: ``COMPLETED``, ``FAILED``, ``RUNNING``, ``PENDING``, or ``CANCELLED``.
        shots: Its shots, or ``None`` if it takes none or they are unknown.
        summary: The result in a few words, or why it failed.
    """

    position: int
    name: str
    status: str
    shots: int | None = None
    summary: str = ""


@dataclass(frozen=True)
class CircuitsPage:
    """Some circuits of a job, in order.

    Attributes:
        rows: The circuits.
        total: The number of circuits of the job that meet the condition.
        by_status: Status to number of circuits. It is empty if unknown.
        is_loading: Whether the results of these circuits are still being fetched, as for a job.
    """

    rows: Sequence[CircuitRow]
    total: int
    by_status: Mapping[str, int] = field(default_factory=dict)
    is_loading: bool = False


@dataclass(frozen=True)
class Counts:
    """Counts of a circuit.

    Attributes:
        counts: Outcome to count, the most frequent ones first. Outcomes are written as Qiskit writes them:
            classical bit 0 is rightmost, and a space separates two registers.
        shots: The sum of all counts.
        num_left_out: The number of outcomes that are left out.
        note: A sentence that says which register is where; empty if there is one register, or if unknown.
    """

    counts: Mapping[str, int]
    shots: int
    num_left_out: int = 0
    note: str = ""


@dataclass(frozen=True)
class Values:
    """Expectation values of a circuit.

    Attributes:
        values: Pauli string to value.
        errors: Pauli string to standard error, as far as known.
        num_left_out: The number of Pauli strings that are left out.
        note: A sentence that says which letter of a Pauli string acts on qubit 0; empty if unknown.
        short_names: Long Pauli string to a short form for charts and lists, such as ``Z0 X69``.
    """

    values: Mapping[str, float]
    errors: Mapping[str, float] = field(default_factory=dict)
    num_left_out: int = 0
    note: str = ""
    short_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gradients:
    """Expectation values of a circuit and their gradients.

    Attributes:
        values: Observable to value.
        gradients: For each observable, parameter to derivative.
        num_left_out: The number of observables that are left out.
        num_parameters_left_out: The number of parameters that are left out of each gradient.
        note: A sentence that says which letter of a Pauli string acts on qubit 0; empty if unknown.
    """

    values: Mapping[str, float]
    gradients: Mapping[str, Mapping[str, float]]
    num_left_out: int = 0
    num_parameters_left_out: int = 0
    note: str = ""


@dataclass(frozen=True)
class StateValues:
    """A part of what a job computed of a state.

    Attributes:
        description: What it is, such as ``state vector, 3 qubits``.
        headings: The headings of the table.
        rows: The most important entries, as text.
        num_left_out: The number of entries that are left out.
        probabilities: Outcome to probability, for a chart; empty if the values have none.
        series: Pauli string to its value after each repetition, for a chart; empty if the values have none.
    """

    description: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    num_left_out: int = 0
    probabilities: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why a circuit has no result."""

    reason: str


Outcome = Counts | Values | Gradients | StateValues | Failure
"""What came of a circuit."""


@dataclass(frozen=True)
class CircuitView:
    """A circuit of a job.

    Attributes:
        row: What a list shows of it.
        outcome: What came of it, or ``None`` if there is nothing yet.
        program: Its OpenQASM text, or ``None`` if it is not known any more. A row of a template has the text
            of the template.
        parameters: Name and value of the parameters of a row of a template.
        method: The simulation method and why it was chosen; empty if unknown.
        metadata: Name and value of what the service tells about the simulation.
    """

    row: CircuitRow
    outcome: Outcome | None
    program: str | None
    parameters: Mapping[str, float] = field(default_factory=dict)
    method: str = ""
    metadata: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class CharacterizationView:
    """The characterization of a QUBO.

    Attributes:
        figures: Name and value of the key figures.
        groups: Heading and figures of each group of figures. A figure is a name, a value, and a unit or
            meaning.
        pictures: Title, caption and SVG of the charts, such as the landscape. The SVG is our own.
        recommendations: Level (``info``, ``warn`` or ``action``) and text of what the analysis recommends.
        has_report: Whether there is an HTML report.
    """

    figures: Sequence[tuple[str, str]]
    groups: Sequence[tuple[str, Sequence[tuple[str, str, str]]]] = ()
    pictures: Sequence[tuple[str, str, str]] = ()
    recommendations: Sequence[tuple[str, str]] = ()
    has_report: bool = False
