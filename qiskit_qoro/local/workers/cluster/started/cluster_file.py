"""Read the file that describes a cluster whose workers are jobs of a queueing system.

For example::

    cluster: slurm          # or htcondor, local, lsf, moab, oar, pbs, sge
    jobs: 10                # how many jobs to keep in the queue
    scheduler:              # optional: where the scheduler listens, on the machine of the service
      host: 192.0.2.7
      port: 8786
    options:                # arguments of the class of dask-jobqueue
      cores: 16
      memory: 64GB
      walltime: "12:00:00"

This module does not import Dask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import shown
from qiskit_qoro.user_files import shown_path

__all__ = ["CLASSES", "JobQueueSettings", "read_cluster_file"]

CLASSES = {
    "htcondor": "dask_jobqueue.htcondor.HTCondorCluster",
    "local": "dask_jobqueue.local.LocalCluster",
    "lsf": "dask_jobqueue.lsf.LSFCluster",
    "moab": "dask_jobqueue.moab.MoabCluster",
    "oar": "dask_jobqueue.oar.OARCluster",
    "pbs": "dask_jobqueue.pbs.PBSCluster",
    "sge": "dask_jobqueue.sge.SGECluster",
    "slurm": "dask_jobqueue.slurm.SLURMCluster",
}
"""The classes of dask-jobqueue, by the names of the queueing systems. ``local`` starts processes."""

_KEYS = ("cluster", "jobs", "scheduler", "options")
_SCHEDULER_KEYS = ("host", "interface", "port")
_MAX_JOBS = 10_000

# Arguments of the classes that the service sets itself.
_OWN_OPTIONS = {
    "asynchronous": "it is set by the service",
    "dashboard_address": "there are no pages of Dask",
    "host": "write it under scheduler",
    "job_cls": "it follows from cluster",
    "loop": "it is set by the service",
    "n_workers": "write jobs",
    "name": "it is set by the service",
    "nanny": "it is set by the service",
    "protocol": "connections use TLS",
    "scheduler_cls": "it is set by the service",
    "scheduler_options": "write them under scheduler",
    "security": "pass the certificates with --cluster-certificates",
    "worker_command": "it is set by the service",
}


@dataclass(frozen=True)
class JobQueueSettings:
    """What a file says.

    Attributes:
        system: The queueing system, a key of :data:`CLASSES`.
        jobs: How many jobs to keep in the queue.
        scheduler: Where the scheduler listens.
        options: Further arguments of the class.
    """

    system: str
    jobs: int
    scheduler: Mapping[str, Any]
    options: Mapping[str, Any]


def read_cluster_file(path: Path) -> JobQueueSettings:
    """Read a file.

    Raises:
        QoroInputError: It cannot be read, or says something that is not expected.
    """
    place = f"the file {shown_path(path)}"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise QoroInputError(f"{place} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise QoroInputError(f"{place} is no YAML: {' '.join(str(error).split())}") from error
    values = _mapping(place, content)
    _check_keys(place, values, _KEYS)
    scheduler = _mapping(f"{place}: scheduler", values.get("scheduler") or {})
    _check_keys(f"{place}: scheduler", scheduler, _SCHEDULER_KEYS)
    return JobQueueSettings(
        system=_check_system(place, values.get("cluster")),
        jobs=_check_integer(f"{place}: jobs", values.get("jobs"), _MAX_JOBS),
        scheduler=_check_scheduler(f"{place}: scheduler", scheduler),
        options=_check_options(
            f"{place}: options", _mapping(f"{place}: options", values.get("options") or {})
        ),
    )


def _mapping(place: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise QoroInputError(f"{place} is {shown(value)}, expected names with values")
    return value


def _check_keys(place: str, values: Iterable[str], expected: tuple[str, ...]) -> None:
    unknown = sorted(set(values) - {*expected})
    if unknown:
        raise QoroInputError(f"{place} contains {', '.join(unknown)}, expected only {', '.join(expected)}")


def _check_system(place: str, value: object) -> str:
    if value not in CLASSES:
        raise QoroInputError(f"{place}: cluster is {shown(value)}, expected one of {', '.join(CLASSES)}")
    return str(value)


def _check_integer(place: str, value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise QoroInputError(f"{place} is {shown(value)}, expected a number from 1 to {most}")
    return value


def _check_scheduler(place: str, values: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("host", "interface"):
        if name in values and not (isinstance(values[name], str) and values[name]):
            raise QoroInputError(f"{place}: {name} is {shown(values[name])}, expected text")
    if "port" in values:
        _check_integer(f"{place}: port", values["port"], 65535)
    return dict(values)


def _check_options(place: str, value: object) -> dict[str, Any]:
    options = _mapping(place, value)
    for name, reason in _OWN_OPTIONS.items():
        if name in options:
            raise QoroInputError(f"{place} contains {name}: leave it out, because {reason}")
    for name, option in options.items():
        _check_option(f"{place}: {name}", option)
    walltime = options.get("walltime")
    if isinstance(walltime, int | float):  # for YAML, 12:00:00 is a number in the base 60
        raise QoroInputError(f'{place}: walltime is {walltime}: write it in quotes, such as "12:00:00"')
    return options


def _check_option(place: str, value: object) -> None:
    """Check a value that goes to another process as JSON.

    Raises:
        QoroInputError: It is something else, such as a date.
    """
    if isinstance(value, list):
        for position, item in enumerate(value):
            _check_option(f"{place}[{position}]", item)
    elif isinstance(value, dict):
        for name, item in _mapping(place, value).items():
            _check_option(f"{place}: {name}", item)
    elif not isinstance(value, str | int | float | None):
        kind = type(value).__name__
        raise QoroInputError(
            f"{place} is a value of the type {kind}, expected text, a number, true, false, a list, or names "
            "with values: write text in quotes"
        )
