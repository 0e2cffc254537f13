"""Check that a service answers: the health check of the container. It needs no token.

Usage: ``python health.py URL [AUTHORITY]``. The URL is that of the service, without a path. AUTHORITY is the
certificate of the authority, if the URL begins with https. The exit code is 0 if the service answers.
"""

import ssl
import sys
from urllib.request import urlopen

_TIMEOUT_S = 8.0


def main(url: str, authority: str | None = None) -> None:
    """Read the description of the API, or raise an error.

    Args:
        url: The address of the service, without a path.
        authority: The file with the certificate of the authority that the service is checked with.
    """
    context = ssl.create_default_context(cafile=authority) if url.startswith("https:") else None
    with urlopen(f"{url}/api/openapi.json", timeout=_TIMEOUT_S, context=context):  # noqa: S310 - ours
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
