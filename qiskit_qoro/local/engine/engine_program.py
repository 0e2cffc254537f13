"""A program for the engine: its text, and how it relates to the user's program.

:mod:`~qiskit_qoro.local.engine.plain_program` and :mod:`~qiskit_qoro.local.engine.program` write such
programs. This module does not import Qiskit, and imports the analysis of a program when it is first used. So
a worker is ready before it has imported either.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from qiskit_qoro.errors import QoroInputError

if TYPE_CHECKING:
    from qiskit_qoro.local.engine.analysis.clifford import CliffordForm
    from qiskit_qoro.local.engine.analysis.gate_list import ListedGate

__all__ = ["CX_GATES", "NATIVE_GATES", "EngineProgram", "gate_text"]

NATIVE_GATES = frozenset({"id", "rz", "sx", "x", "cz"})
"""The gates of the simulated QPUs."""

CX_GATES = frozenset({"id", "rz", "sx", "x", "cx"})
"""The gates of devices with ``cx`` in place of ``cz``."""

# The stabilizer simulators accept rotations by multiples of a quarter turn only under these names.
_QUARTER_TURNS: Mapping[str, tuple[str, ...]] = {
    "rz": ("id", "s", "z", "sdg"),
    "p": ("id", "s", "z", "sdg"),
    "u1": ("id", "s", "z", "sdg"),
    "rx": ("id", "sx", "x", "sxdg"),
}

# Floating-point numbers are far apart at large angles, so many of them look like a multiple of a quarter
# turn.
_MAX_TURNS = 1024


@dataclass(frozen=True)
class EngineProgram:
    """A program for the engine, and how it relates to the user's program.

    Attributes:
        text: OpenQASM 2 without gate definitions. It contains only ``qubits``.
        qubits: For each qubit of the text, in order, the index of the qubit in the user's program. A qubit
            that was added for conditions has the index ``num_qubits``.
        num_qubits: The number of qubits that the user's program declares.
        num_clbits: The number of classical bits that the user's program declares. The text may have further
            bits after these.
        has_measurement: Whether any measurement writes a classical bit.
        randomness: The instruction that makes the final state depend on chance, such as ``"a reset"``.
            ``None`` if the state before the final measurements is always the same.
    """

    text: str
    qubits: tuple[int, ...]
    num_qubits: int
    num_clbits: int
    has_measurement: bool
    randomness: str | None

    @cached_property
    def clifford(self) -> CliffordForm:
        """The program in Clifford gates, or the gate that is not one."""
        from qiskit_qoro.local.engine.analysis.clifford import find_clifford_form  # noqa: PLC0415

        return find_clifford_form(self.text)

    def measured_part(self) -> EngineProgram:
        """Return the program without the gates and qubits that no measurement depends on.

        A program whose state depends on chance is returned as it is.
        """
        if self.randomness or not self.has_measurement:
            return self
        from qiskit_qoro.local.engine.analysis.measured_cone import keep_measured  # noqa: PLC0415

        text, indices = keep_measured(self.text)
        if len(indices) == len(self.qubits):
            return self
        return replace(self, text=text, qubits=tuple(self.qubits[index] for index in indices))

    @cached_property
    def gates(self) -> tuple[ListedGate, ...]:
        """The gates of the text."""
        from qiskit_qoro.local.engine.analysis.gate_list import read_gates  # noqa: PLC0415

        return read_gates(self.text)


def gate_text(name: str, params: Sequence[float]) -> str:
    """Write a gate with its angles in full precision. Quarter turns become Clifford gates.

    Raises:
        QoroInputError: An angle is not finite.
    """
    for angle in params:
        if not math.isfinite(angle):
            raise QoroInputError(f"gate {name!r} has the angles {params}, expected finite numbers")
    if name in _QUARTER_TURNS:
        turns = float(params[0]) / (math.pi / 2)
        if turns.is_integer() and abs(turns) <= _MAX_TURNS:
            return _QUARTER_TURNS[name][int(turns) % 4]
    return f"{name}({','.join([repr(float(angle)) for angle in params])})"
