"""The JSON of the properties of a QPU, an extension of the list of QPU systems.

.. code-block:: text

    {"dt_s": 1e-09,
     "qubits": [{"t1_s": 0.00012, "t2_s": 8.1e-05}, ...],
     "operations": [{"name": "cz", "qubits": [0, 1], "error": 0.0048, "duration_s": 8e-08}, ...]}

Unknown values are left out. A value that cannot be read counts as unknown, and an operation that cannot be
read is left out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties, QubitProperties
from qiskit_qoro.models.loose import read_list, read_number, read_text
from qiskit_qoro.wire.fields import as_count, as_list, as_object, loose_field, readable_items, shown

__all__ = ["device_properties_from_json", "device_properties_to_json"]

_log = logging.getLogger(__name__)


def device_properties_to_json(properties: DeviceProperties) -> dict[str, Any]:
    """Encode the properties of a QPU."""
    return _known(
        dt_s=properties.dt_s,
        qubits=[_known(t1_s=qubit.t1_s, t2_s=qubit.t2_s) for qubit in properties.qubits],
        operations=[
            _known(name=item.name, qubits=list(item.qubits), error=item.error, duration_s=item.duration_s)
            for item in properties.operations
        ],
    )


def device_properties_from_json(body: object, where: str) -> DeviceProperties | None:
    """Decode the properties of a QPU.

    Args:
        body: The JSON, or ``None`` if the service sent none.
        where: The QPU, for the log.

    Returns:
        The properties, or ``None`` if there are none or they are not an object.
    """
    if body is None:
        return None
    if not isinstance(body, dict):
        _log.warning("%s: its properties are %s, which cannot be read", where, shown(body))
        return None
    qubits: list[Any] = loose_field(body, "qubits", read_list, default=[], where=where)
    operations: list[Any] = loose_field(body, "operations", read_list, default=[], where=where)
    return DeviceProperties(
        operations=tuple(readable_items(operations, f"{where}: operations", _operation_from_json)),
        # An unreadable qubit keeps its place, because qubits are numbered by their position.
        qubits=tuple(
            _qubit_from_json(item, f"{where}: qubits[{index}]") for index, item in enumerate(qubits)
        ),
        dt_s=loose_field(body, "dt_s", _read_time, default=None, where=where),
    )


def _operation_from_json(item: object) -> OperationProperties:
    fields = as_object(item, "operation")
    name = read_text(fields.get("name"))
    if not name:
        raise WireError("name: expected text, got nothing")
    qubits = as_list(fields.get("qubits"), "qubits")
    return OperationProperties(
        name=name,
        qubits=tuple(as_count(qubit, "qubits", least=0) for qubit in qubits),
        error=loose_field(fields, "error", _read_probability, default=None, where=name),
        duration_s=loose_field(fields, "duration_s", _read_duration, default=None, where=name),
    )


def _qubit_from_json(item: object, where: str) -> QubitProperties:
    fields: Mapping[str, Any] = item if isinstance(item, dict) else {}
    t1_s, t2_s = (loose_field(fields, key, _read_time, default=None, where=where) for key in ("t1_s", "t2_s"))
    return QubitProperties(t1_s, t2_s)


def _read_time(value: object) -> float | None:
    number = read_number(value)
    return number if number is not None and number > 0 else None


def _read_duration(value: object) -> float | None:
    number = read_number(value)
    return number if number is not None and number >= 0 else None


def _read_probability(value: object) -> float | None:
    number = read_number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _known(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
