"""The JSON lists of QPU systems and simulator clusters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.wire.fields import as_count, as_list, as_object, boolean_field, text_field

__all__ = [
    "qpu_systems_from_json",
    "qpu_systems_to_json",
    "simulator_clusters_from_json",
    "simulator_clusters_to_json",
]


def qpu_systems_to_json(systems: Iterable[QPUSystem]) -> list[dict[str, Any]]:
    """Encode the list of QPU systems."""
    return [
        {
            "name": system.name,
            "qpus": [_qpu_to_json(qpu) for qpu in system.qpus],
            "access_level": system.access_level,
            "supports_expval": system.supports_expval,
        }
        for system in systems
    ]


def qpu_systems_from_json(body: object) -> list[QPUSystem]:
    """Decode the list of QPU systems.

    Raises:
        WireError: A field is missing or malformed.
    """
    return [
        QPUSystem(
            name=text_field(fields, "name"),
            qpus=tuple(
                _qpu_from_json(as_object(item, "qpus[]")) for item in as_list(fields.get("qpus", []), "qpus")
            ),
            access_level=text_field(fields, "access_level", default="PUBLIC"),
            supports_expval=boolean_field(fields, "supports_expval", default=False),
        )
        for fields in (as_object(item, "QPU system") for item in as_list(body, "body"))
    ]


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


def _qpu_from_json(fields: Mapping[str, Any]) -> QPU:
    return QPU(
        nickname=text_field(fields, "nickname"),
        q_bits=as_count(fields.get("q_bits"), "q_bits", least=0),
        status=text_field(fields, "status", default="unknown"),
        system_kind=text_field(fields, "system_kind", default="unknown"),
        vendor_type=text_field(fields, "vendor_type", default=None),
    )


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
    """Decode the list of simulator clusters.

    Raises:
        WireError: A field is missing or malformed.
    """
    return [
        SimulatorCluster(
            name=text_field(fields, "name"),
            access_level=text_field(fields, "access_level", default="PUBLIC"),
            minimum_tier=text_field(fields, "minimum_tier", default="FREE"),
        )
        for fields in (as_object(item, "simulator cluster") for item in as_list(body, "body"))
    ]
