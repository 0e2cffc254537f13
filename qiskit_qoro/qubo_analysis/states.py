"""States as text, rows and numbers: variable 0 is the leftmost character, first column, highest bit.

This is the one place that says so. Everything else uses these functions.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["all_states", "index_of", "mask_of", "state_rows", "state_text"]


def all_states(num_variables: int) -> NDArray[np.bool_]:
    """Every state, row k being the state of number k: 2^n × n."""
    numbers = np.arange(2**num_variables)
    return np.asarray((numbers[:, None] >> np.arange(num_variables)[::-1]) & 1, bool)


def state_rows(states: Iterable[str], num_variables: int) -> NDArray[np.bool_]:
    """Texts as rows."""
    rows = [[character == "1" for character in state] for state in states]
    return np.array(rows, bool).reshape(len(rows), num_variables)


def state_text(row: NDArray[np.bool_]) -> str:
    """A row as text."""
    return "".join("1" if value else "0" for value in row)


def index_of(state: str) -> int:
    """The number of a state."""
    return int(state, 2)


def mask_of(variables: Iterable[int], num_variables: int) -> int:
    """The number of the state in which just these variables are 1."""
    return sum(1 << (num_variables - 1 - variable) for variable in variables)
