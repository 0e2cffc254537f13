"""Compute what a job of the type ``STATE`` asks for.

A state vector that fits in memory is computed once for each program, and everything else follows from it.
Wider programs run as matrix product states, if the options do not ask for another method. Their amplitudes
and fidelities are inner products of two programs, and the probabilities of a few qubits follow from the
expectation values of their products of Z.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.engine.analysis.costs import MAX_STATEVECTOR_QUBITS, statevector_bytes
from qiskit_qoro.local.engine.engine_calls import call_engine, load_engine, parse_with_engine
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.methods import default_memory_limit
from qiskit_qoro.local.engine.pauli_strings import reduce_pauli_strings
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import Report, simulator_config
from qiskit_qoro.local.engine.states.programs import (
    Gate,
    StateProgram,
    engine_program,
    mirrored,
    read_state_program,
    used_qubits,
)
from qiskit_qoro.local.engine.supported import name_of, requested_method
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.models.states import MAX_STATE_QUBITS, MAX_VALUES, StateQuantity, StateRequest

__all__ = ["MAX_MARGINAL_QUBITS", "compute_states"]

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]
Array = Floats | Complexes

MAX_MARGINAL_QUBITS = 10
"""The largest number of qubits whose probabilities are computed without the probabilities of all qubits."""

# The engine returns a list of Python numbers. With the state, its copy and the list, an amplitude takes:
_BYTES_PER_LISTED_AMPLITUDE = 80

# Fidelities of many programs are computed from their state vectors if these take at most this share of the
# memory.
_STATES_SHARE = 0.5

_STATE_METHODS = ("Statevector", "MatrixProductState", "PathIntegral")
# Each of these was compared with Qiskit's Statevector.
_EVOLUTION_METHODS = ("Statevector", "MatrixProductState", "TensorNetwork", "PauliPropagator")


def compute_states(
    texts: Sequence[str],
    request: StateRequest,
    settings: EngineSettings,
    *,
    memory_limit_bytes: int | None = None,
    report: Report | None = None,
) -> tuple[Array | None, ...]:
    """Compute what a request asks for.

    Args:
        texts: Programs in OpenQASM 2. Final measurements are ignored.
        request: What is computed.
        settings: The options. Noise is refused.
        memory_limit_bytes: The maximum memory of the state vectors. By default half of the free memory.
        report: Called with the method before the engine runs a program.

    Returns:
        An array for each program, or ``None`` if it has no value of its own.

    Raises:
        QoroInputError: A program or an option cannot be used, or the result would be too large.
        QoroError: The engine is missing, or it failed.
    """
    if settings.noise is not None or settings.options.noise_model is not None:
        raise QoroInputError("a state with noise has no state vector: remove the noise")
    limit = default_memory_limit() if memory_limit_bytes is None else memory_limit_bytes
    run = partial(_Run, settings=settings, limit=limit, report=report)
    programs = [read_state_program(text) for text in texts]
    if request.quantity is StateQuantity.EVOLUTION:
        return _evolve(run(programs, methods=_EVOLUTION_METHODS), request)
    if request.quantity is StateQuantity.FIDELITIES:
        return _compute_fidelities(run(programs), request)
    compute = _COMPUTE[request.quantity]
    return tuple(compute(run([program]), request) for program in programs)


@dataclass
class _Run:
    """Programs with one numbering of their qubits, and how the engine runs them.

    Attributes:
        programs: The programs.
        settings: The options.
        limit: The maximum memory of state vectors, in bytes.
        methods: The names of the methods that may be used.
        report: Called with the method before the engine runs.
    """

    programs: Sequence[StateProgram]
    settings: EngineSettings
    limit: int
    methods: Sequence[str] = _STATE_METHODS
    report: Report | None = None

    @cached_property
    def qubits(self) -> list[int]:
        """The qubits that the engine simulates."""
        return used_qubits(self.programs)

    @cached_property
    def texts(self) -> list[EngineProgram]:
        """The programs as the engine gets them."""
        return [engine_program(program, self.qubits) for program in self.programs]

    @cached_property
    def circuits(self) -> list[Any]:
        """The circuits of the engine."""
        return [parse_with_engine(program.text) for program in self.texts]

    @cached_property
    def method(self) -> SimulationMethod:
        """The method: the requested one, or else the state vector if it fits in memory."""
        requested = requested_method(self.settings.options)
        if requested is None:
            fits = self._fits_in_memory()
            return SimulationMethod.Statevector if fits else SimulationMethod.MatrixProductState
        if requested.name not in self.methods:
            raise QoroInputError(
                f"simulation_type {name_of(requested)} cannot compute this, expected "
                f"{' or '.join(self.methods)}, or none"
            )
        return requested

    @cached_property
    def config(self) -> Any:
        """The engine's configuration. It is built before the engine runs, so the method is reported here."""
        if self.report is not None:
            self.report(ResultDetails(self.method.name, self._reason))
        options = replace(self.settings.options, simulation_type=self.method)
        return simulator_config(self.texts[0], options, memory_limit_bytes=self.limit)

    @property
    def has_listed_states(self) -> bool:
        """Whether all amplitudes of a program are computed at once."""
        return self.method is SimulationMethod.Statevector and len(self.qubits) <= MAX_STATE_QUBITS

    @property
    def _reason(self) -> str:
        if requested_method(self.settings.options) is not None:
            return "it was requested"
        if self.method is SimulationMethod.Statevector:
            return "the state vector fits in the memory"
        return f"a state vector of {len(self.qubits)} qubits does not fit in the memory"

    def _fits_in_memory(self) -> bool:
        width = len(self.qubits)
        return width <= MAX_STATEVECTOR_QUBITS and statevector_bytes(width, sampling=True) <= self.limit

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function of the engine with the configuration."""
        return call_engine(self.texts[0], function, *args, config=self.config)

    def state(self, index: int = 0) -> Complexes:
        """Return the amplitudes of a program's qubits, without its global phase."""
        return np.asarray(self._listed(load_engine().get_statevector, index), dtype=np.complex128)

    def probabilities(self) -> Floats:
        """Return the probabilities of the first program's qubits."""
        return np.asarray(self._listed(load_engine().get_probabilities, 0), dtype=np.float64)

    def inner_product(self, left: Any, right: Any) -> complex:
        """Return the inner product of the states of two circuits of the engine."""
        return complex(self.call(load_engine().inner_product, left, right))

    def _listed(self, function: Callable[..., Any], index: int) -> Any:
        width = len(self.qubits)
        needed = _BYTES_PER_LISTED_AMPLITUDE << width
        if needed > self.limit:
            raise QoroInputError(
                f"the amplitudes of {width} qubits need {needed / 2**30:.2f} GiB of memory, the limit is "
                f"{self.limit / 2**30:.2f} GiB"
            )
        # The engine leaves out the qubits that no gate of this program acts on.
        own = sorted(self.programs[index].qubits)
        values = np.asarray(self.call(function, self.circuits[index]) if own else [1.0])
        if len(values) != 1 << len(own):
            raise QoroError(f"the engine returned {len(values)} amplitudes for {len(own)} qubits")
        return _spread(values, [self.qubits.index(qubit) for qubit in own], width)


