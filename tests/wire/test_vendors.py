"""The vendors' blueprint, and the options of a QPU."""

import pytest

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.models.config import ExecutionConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.vendors import DeviceConfig, VendorBlueprint, VendorField
from qiskit_qoro.wire.configurations import config_from_json, config_to_json
from qiskit_qoro.wire.vendors import vendor_blueprints_from_json, vendor_blueprints_to_json

FIELD = {
    "name": "MODE",
    "kind": "string",
    "required": False,
    "secret": False,
    "choices": ["fast", "slow"],
    "default": "fast",
}
BODY = {"acme": {"label": "ACME", "credentials": [FIELD | {"secret": True}], "device": [FIELD]}}
VALUE = VendorField("MODE", "string", choices=("fast", "slow"), default="fast")
BLUEPRINTS = {
    "acme": VendorBlueprint(
        "ACME",
        (VendorField("MODE", "string", secret=True, choices=("fast", "slow"), default="fast"),),
        (VALUE,),
    )
}


def test_a_blueprint_is_encoded_and_decoded():
    assert vendor_blueprints_to_json(BLUEPRINTS) == BODY
    assert vendor_blueprints_from_json(BODY) == BLUEPRINTS


def test_missing_fields_have_a_default():
    assert vendor_blueprints_from_json({"v": {}}) == {"v": VendorBlueprint("v")}
    (field,) = vendor_blueprints_from_json({"v": {"device": [{"name": "X"}]}})["v"].device
    assert field == VendorField("X", "string")


def test_everything_that_a_field_may_have_is_kept():
    full = FIELD | {
        "kind": "list",
        "default": [1, 2],
        "min": 0,
        "max": 2.5,
        "description": "how",
        "ui_editable": False,
        "item_kind": "integer",
        "choices": [[1], [1, 2]],
    }
    body = {"acme": {"label": "ACME", "credentials": [], "device": [full]}}
    (field,) = vendor_blueprints_from_json(body)["acme"].device
    assert field == VendorField(
        "MODE", "list", False, False, ([1], [1, 2]), [1, 2], 0, 2.5, "how", False, "integer"
    )
    assert vendor_blueprints_to_json(vendor_blueprints_from_json(body)) == body


# tests/service/test_answer_deviations.py has the odd fields and elements.


@pytest.mark.parametrize("body", [[], None, "acme", 5])
def test_a_body_that_is_not_an_object_is_refused(body):
    with pytest.raises(WireError, match="body: expected an object"):
        vendor_blueprints_from_json(body)


@pytest.mark.parametrize(
    ("config", "body"),
    [
        (ExecutionConfig(bond_dimension=4), {"execution_configuration": {"bond_dimension": 4}}),
        (MaestroConfig(seed=4), {"maestro_config": {"seed": 4}}),
        (
            DeviceConfig({"A_1": "x", "B": 0.5, "C": True}),
            {"device_config": {"A_1": "x", "B": 0.5, "C": True}},
        ),
        (DeviceConfig(), {"device_config": {}}),
        (
            DeviceConfig({"qubits": [0, (1, 2)], "A": None, "B": {"c": [True, "x"]}}),
            {"device_config": {"qubits": [0, [1, 2]], "A": None, "B": {"c": [True, "x"]}}},
        ),
    ],
)
def test_each_kind_of_configuration_has_its_key(config, body):
    assert config_to_json(config) == body
    assert config_from_json(body) == config


@pytest.mark.parametrize(
    "keys", [("maestro_config", "device_config"), ("execution_configuration", "device_config")]
)
def test_two_kinds_at_once_are_refused(keys):
    with pytest.raises(WireError, match=f"expected at most one of .* got {keys[0]} and {keys[1]}"):
        config_from_json({key: {} for key in keys})


@pytest.mark.parametrize(
    "options", [{"A": float("nan")}, {"A": ["\ud800"]}, {"\ud800": 1}, {"A": {"B": [float("inf")]}}]
)
def test_an_option_that_json_cannot_represent_is_refused(options):
    with pytest.raises(QoroInputError, match=r"is not an option of a QPU|expected text, a finite number"):
        DeviceConfig(options)
    with pytest.raises(WireError, match="device_config"):
        config_from_json({"device_config": options})


@pytest.mark.parametrize("options", [{1: 2}, {"A": b"x"}, {"A": {1: 2}}, {"A": object()}, {"A": {"b"}}, None])
def test_an_option_that_is_no_json_value_is_refused(options):
    with pytest.raises(
        QoroInputError, match=r"is not an option of a QPU|expected text, a finite number|expected a mapping"
    ):
        DeviceConfig(options)


def test_options_may_be_nested_20_levels_deep():
    def nested(depth):
        return {"A": nested(depth - 1)} if depth > 1 else {"A": 1}

    assert DeviceConfig(nested(21)).to_payload() == nested(21)
    with pytest.raises(QoroInputError, match="A is "):
        DeviceConfig(nested(22))


def test_options_are_not_shared_with_the_caller():
    options = {"A": [1]}
    config = DeviceConfig(options)
    options["A"].append(2)
    config.to_payload()["A"].append(3)
    assert config.options == {"A": [1]}
