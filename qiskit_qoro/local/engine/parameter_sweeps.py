"""Expectation values for many rows of a template at once.

The engine can compile a circuit without measurements and then take a matrix of angles. For small circuits
that is ten to forty times faster than to write, read and run each row: :data:`MOST_QUBITS` is where the
advantage ends.

Which of the compiled circuit's parameters is which angle of the template is found out as the template
itself is read: numbers that stand out go in, and have to come out again. Whatever is not as simple as that
(an exotic method, noise, an angle that the engine computes with, an error in some row) is left to those who
run each row by itself and can tell what is wrong with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.engine import compile_program, is_plain_statevector
from qiskit_qoro.local.engine.pauli_strings import ask_words
from qiskit_qoro.local.engine.program import EngineProgram
from qiskit_qoro.local.engine.template_cache import Filling, Reader, Template
from qiskit_qoro.models.config import ExecutionConfig

__all__ = ["MOST_QUBITS", "Sweeper"]

MOST_QUBITS = 13
"""The widest program that is quicker with all rows at once."""

_KEPT = 8  # compiled templates, as many as the reader keeps

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Compiled:
    """A template as the engine compiled it.

    Attributes:
        filling: How its rows become programs.
        program: One of them, with some angles in it.
        evaluate: The engine's function: words and a matrix of parameters to a dict with a matrix of values.
        constants: A value for each parameter of the compiled circuit.
        parameters: Those that are an angle of the template,
        angles: and which one each of them is.
    """

    filling: Filling
    program: EngineProgram
    evaluate: Any
    constants: Floats
    parameters: npt.NDArray[np.intp]
    angles: npt.NDArray[np.intp]

    def values(self, words: Sequence[str], angles: Floats) -> Floats:
        """The value of each word for each row of angles."""
        parameters = np.tile(self.constants, (len(angles), 1))
        parameters[:, self.parameters] = angles[:, self.angles]
        values: Floats = np.asarray(self.evaluate(list(words), parameters)["expectation_values"])
        return values


class Sweeper:
    """Estimates rows of templates, and remembers the templates that it has compiled last.

    Args:
        reader: Reads the templates.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._compiled: OrderedDict[Template, _Compiled | None] = OrderedDict()

    def estimate(
        self,
        template: Template,
        rows: Sequence[Sequence[float]],
        words: Sequence[str],
        config: ExecutionConfig,
        *,
        device: str | None = None,
        memory_limit_bytes: int | None = None,
    ) -> Floats | None:
        """The expectation values of all rows, exact.

        Args:
            template: The template.
            rows: For each row one value for each name.
            words: Pauli words, as for :func:`~qiskit_qoro.local.engine.engine.expect`.
            config: Simulator and method.
            device: A QPU system whose noise is added.
            memory_limit_bytes: The most memory that a state vector may take.

        Returns:
            Values of shape (rows, words); ``None`` where each row has to be run by itself, be it to learn
            what is wrong with it.
        """
        try:
            compiled = self._compile(template)
            if compiled is None or not is_plain_statevector(
                compiled.program, config, device=device, memory_limit_bytes=memory_limit_bytes
            ):
                return None
            asked = ask_words(words, compiled.program)
            angles = _angles(compiled.filling, rows)
            values = compiled.values(asked.words, angles) if asked.words else np.empty((len(rows), 0))
        except (QoroError, RuntimeError, ValueError, MemoryError):
            return None
        if values.shape != (len(rows), len(asked.words)) or not np.isfinite(values).all():
            return None
        known = np.hstack([values, np.zeros((len(rows), 1)), np.ones((len(rows), 1))])
        return known[:, asked.places]

    def _compile(self, template: Template) -> _Compiled | None:
        if template not in self._compiled:
            filling = self._reader.filling(template, measure=False)
            self._compiled[template] = None if filling is None else _compile(filling)
            if len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(template)
        return self._compiled[template]


def _angles(filling: Filling, rows: Sequence[Sequence[float]]) -> Floats:
    """The value of each expression for each row; all of them are finite."""
    if filling.has_names_only:
        columns = [filling.template.names.index(name) for name in filling.expressions]
        angles = np.array(rows, dtype=np.float64)[:, columns]
    else:
        angles = np.array([filling.angles(row) for row in rows])
    if not np.isfinite(angles).all():
        raise QoroError("an angle is not finite")
    return angles


def _compile(filling: Filling) -> _Compiled | None:
    """Compile a template; ``None`` where its angles do not just pass through the engine's reader."""
    # The engine reads decimals to within a last bit. These have few digits, so it reads them exactly.
    first = [1 + (2 * place + 1) / 2048 for place in range(len(filling.expressions))]
    second = [-4 - angle for angle in first]
    program = filling.fill(first)
    if len(program.qubits) > MOST_QUBITS or program.trajectory:
        return None
    compiled, other = compile_program(program.text), compile_program(filling.fill(second).text)
    constants = np.array(compiled.parameters, dtype=np.float64)
    pairs = list(zip(constants.tolist(), np.array(other.parameters).tolist(), strict=True))
    place_of = {pair: place for place, pair in enumerate(zip(first, second, strict=True))}
    if any(pair not in place_of and pair[0] != pair[1] for pair in pairs):
        return None
    parameters = [number for number, pair in enumerate(pairs) if pair in place_of]
    angles = [place_of[pairs[number]] for number in parameters]
    return _Compiled(
        filling,
        program,
        compiled.expectation_values,
        constants,
        np.array(parameters, dtype=np.intp),
        np.array(angles, dtype=np.intp),
    )
