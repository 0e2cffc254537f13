"""Read the bodies of answers: the JSON, its encoding, and HTML pages that are not from the service."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from requests import Response

from qiskit_qoro.errors import WireError
from qiskit_qoro.wire.json_bytes import decode_bytes, decode_json, detect_unicode

__all__ = ["check_no_page", "json_of", "read_answer", "set_encoding", "text_of"]

_T = TypeVar("_T")


def read_answer(response: Response, reader: Callable[[Any], _T], *, job_id: str | None = None) -> _T:
    """Decode the JSON of a response.

    Args:
        response: The response.
        reader: Converts the JSON to a value.
        job_id: The job that the request was about, ``None`` if it was about none.

    Raises:
        WireError: The response is not JSON, or ``reader`` refuses it. The message names the request.
    """
    body = json_of(response, job_id=job_id)
    try:
        return reader(body)
    except WireError as error:
        error.introduce(f"invalid response to {response.request.method} {_without_query(response.url)}")
        error.job_id = job_id
        raise


def json_of(response: Response, *, job_id: str | None = None) -> Any:
    """Parse the JSON of a response.

    Args:
        response: The response.
        job_id: The job that the request was about, ``None`` if it was about none.

    Raises:
        WireError: The response is not JSON, or it is nested too deeply.
    """
    try:
        return decode_json(response.content, response.encoding)
    except WireError as error:
        error.introduce(f"invalid response to {response.request.method} {_without_query(response.url)}")
        error.job_id = job_id
        raise
    except (ValueError, RecursionError) as error:
        raise _no_json(response, job_id) from error


def text_of(response: Response) -> str:
    """Decode the text of a response. Bytes that are not text become replacement characters."""
    try:
        return decode_bytes(response.content, response.encoding)
    except ValueError:
        return response.content.decode("utf-8", "replace")


def set_encoding(response: Response) -> None:
    """Set the encoding of a response to that of its body, for callers who decode it themselves."""
    encoding = detect_unicode(response.content)
    # Most responses declare the right encoding. Do not decode them twice.
    if encoding == (response.encoding or "").lower():
        return
    with suppress(UnicodeDecodeError):  # not Unicode: the declared encoding stays
        response.content.decode(encoding)
        response.encoding = encoding


def check_no_page(response: Response, job_id: str | None) -> None:
    """Check that a response is not an HTML page, such as the login page of a proxy.

    A body that nobody reads may be empty, or anything else but a page.

    Raises:
        WireError: It is an HTML page, so something other than the service has answered.
    """
    start = response.content[:400].decode(detect_unicode(response.content), "replace").lstrip("\ufeff \t\r\n")
    is_page = start.startswith("<")
    if start and not is_page and "html" in response.headers.get("Content-Type", "").lower():
        try:
            decode_json(response.content, response.encoding)
        except (ValueError, RecursionError):
            is_page = True  # Otherwise it is JSON with a wrong content type.
    if is_page:
        raise _no_json(response, job_id)


def _no_json(response: Response, job_id: str | None) -> WireError:
    content_type = response.headers.get("Content-Type", "no content type")
    return WireError(
        f"expected JSON from {_without_query(response.url)}, got {len(response.content)} bytes of "
        f"{content_type}: check the base URL, and whether a proxy or a login page answers instead",
        job_id=job_id,
    )


def _without_query(url: str) -> str:
    return url.partition("?")[0]
