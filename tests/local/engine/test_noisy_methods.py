"""Which method simulates the noise of a program."""

import re

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.job_settings import check_job_config, engine_settings
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.models.batches import DEFAULT_REALIZATIONS
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
MAX_QUBITS = 40
DENSITY_MATRIX = SimulationMethod.DensityMatrix


def layers(width, depth, *, gate="cx"):
    """Layers of rotations and of gates between neighbours."""
    text = f"{HEADER}qreg q[{width}]; creg c[{width}];\n"
    for layer in range(depth):
        text += "".join(f"ry(0.{3 + layer}) q[{qubit}];\n" for qubit in range(width))
        text += "".join(f"{gate} q[{qubit}],q[{qubit + 1}];\n" for qubit in range(layer % 2, width - 1, 2))
    return text


def pairs(width, count):
    """Gates between distant qubits, whose entanglement grows fast."""
    text = f"{HEADER}qreg q[{width}]; creg c[{width}];\nh q;\n"
    for number in range(count):
        first = number % (width // 2)
        text += f"ry(0.3) q[{first}]; cx q[{first}],q[{width // 2 + (number * 3) % (width // 2)}];\n"
    return text


def chain(width):
    gates = "".join(f"cx q[{qubit}],q[{qubit + 1}];" for qubit in range(width - 1))
    return f"{HEADER}qreg q[{width}]; creg c[{width}]; h q[0]; {gates}"


def depolarizing():
    return NoiseModel().set_all_depolarizing(MAX_QUBITS, 0.001)


def relaxing(t2_s):
    model = NoiseModel()
    for qubit in range(MAX_QUBITS):
        model.set_thermal_relaxation(qubit, 1e-7, 1e-4, t2_s)
    return model


def details_of(text, model, *, shots=None, pauli_string=None, limit=2**30, **options):
    """The details that the engine reports for a program with noise."""
    width = int(re.search(r"qreg q\[(\d+)\]", text)[1])
    config = MaestroConfig(noise_model=model, seed=1, **options)
    check_job_config(config, None)
    reported = []
    arguments = {"memory_limit_bytes": limit, "report": reported.append}
    settings = engine_settings(config, None)
    if shots is None:
        estimate(text, [pauli_string or "Z" * width], settings, **arguments)
    else:
        sample(text + "measure q -> c;", shots, settings, **arguments)
    return reported[-1]


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (pairs(6, 12), "DensityMatrix"),
        (layers(10, 2), "MatrixProductOperator"),
        (chain(30), "MatrixProductOperator"),
        (pairs(12, 24), "Statevector"),
    ],
)
def test_the_fastest_exact_method_is_used_unless_it_is_slow(text, method):
    found = details_of(text, depolarizing())
    assert found.method == method
    is_random = method == "Statevector"
    assert (found.batches is not None) == bool(found.standard_errors) == is_random
    assert ("random realizations" in found.reason) == is_random
    assert ("an exact method takes" in found.reason) == is_random
    if is_random:
        assert found.batches.realizations == DEFAULT_REALIZATIONS
        assert found.metadata["noise_realizations"] == DEFAULT_REALIZATIONS


@pytest.mark.parametrize("options", [{"max_bond_dimension": 16}, {"singular_value_threshold": 1e-3}])
def test_a_truncated_operator_is_not_called_exact(options):
    found = details_of(
        layers(3, 1), depolarizing(), simulation_type=SimulationMethod.MatrixProductOperator, **options
    )
    assert found.reason.endswith("errors are channels on a truncated operator, so results are not exact")
    assert details_of(layers(3, 1), depolarizing()).reason.endswith("errors are exact channels")


def test_a_small_causal_cone_is_simulated_exactly_in_a_wide_and_deep_circuit():
    text = layers(30, 4)
    found = details_of(text, depolarizing(), pauli_string="I" * 14 + "Z")
    assert found.method in ("DensityMatrix", "MatrixProductOperator")
    assert found.batches is None
    limit = 16 * 4**8
    found = details_of(
        text, depolarizing(), pauli_string="I" * 14 + "Z", limit=limit, simulation_type=DENSITY_MATRIX
    )
    assert found.method == "DensityMatrix"
    for options in ({"limit": limit - 1}, {"limit": limit, "enable_causal_cone_reduction": False}):
        with pytest.raises(QoroInputError, match=r"DensityMatrix .* needs"):
            details_of(
                text,
                depolarizing(),
                pauli_string="I" * 14 + "Z",
                simulation_type=DENSITY_MATRIX,
                **options,
            )


