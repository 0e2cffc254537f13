"""``maestro_config``: the engine's options, which clients since release 0.15 send when they open a job."""

from __future__ import annotations

from typing import Any

import pytest

OPTIONS = {
    "simulator_type": 1,
    "simulation_type": 1,
    "max_bond_dimension": 16,
    "singular_value_threshold": 1e-8,
    "seed": 2**64 - 1,
}
LAYERS = "".join(f"h q[{qubit}];\n" for qubit in range(8))
WIDE = f"qreg q[8];\ncreg c[8];\n{LAYERS}measure q -> c;\n"


DAMPING = [[[{"__complex__": [1.0, -0.0]}, 0], [0, 0.8]], [[0, {"__complex__": [0.0, 0.6]}], [0, 0]]]
NOISE: dict[str, Any] = {
    "noise_model": [
        {"method": "set_all_depolarizing", "args": [5, 1e-300], "kwargs": {}},
        {"method": "set_kraus_channel", "args": [[1], DAMPING], "kwargs": {}},
        {"method": "set_t1", "args": [2], "kwargs": {"gamma": 0.25}},
        {"method": "set_t1", "kwargs": {"qubit": 2, "gamma": 0.5}},
    ],
    "noise_seed": -(2**63),
    "noise_realizations": 1,
}


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS,
        {"seed": 0},
        {"max_bond_dimension": 1},
        {},
        NOISE,
        OPTIONS | NOISE,
        {"noise_model": []},
        {"noise_seed": 2**64},
        {"noise_model": NOISE["noise_model"], "noise_realizations": 64},
    ],
)
def test_options_are_read_back_as_they_were_sent(service: Any, options: Any) -> None:
    job_id = service.open(maestro_config=options)
    answer = service.call("GET", f"/job/{job_id}/execution_config/")
    assert (answer.status_code, answer.json()) == (200, {"job_id": job_id, "maestro_config": options})


@pytest.mark.parametrize("method", [{}, {"simulation_type": 0}, {"simulation_type": 8}])
def test_a_job_runs_with_the_noise_of_its_model(service: Any, method: Any) -> None:
    # Each gate on qubit 1 is undone.
    model = [{"method": "set_bit_flip", "args": [1, 1.0], "kwargs": {}}]
    options = {"maestro_config": {"noise_model": model, "noise_seed": 1, **method}}
    gates = "qreg q[2]; creg c[2]; x q[0]; x q[1];"
    job_id = service.run({"noisy": service.header + gates + "measure q -> c;"}, job=options)
    assert list(service.counts(job_id)["noisy"]) == ["01"]
    job_id = service.run(
        {"noisy": service.header + gates},
        job=options | {"job_type": "EXPECTATION"},
        observables=f"@gzs2:{service.blob('Z0;Z1')}",
    )
    assert service.results(job_id)["noisy"] == pytest.approx({"ZI": -1, "IZ": 1})


def test_options_of_the_noise_without_a_model_have_no_effect(service: Any) -> None:
    job = {"maestro_config": {"noise_model": [], "noise_seed": 3, "noise_realizations": 5}}
    job_id = service.run(
        {"flipped": service.header + "qreg q[1]; creg c[1]; x q[0]; measure q -> c;"}, job=job
    )
    assert list(service.counts(job_id)["flipped"]) == ["1"]


def test_a_configuration_that_is_set_later_replaces_the_options(service: Any) -> None:
    job_id = service.open(maestro_config=OPTIONS)
    assert service.call("POST", f"/job/{job_id}/execution_config/", {"bond_dimension": 4}).status_code == 200
    answer = service.call("GET", f"/job/{job_id}/execution_config/")
    assert answer.json() == {"job_id": job_id, "execution_configuration": {"bond_dimension": 4}}


def test_the_simulation_method_takes_effect(service: Any) -> None:
    program = service.header + "qreg q[1]; creg c[1]; h q[0]; t q[0]; h q[0]; measure q -> c;"
    job_id = service.run({"not Clifford": program}, job={"maestro_config": {"simulation_type": 2}})
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "not Clifford", "Stabilizer")


