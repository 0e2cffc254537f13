"""Show what a command would send, without sending it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qiskit_qoro.cli.output import print_fields, print_json, print_line, print_table, say
from qiskit_qoro.cli.programs.estimates import Estimate
from qiskit_qoro.cli.programs.reading import NamedCircuit
from qiskit_qoro.cli.programs.runs import Run
from qiskit_qoro.connection import forecast_local_method
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.tables import Column, Table
from qiskit_qoro.errors import QoroAPIError, QoroConnectionError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.costs import NO_COST, format_credits
from qiskit_qoro.models.jobs import AnyConfig, ResultDetails
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.qasm.write.writer import write_program
from qiskit_qoro.service.budgets.spending import PRICES_VARIABLE
from qiskit_qoro.service.submission import Submission

__all__ = ["show_plan"]

_NOT_GATES = ("measure", "barrier", "delay")


def show_plan(
    work: Run | Estimate, circuits: Sequence[NamedCircuit], service: str, *, is_local: bool, as_json: bool
) -> None:
    """Print what would be sent, and what it would cost.

    Args:
        work: The run or the estimate.
        circuits: The circuits of the files.
        service: The name of the service.
        is_local: Whether it is the local service, which has rules for the choice of a method that are known.
        as_json: Whether to print JSON.

    Raises:
        BudgetExceededError: The jobs would exceed the budget of the command. They have been printed.
        QoroError: The budget is in credits, and the prices could not be read. The jobs have been printed.
    """
    client = work.backend.service
    submissions, jobs = _jobs(work)
    cost = sum((submission.cost for submission in submissions), start=NO_COST)
    unknown = f"unknown, {PRICES_VARIABLE} can set the prices"
    try:
        cost = cost.priced(client.prices())
    except (QoroAPIError, QoroConnectionError) as error:
        unknown = f"unknown, the prices could not be read: {error}"
    details = list(_methods(work)) if is_local else [None] * len(circuits)
    rows = [_circuit(circuit, work.shots, detail) for circuit, detail in zip(circuits, details, strict=True)]
    config = _settings(work.config)
    about = {"backend": work.backend.name, "service": service, "tag": work.tag, "options": config}
    if as_json:
        credits_as_text = None if cost.credits is None else format(cost.credits, "f")
        print_json({**about, "cost": {"credits": credits_as_text}, "jobs": jobs, "circuits": rows})
        if cost.credits is None:
            say(f"the cost is {unknown}")
    else:
        shown_cost = unknown if cost.credits is None else f"{format_credits(cost.credits)} credits"
        _print(work, service, config, jobs, shown_cost, rows)
    # Reserved to see whether the budget has room, and released at once.
    with client.reserve(submissions):
        pass


def _print(
    work: Run | Estimate,
    service: str,
    config: Mapping[str, Any],
    jobs: Sequence[Mapping[str, int]],
    cost: str,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    print_fields(
        {
            "backend": f"{work.backend.name} on {service}",
            "tag": work.tag,
            "options": ", ".join(f"{name}={value}" for name, value in config.items()) or None,
            "job": None if jobs else "none, all values are known without a job",
            **{
                f"job {number}" if len(jobs) > 1 else "job": _sentence(job)
                for number, job in enumerate(jobs, 1)
            },
            "cost": cost,
        }
    )
    print_line("")
    print_table(_table(rows))
    for row in rows:
        if row["method"] is None and row["method_reason"] is not None:
            say(f"{row['name']} would fail: {row['method_reason']}")
    say("nothing was sent")


def _jobs(work: Run | Estimate) -> tuple[Sequence[Submission], list[dict[str, int]]]:
    """Return the submissions of the service jobs, and their descriptions as JSON."""
    if isinstance(work, Run):
        submission = work.prepare()
        job = {
            "circuits": len(work.programs),
            "shots": len(work.programs) * work.shots,
            "values": 0,
            "requests": 1 + len(submission.uploads),
            "bytes": submission.num_bytes,
        }
        return [submission], [job]
    plan = work.plan()
    return plan.submissions, [
        {
            "circuits": job.num_circuits,
            "shots": job.num_shots,
            "values": job.num_values,
            "requests": job.num_requests,
            "bytes": job.num_bytes,
        }
        for job in plan.jobs
    ]


def _methods(work: Run | Estimate) -> Iterator[ResultDetails | None]:
    """Yield the method of the local service for each circuit, and why it would be chosen."""
    system = None if work.backend.is_simulator else work.backend.name
    if isinstance(work, Run):
        for program in work.programs:
            yield forecast_local_method(program.text, None, work.config, system)
        return
    # Services write qubit 0 first.
    strings = [label[::-1] for item in work.observables for label in item.operator.paulis.to_labels()]
    is_sampled = work.estimator.samples
    for circuit in work.circuits:
        measured = circuit.measure_all(inplace=False) if is_sampled else circuit
        text = write_program(measured).text
        yield forecast_local_method(text, None if is_sampled else strings, work.config, system)


def _circuit(circuit: NamedCircuit, shots: int | None, details: ResultDetails | None) -> dict[str, Any]:
    """Describe a circuit, as JSON."""
    gates = [item for item in circuit.circuit.data if item.operation.name not in _NOT_GATES]
    return {
        "name": circuit.name,
        "qubits": circuit.circuit.num_qubits,
        "depth": circuit.circuit.depth(),
        "gates": len(gates),
        "nonlocal_gates": sum(len(item.qubits) > 1 for item in gates),
        "shots": shots,
        "method": details.method if details else None,
        "method_reason": details.reason if details else None,
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    headings = {
        "name": Column("circuit", least=12),
        "qubits": Column("qubits", is_right=True),
        "depth": Column("depth", priority=1, is_right=True),
        "gates": Column("gates", priority=2, is_right=True),
        "nonlocal_gates": Column("nonlocal", priority=3, is_right=True),
        "shots": Column("shots", is_right=True),
        "method": Column("method", priority=1),
        "method_reason": Column("because", priority=5, least=12),
    }
    shown = {key: column for key, column in headings.items() if any(row[key] is not None for row in rows)}
    return Table(
        list(shown.values()), [["" if row[key] is None else str(row[key]) for key in shown] for row in rows]
    )


def _sentence(job: Mapping[str, int]) -> str:
    work = counted(job["shots"], "shot") if job["shots"] else counted(job["values"], "expectation value")
    return f"{counted(job['circuits'], 'circuit')}, {work}, {job['bytes'] / 1000:,.1f} kB"


def _settings(config: AnyConfig | None) -> dict[str, Any]:
    """Return the options of a configuration that are set, as JSON. A noise model is summarized."""
    if isinstance(config, MaestroConfig):
        settings = config.options_set()
        if "noise_model" in settings:
            settings["noise_model"] = f"{len(settings['noise_model'])} calls"
    elif isinstance(config, ExecutionConfig):
        settings = config.to_payload()
    else:
        settings = {}
    return {name: getattr(value, "name", value) for name, value in settings.items()}
