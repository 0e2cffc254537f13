"""Limits for the size of a program, for readers and writers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONDITION_COST", "DEFAULT_LIMITS", "MAX_CONDITION_VALUE", "Limits", "condition_cost"]


@dataclass(frozen=True)
class Limits:
    """Limits for the size of a program.

    Attributes:
        text_bytes: Length of the text in UTF-8 bytes.
        qubits: Qubits of all registers together.
        clbits: Classical bits of all registers together.
        operations: Number of operations, with all definitions expanded. An operation on a whole register
            counts once for each of its qubits. :func:`condition_cost` defines how often a conditional
            operation counts.
        definition_depth: Levels of definitions that use other definitions.
        nesting: Nested brackets in one expression. The engine's parser takes twice as long for each further
            level: 5 ms at 12, 0.1 s at 16, minutes at 25.
        expression_chars: Characters of one expression. It limits chains of operators, for which parsers use
            one stack frame each.
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
"""How many operations a conditional operation counts as, at least."""

MAX_CONDITION_VALUE = 2**31 - 1
"""The largest number that the engine can compare a register with. The register may have any width."""


def condition_cost(num_bits: int) -> int:
    """Return how many operations a conditional operation counts as.

    The parser takes about this much longer for it: it keeps a copy of the register for each condition.

    Args:
        num_bits: The width of the register that is compared.
    """
    return max(CONDITION_COST, num_bits)
