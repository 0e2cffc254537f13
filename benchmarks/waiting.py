"""Let a worker process wait before each call of the engine.

Then a circuit keeps its worker busy and needs hardly any processor time, as if each worker had a processor of
its own. So a machine with few processors can show what many workers ask of the service.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["install", "waiting_environment"]

_FOLDER = Path(__file__).parent


def waiting_environment(wait_s: float) -> Mapping[str, str]:
    """Return the environment of a program whose worker processes wait."""
    paths = [str(_FOLDER / "worker_start"), str(_FOLDER), *filter(None, sys.path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "ENGINE_WAIT_S": str(wait_s)}


def install(wait_s: float) -> None:
    """Wait before each call of the engine in this process. No module may have imported the function yet."""
    from qiskit_qoro.local.engine import engine_calls  # noqa: PLC0415  in worker processes only

    call_engine = engine_calls.call_engine

    @functools.wraps(call_engine)
    def waiting(*args: Any, **kwargs: Any) -> Any:
        time.sleep(wait_s)
        return call_engine(*args, **kwargs)

    patched: Callable[..., Any] = waiting
    engine_calls.call_engine = patched
