"""The gates that the engine knows by name. Parser, writer and target all use this table.

It is the engine's list, not that of ``qelib1.inc``. A program has to define every other gate that it uses,
such as ``rzz``, ``iswap``, ``ecr`` or ``r``. Each row names Qiskit's class for the gate, whose matrix equals
the engine's up to a global phase. Qiskit is imported when a class is first used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qiskit.circuit import Gate

__all__ = ["CLIFFORD_GATES", "GATES", "UNKNOWN_GATES", "GateSpec"]


@dataclass(frozen=True)
class GateSpec:
    """A gate of the engine.

    Attributes:
        num_params: How many angles it takes.
        num_qubits: How many qubits it acts on.
        class_name: The name of Qiskit's class for it.
    """

    num_params: int
    num_qubits: int
    class_name: str

    @cached_property
    def constructor(self) -> type[Gate]:
        """Qiskit's class for the gate, called with the angles."""
        from qiskit.circuit.library import standard_gates  # noqa: PLC0415 - see above

        found: type[Gate] = getattr(standard_gates, self.class_name)
        return found


GATES: Mapping[str, GateSpec] = MappingProxyType(
    {
        "id": GateSpec(0, 1, "IGate"),
        "x": GateSpec(0, 1, "XGate"),
        "y": GateSpec(0, 1, "YGate"),
        "z": GateSpec(0, 1, "ZGate"),
        "h": GateSpec(0, 1, "HGate"),
        "s": GateSpec(0, 1, "SGate"),
        "sdg": GateSpec(0, 1, "SdgGate"),
        "t": GateSpec(0, 1, "TGate"),
        "tdg": GateSpec(0, 1, "TdgGate"),
        "sx": GateSpec(0, 1, "SXGate"),
        "sxdg": GateSpec(0, 1, "SXdgGate"),
        "rx": GateSpec(1, 1, "RXGate"),
        "ry": GateSpec(1, 1, "RYGate"),
        "rz": GateSpec(1, 1, "RZGate"),
        "p": GateSpec(1, 1, "PhaseGate"),
        "u1": GateSpec(1, 1, "U1Gate"),
        "u2": GateSpec(2, 1, "U2Gate"),
        "u3": GateSpec(3, 1, "U3Gate"),
        "u": GateSpec(3, 1, "UGate"),
        "cx": GateSpec(0, 2, "CXGate"),
        "cy": GateSpec(0, 2, "CYGate"),
        "cz": GateSpec(0, 2, "CZGate"),
        "ch": GateSpec(0, 2, "CHGate"),
        "swap": GateSpec(0, 2, "SwapGate"),
        "csx": GateSpec(0, 2, "CSXGate"),
        "crx": GateSpec(1, 2, "CRXGate"),
        "cry": GateSpec(1, 2, "CRYGate"),
        "crz": GateSpec(1, 2, "CRZGate"),
        "cp": GateSpec(1, 2, "CPhaseGate"),
        "cu1": GateSpec(1, 2, "CU1Gate"),
        "cu3": GateSpec(3, 2, "CU3Gate"),
        "cu": GateSpec(4, 2, "CUGate"),
        "ccx": GateSpec(0, 3, "CCXGate"),
        "cswap": GateSpec(0, 3, "CSwapGate"),
    }
)
"""The gates by name, in the order of the engine's documentation. Qiskit uses the same names."""

CLIFFORD_GATES = frozenset({"id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap"})
"""The gates of the table that are always Clifford gates. None of them has an angle."""

UNKNOWN_GATES = frozenset(
    {"r", "iswap", "dcx", "ecr", "cs", "csdg", "rxx", "ryy", "rzz", "rzx", "ccz", "rccx", "rc3x"}
    | {"c3x", "c3sqrtx", "c4x", "delay"}
)
"""Gates that other software writes without a definition and that the engine does not know."""
