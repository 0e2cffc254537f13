"""Read a token from the user: from a prompt that does not show it, or from standard input."""

from __future__ import annotations

import getpass
import sys
import warnings

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret

__all__ = ["is_interactive", "read_token"]

_LIMIT_BYTES = 100_000


def is_interactive() -> bool:
    """Whether a person can answer a prompt."""
    return sys.stdin.isatty()


def read_token(prompt: str) -> Secret:
    """Read a token. The prompt is shown only if a person can answer it.

    Returns:
        What was entered, without white space around it. It may be empty.

    Raises:
        QoroInputError: It cannot be read.
    """
    token = _ask(prompt) if is_interactive() else _read_standard_input()
    # Raised here, because the other functions have the token in a variable.
    if isinstance(token, str):
        raise QoroInputError(token)
    return token


def _ask(prompt: str) -> Secret | str:
    """Return the answer to a prompt, or what is wrong."""
    with warnings.catch_warnings():
        # Without control of the terminal, getpass would warn and then show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return Secret(getpass.getpass(prompt).strip())
        except getpass.GetPassWarning:
            return "this terminal would show the token: write it to standard input, for example from a file"
        except KeyboardInterrupt:
            # The cursor is still behind the prompt.
            sys.stderr.write("\n")
            raise
        except EOFError:
            sys.stderr.write("\n")
            return "no token was entered"
        except UnicodeDecodeError:
            return "the token is not text in UTF-8"


def _read_standard_input() -> Secret | str:
    """Return what standard input holds, or what is wrong."""
    try:
        # Some shells begin a text with a byte order mark.
        return Secret(sys.stdin.buffer.read(_LIMIT_BYTES).decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        return "the token on standard input is not text in UTF-8"
    except OSError as error:
        return f"standard input cannot be read: {error.strerror or error}"
