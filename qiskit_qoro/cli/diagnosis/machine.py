"""The local service and the terminal of this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

from qiskit import QuantumCircuit

from qiskit_qoro.cli.diagnosis.findings import Finding, Level
from qiskit_qoro.connection import local_install_command
from qiskit_qoro.display.tables import screen_width
from qiskit_qoro.display.times import duration
from qiskit_qoro.provider import QoroProvider

__all__ = ["local_service", "terminal"]

_SHOTS = 100
_COMFORTABLE_WIDTH = 60


def local_service(
    provider_class: type[QoroProvider],
    *,
    is_needed: bool,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Finding]:
    """Start the local service and run a Bell circuit.

    Args:
        provider_class: The class of the provider to start it with.
        is_needed: Whether there is no other service.
        clock: Measures time, in seconds.
    """
    command = local_install_command()
    if command is not None:
        level = Level.PROBLEM if is_needed else Level.NOTE
        yield Finding("local service", level, "not installed", f"Install with: {command}")
        return
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    begin = clock()
    with provider_class.local(journal=False) as provider:
        counts = provider.get_backend().run(bell, shots=_SHOTS).result().get_counts()
    took = duration(clock() - begin)
    if sum(counts.values()) != _SHOTS or not set(counts) <= {"00", "11"}:
        yield Finding("local service", Level.PROBLEM, f"a Bell circuit has the wrong counts {counts}")
        return
    yield Finding("local service", Level.OK, f"starts and runs a Bell circuit in {took}")


def terminal() -> Iterator[Finding]:
    """Examine standard output: its encoding, its width and its colours."""
    encoding = (sys.stdout.encoding or "unknown").lower()
    if encoding.replace("-", "").startswith("utf"):
        yield Finding("encoding", Level.OK, encoding)
    else:
        yield Finding(
            "encoding",
            Level.NOTE,
            f"{encoding} lacks some characters, which are replaced",
            "Set PYTHONUTF8=1",
        )
    width = screen_width()
    if width is None:
        yield Finding("output", Level.OK, "no terminal, so tables have all columns and no colours")
    elif width < _COMFORTABLE_WIDTH:
        yield Finding(
            "output", Level.NOTE, f"{width} columns", f"Tables fit {_COMFORTABLE_WIDTH} columns or more"
        )
    else:
        colours = "without colours" if os.environ.get("NO_COLOR") else "with colours"
        yield Finding("output", Level.OK, f"{width} columns, {colours}")
