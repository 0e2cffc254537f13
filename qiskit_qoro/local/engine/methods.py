"""Choose the simulation method for a program if the user requests none.

The rules, in this order:

1. A Clifford program with more than :data:`MAX_SMALL_QUBITS` qubits runs on the stabilizer simulator.
2. If the state vector fits in the memory, it is used. It is exact and fast. There is one exception: if
   expectation values would take long, and a matrix product state or Pauli propagation would be much faster,
   that method is used.
3. Otherwise the costs of the other exact methods are estimated, and the fastest one is used: state vectors of
   the causal cones, a matrix product state, or Pauli propagation. Cones and Pauli propagation need
   expectation values.
4. If all of them take too much memory or more than :data:`MAX_SECONDS`, the program is refused at once.

A requested method is used, unless it cannot run the program. Gates that no measurement depends on have been
left out before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import psutil

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.analysis.costs import (
    MAX_STATEVECTOR_QUBITS,
    Cone,
    ConeCost,
    MpsCost,
    PauliCost,
    cone_cost,
    find_cones,
    mps_cost,
    pauli_cost,
    statevector_bytes,
    statevector_seconds,
)
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.supported import (
    check_density_matrix,
    methods_of,
    name_of,
    requested_method,
)
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.models.maestro import MaestroConfig

__all__ = [
    "MAX_SECONDS",
    "MAX_SMALL_QUBITS",
    "MethodChoice",
    "choose_method",
    "default_memory_limit",
    "slow_method_advice",
]

MAX_SMALL_QUBITS = 16
"""Up to this number of qubits a program runs so fast on a state vector that it is not analysed."""

MAX_SECONDS = 3600.0
"""The longest time that a method may be estimated to take, unless the user requests it."""

# A state vector that takes less time is used without looking for another method.
_FAST_S = 1.0

# The estimates are rough, so another method has to be so many times faster than a state vector.
_MUCH_FASTER = 10.0

_STATEVECTOR, _MPS = SimulationMethod.Statevector, SimulationMethod.MatrixProductState
_STABILIZER, _PAULI = SimulationMethod.Stabilizer, SimulationMethod.PauliPropagator

# The limit is that of the service, or on a cluster that of the worker.
_MORE_MEMORY = (
    "give each circuit more memory (a larger memory_limit_bytes of the service; on a cluster, workers with a "
    "larger --memory or fewer --processes)"
)

_ADVICE: Mapping[str, str] = {
    _STATEVECTOR.name: "try fewer qubits or shots, or a max_bond_dimension",
    _MPS.name: "set a smaller max_bond_dimension, which makes the result approximate; or, for up to 30 "
    f"qubits, {_MORE_MEMORY}, so that a state vector fits",
    _PAULI.name: "set a larger pp_coefficient_threshold, which makes the values less accurate",
}


@dataclass(frozen=True)
class MethodChoice:
    """The simulator and the method for a program, and why they were chosen."""

    simulator: Simulator
    method: SimulationMethod
    reason: str

    @property
    def details(self) -> ResultDetails:
        """The method and the reason, as the result of a circuit reports them."""
        return ResultDetails(self.method.name, self.reason)


def choose_method(
    program: EngineProgram,
    options: MaestroConfig,
    *,
    sampling: bool,
    memory_limit_bytes: int,
    pauli_strings: Sequence[str] | None = None,
) -> MethodChoice:
    """Choose the simulator and the method for a program.

    A bond dimension or a truncation threshold without a method means a matrix product state.

    Args:
        program: The program to run.
        options: The options that the user sets. :func:`~qiskit_qoro.local.engine.supported.check_options`
            has accepted them.
        sampling: Whether the program is sampled. Expectation values need less memory.
        memory_limit_bytes: The maximum memory of a state.
        pauli_strings: The Pauli strings whose expectation values are computed, on the qubits of the text.
            ``None`` if the whole state is needed.

    Raises:
        QoroInputError: No method, or not the requested one, can run this program.
    """
    simulator = Simulator.QCSim if options.simulator_type is None else options.simulator_type
    method = requested_method(options)
    if options.enable_causal_cone_reduction is False:
        pauli_strings = None
    large = _LargeProgram(program, simulator, sampling, memory_limit_bytes, pauli_strings)
    if method is not None:
        _check_requested(method, large)
        if method is SimulationMethod.DensityMatrix:
            check_density_matrix(len(program.qubits), memory_limit_bytes)
        return MethodChoice(simulator, method, "it was requested")
    if len(program.qubits) > MAX_SMALL_QUBITS and large.runs_as_clifford:
        return MethodChoice(simulator, _STABILIZER, "the circuit is a Clifford circuit")
    found = large.much_faster_method() if large.too_large is None else large.choose()
    if found is None:
        return MethodChoice(simulator, _STATEVECTOR, "the state vector fits in the memory")
    return MethodChoice(simulator, *found)


def default_memory_limit(*, engines: int = 1) -> int:
    """Return the bytes that each of ``engines`` may use: a share of the free memory.

    One share is left for other processes.
    """
    return psutil.virtual_memory().available // (engines + 1)


def slow_method_advice(details: ResultDetails) -> str:
    """Return what a user may do about a method that takes too long."""
    options = ["raise time_limit_s of the service", "choose another simulation_type"]
    advice = _ADVICE.get(details.method or "")
    return "; or ".join([advice, *options] if advice else options)


def _check_requested(method: SimulationMethod, large: _LargeProgram) -> None:
    too_large = large.too_large
    if method is _STATEVECTOR and too_large and not large.cones_fit:
        alternative = _STABILIZER if large.program.clifford.obstacle is None else _MPS
        raise QoroInputError(_use_instead(too_large, alternative))
    if method is _STABILIZER and large.program.clifford.obstacle:
        raise QoroInputError(
            f"simulation_type {name_of(method)} runs only Clifford gates, and the circuit contains "
            f"{large.program.clifford.obstacle}: use {name_of(_MPS)} or none"
        )


def _use_instead(reason: str, method: SimulationMethod) -> str:
    return (
        f"{reason}: use simulation_type {name_of(method)}, "
        f"with simulator_type {name_of(Simulator.QCSim)} or none"
    )


class _LargeProgram:
    """The analysis of a program whose state vector may be too large. Each part is computed when it is used.

    Args:
        program: The program.
        simulator: The simulator that will run it.
        sampling: As for :func:`choose_method`.
        memory_limit_bytes: As for that function.
        pauli_strings: As for that function.
    """

    def __init__(
        self,
        program: EngineProgram,
        simulator: Simulator,
        sampling: bool,
        memory_limit_bytes: int,
        pauli_strings: Sequence[str] | None,
    ) -> None:
        self.program = program
        self._supported = methods_of(simulator)
        self._sampling = sampling
        self._limit = memory_limit_bytes
        # Only QCSim reduces a program to the causal cones of the Pauli strings.
        self._pauli_strings = pauli_strings if simulator is Simulator.QCSim else None
        self.too_large = self._reason_against_statevector(len(program.qubits))
        """Why the state vector does not fit in the memory, or ``None`` if it does."""

    @cached_property
    def _cones(self) -> list[Cone] | None:
        """The causal cones of the Pauli strings, or ``None`` if the simulator does not use cones."""
        return None if self._pauli_strings is None else find_cones(self.program.gates, self._pauli_strings)

    @property
    def runs_as_clifford(self) -> bool:
        """Whether the stabilizer simulator can run the program."""
        return _STABILIZER in self._supported and self.program.clifford.obstacle is None

    @property
    def cones_fit(self) -> bool:
        """Whether the state vectors of the causal cones fit in the memory."""
        return self._cones is not None and self._fits(cone_cost(self._cones))

    def choose(self) -> tuple[SimulationMethod, str]:
        """Choose a method other than the state vector of the whole program.

        Raises:
            QoroInputError: All methods cost too much.
        """
        if _MPS not in self._supported:
            raise QoroInputError(_use_instead(str(self.too_large), _MPS))
        if self.program.randomness:
            # Measurements and resets destroy entanglement, which the estimate does not know.
            return _MPS, f"{self.too_large}; with {self.program.randomness} its cost cannot be estimated"
        costs: list[ConeCost | PauliCost | MpsCost] = []
        if self._cones is not None:
            costs += [cone_cost(self._cones), pauli_cost(self._cones)]
        mps = mps_cost(self.program.gates, len(self.program.qubits))
        possible = [cost for cost in (*costs, mps) if self._fits(cost)]
        if not possible:
            raise QoroInputError(self._refusal(mps))
        method, reason = self._describe(min(possible, key=lambda cost: cost.seconds))
        return method, f"{self.too_large}; {reason}"

    def much_faster_method(self) -> tuple[SimulationMethod, str] | None:
        """Return a method for expectation values that is much faster than the state vector, if any."""
        if self._pauli_strings is None or len(self.program.qubits) <= MAX_SMALL_QUBITS:
            return None
        # Counting statements is faster than reading the gates, and most programs end here.
        seconds = statevector_seconds(self.program.text.count(";"), len(self.program.qubits))
        if seconds <= _FAST_S or self._cones is None:
            return None
        # The engine reduces the state vector to the causal cones.
        seconds = min(seconds, cone_cost(self._cones).seconds)
        mps = mps_cost(self.program.gates, len(self.program.qubits))
        others = [cost for cost in (pauli_cost(self._cones), mps) if self._fits(cost)]
        best = min(others, key=lambda cost: cost.seconds, default=None)
        if best is None or seconds <= _FAST_S or _MUCH_FASTER * best.seconds > seconds:
            return None
        method, reason = self._describe(best)
        return method, f"a state vector is estimated to take {_duration(seconds)}; {reason}"

    def _fits(self, cost: ConeCost | PauliCost | MpsCost) -> bool:
        if cost.seconds > MAX_SECONDS:
            return False
        if isinstance(cost, ConeCost):
            return self._reason_against_statevector(cost.num_qubits) is None
        num_bytes = cost.num_bytes if isinstance(cost, MpsCost) else 200 * 2.0**cost.term_bits
        return num_bytes <= self._limit

    def _describe(self, cost: ConeCost | PauliCost | MpsCost) -> tuple[SimulationMethod, str]:
        if isinstance(cost, ConeCost):
            reason = f"the causal cones of the Pauli strings have at most {cost.num_qubits} qubits"
            return _STATEVECTOR, reason
        if isinstance(cost, PauliCost):
            return _PAULI, "few gates in the causal cones of the Pauli strings are not Clifford gates"
        return _MPS, f"the bond dimension is estimated as {_power(cost.bond_bits)}"

    def _reason_against_statevector(self, width: int) -> str | None:
        """Return why a state vector is too large, or ``None`` if it is not."""
        needed = statevector_bytes(width, sampling=self._sampling)
        if width > MAX_STATEVECTOR_QUBITS:
            return f"a state vector of {width} qubits is too large, the maximum is {MAX_STATEVECTOR_QUBITS}"
        if needed > self._limit:
            return (
                f"a state vector of {width} qubits needs {_gib(needed)} of memory, "
                f"the limit is {_gib(self._limit)}"
            )
        return None

    def _refusal(self, mps: MpsCost) -> str:
        return (
            f"{self.too_large}. As a matrix product state the circuit has an estimated bond dimension of "
            f"{_power(mps.bond_bits)}, which takes {_gib(mps.num_bytes)} and {_duration(mps.seconds)}. "
            f"Set max_bond_dimension for an approximate result, {_MORE_MEMORY}, or request a "
            f"simulation_type: {name_of(_MPS)} runs in any case, but not longer than time_limit_s"
        )


def _power(bits: float) -> str:
    return f"{max(1, round(2**bits))}" if bits < 20 else f"2^{bits:.0f}"


def _gib(num_bytes: float) -> str:
    gib = num_bytes / 2**30
    return f"{gib:.2f} GiB" if gib < 1e5 else f"10^{math.log10(gib):.0f} GiB"


def _duration(seconds: float) -> str:
    hours = seconds / 3600
    if hours < 48:
        return f"{seconds:.0f} seconds" if seconds < 600 else f"{hours:.1f} hours"
    years = hours / (24 * 365)
    if years < 1000:
        return f"{hours / 24:.0f} days" if years < 2 else f"{years:.0f} years"
    return f"10^{math.log10(years):.0f} years"
