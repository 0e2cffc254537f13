"""Circuits without measurements: they are run and charged, so every way to sample them gives a warning."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Gate, Parameter

from qiskit_qoro import QoroBackend, QoroProvider, TemplateEntry
from qiskit_qoro.primitives import QoroSampler

TEXT = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[2];\nx q[0];\n'
TEMPLATE = TEXT + "rx(t) q[0];\n"
MEASURE = "measure q[0] -> c[0];\n"


def circuit(name: str, *, measures: bool = False, num_clbits: int = 2) -> QuantumCircuit:
    circuit = QuantumCircuit(1, num_clbits, name=name)
    circuit.x(0)
    if measures:
        circuit.measure(0, 0)
    return circuit


def entry(text: str, label: str = "row") -> TemplateEntry:
    return TemplateEntry(text, ["t"], [(label, [0.5])])


def test_a_run_warns_about_a_circuit_without_measurement(backend: QoroBackend) -> None:
    with pytest.warns(UserWarning, match=r"^circuit 0 \('mine'\) contains no measurement, so all") as caught:
        job = backend.run(circuit("mine"), shots=5)
    assert job.result().get_counts() == {"00": 5}
    assert [warning.filename for warning in caught] == [__file__]


def test_a_run_warns_about_a_circuit_without_classical_bits(backend: QoroBackend) -> None:
    with pytest.warns(UserWarning, match=r"^circuit 0 \('mine'\) has no classical register, so the result"):
        job = backend.run(circuit("mine", num_clbits=0), shots=5)
    assert job.result().get_counts() == {}


def test_a_run_names_the_circuits_of_a_list_that_have_no_measurement(backend: QoroBackend) -> None:
    circuits = [circuit("a", measures=True), circuit("b"), circuit("c", num_clbits=0), circuit("d")]
    with pytest.warns(UserWarning, match="no ") as caught:
        backend.run(circuits)
    assert [str(warning.message).partition(";")[0] for warning in caught] == [
        "circuit 1 ('b') contains no measurement, so all bits of the result are 0",
        "circuit 2 ('c') has no classical register, so the result is empty",
    ]
    assert "The same goes for circuit 3 ('d')" in str(caught[0].message)


def test_operations_on_classical_bits_that_measure_nothing_give_a_warning(backend: QoroBackend) -> None:
    conditional = circuit("conditional")
    with conditional.if_test((conditional.clbits[0], 1)):
        conditional.x(0)
    with pytest.warns(UserWarning, match="contains no measurement"):
        backend.run(conditional)
    with pytest.warns(UserWarning, match="PUB 0 contains no measurement") as caught:
        result = QoroSampler(backend).run([conditional], shots=3).result()
    assert result[0].data.c.get_counts() == {"00": 3}
    assert [warning.filename for warning in caught] == [__file__]


def test_a_measurement_in_a_block_counts(backend: QoroBackend) -> None:
    conditional = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "a"))
    with conditional.if_test((conditional.clbits[0], 0)):
        conditional.measure(0, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert backend.run(conditional, shots=5).result().get_counts() == {"0": 5}
        assert QoroSampler(backend).run([conditional], shots=5).result()[0].data.a.num_shots == 5


class NeedsValue(Gate):
    """A gate that has no definition unless its parameter has a value, so that each row is written."""

    def _define(self) -> None:
        self.definition = QuantumCircuit(1)
        self.definition.rx(float(self.params[0]), 0)


def test_a_sweep_without_rows_gives_no_warning(backend: QoroBackend) -> None:
    swept = QuantumCircuit(1, 1)
    swept.append(NeedsValue("needs_value", 1, [Parameter("t")]), [0])
    swept.measure(0, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        job = QoroSampler(backend).run([(swept, np.empty((0, 1)))])
    assert job.result()[0].data.c.shape == (0,)


@pytest.mark.parametrize("submit", ["submit_circuits", "prepare_circuits"])
def test_the_client_warns_about_programs_and_circuits(provider: QoroProvider, submit: str) -> None:
    circuits = {"good": TEXT + MEASURE, "text": TEXT + "// " + MEASURE, "circuit": circuit("x")}
    with pytest.warns(UserWarning, match=r"^circuit 'text' contains no .* for circuit 'circuit'$") as caught:
        getattr(provider.service, submit)(circuits)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("submit", ["submit_circuit_templates", "prepare_circuit_templates"])
def test_the_client_warns_about_templates(provider: QoroProvider, submit: str) -> None:
    templates = [entry(TEMPLATE + MEASURE, "a"), entry(TEMPLATE, "b")]
    with pytest.warns(UserWarning, match=r"^templates\[1\] contains no measurement") as caught:
        getattr(provider.service, submit)(templates)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(
    "submit",
    [
        lambda service: service.submit_circuits({"a": TEXT}, ham_ops="Z"),
        lambda service: service.submit_circuit_templates([entry(TEMPLATE)], ham_ops="Z"),
    ],
    ids=["circuits", "templates"],
)
def test_expectation_values_need_no_measurement(provider: QoroProvider, submit: Callable[..., Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert submit(provider.service).job_id
