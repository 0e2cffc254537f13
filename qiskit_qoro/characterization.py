"""QUBO characterization for people: any usual form of the problem in, a readable result out."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit.exceptions import QiskitError
from rich.console import Console
from rich.table import Table

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.chunks import render
from qiskit_qoro.wire.qubo import MAX_FACTORED_VARIABLES, factored_to_json, qubo_from_json, terms_to_json

__all__ = ["CharacterizationResult", "Recommendation", "characterize", "encode_problem"]


@dataclass(frozen=True)
class Recommendation:
    """What the service advises.

    Attributes:
        level: ``info``, ``warn`` or ``action``.
        metric: The figure it is about.
        text: The advice, without markup.
    """

    level: str
    metric: str
    text: str


@dataclass(frozen=True)
class CharacterizationResult:
    """What the service found out about a QUBO.

    Figures that were not asked for, or that do not apply, are ``None``.

    Attributes:
        raw: The service's answer.
        html: The service's report, a self-contained fragment of HTML.
    """

    raw: Mapping[str, Any]
    html: str = ""

    @property
    def job_id(self) -> str:
        """The job that it belongs to; reading it again under this id is free."""
        return str(self.raw.get("job_id", ""))

    @property
    def status(self) -> str:
        """The status of the characterization, ``COMPLETED`` when it is done."""
        return str(self.raw.get("status", ""))

    @property
    def difficulty(self) -> str | None:
        """How hard the problem looks, in the service's words."""
        difficulty = self._hardness("difficulty")
        return None if difficulty is None else str(difficulty)

    @property
    def spectral_gap(self) -> float | None:
        """The gap in the spectrum of the problem's matrix."""
        return _number(self._hardness("spectral_gap", "matrix_spectral_gap"))

    @property
    def condition_number(self) -> float | None:
        """The condition number of the problem's matrix."""
        return _number(self._hardness("condition_number", "matrix_condition_number"))

    @property
    def num_qubits(self) -> int | None:
        """How many variables the problem has."""
        number = self._report("num_qubits")
        return None if number is None else int(number)

    @property
    def quality_score(self) -> float | None:
        """How well QAOA does at the best parameters found, 0 to 100."""
        return _number(self._report("quality_at_best", "quality_score"))

    @property
    def concentration_ratio(self) -> float | None:
        """How much likelier the reference states are than by chance."""
        return _number(self._report("concentration_at_best", "concentration_ratio"))

    @property
    def approximation_ratio(self) -> float | None:
        """How close the expected cost comes to the best one, 1 at best."""
        return _number(self._report("approximation_ratio"))

    @property
    def best_parameters(self) -> Mapping[str, Any] | None:
        """``gamma`` and ``beta`` with the best expected cost, in radians."""
        parameters = self._report("best_parameters")
        return parameters if isinstance(parameters, Mapping) else None

    @property
    def state_probabilities(self) -> dict[str, float]:
        """The likeliest states at the best parameters, and their probabilities."""
        return {
            str(item["state"]): float(item["probability"])
            for item in self._report("state_probabilities") or ()
        }

    @property
    def sensitivity(self) -> dict[int, float]:
        """How much the result depends on each variable."""
        items = self._report("structural_sensitivity", "sensitivity") or ()
        return {int(item["qubit"]): float(item["score"]) for item in items}

    @property
    def recommendations(self) -> list[Recommendation]:
        """What the service advises, in its order."""
        return [
            Recommendation(str(item.get("level")), str(item.get("metric")), str(item.get("text")))
            for item in self.raw.get("recommendations") or ()
        ]

    def summary(self) -> str:
        """The figures and the advice as text."""
        console = Console(width=100, no_color=True)
        with console.capture() as capture:
            self._print(console)
        return capture.get()

    def display(self) -> None:
        """Print the figures and the advice, in colour on a terminal."""
        self._print(Console())

    def _repr_html_(self) -> str:
        """The service's report, for notebooks."""
        return self.html

    def _print(self, console: Console) -> None:
        console.print(f"Characterization {self.job_id}: {self.status}", markup=False)
        table = Table(box=None, show_header=False)
        for name in _FIGURES:
            value = getattr(self, name)
            if value is not None:
                table.add_row(name.replace("_", " "), _shown(value))
        if table.rows:
            console.print(table)
        for advice in self.recommendations:
            console.print(f"{advice.level}: {advice.text}", markup=False, highlight=False)

    def _hardness(self, *names: str) -> Any:
        return _first(self.raw.get("hardness"), names)

    def _report(self, *names: str) -> Any:
        return _first(self.raw.get("report"), names)


_FIGURES = (
    "num_qubits",
    "difficulty",
    "spectral_gap",
    "condition_number",
    "quality_score",
    "concentration_ratio",
    "approximation_ratio",
    "best_parameters",
)


