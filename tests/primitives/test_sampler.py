"""The sampler on the local service."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Gate, Parameter, Qubit
from qiskit.circuit.library import real_amplitudes
from qiskit.quantum_info import Statevector

from qiskit_qoro import QoroBackend, QoroProvider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.primitives import QoroSampler, SamplerOptions

SEED = MaestroConfig(seed=7)


@pytest.fixture
def sampler(backend: QoroBackend) -> QoroSampler:
    return QoroSampler(backend, options={"execution_config": SEED})


def bell(shots_name: str = "meas") -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(2, shots_name))
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_a_bell_pair_is_sampled_into_its_register(sampler: QoroSampler) -> None:
    job = sampler.run([bell()])
    (result,) = job.result()
    counts = result.data.meas.get_counts()
    assert counts.keys() == {"00", "11"}
    assert sum(counts.values()) == 1024
    assert {"shots": 1024, "circuit_metadata": {}}.items() <= result.metadata.items()
    assert job.result().metadata == {"version": 2}


def test_pubs_with_different_shots_share_one_job(sampler: QoroSampler) -> None:
    pubs = [bell(), (bell(), None, 10), (bell("other"), None, 2000), (bell(), None, 10)]
    assert [job.num_circuits for job in sampler.plan(pubs, shots=5).jobs] == [4]
    job = sampler.run(pubs, shots=5)
    results = job.result()
    assert len(job.job_ids) == 1
    assert [result.metadata["shots"] for result in results] == [5, 10, 2000, 10]
    assert results[0].data.meas.num_shots == 5
    assert results[2].data.other.num_shots == 2000


def test_a_sweep_is_sent_as_one_template_and_keeps_its_shape(sampler: QoroSampler) -> None:
    theta = Parameter("θ")
    circuit = QuantumCircuit(1)
    circuit.ry(2 * theta, 0)
    circuit.measure_all()
    values = np.array([[0, math.pi / 2, 0], [math.pi / 2, 0, math.pi / 2]])
    plan = sampler.plan([(circuit, values[..., None], 20)])
    assert [(job.num_templates, job.num_circuits) for job in plan.jobs] == [(1, 6)]
    (result,) = sampler.run([(circuit, values[..., None], 20)]).result()
    assert result.data.meas.shape == (2, 3)
    ones = result.data.meas.bitcount().sum(axis=-1)
    assert (ones == np.where(values > 0, 20, 0)).all()


def test_rows_with_equal_values_are_sampled_independently(backend: QoroBackend) -> None:
    circuit = QuantumCircuit(8)
    circuit.h(range(8))
    theta = Parameter("t")
    circuit.rz(theta, 0)
    circuit.measure_all()
    (result,) = QoroSampler(backend).run([(circuit, [[0.1], [0.1]], 200)]).result()
    first, second = result.data.meas.array
    assert sorted(map(bytes, first)) != sorted(map(bytes, second))


def test_a_value_that_is_constant_over_the_rows_is_kept(sampler: QoroSampler) -> None:
    circuit = real_amplitudes(3, reps=1)
    circuit.measure_all()
    values = np.zeros((4, 6))
    values[:, 2] = [0, math.pi, 0, math.pi]
    values[:, 4] = math.pi  # the second layer's middle qubit, the same in all rows
    (result,) = sampler.run([(circuit, values, 50)]).result()
    for row in range(4):
        bound = circuit.remove_final_measurements(inplace=False).assign_parameters(values[row])
        expected = Statevector(bound).probabilities_dict(decimals=6)
        assert result.data.meas[row].get_counts().keys() == expected.keys()


def test_registers_keep_their_joint_distribution(sampler: QoroSampler) -> None:
    qubits = [Qubit() for _ in range(4)]
    loose, shared, own, last = (Clbit() for _ in range(4))
    circuit = QuantumCircuit(qubits, [last, loose, own, shared])
    circuit.add_register(ClassicalRegister(bits=[shared, own], name="a"))
    circuit.add_register(ClassicalRegister(bits=[last, shared, own], name="b"))
    circuit.add_register(ClassicalRegister(0, "nothing"))
    circuit.h([0, 1, 2])
    circuit.cx(0, 3)
    circuit.measure(qubits[0], shared)
    circuit.measure(qubits[1], own)
    circuit.measure(qubits[2], loose)
    circuit.measure(qubits[3], last)  # always equal to shared
    (result,) = sampler.run([circuit], shots=300).result()
    a = [tuple(map(int, bits)) for bits in result.data.a.get_bitstrings()]
    b = [tuple(map(int, bits)) for bits in result.data.b.get_bitstrings()]
    assert set(a) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert b == [(own_bit, shared_bit, shared_bit) for own_bit, shared_bit in a]
    assert result.data.nothing.num_bits == 0
    assert result.data.nothing.num_shots == 300


def test_a_circuit_without_registers_gives_a_warning_and_an_empty_result(sampler: QoroSampler) -> None:
    circuit = QuantumCircuit(1)
    with pytest.warns(UserWarning, match=r"PUB 0 has no classical register.*measure_all"):
        job = sampler.run([circuit])
    (result,) = job.result()
    assert len(result.data) == 0
    assert job.job_ids == ()
    assert job.done()


def test_registers_without_measurements_are_zero(sampler: QoroSampler) -> None:
    circuit = QuantumCircuit(1, 9)
    circuit.x(0)
    with pytest.warns(UserWarning, match="PUB 0 contains no measurement"):
        job = sampler.run([circuit], shots=3)
    assert job.result()[0].data.c.get_counts() == {"0" * 9: 3}


def test_no_pubs_give_a_finished_job_without_a_request(sampler: QoroSampler) -> None:
    job = sampler.run([])
    assert len(job.result()) == 0
    assert job.in_final_state()
    assert str(sampler.plan([])) == "0 PUBs on qoro_maestro: no job, all values are computed locally"


def test_a_sweep_without_rows_has_an_empty_result(sampler: QoroSampler) -> None:
    theta = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    (result,) = sampler.run([(circuit, np.empty((0, 1)))]).result()
    assert result.data.meas.shape == (0,)


def test_a_circuit_with_a_condition_is_sampled(sampler: QoroSampler) -> None:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "mid"), ClassicalRegister(1, "end"))
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    (result,) = sampler.run([circuit], shots=100).result()
    assert result.data.mid.get_bitstrings() == result.data.end.get_bitstrings()
    assert set(result.data.mid.get_bitstrings()) == {"0", "1"}


def test_scratch_bits_of_conditions_are_not_in_the_result(sampler: QoroSampler) -> None:
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "mid"), ClassicalRegister(1, "end"))
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.reset(0)
        circuit.measure(0, 0)
        circuit.x(1)
    circuit.measure(1, 1)
    (result,) = sampler.run([circuit], shots=100).result()
    assert result.data.mid.get_counts() == {"0": 100}
    assert result.data.end.num_bits == 1
    assert set(result.data.end.get_bitstrings()) == {"0", "1"}


class NeedsValue(Gate):
    """A gate that has no definition unless its parameter has a value."""

    def _define(self) -> None:
        definition = QuantumCircuit(1)
        definition.rx(float(self.params[0]), 0)
        self.definition = definition


def test_a_gate_that_needs_its_parameter_values_may_be_in_a_block(sampler: QoroSampler) -> None:
    circuit = QuantumCircuit(1, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.append(NeedsValue("needs_value", 1, [Parameter("t")]), [0])
    circuit.measure(0, 1)
    (result,) = sampler.run([(circuit, [[0.0], [math.pi], [0.0]])], shots=20).result()
    assert [row.get_counts() for row in result.data.c] == [{"11": 20}, {"01": 20}, {"11": 20}]
    assert [parameter.name for parameter in circuit.parameters] == ["t"]


def test_shots_may_be_numpy_integers(backend: QoroBackend) -> None:
    sampler = QoroSampler(backend, options={"default_shots": np.int64(9)})
    results = sampler.run([bell(), (bell(), None, np.uint8(7))]).result()
    assert [result.metadata["shots"] for result in results] == [9, 7]
    assert [result.data.meas.num_shots for result in results] == [9, 7]


def test_a_register_of_100_bits_is_sampled(sampler: QoroSampler) -> None:
    circuit = QuantumCircuit(100, 100)
    circuit.x([0, 99])
    circuit.measure(range(100), range(100))
    (result,) = sampler.run([circuit], shots=4).result()
    assert result.data.c.get_counts() == {"1" + "0" * 98 + "1": 4}


@pytest.mark.parametrize(
    ("pub", "match"),
    [
        (lambda: bell("values"), "PUB 1: the classical register 'values'"),
        (lambda: (bell(), None, 0), "shots"),
        (
            lambda: (QuantumCircuit(2000, 1).compose(_touch(2000)), None),
            "PUB 1: the circuit uses 2000 qubits",
        ),
    ],
)
def test_a_pub_that_cannot_be_run_is_refused_before_anything_is_sent(
    sampler: QoroSampler, pub: object, match: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=match):
        sampler.run([bell(), pub()])  # type: ignore[operator]


def _touch(width: int) -> QuantumCircuit:
    circuit = QuantumCircuit(width, 1)
    circuit.x(range(width))
    circuit.measure(0, 0)
    return circuit


def test_options_are_checked_when_they_are_set(backend: QoroBackend) -> None:
    sampler = QoroSampler(backend, options={"default_shots": 10})
    sampler.options.default_shots = 20
    assert sampler.run([bell()]).result()[0].data.meas.num_shots == 20
    with pytest.raises(QoroInputError, match="did you mean 'default_shots'"):
        sampler.options.default_shot = 1  # type: ignore[attr-defined]
    with pytest.raises(QoroInputError, match="default_shots=0 is invalid"):
        sampler.options.default_shots = 0
    sampler.options.default_shots = None
    assert sampler.options == SamplerOptions()
    assert sampler.default_shots == 1024
    with pytest.raises(QoroInputError, match="expected SamplerOptions or a dictionary"):
        QoroSampler(backend, options=3)  # type: ignore[arg-type]


def test_the_sampler_copies_its_options(backend: QoroBackend) -> None:
    options = SamplerOptions(default_shots=10)
    sampler = QoroSampler(backend, options=options)
    sampler.options.default_shots = 20
    assert options.default_shots == 10


def test_other_backends_are_refused() -> None:
    with pytest.raises(QoroInputError, match=r"expected a QoroBackend.*BackendSamplerV2"):
        QoroSampler("qoro_maestro")  # type: ignore[arg-type]


def test_the_qpu_samples(provider: QoroProvider) -> None:
    sampler = QoroSampler(provider.get_backend("local_qpu"))
    (result,) = sampler.run([bell()], shots=2000).result()
    counts = result.data.meas.get_counts()
    assert counts["00"] + counts["11"] > 1700
    with pytest.raises(QoroInputError, match="MaestroConfig is for simulators"):
        QoroSampler(provider.get_backend("local_qpu"), options={"execution_config": SEED}).run([bell()])


def test_rows_beyond_the_limit_of_a_job_go_to_another_job(sampler: QoroSampler) -> None:
    theta = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    sampler.options.max_parameter_rows_per_job = 3
    values = np.array([0, 1, 0, 0, 1, 1, 1]) * math.pi
    job = sampler.run([(circuit, values[:, None], 8)])
    assert len(job.job_ids) == 3
    assert job.job_id() == "+".join(job.job_ids)
    counts = [data.get_counts() for data in job.result()[0].data.meas]
    assert counts == [{str(int(value > 0)): 8} for value in values]