def _check_width(num_qubits: int, quantity: str) -> None:
    if num_qubits > MAX_STATE_QUBITS:
        raise QoroInputError(
            f"the {quantity} of {num_qubits} qubits would not fit into an answer, expected at most "
            f"{MAX_STATE_QUBITS} qubits: ask for single amplitudes, or for the probabilities of some qubits"
        )


def _with_phase(amplitudes: Complexes, program: StateProgram) -> Complexes:
    factor: np.complex128 = np.exp(1j * program.phase)
    multiplied: Complexes = amplitudes * factor
    return multiplied


def _compute_statevector(run: _Run, _request: StateRequest) -> Array:
    program = run.programs[0]
    _check_width(program.num_qubits, "state vector")
    state: Complexes = _spread(run.state(), run.qubits, program.num_qubits)
    return _with_phase(state, program)


def _compute_probabilities(run: _Run, request: StateRequest) -> Array:
    num_qubits = run.programs[0].num_qubits
    if request.qubits is None:
        _check_width(num_qubits, "probabilities")
    qubits = tuple(range(num_qubits)) if request.qubits is None else request.qubits
    if max(qubits) >= num_qubits:
        raise QoroInputError(f"qubits: expected indices below {num_qubits}, got {max(qubits)}")
    # Idle qubits are 0. The others, in the requested order, are the bits of an index.
    busy = [qubit for qubit in qubits if qubit in run.qubits]
    if len(run.qubits) <= MAX_STATE_QUBITS:
        values = _marginal(run.probabilities(), [run.qubits.index(qubit) for qubit in busy])
    else:
        values = _marginal_from_expectation_values(run, busy)
    probabilities: Floats = _spread(values, [qubits.index(qubit) for qubit in busy], len(qubits))
    return probabilities


