"""Run ``qoro-divi``, a third-party client of the same API, against the local service.

``python peers/qoro_divi.py QISKIT_QORO`` needs an interpreter with the client. Nothing of this project is
imported. QISKIT_QORO is the command of another environment; it is started with ``serve`` and stopped at the
end. The client reads its base URL from a constant of its module. The checks change this constant and nothing
else, and make only the client's own calls. Releases 0.12 and 0.15 configure a job with different classes, so
the checks test which classes the client has.

Each check is a function. Its name says what must be true. The exit code is 1 if a check fails.
"""

from __future__ import annotations

import gzip
import inspect
import math
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

import divi.backends
import divi.circuits
import requests
from checking import run_checks
from divi.backends import JobConfig, JobStatus, JobType, QoroService
from qiskit.circuit import Parameter

TOKEN = "the-token-of-a-peer"
READY_S = 60.0
SHOTS = 1000

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
BELL = f"{HEADER}qreg q[2];\nh q[0];\ncx q[0],q[1];\n"
SAMPLED_BELL = BELL.replace("qreg q[2];", "qreg q[2];\ncreg c[2];") + "measure q -> c;\n"
FIRST_FLIPPED = f"{HEADER}qreg q[3];\nx q[0];\n"
# If gates follow a measurement, the engine runs every shot separately. Ten million shots take many seconds.
SLOW = f"{HEADER}qreg q[1];\ncreg c[1];\n" + 2 * "h q[0];\nmeasure q -> c;\n"
SLOW_SHOTS = 10_000_000

# The text of a template, the names of its parameters, and their values for each label.
Template = tuple[str, tuple[str, ...], dict[str, tuple[float, ...]]]


# --- the server ---------------------------------------------------------------------------------------


@contextmanager
def serving(command: str, *options: str) -> Iterator[str]:
    """Run the service and yield its base URL as soon as the service is ready."""
    arguments = [command, "serve", "--token", TOKEN, *options]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    timeout = threading.Timer(READY_S, process.kill)
    timeout.start()
    try:
        assert process.stdout is not None
        settings = dict(process.stdout.readline().rstrip("\n").partition("=")[::2] for _ in range(2))
        timeout.cancel()
        assert settings.get("QORO_API_KEY") == TOKEN, f"the server is not ready, it printed {settings}"
        yield settings["QORO_API_URL"]
        process.terminate()
        code = process.wait(READY_S)
        assert code == 0, f"the server stopped with exit code {code}"
    finally:
        timeout.cancel()
        process.kill()
        process.wait()


# --- the client's own calls ---------------------------------------------------------------------------


def connect(token: str = TOKEN, **settings: Any) -> QoroService:
    settings.setdefault("job_config", JobConfig(shots=SHOTS, simulator_cluster="qoro_maestro"))
    return QoroService(token, polling_interval=0.05, **settings)


def run(service: QoroService, circuits: dict[str, str], **arguments: Any) -> dict[str, Any]:
    """Submit circuits, wait for the job, and return its results by label, in the order of the answer."""
    job = service.submit_circuits(circuits, **arguments)
    assert job.results is None
    status = service.poll_job_status(job, loop_until_complete=True, verbose=False)
    assert status == JobStatus.COMPLETED, status
    results = service.get_job_results(job).results
    labels = [item["label"] for item in results]
    assert labels == list(circuits), labels
    return {item["label"]: item["results"] for item in results}


def run_templates(service: QoroService, templates: list[Template], **arguments: Any) -> dict[str, Any]:
    """Do the same for templates. Release 0.15 submits them as circuits with parameters."""
    if hasattr(service, "submit_circuit_templates"):
        entry = divi.circuits.TemplateEntry
        job = service.submit_circuit_templates(
            [
                entry(template_qasm=text, parameter_names=names, parameter_sets=tuple(sets.items()))
                for text, names, sets in templates
            ],
            **arguments,
        )
    else:
        job = service.submit_circuits(
            [
                divi.circuits.CircuitPayload(text, tuple(map(Parameter, names)), tuple(sets.items()))
                for text, names, sets in templates
            ],
            **arguments,
        )
    assert service.poll_job_status(job, loop_until_complete=True, verbose=False) == JobStatus.COMPLETED
    return {item["label"]: item["results"] for item in service.get_job_results(job).results}


