"""The only door to the simulation engine, ``qoro-maestro``.

Programs are read by Qiskit's parser and written again before the engine sees them
(:mod:`qiskit_qoro.local.engine.program`); the method is chosen and checked here rather than by the engine
(:mod:`qiskit_qoro.local.engine.methods`). What the engine answers is corrected: its bitstrings run the other
way and have a width of their own, and its expectation values are those of one random trajectory
wherever the state depends on chance.

The engine is an extra (``qiskit-qoro[local]``), so it is imported where it is used. It can crash the
process that calls it: call these functions in a worker process (:mod:`qiskit_qoro.local.workers.pool`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.engine.methods import check_config, choose_method, default_memory_limit
from qiskit_qoro.local.engine.noise import Noise, choose_noise, estimate_noisy, sample_noisy
from qiskit_qoro.local.engine.pauli_strings import ask_words
from qiskit_qoro.local.engine.program import EngineProgram, write_engine_program
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.qasm.read.parser import parse_program

__all__ = ["Source", "compile_program", "expect", "is_plain_statevector", "load_engine", "sample"]

_SIMULATORS: Mapping[Simulator, str] = {
    Simulator.QiskitAer: "QiskitAer",
    Simulator.QCSim: "QCSim",
    Simulator.CompositeQiskitAer: "CompositeQiskitAer",
    Simulator.CompositeQCSim: "CompositeQCSim",
    Simulator.GpuSim: "Gpu",
}
_COMPILED_QUBITS = 10  # up to here it is quicker to compile a program than to have the engine run its text
_MOST_SHOTS = 10_000_000  # at 2^31 - 1 the engine never comes back


class Source(Protocol):
    """A program that is not there as a text of its own."""

    def read(self, *, measure: bool = True, words: frozenset[str] | None = None) -> EngineProgram:
        """The program for the engine, with the arguments of ``write_engine_program``."""


def sample(
    qasm: str | Source,
    shots: int,
    config: ExecutionConfig,
    *,
    device: str | None = None,
    seed: int | None = None,
    memory_limit_bytes: int | None = None,
) -> dict[str, int]:
    """Run a program and count what its classical bits hold at the end.

    Args:
        qasm: OpenQASM 2, or where to read the program.
        shots: How often it runs, 1 to 10,000,000.
        config: Simulator, method and truncation, or noise.
        device: A QPU system whose noise is added; ``config`` then chooses no more than how strong it is.
        seed: 0 to 2^64 - 1, makes the counts repeatable (not on the composite simulators); ``None``
            makes them different every time.
        memory_limit_bytes: The most memory that a state vector may take, by default half of what is
            free, at most 4 GiB.

    Returns:
        Bitstring to count. The strings are as wide as all classical bits of the program together,
        classical bit 0 rightmost, ``0`` where nothing was measured. Empty for a program without
        classical bits. The counts add up to ``shots``.

    Raises:
        QoroInputError: The program or the configuration cannot be run; the message says why.
        QoroError: The engine is missing, or it failed.
    """
    _check_shots(shots)
    check_config(config)
    noise = choose_noise(device, config)
    program = _read(qasm, words=noise.errors.gates if noise else None)
    if not program.num_clbits:
        return {}
    if not program.has_measurement:
        return {"0" * program.num_clbits: shots}
    if noise is None:
        answer = _sample_ideal(program, shots, config, seed, memory_limit_bytes)
    else:
        noise.check_width(program)
        answer = _call(sample_noisy, load_engine(), program, shots, noise, seed)
    return _normalized_counts(answer, program.num_clbits, shots)


def expect(
    qasm: str | Source,
    words: Sequence[str],
    config: ExecutionConfig,
    *,
    memory_limit_bytes: int | None = None,
) -> list[float]:
    """Compute expectation values without shot noise, in the state that a program prepares.

    Measurements after which nothing else happens to their qubits are left out.

    Args:
        qasm: OpenQASM 2, or where to read the program.
        words: Pauli words over ``IXYZ``, the leftmost letter on qubit 0; shorter words act on the
            first qubits.
        config: Simulator, method and truncation, or noise.
        memory_limit_bytes: The most memory that a state vector may take, by default half of what is
            free, at most 4 GiB.

    Returns:
        One value for each word, in order. Exact unless ``config`` asks for a truncation, or for noise on
        more than ten qubits or in random realizations.

    Raises:
        QoroInputError: The program, a word or the configuration cannot be used; the message says why.
            So are programs whose state depends on chance (a reset, a measurement before the end, a
            condition): the engine would answer with one random trajectory.
        QoroError: The engine is missing, or it failed.
    """
    check_config(config)
    noise = choose_noise(None, config)
    program = _read(qasm, measure=False, words=noise.errors.gates if noise else None)
    asked = ask_words(words, program)
    if program.trajectory:
        raise QoroInputError(
            f"the program contains {program.trajectory}, so its state depends on chance and has no exact "
            "expectation values: take it out, or sample the program"
        )
    return asked.arrange(_estimate(program, list(asked.words), config, noise, memory_limit_bytes))


def is_plain_statevector(
    program: EngineProgram,
    config: ExecutionConfig,
    *,
    device: str | None = None,
    memory_limit_bytes: int | None = None,
) -> bool:
    """Whether expectation values of a program are computed from QCSim's state vector, without noise.

    Args:
        program: The program.
        config: What the user asks for.
        device: A QPU system whose noise is added.
        memory_limit_bytes: The most memory that a state vector may take.

    Raises:
        QoroInputError: The configuration cannot be used.
    """
    check_config(config)
    if choose_noise(device, config) is not None:
        return False
    limit = default_memory_limit() if memory_limit_bytes is None else memory_limit_bytes
    chosen = choose_method(program, config, sampling=False, memory_limit_bytes=limit)
    return chosen == (Simulator.QCSim, SimulationMethod.Statevector)


def compile_program(text: str) -> Any:
    """Compile a program without measurements, for expectation values in state vectors.

    Args:
        text: A program that was written for the engine.

    Returns:
        The engine's ``AdjointProgram``.

    Raises:
        QoroError: The engine cannot read it.
        ValueError: It contains something else than gates.
    """
    maestro = load_engine()
    parser = maestro.QasmToCirc()
    circuit = parser.parse_and_translate(text)
    if parser.failed():
        raise QoroError(f"the engine cannot read a program: {parser.get_error_message()}")
    return maestro.AdjointProgram(circuit)


def load_engine() -> ModuleType:
    """Import the engine.

    Raises:
        QoroError: It is not installed.
    """
    try:
        import maestro  # noqa: PLC0415  it is an extra
    except ImportError as error:
        raise QoroError(
            'the simulation engine is not installed: pip install "qiskit-qoro[local]". There are wheels of '
            "qoro-maestro for Linux x86-64 (glibc 2.27 or later), macOS 14 or later on Apple silicon, and "
            f"Windows x86-64, and none for other platforms ({error})"
        ) from error
    engine: ModuleType = maestro
    return engine


def _read(
    source: str | Source, *, measure: bool = True, words: frozenset[str] | None = None
) -> EngineProgram:
    if isinstance(source, str):
        return write_engine_program(parse_program(source), measure=measure, words=words)
    return source.read(measure=measure, words=words)


def _sample_ideal(
    program: EngineProgram, shots: int, config: ExecutionConfig, seed: int | None, limit: int | None
) -> Any:
    maestro = load_engine()
    options = _options(program, config, sampling=True, limit=limit)
    settings = maestro.SimulatorConfig(**options, seed=seed)
    return _call(maestro.simple_execute, program.text, config=settings, shots=shots)["counts"]


def _estimate(
    program: EngineProgram, words: list[str], config: ExecutionConfig, noise: Noise | None, limit: int | None
) -> list[float]:
    if noise is not None:
        noise.check_width(program)
    if not words:
        return []
    maestro = load_engine()
    values: list[float]
    if noise is None and _is_quick_compiled(program, config, limit):
        values = _call(_estimate_compiled, program, words)
    elif noise is None:
        settings = maestro.SimulatorConfig(**_options(program, config, sampling=False, limit=limit))
        answer = _call(maestro.simple_estimate, program.text, words, config=settings)
        values = [float(value) for value in answer["expectation_values"]]
    else:
        values = _call(estimate_noisy, maestro, program, words, noise)
    if len(values) != len(words):
        raise QoroError(f"the engine gave {len(values)} expectation values for {len(words)} Pauli words")
    return values


def _is_quick_compiled(program: EngineProgram, config: ExecutionConfig, limit: int | None) -> bool:
    return len(program.qubits) <= _COMPILED_QUBITS and is_plain_statevector(
        program, config, memory_limit_bytes=limit
    )


def _estimate_compiled(program: EngineProgram, words: list[str]) -> list[float]:
    answer = compile_program(program.text).expectation_values(words)
    return [float(value) for value in answer["expectation_values"][0]]


def _options(
    program: EngineProgram, config: ExecutionConfig, *, sampling: bool, limit: int | None
) -> dict[str, Any]:
    maestro = load_engine()
    simulator, method = choose_method(
        program,
        config,
        sampling=sampling,
        memory_limit_bytes=default_memory_limit() if limit is None else limit,
    )
    options: dict[str, Any] = {
        "simulator_type": getattr(maestro.SimulatorType, _SIMULATORS[simulator]),
        "simulation_type": getattr(maestro.SimulationType, method.name),
    }
    if method is SimulationMethod.MatrixProductState:
        options["max_bond_dimension"] = config.bond_dimension
        options["singular_value_threshold"] = config.truncation_threshold
    return options


def _call(function: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except MemoryError as error:
        raise QoroError("the engine ran out of the memory that it may take") from error
    except (RuntimeError, ValueError) as error:
        raise QoroError(f"the engine failed: {error}") from error


def _normalized_counts(answer: Mapping[str, int], num_clbits: int, shots: int) -> dict[str, int]:
    """Counts as wide as the program's classical bits, with bit 0 on the right.

    The engine writes bit 0 on the left and as many bits as the highest qubit or bit in use.
    """
    counts: Counter[str] = Counter()
    for key, count in answer.items():
        counts[key[:num_clbits].ljust(num_clbits, "0")[::-1]] += int(count)
    if counts.total() != shots:
        raise QoroError(f"the engine counted {counts.total()} shots, expected {shots}")
    return dict(counts)


def _check_shots(shots: int) -> None:
    if not 1 <= shots <= _MOST_SHOTS:
        raise QoroInputError(f"shots is {shots!r}, expected 1 to {_MOST_SHOTS}")
