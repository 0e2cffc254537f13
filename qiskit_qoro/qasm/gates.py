"""The gates that the engine knows by name. Parser, writer and target all use this table.

It is the engine's list, not that of ``qelib1.inc``. A program has to define every other gate that it uses,
such as ``rzz``, ``iswap``, ``ecr`` or ``r``. Each row has Qiskit's class for the gate, whose matrix equals
the engine's up to a global phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from qiskit.circuit.library import standard_gates as std

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
        constructor: Qiskit's class for it, called with the angles.
    """

    num_params: int
    num_qubits: int
    constructor: type[Gate]


GATES: Mapping[str, GateSpec] = MappingProxyType(
    {
        "id": GateSpec(0, 1, std.IGate),
        "x": GateSpec(0, 1, std.XGate),
        "y": GateSpec(0, 1, std.YGate),
        "z": GateSpec(0, 1, std.ZGate),
        "h": GateSpec(0, 1, std.HGate),
        "s": GateSpec(0, 1, std.SGate),
        "sdg": GateSpec(0, 1, std.SdgGate),
        "t": GateSpec(0, 1, std.TGate),
        "tdg": GateSpec(0, 1, std.TdgGate),
        "sx": GateSpec(0, 1, std.SXGate),
        "sxdg": GateSpec(0, 1, std.SXdgGate),
        "rx": GateSpec(1, 1, std.RXGate),
        "ry": GateSpec(1, 1, std.RYGate),
        "rz": GateSpec(1, 1, std.RZGate),
        "p": GateSpec(1, 1, std.PhaseGate),
        "u1": GateSpec(1, 1, std.U1Gate),
        "u2": GateSpec(2, 1, std.U2Gate),
        "u3": GateSpec(3, 1, std.U3Gate),
        "u": GateSpec(3, 1, std.UGate),
        "cx": GateSpec(0, 2, std.CXGate),
        "cy": GateSpec(0, 2, std.CYGate),
        "cz": GateSpec(0, 2, std.CZGate),
        "ch": GateSpec(0, 2, std.CHGate),
        "swap": GateSpec(0, 2, std.SwapGate),
        "csx": GateSpec(0, 2, std.CSXGate),
        "crx": GateSpec(1, 2, std.CRXGate),
        "cry": GateSpec(1, 2, std.CRYGate),
        "crz": GateSpec(1, 2, std.CRZGate),
        "cp": GateSpec(1, 2, std.CPhaseGate),
        "cu1": GateSpec(1, 2, std.CU1Gate),
        "cu3": GateSpec(3, 2, std.CU3Gate),
        "cu": GateSpec(4, 2, std.CUGate),
        "ccx": GateSpec(0, 3, std.CCXGate),
        "cswap": GateSpec(0, 3, std.CSwapGate),
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
