"""The pages with their sessions, and the addresses that sign in."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from qiskit_qoro.pages.app import PREFIX, build_pages
from qiskit_qoro.pages.sign_in import SignIn
from qiskit_qoro.pages.source import Source

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["build_signed_pages", "sign_in_address"]


def build_signed_pages(
    find_account: Callable[[str], str | None],
    open_source: Callable[[str], Source],
    threads: Executor,
    *,
    port: int,
    is_active: Callable[[str], bool] = lambda _account: True,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[ASGIApp, SignIn]:
    """Build the pages and their sessions.

    Args:
        find_account: Returns the name of the account of a token, or ``None``.
        open_source: Returns what an account may see and do.
        threads: Runs the handlers.
        port: The port of the server, which is a part of the name of the cookie.
        is_active: Whether the account with a name may be used. If it may not any more, its sessions end.
        clock: Returns seconds from an arbitrary start.
    """
    sign_in = SignIn(find_account, clock=clock, is_active=is_active)
    return build_pages(sign_in, open_source, threads, cookie_name=f"qoro-pages-{port}"), sign_in


def sign_in_address(base_url: str, sign_in: SignIn, account: str, query: str = "") -> str:
    """Return an address with a new one-time code.

    Args:
        base_url: Scheme, host and port.
        sign_in: The sessions.
        account: The account that the code signs in to.
        query: The query of the list of jobs that is shown then; empty for all jobs.
    """
    wanted = {"wanted": f"{PREFIX}/jobs?{query}"} if query else {}
    parameters = urlencode({"code": sign_in.new_code(account), **wanted})
    return f"{base_url}{PREFIX}/sign-in?{parameters}"
