"""Local services with their web pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qiskit_qoro import QoroBackend, QoroProvider
from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.pages.opening import open_local_pages

from .sites import SECTIONS, Site

__all__ = ["Running", "run_service"]


@dataclass(frozen=True)
class Running:
    """A local service with pages.

    Attributes:
        service: The service.
        provider: A client of it.
        site: Its pages.
    """

    service: LocalService
    provider: QoroProvider
    site: Site

    @property
    def backend(self) -> QoroBackend:
        """The simulator."""
        return self.provider.get_backend("qoro_maestro")


@contextmanager
def run_service(*, journal: Path | bool = False, **options: Any) -> Iterator[Running]:
    """Run a local service.

    Args:
        journal: The journal of the client.
        options: The arguments of :func:`~qiskit_qoro.local.serve`.
    """
    with (
        serve(**{"workers": 1, **options}) as service,
        # Over the socket, as a client in another process.
        QoroProvider(service.token, base_url=service.url, journal=journal, progress=False) as provider,
    ):
        pages = open_local_pages(service)
        yield Running(service, provider, Site(pages.url.removesuffix("/pages/"), pages.address, {**SECTIONS}))
