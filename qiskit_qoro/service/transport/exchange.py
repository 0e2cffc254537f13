"""The time limits of one request and its answer.

``requests`` limits the time of each single read, so that an answer that arrives byte by byte may take
forever. Here an :class:`Exchange` limits the total time of a request and its answer: the connections of the
pool call it before they connect, send and read. They find it in a context variable, because ``requests``
passes nothing on to them.
"""

from __future__ import annotations

import math
import socket
from contextvars import ContextVar

from qiskit_qoro.service.clock import Deadline

__all__ = ["Exchange", "current_exchange"]

_SHORTEST_TIMEOUT_S = 0.001  # a socket with a timeout of 0 does not wait at all
_LEAST_BYTES_PER_S = 1000  # an answer that arrives more slowly has the usual time limit


class Exchange:
    """One request and its answer.

    Args:
        connect_timeout_s: Seconds to wait for a connection at most.
        answer_timeout_s: Seconds that an answer may take, and one more for each thousand bytes of it.
        deadline: When the whole answer must have arrived.

    Attributes:
        is_connecting: Whether a connection is being established for the request, or could not be established.
            Then nothing of it has been sent.
    """

    def __init__(self, connect_timeout_s: float, answer_timeout_s: float, deadline: Deadline) -> None:
        self._clock = deadline.clock
        self._end = deadline.end_of_request()
        self.connect_timeout_s = self._limit(connect_timeout_s)
        self.answer_timeout_s = self._limit(answer_timeout_s)
        self.is_connecting = False

    @property
    def has_deadline(self) -> bool:
        """Whether there is a time by which the whole answer must have arrived."""
        return self._end < math.inf

    @property
    def is_over(self) -> bool:
        """Whether that time has passed."""
        return self._clock.now() >= self._end

    def connect_share_s(self, num_addresses: int) -> float:
        """Return the seconds in which to connect to the next of several addresses."""
        return max(_SHORTEST_TIMEOUT_S, min(self.connect_timeout_s, self._left_s() / num_addresses))

    def now(self) -> float:
        """The present, on the clock of the deadline."""
        return self._clock.now()

    def limit_write(self, sock: socket.socket) -> None:
        """Limit the next write to a socket.

        Raises:
            TimeoutError: The time is over.
        """
        self._limit_step(sock, self.answer_timeout_s)

    def limit_read(self, sock: socket.socket, begin: float, num_bytes: int) -> None:
        """Limit the next read from a socket.

        Args:
            sock: The socket.
            begin: When the answer began to be read.
            num_bytes: How much of it has been read.

        Raises:
            TimeoutError: The time is over.
        """
        most_s = self.answer_timeout_s + num_bytes / _LEAST_BYTES_PER_S
        self._limit_step(sock, min(self.answer_timeout_s, begin + most_s - self._clock.now()))

    def _limit_step(self, sock: socket.socket, timeout_s: float) -> None:
        if timeout_s <= 0 or self.is_over:
            raise TimeoutError("the time limit of the request is over")
        sock.settimeout(self._limit(timeout_s))

    def _limit(self, timeout_s: float) -> float:
        return max(_SHORTEST_TIMEOUT_S, min(timeout_s, self._left_s()))

    def _left_s(self) -> float:
        return self._end - self._clock.now() if self.has_deadline else math.inf


current_exchange: ContextVar[Exchange | None] = ContextVar("current_exchange", default=None)
"""The exchange of this thread, ``None`` between two requests."""