def test_counts_depend_on_the_cone_of_the_measurements_only(assert_sampled_from):
    text = pairs(24, 60).replace("qreg q[24]; creg c[24];\nh q;", "qreg q[25]; creg c[1]; h q[0];")
    measured = text + "x q[24]; x q[24]; x q[24]; measure q[24] -> c[0];"
    model = NoiseModel().set_bit_flip(24, 0.1)
    reported = []
    settings = engine_settings(MaestroConfig(noise_model=model, seed=1), None)
    counts = sample(measured, 2000, settings, report=reported.append)
    assert reported[-1].method in ("DensityMatrix", "MatrixProductOperator")
    # Each of the three gates is undone with a probability of 0.1.
    one = (1 + 0.8**3) / 2
    assert_sampled_from(counts, {"1": one, "0": 1 - one})


def test_a_small_cone_is_exact_where_the_whole_circuit_would_be_refused():
    model = NoiseModel().set_all_t1(MAX_QUBITS, 0.01)
    text = pairs(24, 60) + "h q[0];"
    with pytest.raises(QoroInputError, match="do not represent"):
        details_of(text, model)
    values = estimate(
        HEADER + "qreg q[24]; x q[3]; cx q[3],q[20];" + "h q[5]; cx q[5],q[6];",
        ["IIIZ"],
        engine_settings(MaestroConfig(noise_model=model), None),
    )
    # Qubit 3 is in state 1, and decays after two gates.
    assert values == pytest.approx([1 - 2 * 0.99**2])


def test_a_wide_clifford_circuit_with_pauli_errors_runs_on_the_stabilizer_simulator():
    text = pairs(30, 60).replace("ry(0.3)", "s")
    assert details_of(text, depolarizing(), noise_realizations=2).method == "Stabilizer"


def test_realizations_of_a_weakly_entangled_circuit_are_matrix_product_states():
    # There is hardly any entanglement, but the bound for an exact operator does not depend on angles.
    text = pairs(20, 40).replace("ry(0.3)", "ry(1e-9)").replace("h q;", "")
    assert details_of(text, depolarizing(), noise_realizations=2).method == "MatrixProductState"


def test_realizations_that_would_take_hours_are_refused_at_once():
    with pytest.raises(QoroInputError, match=r"200 random realizations .* take more than an hour .*choose a"):
        details_of(layers(40, 40), depolarizing())


def test_without_memory_for_a_state_vector_realizations_are_matrix_product_states():
    text = pairs(12, 24)
    needed = int(3.5 * 16 * 2**12)
    few = {"noise_realizations": 2}
    assert details_of(text, depolarizing(), limit=needed, **few).method == "Statevector"
    assert details_of(text, depolarizing(), limit=needed - 1, **few).method == "MatrixProductState"


@pytest.mark.parametrize(
    ("model", "is_random"),
    [
        (NoiseModel().set_all_coherent_depolarizing(3, 0.01), True),
        (NoiseModel().set_all_correlated_ou(3, 1000.0, 0.5, 1e-7), True),
        (NoiseModel().set_crosstalk(0, 1, 0.3), False),
        (NoiseModel().set_all_t1(3, 0.1), False),
    ],
)
def test_only_coherent_and_correlated_noise_is_random_on_small_circuits(model, is_random):
    found = details_of(layers(3, 3), model, noise_realizations=30)
    assert (found.batches is not None) == is_random
    if is_random:
        # All batches have the same size.
        assert found.batches.realizations == 50


def test_crosstalk_and_readout_errors_are_exact_on_pure_states(assert_sampled_from):
    model = NoiseModel().set_crosstalk(0, 1, 0.3).set_all_readout_error(24, 0.1)
    model.set_idle_noise(0, 1e-4, 1.5e-4)  # has no effect without delays
    for text, options in (
        (pairs(12, 24), {}),
        (layers(2, 1), {"simulation_type": SimulationMethod.MatrixProductState}),
    ):
        found = details_of(text, model, **options)
        assert found.method in ("Statevector", "MatrixProductState")
        assert found.batches is None
    text = f"{HEADER}qreg q[2]; creg c[2]; x q[1]; measure q -> c;"
    counts = sample(text, 3000, engine_settings(MaestroConfig(noise_model=model, seed=1), None))
    assert_sampled_from(counts, {"10": 0.81, "11": 0.09, "00": 0.09, "01": 0.01})


def test_random_noise_that_needs_exact_channels_averages_density_matrices():
    model = NoiseModel().set_all_t1(3, 0.1).set_coherent_rotation(0, 0.2, 0.0, 0.0)
    found = details_of(layers(3, 3), model, noise_realizations=3)
    assert found.method in ("DensityMatrix", "MatrixProductOperator")
    assert found.batches.realizations == 3


KRAUS = [[[1, 0], [0, 0.8]], [[0, 0.6], [0, 0]]]


