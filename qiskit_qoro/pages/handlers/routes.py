"""The pages by their path. ``{name}`` stands for one segment of a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import unquote

from qiskit_qoro.pages.handlers import (
    characterizations,
    credits_page,
    job,
    job_actions,
    jobs,
    systems,
    workers,
)
from qiskit_qoro.pages.handlers.requests import PageRequest, Redirect, Report
from qiskit_qoro.pages.rendering import Page

__all__ = ["ROUTES", "Handler", "find_handler"]

Handler = Callable[[PageRequest], "Page | Redirect | Report"]

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/": {"GET": jobs.start_page},
    "/jobs": {"GET": jobs.jobs_page},
    "/jobs/{job_id}": {"GET": job.job_page},
    "/jobs/{job_id}/report": {"GET": characterizations.report},
    "/jobs/{job_id}/cancel": {"POST": job_actions.cancel},
    "/jobs/{job_id}/delete": {"POST": job_actions.delete},
    "/jobs/{job_id}/resubmit": {"POST": job_actions.resubmit},
    "/systems": {"GET": systems.systems_page},
    "/workers": {"GET": workers.workers_page},
    "/credits": {"GET": credits_page.credits_page},
    "/characterizations": {"GET": characterizations.characterizations_page},
}
"""Pattern of a path to method to handler. A ``GET`` changes nothing, and answers ``HEAD`` too."""


def find_handler(path: str) -> tuple[Mapping[str, Handler], dict[str, str]] | None:
    """Find what answers a path.

    Args:
        path: The raw path below the prefix, with its percent signs.

    Returns:
        Method to handler, and the variable parts of the path; ``None`` if there is no such page.
    """
    segments = [unquote(segment) for segment in path.split("/")]
    if any("/" in segment for segment in segments):  # an encoded slash never separates segments
        return None
    for pattern, handlers in ROUTES.items():
        variables = _match(pattern.split("/"), segments)
        if variables is not None:
            return handlers, variables
    return None


def _match(parts: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    if len(parts) != len(segments):
        return None
    variables: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{") and segment:
            variables[part[1:-1]] = segment
        elif part != segment:
            return None
    return variables