def _marginal(probabilities: Floats, positions: Sequence[int]) -> Floats:
    """Return the probabilities of some qubits, given by their positions in an index."""
    width = len(probabilities).bit_length() - 1
    # The axis of the tensor that belongs to position p is width - 1 - p.
    others = tuple(width - 1 - position for position in range(width) if position not in positions)
    tensor = probabilities.reshape((2,) * width).sum(axis=others)
    kept = sorted(positions, reverse=True)  # the positions of the remaining axes
    return np.transpose(tensor, [kept.index(position) for position in reversed(positions)]).reshape(-1)


def _marginal_from_expectation_values(run: _Run, qubits: Sequence[int]) -> Floats:
    """Return the probabilities of some qubits from the expectation values of all products of Z on them."""
    if len(qubits) > MAX_MARGINAL_QUBITS:
        raise QoroInputError(
            f"qubits: expected at most {MAX_MARGINAL_QUBITS} busy qubits of a program that uses more than "
            f"{MAX_STATE_QUBITS}, got {len(qubits)}"
        )
    if not qubits:
        return np.ones(1)
    strings = []
    for index in range(1, 1 << len(qubits)):
        letters = ["I"] * len(run.qubits)
        for bit, qubit in enumerate(qubits):
            if index >> bit & 1:
                letters[run.qubits.index(qubit)] = "Z"
        strings.append("".join(letters))
    answer = run.call(load_engine().simple_estimate, run.circuits[0], strings)
    tensor = np.array([1.0, *answer["expectation_values"]]).reshape((2,) * len(qubits))
    # The probabilities are the Walsh-Hadamard transform of the expectation values.
    for axis in range(len(qubits)):
        even, odd = np.take(tensor, 0, axis), np.take(tensor, 1, axis)
        tensor = np.stack([even + odd, even - odd], axis) / 2
    marginal: Floats = tensor.reshape(-1).clip(0)
    return marginal


def _compute_amplitudes(run: _Run, request: StateRequest) -> Array:
    program = run.programs[0]
    bitstrings = request.bitstrings or ()
    for bitstring in bitstrings:
        if len(bitstring) != program.num_qubits:
            raise QoroInputError(
                f"bitstrings: expected {program.num_qubits} characters, one for each qubit, got "
                f"{len(bitstring)}"
            )
    # Character -1 - q of a bitstring belongs to qubit q.
    idle = [qubit for qubit in range(program.num_qubits) if qubit not in set(run.qubits)]
    state = run.state() if run.has_listed_states else None
    amplitudes = np.zeros(len(bitstrings), dtype=np.complex128)
    for position, bitstring in enumerate(bitstrings):
        if any(bitstring[-1 - qubit] == "1" for qubit in idle):
            continue
        bits = [bitstring[-1 - qubit] == "1" for qubit in run.qubits]
        if state is not None:
            amplitudes[position] = state[sum(bit << index for index, bit in enumerate(bits))]
        else:
            amplitudes[position] = run.inner_product(_basis_state(run, bits), run.circuits[0])
    return _with_phase(amplitudes, program)