def basis_state(value: int, width: int, between: str = "") -> str:
    """A circuit whose outcome is ``value``. Classical bit 0 is the lowest bit."""
    flips = "".join(f"x q[{bit}];\n" for bit in range(width) if value >> bit & 1)
    return f"{HEADER}qreg q[{width}];\ncreg c[{width}];\n{between}{flips}measure q -> c;\n"


def is_close(values: dict[str, float], expected: dict[str, float]) -> bool:
    return values.keys() == expected.keys() and all(
        math.isclose(values[pauli_string], value, abs_tol=1e-9) for pauli_string, value in expected.items()
    )


def refusal(call: Callable[[], object]) -> str:
    """The client's error for a refused call: the status code, its phrase, and the service's message."""
    try:
        answer = call()
    except requests.HTTPError as error:
        return str(error)
    raise AssertionError(f"expected a refusal, got {answer!r}")


# --- the checks ---------------------------------------------------------------------------------------


def the_connection_can_be_tested() -> None:
    assert connect().test_connection().status_code == 200


def a_wrong_token_is_refused() -> None:
    assert refusal(lambda: connect("wrong").test_connection()).startswith("401 ")


def the_targets_are_listed() -> None:
    service = connect()
    systems = {system.name: system for system in service.fetch_qpu_systems()}
    assert {qpu.q_bits for qpu in systems["local_qpu"].qpus} == {5, 7}
    assert not systems["local_qpu"].supports_expval
    assert "qoro_maestro" in {cluster.name for cluster in service.fetch_simulator_clusters()}
    assert service.supports_expval


def a_bell_state_can_be_sampled() -> None:
    counts = run(connect(), {"bell": SAMPLED_BELL})["bell"]
    assert counts.keys() == {"00", "11"}, counts
    assert sum(counts.values()) == SHOTS
    assert abs(counts["00"] - SHOTS / 2) < 100, counts  # 6 standard deviations


def the_rightmost_character_is_classical_bit_0() -> None:
    partly = f"{HEADER}qreg q[3];\ncreg a[1];\ncreg b[3];\nx q[2];\nmeasure q[2] -> b[1];\n"
    results = run(connect(), {"flipped": basis_state(1, 3), "partly measured": partly})
    assert results == {"flipped": {"001": SHOTS}, "partly measured": {"0100": SHOTS}}, results


def each_circuit_has_its_own_shots() -> None:
    circuits = {f"circuit {value}": basis_state(value, 8) for value in range(250)}
    groups = [[0, 1, 7], [1, 200, 20], [200, 250, 3]]
    results = run(connect(), circuits, shot_groups=groups)
    shots = [shots for start, end, shots in groups for _ in range(start, end)]
    expected = {label: {f"{place:08b}": shots[place]} for place, label in enumerate(circuits)}
    assert results == expected


def circuits_of_several_uploads_stay_in_order() -> None:
    rng = random.Random(20)

    def noise() -> str:
        return "".join(f"rz({rng.random()}) q[{rng.randrange(6)}];\n" for _ in range(4000))

    circuits = {str(value): basis_state(value, 6, noise()) for value in range(40)}
    size = sum(len(gzip.compress(text.encode())) * 4 / 3 for text in circuits.values())
    assert size > 2 * 2**20, f"{size:.0f} bytes fit into two uploads"
    results = run(connect(), circuits, shot_groups=[[0, 20, 2], [20, 40, 3]])
    assert results == {str(value): {f"{value:06b}": 2 if value < 20 else 3} for value in range(40)}


def expectation_values_are_computed() -> None:
    values = run(connect(), {"bell": BELL}, ham_ops="ZZ;XX;YY;ZI;II")["bell"]
    assert is_close(values, {"ZZ": 1, "XX": 1, "YY": -1, "ZI": 0, "II": 1}), values


