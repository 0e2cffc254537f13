"""Requests about what the service offers: simulator clusters, QPU systems, options of vendors, extensions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from qiskit_qoro.errors import QoroConnectionError, QoroError
from qiskit_qoro.models.systems import QPUSystem, SimulatorCluster
from qiskit_qoro.models.vendors import VendorBlueprint
from qiskit_qoro.service.transport import Transport, read_answer
from qiskit_qoro.wire.endpoints import (
    OPENAPI_DOCUMENT,
    QPU_SYSTEMS,
    SIMULATOR_CLUSTERS,
    VENDOR_BLUEPRINT,
    Endpoint,
)
from qiskit_qoro.wire.listings import (
    extensions_from_json,
    next_page_query,
    qpu_systems_from_json,
    simulator_clusters_from_json,
)
from qiskit_qoro.wire.vendors import vendor_blueprints_from_json

__all__ = [
    "MAX_LIST_PAGES",
    "fetch_extensions",
    "fetch_qpu_systems",
    "fetch_simulator_clusters",
    "fetch_vendor_blueprints",
]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

# The status codes of a service that may answer later.
_UNAVAILABLE = frozenset({429, *range(500, 600)})

MAX_LIST_PAGES = 100
"""Most pages of a list of systems that are fetched."""


def fetch_qpu_systems(transport: Transport) -> list[QPUSystem]:
    """Fetch the QPU systems that the service offers."""
    return _fetch_list(transport, QPU_SYSTEMS, qpu_systems_from_json)


def fetch_simulator_clusters(transport: Transport) -> list[SimulatorCluster]:
    """Fetch the simulator clusters that the service offers."""
    return _fetch_list(transport, SIMULATOR_CLUSTERS, simulator_clusters_from_json)


def _fetch_list(transport: Transport, endpoint: Endpoint, reader: Callable[[object], list[_T]]) -> list[_T]:
    """Fetch a list. The service sends it as a whole; if it sends a page, the other pages are fetched too."""

    def read(body: object) -> tuple[list[_T], dict[str, str] | None]:
        return reader(body), next_page_query(body)

    found: list[_T] = []
    # The queries so far, to notice a page that links back to an earlier one.
    queries: list[dict[str, Any] | None] = [None]
    while len(queries) <= MAX_LIST_PAGES:
        items, query = read_answer(transport.send(endpoint, params=queries[-1]), read)
        # A service that ignores the query sends the same page again.
        found += [item for item in items if item not in found]
        if query is None:
            return found
        if query in queries:
            break
        queries.append(query)
    _log.warning("%s: the pages of the list have no end, got %d elements so far", endpoint.path, len(found))
    return found


def fetch_vendor_blueprints(transport: Transport) -> dict[str, VendorBlueprint]:
    """Fetch the blueprint of each QPU vendor: the options of its jobs and the credentials it needs."""
    return read_answer(transport.send(VENDOR_BLUEPRINT), vendor_blueprints_from_json)


def fetch_extensions(transport: Transport) -> frozenset[str] | None:
    """Fetch the names of the extensions that the service announces in its OpenAPI document.

    The request is sent once. A service without the document, or with one that cannot be read, announces none.

    Returns:
        The names, or ``None`` if the service is not available now, so that a later request may find them.
    """
    try:
        return read_answer(transport.send(OPENAPI_DOCUMENT, attempts=1), extensions_from_json)
    except QoroError as error:
        _log.debug("the service announces no extensions: %s", error)
        if isinstance(error, QoroConnectionError) or getattr(error, "status_code", None) in _UNAVAILABLE:
            return None
        return frozenset()
