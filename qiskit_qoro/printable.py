r"""Make text of others safe to print: a terminal executes control characters instead of showing them.

Names, tags and messages of a service, of the journal or of a file may contain escape sequences, which move
the cursor or change the title of a window. They may also contain bidirectional controls, which show a text in
another order.
They are replaced by the escapes that Python shows, for example ``\x1b``, so that nothing gets lost.
"""

from __future__ import annotations

import unicodedata

__all__ = ["printable_line", "printable_text", "quoted_name"]

_LONGEST_NAME = 60

# Control, format and surrogate characters, and separators of lines and paragraphs. The format characters
# include the bidirectional controls.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Format characters that only join letters or emoji: they are part of ordinary text.
_JOINERS = "\u200c\u200d"


def printable_text(text: str) -> str:
    """Escape the characters of a text that are not safe to print, except for line breaks and tabs."""
    return text if text.isprintable() else _escape(text, allowed=f"{_JOINERS}\n\t")


def printable_line(text: str) -> str:
    """Escape the characters of a text that are not safe to print in a line or in the cell of a table."""
    return text if text.isprintable() else _escape(text, allowed=_JOINERS)


def quoted_name(name: str) -> str:
    """Return a name in quotes, shortened if it is long. Qiskit names a Clifford by its whole table."""
    return repr(name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…")


def _escape(text: str, *, allowed: str) -> str:
    return "".join(
        character
        if character in allowed or unicodedata.category(character) not in _UNSAFE_CATEGORIES
        else repr(character)[1:-1]
        for character in text
    )
