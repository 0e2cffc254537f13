"""How requests from the same process run, if a signal handler interrupts their thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from qiskit_qoro.local.web.execution import BlockingExecution, Waits


def test_a_signal_handler_that_interrupts_a_handover_runs_its_function_itself() -> None:
    ran_in: list[threading.Thread] = []

    class Interrupted(ThreadPoolExecutor):
        def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            call = execution.run(lambda: ran_in.append(threading.current_thread()), takes_long=False)
            with suppress(StopIteration):
                call.send(None)
            return super().submit(function, *args, **kwargs)

    with Interrupted(1) as threads:
        execution = BlockingExecution(threads, Waits(), 60)
        assert asyncio.run(execution.run(lambda: "done", takes_long=False)) == "done"
    assert ran_in == [threading.current_thread()]


def test_the_thread_of_a_client_holds_no_lock_of_the_service_while_it_begins_and_ends_a_wait() -> None:
    called_in: list[threading.Thread] = []

    def note() -> None:
        called_in.append(threading.current_thread())

    def subscribe(_wake: Callable[[], None]) -> Callable[[], None]:
        note()
        return note

    with ThreadPoolExecutor(1) as threads:
        asyncio.run(BlockingExecution(threads, Waits(), 60).wait(subscribe, 0))
    assert len(called_in) == 2
    assert threading.current_thread() not in called_in
