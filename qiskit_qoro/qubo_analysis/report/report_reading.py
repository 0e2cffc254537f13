"""Read the lists of a report: the probabilities of states and the sensitivities of variables.

Services differ in how they write them. Items that cannot be read are left out with a warning in the log.
"""

from __future__ import annotations

from collections.abc import Mapping

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.loose import read_flag, read_integer, read_number, read_text
from qiskit_qoro.qubo_analysis.report.report_values import StateProbability
from qiskit_qoro.wire.fields import as_object, readable_items, shown

__all__ = ["items_of", "read_scores", "read_states"]


def read_states(section: object) -> list[StateProbability]:
    """Read the probabilities of states, in the order of the service."""
    items = items_of(section, key="state", value="probability")
    return readable_items(items, "state_probabilities", _read_state)


def read_scores(section: object) -> list[tuple[int, float]]:
    """Read variables and their sensitivities, in the order of the service."""
    return readable_items(items_of(section, key="qubit", value="score"), "sensitivity", _read_score)


def items_of(section: object, *, key: str, value: str) -> list[object]:
    """Return the items of a list ``[{key: …, value: …}]``, which may also be an object ``{key: value}``."""
    if isinstance(section, Mapping):
        return [
            {key: name, **(item if isinstance(item, Mapping) else {value: item})}
            for name, item in section.items()
        ]
    return list(section) if isinstance(section, list | tuple) else []


def _read_state(item: object) -> StateProbability:
    fields = as_object(item, "state")
    state, probability = read_text(fields.get("state")), read_number(fields.get("probability"))
    if state is None or probability is None:
        raise WireError(f"expected state and probability, got {shown(item)}")
    is_target = read_flag(fields.get("is_target", fields.get("is_target?")))
    return StateProbability(state, probability, bool(is_target), read_number(fields.get("cost")))


def _read_score(item: object) -> tuple[int, float]:
    fields = as_object(item, "variable")
    qubit, score = read_integer(fields.get("qubit")), read_number(fields.get("score"))
    if qubit is None or score is None:
        raise WireError(f"expected qubit and score, got {shown(item)}")
    return qubit, score
