"""Putting numbers in place of names, as the service does it.

Each whole-word occurrence of a name becomes the shortest decimal text that reads back as the same number.
That is all: nothing is parsed and no brackets are added. So with ``theta = -0.5``, ``rx(-theta)`` becomes
``rx(--0.5)``, which Qiskit's parser and the engine both read as 0.5, and ``theta^2`` becomes ``-0.5^2``,
which both read as -(0.5^2) = -0.25. Whoever means the square writes ``(theta)^2``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["decimal", "resolve_template"]

_WORD = re.compile(r"\b[A-Za-z_]\w*")


def decimal(value: float) -> str:
    """The shortest decimal text that reads back as ``value``."""
    return repr(float(value))


def resolve_template(text: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Put values in place of names.

    Args:
        text: The template.
        names: The names, each a word that does not begin with a digit.
        values: One value for each name.

    Returns:
        The text with each whole word that is a name replaced by its value. Names within longer words
        stay, so that ``theta_1`` and ``theta_10`` do not disturb each other.
    """
    numbers = {name: decimal(value) for name, value in zip(names, values, strict=True)}
    return _WORD.sub(lambda word: numbers.get(word[0], word[0]), text)
