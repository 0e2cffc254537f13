"""Exact fidelities for the kernels and algorithms that take a fidelity of ``qiskit-machine-learning``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from qiskit import QuantumCircuit

from qiskit_qoro.display.cards import Card
from qiskit_qoro.display.reprs import counted, short_text
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.printable import quoted_name

__all__ = ["FidelityBackend", "QoroFidelity", "QoroFidelityJob", "QoroFidelityResult"]


_FIDELITIES_SHOWN = 10


class FidelityBackend(Protocol):
    """Computes fidelities, as :class:`QoroBackend` does."""

    def fidelity(
        self,
        a: Sequence[QuantumCircuit],
        b: Sequence[QuantumCircuit] | None = None,
        *,
        execution_config: AnyConfig | None = None,
        tag: str | None = None,
    ) -> Any:
        """Compute the fidelity of each circuit of ``a`` with each of ``b``."""


@dataclass(frozen=True)
class QoroFidelityResult:
    """The result of :meth:`QoroFidelity.run`.

    Attributes:
        fidelities: The fidelity of each pair, from 0 to 1.
        raw_fidelities: The same values before they were cut to this range, which only corrects rounding.
        metadata: An empty mapping for each pair.
    """

    fidelities: list[float]
    raw_fidelities: list[float]
    metadata: list[Mapping[str, Any]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<QoroFidelityResult: {counted(len(self.fidelities), 'fidelity', 'fidelities')}>"

    def _repr_html_(self) -> str:
        shown = [f"{value:.6g}" for value in self.fidelities[:_FIDELITIES_SHOWN]]
        text = ", ".join([*shown, "…"] if len(shown) < len(self.fidelities) else shown)
        return Card("Fidelities", rows=[("pairs", f"{len(self.fidelities):,}"), ("values", text)]).to_html()


@dataclass(frozen=True)
class QoroFidelityJob:
    """A finished computation of fidelities."""

    value: QoroFidelityResult

    def result(self) -> QoroFidelityResult:
        """Return the fidelities."""
        return self.value


class QoroFidelity:
    """Exact fidelities of pairs of circuits, computed on the local service in one job.

    Use it in place of ``ComputeUncompute``, as the ``fidelity`` of ``FidelityQuantumKernel``. Each distinct
    state is computed once. So the kernel matrix of n samples takes n states instead of n(n - 1)/2 circuits,
    and it has no shot noise.

    Args:
        backend: A simulator of the local service.
        execution_config: Options of the engine, as for :meth:`QoroBackend.fidelity`.
        tag: A name for the jobs.
    """

    def __init__(
        self,
        backend: FidelityBackend,
        *,
        execution_config: AnyConfig | None = None,
        tag: str | None = None,
    ) -> None:
        if not callable(getattr(backend, "fidelity", None)):
            raise QoroInputError(f"backend is {type(backend).__name__}, expected a QoroBackend")
        self._backend = backend
        self._execution_config = execution_config
        self._tag = tag

    def __repr__(self) -> str:
        return f"<QoroFidelity on {quoted_name(str(getattr(self._backend, 'name', '?')))}>"

    def _repr_html_(self) -> str:
        rows = [
            ("backend", str(getattr(self._backend, "name", "unknown"))),
            ("execution", self._execution_config and short_text(repr(self._execution_config), 200)),
            ("tag", self._tag),
        ]
        return Card("Exact fidelities", rows=[(name, text) for name, text in rows if text]).to_html()

    def run(
        self,
        circuits_1: QuantumCircuit | Sequence[QuantumCircuit],
        circuits_2: QuantumCircuit | Sequence[QuantumCircuit],
        values_1: Any = None,
        values_2: Any = None,
        **options: Any,
    ) -> QoroFidelityJob:
        """Compute the fidelity of each pair of circuits, and wait for it.

        Args:
            circuits_1: The first circuit of each pair, or one circuit.
            circuits_2: The second circuit of each pair, or one circuit.
            values_1: A row of parameter values for each of ``circuits_1``, in the order of its parameters.
                ``None`` for circuits without parameters.
            values_2: The same for ``circuits_2``.
            **options: Accepted for compatibility, without effect: there are no shots.

        Raises:
            QoroInputError: The lists have different lengths, or a circuit has another number of parameters.
            QoroError: As for :meth:`QoroBackend.fidelity`.
        """
        del options
        left = _States(circuits_1, values_1, "1")
        right = _States(circuits_2, values_2, "2")
        if len(left.keys) != len(right.keys):
            raise QoroInputError(
                f"circuits_1 has {len(left.keys)} circuits and circuits_2 {len(right.keys)}: expected the "
                "same number"
            )
        if not left.keys:
            return QoroFidelityJob(QoroFidelityResult([], []))
        matrix, rows, columns = self._matrix(left.circuits, right.circuits)
        raw = [
            float(matrix[rows[one], columns[other]]) for one, other in zip(left.keys, right.keys, strict=True)
        ]
        return QoroFidelityJob(
            QoroFidelityResult(np.clip(raw, 0, 1).tolist(), raw, [{} for _ in range(len(raw))])
        )

    def _matrix(
        self, left: Mapping[object, QuantumCircuit], right: Mapping[object, QuantumCircuit]
    ) -> tuple[Any, dict[object, int], dict[object, int]]:
        """Return fidelities, and the row of each state on the left and the column of each on the right."""
        if left.keys().isdisjoint(right):
            matrix = self._fidelity(list(left.values()), list(right.values()))
            return matrix, _positions(left), _positions(right)
        # Most states are on both sides, as in a symmetric kernel matrix: compute each of them once.
        both = {**left, **right}
        positions = _positions(both)
        return self._fidelity(list(both.values()), None), positions, positions

    def _fidelity(self, a: Sequence[QuantumCircuit], b: Sequence[QuantumCircuit] | None) -> Any:
        return self._backend.fidelity(a, b, execution_config=self._execution_config, tag=self._tag)


class _States:
    """The distinct states of one side of the pairs.

    Attributes:
        keys: For each pair, the key of its state.
        circuits: The bound circuit of each key.
    """

    def __init__(self, circuits: QuantumCircuit | Sequence[QuantumCircuit], values: Any, name: str) -> None:
        listed = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
        # Identities are part of the keys. Another circuit may get the identity of one that no longer exists.
        self._listed = listed
        rows = _rows(values, len(listed), name)
        self.keys: list[object] = []
        self.circuits: dict[object, QuantumCircuit] = {}
        for circuit, row in zip(listed, rows, strict=True):
            key = (id(circuit), row)
            self.keys.append(key)
            if key not in self.circuits:
                self.circuits[key] = _bound(circuit, row, name)


def _rows(values: Any, length: int, name: str) -> list[tuple[float, ...]]:
    if values is None:
        return [()] * length
    rows = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if not rows or not isinstance(rows[0], Sequence | np.ndarray):
        rows = [rows]  # one row for one circuit
    if len(rows) == 1 and not len(rows[0]):
        rows = rows * length
    if len(rows) != length:
        raise QoroInputError(
            f"values_{name} has {len(rows)} rows, expected one for each of {length} circuits"
        )
    return [tuple(map(float, row)) for row in rows]


def _bound(circuit: QuantumCircuit, row: Sequence[float], name: str) -> QuantumCircuit:
    if circuit.num_parameters != len(row):
        raise QoroInputError(
            f"values_{name} has rows of {len(row)} values, but circuit {quoted_name(circuit.name)} has "
            f"{circuit.num_parameters} parameters"
        )
    return circuit.assign_parameters(row) if len(row) else circuit


def _positions(states: Mapping[object, Any]) -> dict[object, int]:
    return {key: position for position, key in enumerate(states)}
