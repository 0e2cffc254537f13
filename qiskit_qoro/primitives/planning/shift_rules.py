"""Parameter-shift rules: the derivative by an angle of a gate as a sum of values at shifted angles.

A value as a function of one angle is a sum of a constant and of sines and cosines. Their frequencies are the
differences of the eigenvalues of the gate's generator:

- 1, for rotations, phases and controlled phases. Two shifted values give the exact derivative.
- 1/2 and 1, for controlled rotations. Four shifted values do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from qiskit_qoro.errors import QoroInputError

__all__ = ["ShiftRule", "shift_rules"]

ShiftRule = tuple[tuple[float, float], ...]
"""Pairs of a shift of the angle and the weight of the value there."""

_TWO_TERMS: ShiftRule = ((math.pi / 2, 0.5), (-math.pi / 2, -0.5))
_NEAR, _FAR = (math.sqrt(2) + 1) / (4 * math.sqrt(2)), (math.sqrt(2) - 1) / (4 * math.sqrt(2))
_FOUR_TERMS: ShiftRule = (
    (math.pi / 2, _NEAR),
    (-math.pi / 2, -_NEAR),
    (3 * math.pi / 2, -_FAR),
    (-3 * math.pi / 2, _FAR),
)

# Gate -> the rule of each of its angles. These are all gates with angles that programs contain.
_RULES: Mapping[str, tuple[ShiftRule, ...]] = {
    "rx": (_TWO_TERMS,),
    "ry": (_TWO_TERMS,),
    "rz": (_TWO_TERMS,),
    "p": (_TWO_TERMS,),
    "u1": (_TWO_TERMS,),
    "u2": (_TWO_TERMS,) * 2,
    "u3": (_TWO_TERMS,) * 3,
    "u": (_TWO_TERMS,) * 3,
    "cp": (_TWO_TERMS,),
    "cu1": (_TWO_TERMS,),
    "crx": (_FOUR_TERMS,),
    "cry": (_FOUR_TERMS,),
    "crz": (_FOUR_TERMS,),
    "cu3": (_FOUR_TERMS, _TWO_TERMS, _TWO_TERMS),
    "cu": (_FOUR_TERMS, _TWO_TERMS, _TWO_TERMS, _TWO_TERMS),
}

_GATE = re.compile(r"^(\w+)\(([^)]*)\)", re.MULTILINE)


def shift_rules(text: str, names: Sequence[str]) -> list[ShiftRule]:
    """Return the rule of each name in a template in which each name is one angle of one gate.

    Args:
        text: The template.
        names: The names.

    Raises:
        QoroInputError: A name is the angle of something that has no rule.
    """
    rules: dict[str, ShiftRule] = {}
    for gate, angles in _GATE.findall(text):
        for place, angle in enumerate(angles.split(",")):
            if angle in names and gate in _RULES:
                rules[angle] = _RULES[gate][place]
            elif angle in names:
                raise QoroInputError(
                    f"a parameter is the angle of {gate!r}, which has no parameter-shift rule: expected "
                    f"gates that consist of {', '.join(_RULES)} and gates without angles"
                )
    return [rules[name] for name in names]
