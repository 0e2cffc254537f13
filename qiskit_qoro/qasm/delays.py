"""Delays in OpenQASM 2, which has none.

A delay travels as a gate that does nothing, with its duration in seconds as the angle:

.. code-block:: text

    gate qoro_delay(seconds) q { }
    qoro_delay(2e-07) q[0];

Every reader of OpenQASM 2 understands this text. The local service recognizes the name, and lets the qubit
decay for so long if the noise of the job says how. The name ``delay`` would not do: Qiskit's exporter uses it
with durations whose unit it leaves out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit.circuit import CircuitInstruction

__all__ = ["DELAYS_EXTENSION", "DELAY_DEFINITION", "DELAY_GATE", "is_delay"]

DELAYS_EXTENSION = "delays"
"""The name of the extension of a service that gives delays a meaning."""

DELAY_GATE = "qoro_delay"
"""The name of the gate."""

DELAY_DEFINITION = f"gate {DELAY_GATE}(seconds) q {{ }}"
"""The statement that a program with delays needs."""


def is_delay(instruction: CircuitInstruction) -> bool:
    """Whether an instruction of a parsed program is a delay."""
    return (
        instruction.name == DELAY_GATE
        and len(instruction.qubits) == len(instruction.params) == 1
        and not instruction.operation.definition.data
    )
