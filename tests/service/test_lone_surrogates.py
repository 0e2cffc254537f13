"""Lone surrogates, which UTF-8 cannot encode: every text with one is refused before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses
from qiskit import QuantumCircuit

from qiskit_qoro import (
    DeviceConfig,
    EstimatorOptions,
    ExecutionConfig,
    ExecutionResult,
    JobConfig,
    QoroBackend,
    QoroInputError,
    QoroProvider,
    QoroService,
    SamplerOptions,
    SimulatorCluster,
    TemplateEntry,
    characterize,
)
from qiskit_qoro.wire.chunks import render

BAD = "a\ud800b"
TEXT = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nrx(0.5) q[0];\nmeasure q -> c;\n'
TEMPLATE = TEXT.replace("0.5", "t")


def circuit() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    return circuit


def backend(service: QoroService) -> QoroBackend:
    return QoroBackend(SimulatorCluster("qoro_maestro"), service)


CALLS: dict[str, tuple[Callable[[QoroService], Any], str]] = {
    "label": (lambda s: s.submit_circuits({"good": TEXT, BAD: TEXT}), r"label 'a\\ud800b' is not text"),
    "label of expectation values": (lambda s: s.submit_circuits({BAD: TEXT}, ham_ops="Z"), "label"),
    "program": (lambda s: s.submit_circuits({"good": TEXT + f"// {BAD}"}), "circuit 'good': .*surrogate"),
    "label of a parameter set": (
        lambda s: s.submit_circuit_templates([TemplateEntry(TEMPLATE, ["t"], [(BAD, [0.5])])]),
        r"parameter_sets\[0\] is .* UTF-8",
    ),
    "parameter name": (
        lambda s: s.submit_circuit_templates([TemplateEntry(TEMPLATE, [BAD], [("x", [0.5])])]),
        r"parameter_names\[0\] is 'a\\ud800b'",
    ),
    "template": (
        lambda s: s.submit_circuit_templates([TemplateEntry(TEMPLATE + f"// {BAD}", ["t"], [("x", [0.5])])]),
        r"templates\[0\]: .*surrogate",
    ),
    "Pauli string": (lambda s: s.submit_circuits({"x": TEXT}, ham_ops=BAD), "ham_ops"),
    "tag": (
        lambda s: s.submit_circuits({"x": TEXT}, override_job_config=JobConfig(tag=BAD)),
        r"tag is 'a\\ud800b', expected text that UTF-8 can encode",
    ),
    "tag of a run": (lambda s: backend(s).run(circuit(), tag=BAD), r"tag is 'a\\ud800b'"),
    "tags of a run": (lambda s: backend(s).run(circuit(), job_tags=["good", BAD]), "job_tags is"),
    "tag of a backend": (lambda s: backend(s).set_options(tag=BAD), r"tag is 'a\\ud800b'"),
    "tag of a sampler": (lambda _: SamplerOptions(tag=BAD), r"tag='a\\ud800b' is invalid"),
    "tag of an estimator": (lambda _: EstimatorOptions(tag=BAD), r"tag='a\\ud800b' is invalid"),
    "tag of a characterization": (
        lambda s: characterize([[1.0]], service=s, tag=BAD),
        r"tag is 'a\\ud800b', expected text that UTF-8 can encode",
    ),
    "simulator cluster": (lambda _: JobConfig(simulator_cluster=BAD), r"simulator_cluster is 'a\\ud800b'"),
    "simulator cluster as a value": (
        lambda _: JobConfig(simulator_cluster=SimulatorCluster(BAD)),
        r"simulator_cluster is SimulatorCluster\(name='a\\ud800b'",
    ),
    "QPU system": (lambda _: JobConfig(qpu_system=BAD), r"qpu_system is 'a\\ud800b'"),
    "noisy device": (lambda _: ExecutionConfig(noisy_device=BAD), r"noisy_device is 'a\\ud800b'"),
    "setting": (
        lambda _: ExecutionConfig(api_meta={"layout_method": BAD}),
        r"api_meta\['layout_method'\] is 'a\\ud800b'",
    ),
    "name of a setting": (lambda _: ExecutionConfig(api_meta={BAD: 1}), "api_meta is"),
    "unknown setting": (
        lambda s: s.submit_circuits(
            {"x": TEXT}, override_execution_config=ExecutionConfig(api_meta={"new": [BAD]})
        ),
        "the request contains a lone surrogate",
    ),
    "option of a QPU": (lambda _: DeviceConfig({"KEY": BAD}), r"KEY is 'a\\ud800b'"),
    "options of a characterization": (
        lambda s: characterize([[1.0]], service=s, options={"preset": BAD}),
        "the request contains a lone surrogate",
    ),
    "target states": (
        lambda s: characterize([[1.0]], service=s, target_states=[BAD]),
        r"target_states\[0\] is 'a\\ud800b'",
    ),
    "job identifier": (lambda s: s.get_job_state(ExecutionResult(job_id=BAD)), r"job_id is 'a\\ud800b'"),
    "job identifier of a characterization": (
        lambda s: s.characterize_and_validate(job_id=BAD),
        r"job_id is 'a\\ud800b', expected the identifier of a job",
    ),
}


@pytest.mark.parametrize(("call", "match"), CALLS.values(), ids=CALLS.keys())
def test_a_text_with_a_lone_surrogate_is_refused_and_nothing_is_sent(
    service: QoroService, cloud: responses.RequestsMock, call: Callable[[QoroService], Any], match: str
) -> None:
    with pytest.raises(QoroInputError, match=match):
        call(service)
    assert len(cloud.calls) == 0


@pytest.mark.parametrize("condition", ["tag", "backend"])
def test_a_condition_of_the_list_of_jobs_is_refused(tmp_path: Path, condition: str) -> None:
    provider = QoroProvider("token", base_url="https://qoro.test/api", journal=tmp_path / "journal")
    with pytest.raises(QoroInputError, match=rf"{condition} is 'a\\ud800b', expected text that UTF-8"):
        provider.jobs(**{condition: BAD})


def test_the_error_shows_where_the_surrogate_is() -> None:
    with pytest.raises(
        QoroInputError, match=r"cannot encode, in 'xxxxxxxxxxxxxxxxxxxx\\ud800yyyyyyyyyyyyyyy"
    ):
        render({"text": "x" * 50 + "\ud800" + "y" * 50})


@pytest.mark.parametrize("text", ["\U0001f600", "\\ud800", '\\"\\ud800', "ψ", "\ud7ff\ue000"], ids=ascii)
def test_characters_that_look_like_surrogates_are_accepted(text: str) -> None:
    assert render({text: [text]}).isascii()
