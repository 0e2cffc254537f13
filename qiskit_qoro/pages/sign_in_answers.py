"""Signing in and out: the form, the address with a one-time code, and the cookie."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from starlette.responses import Response

from qiskit_qoro.pages.answers import PREFIX, Visitor, address_of, lead_on, redirect, small_page
from qiskit_qoro.pages.handlers.routes import find_handler
from qiskit_qoro.pages.sign_in import CODE_LIFETIME_S, SESSION_LIFETIME_S, SignIn, TooManyAttemptsError

__all__ = ["SIGN_IN_PATHS", "SignInAnswers"]

SIGN_IN_PATHS: Mapping[str, Collection[str]] = {"/sign-in": ("GET", "POST"), "/sign-out": ("POST",)}
"""Path below the prefix to methods."""

_FIRST_PAGE = f"{PREFIX}/jobs"
# Browsers read a backslash as a slash.
_ADDRESS = re.compile(rf"{PREFIX}/[!-\[\]-~]*")


class SignInAnswers:
    """Answers the requests that begin or end a session.

    Args:
        sign_in: The sessions.
        cookie_name: The name of the cookie of a session.
    """

    def __init__(self, sign_in: SignIn, cookie_name: str) -> None:
        self._sign_in = sign_in
        # Two names: a request without cookies may come from a browser that has a session, because a link of
        # another site has led to the page. The cookie of a visit must not replace that of the session.
        self._session_cookie, self._visit_cookie = cookie_name, f"{cookie_name}-visit"

    @property
    def cookie_names(self) -> tuple[str, str]:
        """The names of the cookies of a session and of a visit. The first one that a browser has counts."""
        return self._session_cookie, self._visit_cookie

    def answer(self, path: str, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Answer a request for one of the paths.

        Args:
            path: The path below the prefix.
            visitor: The browser.
            form: The fields of the form that it has sent, which have been checked.
        """
        if path == "/sign-out":
            return self._sign_out(visitor)
        if visitor.method == "POST":
            return self._use_form(visitor, form)
        return self._use_address(visitor)

    def form(
        self,
        visitor: Visitor,
        message: str = "",
        *,
        wanted: str = "",
        status: int = 200,
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Show the form for signing in.

        Args:
            visitor: The browser.
            message: Why it has not been signed in; empty if it has not tried.
            wanted: The address to show after signing in.
            status: The status code.
            headers: Headers of the answer.
        """
        values = {
            "message": message,
            "wanted": _page_or_first(wanted),
            "code_minutes": int(CODE_LIFETIME_S // 60),
        }
        response = small_page(visitor, "sign_in.html", values, status=status, headers=headers)
        if visitor.is_new:
            self._set_cookie(visitor, response, self._visit_cookie, visitor.cookie)
        return response

    def form_instead(self, visitor: Visitor) -> Response:
        """Show the form instead of the page that the browser has asked for."""
        wanted = address_of(visitor.request) if visitor.request.method == "GET" else ""
        return self.form(visitor, wanted=wanted, status=401)

    def _use_address(self, visitor: Visitor) -> Response:
        """Sign in with the one-time code in the address. Without one, show the form."""
        code = visitor.request.query_params.get("code", "")
        # A program that only looks whether there is a page must not use up the code.
        if not code or visitor.request.method == "HEAD":
            return self.form(visitor)
        wanted = visitor.request.query_params.get("wanted", "")
        response = self._sign_in_with(visitor, code, wanted, accepts_token=False)
        # An address that has been used already still leads a signed-in browser to the pages.
        return self._lead_on(visitor, wanted) if response.status_code != 200 and visitor.session else response

    def _use_form(self, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Sign in with the one-time code or the token in the form."""
        given, wanted = form.get("code", "").strip(), form.get("wanted", "")
        if not given:
            return self.form(visitor, wanted=wanted)
        return self._sign_in_with(visitor, given, wanted, accepts_token=True)

    def _sign_out(self, visitor: Visitor) -> Response:
        self._sign_in.sign_out(visitor.cookie)
        response = redirect(f"{PREFIX}/sign-in")
        self._set_cookie(visitor, response, self._session_cookie, "", lifetime_s=0)
        return response

    def _sign_in_with(self, visitor: Visitor, given: str, wanted: str, *, accepts_token: bool) -> Response:
        try:
            session_id = self._sign_in.sign_in(given, accepts_token=accepts_token, replaced=visitor.cookie)
        except TooManyAttemptsError as error:
            headers = {"Retry-After": str(error.retry_after_s)}
            return self.form(visitor, str(error), wanted=wanted, status=429, headers=headers)
        if session_id is None:
            kinds = "code or token" if accepts_token else "code"
            message = f"This {kinds} is wrong, has expired or has been used."
            return self.form(visitor, message, wanted=wanted, status=401)
        response = self._lead_on(visitor, wanted)
        self._set_cookie(visitor, response, self._session_cookie, session_id)
        return response

    def _lead_on(self, visitor: Visitor, wanted: str) -> Response:
        return lead_on(visitor, _page_or_first(wanted), "You are signed in.")

    def _set_cookie(
        self,
        visitor: Visitor,
        response: Response,
        name: str,
        value: str,
        *,
        lifetime_s: float = SESSION_LIFETIME_S,
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(lifetime_s),
            path=PREFIX,
            secure=visitor.request.scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )


def _page_or_first(address: str) -> str:
    """Return an address if it is one of a page, else that of the first page.

    A form could ask for any address. Nobody is led to another site, or to an action.
    """
    path = address.partition("?")[0]
    found = find_handler(path.removeprefix(PREFIX)) if _ADDRESS.fullmatch(address) else None
    return address if found is not None and "GET" in found[0] else _FIRST_PAGE
