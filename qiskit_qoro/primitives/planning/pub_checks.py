"""Checks of backends and PUBs that both primitives share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives.planning.programs import RowPrograms

__all__ = ["check_backend", "check_width", "prefix_errors"]


def check_backend(backend: object, generic: str) -> QoroBackend:
    """Check that a primitive got a :class:`QoroBackend`, and return it.

    Args:
        backend: The object that the caller passed.
        generic: The name of Qiskit's primitive that accepts backends of any provider, for the message.

    Raises:
        QoroInputError: ``backend`` is something else.
    """
    if not isinstance(backend, QoroBackend):
        raise QoroInputError(
            f"backend is {type(backend).__name__}, expected a QoroBackend from QoroProvider().get_backend(); "
            f"for backends of other providers use Qiskit's {generic}"
        )
    return backend


@contextmanager
def prefix_errors(index: int) -> Iterator[None]:
    """Prefix the messages of input errors inside the ``with`` block with the index of the PUB."""
    try:
        yield
    except QoroInputError as error:
        error.introduce(f"PUB {index}")
        raise


def check_width(backend: QoroBackend, programs: RowPrograms) -> None:
    """Check that a circuit uses no more qubits than the backend has.

    Raises:
        QoroInputError: It uses more.
    """
    num_busy = programs.program.num_qubits - programs.program.num_idle_qubits
    if num_busy > backend.num_qubits:
        raise QoroInputError(
            f"the circuit uses {num_busy} qubits, but {backend.name!r} has only "
            f"{backend.num_qubits}: choose a backend with more qubits"
        )
