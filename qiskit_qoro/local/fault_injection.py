"""Configurable delays and injected faults for testing clients.

Everything is off by default. Whether a fault happens to a call is drawn from the seed, the name of the
endpoint and the number of earlier calls of that endpoint. The same seed therefore gives the same faults,
regardless of calls of other endpoints in between.

``502``, ``429`` and ``html`` happen before the request takes effect. ``reset``, ``truncated`` and ``slow``
happen to the answer: the request has taken effect, but the client does not receive the answer, or receives it
late.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import checked, integer_of, number_of
from qiskit_qoro.wire.endpoints import ENDPOINTS, Endpoint

__all__ = ["REPEATABLE", "Fault", "FaultInjection", "FaultKind"]

REPEATABLE = "repeatable"
"""In :attr:`Fault.calls`, the name for all calls that a client may send again."""

_ENDPOINT_NAMES = frozenset(endpoint.name for endpoint in ENDPOINTS)
_ROUNDING = 1e-9  # rates that add up to 1 may exceed it by rounding


class FaultKind(StrEnum):
    """A kind of fault."""

    BAD_GATEWAY = "502"
    """502 with a JSON body. The request has no effect."""
    TOO_MANY = "429"
    """429 with ``Retry-After``. The request has no effect."""
    HTML = "html"
    """502 with an HTML page, as a proxy answers. The request has no effect."""
    RESET = "reset"
    """The request takes effect. The connection is reset in the middle of the answer."""
    TRUNCATED = "truncated"
    """The request takes effect. The answer is shorter than its ``Content-Length``."""
    SLOW = "slow"
    """The request takes effect. The answer is late."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault, how often it happens, and to which calls.

    Attributes:
        kind: The kind of fault.
        rate: The share of the calls that it happens to, from 0 to 1.
        calls: The names of the endpoints that it may happen to, or ``"repeatable"`` for all that a client may
            call again. Empty for all endpoints.

    Raises:
        QoroInputError: The rate is not between 0 and 1, or a name is unknown.
    """

    kind: FaultKind
    rate: float
    calls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        rate = number_of(self.rate)
        if rate is None or not 0 <= rate <= 1:
            raise QoroInputError(f"the rate of the fault {self.kind} is {self.rate!r}, expected 0 to 1")
        object.__setattr__(self, "rate", rate)
        for call in self.calls:
            if call not in _ENDPOINT_NAMES and call != REPEATABLE:
                known = ", ".join(sorted(_ENDPOINT_NAMES))
                raise QoroInputError(
                    f"the fault {self.kind} is for the call {call!r}, expected {REPEATABLE} or one of {known}"
                )

    def __str__(self) -> str:
        return ":".join([self.kind, f"{self.rate:g}", *([",".join(self.calls)] if self.calls else [])])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``KIND:RATE`` or ``KIND:RATE:CALL,CALL``.

        Args:
            text: For example ``reset:0.05`` or ``502:0.2:get_status,get_results``.

        Raises:
            QoroInputError: The text has another form, or a part of it is invalid.
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

    def applies_to(self, endpoint: Endpoint) -> bool:
        """Whether the fault may happen to calls of an endpoint."""
        in_group = REPEATABLE in self.calls and endpoint.repeatable
        return not self.calls or endpoint.name in self.calls or in_group


@dataclass(frozen=True)
class FaultInjection:
    """The delays and faults of a service. None by default.

    Attributes:
        pending_time_s: Seconds that every job stays PENDING after it is finalized. During this time it can be
            cancelled and configured.
        running_time_s: Seconds that every job stays RUNNING at least.
        faults: The faults. At most one of them happens to a call.
        slow_s: How late a ``slow`` answer is, in seconds.
        retry_after_s: The ``Retry-After`` of a ``429``, in whole seconds.
        seed: The same seed gives the same faults.
        queue_characterizations: Whether ``submit_qubo/`` only puts the characterization into the queue and
            answers 202, as the coming release of the cloud does. By default it answers with the result.

    Raises:
        QoroInputError: A time is negative or infinite, or the rates of the faults of a call add up to more
            than 1.
    """

    pending_time_s: float = 0.0
    running_time_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    slow_s: float = 2.0
    retry_after_s: int = 1
    seed: int = 0
    queue_characterizations: bool = False

    def __post_init__(self) -> None:
        for name in ("pending_time_s", "running_time_s", "slow_s", "retry_after_s"):
            value = getattr(self, name)
            seconds = number_of(value)
            if seconds is None or seconds < 0:
                raise QoroInputError(f"{name} is {value!r}, expected 0 seconds or more")
            # A whole number of seconds stays an integer, as the header Retry-After needs it.
            whole = integer_of(value)
            object.__setattr__(self, name, seconds if whole is None else whole)
        seed = integer_of(self.seed)
        object.__setattr__(self, "seed", checked("seed", self.seed, seed, "an integer"))
        for endpoint in ENDPOINTS:
            total = sum(fault.rate for fault in self.faults if fault.applies_to(endpoint))
            if total > 1 + _ROUNDING:
                raise QoroInputError(
                    f"the rates of the faults of {endpoint.name} add up to {total:g}, expected at most 1"
                )

    @property
    def is_on(self) -> bool:
        """Whether there is any delay or fault."""
        return bool(self.describe())

    def describe(self) -> tuple[str, ...]:
        """Describe each delay and fault in a sentence."""
        lines = []
        if self.pending_time_s:
            lines.append(f"every job stays PENDING for {self.pending_time_s:g} s")
        if self.running_time_s:
            lines.append(f"every job stays RUNNING for at least {self.running_time_s:g} s")
        if self.queue_characterizations:
            lines.append("submit_qubo only puts a characterization into the queue")
        for fault in self.faults:
            if fault.rate:
                calls = ", ".join(fault.calls) or "all calls"
                lines.append(f"fault {fault.kind} in {fault.rate:.4g} of {calls}{self._details(fault.kind)}")
        return tuple(lines)

    def fault_for(self, endpoint: Endpoint, index: int) -> FaultKind | None:
        """Decide which fault happens to a call.

        Args:
            endpoint: The endpoint.
            index: The number of earlier calls of the same endpoint.

        Returns:
            The kind of fault, or ``None`` for no fault.
        """
        draw = random.Random(f"{self.seed}:{endpoint.name}:{index}").random()
        # Divide [0, 1) into one interval for each fault, as long as its rate.
        for fault in self.faults:
            if fault.applies_to(endpoint):
                if draw < fault.rate:
                    return fault.kind
                draw -= fault.rate
        return None

    def _details(self, kind: FaultKind) -> str:
        if kind is FaultKind.SLOW:
            return f" ({self.slow_s:g} s late)"
        return f" (Retry-After: {self.retry_after_s})" if kind is FaultKind.TOO_MANY else ""
