"""The readouts of a PUB, stored in columns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qiskit_qoro.primitives.postprocess.readouts import COMPUTED, NOT_RUN, Readout, Readouts

PATTERNS = [COMPUTED, NOT_RUN, (("XX", (0, 2)),), (("Z", (1,)), ("X", (0, 3)))]


@given(st.lists(st.sampled_from(PATTERNS)))
def test_the_readouts_of_each_row_are_returned(patterns):
    rows = [
        (pattern, [10 * row + place for place in range(len(pattern))]) for row, pattern in enumerate(patterns)
    ]
    readouts = Readouts(rows)
    assert len(readouts) == len(rows)
    for row, (pattern, circuits) in enumerate(rows):
        assert readouts[row] == [
            Readout(circuit, basis, strings)
            for circuit, (basis, strings) in zip(circuits, pattern, strict=True)
        ]
    assert readouts.circuits == [circuit for _, circuits in rows for circuit in circuits]


def test_equal_patterns_are_stored_once():
    readouts = Readouts([(COMPUTED, [3]), (NOT_RUN, []), (COMPUTED, [1])])
    assert readouts.patterns == (COMPUTED, NOT_RUN)
    assert readouts.pattern_of_row == [0, 1, 0]
