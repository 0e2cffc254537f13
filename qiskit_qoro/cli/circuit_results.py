"""The results of circuits, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qiskit.result import Result

from qiskit_qoro.cli.output import print_counts, print_heading, print_line, print_table, say_omitted
from qiskit_qoro.display.tables import Column, Table
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
            print_heading(f"{index}: {circuit['name']}", is_first=not index)
        if "counts" in circuit:
            print_counts(circuit["counts"], rows=rows)
        elif "values" in circuit:
            _print_values(circuit["values"])
        elif "observables" in circuit:
            _print_observables(circuit["observables"])
        else:
            print_line(f"failed: {circuit['reason']}", style="red")
    say_omitted(len(circuits), rows, "circuits")


def _print_values(values: Mapping[str, float]) -> None:
    columns = (Column("Pauli string", least=12), Column("value", is_right=True))
    print_table(Table(columns, [(string, f"{value:.12g}") for string, value in values.items()]))


def _print_observables(observables: Sequence[Mapping[str, Any]]) -> None:
    columns = [Column("observable", least=12), Column("value", is_right=True)]
    rows = [[item["observable"], f"{item['value']:.12g}"] for item in observables]
    if any(item["standard_error"] for item in observables):
        columns.append(Column("standard error", is_right=True))
        rows = [
            [item["observable"], f"{item['value']:.6g}", f"{item['standard_error']:.3g}"]
            for item in observables
        ]
    print_table(Table(columns, rows))
