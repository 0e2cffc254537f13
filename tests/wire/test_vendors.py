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


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([], "body"),
        ({"v": 1}, "v: vendor"),
        ({"v": {"device": {}}}, "v: device"),
        ({"v": {"device": [{}]}}, "v: name"),
        ({"v": {"credentials": [{"name": "X", "secret": 1}]}}, "v: secret"),
        ({"v": {"credentials": [{"name": "X", "choices": "ab"}]}}, "v: choices"),
    ],
)
def test_a_malformed_blueprint_is_refused_with_the_name_of_the_field(body, named):
    with pytest.raises(WireError, match=named):
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
    "options", [{"mode": 1}, {"1A": 1}, {"": 1}, {"A": None}, {"A": [1]}, {"A": float("nan")}]
)
def test_an_invalid_option_of_a_qpu_is_refused(options):
    with pytest.raises(QoroInputError):
        DeviceConfig(options)
    with pytest.raises(WireError, match="device_config"):
        config_from_json({"device_config": options})
