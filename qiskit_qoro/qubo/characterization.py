"""Characterize a QUBO: :func:`characterize` accepts many forms of a problem and returns a readable result."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from qiskit_qoro.display.progress_screens import find_kernel_shell
from qiskit_qoro.display.reprs import short_text
from qiskit_qoro.errors import NotFoundError, QoroInputError, WireError
from qiskit_qoro.models.loose import read_integer, read_number, read_text
from qiskit_qoro.qubo.problem_forms import encode_problem
from qiskit_qoro.qubo_analysis.report.report_reading import items_of, read_scores, read_states
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.fields import as_object, readable_items, shown

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

__all__ = ["CharacterizationResult", "Recommendation", "characterize"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recommendation:
    """A recommendation of the service.

    Attributes:
        level: ``info``, ``warn`` or ``action``; ``info`` if the service gives none.
        metric: The value that it is based on, empty if the service gives none.
        text: The recommendation, without markup.
    """

    level: str
    metric: str
    text: str


@dataclass(frozen=True, repr=False)
class CharacterizationResult:
    """The characterization of a QUBO. ``print`` shows its :meth:`summary`, and a notebook shows a card.

    Values that were not requested, that do not apply or that cannot be read are ``None``. Items of lists that
    cannot be read are left out with a warning in the log. :attr:`raw` has everything.

    Attributes:
        raw: The answer of the service.
        html: The report of the service, a self-contained HTML fragment.
    """

    raw: Mapping[str, Any]
    html: str = ""

    @property
    def job_id(self) -> str:
        """The job of the characterization. Reading it again with this identifier is free."""
        return read_text(self.raw.get("job_id")) or ""

    @property
    def status(self) -> str:
        """The status of the characterization, ``COMPLETED`` if it is done."""
        return read_text(self.raw.get("status")) or ""

    @property
    def difficulty(self) -> str | None:
        """The difficulty of the problem, as the service names it, for example ``easy``."""
        return read_text(self._hardness("difficulty"))

    @property
    def spectral_gap(self) -> float | None:
        """The spectral gap of the problem's matrix."""
        return _number(self._hardness("spectral_gap", "matrix_spectral_gap"))

    @property
    def condition_number(self) -> float | None:
        """The condition number of the problem's matrix."""
        return _number(self._hardness("condition_number", "matrix_condition_number"))

    @property
    def num_qubits(self) -> int | None:
        """The number of variables of the problem."""
        return read_integer(self._report("num_qubits"))

    @property
    def quality_score(self) -> float | None:
        """The quality of QAOA at the best parameters that were found, from 0 to 100."""
        return _number(self._report("quality_at_best", "quality_score"))

    @property
    def concentration_ratio(self) -> float | None:
        """The probability of the reference states relative to a uniform distribution."""
        return _number(self._report("concentration_at_best", "concentration_ratio"))

    @property
    def approximation_ratio(self) -> float | None:
        """The approximation ratio of the expected cost. 1 is the optimum."""
        return _number(self._report("approximation_ratio"))

    @property
    def best_parameters(self) -> Mapping[str, Any] | None:
        """The ``gamma`` and ``beta`` with the best expected cost, in radians."""
        parameters = self._report("best_parameters")
        return parameters if isinstance(parameters, Mapping) else None

    @property
    def state_probabilities(self) -> dict[str, float]:
        """The most probable states at the best parameters, as bitstring to probability."""
        states = read_states(self._report("state_probabilities"))
        return {state.state: state.probability for state in states}

    @property
    def sensitivity(self) -> dict[int, float]:
        """Variable index to the sensitivity of the result to that variable."""
        return dict(read_scores(self._report("structural_sensitivity", "sensitivity")))

    @property
    def recommendations(self) -> list[Recommendation]:
        """The recommendations, in the order of the service."""
        items = self.raw.get("recommendations")
        if isinstance(items, Mapping):
            # Either one recommendation, or recommendations by the value that they are based on.
            items = [items] if "text" in items else items_of(items, key="metric", value="text")
        elif not isinstance(items, list | tuple):
            items = [] if items is None else [items]
        return readable_items(items, "recommendations", _read_recommendation)

    def summary(self) -> str:
        """Return the most important values and the recommendations as plain text, 60 columns wide."""
        return f"{_views().summary(self, _SUMMARY_WIDTH).plain}\n"

    def display(self) -> None:
        """Show the card in a notebook. Elsewhere, print the summary, in colour on a terminal."""
        shell = find_kernel_shell()
        if shell is not None:
            shell.display_pub.publish({"text/plain": str(self), "text/html": self._repr_html_()})
            return
        from rich.console import Console  # noqa: PLC0415 - importing it takes a moment

        Console().print(self)

    def __repr__(self) -> str:
        shown = {"job_id": self.job_id, "status": self.status, "difficulty": self.difficulty}
        values = (f"{name}={short_text(value)!r}" for name, value in shown.items() if value)
        return f"CharacterizationResult({', '.join(values)})"

    def __str__(self) -> str:
        return self.summary().rstrip()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield _views().summary(self, options.max_width)

    def _repr_html_(self) -> str:
        return str(_views().card(self).to_html())

    # Services differ in the names of some values, so several names are tried in order.

    def _hardness(self, *names: str) -> Any:
        return _first_value(self.raw.get("hardness"), names)

    def _report(self, *names: str) -> Any:
        return _first_value(self.raw.get("report"), names)


