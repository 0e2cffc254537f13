"""Checks that both primitives make on their backend and their PUBs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives.planning.programs import RowPrograms

__all__ = ["check_backend", "check_width", "prefix_errors"]


def check_backend(backend: object, generic: str) -> QoroBackend:
    """The backend that a primitive was given.

    Args:
        backend: What was given.
        generic: Qiskit's class that takes backends of any provider.

    Raises:
        QoroInputError: It is no :class:`QoroBackend`.
    """
    if not isinstance(backend, QoroBackend):
        raise QoroInputError(
            f"backend is {type(backend).__name__}, expected a QoroBackend from QoroProvider().get_backend(); "
            f"for those of other providers there is Qiskit's {generic}"
        )
    return backend


@contextmanager
def prefix_errors(index: int) -> Iterator[None]:
    """Every input error within names the PUB."""
    try:
        yield
    except QoroInputError as error:
        error.introduce(f"PUB {index}")
        raise


def check_width(backend: QoroBackend, programs: RowPrograms) -> None:
    """Refuse a circuit that uses more qubits than the backend has.

    Raises:
        QoroInputError: It does.
    """
    if programs.program.num_qubits > backend.num_qubits:
        raise QoroInputError(
            f"the circuit uses {programs.program.num_qubits} qubits, {backend.name!r} has "
            f"{backend.num_qubits}: choose a wider backend"
        )
