"""The error for an instruction that cannot be written."""

from __future__ import annotations

__all__ = ["UnwritableError"]


class UnwritableError(Exception):
    """An instruction cannot be written.

    It never reaches the user: :func:`~qiskit_qoro.qasm.write.writer.write_program` turns it into a
    :class:`~qiskit_qoro.errors.QoroInputError` that names the instruction.

    Args:
        reason: Why it cannot be written, and what to do.
        instruction: The index of the instruction. Only used for errors that are found after all instructions
            have been visited.
    """

    def __init__(self, reason: str, instruction: int = 0) -> None:
        super().__init__(reason)
        self.instruction = instruction
