"""What a program keeps of a circuit: its idle qubits and its delays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qiskit.circuit import Delay

from qiskit_qoro.qasm.write.unwritable import UnwritableError

__all__ = ["IDEAL", "WHOLE_CIRCUIT", "ProgramStyle"]

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


@dataclass(frozen=True)
class ProgramStyle:
    """What a program keeps of a circuit.

    Without noise, results depend neither on delays nor on the numbers of the qubits, and a transpiled circuit
    may be as wide as the backend. Noise depends on both.

    Attributes:
        drop_idle_qubits: Whether to leave out qubits without operations other than barriers and delays. The
            remaining qubits keep their order.
        keep_delays: Whether to write delays, as gates that do nothing.
        dt_s: The unit ``dt`` in seconds. If it is ``None``, delays in this unit are left out.
    """

    drop_idle_qubits: bool = False
    keep_delays: bool = False
    dt_s: float | None = None

    def seconds(self, delay: Delay) -> Any:
        """Return the duration of a delay in seconds, or ``None`` if the delay is left out.

        Returns:
            A number, or an expression with free parameters.

        Raises:
            UnwritableError: The duration has no value before the circuit runs.
        """
        if not self.keep_delays:
            return None
        duration, unit = delay.duration, delay.unit
        if unit == "expr":
            constant = getattr(duration, "value", None)
            if constant is None:
                raise UnwritableError(f"its duration is {duration}, expected a number or a constant")
            duration, unit = constant.value(), constant.unit()
        scale = self.dt_s if unit == "dt" else _SECONDS[unit]
        return None if scale is None else duration * scale


WHOLE_CIRCUIT = ProgramStyle()
"""The style that keeps all qubits and leaves out delays."""

IDEAL = ProgramStyle(drop_idle_qubits=True)
"""The style for systems and jobs without noise, or whose noise is unknown."""