def characterize(
    problem: object = None,
    *,
    service: QoroService,
    target_states: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    job_id: str | None = None,
    tag: str = "characterize",
) -> CharacterizationResult:
    """Characterize a QUBO, or read an earlier result for free.

    Args:
        problem: The objective, which is minimised: a matrix ``Q`` of ``xᵀQx`` (NumPy, or SciPy sparse), a
            dict from indices to coefficients (keys ``"0,1"``, ``(0, 1)`` or ``0``), the envelope
            ``factored_v1``, or a ``QuadraticProgram`` of qiskit-optimization. A program's constraints
            become penalties, its maximum a minimum, and its constant is left out.
        service: The client to ask.
        target_states: Bitstrings to evaluate against; the character at place i is variable i.
        options: Passed on to the service.
        job_id: An earlier characterization to read, in place of a problem.
        tag: A name for the job.

    Raises:
        QoroInputError: The problem or an argument cannot be used.
        QoroAPIError: The service answered with an error.
        QoroConnectionError: There was no answer.
    """
    if job_id is None:
        encoded, variables = encode_problem(problem)
        # The form with comma keys does not tell of variables beyond the last one that occurs.
        if options is None or isinstance(options, Mapping):
            options = {"n_qubits": variables, **(options or {})}
        raw = service.characterize_and_validate(
            encoded, target_states=target_states, options=options, tag=tag
        )
        job_id = str(raw.get("job_id"))
    else:
        raw = service.characterize_and_validate(job_id=job_id)
    return CharacterizationResult(raw, service.fetch_characterization_report(job_id))


def encode_problem(problem: object) -> tuple[dict[str, Any], int]:
    """A problem as it travels, in the smaller of the two forms, and its number of variables.

    Args:
        problem: As for :func:`characterize`.

    Raises:
        QoroInputError: It is none of the forms that are known, or malformed.
    """
    if isinstance(problem, Mapping) and "_format" in problem:
        try:
            return dict(problem), qubo_from_json(problem).num_variables
        except WireError as error:
            raise QoroInputError(str(error)) from error
    polynomial = _polynomial(problem)
    terms = terms_to_json(polynomial)
    if polynomial.degree > 2 or polynomial.num_variables > MAX_FACTORED_VARIABLES:
        return terms, polynomial.num_variables
    factored = factored_to_json(polynomial.matrix)
    smaller = min(terms, factored, key=lambda form: len(render(form)))
    return smaller, polynomial.num_variables


def _polynomial(problem: Any) -> Polynomial:
    if isinstance(problem, Mapping):
        return _from_mapping(problem)
    if hasattr(problem, "objective") and hasattr(problem, "variables"):
        return _from_program(problem)
    if hasattr(problem, "tocoo"):
        return _from_sparse(problem.tocoo())
    expected = f"expected a dict, a matrix or a QuadraticProgram, got {type(problem).__name__}"
    try:
        matrix = np.asarray(problem)
        if not np.iscomplexobj(matrix):
            matrix = matrix.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise QoroInputError(expected) from error
    if not matrix.ndim:
        raise QoroInputError(expected)
    _check_real(matrix)
    return Polynomial.from_matrix(matrix)


def _from_sparse(matrix: Any) -> Polynomial:
    """A sparse matrix in coordinates, which may be far too wide to be written out."""
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise QoroInputError(f"the matrix has the shape {matrix.shape}, expected a square")
    _check_real(matrix)
    terms: dict[tuple[int, ...], float] = {}
    for row, column, value in zip(matrix.row, matrix.col, matrix.data, strict=True):
        if value:
            term = tuple(sorted({int(row), int(column)}))
            terms[term] = terms.get(term, 0.0) + float(value)
    return Polynomial(matrix.shape[0], terms)


def _check_real(matrix: Any) -> None:
    if np.issubdtype(matrix.dtype, np.complexfloating):
        raise QoroInputError(f"the matrix has entries of the type {matrix.dtype}, expected real numbers")


def _from_mapping(problem: Mapping[Any, Any]) -> Polynomial:
    terms: dict[tuple[int, ...], float] = {}
    for key, coefficient in problem.items():
        try:
            indices = key.split(",") if isinstance(key, str) else key if isinstance(key, tuple) else (key,)
            term = tuple(sorted({_index(index) for index in indices}))
            terms[term] = terms.get(term, 0.0) + float(coefficient)
        except (TypeError, ValueError) as error:
            raise QoroInputError(
                f"the term {key!r}: {coefficient!r} is not understood; expected indices of variables, as "
                "'0,1', (0, 1) or 0, and a number"
            ) from error
    if not terms:
        raise QoroInputError("the problem has no term")
    if () in terms:
        raise QoroInputError(
            "the problem has a constant, the term (): leave it out, it moves all costs alike"
        )
    return Polynomial(1 + max(index for term in terms for index in term), terms)


def _index(index: Any) -> int:
    number = int(index) if isinstance(index, str) else operator.index(index)
    if number < 0:
        raise ValueError(number)
    return number


def _from_program(program: Any) -> Polynomial:
    """A program of qiskit-optimization; that package turns constraints into penalties."""
    from qiskit_optimization.converters import QuadraticProgramToQubo  # noqa: PLC0415 - not required

    try:
        objective = QuadraticProgramToQubo().convert(program).objective
    except QiskitError as error:
        raise QoroInputError(f"the program cannot be made a QUBO: {error.message}") from error
    matrix = objective.quadratic.to_array(symmetric=True) + np.diag(objective.linear.to_array())
    return Polynomial.from_matrix(matrix)


def _first(section: object, names: Sequence[str]) -> Any:
    if not isinstance(section, Mapping):
        return None
    return next((section[name] for name in names if section.get(name) is not None), None)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(item)}" for name, item in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)
