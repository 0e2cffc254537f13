"""How large a program may be: one set of limits for the readers and the writers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONDITION_COST", "DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True)
class Limits:
    """How large a program may be.

    Attributes:
        text_bytes: Length of the text; UTF-8 bytes.
        qubits: Qubits of all registers together.
        clbits: Classical bits of all registers together.
        operations: Operations after every definition is expanded and every operation on a whole
            register is counted once for each of its qubits. A conditional operation counts for
            :data:`CONDITION_COST`.
        definition_depth: Levels of gates defined by gates defined by gates.
        nesting: Brackets within the brackets of one expression. The engine's parser takes twice
            as long for each: 5 ms at 12, 0.1 s at 16, minutes at 25.
        expression_chars: Length of one expression. It bounds chains of operators, for which
            parsers use one stack frame each.
        definitions: Gate definitions in one program.
    """

    text_bytes: int = 16 * 1024 * 1024
    qubits: int = 10_000
    clbits: int = 100_000
    operations: int = 1_000_000
    definition_depth: int = 64
    nesting: int = 12
    expression_chars: int = 4096
    definitions: int = 10_000


DEFAULT_LIMITS = Limits()


CONDITION_COST = 50
"""For how many operations one under a condition counts, as it takes the parser that much longer."""
