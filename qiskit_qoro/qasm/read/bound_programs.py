"""Split bound programs into their angles and the text around them.

Many jobs contain programs that differ only in their angles, for example one program for each step of an
optimization or for each data point. Such programs are rows of a template, and run as fast as the rows of a
template that a client sends.

Only brackets that contain nothing but numbers and fractions of ``pi`` are split off. They may be in a gate
definition, in an expression or in a comment. Who prepares the template has to find out what they mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count

from qiskit_qoro.qasm.limits import DEFAULT_LIMITS
from qiskit_qoro.qasm.read.plain_program import ANGLE, COMMA, angle_value

__all__ = ["BoundProgram", "Skeleton", "skeleton_of", "split_program"]

# Linear in the length of the text: what a comma ends is not given back.
_ANGLES = re.compile(rf"\(({ANGLE}(?:{COMMA}{ANGLE})*+)\)", re.ASCII)


@dataclass(frozen=True)
class Skeleton:
    """The text around the angles of a program. Programs with equal skeletons differ only in their angles.

    Attributes:
        pieces: The text between the brackets with angles, one piece more than there are brackets.
        counts: The number of angles in each pair of brackets.
    """

    pieces: tuple[str, ...]
    counts: tuple[int, ...]

    def template(self) -> tuple[str, tuple[str, ...]]:
        """Return the text with a name in place of each angle, and the names."""
        prefix = "t"
        while any(prefix in piece for piece in self.pieces):
            prefix += "t"
        names = [f"{prefix}{index}" for index in range(sum(self.counts))]
        numbers = count()
        text = [self.pieces[0]]
        for num_angles, piece in zip(self.counts, self.pieces[1:], strict=True):
            inside = ",".join([names[next(numbers)] for _ in range(num_angles)])
            text += (f"({inside})", piece)
        return "".join(text), tuple(names)


@dataclass(frozen=True)
class BoundProgram:
    """A program, split into its skeleton and its angles."""

    skeleton: Skeleton
    angles: tuple[float, ...]


def split_program(text: str) -> BoundProgram | None:
    """Split a program. Return ``None`` if it has no angles, or is too long for the parser."""
    if len(text) > DEFAULT_LIMITS.text_bytes:
        return None
    parts = _ANGLES.split(text)
    groups = parts[1::2]
    if not groups:
        return None
    joined = ",".join(groups)
    angles = joined.split(",")
    values = map(angle_value, angles) if "p" in joined else map(float, angles)
    return BoundProgram(_skeleton(parts), tuple(values))


def skeleton_of(text: str) -> Skeleton:
    """Return the text around the angles of a program, which may have none."""
    return _skeleton(_ANGLES.split(text))


def _skeleton(parts: list[str]) -> Skeleton:
    return Skeleton(tuple(parts[::2]), tuple([group.count(",") + 1 for group in parts[1::2]]))
