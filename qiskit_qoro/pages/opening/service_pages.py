"""Show the pages of a running local service, on its own port."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from qiskit_qoro.pages.app import PREFIX
from qiskit_qoro.pages.local_source.source import local_sources
from qiskit_qoro.pages.opening.signed_pages import build_signed_pages, sign_in_address
from qiskit_qoro.pages.protection import HEADERS
from qiskit_qoro.pages.sign_in import SignIn
from qiskit_qoro.pages.source import Source

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from qiskit_qoro.local import LocalService

__all__ = ["ServicePages", "mount_pages", "open_local_pages"]

_API_PREFIX = "/api"


class ServicePages:
    """The pages of a local service: an application that the service has mounted.

    Args:
        service: The service.
        app: The pages.
        sign_in: Their sessions.
    """

    def __init__(self, service: LocalService, app: ASGIApp, sign_in: SignIn) -> None:
        self._service = service
        self._app = app
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @property
    def url(self) -> str:
        """The address of the pages, without a code. Reading it opens the port of the service."""
        return f"{self._base_url}{PREFIX}/"

    def address(self) -> str:
        """Return an address with a new one-time code, for the account of the service itself."""
        return sign_in_address(self._base_url, self._sign_in, self._service.parts.own_account.name)

    @property
    def _base_url(self) -> str:
        return self._service.url.removesuffix(_API_PREFIX)


def open_local_pages(service: LocalService, *, provider_code: str = "") -> ServicePages:
    """Show the jobs of a running service on its pages. If it has pages already, nothing changes.

    Args:
        service: The service.
        provider_code: The Python expression that gives a provider of the service, for the code that the pages
            show. By default a provider of its address.

    Returns:
        The pages. They end with the service.
    """
    code = provider_code or f"QoroProvider(base_url={service.url!r})"
    return mount_pages(service, local_sources(service.parts, code))


def mount_pages(service: LocalService, open_source: Callable[[str], Source]) -> ServicePages:
    """Show pages on a running service. If they are shown already, nothing changes.

    Args:
        service: The service.
        open_source: Returns what the account with a name may see and do.

    Returns:
        The pages that the service shows. They end with the service.
    """
    parts = service.parts

    def find_account(token: str) -> str | None:
        account = parts.accounts.authenticate(f"Bearer {token}")
        return None if account is None else account.name

    app, sign_in = build_signed_pages(
        find_account, open_source, parts.threads, port=parts.port, is_active=parts.accounts.is_active
    )
    # If two threads get here at once, both use the pages that are stored first.
    mounted = parts.mounts.setdefault(PREFIX, ServicePages(service, app, sign_in))
    if not isinstance(mounted, ServicePages):
        raise TypeError(f"another application answers {PREFIX}")
    # Browsers that ask for the service get the pages, and the description of the API stays at /docs.
    parts.mounts.setdefault("/", RedirectResponse(f"{PREFIX}/", headers={**HEADERS, "Vary": "Accept"}))
    return mounted
