"""Settings for Dask in the programs of a cluster, and its log.

They replace what a configuration file of the user says.
"""

from __future__ import annotations

import logging
import warnings

import dask

__all__ = ["prepare_dask"]

_SETTINGS = {
    # The task of a worker that dies is an error at once: the service decides what happens to it.
    "distributed.scheduler.allowed-failures": 0,
    # The service places each task. Nothing else moves tasks or their results.
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    # The scheduler checks once in this time, so it notices a worker that is silent in twice the time.
    "distributed.scheduler.worker-ttl": "15s",
    # No pages and no calls by HTTP. Dask opens a port for them anyway.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # A worker's own memory is that of the batches that it passes on. Results of any size are passed on.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    # Both ends need the same library. Values of angles and amplitudes hardly shrink.
    "distributed.comm.compression": False,
    # What Dask watches by itself would take most of the time of an idle program.
    "distributed.worker.profile.enabled": False,
    "distributed.worker.profile.low-level": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.tick.interval": "2s",
    "distributed.admin.tick.limit": "1h",
}

# Dask sets the levels of these. What matters to an operator, the programs say themselves.
_LOGGERS = ("distributed", "distributed.client", "distributed.worker", "distributed.scheduler", "tornado")
_LOGGERS_OF_ERRORS = ("tornado.application", "asyncio", "bokeh")


def prepare_dask() -> None:
    """Set Dask's configuration for this process, and switch its log and its warnings off."""
    dask.config.set(_SETTINGS)
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"distributed\.")
    for name in (*_LOGGERS, *_LOGGERS_OF_ERRORS):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.addHandler(logging.NullHandler())
        logger.setLevel(logging.CRITICAL)
        logger.propagate = False
