"""Estimate expectation values or sample counts for many rows of a template at once.

The engine can compile a circuit without measurements once, and then evaluate it for a matrix of angles. For
small circuits that is many times faster than writing, parsing and running each row.
:data:`MAX_QUBITS` and :data:`MAX_SAMPLED_QUBITS` are the widths up to which it is faster.

The engine numbers the parameters of a compiled circuit in its own way. To find out which parameter is which
angle of the template, the template is compiled twice with different marker values, and the parameters are
compared with them.

In all other cases the result is ``None``, and the caller runs each row singly: other methods, noise, counts
with a seed, measurements that are not final, angles that the engine changes, and errors. A single run can
also report which row fails, and why.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.compiled.sampling import FinalMeasurements, Integers, split_measurements
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.pauli_strings import reduce_pauli_strings
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import check_shots, compile_program, plain_statevector
from qiskit_qoro.local.engine.template_cache import PreparedTemplate, Template, TemplateCache
from qiskit_qoro.models.jobs import ResultDetails

__all__ = ["MAX_QUBITS", "MAX_SAMPLED_QUBITS", "SweepRunner"]

MAX_QUBITS = 13
"""The maximum width of a program whose rows are estimated together."""

MAX_SAMPLED_QUBITS = 12
"""The maximum width of a program whose rows are sampled together."""

# Compiled templates to keep, as many as the template cache keeps.
_CACHE_SIZE = 8

# The rows run singly after these, so that each has its own result or error.
_FAILURES = (QoroError, RuntimeError, ValueError, MemoryError)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _CompiledTemplate:
    """A template that the engine has compiled.

    Attributes:
        prepared: The template, prepared for its rows.
        program: The engine program for some values.
        evaluate: The engine's function. It takes Pauli strings and a matrix of parameters.
        constants: A value for each parameter of the compiled circuit. Those in ``parameters`` are
            overwritten.
        parameters: The indices of the compiled parameters that are angles of the template.
        angles: For each of ``parameters``, the index of the template's angle.
        measurements: The final measurements, or ``None`` if the template was compiled for estimates.
    """

    prepared: PreparedTemplate
    program: EngineProgram
    evaluate: Any
    constants: Floats
    parameters: npt.NDArray[np.intp]
    angles: npt.NDArray[np.intp]
    measurements: FinalMeasurements | None

    def values(self, pauli_strings: Sequence[str], rows: Sequence[Sequence[float]]) -> Floats:
        """Compute the value of each Pauli string for each row of values of the names."""
        answer = self.evaluate(list(pauli_strings), self.compiled_parameters(rows))
        values: Floats = np.asarray(answer["expectation_values"])
        return values

    def compiled_parameters(self, rows: Sequence[Sequence[float]]) -> Floats:
        """Return the parameters of the compiled circuit for each row of values of the names.

        Raises:
            QoroError: An angle has no value, or one that is not finite.
        """
        angles = _angles(self.prepared, rows)
        parameters = np.tile(self.constants, (len(angles), 1))
        parameters[:, self.parameters] = angles[:, self.angles]
        return parameters


class SweepRunner:
    """Estimates or samples the rows of templates, and caches the compiled templates.

    Args:
        cache: Prepares the templates.
    """

    def __init__(self, cache: TemplateCache) -> None:
        self._cache = cache
        # The keys are a template and whether it is sampled. Least recently used first. None marks a template
        # that cannot be compiled.
        self._compiled: OrderedDict[tuple[Template, bool], _CompiledTemplate | None] = OrderedDict()

    def estimate(
        self,
        template: Template,
        rows: Sequence[Sequence[float]],
        pauli_strings: Sequence[str],
        settings: EngineSettings,
        *,
        memory_limit_bytes: int | None = None,
    ) -> tuple[Floats, ResultDetails] | None:
        """Compute the exact expectation values of all rows.

        Args:
            template: The template.
            rows: For each row, one value for each name of the template.
            pauli_strings: As for :func:`~qiskit_qoro.local.engine.simulator.estimate`.
            settings: The options and the noise.
            memory_limit_bytes: The maximum memory of a state vector.

        Returns:
            Values of shape (rows, Pauli strings), and the details that all of them share. ``None`` if the
            rows have to run singly, either because this method does not support them or because a row has an
            error.
        """
        try:
            compiled = self._compile(template, sampled=False)
            if compiled is None:
                return None
            choice = plain_statevector(
                compiled.program, settings, sampling=False, memory_limit_bytes=memory_limit_bytes
            )
            if choice is None:
                return None
            reduced = reduce_pauli_strings(pauli_strings, compiled.program)
            if reduced.pauli_strings:
                values = compiled.values(reduced.pauli_strings, rows)
            else:
                _angles(compiled.prepared, rows)  # an angle may have no value
                values = np.empty((len(rows), 0))
        except _FAILURES:
            return None
        if values.shape != (len(rows), len(reduced.pauli_strings)) or not np.isfinite(values).all():
            return None
        # As ReducedPauliStrings.expand does for one row.
        known = np.hstack([values, np.zeros((len(rows), 1)), np.ones((len(rows), 1))])
        return known[:, reduced.positions], choice.details

    def sample(
        self,
        template: Template,
        rows: Sequence[Sequence[float]],
        shots: Sequence[int],
        settings: EngineSettings,
        *,
        rng: np.random.Generator | None = None,
        memory_limit_bytes: int | None = None,
    ) -> tuple[FinalMeasurements, Integers, ResultDetails] | None:
        """Sample the final measurements of all rows.

        Args:
            template: The template.
            rows: As for :meth:`estimate`.
            shots: The number of shots of each row.
            settings: The options and the noise.
            rng: Draws the counts. By default a generator with a random seed.
            memory_limit_bytes: As for :meth:`estimate`.

        Returns:
            The measurements, the counts of shape (rows, outcomes), and the details that all rows share.
            ``None`` as for :meth:`estimate`, and if there is a seed, because the engine's counts for a seed
            are others.
        """
        if settings.seed is not None:
            return None
        try:
            for number in shots:
                check_shots(number)
            compiled = self._compile(template, sampled=True)
            if compiled is None or compiled.measurements is None:
                return None
            choice = plain_statevector(
                compiled.program, settings, sampling=True, memory_limit_bytes=memory_limit_bytes
            )
            if choice is None:
                return None
            counts = compiled.measurements.sample(
                compiled.evaluate,
                np.array(shots, np.int64),
                compiled.compiled_parameters(rows),
                np.random.default_rng() if rng is None else rng,
            )
        except _FAILURES:
            return None
        return compiled.measurements, counts, choice.details

    def _compile(self, template: Template, *, sampled: bool) -> _CompiledTemplate | None:
        key = (template, sampled)
        if key not in self._compiled:
            prepared = self._cache.prepare(template, measure=sampled)
            self._compiled[key] = None if prepared is None else _compile(prepared, sampled=sampled)
            if len(self._compiled) > _CACHE_SIZE:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        return self._compiled[key]


def _angles(prepared: PreparedTemplate, rows: Sequence[Sequence[float]]) -> Floats:
    """Compute the value of each angle expression for each row.

    Raises:
        QoroError: An expression has no value, or one that is not finite.
    """
    if prepared.name_indices is not None:
        angles = np.array(rows, dtype=np.float64)[:, prepared.name_indices]
    else:
        angles = np.array([prepared.angles(row) for row in rows])
    if not np.isfinite(angles).all():
        raise QoroError("an angle is not finite")
    return angles


def _compile(prepared: PreparedTemplate, *, sampled: bool) -> _CompiledTemplate | None:
    """Compile a template; return ``None`` if the engine does not use every angle unchanged."""
    # The engine parses decimals with an error in the last bit. These markers have few binary digits, so that
    # it parses them exactly.
    first = [1 + (2 * index + 1) / 2048 for index in range(len(prepared.expressions))]
    second = [-4 - angle for angle in first]
    program, other_program = prepared.fill(first), prepared.fill(second)
    if len(program.qubits) > (MAX_SAMPLED_QUBITS if sampled else MAX_QUBITS) or program.randomness:
        return None
    text, other_text, measurements = program.text, other_program.text, None
    if sampled:
        split, other_split = split_measurements(program), split_measurements(other_program)
        if split is None or other_split is None:
            return None
        text, measurements = split
        other_text, _ = other_split
    compiled, other = compile_program(text), compile_program(other_text)
    constants = np.array(compiled.parameters, dtype=np.float64)
    # A parameter that is an angle of the template has that angle's marker both times. A constant has the same
    # value both times. Any other parameter was computed from an angle.
    pairs = list(zip(constants.tolist(), np.array(other.parameters).tolist(), strict=True))
    angle_of = {pair: index for index, pair in enumerate(zip(first, second, strict=True))}
    if any(pair not in angle_of and pair[0] != pair[1] for pair in pairs):
        return None
    parameters = [index for index, pair in enumerate(pairs) if pair in angle_of]
    angles = [angle_of[pairs[index]] for index in parameters]
    return _CompiledTemplate(
        prepared,
        program,
        compiled.expectation_values,
        constants,
        np.array(parameters, dtype=np.intp),
        np.array(angles, dtype=np.intp),
        measurements,
    )
