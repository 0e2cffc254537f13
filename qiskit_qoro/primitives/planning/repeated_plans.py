"""Plans of a single row, which a variational loop needs again and again with other values.

Such a plan consists of one job with one template and one row. All of it except the numbers of the row depends
on the circuit, the observables and the settings only. A :class:`PlanCache` keeps such plans by these, and
fills in the numbers. Everything is compared by its contents, so whatever a caller changes in place counts.

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
from qiskit_qoro.service.template_submission import SingleRow

__all__ = [
    "PlanCache",
    "RowOfPub",
    "key_of_number",
    "key_of_observables",
    "key_of_settings",
    "row_of_pub",
]

# The maximum number of instructions of all circuits in the cache. An instruction takes about 250 bytes.
_MAX_INSTRUCTIONS = 20_000


@dataclass(frozen=True)
class RowOfPub:
    """A PUB with a single row of values.

    Attributes:
        key: A key for everything else that a plan depends on.
        circuit: The circuit.
        values: The row, shape (1, parameters).
    """

    key: Hashable
    circuit: QuantumCircuit
    values: npt.NDArray[np.float64]


def row_of_pub(circuit: object, values: object, *others: Hashable) -> RowOfPub | None:
    """Return a PUB as a row, or ``None`` if it is not a single row, or something in it has no key.

    Args:
        circuit: The circuit of the PUB, as the caller passed it.
        values: The values.
        *others: Keys of the other elements of the PUB and of the settings. ``None`` means that there is none.
    """
    if None in others or not isinstance(circuit, QuantumCircuit) or circuit.metadata:
        return None
    row = _single_row(values, circuit.num_parameters)
    if row is None or len(circuit.data) > _MAX_INSTRUCTIONS:
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
        row.shape,
        others,
    )
    return RowOfPub(key, circuit, row.reshape(1, -1))


def _single_row(values: Any, num_parameters: int) -> npt.NDArray[np.float64] | None:
    """Return values as an array, or ``None`` if they are anything else than one row of finite numbers."""
    if not num_parameters or isinstance(values, BindingsArray | Mapping):
        return None
    try:
        row = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    is_row = row.size == num_parameters and row.ndim and row.shape[-1] == num_parameters
    return row if is_row and np.isfinite(row).all() else None


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
    """The plan of a row, and what is needed to replace its numbers.

    Attributes:
        plan: The plan.
        expressions: Compute the numbers of the template from the row.
        row: Replaces these numbers.
    """

    plan: Plan
    expressions: Expressions
    row: SingleRow

    @classmethod
    def of(cls, plan: Plan, row: RowOfPub, write: Callable[[], ParametricProgram]) -> _RepeatedPlan | None:
        """Prepare to repeat a plan; return ``None`` if that is not possible.

        Args:
            plan: The plan.
            row: The row that it was made for.
            write: Writes the template of its circuit.
        """
        if [(job.num_templates, job.num_circuits) for job in plan.jobs] != [(1, 1)]:
            return None
        expressions = Expressions(write().expressions, list(row.circuit.parameters))
        single = SingleRow.of(plan.submissions[0], expressions.evaluate(row.values))
        return None if single is None else cls(plan, expressions, single)

    def fill(self, values: npt.NDArray[np.float64]) -> Plan | None:
        """Return the plan for other values, or ``None`` if it differs in more than numbers."""
        try:
            numbers = self.expressions.evaluate(values)
        except QoroInputError:  # an expression has no value
            return None
        submission = self.row.fill(numbers)
        if submission is None:
            return None
        (job,) = self.plan.jobs
        jobs = (replace(job, num_bytes=submission.num_bytes),)
        return replace(self.plan, jobs=jobs, submissions=(submission,))


class _Seen(Enum):
    """What is known about a plan that cannot be repeated.

    Attributes:
        ONCE: It was made once. Most plans are.
        UNFIT: It depends on values.
    """

    ONCE = auto()
    UNFIT = auto()


class PlanCache:
    """Plans of single rows. Threads and forked processes may use it. A copy is empty."""

    def __init__(self) -> None:
        self._plans = BoundedCache[_RepeatedPlan | _Seen](_MAX_INSTRUCTIONS)

    def find(self, row: RowOfPub) -> Plan | None:
        """Return the plan of a row, or ``None`` if it is not known well enough to fill in the numbers."""
        known = self._plans.get(row.key)
        return known.fill(row.values) if isinstance(known, _RepeatedPlan) else None

    def add(self, row: RowOfPub, plan: Plan, write: Callable[[], ParametricProgram]) -> None:
        """Add a plan.

        Args:
            row: The row that it was made for.
            plan: The plan.
            write: Writes the template of the plan.
        """
        known, size = self._plans.get(row.key), len(row.circuit.data)
        if known is None:
            self._plans.add(row.key, _Seen.ONCE, size=size)
        elif known is _Seen.ONCE:
            repeated = _RepeatedPlan.of(plan, row, write)
            self._plans.add(row.key, repeated or _Seen.UNFIT, size=size)
