"""Record when functions of the package start and end, in the main process and in its workers.

The functions in :data:`STEPS` are wrapped from outside, so the package needs no code for this. Each call is
written to a file as a line of JSON, when it ends. All processes append to the same file, and have the same
clock.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["STEPS", "find", "install"]

# For each lane of the picture, the functions and the names of their steps. A name with braces contains the
# name of the endpoint that the function is called with.
STEPS: dict[str, dict[str, str]] = {
    "caller": {
        "qiskit_qoro.backends.backend:QoroBackend.run": "run()",
        "qiskit_qoro.qasm.write.program_cache:ProgramCache.write_program": "write OpenQASM",
        "qiskit_qoro.service.transport.transport:Transport.send": "request: {}",
        "qiskit_qoro.jobs.job:QoroJob.result": "result()",
        "qiskit_qoro.wire.results:results_page_from_json": "decode results",
        "qiskit_qoro.jobs.run_contents:RunContents.build_result": "build the Result",
    },
    "service": {"qiskit_qoro.local.web.app:_run_handler": "handle: {}"},
    "runner": {
        "qiskit_qoro.local.runner:Runner._run_job": "run the job",
        "qiskit_qoro.local.store.job_queue:JobQueue.claim": "claim the job",
        "qiskit_qoro.local.workers.pool:WorkerPool.run": "wait for the worker",
        "qiskit_qoro.local.store.job_queue:JobQueue.add_results": "store the results",
        "qiskit_qoro.local.store.job_queue:JobQueue.finish": "store the end",
    },
    "worker": {
        "qiskit_qoro.local.workers.task_runs:run_task": "run the circuit",
        "qiskit_qoro.local.engine.engine_calls:call_engine": "engine",
    },
}

# The lanes that a process records.
_LANES = {"main": ("caller", "service", "runner"), "worker": ("worker",)}


def find(target: str) -> tuple[Any, str, Any]:
    """Return the owner, the attribute and the function of ``module:name`` or ``module:class.name``."""
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name, getattr(owner, name)


def install(process: str, file: int) -> None:
    """Wrap the functions of the lanes that a process records.

    Args:
        process: ``main`` or ``worker``.
        file: The descriptor of the file to write to.
    """
    for lane in _LANES[process]:
        for target, name in STEPS[lane].items():
            owner, attribute, function = find(target)
            wrapper = _recorded(function, lane, name, file)
            setattr(owner, attribute, wrapper)
            for module in list(sys.modules.values()):  # modules that have imported the function by name
                if module.__name__.startswith("qiskit_qoro") and vars(module).get(attribute) is function:
                    setattr(module, attribute, wrapper)


def _recorded(function: Callable[..., Any], lane: str, name: str, file: int) -> Callable[..., Any]:
    # The runner asks for jobs when there is none, too.
    needs_result = function.__name__ == "claim"

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        begin = time.monotonic()
        result = function(*args, **kwargs)
        end = time.monotonic()
        if result is not None or not needs_result:
            endpoint = next((arg.name for arg in args if type(arg).__name__ == "Endpoint"), "")
            line = json.dumps([lane, name.format(endpoint), begin, end]) + "\n"
            os.write(file, line.encode())
        return result

    return wrapper
