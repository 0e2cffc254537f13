"""Import the engine, ``qoro-maestro``, call its functions, and translate its errors.

No other module imports the engine. It belongs to the extra ``local``, so it is imported when it is first
used. It can crash its process: call these functions in a worker process
(:mod:`qiskit_qoro.local.workers.pool`).
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.engine.engine_program import EngineProgram
from qiskit_qoro.local.installation import INSTALL_COMMAND
from qiskit_qoro.models.config import Simulator

__all__ = ["accelerators", "call_engine", "load_engine", "parse_with_engine"]

# The message of the engine if it cannot parse a program, often without its reason.
_PARSE_FAILURE = "Failed to parse"
_MAX_REASON_CHARS = 300


def load_engine() -> ModuleType:
    """Import the engine.

    Raises:
        QoroError: The engine is not installed.
    """
    try:
        import maestro  # noqa: PLC0415  it belongs to an extra
    except ImportError as error:
        raise QoroError(
            f"the simulation engine is not installed: run {INSTALL_COMMAND}. There are wheels of "
            "qoro-maestro for Linux x86-64 (glibc 2.27 or later), macOS 14 or later on Apple silicon, and "
            f"Windows x86-64, and none for other platforms ({error})"
        ) from error
    engine: ModuleType = maestro
    return engine


@cache
def accelerators() -> frozenset[Simulator]:
    """Return the simulators that the engine reports beside those on the CPU.

    A simulator is not among them if it lacks hardware or a library. The engine would silently run another
    one instead.

    Raises:
        QoroError: The engine is not installed.
    """
    maestro = load_engine()
    reported = {
        Simulator.GpuSim: maestro.is_gpu_available,
        Simulator.QuestSim: maestro.is_quest_available,
        Simulator.DistributedGpu: maestro.is_distributed_gpu_available,
    }
    return frozenset(simulator for simulator, is_available in reported.items() if is_available())


def parse_with_engine(text: str) -> Any:
    """Parse a program with the engine.

    Raises:
        QoroError: The engine refuses it. The message contains the engine's reason.
    """
    parser = load_engine().QasmToCirc()
    cause = None
    try:
        circuit = parser.parse_and_translate(text)
        if not parser.failed():
            return circuit
    except (RuntimeError, ValueError) as error:
        cause = error
    reason = parser.get_error_message() or str(cause)
    raise QoroError(f"the engine cannot parse the program: {_shortened(reason)}") from cause


def call_engine(program: EngineProgram, function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the engine, and translate its errors.

    Args:
        program: The program that the engine runs, for error messages.
        function: The function.
        *args: Its arguments.
        **kwargs: Its keyword arguments.

    Raises:
        QoroError: The engine failed, or it needs more memory than it may use.
    """
    try:
        return function(*args, **kwargs)
    except MemoryError as error:
        raise QoroError("the engine ran out of the memory that it may use") from error
    except (RuntimeError, ValueError) as error:
        if _PARSE_FAILURE in str(error):
            # This raises an error with the reason, which most functions of the engine hide.
            parse_with_engine(program.text)
        raise QoroError(f"the engine failed: {_shortened(str(error))}") from error


def _shortened(reason: str) -> str:
    """Shorten a reason of the engine, which may quote the rest of the program."""
    return reason if len(reason) <= _MAX_REASON_CHARS else reason[:_MAX_REASON_CHARS] + "…"
