"""The JSON lists of QPU systems, simulator clusters and extensions.

One odd field must not hide the systems: all fields but the name of a system have a default, and a system or a
QPU that cannot be read is left out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.loose import read_flag, read_integer, read_list, read_text
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.wire.device_properties import device_properties_from_json, device_properties_to_json
from qiskit_qoro.wire.fields import as_list, as_object, loose_field, readable_items, shown

__all__ = [
    "EXTENSIONS_KEY",
    "extensions_from_json",
    "next_page_query",
    "qpu_systems_from_json",
    "qpu_systems_to_json",
    "simulator_clusters_from_json",
    "simulator_clusters_to_json",
]

_log = logging.getLogger(__name__)

# The key of a QPU system under which an extension reports the properties of each QPU, by nickname.
_PROPERTIES = "device_properties"

EXTENSIONS_KEY = "x-qoro-extensions"
"""The key under ``info`` in the OpenAPI document of a service that lists its extensions."""


def extensions_from_json(document: object) -> frozenset[str]:
    """Read the names of a service's extensions from its OpenAPI document.

    Anything else than a list of names, such as the document of another service, names no extensions.
    """
    info = document.get("info") if isinstance(document, Mapping) else None
    names = info.get(EXTENSIONS_KEY) if isinstance(info, Mapping) else None
    return (
        frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()
    )


def qpu_systems_to_json(systems: Iterable[QPUSystem]) -> list[dict[str, Any]]:
    """Encode the list of QPU systems."""
    return [_qpu_system_to_json(system) for system in systems]


def _qpu_system_to_json(system: QPUSystem) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": system.name,
        "qpus": [_qpu_to_json(qpu) for qpu in system.qpus],
        "access_level": system.access_level,
        "supports_expval": system.supports_expval,
    }
    # These are not in "qpus", because clients of release 0.12 refuse unknown fields there.
    properties = {
        qpu.nickname: device_properties_to_json(qpu.properties)
        for qpu in system.qpus
        if qpu.properties is not None
    }
    return body | {_PROPERTIES: properties} if properties else body


def qpu_systems_from_json(body: object) -> list[QPUSystem]:
    """Decode the list of QPU systems, or a page of it. Leave out and log systems without a name.

    Raises:
        WireError: The body contains no list.
    """
    return readable_items(_listed(body), "QPU systems", _qpu_system_from_json)


def _qpu_system_from_json(item: object) -> QPUSystem:
    fields = as_object(item, "QPU system")
    name = _name_field(fields)
    where = f"QPU system {name!r}"
    qpus: list[Any] = loose_field(fields, "qpus", read_list, default=[], where=where)
    properties: dict[str, Any] = loose_field(fields, _PROPERTIES, _read_object, default={}, where=where)

    def read_qpu(item: object) -> QPU:
        return _qpu_from_json(item, properties)

    return QPUSystem(
        name=name,
        qpus=tuple(readable_items(qpus, f"{where}: qpus", read_qpu)),
        access_level=loose_field(fields, "access_level", read_text, default="PUBLIC", where=where),
        # Without expectation values the client samples, which every system can do.
        supports_expval=loose_field(fields, "supports_expval", read_flag, default=False, where=where),
    )


def _qpu_to_json(qpu: QPU) -> dict[str, Any]:
    body: dict[str, Any] = {
        "nickname": qpu.nickname,
        "q_bits": qpu.q_bits,
        "status": qpu.status,
        "system_kind": qpu.system_kind,
    }
    if qpu.vendor_type is not None:
        body["vendor_type"] = qpu.vendor_type
    return body


def _qpu_from_json(item: object, properties: Mapping[str, Any]) -> QPU:
    fields = as_object(item, "QPU")
    nickname = loose_field(fields, "nickname", read_text, default="unknown", where="QPU")
    where = f"QPU {nickname!r}"
    return QPU(
        nickname=nickname,
        q_bits=loose_field(fields, "q_bits", _read_count, default=0, where=where),
        status=loose_field(fields, "status", _read_status, default="unknown", where=where),
        system_kind=loose_field(fields, "system_kind", read_text, default="unknown", where=where),
        vendor_type=loose_field(fields, "vendor_type", read_text, default=None, where=where),
        properties=device_properties_from_json(properties.get(nickname), where),
    )


def _read_object(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _read_count(value: object) -> int | None:
    number = read_integer(value)
    return number if number is not None and number >= 0 else None


def _read_status(value: object) -> str | None:
    if isinstance(value, bool):
        return "online" if value else "offline"
    return read_text(value)


def simulator_clusters_to_json(clusters: Iterable[SimulatorCluster]) -> list[dict[str, Any]]:
    """Encode the list of simulator clusters."""
    return [
        {
            "name": cluster.name,
            "access_level": cluster.access_level,
            "minimum_tier": cluster.minimum_tier,
        }
        for cluster in clusters
    ]


def simulator_clusters_from_json(body: object) -> list[SimulatorCluster]:
    """Decode the list of simulator clusters, or a page of it. Leave out and log clusters without a name.

    Raises:
        WireError: The body contains no list.
    """
    return readable_items(_listed(body), "simulator clusters", _simulator_cluster_from_json)


def _simulator_cluster_from_json(item: object) -> SimulatorCluster:
    fields = as_object(item, "simulator cluster")
    name = _name_field(fields)
    where = f"simulator cluster {name!r}"
    return SimulatorCluster(
        name=name,
        access_level=loose_field(fields, "access_level", read_text, default="PUBLIC", where=where),
        minimum_tier=loose_field(fields, "minimum_tier", read_text, default="FREE", where=where),
    )


def next_page_query(body: object) -> dict[str, str] | None:
    """Return the query for the next page of a list, or ``None`` if this is the last page or the whole list.

    Only the query of ``next`` is used. So it does not matter under which address the service lists its pages,
    and the token is sent to no other address.
    """
    following = body.get("next") if isinstance(body, dict) else None
    if not following:
        return None
    try:
        query = dict(parse_qsl(urlsplit(following).query)) if isinstance(following, str) else {}
    except ValueError:  # not an address
        query = {}
    if not query:
        _log.warning(
            "the list has more pages, but next is %s: the other pages are left out", shown(following)
        )
    return query or None


def _listed(body: object) -> Sequence[object]:
    """The elements of a list, or of a page ``{"results": […], "next": …}`` of it."""
    is_page = isinstance(body, dict) and "results" in body
    return as_list(body["results"], "results") if is_page else as_list(body, "body")  # type: ignore[index]


def _name_field(fields: Mapping[str, Any]) -> str:
    """The name that jobs use as their target.

    It is sent to the service, so it cannot be replaced by another name.
    """
    name = fields.get("name")
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    if not isinstance(name, str) or not name or read_text(name) != name:
        raise WireError(f"name: expected text, got {'nothing' if name is None else shown(name)}")
    return name
