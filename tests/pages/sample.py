"""A source with sample values, for tests of the pages and for looking at them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from qiskit_qoro.local.engine.devices import QPU_SYSTEMS, SIMULATOR_CLUSTERS
from qiskit_qoro.models.credits import CreditBalance, CreditTransaction
from qiskit_qoro.pages.results.characterization_view import characterization_view
from qiskit_qoro.pages.source import MissingError, RefusedError
from qiskit_qoro.pages.views import (
    Action,
    CharacterizationView,
    CircuitRow,
    CircuitsPage,
    CircuitView,
    Counts,
    CreditsView,
    Event,
    Failure,
    Gradients,
    JobFilter,
    JobRow,
    JobsPage,
    JobView,
    Outcome,
    SourceFacts,
    StateValues,
    TargetView,
    Values,
    WorkersView,
    WorkerView,
)

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PROGRAM = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q[0] -> c[0];
measure q[1] -> c[1];
"""
OUTCOMES: dict[str, Outcome] = {
    "run": Counts({"00": 503, "11": 490, "01": 7}, 1000),
    "sampler": Counts({"00": 503, "11": 490, "01": 7}, 1000),
    "estimator": Values({"ZZ": 0.98, "XX": -0.51, "ZI": 0.01}, {"ZZ": 0.02, "XX": 0.04}),
    "gradient": Gradients({"ZZ": 0.98, "XX": -0.5}, {"ZZ": {"a": 0.125, "b": -1}, "XX": {"a": 0, "b": 0.25}}),
    "state": StateValues(
        "state vector, 2 qubits",
        ["basis state", "amplitude", "probability"],
        [["00", "0.7071", "0.5"], ["11", "0.7071i", "0.5"]],
        num_left_out=2,
        probabilities={"00": 0.5, "11": 0.5},
    ),
}
"""The result of each circuit of a job, by the kind of the job."""

CHARACTERIZATION = {
    "hardness": {"difficulty": "moderate", "cost_min": -2.0, "cost_max": 2.0, "cost_gap": 1.0},
    "report": {
        "num_qubits": 4,
        "regime": "exact",
        "exact_ground_energy": -2.0,
        "approximation_ratio": 0.8498,
        "best_parameters": {"gamma": 0.69, "beta": -0.38},
        "energy_landscape": {
            "gamma": [step / 10 for step in range(24)],
            "beta": [step / 10 - 1.5 for step in range(31)],
            "expectation": [
                [math.sin(gamma / 3) * math.sin(beta / 2.5) for beta in range(31)] for gamma in range(24)
            ],
        },
        "state_probabilities": [
            {"state": "1010", "probability": 0.375, "is_target": True, "cost": -2.0},
            {"state": "0101", "probability": 0.25, "is_target": False, "cost": -2.0},
            {"state": "1001", "probability": 0.125, "is_target": False, "cost": -1.0},
        ],
        "sensitivity": [{"qubit": qubit, "score": 0.25 + qubit / 10} for qubit in range(4)],
    },
    "recommendations": [
        {"level": "action", "metric": "penalty", "text": "Increase the penalty weight to 4."},
        {"level": "warn", "metric": "gap", "text": "Few states are feasible: <b>check</b> the constraints."},
        {"level": "info", "metric": "treewidth", "text": "The problem is easy for classical computers."},
    ],
}
"""The answer of a service with a characterization."""

