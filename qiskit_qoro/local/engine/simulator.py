"""Sample programs and estimate expectation values with the simulation engine, ``qoro-maestro``.

This module works around errors of the engine:

- Qiskit parses each program, and :mod:`qiskit_qoro.local.engine.program` writes it again before the engine
  sees it.
- :mod:`qiskit_qoro.local.engine.methods` chooses and checks the simulation method.
- The engine's bitstrings are reversed and have a width of their own. They are normalized here.
- If the state depends on chance, the engine's expectation values are those of one random trajectory. Such
  programs are refused.

The engine can crash its process: call these functions in a worker process
(:mod:`qiskit_qoro.local.workers.pool`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.engine.compiled.circuits import build_circuit
from qiskit_qoro.local.engine.compiled.sampling import FinalMeasurements, split_measurements
from qiskit_qoro.local.engine.engine_calls import accelerators, call_engine, load_engine, parse_with_engine
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.engine.methods import (
    MAX_SMALL_QUBITS,
    MethodChoice,
    choose_method,
    default_memory_limit,
)
from qiskit_qoro.local.engine.pauli_strings import ReducedPauliStrings, reduce_pauli_strings
from qiskit_qoro.local.engine.plain_program import write_plain_program
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.supported import check_options
from qiskit_qoro.models.batches import Batches, standard_errors
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.jobs import ResultDetails
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.read.plain_program import read_plain_program
from qiskit_qoro.qasm.read.source import check_encoding, clean

if TYPE_CHECKING:
    from qiskit_qoro.local.engine.noisy.runs import NoisyRun

__all__ = [
    "ProgramSource",
    "Report",
    "check_shots",
    "compile_program",
    "estimate",
    "plain_statevector",
    "read_engine_program",
    "sample",
    "simulator_config",
]

_SIMULATORS: Mapping[Simulator, str] = {
    Simulator.QiskitAer: "QiskitAer",
    Simulator.QCSim: "QCSim",
    Simulator.CompositeQiskitAer: "CompositeQiskitAer",
    Simulator.CompositeQCSim: "CompositeQCSim",
    Simulator.GpuSim: "Gpu",
    Simulator.QuestSim: "QuestSim",
    Simulator.DistributedGpu: "DistributedGpu",
}

# Up to this width, a compiled program is faster than simple_estimate and simple_execute.
_MAX_COMPILED_QUBITS = 11

# With 2^31 - 1 shots the engine never returns.
_MAX_SHOTS = 10_000_000


Report = Callable[[ResultDetails], None]
"""Receives details of the result before the engine runs, and again if there are more of them after it ran."""


def _ignore(details: ResultDetails) -> None:
    """Ignore details."""


class ProgramSource(Protocol):
    """A source of an engine program other than OpenQASM text, such as a row of a template."""

    def read(self, *, measure: bool = True, basis_gates: frozenset[str] | None = None) -> EngineProgram:
        """Return the program. The arguments are those of ``write_engine_program``."""


def sample(
    qasm: str | ProgramSource,
    shots: int,
    settings: EngineSettings,
    *,
    memory_limit_bytes: int | None = None,
    report: Report = _ignore,
) -> dict[str, int]:
    """Run a program and count the final values of its classical bits.

    Args:
        qasm: OpenQASM 2 text, or a source of a program.
        shots: The number of runs, 1 to 10,000,000.
        settings: The options and the noise. With a seed the counts are repeatable, without one they differ
            every time.
        memory_limit_bytes: The maximum memory of a state vector. By default half of the free memory.
        report: Receives the method and why it is used.

    Returns:
        Bitstring to count. Each bitstring has one character for each classical bit of the program, classical
        bit 0 rightmost. Bits that are not measured are ``0``. Empty if the program has no classical bits. The
        counts add up to ``shots``.

    Raises:
        QoroInputError: The program or the configuration cannot be run. The message says why.
        QoroError: The engine is missing, or it failed.
    """
    check_shots(shots)
    check_options(settings.options, accelerators)
    noise = settings.noise
    program = read_engine_program(qasm, basis_gates=noise.basis_gates if noise else None)
    # The engine would return {"0": shots} in both cases.
    if not program.num_clbits:
        return {}
    if not program.has_measurement:
        return {"0" * program.num_clbits: shots}
    run = _noisy_run(program, settings, memory_limit_bytes, shots=shots)
    if run is None:
        return _sample_ideal(program, shots, settings, memory_limit_bytes, report)
    details = ResultDetails(run.chosen.method.name, run.chosen.reason)
    report(details)
    counts, raw = call_engine(program, run.sample, shots)
    if run.chosen.realizations is not None:
        normalized = (_normalized_counts(batch, program.num_clbits, sum(batch.values())) for batch in raw)
        report(replace(details, batches=Batches(run.chosen.realizations, counts=tuple(normalized))))
    return _normalized_counts(counts, program.num_clbits, shots)


def estimate(
    qasm: str | ProgramSource,
    pauli_strings: Sequence[str],
    settings: EngineSettings,
    *,
    memory_limit_bytes: int | None = None,
    report: Report = _ignore,
) -> list[float]:
    """Compute expectation values without shot noise, in the state that a program prepares.

    Final measurements are ignored.

    Args:
        qasm: OpenQASM 2 text, or a source of a program.
        pauli_strings: Pauli strings over ``IXYZ``, the leftmost letter on qubit 0. Shorter strings act on the
            first qubits.
        settings: The options and the noise.
        memory_limit_bytes: The maximum memory of a state vector. By default half of the free memory.
        report: Receives the method and why it is used.

    Returns:
        One value for each Pauli string, in order. The values are exact unless ``settings`` set a truncation,
        or noise is simulated in random realizations. ``report`` then receives their standard errors.

    Raises:
        QoroInputError: The program, a Pauli string or the configuration cannot be used. The message says why.
            Programs whose state depends on chance (a reset, a mid-circuit measurement, a condition) are
            refused, because the engine would follow one random trajectory.
        QoroError: The engine is missing, or it failed.
    """
    check_options(settings.options, accelerators)
    noise = settings.noise
    program = read_engine_program(qasm, measure=False, basis_gates=noise.basis_gates if noise else None)
    reduced = reduce_pauli_strings(pauli_strings, program)
    if program.randomness:
        raise QoroInputError(
            f"the program contains {program.randomness}, so its state depends on chance and it has no exact "
            "expectation values: remove it, or sample the program"
        )
    strings = reduced.pauli_strings
    run = _noisy_run(program, settings, memory_limit_bytes, pauli_strings=strings) if strings else None
    if run is not None:
        return reduced.expand(_estimate_noisy(program, run, pauli_strings, reduced, report))
    return reduced.expand(
        _estimate(program, list(reduced.pauli_strings), settings, memory_limit_bytes, report)
    )


def plain_statevector(
    program: EngineProgram,
    settings: EngineSettings,
    *,
    sampling: bool,
    memory_limit_bytes: int | None = None,
) -> MethodChoice | None:
    """Return the choice of QCSim's state vector without noise and further options, or ``None``.

    Args:
        program: The program.
        settings: The options and the noise.
        sampling: Whether the program is sampled. Expectation values need less memory.
        memory_limit_bytes: The maximum memory of a state vector.

    Raises:
        QoroInputError: The configuration cannot be used.
    """
    check_options(settings.options, accelerators)
    # Only the engine's usual functions take its other options.
    if settings.noise is not None or settings.passed_on:
        return None
    choice = _choose(program, settings, sampling=sampling, limit=memory_limit_bytes)
    is_plain = (choice.simulator, choice.method) == (Simulator.QCSim, SimulationMethod.Statevector)
    return choice if is_plain else None


def compile_program(text: str) -> Any:
    """Compile a program without measurements, for expectation values in its state vector.

    Args:
        text: The text of an engine program.

    Returns:
        The engine's ``AdjointProgram``.

    Raises:
        QoroError: The engine cannot parse the text.
        ValueError: The program contains something other than gates.
    """
    circuit = build_circuit(text, to_compile=True)
    return load_engine().AdjointProgram(parse_with_engine(text) if circuit is None else circuit)


def simulator_config(
    program: EngineProgram, options: MaestroConfig, *, memory_limit_bytes: int | None = None
) -> Any:
    """Return the engine's ``SimulatorConfig`` for a computation in the state of a program.

    Args:
        program: The program.
        options: The options. They set the method.
        memory_limit_bytes: The maximum memory of a state vector.

    Raises:
        QoroInputError: The options cannot be used for this program.
    """
    check_options(options, accelerators)
    settings = EngineSettings(options)
    choice = _choose(program, settings, sampling=False, limit=memory_limit_bytes)
    return load_engine().SimulatorConfig(**_options(choice, settings))


def read_engine_program(
    source: str | ProgramSource, *, measure: bool = True, basis_gates: frozenset[str] | None = None
) -> EngineProgram:
    """Return the engine program of a text or of another source.

    Args:
        source: OpenQASM 2 text, or a source of a program.
        measure: As for :func:`~qiskit_qoro.local.engine.program.write_engine_program`.
        basis_gates: As for that function.

    Raises:
        QoroInputError: The text is not a program that can be run.
    """
    if not isinstance(source, str):
        return source.read(measure=measure, basis_gates=basis_gates)
    check_encoding(source)
    plain = read_plain_program(clean(source))
    program = None if plain is None else write_plain_program(plain, measure=measure, basis_gates=basis_gates)
    if program is not None:
        return program
    # These modules import Qiskit, which takes several times as long as a small job.
    from qiskit_qoro.local.engine.program import write_engine_program  # noqa: PLC0415
    from qiskit_qoro.qasm.read.parser import parse_program  # noqa: PLC0415

    return write_engine_program(parse_program(source), measure=measure, basis_gates=basis_gates)


def _choose(
    program: EngineProgram,
    settings: EngineSettings,
    *,
    sampling: bool,
    limit: int | None,
    pauli_strings: Sequence[str] | None = None,
) -> MethodChoice:
    return choose_method(
        program,
        settings.options,
        sampling=sampling,
        memory_limit_bytes=default_memory_limit() if limit is None else limit,
        pauli_strings=pauli_strings,
    )


def _sample_ideal(
    program: EngineProgram, shots: int, settings: EngineSettings, limit: int | None, report: Report
) -> dict[str, int]:
    maestro = load_engine()
    num_qubits = len(program.qubits)
    if num_qubits > MAX_SMALL_QUBITS:
        program = program.measured_part()
    choice = _choose(program, settings, sampling=True, limit=limit)
    if len(program.qubits) < num_qubits:
        relevant = f"the measurements depend on {len(program.qubits)} of {num_qubits} qubits"
        choice = replace(choice, reason=f"{choice.reason}; {relevant}")
    report(choice.details)
    # The counts for a seed are those of the engine.
    if settings.seed is None and _is_faster_compiled(program, choice, settings):
        split = split_measurements(program)
        if split is not None:
            # Rounding errors of very large angles change the norm of the state, so that its probabilities
            # are refused. The engine samples such a state.
            with suppress(QoroError):
                counts: dict[str, int] = call_engine(program, _sample_compiled, *split, shots)
                return counts
    config = maestro.SimulatorConfig(**_options(choice, settings), seed=settings.seed)
    source = _source(program, choice)
    answer = call_engine(program, maestro.simple_execute, source, config=config, shots=shots)
    return _normalized_counts(answer["counts"], program.num_clbits, shots)


def _estimate(
    program: EngineProgram,
    pauli_strings: list[str],
    settings: EngineSettings,
    limit: int | None,
    report: Report,
) -> list[float]:
    if not pauli_strings:
        return []
    maestro = load_engine()
    values: list[float]
    choice = _choose(program, settings, sampling=False, limit=limit, pauli_strings=pauli_strings)
    report(choice.details)
    if _is_faster_compiled(program, choice, settings):
        values = call_engine(program, _estimate_compiled, program, pauli_strings)
    else:
        config = maestro.SimulatorConfig(**_options(choice, settings))
        source = _source(program, choice)
        answer = call_engine(program, maestro.simple_estimate, source, pauli_strings, config=config)
        values = [float(value) for value in answer["expectation_values"]]
    if len(values) != len(pauli_strings):
        raise QoroError(
            f"the engine returned {len(values)} expectation values for {len(pauli_strings)} Pauli strings"
        )
    return values


def _noisy_run(
    program: EngineProgram,
    settings: EngineSettings,
    limit: int | None,
    *,
    shots: int = 0,
    pauli_strings: Sequence[str] = (),
) -> NoisyRun | None:
    """Prepare a run with noise, or return ``None`` if the program has none."""
    if settings.noise is None:
        return None
    from qiskit_qoro.local.engine.noisy.runs import prepare_noisy_run  # noqa: PLC0415 - most programs have no noise

    return prepare_noisy_run(
        program,
        settings,
        settings.noise,
        shots=shots,
        pauli_strings=pauli_strings,
        memory_limit_bytes=default_memory_limit() if limit is None else limit,
    )


def _estimate_noisy(
    program: EngineProgram,
    run: NoisyRun,
    pauli_strings: Sequence[str],
    reduced: ReducedPauliStrings,
    report: Report,
) -> list[float]:
    """Estimate the reduced Pauli strings with noise, and report the errors of those requested."""
    details = ResultDetails(run.chosen.method.name, run.chosen.reason)
    report(details)
    rows = call_engine(program, run.estimate, reduced.pauli_strings)
    values: list[float] = rows.mean(axis=0).tolist()
    realizations = run.chosen.realizations
    if realizations is not None:
        errors = standard_errors(rows, 1 + np.abs(values), realizations).tolist()
        columns = rows.T.tolist()
        requested = reduced.requested(pauli_strings)
        report(
            replace(
                details,
                standard_errors={string: errors[position] for string, position in requested.items()},
                batches=Batches(
                    realizations,
                    values={string: tuple(columns[position]) for string, position in requested.items()},
                ),
            )
        )
    return values


def _is_faster_compiled(program: EngineProgram, choice: MethodChoice, settings: EngineSettings) -> bool:
    # A compiled program does not take the engine's other options.
    if settings.passed_on:
        return False
    return len(program.qubits) <= _MAX_COMPILED_QUBITS and (choice.simulator, choice.method) == (
        Simulator.QCSim,
        SimulationMethod.Statevector,
    )


def _estimate_compiled(program: EngineProgram, pauli_strings: list[str]) -> list[float]:
    answer = compile_program(program.text).expectation_values(pauli_strings)
    return [float(value) for value in answer["expectation_values"][0]]


def _sample_compiled(text: str, measurements: FinalMeasurements, shots: int) -> dict[str, int]:
    rng = np.random.default_rng()
    evaluate = compile_program(text).expectation_values
    return measurements.as_dict(measurements.sample(evaluate, np.array([shots]), None, rng)[0])


def _source(program: EngineProgram, choice: MethodChoice) -> Any:
    """Return the program in gates that the method accepts: the engine's circuit, or a text to parse."""
    text = program.text
    if choice.method is SimulationMethod.Stabilizer and program.clifford.text is not None:
        text = program.clifford.text
    circuit = build_circuit(text)
    return text if circuit is None else circuit


