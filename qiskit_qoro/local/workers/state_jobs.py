"""The tasks of jobs of the type ``STATE``."""

from __future__ import annotations

import json
from collections.abc import Sequence

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.store.records import StoredCircuit, StoredJob
from qiskit_qoro.local.workers.tasks import StateTask
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.wire.states.requests import state_request_from_json
from qiskit_qoro.wire.text import decode_text

__all__ = ["state_tasks"]


def state_tasks(
    job: StoredJob, circuits: Sequence[StoredCircuit], config: AnyConfig | None
) -> list[StateTask]:
    """Build the tasks of a job.

    Args:
        job: A job of the type ``STATE``.
        circuits: Its circuits.
        config: Its configuration.

    Returns:
        One task for all circuits if they are evaluated together, otherwise one task for each circuit.
    """
    request = state_request_from_json(json.loads(job.state or "{}"))
    settings = engine_settings(config, job.qpu_system)
    groups = [circuits] if request.quantity.is_joint else [[circuit] for circuit in circuits]
    return [
        StateTask(
            label=group[0].label,
            texts=tuple(decode_text(str(circuit.content)) for circuit in group),
            request=request,
            settings=settings,
        )
        for group in groups
    ]
