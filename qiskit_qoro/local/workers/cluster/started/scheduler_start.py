"""Wait until a scheduler that the service has started has an address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from qiskit_qoro.local.workers.cluster.connection.scheduler_client import ConnectionFailure
from qiskit_qoro.local.workers.cluster.started.child_program import ChildProgram

__all__ = ["wait_for_address"]

# How long a scheduler may take to start on a busy machine.
_START_S = 60.0
_LOOK_S = 0.02


async def wait_for_address(
    address: Callable[[], str | None], program: ChildProgram | None, clock: Callable[[], float]
) -> str:
    """Return the address of a scheduler when it has started.

    Args:
        address: Returns the address, or ``None`` as long as it is not known.
        program: The scheduler.
        clock: Returns seconds from an arbitrary start.

    Raises:
        ConnectionFailure: It has not started in time.
    """
    end = clock() + _START_S
    while (found := address()) is None:
        if clock() > end:
            error = "" if program is None else program.last_error()
            raise ConnectionFailure(f"its scheduler does not start{f': {error}' if error else ''}")
        await asyncio.sleep(_LOOK_S)
    return found
