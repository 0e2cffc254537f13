"""Who is signed in: one-time codes, sessions, and the limit of attempts.

A one-time code or a token of the service starts a session. The browser keeps the identifier of the session in
a cookie, which scripts cannot read. Before a session there is a visit: a cookie whose only purpose is the
CSRF token of the form for signing in. It is not stored here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["MAX_ATTEMPTS", "MAX_SESSIONS", "Session", "SignIn", "TooManyAttemptsError"]

MAX_SESSIONS = 100
"""The oldest session ends if there are more."""

MAX_ATTEMPTS, ATTEMPTS_PERIOD_S = 10, 60.0
"""After so many failed attempts within so many seconds, no attempt is accepted until the period is over."""

CODE_LIFETIME_S, SESSION_LIFETIME_S = 900.0, 43_200.0


class TooManyAttemptsError(Exception):
    """There were too many failed attempts to sign in.

    Attributes:
        retry_after_s: Seconds until the next attempt is accepted.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many failed attempts, try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


@dataclass
class Session:
    """A signed-in browser.

    Attributes:
        account: The name of its account.
        end: When it ends, by the clock.
        messages: Level and text of messages that the next page shows.
    """

    account: str
    end: float
    messages: list[tuple[str, str]] = field(default_factory=list)


class SignIn:
    """The sessions of a server. Methods may be called from any thread.

    Args:
        find_account: Returns the name of the account of a token, or ``None``.
        clock: Returns seconds from an arbitrary start.
    """

    def __init__(self, find_account: Callable[[str], str | None], *, clock: Callable[[], float]) -> None:
        self._find_account = find_account
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()  # guards everything below
        self._codes: dict[str, tuple[str, float]] = {}  # code to account and end
        self._sessions: dict[str, Session] = {}  # by the hash of their identifier, oldest first
        self._failures: deque[float] = deque()

    def new_code(self, account: str) -> str:
        """Return a new code that signs in to an account once."""
        code = secrets.token_urlsafe(16)
        with self._lock:
            now = self._clock()
            self._codes = {key: value for key, value in self._codes.items() if value[1] > now}
            self._codes[code] = (account, now + CODE_LIFETIME_S)
        return code

    def sign_in(self, code_or_token: str) -> str | None:
        """Start a session.

        Returns:
            The identifier of the session; ``None`` if the code or the token is wrong or has expired.

        Raises:
            TooManyAttemptsError: There were too many failed attempts.
        """
        with self._lock:
            now = self._clock()
            self._check_attempts(now)
            account = self._account_of(code_or_token, now)
            if account is None:
                self._failures.append(now)
                return None
            session_id = secrets.token_urlsafe(32)
            self._sessions[_hash(session_id)] = Session(account, now + SESSION_LIFETIME_S)
            while len(self._sessions) > MAX_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            return session_id

    def session(self, session_id: str) -> Session | None:
        """Return a session, or ``None`` if there is none with this identifier or it has ended."""
        with self._lock:
            session = self._sessions.get(_hash(session_id))
            if session is not None and session.end <= self._clock():
                del self._sessions[_hash(session_id)]
                return None
            return session

    def sign_out(self, session_id: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_hash(session_id), None)

    def csrf_token(self, cookie: str) -> str:
        """Return the token that the forms for the holder of a cookie contain."""
        return hmac.new(self._secret, cookie.encode(), hashlib.sha256).hexdigest()

    def _check_attempts(self, now: float) -> None:
        while self._failures and self._failures[0] <= now - ATTEMPTS_PERIOD_S:
            self._failures.popleft()
        if len(self._failures) >= MAX_ATTEMPTS:
            raise TooManyAttemptsError(int(self._failures[0] + ATTEMPTS_PERIOD_S - now) + 1)

    def _account_of(self, code_or_token: str, now: float) -> str | None:
        found = self._codes.pop(code_or_token, None)
        if found is not None:
            account, end = found
            return account if end > now else None
        return self._find_account(code_or_token)


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
