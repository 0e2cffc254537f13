"""The results of circuits, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit.result import Result

from qiskit_qoro.cli.output import cell, new_table, print_counts, print_table, say_omitted
from qiskit_qoro.errors import JobFailedError

__all__ = ["Outcome", "circuits_of_run", "print_circuits"]


@dataclass(frozen=True)
class Outcome:
    """The results of a job.

    Attributes:
        facts: What they say about the job, as JSON.
        circuits: The circuits, as :func:`print_circuits` takes them.
        failure: Why some circuits have no result, or ``None`` if all have one.
    """

    facts: Mapping[str, Any]
    circuits: Sequence[Mapping[str, Any]]
    failure: JobFailedError | None = None


def circuits_of_run(result: Result) -> list[dict[str, Any]]:
    """Describe the circuits of ``backend.run()``, with their names and registers."""
    circuits = []
    for index, experiment in enumerate(result.results):
        # The header is a mapping or an object, depending on the release of Qiskit.
        name = experiment.header["name"] if isinstance(experiment.header, Mapping) else experiment.header.name
        outcome = (
            {"counts": dict(result.get_counts(index))}
            if experiment.success
            else {"reason": experiment.status}
        )
        circuits.append({"name": name, **outcome})
    return circuits


def print_circuits(circuits: Sequence[Mapping[str, Any]], rows: int | None) -> None:
    """Print the results of circuits as tables to standard output.

    Args:
        circuits: The circuits, each with a ``name`` and one of ``counts`` (outcome to count), ``values``
            (Pauli string to value), ``observables`` (a list of ``observable``, ``value`` and
            ``standard_error``) and ``reason`` (why it has no result).
        rows: The most rows of a table, and the most circuits that are shown, or ``None`` for all.
    """
    for index, circuit in enumerate(circuits[:rows]):
        if len(circuits) > 1:
            print_table(cell(f"{index}: {circuit['name']}"))
        if "counts" in circuit:
            print_counts(circuit["counts"], rows=rows)
        elif "values" in circuit:
            _print_values(circuit["values"])
        elif "observables" in circuit:
            _print_observables(circuit["observables"])
        else:
            print_table(cell(f"failed: {circuit['reason']}"))
    say_omitted(len(circuits), rows, "circuits")


def _print_values(values: Mapping[str, float]) -> None:
    table = new_table(("Pauli string", "value"), right=("value",), no_wrap=("Pauli string",))
    for pauli_string, value in values.items():
        table.add_row(cell(pauli_string), f"{value:.12g}")
    print_table(table)


def _print_observables(observables: Sequence[Mapping[str, Any]]) -> None:
    is_exact = not any(item["standard_error"] for item in observables)
    headings = ["observable", "value", *([] if is_exact else ["standard error"])]
    table = new_table(headings, right=headings[1:])
    for item in observables:
        error = [] if is_exact else [f"{item['standard_error']:.3g}"]
        table.add_row(cell(item["observable"]), f"{item['value']:.{12 if is_exact else 6}g}", *error)
    print_table(table)
