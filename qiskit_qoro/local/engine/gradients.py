"""Values and gradients of templates: check that a template has them, prepare it, and compute its rows.

A gradient is exact, and needs the state vector of a circuit without noise and without randomness. Every angle
with a name has to be the name alone. A client that has expressions as angles, such as ``2*theta``, gives each
of them a name, and applies the chain rule.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.adjoint.circuit import AdjointCircuit, GateCall
from qiskit_qoro.local.engine.adjoint.pauli_sum import PauliSum
from qiskit_qoro.local.engine.analysis.costs import gradient_bytes
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.methods import default_memory_limit
from qiskit_qoro.local.engine.pauli_strings import reduce_pauli_strings
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.supported import requested_method
from qiskit_qoro.local.engine.template_cache import PreparedTemplate, Template, TemplateCache
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.gradients import MAX_NUMBERS, WeightedStrings

__all__ = ["MAX_QUBITS", "GradientEstimator"]

MAX_QUBITS = 24
"""The maximum number of busy qubits of a circuit with a gradient."""

# At most so many prepared templates are kept, and at most so much memory of them.
_CACHE_SIZE = 8
_CACHE_BYTES = 1 << 27
_BYTES_PER_AMPLITUDE = 16
_COPIES = 3  # temporary arrays, as large as a state
_BLOCK_BYTES = 1 << 26

_LINE = re.compile(r"(\w+)(?:\(([^)]*)\))? (q\[[^;]*);")
_NUMBER = re.compile(r"\d+")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _PreparedGradient:
    """A template that is ready for its rows.

    Attributes:
        program: The program without its text.
        circuit: Its gates.
        names: For each free angle, the index of its name.
    """

    program: EngineProgram
    circuit: AdjointCircuit
    names: tuple[int, ...]


class GradientEstimator:
    """Computes gradients, and caches the prepared templates.

    Args:
        cache: Prepares the templates.
        block_bytes: Rows are computed in blocks. The states of a block take about this much memory.
        cache_bytes: The maximum memory of prepared templates, unless a single one takes more.
    """

    def __init__(
        self, cache: TemplateCache, *, block_bytes: int = _BLOCK_BYTES, cache_bytes: int = _CACHE_BYTES
    ) -> None:
        self._cache = cache
        self._block_bytes = block_bytes
        self._cache_bytes = cache_bytes
        self._prepared: OrderedDict[Template, _PreparedGradient] = OrderedDict()  # least recently used first
        # The observables of the last call, because an optimizer repeats them in each of its jobs.
        self._last_key: tuple[object, ...] | None = None
        self._last_sums: list[tuple[PauliSum, float]] = []

    @property
    def num_prepared(self) -> int:
        """The number of templates that are kept."""
        return len(self._prepared)

    # Weights may be so large that sums of them overflow. The result is checked at the end.
    @np.errstate(over="ignore", invalid="ignore")
    def estimate(
        self,
        template: Template,
        rows: Sequence[Sequence[float]],
        observables: Sequence[WeightedStrings],
        settings: EngineSettings,
        *,
        memory_limit_bytes: int | None = None,
    ) -> tuple[Floats, Floats]:
        """Compute the value of each observable for each row, and its derivatives by all names.

        Args:
            template: The template.
            rows: For each row, one finite number for each name of the template.
            observables: The observables. The leftmost letter of a Pauli string is on qubit 0. Shorter strings
                act on the first qubits.
            settings: The options and the noise.
            memory_limit_bytes: The maximum memory of the state vectors. By default half of the free memory.

        Returns:
            The values, shape (rows, observables), and the derivatives, shape (rows, observables, names).

        Raises:
            QoroInputError: The template, an observable or the settings do not permit a gradient. The message
                says why.
        """
        _check_settings(settings)
        numbers = len(observables) * (len(template.names) + 1)
        if numbers > MAX_NUMBERS:
            raise QoroInputError(
                f"{len(observables)} observables and {len(template.names)} names give {numbers} numbers for "
                f"each circuit, expected at most {MAX_NUMBERS}: use several jobs with fewer observables"
            )
        prepared = self._prepare(template, rows[0])
        program = prepared.program
        limit = default_memory_limit() if memory_limit_bytes is None else memory_limit_bytes
        state_bytes = _check_width(program, limit)
        angles = np.array(rows, dtype=np.float64)[:, list(prepared.names)]
        values = np.empty((len(rows), len(observables)))
        gradients = np.zeros((len(rows), len(observables), len(template.names)))
        # If not all observables fit, they are computed in several passes.
        num_at_once = max(1, limit // (_COPIES * state_bytes) - 1)
        for first in range(0, len(observables), num_at_once):
            block = slice(first, first + num_at_once)
            sums = self._pauli_sums(tuple(observables[block]), program)
            step = max(1, self._block_bytes // ((len(sums) + 1) * state_bytes))
            for start in range(0, len(rows), step):
                some = slice(start, start + step)
                values[some, block], by_angle = prepared.circuit.values_and_gradients(
                    [item for item, _ in sums], angles[some]
                )
                for index, name in enumerate(prepared.names):
                    gradients[some, block, name] += by_angle[:, :, index]
            values[:, block] += [constant for _, constant in sums]
        if not (np.isfinite(values).all() and np.isfinite(gradients).all()):
            raise QoroInputError("a value or a derivative is not finite: use smaller weights")
        return values, gradients

    def _pauli_sums(
        self, observables: tuple[WeightedStrings, ...], program: EngineProgram
    ) -> list[tuple[PauliSum, float]]:
        """Return observables on the busy qubits, and the parts that do not depend on the state."""
        key = (observables, program.qubits, program.num_qubits)
        if key == self._last_key:
            return self._last_sums
        sums = [_pauli_sum(observable, program) for observable in observables]
        if sum(item.num_bytes for item, _ in sums) <= self._block_bytes:
            self._last_key, self._last_sums = key, sums
        return sums

    def _prepare(self, template: Template, row: Sequence[float]) -> _PreparedGradient:
        if template not in self._prepared:
            prepared = self._cache.prepare(template, measure=False)
            if prepared is None:
                # If the text has an error, this raises it with line and column.
                self._cache.program(template, row, measure=False)
                raise QoroInputError(
                    "the template has no gradient, because a gate that it defines computes with its angle: "
                    "use standard gates with names as angles"
                )
            self._prepared[template] = _prepare(prepared)
            while len(self._prepared) > 1 and not self._fits():
                self._prepared.popitem(last=False)
        self._prepared.move_to_end(template)
        return self._prepared[template]

    def _fits(self) -> bool:
        """Whether the cache is small enough."""
        num_bytes = sum(prepared.circuit.num_bytes for prepared in self._prepared.values())
        return len(self._prepared) <= _CACHE_SIZE and num_bytes <= self._cache_bytes


def _check_settings(settings: EngineSettings) -> None:
    """Check that values are computed from a state vector without noise.

    Raises:
        QoroInputError: They are not.
    """
    if settings.noise is not None:
        raise QoroInputError("gradients are computed without noise: remove the noise, or use parameter shift")
    method, simulator = requested_method(settings.options), settings.options.simulator_type
    if method not in (None, SimulationMethod.Statevector) or simulator not in (None, Simulator.QCSim):
        raise QoroInputError(
            "gradients are computed from the state vector: expected simulation_type Statevector and "
            "simulator_type QCSim, or none of them"
        )


def _check_width(program: EngineProgram, limit: int) -> int:
    """Check that the states fit in memory, and return the bytes of one."""
    width = len(program.qubits)
    if width > MAX_QUBITS:
        raise QoroInputError(
            f"the circuit has {width} busy qubits, expected at most {MAX_QUBITS} for a gradient: use "
            "parameter shift"
        )
    total = gradient_bytes(width)
    if total > limit:
        raise QoroInputError(
            f"the gradient of a circuit of {width} qubits needs {total / 2**30:.2f} GiB of "
            f"memory, the limit is {limit / 2**30:.2f} GiB: use parameter shift"
        )
    return _BYTES_PER_AMPLITUDE << width


def _prepare(prepared: PreparedTemplate) -> _PreparedGradient:
    program = prepared.slotted.program
    if program.randomness:
        raise QoroInputError(
            f"the program contains {program.randomness}, so its state depends on chance and it has no exact "
            "gradient: remove it"
        )
    for expression in prepared.expressions:
        if not expression.is_name:
            raise QoroInputError(
                f"the angle {expression.resolve(prepared.template.names)[:80]!r} is an expression, expected "
                "a name alone in a template with a gradient: give the expression a name"
            )
    gates = [f"{slot.name}({','.join(map(_spell, slot.angles))})" for slot in prepared.slotted.slots]
    pieces = prepared.slotted.pieces
    text = pieces[0] + "".join(gate + piece for gate, piece in zip(gates, pieces[1:], strict=True))
    calls = [_gate_call(*match) for match in _LINE.findall(text) if match[0] != "qreg"]
    names = tuple(expression.names[0] for expression in prepared.expressions)
    num_qubits = max(1, len(program.qubits))
    return _PreparedGradient(program, AdjointCircuit(calls, num_qubits, len(names)), names)


def _spell(angle: float) -> str:
    return f"a{angle}" if type(angle) is int else repr(angle)


def _gate_call(name: str, angles: str, qubits: str) -> GateCall:
    values = [
        int(angle[1:]) if angle.startswith("a") else float(angle) for angle in angles.split(",") if angle
    ]
    return GateCall(name, tuple(values), tuple(map(int, _NUMBER.findall(qubits))))


def _pauli_sum(observable: WeightedStrings, program: EngineProgram) -> tuple[PauliSum, float]:
    """Return an observable on the busy qubits, and the part of it that does not depend on their state."""
    reduced = reduce_pauli_strings(observable.pauli_strings, program)
    weights = np.zeros(len(reduced.pauli_strings) + 2)
    np.add.at(weights, list(reduced.positions), observable.weights)
    terms = zip(weights.tolist(), reduced.pauli_strings, strict=False)
    return PauliSum(terms, max(1, len(program.qubits))), float(weights[-1])
