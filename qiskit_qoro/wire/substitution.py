"""Replace the parameter names in a template by numbers, as the service does.

Each whole word that is a name is replaced by the shortest decimal text that reads back as the same number.
Nothing is parsed and no brackets are added. With ``theta = -0.5``, ``rx(-theta)`` becomes ``rx(--0.5)``,
which Qiskit's parser and the engine both read as 0.5. ``theta^2`` becomes ``-0.5^2``, which both read as
-(0.5^2) = -0.25; to square the value, write ``(theta)^2``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["decimal_text", "resolve_template"]

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*")


def decimal_text(value: float) -> str:
    """The shortest decimal text that reads back as ``value``."""
    return repr(float(value))


def resolve_template(text: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Replace the parameter names in a template by values.

    Args:
        text: The template.
        names: The names, each an identifier: letters, digits and underscores, not beginning with a digit.
        values: One value for each name.

    Returns:
        The text with the values. A name inside a longer identifier stays, so ``theta_1`` does not affect
        ``theta_10``.
    """
    numbers = {name: decimal_text(value) for name, value in zip(names, values, strict=True)}
    # One pass over the text, so that inserted numbers are not searched for names: 1e-300 contains an "e".
    return _IDENTIFIER.sub(lambda match: numbers.get(match[0], match[0]), text)
