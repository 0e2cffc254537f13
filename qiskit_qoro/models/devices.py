"""What a service knows about a QPU: which operations it has, how long they take, and how often they fail."""

from __future__ import annotations

from dataclasses import dataclass

from qiskit_qoro.display.reprs import counted

__all__ = ["DeviceProperties", "OperationProperties", "QubitProperties"]

_NO_GATES = frozenset({"delay", "measure", "reset"})


@dataclass(frozen=True)
class QubitProperties:
    """The decay of a qubit.

    Attributes:
        t1_s: The relaxation time T1 in seconds, or ``None`` if unknown.
        t2_s: The dephasing time T2 in seconds, at most twice T1, or ``None`` if unknown.
    """

    t1_s: float | None = None
    t2_s: float | None = None


@dataclass(frozen=True)
class OperationProperties:
    """A gate, a measurement or a reset on certain qubits.

    Attributes:
        name: The name of the operation, as in Qiskit.
        qubits: The qubits that it acts on, in order.
        error: For a gate, the average gate error, 1 minus the average gate fidelity. For ``measure``, the
            probability of a wrong result. ``None`` if unknown.
        duration_s: The duration in seconds, or ``None`` if unknown.
    """

    name: str
    qubits: tuple[int, ...]
    error: float | None = None
    duration_s: float | None = None


@dataclass(frozen=True)
class DeviceProperties:
    """The operations and the qubits of a QPU.

    Attributes:
        operations: The operations. The pairs of qubits that have a gate are the coupling of the device.
        qubits: The decay of each qubit. Empty if unknown.
        dt_s: The unit of durations that the device uses, in seconds, or ``None`` if unknown.
    """

    operations: tuple[OperationProperties, ...] = ()
    qubits: tuple[QubitProperties, ...] = ()
    dt_s: float | None = None

    def __repr__(self) -> str:
        return f"<DeviceProperties: {self.summary}>"

    @property
    def summary(self) -> str:
        """The size of the device, such as ``7 qubits, 6 coupled pairs``."""
        indices = {qubit for item in self.operations for qubit in item.qubits}
        num_qubits = max(len(self.qubits), max(indices, default=-1) + 1)
        return f"{counted(num_qubits, 'qubit')}, {counted(len(self.pairs), 'coupled pair')}"

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The coupled pairs of qubits, each once, with the lower index first."""
        found = {
            (min(item.qubits), max(item.qubits)) for item in self.operations if len(set(item.qubits)) == 2
        }
        return tuple(sorted(found))

    def readout_errors(self, num_qubits: int) -> list[float | None]:
        """Return the readout error of each of the first qubits; ``None`` if it is unknown."""
        found = {item.qubits: item.error for item in self.operations if item.name == "measure"}
        return [found.get((qubit,)) for qubit in range(num_qubits)]

    def gate_errors(self, num_qubits: int) -> list[float | None]:
        """Return the largest error of a gate on each of the first qubits; ``None`` if none is known."""
        found: dict[int, float] = {}
        for item in self.operations:
            if len(item.qubits) == 1 and item.error is not None and item.name not in _NO_GATES:
                found[item.qubits[0]] = max(item.error, found.get(item.qubits[0], 0.0))
        return [found.get(qubit) for qubit in range(num_qubits)]

    def pair_errors(self, num_qubits: int) -> dict[tuple[int, int], float | None]:
        """Return the largest error of a gate on each coupled pair of the first qubits; ``None`` if unknown.

        A pair may have several gates or directions. The largest error is what Qiskit's error map shows too.
        """
        found: dict[tuple[int, int], float | None] = {}
        for item in self.operations:
            if len(set(item.qubits)) == 2 and max(item.qubits) < num_qubits:
                pair = (min(item.qubits), max(item.qubits))
                known = [error for error in (found.get(pair), item.error) if error is not None]
                found[pair] = max(known, default=None)
        return found

    def error(self, name: str, *qubits: int) -> float | None:
        """Return the error of an operation, or ``None`` if it is unknown."""
        found = (item for item in self.operations if (item.name, item.qubits) == (name, qubits))
        return next((item.error for item in found), None)