def the_leftmost_letter_acts_on_qubit_0() -> None:
    values = run(connect(), {"flipped": FIRST_FLIPPED}, ham_ops="ZII;IZI;IIZ", job_type=JobType.EXPECTATION)
    assert is_close(values["flipped"], {"ZII": -1, "IZI": 1, "IIZ": 1}), values


def groups_of_pauli_strings_are_measured_on_their_circuits() -> None:
    plain = f"{HEADER}qreg q[2];\nx q[1];\n"
    circuits = {"a": BELL, "b": plain, "c": plain, "d": BELL}
    results = run(connect(), circuits, ham_ops="ZZ;IZ|XX", circuit_ham_map=[[0, 2], [1, 4]])
    expected = {
        "a": {"ZZ": 1, "IZ": 0},
        "b": {"ZZ": -1, "IZ": -1, "XX": 0},
        "c": {"XX": 0},
        "d": {"XX": 1},
    }
    assert all(is_close(results[label], values) for label, values in expected.items()), results


def values_replace_parameters() -> None:
    text = f"{HEADER}qreg q[2];\nry(t_1) q[0];\ncx q[0],q[1];\nrx(-2*t_10) q[1];\n"
    first = {"a": (0.3, -0.7), "b": (1e-07, 3.0)}
    other = {"c": (1.25,)}
    templates = [(text, ("t_1", "t_10"), first), (f"{HEADER}qreg q[2];\nrx(x) q[0];\n", ("x",), other)]
    results = run_templates(connect(), templates, ham_ops="ZI;ZZ")
    assert list(results) == ["a", "b", "c"], results
    for label, (one, two) in first.items():
        assert is_close(results[label], {"ZI": math.cos(one), "ZZ": math.cos(2 * two)}), results
    assert is_close(results["c"], {"ZI": math.cos(1.25), "ZZ": math.cos(1.25)}), results


def many_rows_of_a_template_stay_in_order() -> None:
    text = f"{HEADER}qreg q[12];\ncreg c[12];\n"
    names = tuple(f"theta_{bit}" for bit in range(12))
    text += "".join(f"rx({name}) q[{bit}];\n" for bit, name in enumerate(names)) + "measure q -> c;\n"
    # Angles close to pi, with all the digits of a float.
    angles = (math.pi, math.pi - 1e-13, math.pi + 1e-13)
    rows = {
        str(value): tuple(angles[value % 3] if value >> bit & 1 else 0.0 for bit in range(12))
        for value in range(0, 4096, 2)
    } | {f"{value} again": (0.0,) * 12 for value in range(8000)}
    results = run_templates(
        connect(job_config=JobConfig(shots=3, simulator_cluster="qoro_maestro")), [(text, names, rows)]
    )
    assert list(results) == list(rows)
    for value in range(0, 4096, 2):
        assert results[str(value)] == {f"{value:012b}": 3}, (value, results[str(value)])


def a_qpu_is_sampled_with_noise() -> None:
    service = connect(job_config=JobConfig(shots=4000, qpu_system="local_qpu"))
    counts = run(service, {"bell": SAMPLED_BELL})["bell"]
    assert sum(counts.values()) == 4000
    assert 3000 < counts["00"] + counts["11"] < 4000, counts


