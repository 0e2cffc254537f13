"""Convert states between text, rows and numbers.

Variable 0 is the leftmost character, the first column and the most significant bit. Modules that compute with
the numbers of states (``qaoa``, ``qaoa_figures``, ``spectrum``, ``spin_form``) use the same order.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["all_states", "index_of", "mask_of", "state_rows", "state_text"]


def all_states(num_variables: int) -> NDArray[np.bool_]:
    """Return every state: 2^n × n. Row k is the state with number k."""
    numbers = np.arange(2**num_variables)
    return np.asarray((numbers[:, None] >> np.arange(num_variables)[::-1]) & 1, bool)


def state_rows(states: Iterable[str], num_variables: int) -> NDArray[np.bool_]:
    """Return states given as text as the rows of an array."""
    rows = [[character == "1" for character in state] for state in states]
    return np.array(rows, bool).reshape(len(rows), num_variables)


def state_text(row: NDArray[np.bool_]) -> str:
    """Return a row as text."""
    return "".join("1" if value else "0" for value in row)


def index_of(state: str) -> int:
    """Return the number of a state given as text."""
    return int(state, 2)


def mask_of(variables: Iterable[int], num_variables: int) -> int:
    """Return the number of the state in which exactly these variables are 1."""
    return sum(1 << (num_variables - 1 - variable) for variable in variables)
