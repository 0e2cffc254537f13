"""Programs that measure nothing: the service runs and charges them, but their counts are useless."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping

__all__ = ["ALL_ZERO", "NO_REGISTER", "describe_unmeasured", "has_measurement", "warn_unmeasured"]

NO_REGISTER = "has no classical register, so the result is empty"
"""What is wrong with a circuit without classical bits."""

ALL_ZERO = "contains no measurement, so all bits of the result are 0"
"""What is wrong with a circuit that has classical bits, but measures nothing into them."""

_REMEDY = "measure it with measure_all(), or with 'measure q -> c;' in OpenQASM"
_SHOWN = 3  # circuits that a warning names in addition to the first
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def has_measurement(text: str) -> bool:
    """Whether a program or a template in OpenQASM 2 measures a qubit, under a condition or not."""
    return _has_word("measure", text)


def describe_unmeasured(text: str) -> str | None:
    """Describe what is wrong with a program or a template that is to be sampled, but measures nothing.

    Args:
        text: The text in OpenQASM 2.

    Returns:
        :data:`NO_REGISTER`, :data:`ALL_ZERO`, or ``None`` if it measures something.
    """
    if has_measurement(text):
        return None
    return ALL_ZERO if _has_word("creg", text) else NO_REGISTER


def _has_word(word: str, text: str) -> bool:
    """Whether a reserved word occurs outside of comments. Then it always has its meaning."""
    if word not in text:
        return False
    if "//" in text or "/*" in text:
        text = _COMMENT.sub(" ", text)
    # A pattern that begins with the word itself is searched several times faster.
    return re.search(rf"{word}(?<!\w{word})(?!\w)", text) is not None


def warn_unmeasured(problems: Mapping[str, str], *, stacklevel: int) -> None:
    """Warn about circuits that measure nothing, once for each problem.

    Args:
        problems: The name of each circuit for the user, to its problem. It may be empty.
        stacklevel: As for :func:`warnings.warn`; 1 is the caller of this function.
    """
    for problem in dict.fromkeys(problems.values()):
        first, *others = (circuit for circuit, found in problems.items() if found == problem)
        message = f"{first} {problem}; {_REMEDY}"
        if others:
            shown = ", ".join(others[:_SHOWN])
            message += f". The same goes for {shown}" + (" and more" if len(others) > _SHOWN else "")
        warnings.warn(message, stacklevel=stacklevel + 1)