@pytest.mark.parametrize(
    "model",
    [
        NoiseModel().set_all_t1(MAX_QUBITS, 0.01),
        NoiseModel().set_t1_2q(0, 0.01),
        relaxing(1.1e-4),
        NoiseModel().set_kraus_channel([0], KRAUS),
        NoiseModel().set_generalized_amplitude_damping(0, 0.1, 0.2),
        NoiseModel().set_correlated_phase_flip(0, 1, 0.1),
    ],
)
def test_noise_that_realizations_do_not_represent_is_refused_on_circuits_too_large_for_channels(model):
    with pytest.raises(QoroInputError, match=r"an exact .*random realizations do not represent set_t1"):
        details_of(pairs(24, 60), model)
    with pytest.raises(QoroInputError, match=r"Statevector \(0\) .*do not represent set_t1"):
        details_of(layers(3, 1), model, simulation_type=SimulationMethod.Statevector)
    assert details_of(layers(3, 1), model).batches is None


def test_relaxation_with_t2_up_to_t1_runs_in_realizations():
    assert details_of(pairs(12, 24), relaxing(1e-4), noise_realizations=2).method == "Statevector"


@pytest.mark.parametrize(
    ("method", "is_random"),
    [
        (SimulationMethod.DensityMatrix, False),
        (SimulationMethod.MatrixProductOperator, False),
        (SimulationMethod.Statevector, True),
        (SimulationMethod.MatrixProductState, True),
        (SimulationMethod.Stabilizer, True),
    ],
)
def test_the_requested_method_is_used(method, is_random):
    found = details_of(chain(3), depolarizing(), simulation_type=method, noise_realizations=2)
    assert (found.method, found.batches is not None) == (method.name, is_random)
    assert found.reason.startswith("it was requested")


@pytest.mark.parametrize(
    ("text", "model", "options", "message"),
    [
        (
            chain(3),
            depolarizing(),
            {"simulation_type": SimulationMethod.PauliPropagator},
            r"PauliPropagator \(4\) does not simulate noise",
        ),
        (
            chain(3),
            depolarizing(),
            {"simulator_type": Simulator.QiskitAer},
            "QiskitAer .* not simulate noise",
        ),
        (
            layers(3, 1),
            depolarizing(),
            {"simulation_type": SimulationMethod.Stabilizer},
            "needs Clifford gates",
        ),
        (
            chain(3),
            NoiseModel().set_coherent_rotation(0, 0.1, 0.0, 0.0),
            {"simulation_type": SimulationMethod.Stabilizer},
            "needs Clifford gates without angles, and Pauli errors",
        ),
        (
            chain(16),
            depolarizing(),
            {"simulation_type": SimulationMethod.DensityMatrix},
            "DensityMatrix .* needs 64.00 GiB of memory for 16 qubits",
        ),
    ],
)
def test_a_method_that_cannot_simulate_the_noise_is_refused(text, model, options, message):
    with pytest.raises(QoroInputError, match=message):
        details_of(text, model, **options)


def test_a_circuit_that_is_sampled_gets_more_realizations_if_they_are_fast():
    text = pairs(12, 24)
    # With one realization for each shot, all shots are independent.
    found = details_of(text, depolarizing(), shots=100)
    assert (found.batches.realizations, found.batches.counts) == (100, ())
    found = details_of(text, depolarizing(), shots=100, noise_realizations=99)
    assert found.batches.realizations == 99
    assert sum(sum(counts.values()) for counts in found.batches.counts) == 100


def test_readout_errors_decide_about_conditional_gates_which_have_no_noise(assert_sampled_from):
    conditional = "x q[0]; measure q[0] -> c[0]; if (c == 1) x q[1]; y q[1]; measure q[1] -> c[1];"
    model = NoiseModel().set_all_1q_gate_depolarizing(2, 0.15).set_readout_error(0, 0.0, 0.2)
    # An X error and a Y error flip the qubit.
    one = 0.9 * 0.8
    expected = {"01": one * 0.9, "11": one * 0.1, "10": (1 - one) * 0.9, "00": (1 - one) * 0.1}
    for method in (None, SimulationMethod.Statevector):
        config = MaestroConfig(noise_model=model, seed=3, simulation_type=method)
        text = f"{HEADER}qreg q[2]; creg c[2]; {conditional}"
        assert_sampled_from(sample(text, 500, engine_settings(config, None)), expected)


def test_the_number_of_realizations_is_limited():
    check_job_config(MaestroConfig(noise_model=depolarizing(), noise_realizations=100_000), None)
    with pytest.raises(QoroInputError, match="noise_realizations is 100001, expected at most 100000"):
        check_job_config(MaestroConfig(noise_model=depolarizing(), noise_realizations=100_001), None)


def test_realizations_without_a_noise_model_are_refused():
    with pytest.raises(QoroInputError, match="noise_realizations needs a noise_model"):
        check_job_config(MaestroConfig(noise_realizations=10), None)
    check_job_config(MaestroConfig(noise_realizations=10, noise_model=NoiseModel()), None)
    check_job_config(MaestroConfig(noise_seed=10), None)


def test_an_invalid_call_is_refused_when_the_job_is_opened():
    calls = [{"method": "set_depolarizing", "args": [-1, 0.1]}]
    with pytest.raises(QoroInputError, match=r"noise_model\[0\]"):
        check_job_config(MaestroConfig(noise_model=calls), None)
