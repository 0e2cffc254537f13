"""Plans of one template, which a variational loop needs again and again with other values.

Such a plan consists of one job with one template. Assume that all rows differ, and that no angle is the same
in all of several rows. Then all of the plan except the numbers depends only on the circuit, the observables,
the number of rows and the settings. A :class:`PlanCache` keeps such plans by these, and fills in the numbers.
Everything is compared by its contents, so whatever a caller changes in place counts.

If anything is unusual, the result is ``None``, and the caller plans as for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum, auto
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterExpression
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.quantum_info import Pauli, SparseObservable, SparsePauliOp

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.bounded_cache import BoundedCache
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.primitives.options import EstimatorOptions, SamplerOptions
from qiskit_qoro.primitives.planning.parameter_expressions import Expressions
from qiskit_qoro.primitives.planning.plan import Plan
from qiskit_qoro.qasm.write.structure import bits_of, key_of_expression, structure_of
from qiskit_qoro.qasm.write.template_writer import ParametricProgram
from qiskit_qoro.service.template_submission import RepeatedRows

__all__ = [
    "PlanCache",
    "RowsOfPub",
    "key_of_number",
    "key_of_observables",
    "key_of_settings",
    "rows_of_pub",
]

# The maximum number of instructions and of values of all plans in the cache. Each takes about 250 bytes.
_MAX_SIZE = 20_000


@dataclass(frozen=True)
class RowsOfPub:
    """The rows of a PUB.

    Attributes:
        key: A key for everything else that a plan depends on.
        circuit: The circuit.
        values: The values, shape (rows, parameters).
    """

    key: Hashable
    circuit: QuantumCircuit
    values: npt.NDArray[np.float64]

    @property
    def size(self) -> int:
        """The size of the plan in the cache."""
        return len(self.circuit.data) + self.values.size


def rows_of_pub(circuit: object, values: object, *others: Hashable) -> RowsOfPub | None:
    """Return the rows of a PUB, or ``None`` if it has none, or something in it has no key.

    Args:
        circuit: The circuit of the PUB, as the caller passed it.
        values: The values.
        *others: Keys of the other elements of the PUB and of the settings. ``None`` means that there is none.
    """
    if None in others or not isinstance(circuit, QuantumCircuit) or circuit.metadata:
        return None
    table = _table(values, circuit.num_parameters)
    if table is None or len(circuit.data) + table.size > _MAX_SIZE:
        return None
    found = structure_of(circuit)
    if found is None:
        return None
    structure, numbers = found
    phase = circuit.global_phase
    key = (
        structure,
        bits_of(numbers),
        # The parameters of the global phase are parameters of the circuit, too.
        key_of_expression(phase) if isinstance(phase, ParameterExpression) else None,
        tuple(circuit.cregs),
        table.shape,
        others,
    )
    return RowsOfPub(key, circuit, table.reshape(-1, circuit.num_parameters))


def _table(values: Any, num_parameters: int) -> npt.NDArray[np.float64] | None:
    """Return values as an array, or ``None`` if they are anything else than rows of finite numbers."""
    if not num_parameters or isinstance(values, BindingsArray | Mapping):
        return None
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    is_table = table.size and table.ndim and table.shape[-1] == num_parameters
    return table if is_table and np.isfinite(table).all() else None


def key_of_observables(observables: Any) -> Hashable:
    """Return a key for the observables of a PUB, or ``None`` if they have another type than usual."""
    if isinstance(observables, str):
        return observables
    kind = type(observables)
    if kind in (list, tuple):
        keys = tuple(map(key_of_observables, observables))
        return None if None in keys else keys
    if kind is SparsePauliOp:
        paulis, coefficients = observables.paulis, observables.coeffs
        if coefficients.dtype == object:
            return None
        return kind, *_contents(paulis.z, paulis.x, paulis.phase, coefficients)
    if kind is Pauli:
        return kind, observables.phase, *_contents(observables.z, observables.x)
    if kind is SparseObservable:
        item = observables
        arrays = item.coeffs, item.bit_terms, item.indices, item.boundaries
        return kind, item.num_qubits, *_contents(*map(np.asarray, arrays))
    return None


def _contents(*arrays: npt.NDArray[Any]) -> tuple[Hashable, ...]:
    return tuple((array.dtype.str, array.shape, array.tobytes()) for array in arrays)


def key_of_number(value: object) -> Hashable:
    """Return a key for an optional number, or ``None`` if it is anything else."""
    if isinstance(value, float):
        return type(value), value.hex()  # 0.0 and -0.0 are equal
    # 1 and True are equal.
    return (type(value), value) if value is None or isinstance(value, int | np.integer) else None


def key_of_settings(backend: QoroBackend, options: EstimatorOptions | SamplerOptions) -> Hashable:
    """Return a key for the settings that a plan depends on.

    Args:
        backend: The backend.
        options: The options of the primitive.

    Returns:
        The key, or ``None`` if there is none, for example because of a configuration with a noise model.
    """
    service = backend.service
    values = (
        *(getattr(options, item.name) for item in fields(options)),
        *(value for _, value in backend.options.items()),
        service.execution_config,
        service.job_config,
        backend.system,
    )
    if not all(_is_constant(value) for value in values if isinstance(value, AnyConfig)):
        return None
    key = tuple((type(value), value) for value in values)
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _is_constant(config: AnyConfig) -> bool:
    """Whether a configuration cannot change, and asks for no noise, whose programs depend on the service."""
    if isinstance(config, MaestroConfig):
        values = config.options_set()
        return "noisy_device" not in values and not any(
            isinstance(value, list | dict) for value in values.values()
        )
    return isinstance(config, ExecutionConfig) and config.api_meta is None and config.noisy_device is None


@dataclass(frozen=True)
class _RepeatedPlan:
    """A plan, and what is needed to replace its numbers.

    Attributes:
        plan: The plan.
        expressions: Compute the numbers of the template from the rows.
        rows: Replaces these numbers.
    """

    plan: Plan
    expressions: Expressions
    rows: RepeatedRows

    def fill(self, values: npt.NDArray[np.float64]) -> Plan | None:
        """Return the plan for other values, or ``None`` if it differs in more than numbers."""
        try:
            numbers = self.expressions.evaluate(values)
        except QoroInputError:  # an expression has no value
            return None
        submission = None if _is_special(numbers) else self.rows.fill(numbers)
        if submission is None:
            return None
        (job,) = self.plan.jobs
        jobs = (replace(job, num_bytes=submission.num_bytes),)
        return replace(self.plan, jobs=jobs, submissions=(submission,))


def _is_special(numbers: npt.NDArray[np.float64]) -> bool:
    """Whether rows are equal and share a circuit, or a number is the same in all of several rows."""
    if len(numbers) == 1:
        return False
    # Compare bits, as the planner does.
    bits = numbers.view(np.int64)
    return bool((bits == bits[0]).all(axis=0).any()) or len({row.tobytes() for row in bits}) < len(bits)


class _Seen(Enum):
    """What is known about a plan that cannot be repeated.

    Attributes:
        ONCE: It was made once. Most plans are.
        UNFIT: It depends on values.
    """

    ONCE = auto()
    UNFIT = auto()


class PlanCache:
    """Plans of one template. Threads and forked processes may use it. A copy is empty."""

    def __init__(self) -> None:
        self._plans = BoundedCache[_RepeatedPlan | _Seen](_MAX_SIZE)

    def find(self, rows: RowsOfPub) -> Plan | None:
        """Return the plan of rows, or ``None`` if it is not known well enough to fill in the numbers."""
        known = self._plans.get(rows.key)
        return known.fill(rows.values) if isinstance(known, _RepeatedPlan) else None

    def add(self, rows: RowsOfPub, plan: Plan, write: Callable[[], ParametricProgram]) -> None:
        """Add a plan.

        Args:
            rows: The rows that it was made for.
            plan: The plan.
            write: Writes the template of its circuit.
        """
        known = self._plans.get(rows.key)
        if known is None:
            self._plans.add(rows.key, _Seen.ONCE, size=rows.size)
        if known is not _Seen.ONCE:
            return
        repeated: _RepeatedPlan | _Seen = _Seen.UNFIT
        if [(job.num_templates, job.num_circuits) for job in plan.jobs] == [(1, len(rows.values))]:
            expressions = Expressions(write().expressions, list(rows.circuit.parameters))
            numbers = expressions.evaluate(rows.values)
            filled = None if _is_special(numbers) else RepeatedRows.of(plan.submissions[0], numbers)
            if filled is not None:
                repeated = _RepeatedPlan(plan, expressions, filled)
        self._plans.add(rows.key, repeated, size=rows.size)
