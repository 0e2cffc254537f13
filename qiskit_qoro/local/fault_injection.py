"""What a service does on purpose to rehearse bad days with its clients: delays, and faults by kind and rate.

All of it is off unless asked for. A fault is decided call by call: the fate of the n-th status request is
drawn from the seed, the call's name and n, so that the same seed brings the same faults whatever other
calls come in between. ``502``, ``429`` and ``html`` hit before the request has an effect; ``reset``,
``truncated`` and ``slow`` hit its answer, when the effect is there and only the client does not know.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.wire.endpoints import ENDPOINTS, Endpoint

__all__ = ["REPEATABLE", "Fault", "FaultInjection", "FaultKind"]

REPEATABLE = "repeatable"
"""Stands for all calls that a client may send again."""

_NAMES = frozenset(endpoint.name for endpoint in ENDPOINTS)


class FaultKind(StrEnum):
    """What goes wrong."""

    BAD_GATEWAY = "502"
    """502 with a JSON body; the request has no effect."""
    TOO_MANY = "429"
    """429 with ``Retry-After``; the request has no effect."""
    HTML = "html"
    """502 with an HTML page, as a proxy answers; the request has no effect."""
    RESET = "reset"
    """The request takes effect, and the connection is reset in the middle of the answer."""
    TRUNCATED = "truncated"
    """The request takes effect, and the answer ends short of its ``Content-Length``."""
    SLOW = "slow"
    """The request takes effect, and the answer is late."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault and how often it happens.

    Attributes:
        kind: What goes wrong.
        rate: The share of the calls that it happens to, from 0 to 1.
        calls: Names of the calls that it may happen to, as in the endpoint table, or ``"repeatable"`` for
            all that may be sent again; empty for every call.

    Raises:
        QoroInputError: The rate is no share, or a call is unknown.
    """

    kind: FaultKind
    rate: float
    calls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise QoroInputError(f"the rate of the fault {self.kind} is {self.rate}, expected 0 to 1")
        for call in self.calls:
            if call not in _NAMES and call != REPEATABLE:
                known = ", ".join(sorted(_NAMES))
                raise QoroInputError(
                    f"the fault {self.kind} is for the call {call!r}, expected {REPEATABLE} or one of {known}"
                )

    def __str__(self) -> str:
        return ":".join([self.kind, f"{self.rate:g}", *([",".join(self.calls)] if self.calls else [])])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``KIND:RATE`` or ``KIND:RATE:CALL,CALL``.

        Args:
            text: For example ``reset:0.05`` or ``502:0.2:get_status,get_results``.

        Raises:
            QoroInputError: It cannot be read.
        """
        kind, rate, calls = (*text.split(":", 2), "", "")[:3]
        kinds = ", ".join(FaultKind)
        try:
            return cls(FaultKind(kind), float(rate), tuple(calls.split(",")) if calls else ())
        except QoroInputError:
            raise
        except ValueError:
            raise QoroInputError(
                f"the fault is {text!r}, expected KIND:RATE or KIND:RATE:CALL,CALL with a kind of {kinds} "
                "and a rate from 0 to 1"
            ) from None

    def concerns(self, endpoint: Endpoint) -> bool:
        """Whether it may happen to a call."""
        in_group = REPEATABLE in self.calls and endpoint.repeatable
        return not self.calls or endpoint.name in self.calls or in_group


@dataclass(frozen=True)
class FaultInjection:
    """Delays and faults of a service; by default none.

    Attributes:
        pending_time_s: Seconds that every job stays PENDING after it is finalized. Meanwhile it can be
            cancelled and its configuration can be set.
        running_time_s: Seconds that every job stays RUNNING at least.
        faults: What goes wrong, and how often. At most one fault happens to a call.
        slow_s: Seconds that a ``slow`` answer is late.
        retry_after_s: Whole seconds that a ``429`` asks to wait.
        seed: The same seed brings the same faults.

    Raises:
        QoroInputError: A time is negative or endless, or the rates of a call's faults are more than 1
            together.
    """

    pending_time_s: float = 0.0
    running_time_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    slow_s: float = 2.0
    retry_after_s: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("pending_time_s", "running_time_s", "slow_s", "retry_after_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise QoroInputError(f"{name} is {value}, expected 0 seconds or more")
        for endpoint in ENDPOINTS:
            total = sum(fault.rate for fault in self.faults if fault.concerns(endpoint))
            if total > 1 + 1e-9:
                raise QoroInputError(
                    f"the rates of the faults of {endpoint.name} are {total:g} together, expected at most 1"
                )

    @property
    def is_on(self) -> bool:
        """Whether anything is delayed or goes wrong on purpose."""
        return bool(self.describe())

    def describe(self) -> tuple[str, ...]:
        """What is on, one sentence each, for people."""
        lines = []
        if self.pending_time_s:
            lines.append(f"every job stays PENDING for {self.pending_time_s:g} s")
        if self.running_time_s:
            lines.append(f"every job stays RUNNING for {self.running_time_s:g} s at least")
        for fault in self.faults:
            if fault.rate:
                where = ", ".join(fault.calls) or "all calls"
                lines.append(f"fault {fault.kind} in {fault.rate:.4g} of {where}{self._details(fault.kind)}")
        return tuple(lines)

    def fate(self, endpoint: Endpoint, index: int) -> FaultKind | None:
        """What happens to a call.

        Args:
            endpoint: The call.
            index: How many of its kind came before it.

        Returns:
            The fault, ``None`` for none.
        """
        draw = random.Random(f"{self.seed}:{endpoint.name}:{index}").random()
        for fault in self.faults:
            if fault.concerns(endpoint):
                if draw < fault.rate:
                    return fault.kind
                draw -= fault.rate
        return None

    def _details(self, kind: FaultKind) -> str:
        if kind is FaultKind.SLOW:
            return f" ({self.slow_s:g} s late)"
        return f" (Retry-After: {self.retry_after_s})" if kind is FaultKind.TOO_MANY else ""
