"""Jobs of the type ``STATE``: submit the circuits, wait, and convert the arrays to Qiskit's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparseObservable, SparsePauliOp, Statevector

from qiskit_qoro.errors import (
    JobCancelledError,
    JobFailedError,
    QoroInputError,
    WireError,
)
from qiskit_qoro.models.arguments import integer_of, items_of
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.jobs import AnyConfig, ExecutionResult, JobStatus
from qiskit_qoro.models.states import MAX_STATE_QUBITS, STATES_EXTENSION, StateQuantity, StateRequest
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.submission import Measurement
from qiskit_qoro.states.programs import write_state_program
from qiskit_qoro.wire.results import FAILED_JOB_PREFIX
from qiskit_qoro.wire.states.arrays import StateArray

__all__ = ["Floats", "StateJobs"]

Floats = npt.NDArray[np.float64]
_IMAGINARY_TOLERANCE = 1e-12


class StateJobs:
    """Submits jobs of the type ``STATE`` with common settings, and waits for them.

    The methods of :class:`QoroBackend` with the same names document the arguments, the values and the errors.

    Args:
        service: The client.
        job_config: The target and the tag.
        execution_config: The options of the engine, or ``None``.
    """

    def __init__(
        self, service: QoroService, job_config: JobConfig, execution_config: AnyConfig | None
    ) -> None:
        self._service = service
        self._job_config = job_config
        self._execution_config = execution_config

    def statevector(self, circuit: QuantumCircuit) -> Statevector:
        """Compute the state vector of a circuit."""
        program = write_state_program(circuit, "circuit")
        _check_width(program.num_qubits, "state vector", "amplitude() or probabilities(circuit, qubits)")
        return Statevector(self._compute_one(program, StateRequest(StateQuantity.STATEVECTOR)))

    def probabilities(self, circuit: QuantumCircuit, qubits: Sequence[int] | None) -> Floats:
        """Compute the probabilities of the basis states of some qubits."""
        program = write_state_program(circuit, "circuit")
        indices = None if qubits is None else _qubits(qubits, program.num_qubits)
        if indices is None:
            _check_width(program.num_qubits, "probabilities", "probabilities(circuit, qubits)")
        request = StateRequest(StateQuantity.PROBABILITIES, qubits=indices)
        return _real(self._compute_one(program, request))

    def amplitudes(self, circuit: QuantumCircuit, bitstrings: Sequence[str]) -> npt.NDArray[np.complex128]:
        """Compute the amplitudes of basis states."""
        program = write_state_program(circuit, "circuit")
        request = StateRequest(
            StateQuantity.AMPLITUDES,
            bitstrings=tuple(_bitstring(bitstring, program.num_qubits) for bitstring in bitstrings),
        )
        return self._compute_one(program, request).astype(np.complex128)

    def fidelity(
        self,
        a: QuantumCircuit | Sequence[QuantumCircuit],
        b: QuantumCircuit | Sequence[QuantumCircuit] | None,
    ) -> float | Floats:
        """Compute the fidelities of circuits or lists of circuits."""
        left, right = _circuits_of(a), None if b is None else _circuits_of(b)
        if not left or (right is not None and not right):
            raise QoroInputError("expected at least one circuit, got an empty list")
        if right is None and isinstance(a, QuantumCircuit):
            raise QoroInputError("b is None: expected a second circuit, or a list of circuits as a")
        values = self.fidelities(left, right)
        if isinstance(a, QuantumCircuit):
            values = values[0]
            return float(values[0]) if isinstance(b, QuantumCircuit) else values
        return values[:, 0] if isinstance(b, QuantumCircuit) else values

    def fidelities(self, left: Sequence[QuantumCircuit], right: Sequence[QuantumCircuit] | None) -> Floats:
        """Compute the fidelity of each circuit on the left with each on the right."""
        programs = _write_all(left, "a") + ([] if right is None else _write_all(right, "b"))
        widths = sorted({program.num_qubits for program in programs})
        if len(widths) > 1:
            raise QoroInputError(f"expected circuits with the same number of qubits, got {widths} qubits")
        request = StateRequest(StateQuantity.FIDELITIES, split=None if right is None else len(left))
        rows = self._compute(programs, request)[: len(left)]
        return _real(np.array([_present(row) for row in rows]))

    def mirror_fidelity(self, circuit: QuantumCircuit) -> float:
        """Compute the probability to return to the initial state after a circuit and its inverse."""
        program = write_state_program(circuit, "circuit")
        return float(_real(self._compute_one(program, StateRequest(StateQuantity.MIRROR_FIDELITY))))

    def evolve(
        self,
        block: QuantumCircuit,
        observables: Any,
        repetitions: int,
        initial: QuantumCircuit | None,
    ) -> Floats:
        """Evaluate observables after each repetition of a block."""
        program = write_state_program(block, "block")
        num_qubits = program.num_qubits
        first = write_state_program(QuantumCircuit(num_qubits) if initial is None else initial, "initial")
        if first.num_qubits != num_qubits:
            raise QoroInputError(
                f"initial has {first.num_qubits} qubits and block has {num_qubits}: expected the same number"
            )
        count = integer_of(repetitions, least=0)
        if count is None:
            raise QoroInputError(f"repetitions is {repetitions!r}, expected an integer of 0 or more")
        listed = items_of(observables)
        weights = [
            _weights(observable, num_qubits) for observable in ([observables] if listed is None else listed)
        ]
        strings = tuple(dict.fromkeys(string for terms in weights for string in terms))
        if not strings:
            raise QoroInputError("observables is empty, expected at least one observable")
        request = StateRequest(StateQuantity.EVOLUTION, repetitions=count, observables=strings)
        values = _real(_present(self._compute([first, program], request)[0]))
        matrix = np.array([[terms.get(string, 0.0) for terms in weights] for string in strings])
        found: Floats = values @ matrix
        return found[:, 0] if listed is None else found

    def _compute_one(self, program: Program, request: StateRequest) -> StateArray:
        return _present(self._compute([program], request)[0])

    def _compute(self, programs: Sequence[Program], request: StateRequest) -> list[StateArray | None]:
        """Run a job and return the result of each circuit."""
        self._check_offered()
        labels = [str(index) for index in range(len(programs))]
        submitted = self._service.submit_programs(
            dict(zip(labels, programs, strict=True)),
            Measurement(state=request),
            override_execution_config=self._execution_config,
            override_job_config=self._job_config,
        )
        # Ctrl-C cancels the job, because nobody else waits for it.
        status = self._service.poll_job_status(submitted, loop_until_complete=True)
        if status is not JobStatus.COMPLETED:
            raise self._failure(submitted, status)
        arrays = self._service.get_state_arrays(submitted)
        if list(arrays) != labels:
            raise WireError(f"expected results for {len(labels)} circuits, got {list(arrays)[:3]}")
        return list(arrays.values())

    def _check_offered(self) -> None:
        if self._job_config.simulator_cluster is None:
            raise QoroInputError("states are computed on simulators only, but this backend is a QPU system")
        if STATES_EXTENSION not in self._service.extensions():
            raise QoroInputError(
                f"{self._service.description} does not compute states, expected a service with the extension "
                f"{STATES_EXTENSION!r}: use a backend of QoroProvider.local(), or QoroEstimator and "
                "QoroSampler"
            )

    def _failure(self, job: ExecutionResult, status: JobStatus) -> JobFailedError | JobCancelledError:
        if status is JobStatus.CANCELLED:
            return JobCancelledError(f"job {job.job_id} was cancelled", job_id=job.job_id, status=status)
        outcome = self._service.get_job_outcome(job)
        reason = (outcome.reason or "the service gives no reason").removeprefix(FAILED_JOB_PREFIX)
        return JobFailedError(
            f"job {job.job_id} is {status.value}: {reason}", job_id=job.job_id, status=status
        )


def _circuits_of(circuits: QuantumCircuit | Sequence[QuantumCircuit]) -> list[QuantumCircuit]:
    return [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)


def _write_all(circuits: Sequence[QuantumCircuit], name: str) -> list[Program]:
    return [write_state_program(circuit, f"{name}[{index}]") for index, circuit in enumerate(circuits)]


def _present(array: StateArray | None) -> StateArray:
    if array is None:
        raise WireError("the result of a circuit is empty, expected an array")
    return array


def _real(array: StateArray) -> Floats:
    if np.iscomplexobj(array):
        raise WireError("the result of a circuit is complex, expected real numbers")
    return array.astype(np.float64)


def _check_width(num_qubits: int, quantity: str, alternative: str) -> None:
    if num_qubits > MAX_STATE_QUBITS:
        raise QoroInputError(
            f"circuit has {num_qubits} qubits, expected at most {MAX_STATE_QUBITS} because the {quantity} "
            f"would not fit into an answer: use {alternative}"
        )


def _qubits(qubits: object, num_qubits: int) -> tuple[int, ...]:
    listed = items_of(qubits)
    indices = [integer_of(item, least=0, most=num_qubits - 1) for item in listed or ()]
    found = tuple(index for index in indices if index is not None)
    if not found or len(found) < len(indices) or len(set(found)) < len(found):
        raise QoroInputError(f"qubits is {qubits!r}, expected different indices from 0 to {num_qubits - 1}")
    return found


def _bitstring(bitstring: object, num_qubits: int) -> str:
    if not isinstance(bitstring, str) or len(bitstring) != num_qubits or set(bitstring) - {"0", "1"}:
        raise QoroInputError(
            f"bitstring is {bitstring!r}, expected {num_qubits} characters 0 or 1, one for each qubit, "
            "qubit 0 rightmost"
        )
    return bitstring


def _weights(observable: object, num_qubits: int) -> Mapping[str, float]:
    """Return the coefficient of each Pauli string of an observable, the leftmost letter on qubit 0."""
    try:
        operator = _operator(observable)
    except Exception as error:
        raise QoroInputError(f"the observable {observable!r} cannot be read: {error}") from error
    if operator.num_qubits != num_qubits:
        raise QoroInputError(
            f"an observable has {operator.num_qubits} qubits and the circuit {num_qubits}: expected the same "
            "number; use SparsePauliOp.apply_layout or from_sparse_list"
        )
    coefficients = np.asarray(operator.coeffs, dtype=complex)
    if np.abs(coefficients.imag).max(initial=0) > _IMAGINARY_TOLERANCE:
        raise QoroInputError("an observable has complex coefficients, expected real ones")
    weights: dict[str, float] = {}
    # In a label of Qiskit the rightmost letter is on qubit 0.
    for label, coefficient in zip(operator.paulis.to_labels(), coefficients.real.tolist(), strict=True):
        weights[label[::-1]] = weights.get(label[::-1], 0.0) + coefficient
    return weights


def _operator(observable: Any) -> SparsePauliOp:
    if isinstance(observable, SparseObservable):
        return SparsePauliOp.from_sparse_observable(observable)
    return SparsePauliOp(observable)
