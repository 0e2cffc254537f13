"""Requests as they are on the wire. Clients such as `requests` would change their paths and headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from urllib.parse import urlencode

import requests

from .serving import Served

FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    """An answer.

    Attributes:
        status: The status code.
        headers: The headers.
        body: The body.
    """

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def cookies(self) -> list[str]:
        """The headers ``Set-Cookie``."""
        return self.headers.get_all("set-cookie") or []


def send(
    url: str, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Send a request to a server. There is a header ``Host`` unless it is given."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with closing(HTTPConnection(host, int(port), timeout=60)) as connection:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in ({"Host": f"{host}:{port}"} | dict(headers or {})).items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def cookie_of(browser: requests.Session) -> str:
    """The header ``Cookie`` of a browser."""
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)


def csrf_in(html: str) -> str:
    """The token in the first form of a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', html)
    assert found is not None
    return found[1]


def csrf_of(served: Served, browser: requests.Session) -> str:
    """The token in the forms for a browser."""
    return csrf_in(browser.get(f"{served.url}/pages/jobs").text)


def post(
    served: Served, browser: requests.Session, path: str, fields: Mapping[str, str], **headers: str | None
) -> Answer:
    """Send a form. ``origin`` is that of the pages unless it is given; ``None`` stands for no header."""
    sent = {"Origin": served.url, "Cookie": cookie_of(browser), "Content-Type": FORM}
    sent |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    kept = {name: value for name, value in sent.items() if value is not None}
    return send(served.url, "POST", path, kept, urlencode(fields).encode())
