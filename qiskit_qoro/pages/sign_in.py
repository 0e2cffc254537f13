"""Who is signed in: one-time codes, sessions, and the limit of attempts.

A one-time code or a token of the service starts a session. The browser keeps the identifier of the session in
a cookie, which scripts cannot read. Before a session there is a visit: another cookie, whose only purpose is
the CSRF token of the form for signing in. Visits are not stored here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from qiskit_qoro.pages.submissions import Submissions

__all__ = [
    "ATTEMPTS_PERIOD_S",
    "CODE_LIFETIME_S",
    "MAX_ATTEMPTS",
    "MAX_CODES",
    "MAX_MESSAGES",
    "MAX_SESSIONS",
    "SESSION_LIFETIME_S",
    "Session",
    "SignIn",
    "TooManyAttemptsError",
    "is_identifier",
    "new_identifier",
]

MAX_ATTEMPTS, ATTEMPTS_PERIOD_S = 10, 60.0
"""After so many failed attempts within so many seconds, no attempt is accepted until the first one is so long
ago."""

CODE_LIFETIME_S, SESSION_LIFETIME_S = 900.0, 43_200.0

MAX_CODES, MAX_SESSIONS, MAX_MESSAGES = 100, 100, 10
"""The unused codes of a server, the sessions of an account and the messages of a session. If there are more,
the oldest one is dropped."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{43}")


class TooManyAttemptsError(Exception):
    """There were too many failed attempts to sign in.

    Attributes:
        retry_after_s: Seconds until the next attempt is accepted.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"There were too many failed attempts. Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Session:
    """A signed-in browser.

    Attributes:
        account: The name of its account.
        end: When it ends, by the clock.
        token: The token that has started it, or ``None`` if a one-time code has. If the token is revoked, the
            session ends.
        messages: Level and text of messages that the next page shows.
        submissions: The jobs that it has submitted again.
    """

    account: str
    end: float
    token: str | None = field(default=None, repr=False)
    messages: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=MAX_MESSAGES))
    submissions: Submissions = field(default_factory=Submissions, repr=False)

    def take_messages(self) -> list[tuple[str, str]]:
        """Return the messages and forget them. Two pages that load at once do not show the same message."""
        taken: list[tuple[str, str]] = []
        with suppress(IndexError):  # until there are no more; another thread may take some of them
            while True:
                taken.append(self.messages.popleft())
        return taken


class SignIn:
    """The sessions of a server. Methods may be called from any thread.

    Args:
        find_account: Returns the name of the account of a token, or ``None``.
        clock: Returns seconds from an arbitrary start.
        is_active: Whether the account with a name may be used. If it may not any more, its sessions end.
    """

    def __init__(
        self,
        find_account: Callable[[str], str | None],
        *,
        clock: Callable[[], float],
        is_active: Callable[[str], bool] = lambda _account: True,
    ) -> None:
        self._find_account = find_account
        self._clock = clock
        self._is_active = is_active
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()  # guards everything below
        # By the hash of the code or the identifier, oldest first. The time that it takes to find a hash tells
        # nothing about the code.
        self._codes: dict[str, tuple[str, float]] = {}  # to account and end
        self._sessions: dict[str, Session] = {}
        self._failures: deque[float] = deque()

    def new_code(self, account: str) -> str:
        """Return a new code that signs in to an account once."""
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._codes[_hash(code)] = (account, self._clock() + CODE_LIFETIME_S)
            _drop_oldest(self._codes, list(self._codes), MAX_CODES)
        return code

    def sign_in(self, given: str, *, accepts_token: bool, replaced: str = "") -> str | None:
        """Start a session.

        Attempts are made one after the other, so that simultaneous ones cannot exceed the limit, and only one
        of them can use a code.

        Args:
            given: A one-time code or a token.
            accepts_token: Whether a token is accepted. It is not if it comes from an address.
            replaced: The identifier of the session that the browser has had so far. It ends.

        Returns:
            The identifier of the session; ``None`` if the code or the token is wrong or has expired.

        Raises:
            TooManyAttemptsError: There were too many failed attempts. Even a correct one is refused then.
        """
        with self._lock:
            now = self._clock()
            self._check_attempts(now)
            session = self._new_session(given, now, accepts_token=accepts_token)
            if session is None:
                self._failures.append(now)
                return None
            self._sessions.pop(_hash(replaced), None)
            # The identifier is always a new one, so nobody can know it before.
            session_id = new_identifier()
            self._sessions[_hash(session_id)] = session
            same_account = [key for key, other in self._sessions.items() if other.account == session.account]
            _drop_oldest(self._sessions, same_account, MAX_SESSIONS)
            return session_id

    def session(self, session_id: str) -> Session | None:
        """Return a session, or ``None`` if there is none with this identifier or it has ended."""
        with self._lock:
            session = self._sessions.get(_hash(session_id))
            if session is not None and not self._is_usable(session, self._clock()):
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

    def _new_session(self, given: str, now: float, *, accepts_token: bool) -> Session | None:
        end = now + SESSION_LIFETIME_S
        code = self._codes.pop(_hash(given), None)
        if code is not None:
            account, code_end = code
            return Session(account, end) if code_end > now and self._is_active(account) else None
        owner = self._find_account(given) if accepts_token else None
        return None if owner is None else Session(owner, end, given)

    def _is_usable(self, session: Session, now: float) -> bool:
        if session.end <= now:
            return False
        if session.token is None:
            return self._is_active(session.account)
        return self._find_account(session.token) == session.account


def new_identifier() -> str:
    """Return a new random identifier of a session or a visit."""
    return secrets.token_urlsafe(32)


def is_identifier(text: str) -> bool:
    """Whether a text has the form of an identifier."""
    return _IDENTIFIER.fullmatch(text) is not None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _drop_oldest(entries: dict[str, Any], keys: list[str], limit: int) -> None:
    for key in keys[:-limit]:
        del entries[key]
