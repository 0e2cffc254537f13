"""QUBO characterization for people: any usual form of the problem in, a readable result out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from qiskit_qoro.qubo.problem_forms import encode_problem
from qiskit_qoro.service import QoroService

__all__ = ["CharacterizationResult", "Recommendation", "characterize"]


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
