"""Find and replace the parameter names of a template in its text.

A name may be any text, for example ``theta_0``, ``w_0[0]`` or ``β[0]``. It occurs wherever the text contains
it with no letter, digit or underscore of any script directly before or after it. If two occurrences overlap,
the longer one counts; if they are equally long, the first one counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Occurrence", "find_names", "replace_names"]

_WORD_CHAR = re.compile(r"\w")


class Occurrence(NamedTuple):
    """A place in the text of a template that stands for a number.

    Attributes:
        start: The offset of its first character.
        end: The offset behind its last character.
        name_index: The index of the name.
    """

    start: int
    end: int
    name_index: int


def find_names(text: str, names: Sequence[str]) -> list[Occurrence]:
    """Find all occurrences of names.

    Args:
        text: The text of the template.
        names: The names, distinct and not empty.

    Returns:
        The occurrences in ascending order. They do not overlap.
    """
    index_of = {name: index for index, name in enumerate(names)}
    # First character to the lengths of the names that begin with it. So only a few lengths have to be tried
    # at each place, even if there are many names.
    lengths: dict[str, set[int]] = {}
    for name in index_of:
        lengths.setdefault(name[0], set()).add(len(name))
    if not lengths:
        return []
    candidates: list[Occurrence] = []
    overlaps, last_end = False, 0
    for match in re.finditer(rf"(?<!\w)[{re.escape(''.join(lengths))}]", text):
        start = match.start()
        for length in lengths[match[0]]:
            end = start + length
            if end > len(text):
                continue
            index = index_of.get(text[start:end])
            if index is not None and not _WORD_CHAR.match(text, end):
                candidates.append(Occurrence(start, end, index))
                overlaps = overlaps or start < last_end
                last_end = max(last_end, end)
    return _without_overlaps(candidates, len(text)) if overlaps else candidates


def replace_names(text: str, occurrences: Sequence[Occurrence], replacements: Sequence[str]) -> str:
    """Replace names.

    Args:
        text: The text of the template.
        occurrences: What to replace, in ascending order.
        replacements: The replacement of each name.
    """
    pieces: list[str] = []
    position = 0
    for start, end, index in occurrences:
        pieces += (text[position:start], replacements[index])
        position = end
    return "".join((*pieces, text[position:]))


def _without_overlaps(candidates: Sequence[Occurrence], size: int) -> list[Occurrence]:
    # Longest first, and from left to right if equally long. `taken` marks the characters of the kept ones.
    taken = bytearray(size)
    kept = []
    for occurrence in sorted(candidates, key=lambda each: (each.start - each.end, each.start)):
        start, end, _ = occurrence
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(occurrence)
    return sorted(kept)