def progress_is_reported() -> None:
    seen: list[tuple[int, str]] = []
    service = connect()
    job = service.submit_circuits({"slow": SLOW}, shot_groups=[[0, 1, SLOW_SHOTS // 50]])
    service.poll_job_status(
        job,
        loop_until_complete=True,
        verbose=False,
        progress_callback=lambda *progress: seen.append(progress),
    )
    assert [retry for retry, _ in seen] == list(range(1, len(seen) + 1)), seen
    assert seen[-1][1] == "RUNNING", seen


def a_job_can_fail() -> None:
    service = connect()
    chance = f"{HEADER}qreg q[1];\nh q[0];\nreset q[0];\n"
    job = service.submit_circuits({"chance": chance}, ham_ops="Z")
    assert final_status(service, job) == "FAILED"
    assert refusal(lambda: service.get_job_results(job)).startswith("400 ")
    assert refusal(lambda: service.cancel_job(job)).startswith("409 ")


def jobs_can_be_cancelled_and_deleted() -> None:
    service = connect()
    running, waiting = (
        service.submit_circuits({"a": SLOW, "b": SLOW}, shot_groups=[[0, 2, SLOW_SHOTS]]) for _ in "ab"
    )
    await_status(service, running, JobStatus.RUNNING)
    assert service.poll_job_status(waiting) == JobStatus.PENDING
    assert refusal(lambda: service.get_job_results(running)).startswith("400 ")
    for job in (waiting, running):
        answer = service.cancel_job(job).json()
        assert answer == {"status": "cancelled", "job_id": job.job_id, "circuits_cancelled": 2}, answer
        assert service.poll_job_status(job) == JobStatus.CANCELLED
        assert final_status(service, job) == "CANCELLED"
        assert refusal(lambda job=job: service.get_job_results(job)).startswith("400 ")
        assert refusal(lambda job=job: service.cancel_job(job)).startswith("409 ")
        assert service.delete_job(job).status_code == 204
        assert refusal(lambda job=job: service.poll_job_status(job)).startswith("404 ")
    started = time.monotonic()
    run(service, {"bell": SAMPLED_BELL})
    assert time.monotonic() - started < 10, "the cancelled job was not stopped"


def credits_are_reported_and_charged() -> None:
    service = connect()
    before = float(service.get_credit_balance()["balance"])
    run(service, {"bell": SAMPLED_BELL})
    after = service.get_credit_balance()
    spent = before - float(after["balance"])
    assert 0 < spent < 1, spent
    page = service.get_credit_transactions(page=1, page_size=1)
    assert len(page["results"]) == 1 < page["count"], page
    (charge,) = page["results"]
    assert math.isclose(float(charge["amount"]), -spent, abs_tol=1e-9), charge
    assert charge["balance_after"] == after["balance"], charge


def a_characterization_of_a_qubo_can_be_read_again() -> None:
    """Release 0.12 calls the states ``target_states``, release 0.15 calls them ``reference_states``."""
    service = connect()
    parameters = inspect.signature(service.characterize_and_validate).parameters
    states = "target_states" if "target_states" in parameters else "reference_states"
    # Maximum cut of a triangle: the cost is -2 for each of the six cuts, and 0 without a cut.
    qubo = {"0": -2.0, "1": -2.0, "2": -2.0, "0,1": 2.0, "0,2": 2.0, "1,2": 2.0}
    found = service.characterize_and_validate(qubo, options={"preset": "deep"}, **{states: ["100"]})
    assert found["status"] == "COMPLETED", found
    assert found["hardness"]["cost_min"] == -2, found["hardness"]
    assert found["hardness"]["ground_state_degeneracy"] == 6, found["hardness"]
    assert found["report"]["num_qubits"] == 3, found["report"]
    assert service.characterize_and_validate(job_id=found["job_id"]) == found


def an_execution_config_can_be_set_and_read() -> None:
    """Applies to release 0.12."""
    config = divi.backends.ExecutionConfig(
        bond_dimension=16,
        truncation_threshold=1e-9,
        simulator=divi.backends.Simulator.QCSim,
        simulation_method=divi.backends.SimulationMethod.MatrixProductState,
        api_meta={"optimization_level": 2},
    )
    service = connect(execution_config=config)
    assert run(service, {"flipped": basis_state(1, 40)}) == {"flipped": {"1".zfill(40): SHOTS}}
    blocking, waiting = (service.submit_circuits({"a": SLOW}, shot_groups=[[0, 1, SLOW_SHOTS]]) for _ in "ab")
    assert service.get_execution_config(blocking) == config
    smaller = divi.backends.ExecutionConfig(bond_dimension=4)
    assert service.set_execution_config(waiting, smaller)["status"] == "ok"
    assert service.get_execution_config(waiting) == smaller
    await_status(service, blocking, JobStatus.RUNNING)
    assert refusal(lambda: service.set_execution_config(blocking, smaller)).startswith("409 ")
    for job in (waiting, blocking):
        service.cancel_job(job)
    without = connect()
    job = without.submit_circuits({"bell": SAMPLED_BELL})
    assert refusal(lambda: without.get_execution_config(job)).startswith("404 ")


def the_options_of_the_engine_are_honoured_and_can_be_read() -> None:
    """Applies to release 0.15."""
    config = divi.backends.MaestroConfig(
        simulation_type="MatrixProductState",
        max_bond_dimension=16,
        singular_value_threshold=1e-9,
        simulator_type="QCSim",
        seed=7,
    )
    service = connect(maestro_config=config)
    assert run(service, {"flipped": basis_state(1, 40)}) == {"flipped": {"1".zfill(40): SHOTS}}
    job = service.submit_circuits({"bell": SAMPLED_BELL})
    assert service.get_maestro_config(job) == config
    assert service.get_device_config(job) is None
    coins = {"coins": f"{HEADER}qreg q[6];\ncreg c[6];\nh q;\nmeasure q -> c;\n"}
    assert run(service, coins) == run(service, coins)
    assert run(connect(), coins) != run(connect(), coins)


# Each option with a value that is not the engine's default, among options of one method.
OPTIONS: tuple[dict[str, Any], ...] = (
    {
        "simulator_type": "QCSim",
        "simulation_type": "MatrixProductState",
        "max_bond_dimension": 16,
        "singular_value_threshold": 1e-9,
        "truncation_mode": "relative_max",
        "seed": 2**64 - 1,
        "disable_optimized_swapping": True,
        "lookahead_depth": 3,
        "mps_sampling": "apply_measure",
        "gate_fusion": False,
        "enable_causal_cone_reduction": False,
        "enable_observable_clustering": False,
        "max_cluster_qubits": 4,
        "min_cluster_qubits": 2,
        "enable_sampling_reduction": True,
        "allow_reset_marginalization": True,
        "auto_reduce": False,
        "max_simulators": 2,
        "mps_routing_virtual_bonds": True,
        "mps_routing_truncation_weight": 0.5,
    },
    {
        "simulation_type": "MatrixProductOperator",
        "mpo_kraus_completeness_check": "strict",
        "mpo_restore_trace_after_truncation": True,
        "mpo_hermitize_after_truncation": True,
        "observable_error_tolerance": 0.25,
    },
    {
        "simulation_type": "PauliPropagator",
        "pp_coefficient_threshold": 1e-9,
        "pp_max_pauli_weight": 4,
        "pp_gates_between_trims": 5,
        "pp_gates_between_deduplications": 7,
    },
    {"simulation_type": "PathIntegral", "path_integral_threshold": 1e-9},
    {"simulation_type": "DensityMatrix", "trajectory_policy": "block_v1", "trajectory_max_memory_mb": 64},
    {"precision": "double"},
)
# What needs hardware that the local service does not have.
REFUSED: tuple[dict[str, Any], ...] = (
    {"precision": "single"},
    {"gpu_device": 0},
    {"distributed_options": {"distributed_global_qubits": "1"}},
    {"mps_svd_solver": "gesvd"},
    {"mpo_svd_solver": "gesvdj"},
    {"tensor_network_svd_solver": "gesvdp"},
    {"simulator_type": "Gpu"},
    {"simulator_type": "QuestSim"},
    {"simulator_type": "DistributedGpu"},
    {"simulator_type": "DistributedMpiGpu"},
)


def fetched(service: QoroService, job: Any) -> dict[str, Any]:
    """Wait for a job and fetch its results."""
    assert service.poll_job_status(job, loop_until_complete=True, verbose=False) == JobStatus.COMPLETED
    return {item["label"]: item["results"] for item in service.get_job_results(job).results}


def every_option_of_the_engine_makes_the_round_trip() -> None:
    """Applies to release 0.15, whose options are those of the engine that it requires."""
    import maestro  # noqa: PLC0415  only clients with these options depend on it

    known = set(maestro.SimulatorConfig._fields)
    missing = known - {name for options in (*OPTIONS, *REFUSED) for name in options}
    assert not missing, f"options of the client that are not checked: {sorted(missing)}"
    service = connect()
    for options in OPTIONS:
        config = divi.backends.MaestroConfig(**{name: options[name] for name in options.keys() & known})
        counted = service.submit_circuits({"bell": SAMPLED_BELL}, maestro_config=config)
        assert service.get_maestro_config(counted) == config
        counts = fetched(service, counted)["bell"]
        assert set(counts) == {"00", "11"}, counts
        assert sum(counts.values()) == SHOTS
        valued = service.submit_circuits({"bell": BELL}, ham_ops="ZZ;XX;ZI", maestro_config=config)
        assert service.get_maestro_config(valued) == config
        values = fetched(service, valued)["bell"]
        for pauli_string, expected in (("ZZ", 1), ("XX", 1), ("ZI", 0)):
            assert math.isclose(values[pauli_string], expected, abs_tol=1e-6), (options, values)


def a_noise_model_makes_the_round_trip_and_is_simulated() -> None:
    """Applies to release 0.15."""
    import maestro  # noqa: PLC0415  only clients with noise models depend on it

    model = maestro.NoiseModel()
    model.set_2q_depolarizing(0, 1, 0.15)
    model.set_readout_error(1, p_meas1_prep0=1.0, p_meas0_prep1=1.0)
    model.set_kraus_channel([0, 1], [[[(row == column) * 1j for column in range(4)] for row in range(4)]])
    model.set_correlated_ou(3, 5.0, 0.5, 1e-7, after_2q=False)
    config = divi.backends.MaestroConfig(
        simulation_type="DensityMatrix", noise_model=model, noise_seed=3, noise_realizations=1
    )
    service = connect()
    sampled = service.submit_circuits({"bell": SAMPLED_BELL}, maestro_config=config)
    received = service.get_maestro_config(sampled)
    # The engine's models do not compare their content. What they are pickled from says it.
    assert received.noise_model.__reduce__() == model.__reduce__(), received
    assert (received.noise_seed, received.noise_realizations) == (3, 1)
    counts = fetched(service, sampled)["bell"]
    # The readout error flips one qubit of the Bell state.
    assert counts.get("01", 0) + counts.get("10", 0) > counts.get("00", 0) + counts.get("11", 0), counts
    valued = service.submit_circuits({"bell": BELL}, ham_ops="ZZ;XX;ZI", maestro_config=config)
    # Depolarizing noise with a probability p shrinks each Pauli string by 1 - 16/15 p.
    assert is_close(fetched(service, valued)["bell"], {"ZZ": 0.84, "XX": 0.84, "ZI": 0.0})


def options_that_cannot_be_honoured_are_refused_by_name() -> None:
    """Applies to release 0.15."""
    service = connect()
    for options in REFUSED:
        config = divi.backends.MaestroConfig(**options)
        message = refusal(
            lambda config=config: service.submit_circuits({"bell": SAMPLED_BELL}, maestro_config=config)
        )
        (name,) = options
        assert message.startswith("400 "), message
        assert name in message, message


def results_with_noise_are_those_of_the_clients_own_simulator() -> None:
    """Applies to release 0.15."""
    import maestro  # noqa: PLC0415  only clients with these options depend on it

    model = maestro.NoiseModel()
    model.set_all_1q_gate_depolarizing(3, 0.02)
    model.set_2q_depolarizing(0, 1, 0.05)
    model.set_qubit_noise(1, px=0.01, py=0.0, pz=0.02)
    model.set_thermal_relaxation(2, 1e-7, 1e-5, 1.5e-5, excited_population=0.1)
    # An operator with complex elements, which makes 1 decay to 0.
    model.set_kraus_channel([0], [[[1, 0], [0, 0.8]], [[0, 0.6j], [0, 0]]])
    model.set_all_readout_error(3, 0.03)
    circuit = f"{HEADER}qreg q[3];\nh q[0];\nid q[0];\ncx q[0],q[1];\nry(0.7) q[1];\ncx q[1],q[2];\n"
    sampled = circuit.replace("qreg q[3];", "qreg q[3];\ncreg c[3];") + "measure q -> c;\n"
    strings = "ZZI;XXX;IIZ;YIX"
    service = connect()
    for method in ("DensityMatrix", "MatrixProductOperator"):
        config = divi.backends.MaestroConfig(noise_model=model, noise_seed=3, seed=5, simulation_type=method)
        job = service.submit_circuits({"noisy": circuit}, ham_ops=strings, maestro_config=config)
        own = divi.backends.MaestroSimulator(maestro_config=config)
        expected = own.submit_circuits({"noisy": circuit}, ham_ops=strings).results[0]["results"]
        values = fetched(service, job)["noisy"]
        assert is_close(values, expected), (values, expected)
        job = service.submit_circuits({"noisy": sampled}, shot_groups=[[0, 1, 20_000]], maestro_config=config)
        counts = fetched(service, job)["noisy"]
        assert sum(counts.values()) == 20_000
        # A readout error of 0.03 multiplies the value of two qubits by 0.94 twice.
        parity = sum(count if bits[1:] in ("00", "11") else -count for bits, count in counts.items()) / 20_000
        assert abs(parity - 0.94**2 * values["ZZI"]) < 0.04, (parity, values)
    # Without a method that applies channels exactly, errors are random.
    simple = maestro.NoiseModel()
    simple.set_all_depolarizing(3, 0.02)
    random, exact = (
        fetched(
            service,
            service.submit_circuits(
                {"noisy": circuit},
                ham_ops=strings,
                maestro_config=divi.backends.MaestroConfig(noise_model=simple, simulation_type=method),
            ),
        )["noisy"]
        for method in ("Statevector", "DensityMatrix")
    )
    assert all(abs(random[string] - exact[string]) < 0.3 for string in exact), (random, exact)


def final_status(service: QoroService, job: Any) -> str:
    """The final status of a job. Release 0.15 raises an error for every final status except COMPLETED."""
    try:
        return service.poll_job_status(job, loop_until_complete=True, verbose=False).name
    except getattr(divi.backends, "QoroJobError", ()):
        return service.poll_job_status(job).name


def await_status(service: QoroService, job: Any, status: JobStatus) -> None:
    deadline = time.monotonic() + READY_S
    while service.poll_job_status(job) != status:
        assert time.monotonic() < deadline, f"the job is not {status} after {READY_S:g} s"
        time.sleep(0.02)


# --- the program ---------------------------------------------------------------------------------------


def checks() -> list[Callable[[], None]]:
    common = [
        the_connection_can_be_tested,
        a_wrong_token_is_refused,
        the_targets_are_listed,
        a_bell_state_can_be_sampled,
        the_rightmost_character_is_classical_bit_0,
        each_circuit_has_its_own_shots,
        circuits_of_several_uploads_stay_in_order,
        expectation_values_are_computed,
        the_leftmost_letter_acts_on_qubit_0,
        groups_of_pauli_strings_are_measured_on_their_circuits,
        values_replace_parameters,
        many_rows_of_a_template_stay_in_order,
        a_qpu_is_sampled_with_noise,
        progress_is_reported,
        a_job_can_fail,
        jobs_can_be_cancelled_and_deleted,
        credits_are_reported_and_charged,
        a_characterization_of_a_qubo_can_be_read_again,
    ]
    if hasattr(QoroService, "get_maestro_config"):
        return [
            *common,
            the_options_of_the_engine_are_honoured_and_can_be_read,
            every_option_of_the_engine_makes_the_round_trip,
            a_noise_model_makes_the_round_trip_and_is_simulated,
            options_that_cannot_be_honoured_are_refused_by_name,
            results_with_noise_are_those_of_the_clients_own_simulator,
        ]
    return [*common, an_execution_config_can_be_set_and_read]


def main(command: str) -> int:
    print(f"qoro-divi {metadata.version('qoro-divi')} calls {command}", flush=True)
    # With one worker, a second job stays pending while the first one runs.
    with serving(command, "--workers", "1") as url:
        sys.modules[QoroService.__module__].API_URL = url
        return run_checks(checks())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
