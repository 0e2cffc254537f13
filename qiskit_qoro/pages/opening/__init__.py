"""Open the pages: mount them on a running local service, or serve them on a port of their own.

The names are imported when they are first used, because most of them need the extra ``web``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_qoro.lazy_imports import lazy_names

if TYPE_CHECKING:
    from qiskit_qoro.pages.opening.browser import open_browser
    from qiskit_qoro.pages.opening.pages_link import PagesLink
    from qiskit_qoro.pages.opening.pages_server import PagesServer, start_pages_server
    from qiskit_qoro.pages.opening.provider_pages import ProviderPages
    from qiskit_qoro.pages.opening.service_pages import ServicePages, mount_pages, open_local_pages
    from qiskit_qoro.pages.opening.signed_pages import build_signed_pages, sign_in_address
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "browser": ("open_browser",),
            "pages_link": ("PagesLink",),
            "pages_server": ("PagesServer", "start_pages_server"),
            "provider_pages": ("ProviderPages",),
            "service_pages": ("ServicePages", "mount_pages", "open_local_pages"),
            "signed_pages": ("build_signed_pages", "sign_in_address"),
        },
    )

__all__ = [
    "PagesLink",
    "PagesServer",
    "ProviderPages",
    "ServicePages",
    "build_signed_pages",
    "mount_pages",
    "open_browser",
    "open_local_pages",
    "sign_in_address",
    "start_pages_server",
]
