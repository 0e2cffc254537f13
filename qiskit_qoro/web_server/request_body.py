"""Read the body of a request, up to a limit."""

from __future__ import annotations

from starlette.requests import Request

__all__ = ["read_body"]

_READ_FACTOR = 64  # how many times the limit is read of a body that is too long, before it is cut off


async def read_body(request: Request, limit_bytes: int) -> bytes | None:
    """Read the body; return ``None`` if it is too long.

    Many clients read no answer before they have sent the whole body. The rest of a body that is too long is
    therefore read and dropped, up to 64 times the limit.

    Args:
        request: The request.
        limit_bytes: The length of the longest body.

    Raises:
        ClientDisconnect: The client has closed the connection before the end of the body.
    """
    most_bytes = _READ_FACTOR * limit_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most_bytes:
        return None
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= limit_bytes:
            chunks.append(chunk)
        elif length > most_bytes:
            break
        else:
            chunks.clear()  # too long already, so do not keep it in memory
    return b"".join(chunks) if length <= limit_bytes else None