def _options(choice: MethodChoice, settings: EngineSettings) -> dict[str, Any]:
    """Return the keyword arguments of the engine's ``SimulatorConfig``."""
    maestro = load_engine()
    arguments: dict[str, Any] = {
        "simulator_type": getattr(maestro.SimulatorType, _SIMULATORS[choice.simulator]),
        "simulation_type": getattr(maestro.SimulationType, choice.method.name),
    }
    if choice.method is SimulationMethod.Stabilizer:
        # The reduction writes sx as rx, which the stabilizer simulator refuses.
        arguments["auto_reduce"] = False
    return settings.passed_on | arguments


def _normalized_counts(counts: Mapping[str, int], num_clbits: int, shots: int) -> dict[str, int]:
    """Rewrite the engine's counts: one character for each classical bit, bit 0 on the right.

    The engine writes bit 0 on the left. It stops after the highest classical bit *or qubit* in use, so its
    keys can be too short (the missing bits are 0) or too long (the surplus belongs to qubits).
    """
    normalized: Counter[str] = Counter()
    for key, count in counts.items():
        normalized[key[:num_clbits].ljust(num_clbits, "0")[::-1]] += int(count)
    if normalized.total() != shots:
        raise QoroError(f"the engine counted {normalized.total()} shots, expected {shots}")
    return dict(normalized)


def check_shots(shots: int) -> None:
    """Check a number of shots.

    Raises:
        QoroInputError: It is too small or too large.
    """
    if not 1 <= shots <= _MAX_SHOTS:
        raise QoroInputError(f"shots is {shots!r}, expected 1 to {_MAX_SHOTS}")