_SUMMARY_WIDTH = 60


def characterize(
    problem: object = None,
    *,
    service: QoroService,
    target_states: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    job_id: str | None = None,
    tag: str = "characterize",
) -> CharacterizationResult:
    """Characterize a QUBO, or read an earlier characterization for free.

    ::

        >>> from qiskit_qoro import QoroProvider, characterize
        >>> problem = {(0, 0): -1, (1, 1): -1, (0, 1): 2}
        >>> characterize(problem, service=QoroProvider.local().service).difficulty
        'easy'

    Args:
        problem: The objective to minimise. It is a matrix ``Q`` of ``xᵀQx`` (NumPy or SciPy sparse), a dict
            from indices to coefficients (with keys ``"0,1"``, ``(0, 1)`` or ``0``), a ``factored_v1`` object,
            or a ``QuadraticProgram`` of qiskit-optimization. The constraints of a program become penalties, a
            maximization becomes a minimization, and a constant is dropped.
        service: The client of the service.
        target_states: Bitstrings to evaluate against. The character at index ``i`` is variable ``i``.
        options: Options of the service.
        job_id: The job of an earlier characterization to read, instead of ``problem``.
        tag: A name for the job.

    Raises:
        QoroInputError: The problem or an argument is invalid.
        JobFailedError: The service could not analyse the problem.
        QoroAPIError: The service answered with an error.
        QoroConnectionError: There was no answer.
    """
    if not hasattr(service, "characterize_and_validate"):
        raise QoroInputError(
            f"service is a {type(service).__name__}, expected a QoroService: pass the service of a provider, "
            "provider.service"
        )
    if job_id is None:
        encoded, variables = encode_problem(problem)
        # The form with comma keys does not contain variables after the last one that has a coefficient.
        if options is None or isinstance(options, Mapping):
            options = {"n_qubits": variables, **(options or {})}
        raw = service.characterize_and_validate(
            encoded, target_states=target_states, options=options, tag=tag
        )
    else:
        raw = service.characterize_and_validate(job_id=job_id)
    result = CharacterizationResult(raw)
    try:
        return replace(result, html=service.fetch_characterization_report(job_id or result.job_id))
    except NotFoundError as error:  # the report only repeats the result
        _log.warning("the characterization has no report: %s", error)
        return result


def _views() -> ModuleType:
    """Import the module that shows results. Most programs do not show any."""
    from qiskit_qoro.qubo import characterization_views  # noqa: PLC0415 - as above

    return characterization_views


def _first_value(section: object, names: Sequence[str]) -> Any:
    if not isinstance(section, Mapping):
        return None
    return next((section[name] for name in names if section.get(name) is not None), None)


def _number(value: Any) -> float | None:
    # Infinity is the condition number of a singular matrix.
    return value if isinstance(value, float) else read_number(value)


def _read_recommendation(item: object) -> Recommendation:
    if isinstance(item, str):
        item = {"text": item}
    fields = as_object(item, "recommendation")
    level, metric, text = (read_text(fields.get(key)) for key in ("level", "metric", "text"))
    if not text:
        raise WireError(f"expected a text, got {shown(item)}")
    return Recommendation(level or "info", metric or "", text)
