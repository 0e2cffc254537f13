"""The distribution of circuits over jobs: what is sent as templates, and the limits of that."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from qiskit_qoro.primitives.planning.job_layout import Circuit, JobDraft, Request, arrange_jobs
from qiskit_qoro.primitives.planning.programs import Source

TEXT = "OPENQASM 2.0;\nqreg q[1];\nrx(a) q[0];\nrz(b) q[0];\n"


def source(number: int = 0, names: tuple[str, ...] = ("a", "b")) -> Source:
    return Source(f"{TEXT}// {number}\n", 1, 0, names)


def sweep(number: int, num_rows: int, request: Request = 10) -> list[Circuit]:
    """Rows of one source, with different values of both names."""
    return [Circuit(source(number), np.array([row + 0.5, row + 0.25]), request) for row in range(num_rows)]


def joined(sweeps: Iterable[list[Circuit]]) -> list[Circuit]:
    return [circuit for circuits in sweeps for circuit in circuits]


def shape(drafts: list[JobDraft]) -> list[tuple[int, int]]:
    """The number of templates and the number of circuits of each job."""
    return [(len(draft.templates), len(draft.circuit_indices)) for draft in drafts]


def check_complete(drafts: list[JobDraft], circuits: list[Circuit]) -> None:
    """Check that each circuit is in exactly one job, with its own request."""
    indices = [index for draft in drafts for index in draft.circuit_indices]
    assert sorted(indices) == list(range(len(circuits)))
    for draft in drafts:
        assert [circuits[index].request for index in draft.circuit_indices] == list(draft.requests)
        if draft.templates:
            assert len(set(draft.requests)) == 1
            assert sum(len(template.values) for template in draft.templates) == len(draft.circuit_indices)


def test_rows_of_one_source_become_a_template() -> None:
    circuits = sweep(0, 3)
    (draft,) = arrange_jobs(circuits)
    (template,) = draft.templates
    assert draft.circuit_indices == (0, 1, 2)
    assert template.source == source(0)
    assert template.values.tolist() == [[0.5, 0.25], [1.5, 1.25], [2.5, 2.25]]


def test_a_single_row_is_a_template_with_all_of_its_names_if_it_is_the_only_circuit() -> None:
    (draft,) = arrange_jobs(sweep(0, 1))
    (template,) = draft.templates
    assert template.source == source(0)
    assert template.values.tolist() == [[0.5, 0.25]]


@pytest.mark.parametrize(
    "circuits", [joined([sweep(0, 1), sweep(1, 1)]), [Circuit(source(0, ()), np.empty(0), 10)] * 3]
)
def test_several_single_rows_and_a_source_without_names_are_bound_circuits(circuits: list[Circuit]) -> None:
    drafts = arrange_jobs(circuits)
    assert shape(drafts) == [(0, len(circuits))]
    check_complete(drafts, circuits)


def test_templates_with_the_same_request_share_a_job_and_the_rest_is_one_job() -> None:
    circuits = joined([sweep(0, 2), sweep(1, 1), sweep(2, 2, ("Z",)), sweep(3, 3), sweep(4, 1, ("X",))])
    drafts = arrange_jobs(circuits)
    assert shape(drafts) == [(2, 5), (1, 2), (0, 2)]
    check_complete(drafts, circuits)
    assert drafts[2].requests == (10, ("X",))


@pytest.mark.parametrize(("num_templates", "shapes"), [(16, [(16, 32)]), (17, [(0, 34)])])
def test_up_to_16_templates_are_sent_whatever_their_size(
    num_templates: int, shapes: list[tuple[int, int]]
) -> None:
    circuits = joined(sweep(number, 2) for number in range(num_templates))
    drafts = arrange_jobs(circuits)
    assert shape(drafts) == shapes
    check_complete(drafts, circuits)


@pytest.mark.parametrize(("num_requests", "num_jobs"), [(4, 4), (5, 1)])
def test_up_to_four_jobs_of_templates_are_submitted_whatever_their_size(
    num_requests: int, num_jobs: int
) -> None:
    circuits = joined(sweep(shots, 2, shots) for shots in range(1, num_requests + 1))
    drafts = arrange_jobs(circuits)
    assert len(drafts) == num_jobs
    assert all(bool(draft.templates) is (num_jobs == 4) for draft in drafts)
    check_complete(drafts, circuits)


@pytest.mark.parametrize(("num_rows", "is_template"), [(8, True), (7, False)])
def test_beyond_these_limits_only_templates_with_eight_rows_are_sent(
    num_rows: int, is_template: bool
) -> None:
    circuits = joined([*(sweep(number, 2) for number in range(17)), sweep(99, num_rows)])
    drafts = arrange_jobs(circuits)
    assert shape(drafts) == ([(1, 8), (0, 34)] if is_template else [(0, 34 + num_rows)])
    check_complete(drafts, circuits)


def test_there_are_at_most_16_jobs_of_templates_and_they_are_those_with_the_most_rows() -> None:
    circuits = joined(sweep(shots, 8 + (shots % 2), shots) for shots in range(1, 19))
    drafts = arrange_jobs(circuits)
    check_complete(drafts, circuits)
    assert len(drafts) == 17
    assert shape(drafts)[-1] == (0, 16)
    assert sorted(draft.requests[0] for draft in drafts[:-1] if len(draft.requests) == 9) == list(
        range(1, 18, 2)
    )
    sixteen = joined(sweep(shots, 8, shots) for shots in range(1, 17))
    assert len(arrange_jobs(sixteen)) == 16


@pytest.mark.parametrize(
    ("max_rows", "shapes"),
    [
        (None, [(2, 7)]),
        (7, [(2, 7)]),
        (6, [(2, 6), (1, 1)]),
        (4, [(1, 4), (1, 3)]),
        (3, [(1, 3), (2, 3), (1, 1)]),
        (1, [(1, 1)] * 7),
    ],
)
def test_the_rows_of_a_job_are_limited(max_rows: int | None, shapes: list[tuple[int, int]]) -> None:
    circuits = joined([sweep(0, 4), sweep(1, 3)])
    drafts = arrange_jobs(circuits, max_rows=max_rows)
    assert shape(drafts) == shapes
    check_complete(drafts, circuits)


# --- values that are the same in all rows ---------------------------------------------------------------


def rows(*values: tuple[float, float]) -> list[Circuit]:
    return [Circuit(source(), np.array(row), 10) for row in values]


def test_a_value_that_is_the_same_in_all_rows_is_written_into_the_text() -> None:
    ((template,),) = [draft.templates for draft in arrange_jobs(rows((0.5, 1.0), (0.5, 2.0)))]
    assert template.source.names == ("b",)
    assert "rx(0.5) q[0];\nrz(b) q[0];" in template.source.text
    assert template.values.tolist() == [[1.0], [2.0]]


def test_a_template_keeps_one_name_if_all_rows_are_equal() -> None:
    ((template,),) = [draft.templates for draft in arrange_jobs(rows((0.5, 1.0), (0.5, 1.0)))]
    assert template.source.names == ("a",)
    assert "rx(a) q[0];\nrz(1.0) q[0];" in template.source.text
    assert template.values.tolist() == [[0.5], [0.5]]


def test_zeros_of_different_signs_are_different_values() -> None:
    ((template,),) = [draft.templates for draft in arrange_jobs(rows((0.0, 1.0), (-0.0, 1.0)))]
    assert template.source.names == ("a",)
    assert [str(value) for (value,) in template.values.tolist()] == ["0.0", "-0.0"]


# --- bound circuits -------------------------------------------------------------------------------------


def test_bound_circuits_with_the_same_request_are_neighbours() -> None:
    requests: list[Request] = [5, ("Z",), 5, 7, ("Z",)]
    circuits = [
        Circuit(source(number), np.array([0.5, 1.0]), request) for number, request in enumerate(requests)
    ]
    (draft,) = arrange_jobs(circuits)
    assert draft.circuit_indices == (0, 2, 1, 4, 3)
    assert draft.requests == (5, 5, ("Z",), ("Z",), 7)


def test_the_program_of_a_circuit_has_its_values() -> None:
    program = Circuit(source(), np.array([0.1, -2.0]), 10).program
    assert "rx(0.1) q[0];\nrz(-2.0) q[0];" in program.text
    assert (program.num_qubits, program.num_clbits) == (1, 0)


def test_no_circuits_need_no_jobs() -> None:
    assert arrange_jobs([]) == []