_STATUSES = ("PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "INSUFFICIENT_CREDITS")
_ENDED = frozenset({Action.DELETE, Action.RESUBMIT})


def job_id(number: int) -> str:
    """The identifier of a sample job."""
    return f"{number:08x}-1f2e-4d3c-8b5a-{number:012x}"


def sample_row(number: int, status: str = "COMPLETED", **changes: object) -> JobRow:
    """A sample job."""
    row = JobRow(
        job_id=job_id(number),
        status=status,
        kind=("sampler", "estimator", "characterization")[number % 3],
        tag=("bell", "vqe", '<b>markup</b> & "quotes"')[number % 3],
        target="qoro_maestro",
        num_circuits=1 + number % 5 * 10,
        num_finished={"PENDING": 0, "RUNNING": number % 5 * 4}.get(status, 1 + number % 5 * 10),
        submitted=NOW - timedelta(minutes=7 * number),
        duration_s=None if status == "PENDING" else 0.02 + number % 90,
        reason="circuit 'b': it needs 40 qubits <script>alert(1)</script>" if status == "FAILED" else None,
        actions=frozenset({Action.CANCEL, Action.DELETE}) if status in ("PENDING", "RUNNING") else _ENDED,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


class SampleSource:
    """Sample values. It records the actions."""

    def __init__(self, rows: Iterable[JobRow] | None = None) -> None:
        self.rows = (
            [sample_row(number, _STATUSES[number % len(_STATUSES)]) for number in range(1, 121)]
            if rows is None
            else list(rows)
        )
        self.actions: list[tuple[str, str]] = []
        self.facts = SourceFacts("Local service", "local", has_workers=True, docs_path="/docs")

    def jobs(self, condition: JobFilter, *, limit: int, offset: int) -> JobsPage:
        found = [
            row
            for row in self.rows
            if (not condition.kinds or row.kind in condition.kinds)
            and (not condition.tag or row.tag == condition.tag)
            and (
                not condition.text or condition.text.lower() in f"{row.job_id} {row.tag} {row.target}".lower()
            )
        ]
        by_status = {status: sum(row.status == status for row in found) for status in _STATUSES}
        found = [row for row in found if not condition.statuses or row.status in condition.statuses]
        return JobsPage(
            found[offset : offset + limit],
            len(found),
            {status: number for status, number in by_status.items() if number},
            tuple(dict.fromkeys(row.tag for row in self.rows)),
            tuple(dict.fromkeys(row.kind for row in self.rows)),
        )

    def refresh(self) -> None:
        pass

    def _row(self, job_id: str) -> JobRow:
        for row in self.rows:
            if row.job_id == job_id:
                return row
        raise MissingError(f"There is no job {job_id!r}.")

    def job(self, job_id: str) -> JobView:
        row = self._row(job_id)
        submitted = row.submitted or NOW
        events = [Event("PENDING", submitted)]
        if row.status != "PENDING":
            events.append(Event("RUNNING", submitted + timedelta(seconds=2)))
        if row.status not in ("PENDING", "RUNNING"):
            events.append(Event(row.status, submitted + timedelta(seconds=2 + (row.duration_s or 0))))
        return JobView(
            row,
            events,
            'provider = QoroProvider(base_url="http://127.0.0.1:8000")\n'
            f'job = provider.retrieve_job("{job_id}")',
            shots=1000,
            cost=Decimal("0.12"),
            settings=[("shots", "1000"), ("method", "matrix_product_state"), ("max_bond_dimension", "32")],
            method="statevector: fewer than 20 qubits",
            is_characterization=row.kind == "characterization",
        )

    def circuits(self, job_id: str, *, status: str, limit: int, offset: int) -> CircuitsPage:
        row = self._row(job_id)
        total, finished = row.num_circuits or 0, row.num_finished or 0
        rows = [
            CircuitRow(
                position,
                f"bell-{position}",
                row.status if position < finished or row.status == "PENDING" else "PENDING",
                1000,
                "00: 503, 11: 497",
            )
            for position in range(total)
        ]
        by_status = {name: sum(one.status == name for one in rows) for name in _STATUSES}
        rows = [one for one in rows if not status or one.status == status]
        return CircuitsPage(
            rows[offset : offset + limit], len(rows), {name: n for name, n in by_status.items() if n}
        )

    def circuit(self, job_id: str, position: int) -> CircuitView | None:
        row = self._row(job_id)
        if position >= (row.num_circuits or 0):
            return None
        circuit = CircuitRow(position, f"bell-{position}", row.status, 1000, "00: 503, 11: 497")
        outcome = OUTCOMES.get(row.kind)
        if row.status == "FAILED":
            return CircuitView(circuit, Failure(row.reason or "it failed"), PROGRAM)
        return CircuitView(
            circuit, outcome if row.status == "COMPLETED" else None, PROGRAM, method="statevector: few qubits"
        )

    def characterization(self, job_id: str) -> CharacterizationView | None:
        if self._row(job_id).status != "COMPLETED":
            return None
        return characterization_view(CHARACTERIZATION, has_report=True)

    def report(self, job_id: str) -> str | None:
        self._row(job_id)
        return "<h1>Report</h1><script>alert(1)</script>"

    def targets(self) -> list[TargetView]:
        return [TargetView(system, 3, 1) for system in (*SIMULATOR_CLUSTERS, *QPU_SYSTEMS)]

    def workers(self) -> WorkersView:
        return WorkersView(
            [
                WorkerView(4711, job_id(1), True, 120 << 20, NOW - timedelta(hours=2)),
                WorkerView(4712, None, False, 98 << 20, NOW - timedelta(minutes=3)),
            ],
            2,
            num_lost=1,
            last_loss="killed by signal 9, out of memory?",
            methods=[("statevector", ("CPU",)), ("matrix_product_state", ("CPU", "GPU"))],
            memory_limit_bytes=8 << 30,
            time_limit_s=300,
            num_pending=3,
            num_running=1,
        )

    def credits(self, *, limit: int, offset: int) -> CreditsView:
        transactions = [
            CreditTransaction(
                number,
                Decimal("-0.12"),
                Decimal(500) - Decimal("0.12") * number,
                "CHARGE",
                "EXECUTE of 12 circuits",
                job_id(number),
                NOW - timedelta(hours=5 * (120 - number)),
            )
            for number in range(120, 0, -1)
        ]
        days = [
            (date(2026, 11, 1) + timedelta(days=day), Decimal(round(abs(math.sin(day)) * 100)) / 100)
            for day in range(30)
        ]
        balance = CreditBalance(Decimal("485.60"), Decimal("14.40"), NOW - timedelta(days=30), NOW)
        return CreditsView(
            balance, [("one circuit", Decimal("0.01"))], transactions[offset : offset + limit], 120, days
        )

    def _act(self, action: Action, job_id: str) -> None:
        if action not in self._row(job_id).actions:
            raise RefusedError(f"Job {job_id} does not allow {action}.")
        self.actions.append((action.value, job_id))

    def cancel(self, job_id: str) -> str:
        self._act(Action.CANCEL, job_id)
        return "The job is cancelled."

    def delete(self, job_id: str) -> str:
        self._act(Action.DELETE, job_id)
        return "The job and its results are deleted."

    def resubmit(self, job_id: str) -> str:
        self._act(Action.RESUBMIT, job_id)
        return self.rows[0].job_id or ""
