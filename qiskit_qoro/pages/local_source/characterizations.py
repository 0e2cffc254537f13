"""The characterizations of QUBOs that the local service has made."""

from __future__ import annotations

import json

from qiskit_qoro.local.service_parts import ServiceParts
from qiskit_qoro.pages.results.characterization_view import characterization_view
from qiskit_qoro.pages.views import CharacterizationView

__all__ = ["characterization_of", "report_of"]


def characterization_of(parts: ServiceParts, account: str, job_id: str) -> CharacterizationView | None:
    """Return the characterization of a job; ``None`` if it is not finished.

    Args:
        parts: The parts of the service.
        account: The name of the account.
        job_id: The job.

    Raises:
        JobNotFoundError: The account has no such job.
    """
    analysis = parts.store.analysis(account, job_id)
    if analysis is None:
        return None
    return characterization_view(json.loads(analysis.findings), has_report=bool(analysis.html))


def report_of(parts: ServiceParts, account: str, job_id: str) -> str | None:
    """Return the HTML report of a characterization; ``None`` if there is none.

    Args:
        parts: The parts of the service.
        account: The name of the account.
        job_id: The job.

    Raises:
        JobNotFoundError: The account has no such job.
    """
    analysis = parts.store.analysis(account, job_id)
    return None if analysis is None else analysis.html
