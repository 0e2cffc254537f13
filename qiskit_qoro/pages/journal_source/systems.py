"""The systems of the service, with the unfinished jobs of the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qiskit_qoro.errors import AuthenticationError, NotFoundError, QoroError, WireError
from qiskit_qoro.history import JournalPages
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.pages.journal_source.background import Background
from qiskit_qoro.pages.journal_source.client import JournalClient
from qiskit_qoro.pages.views import TargetView

__all__ = ["read_targets"]

_MAX_AGE_S = 60.0
_WAITING = frozenset({JobStatus.PENDING.value, JobStatus.SCHEDULED.value, "SUBMITTED"})
_System = SimulatorCluster | QPUSystem


def read_targets(client: JournalClient, background: Background, pages: JournalPages) -> list[TargetView]:
    """Return the systems, simulator clusters first. None, as long as the service has not answered.

    Args:
        client: The way to the service.
        background: Fetches them, once a minute.
        pages: The jobs of the service.

    Raises:
        QoroError: The service has not answered as expected, and did not answer before.
    """
    answer = background.look(("systems",), lambda: _fetch(client), max_age_s=_MAX_AGE_S)
    if answer.value is None:
        if answer.error is not None:
            raise answer.error
        return []
    counts = pages.unfinished_by_backend()
    return [
        TargetView(
            system,
            sum(
                number
                for (name, status), number in counts.items()
                if name == system.name and status in _WAITING
            ),
            counts.get((system.name, JobStatus.RUNNING.value), 0),
        )
        for system in answer.value
    ]


def _fetch(client: JournalClient) -> list[_System]:
    """Fetch both lists. One that the service does not show to this account does not hide the other."""
    service = client.service()
    found: list[_System] = []
    errors: list[QoroError] = []
    lists: tuple[Callable[[], Sequence[_System]], ...] = (
        service.fetch_simulator_clusters,
        service.fetch_qpu_systems,
    )
    for fetch in lists:
        try:
            found += fetch()
        except (AuthenticationError, NotFoundError, WireError) as error:
            errors.append(error)
    if len(errors) == len(lists):
        raise errors[0]
    return found
