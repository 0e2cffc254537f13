"""``device_config``: the options of a QPU, which clients since release 0.15 send when they open a job."""

from __future__ import annotations

from typing import Any

import pytest

QPU = {"simulator_cluster": None, "qpu_system_name": "local_qpu"}


@pytest.mark.parametrize("options", [{}, {"SEED": 3}, {"NOISE_SCALING_FACTOR": 0.25, "SEED": 0}])
def test_options_are_read_back_as_they_were_sent(service: Any, options: Any) -> None:
    job_id = service.open(**QPU, device_config=options)
    answer = service.call("GET", f"/job/{job_id}/execution_config/")
    assert (answer.status_code, answer.json()) == (200, {"job_id": job_id, "device_config": options})


def counts(service: Any, options: Any) -> dict[str, int]:
    job_id = service.run({"a": service.bell}, job=QPU | {"device_config": options}, shots=1000)
    found: dict[str, dict[str, int]] = service.counts(job_id)
    return found["a"]


def test_a_qpu_without_noise_makes_no_errors(service: Any) -> None:
    assert set(counts(service, {"NOISE_SCALING_FACTOR": 0})) == {"00", "11"}


def test_a_seed_makes_counts_repeatable(service: Any) -> None:
    assert counts(service, {"SEED": 7}) == counts(service, {"SEED": 7})


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "device_config"),
        ({"COLOUR": 1}, "COLOUR"),
        ({"seed": 1}, "seed"),
        ({"SEED": -1}, "SEED"),
        ({"SEED": 2**64}, "SEED"),
        ({"SEED": True}, "SEED"),
        ({"SEED": 1.0}, "SEED"),
        ({"SEED": None}, "SEED"),
        ({"NOISE_SCALING_FACTOR": 1.5}, "NOISE_SCALING_FACTOR"),
        ({"NOISE_SCALING_FACTOR": "1"}, "NOISE_SCALING_FACTOR"),
        ({"NOISE_SCALING_FACTOR": False}, "NOISE_SCALING_FACTOR"),
    ],
)
def test_an_invalid_option_is_refused_and_named(service: Any, options: Any, named: str) -> None:
    answer = service.init(**QPU, device_config=options)
    assert answer.status_code == 400
    assert service.says(answer, named)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"device_config": {"SEED": 1}}, "device_config"),
        (QPU | {"device_config": {}, "maestro_config": {}}, "device_config"),
        (QPU | {"device_config": {}, "execution_configuration": {}}, "device_config"),
        (QPU | {"execution_configuration": {"noisy_device": "local_loud"}}, "noisy_device"),
    ],
)
def test_options_that_do_not_fit_the_target_are_refused(
    service: Any, fields: dict[str, Any], named: str
) -> None:
    answer = service.init(**fields)
    assert answer.status_code == 400
    assert service.says(answer, named)


def test_a_noisy_device_cannot_be_set_for_a_qpu(service: Any) -> None:
    job_id = service.open(**QPU)
    answer = service.call("POST", f"/job/{job_id}/execution_config/", {"noisy_device": "local_loud"})
    assert answer.status_code == 400
    assert service.says(answer, "noisy_device")


def test_the_blueprint_lists_the_options_of_the_qpu(service: Any) -> None:
    answer = service.call("GET", "/vendor-config-blueprint/")
    assert answer.status_code == 200
    blueprint = answer.json()["local"]
    assert {item["name"] for item in blueprint["device"]} == {"NOISE_SCALING_FACTOR", "SEED"}
    for item in blueprint["device"] + blueprint["credentials"]:
        assert set(item) == {"name", "kind", "required", "secret", "choices", "default"}


# --- noise on the simulator -----------------------------------------------------------------------------


def test_noise_settings_are_read_back_and_take_effect(service: Any) -> None:
    noise = {"noisy_device": "local_loud", "noise_realizations": 500, "noise_scaling_factor": 1.0}
    job = {"execution_configuration": noise}
    job_id = service.run({"a": service.bell}, job=job, shots=2000)
    assert service.call("GET", f"/job/{job_id}/execution_config/").json()["execution_configuration"] == noise
    found = service.counts(job_id)["a"]
    assert found.get("01", 0) + found.get("10", 0) > 50


def test_noise_lowers_expectation_values(service: Any) -> None:
    entangled = service.header + "qreg q[2]; h q[0]; cx q[0],q[1];"
    job = {"job_type": "EXPECTATION", "execution_configuration": {"noisy_device": "local_loud"}}
    job_id = service.run({"bell": entangled}, job=job, observables="@gzs2:" + service.blob("X0X1"))
    # Two of the three Pauli errors after H change the sign of XX, and eight of the fifteen after CX. An error
    # of rate p therefore multiplies the value by 1 - 4/3 p after H and by 1 - 16/15 p after CX.
    expected = (1 - 4 / 3 * 1e-3) * (1 - 16 / 15 * 2e-2)
    assert service.results(job_id)["bell"]["XX"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"noisy_device": "fez"}, "local_qpu"),
        ({"noise_realizations": 3}, "noise_realizations"),
        ({"noise_scaling_factor": 0.5}, "noise_scaling_factor"),
        ({"noisy_device": "local_qpu", "noise_scaling_factor": 2}, "noise_scaling_factor"),
        ({"noisy_device": "local_qpu", "bond_dimension": 4}, "bond_dimension"),
    ],
)
def test_invalid_noise_settings_are_refused_and_named(service: Any, fields: Any, named: str) -> None:
    answer = service.init(execution_configuration=fields)
    assert answer.status_code == 400
    assert service.says(answer, named)