def test_the_bond_dimension_takes_effect(service: Any) -> None:
    entangled = service.header + "qreg q[2]; h q[0]; cx q[0],q[1];"
    for bond_dimension, exact in ((1, False), (2, True)):
        options = {"simulation_type": 1, "max_bond_dimension": bond_dimension}
        job = {"job_type": "EXPECTATION", "maestro_config": options}
        job_id = service.run({"bell": entangled}, job=job, observables="@gzs2:" + service.blob("X0X1"))
        value = service.results(job_id)["bell"]["XX"]
        assert (value == pytest.approx(1)) is exact


def test_a_seed_makes_counts_repeatable(service: Any) -> None:
    def counts(seed: int) -> dict[str, dict[str, int]]:
        circuits = dict.fromkeys(("a", "b"), service.header + WIDE)
        found: dict[str, dict[str, int]] = service.counts(
            service.run(circuits, job={"maestro_config": {"seed": seed}})
        )
        return found

    first = counts(2**64 - 1)
    assert counts(2**64 - 1) == first
    assert first["a"] != first["b"]
    assert counts(5)["a"] != first["a"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([], "maestro_config"),
        ("seed", "maestro_config"),
        ({"gate_fusion": 1}, "gate_fusion"),
        ({"warp": 9}, "warp"),
        ({"bond_dimension": 4}, "bond_dimension"),
        ({"noise_model": {}}, "noise_model"),
        ({"noise_model": "set_x"}, "noise_model"),
        ({"noise_model": [{}]}, "noise_model[0]"),
        ({"noise_model": [{"method": "set_x"}, ["set_x"]]}, "noise_model[1]"),
        ({"noise_model": [{"method": 1}]}, "noise_model[0]"),
        ({"noise_model": [{"method": "set_x", "args": {}}]}, "noise_model[0]"),
        ({"noise_model": [{"method": "set_x", "kwargs": []}]}, "noise_model[0]"),
        ({"noise_seed": 1.5}, "noise_seed"),
        ({"noise_seed": True}, "noise_seed"),
        ({"noise_realizations": 0}, "noise_realizations"),
        ({"noise_realizations": "4"}, "noise_realizations"),
        ({"simulator_type": "QCSim"}, "simulator_type"),
        ({"simulator_type": 4}, "simulator_type"),
        ({"simulation_type": 9}, "simulation_type"),
        ({"simulation_type": True}, "simulation_type"),
        ({"simulator_type": 2, "simulation_type": 1}, "simulator_type"),
        ({"max_bond_dimension": 0}, "max_bond_dimension"),
        ({"max_bond_dimension": 4, "simulation_type": 0}, "max_bond_dimension"),
        ({"singular_value_threshold": 1}, "singular_value_threshold"),
        ({"singular_value_threshold": 0.1, "simulation_type": 2}, "singular_value_threshold"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": 1, "simulator_type": 3}, "seed"),
    ],
)
def test_an_invalid_option_is_refused_and_named(service: Any, options: Any, named: str) -> None:
    answer = service.init(maestro_config=options)
    assert answer.status_code == 400
    assert service.says(answer, named)


@pytest.mark.parametrize(
    "fields",
    [
        {"execution_configuration": {}},
        {"simulator_cluster": None, "qpu_system_name": "local_qpu"},
    ],
)
def test_options_cannot_be_combined_with_a_configuration_or_a_qpu(
    service: Any, fields: dict[str, Any]
) -> None:
    answer = service.init(maestro_config={"seed": 1}, **fields)
    assert answer.status_code == 400
    assert service.says(answer, "maestro_config")


def test_an_unknown_option_of_a_qpu_is_refused_and_named(service: Any) -> None:
    answer = service.init(
        simulator_cluster=None, qpu_system_name="local_qpu", device_config={"TRANSPILE_LEVEL": 3}
    )
    assert answer.status_code == 400
    assert service.says(answer, "device_config")
