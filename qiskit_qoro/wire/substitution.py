"""Replace the parameter names in a template by numbers, as the service does.

:mod:`qiskit_qoro.models.template_names` defines where a name occurs. Each occurrence is replaced by the
shortest decimal text that reads back as the same number. Nothing is parsed and no brackets are added. With
``theta = -0.5``, ``rx(-theta)`` becomes ``rx(--0.5)``, which Qiskit's parser and the engine both read as 0.5.
``theta^2`` becomes ``-0.5^2``, which both read as -(0.5^2) = -0.25; to square the value, write ``(theta)^2``.
"""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.models.template_names import find_names, replace_names

__all__ = ["decimal_text", "resolve_template"]


def decimal_text(value: float) -> str:
    """The shortest decimal text that reads back as ``value``."""
    return repr(float(value))


def resolve_template(text: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Replace the parameter names in a template by values.

    Args:
        text: The template.
        names: The names, each a text that is not empty.
        values: One value for each name.

    Returns:
        The text with the values. A name inside a longer word stays, so ``theta_1`` does not affect
        ``theta_10``, and numbers that were inserted are not searched for names.

    Raises:
        ValueError: There are more names than values, or fewer.
    """
    if len(names) != len(values):
        raise ValueError(f"got {len(values)} values for {len(names)} names, expected one for each name")
    return replace_names(text, find_names(text, names), [decimal_text(value) for value in values])