def _basis_state(run: _Run, bits: Sequence[bool]) -> Any:
    """Return a circuit of the engine that prepares a basis state."""
    gates: list[Gate] = [("x", (), (qubit,)) for qubit, bit in zip(run.qubits, bits, strict=True) if bit]
    num_qubits = run.programs[0].num_qubits
    return parse_with_engine(engine_program(StateProgram(num_qubits, gates), run.qubits).text)


def _compute_mirror_fidelity(run: _Run, _request: StateRequest) -> Array:
    mirror = parse_with_engine(engine_program(mirrored(run.programs[0]), run.qubits).text)
    nothing = _basis_state(run, [False] * len(run.qubits))
    return np.array(abs(run.inner_product(nothing, mirror)) ** 2)


_COMPUTE: Mapping[StateQuantity, Callable[[_Run, StateRequest], Array]] = {
    StateQuantity.STATEVECTOR: _compute_statevector,
    StateQuantity.PROBABILITIES: _compute_probabilities,
    StateQuantity.AMPLITUDES: _compute_amplitudes,
    StateQuantity.MIRROR_FIDELITY: _compute_mirror_fidelity,
}


def _spread(values: Any, positions: Sequence[int], width: int) -> Any:
    """Add bits that are 0 to the indices of an array.

    Args:
        values: The values by the old index.
        positions: For each bit of the old index its position in the new one.
        width: The number of bits of the new index.
    """
    indices = np.zeros(1, dtype=np.int64)
    for position in positions:
        indices = np.concatenate([indices, indices | (1 << position)])
    spread = np.zeros(1 << width, dtype=values.dtype)
    spread[indices] = values
    return spread


# --- several programs -------------------------------------------------------------------------------------


def _compute_fidelities(run: _Run, request: StateRequest) -> tuple[Array | None, ...]:
    programs, split = run.programs, request.split
    if len({program.num_qubits for program in programs}) > 1:
        widths = sorted({program.num_qubits for program in programs})
        raise QoroInputError(f"expected circuits with the same number of qubits, got {widths}")
    if split is not None and split >= len(programs):
        raise QoroInputError(f"split: expected less than the {len(programs)} circuits, got {split}")
    rows = range(len(programs) if split is None else split)
    columns = range(0 if split is None else split, len(programs))
    if len(rows) * len(columns) > MAX_VALUES:
        raise QoroInputError(
            f"expected at most {MAX_VALUES} fidelities, got {len(rows)} times {len(columns)}: use "
            "several jobs"
        )
    if run.has_listed_states and len(programs) * 16 << len(run.qubits) <= run.limit * _STATES_SHARE:
        states = np.stack([run.state(index) for index in range(len(programs))])
        values = np.abs(states[rows].conj() @ states[columns].T) ** 2
    else:
        values = _pairwise(run, rows, columns)
    return tuple(values[index] if index in rows else None for index in range(len(programs)))


def _pairwise(run: _Run, rows: Sequence[int], columns: Sequence[int]) -> Floats:
    """Return the fidelities of pairs of programs, each pair once."""
    values: dict[tuple[int, int], float] = {}
    for left in rows:
        for right in columns:
            if (right, left) not in values:
                overlap = run.inner_product(run.circuits[left], run.circuits[right])
                values[left, right] = abs(overlap) ** 2
    return np.array(
        [[values.get((left, right), values.get((right, left))) for right in columns] for left in rows],
        dtype=np.float64,
    )


def _evolve(run: _Run, request: StateRequest) -> tuple[Array | None, ...]:
    programs = run.programs
    if len(programs) != 2 or programs[0].num_qubits != programs[1].num_qubits:
        raise QoroInputError(
            "expected two circuits with the same number of qubits, the initial state and the block, got "
            f"{[program.num_qubits for program in programs]} qubits"
        )
    strings, repetitions = request.observables or (), request.repetitions or 0
    reduced = reduce_pauli_strings(strings, run.texts[0])
    steps = list(range(repetitions + 1))
    rows: Sequence[Sequence[float]] = [()] * len(steps)
    if reduced.pauli_strings:
        answer = run.call(load_engine().incremental_evolve, *run.circuits, steps, list(reduced.pauli_strings))
        rows = answer["expectation_values"]
    return np.array([reduced.expand(row) for row in rows]), None
