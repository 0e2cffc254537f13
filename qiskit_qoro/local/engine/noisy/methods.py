"""Choose how the noise of a program is simulated: as exact channels, or in random realizations.

Density matrices and matrix product operators apply most noise as exact channels. They are used if they are
fast enough. Otherwise errors are drawn at random after each gate, and the results of many such realizations
are averaged. Results then have a statistical error, which :mod:`qiskit_qoro.local.engine.noisy.runs` finds.

Which noise needs what was found by running every setter of qoro-maestro 0.3.8 with each method:

- ``set_t1`` and ``set_t1_2q``, thermal relaxation with T2 > T1, generalized amplitude damping, correlated
  phase flips and Kraus operators are right only as exact channels. The engine refuses some of them in random
  realizations. It approximates the others: coherences decay up to 1.6 times too fast.
- Coherent and correlated noise is random with every method.
- Readout errors and crosstalk need neither.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.analysis.costs import density_matrix_bytes, statevector_bytes
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.methods import MAX_SECONDS, MAX_SMALL_QUBITS
from qiskit_qoro.local.engine.noisy.costs import NoisyCost, parts_of
from qiskit_qoro.local.engine.supported import name_of, requested_method
from qiskit_qoro.models.batches import DEFAULT_REALIZATIONS, batch_sizes
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import EXACT_METHODS
from qiskit_qoro.qasm.gates import CLIFFORD_GATES

__all__ = [
    "EXACT_QUBITS",
    "MAX_DENSITY_MATRIX_QUBITS",
    "NoiseTraits",
    "NoisyMethod",
    "choose_noisy_method",
]

EXACT_QUBITS = 10
"""Up to this number of qubits noise is always simulated exactly, unless the user asks for something else."""

MAX_DENSITY_MATRIX_QUBITS = 14
"""The widest density matrix, unless the user asks for one."""

_PURE = (SimulationMethod.Statevector, SimulationMethod.MatrixProductState, SimulationMethod.Stabilizer)

# Wider programs use exact channels if these take at most so long, and twice as long as the realizations.
_FAST_S = 2.0
# Noise that only exact channels represent may take so long.
_MAX_EXACT_S = 120.0
# Counts get more realizations than the default if they take at most so long.
_SAMPLING_S = 1.0

# What is right only as exact channels, for messages.
_EXACT_ONLY = (
    "set_t1, T2 > T1, generalized amplitude damping, correlated phase flips and Kraus operators correctly"
)

# A matrix product state has to be so many times faster than a state vector, because estimates are rough.
_MUCH_FASTER = 10.0

_MAX_STATEVECTOR_QUBITS = 24

_GATE_NAME = re.compile(r"^(?:if \([^)]*\) )?(\w+)[^;\n]*q\[", re.MULTILINE)


@dataclass(frozen=True)
class NoisyMethod:
    """How the noise of a program is simulated.

    Attributes:
        method: The simulation method.
        realizations: The number of random realizations, or ``None`` if nothing is random.
        reason: Why this method was chosen.
    """

    method: SimulationMethod
    realizations: int | None
    reason: str


@dataclass(frozen=True)
class NoiseTraits:
    """What a noise model needs.

    Attributes:
        needs_exact: Whether it is right only as exact channels.
        is_random: Whether it is random with every method.
        is_clifford: Whether its errors are Pauli errors and resets only.
        is_local: Whether noise acts on the qubits of a gate only. The causal cones of the gates are then
            those of the noisy program.
        is_pure: Whether a pure state stays pure. There are only crosstalk and readout errors.
    """

    needs_exact: bool
    is_random: bool
    is_clifford: bool
    is_local: bool
    is_pure: bool

    @classmethod
    def of(cls, model: Any, *, has_random_errors: bool) -> NoiseTraits:
        """Return the traits of the engine's noise model.

        Args:
            model: The model.
            has_random_errors: Whether it has other noise than crosstalk and readout errors.
        """
        is_random = bool(model.has_coherent() or model.has_correlated())
        return cls(
            needs_exact=bool(model.requires_exact_quantum_channels() or model.has_t1()),
            is_random=is_random,
            is_clifford=not (is_random or model.has_crosstalk()),
            is_local=not model.has_crosstalk(),
            is_pure=not has_random_errors,
        )


def choose_noisy_method(
    program: EngineProgram,
    options: MaestroConfig,
    traits: NoiseTraits,
    *,
    shots: int = 0,
    pauli_strings: Sequence[str] = (),
    realizations: int | None = None,
    random: bool = False,
    memory_limit_bytes: int,
) -> NoisyMethod:
    """Choose how to simulate the noise of a program.

    Args:
        program: The program to run.
        options: The options that the user sets.
        traits: What the noise needs.
        shots: The number of shots, or 0 for expectation values.
        pauli_strings: The Pauli strings to estimate, the leftmost letter on qubit 0 of the engine's program.
        realizations: The number of random realizations that the user sets.
        random: Whether the user asks for random realizations without naming a method.
        memory_limit_bytes: The maximum memory of a state.

    Raises:
        QoroInputError: The requested method cannot simulate this noise, or the program is too large for the
            methods that can.
    """
    if options.simulator_type not in (None, Simulator.QCSim):
        raise QoroInputError(
            f"simulator_type {name_of(options.simulator_type)} does not simulate noise, expected "
            f"{name_of(Simulator.QCSim)} or none"
        )
    width = len(program.qubits)
    # Cones matter only if the program is too wide to be simulated as a whole.
    uses_cones = (
        traits.is_local and width > EXACT_QUBITS and options.enable_causal_cone_reduction is not False
    )
    parts = parts_of(program.text, width, pauli_strings if uses_cones else ())
    cost = NoisyCost(parts, program.randomness is not None and shots > 0, shots)
    requested = requested_method(options)
    if requested is not None:
        _check(requested, program, traits, cost.num_qubits, memory_limit_bytes)
        method, reason = requested, "it was requested"
    elif traits.is_pure:
        method = _pure_method(program, traits, cost, memory_limit_bytes)
        reason = "crosstalk and readout errors are exact with it"
    elif random and not traits.needs_exact:
        method = _pure_method(program, traits, cost, memory_limit_bytes)
        reason = "noise_realizations asks for random realizations"
    else:
        method, reason = _choose(program, traits, cost, memory_limit_bytes)
    if traits.is_pure:
        return NoisyMethod(method, None, reason)
    if method in EXACT_METHODS and not traits.is_random:
        # A small bond dimension makes results very wrong: the operator even loses most of its trace.
        is_truncated = options.max_bond_dimension is not None or options.singular_value_threshold is not None
        effect = (
            "channels on a truncated operator, so results are not exact" if is_truncated else "exact channels"
        )
        return NoisyMethod(method, None, f"{reason}; errors are {effect}")
    number = _number_of_realizations(realizations, shots, cost)
    if requested is None:
        _check_duration(method, number, cost)
    return NoisyMethod(method, number, f"{reason}; random realizations of the errors are averaged")


def _choose(
    program: EngineProgram, traits: NoiseTraits, cost: NoisyCost, limit: int
) -> tuple[SimulationMethod, str]:
    """Choose a method if the user requests none."""
    width = cost.num_qubits
    if traits.is_random and not traits.needs_exact:
        return _pure_method(program, traits, cost, limit), "coherent and correlated noise is always random"
    candidates = []
    if width <= MAX_DENSITY_MATRIX_QUBITS and density_matrix_bytes(width) <= limit:
        candidates.append((cost.density_matrix_s, SimulationMethod.DensityMatrix))
    if cost.operator_bytes <= limit:
        candidates.append((cost.operator_s, SimulationMethod.MatrixProductOperator))
    seconds, method = min(candidates, default=(math.inf, SimulationMethod.MatrixProductOperator))
    longest = _MAX_EXACT_S if traits.needs_exact else _FAST_S
    if seconds <= longest or (candidates and width <= EXACT_QUBITS and not cost.repeats):
        return method, "it is the fastest exact method"
    reason = f"an exact method takes {_duration(seconds)}" if candidates else "an exact state is too large"
    if traits.needs_exact:
        raise QoroInputError(
            f"{reason}, and random realizations do not represent {_EXACT_ONLY}: use fewer qubits or "
            "gates, or other noise, such as thermal relaxation with T2 <= T1"
        )
    return _pure_method(program, traits, cost, limit), reason


def _is_clifford(program: EngineProgram) -> bool:
    """Whether a program consists of gates that the stabilizer simulator knows.

    A Clifford circuit in other gates is not rewritten, because noise acts after each gate of the user.
    """
    names = {match[1] for match in _GATE_NAME.finditer(program.text)}
    return names <= CLIFFORD_GATES | {"qreg", "measure", "reset"}


def _pure_method(
    program: EngineProgram, traits: NoiseTraits, cost: NoisyCost, limit: int
) -> SimulationMethod:
    """Choose the method of a single realization."""
    width = cost.num_qubits
    fits = width <= _MAX_STATEVECTOR_QUBITS and statevector_bytes(width, sampling=True) <= limit
    if fits and width <= MAX_SMALL_QUBITS:
        return SimulationMethod.Statevector
    if traits.is_clifford and _is_clifford(program):
        return SimulationMethod.Stabilizer
    if fits and cost.realization_s < _MUCH_FASTER * cost.product_state_s:
        return SimulationMethod.Statevector
    return SimulationMethod.MatrixProductState


def _check_duration(method: SimulationMethod, number: int, cost: NoisyCost) -> None:
    """Refuse realizations that would take very long.

    Raises:
        QoroInputError: They would. The message says how long.
    """
    each = {
        SimulationMethod.Statevector: cost.realization_s,
        SimulationMethod.MatrixProductState: cost.product_state_s,
    }.get(method, 0.0)
    if each * number > MAX_SECONDS:
        raise QoroInputError(
            f"{number} random realizations of the noise take {_duration(each * number)} with the fastest "
            f"method, {name_of(method)}: use fewer qubits or gates, or choose a simulation_type"
        )


def _check(
    method: SimulationMethod, program: EngineProgram, traits: NoiseTraits, width: int, limit: int
) -> None:
    """Check that a requested method can simulate the noise of a program, with states of ``width`` qubits.

    Raises:
        QoroInputError: It cannot.
    """
    if method not in (*EXACT_METHODS, *_PURE):
        known = ", ".join(map(name_of, (*EXACT_METHODS, *_PURE)))
        raise QoroInputError(
            f"simulation_type {name_of(method)} does not simulate noise, expected one of {known}, or none"
        )
    if method in _PURE and traits.needs_exact:
        raise QoroInputError(
            f"simulation_type {name_of(method)} simulates noise in random realizations, which do not "
            f"represent {_EXACT_ONLY}: use {' or '.join(map(name_of, EXACT_METHODS))}, or none"
        )
    if method is SimulationMethod.Stabilizer and not (traits.is_clifford and _is_clifford(program)):
        raise QoroInputError(
            f"simulation_type {name_of(method)} with noise needs Clifford gates without angles, and Pauli "
            "errors or relaxation: use another simulation_type, or none"
        )
    needed = {
        SimulationMethod.DensityMatrix: density_matrix_bytes(width),
        SimulationMethod.Statevector: statevector_bytes(width, sampling=True),
    }.get(method, 0)
    if needed > limit:
        raise QoroInputError(
            f"simulation_type {name_of(method)} needs {needed / 2**30:.2f} GiB of memory for {width} qubits, "
            f"the limit is {limit / 2**30:.2f} GiB: use another simulation_type, or none"
        )


def _number_of_realizations(requested: int | None, shots: int, cost: NoisyCost) -> int:
    if not shots:
        # All batches have the same size.
        wanted = DEFAULT_REALIZATIONS if requested is None else requested
        count = len(batch_sizes(wanted, wanted))
        return count * -(-wanted // count)
    if requested is not None:
        return min(requested, shots)
    # With a realization for each shot, the shots are independent.
    affordable = int(_SAMPLING_S / cost.realization_s) // 100 * 100
    return min(shots, max(DEFAULT_REALIZATIONS, affordable))


def _duration(seconds: float) -> str:
    """Format an estimate of seconds with two digits."""
    return f"about {float(f'{seconds:.2g}'):g} s" if seconds < MAX_SECONDS else "more than an hour"
