"""The JSON body that describes the options and credentials of QPU vendors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.models.loose import read_flag, read_list, read_text
from qiskit_qoro.models.vendors import VendorBlueprint, VendorField
from qiskit_qoro.wire.fields import as_object, loose_field, readable_items, text_field

__all__ = ["vendor_blueprints_from_json", "vendor_blueprints_to_json"]


def vendor_blueprints_to_json(blueprints: Mapping[str, VendorBlueprint]) -> dict[str, Any]:
    """Encode the blueprint of each vendor."""
    return {
        vendor: {
            "label": blueprint.label,
            "credentials": [_field_to_json(item) for item in blueprint.credentials],
            "device": [_field_to_json(item) for item in blueprint.device],
        }
        for vendor, blueprint in blueprints.items()
    }


def vendor_blueprints_from_json(body: object) -> dict[str, VendorBlueprint]:
    """Decode the blueprint of each vendor. Leave out and log vendors and fields that cannot be read.

    Raises:
        WireError: The body is not an object.
    """
    vendors = as_object(body, "body").items()
    return dict(readable_items(vendors, "vendors", _vendor_from_json))


def _vendor_from_json(item: tuple[str, object]) -> tuple[str, VendorBlueprint]:
    vendor, value = item
    where = f"vendor {vendor!r}"
    fields = as_object(value, where)
    return vendor, VendorBlueprint(
        label=loose_field(fields, "label", read_text, default=vendor, where=where),
        credentials=_fields_from_json(fields, "credentials", where),
        device=_fields_from_json(fields, "device", where),
    )


def _field_to_json(item: VendorField) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": item.name,
        "kind": item.kind,
        "required": item.required,
        "secret": item.secret,
        "choices": list(item.choices),
        "default": item.default,
    }
    optional = {
        "min": item.min,
        "max": item.max,
        "description": item.description or None,
        "ui_editable": item.ui_editable,
        "item_kind": item.item_kind,
    }
    return body | {key: value for key, value in optional.items() if value is not None}


def _fields_from_json(fields: Mapping[str, Any], key: str, where: str) -> tuple[VendorField, ...]:
    listed: list[Any] = loose_field(fields, key, read_list, default=[], where=where)
    return tuple(readable_items(listed, f"{where}: {key}", _field_from_json))


def _field_from_json(item: object) -> VendorField:
    fields = as_object(item, "field")
    name = text_field(fields, "name")
    where = f"field {name!r}"
    choices: list[Any] = loose_field(fields, "choices", read_list, default=[], where=where)
    return VendorField(
        name=name,
        kind=loose_field(fields, "kind", read_text, default="string", where=where),
        required=loose_field(fields, "required", read_flag, default=False, where=where),
        # A value that may be a secret is hidden.
        secret=loose_field(
            fields, "secret", read_flag, default=fields.get("secret") is not None, where=where
        ),
        choices=tuple(choices),
        default=fields.get("default"),
        min=fields.get("min"),
        max=fields.get("max"),
        description=loose_field(fields, "description", read_text, default="", where=where),
        ui_editable=loose_field(fields, "ui_editable", read_flag, default=None, where=where),
        item_kind=loose_field(fields, "item_kind", read_text, default=None, where=where),
    )
