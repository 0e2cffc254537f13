"""Leave out the gates of a program that no measurement depends on.

If few qubits of a wide program are measured, their causal cone may be small enough for a state vector.
"""

from __future__ import annotations

import re

__all__ = ["keep_measured"]

_LINE = re.compile(r"([a-z0-9]+(?:\([^)]*\))?) (q\[[^-;]*)(.*)")
_QUBIT = re.compile(r"q\[([0-9]+)\]")


def keep_measured(text: str) -> tuple[str, tuple[int, ...]]:
    """Leave out all gates outside the causal cone of the measurements.

    Args:
        text: The text of an engine program without conditions and resets, in which no gate acts on a qubit
            after its measurement.

    Returns:
        The text with the remaining qubits, numbered from 0, and their indices in ``text``.
    """
    kept: list[str] = []
    cone: set[int] = set()
    for line in reversed(text.splitlines()):
        match = _LINE.fullmatch(line)
        if match is None or match[1] == "qreg":
            kept.append(line)
            continue
        qubits = {int(index) for index in _QUBIT.findall(match[2])}
        if match[1] == "measure" or not cone.isdisjoint(qubits):
            cone |= qubits
            kept.append(line)
    indices = sorted(cone)
    number = {str(index): new for new, index in enumerate(indices)}
    lines = []
    for line in reversed(kept):
        if line.startswith("qreg"):
            lines.append(f"qreg q[{max(1, len(indices))}];\n")
        elif _LINE.fullmatch(line):
            lines.append(_QUBIT.sub(lambda match: f"q[{number[match[1]]}]", line) + "\n")
        else:
            lines.append(f"{line}\n")
    return "".join(lines), tuple(indices)
