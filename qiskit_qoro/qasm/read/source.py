"""Texts of programs as people write them, and the form that Qiskit's parser and the engine accept.

Programs come from editors, exporters and web pages. Some contain a byte order mark, comments between ``/*``
and ``*/``, other white space, or a header such as ``OPENQASM 2;``. The parser and the engine do not refuse
the same of these. :func:`clean` replaces them and keeps the position of all other text, so that errors have
the line and column of the original.
"""

from __future__ import annotations

import re
import unicodedata

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits
from qiskit_qoro.qasm.read.guards import blank_comments, comment_spans, error_at

__all__ = ["BYTE_ORDER_MARK", "check_encoding", "check_source", "clean", "is_openqasm3", "sendable"]

BYTE_ORDER_MARK = "\ufeff"
"""The first character of many files that were written on Windows."""

_HEADER = re.compile(r"\s*OPENQASM\s+(\d+)(?:\.\d+)?\s*;")
_SHORT_HEADER = re.compile(r"(\s*OPENQASM\s+2)(\s*;)")
_MINOR_VERSION = re.compile(r"(\s*OPENQASM\s+2\.)(\d+)(?=\s*;)")
_QUOTED_INCLUDE = re.compile(r"\binclude(\s*)'([^'\"\n]*)'")
# Qiskit writes this declaration for its delays, which have no effect on the results.
_OPAQUE_DELAY = re.compile(r"\bopaque(\s+delay\b[^;{}]*);")
_OTHER_SPACES = {ord("\f"): " ", ord("\v"): " "}


def clean(text: str) -> str:
    """Return a program without comments, in a form that the parser accepts.

    All text keeps its position, except that a byte order mark is removed.
    """
    code = blank_comments(text.removeprefix(BYTE_ORDER_MARK))
    if "\f" in code or "\v" in code:
        code = code.translate(_OTHER_SPACES)
    if "'" in code:
        code = _QUOTED_INCLUDE.sub(r'include\1"\2"', code)
    if "delay" in code:
        code = _OPAQUE_DELAY.sub(r"gate\1 {}", code)
    # No version between 2.0 and 3.0 exists, and what a later one might add is refused anyway.
    match = _MINOR_VERSION.match(code)
    if match and match[2] != "0":
        code = match[1] + "0".ljust(len(match[2])) + code[match.end() :]
    return code


def sendable(text: str) -> str:
    """Return a program as the engine accepts it: unchanged if possible, otherwise without comments."""
    code = clean(text)
    is_accepted = (
        text.isascii()
        and "/*" not in text
        and code == blank_comments(text)
        and not _SHORT_HEADER.match(code)
        and not _has_comment_in_statement(text)
    )
    return text if is_accepted else _SHORT_HEADER.sub(r"\1.0\2", code, count=1)


def _has_comment_in_statement(text: str) -> bool:
    """Whether a comment is inside of a statement or a gate definition, where the engine refuses some of them.

    Args:
        text: A program whose comments all begin with ``//``.
    """
    if "//" not in text:
        return False
    depth, last, position = 0, ";", 0
    for start, end in comment_spans(text):
        code = text[position:start].rstrip()
        depth += code.count("{") - code.count("}")
        last = code[-1:] or last
        if depth or last not in ";}":
            return True
        position = end
    return False


def is_openqasm3(text: str) -> bool:
    """Whether the header of a program says OpenQASM 3."""
    match = _HEADER.match(blank_comments(text.removeprefix(BYTE_ORDER_MARK)))
    return match is not None and match[1] == "3"


def check_encoding(text: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Check that a program is text of an allowed length.

    Raises:
        QoroInputError: It is not.
    """
    if not isinstance(text, str):
        raise QoroInputError(f"the program is {type(text).__name__}, expected OpenQASM 2 text")
    if len(text) > limits.text_bytes:
        raise QoroInputError(
            f"the program has {len(text)} characters, at most {limits.text_bytes} bytes are allowed"
        )
    if not text.isascii():
        offset = next(offset for offset, char in enumerate(text) if not char.isascii())
        # Comments may contain any characters that UTF-8 can encode.
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise error_at(text, error.start, "the text is not valid Unicode (a lone surrogate)") from None
        if size > limits.text_bytes:
            raise error_at(text, offset, f"the program is longer than {limits.text_bytes} bytes") from None
    if not text.strip():
        raise QoroInputError("line 1, column 1: the program is empty")


def check_source(code: str) -> None:
    """Check the header and the characters of a cleaned program.

    Raises:
        QoroInputError: The program is not OpenQASM 2, a comment has no end, or it contains a character that
            OpenQASM 2 allows in comments only. The message begins with line and column.
    """
    header = _HEADER.match(code)
    if header and header[1] != "2":
        raise error_at(
            code, header.start(1), f"the program is OpenQASM {header[1]}, expected a program in OpenQASM 2.0"
        )
    if "/*" in code:
        raise error_at(code, code.index("/*"), "the comment that begins here has no end, expected '*/'")
    if not code.isascii():
        offset = next(offset for offset, char in enumerate(code) if not char.isascii())
        name = unicodedata.name(code[offset], "unknown")
        raise error_at(
            code,
            offset,
            f"the character U+{ord(code[offset]):04X} ({name}) is non-ASCII text outside of a comment; "
            "replace or remove it",
        )
