"""How the gates of OpenQASM are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qiskit_qoro.display.circuits.layout import Family, Shape

__all__ = ["LOOKS", "GateLook"]


@dataclass(frozen=True)
class GateLook:
    """How a gate is drawn.

    Attributes:
        name: The text in its box.
        family: The family, which decides the colour.
        num_qubits: The number of its qubits.
        num_controls: How many of them, from the first one on, are controls.
        shape: How the other ones are drawn.
    """

    name: str
    family: Family
    num_qubits: int = 1
    num_controls: int = 0
    shape: Shape = Shape.BOX


_BASIS, _PAULI, _ROTATION, _PHASE = Family.BASIS, Family.PAULI, Family.ROTATION, Family.PHASE
LOOKS: Mapping[str, GateLook] = {
    "h": GateLook("H", _BASIS),
    "x": GateLook("X", _PAULI),
    "y": GateLook("Y", _PAULI),
    "z": GateLook("Z", _PHASE),
    "id": GateLook("I", Family.OTHER),
    "sx": GateLook("√X", _PAULI),
    "sxdg": GateLook("√X†", _PAULI),
    "s": GateLook("S", _PHASE),
    "sdg": GateLook("S†", _PHASE),
    "t": GateLook("T", _PHASE),
    "tdg": GateLook("T†", _PHASE),
    "p": GateLook("P", _PHASE),
    "u1": GateLook("U1", _PHASE),
    "rz": GateLook("RZ", _PHASE),
    "rx": GateLook("RX", _ROTATION),
    "ry": GateLook("RY", _ROTATION),
    "r": GateLook("R", _ROTATION),
    "u": GateLook("U", _ROTATION),
    "U": GateLook("U", _ROTATION),
    "u2": GateLook("U2", _ROTATION),
    "u3": GateLook("U3", _ROTATION),
    "rxx": GateLook("RXX", _ROTATION, 2),
    "ryy": GateLook("RYY", _ROTATION, 2),
    "rzx": GateLook("RZX", _ROTATION, 2),
    "rzz": GateLook("RZZ", _PHASE, 2),
    "swap": GateLook("swap", _PAULI, 2, 0, Shape.SWAP),
    "cswap": GateLook("swap", _PAULI, 3, 1, Shape.SWAP),
    "CX": GateLook("X", _PAULI, 2, 1, Shape.NOT),
    "cx": GateLook("X", _PAULI, 2, 1, Shape.NOT),
    "ccx": GateLook("X", _PAULI, 3, 2, Shape.NOT),
    "c3x": GateLook("X", _PAULI, 4, 3, Shape.NOT),
    "c4x": GateLook("X", _PAULI, 5, 4, Shape.NOT),
    "c3sqrtx": GateLook("√X", _PAULI, 4, 3),
    "cy": GateLook("Y", _PAULI, 2, 1),
    "cz": GateLook("Z", _PHASE, 2, 1, Shape.DOT),
    "ccz": GateLook("Z", _PHASE, 3, 2, Shape.DOT),
    "ch": GateLook("H", _BASIS, 2, 1),
    "cs": GateLook("S", _PHASE, 2, 1),
    "csdg": GateLook("S†", _PHASE, 2, 1),
    "csx": GateLook("√X", _PAULI, 2, 1),
    "cp": GateLook("P", _PHASE, 2, 1),
    "cu1": GateLook("U1", _PHASE, 2, 1),
    "crx": GateLook("RX", _ROTATION, 2, 1),
    "cry": GateLook("RY", _ROTATION, 2, 1),
    "crz": GateLook("RZ", _PHASE, 2, 1),
    "cu": GateLook("U", _ROTATION, 2, 1),
    "cu3": GateLook("U3", _ROTATION, 2, 1),
    "reset": GateLook("|0⟩", Family.OTHER),
    "measure": GateLook("measure", Family.MEASURE, shape=Shape.MEASURE),
}
"""The looks by the names of gates in OpenQASM. Any other gate is a box with its name."""
