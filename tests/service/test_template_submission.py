"""submit_circuit_templates: refused arguments, and the requests it sends."""

from __future__ import annotations

import base64
import gzip
import json
import random
import threading
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, Statevector

from qiskit_qoro import (
    ExecutionConfig,
    JobConfig,
    JobType,
    QoroConnectionError,
    QoroInputError,
    QoroService,
    SupportsCircuitTemplates,
    TemplateEntry,
)
from qiskit_qoro.service.interfaces import CircuitRunner
from qiskit_qoro.service.submission import Measurement
from qiskit_qoro.service.template_submission import CheckedTemplate

LIMIT_BYTES = 0.95 * 2**20
HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
TWO = HEADER + "qreg q[2];\ncreg c[2];\nry(a) q[0];\ncx q[0],q[1];\nrz(b) q[1];\nmeasure q -> c;\n"
ONE = HEADER + "qreg q[1];\ncreg c[1];\nrx(a) q[0];\nmeasure q -> c;\n"


def template(text: str = TWO, names: Any = ("a", "b"), sets: Any = (("x", (0.5, -1.0)),)) -> TemplateEntry:
    return TemplateEntry(text, names, sets)


def rows(count: int, width: int, prefix: str = "row") -> list[tuple[str, Any]]:
    values = np.random.default_rng(count).normal(size=(count, width))
    return [(f"{prefix} {index}", row) for index, row in enumerate(values)]


@pytest.fixture
def accepting(cloud: Any, url: str) -> Any:
    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"}, status=201)
    cloud.add("POST", f"{url}/job/j1/add_circuits/", json={})
    return cloud


def bodies(cloud: Any, part: str = "add_circuits") -> list[dict[str, Any]]:
    return [json.loads(call.request.body) for call in cloud.calls if f"/{part}/" in call.request.url]


def unpack(blob: str) -> str:
    return gzip.decompress(base64.b64decode(blob)).decode()


def read(cloud: Any) -> list[tuple[str, tuple[str, ...], list[tuple[str, tuple[float, ...]]]]]:
    """Decode the uploads without our codecs, check their sizes and the final mark; return their content."""
    sent = [call.request.body for call in cloud.calls if "/add_circuits/" in call.request.url]
    assert all(len(body) < LIMIT_BYTES for body in sent)
    found = [json.loads(body) for body in sent]
    assert [body["finalized"] for body in found] == ["false"] * (len(found) - 1) + ["true"]
    assert {body["mode"] for body in found} == {"append"}
    return [
        (
            unpack(body["circuit_template"]),
            tuple(body["parameter_names"]),
            [(item["label"], tuple(item["values"])) for item in body["parameter_sets"]],
        )
        for body in found
    ]


# --- refused before anything is sent ------------------------------------------------------------------

REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no templates": ([], {}, "templates: expected a list of TemplateEntry with at least one"),
    "one template without a list": (template(), {}, "templates: expected a list"),
    "a mapping": ({"a": template()}, {}, "templates: expected a list"),
    "text instead of a template": ([TWO], {}, r"templates\[0\]: expected a TemplateEntry, got str"),
    "no sets": ([template(), template(sets=())], {}, r"templates\[1\] has no parameter sets"),
    "empty label": ([template(sets=[("", (1, 2))])], {}, "label '' is empty"),
    "a label in two templates": (
        [template(), template(sets=[("y", (1, 2)), ("x", (1, 2))])],
        {},
        r"templates\[1\]: label 'x' is already used in templates\[0\]",
    ),
    "circuit_ham_map": (
        [template()],
        {"ham_ops": "ZZ", "circuit_ham_map": [[0, 1]]},
        "circuit_ham_map is for",
    ),
    "an empty circuit_ham_map": (
        [template()],
        {"ham_ops": "ZZ", "circuit_ham_map": []},
        "circuit_ham_map is for",
    ),
    "shot_groups": ([template()], {"shot_groups": [[0, 1, 5]]}, "shot_groups is for submit_circuits"),
    "several groups of Pauli strings": ([template()], {"ham_ops": "ZZ|XX"}, "ham_ops has 2 groups"),
    "EXECUTE with ham_ops": (
        [template()],
        {"ham_ops": "ZZ", "job_type": JobType.EXECUTE},
        "EXECUTE with ham_ops",
    ),
    "EXPECTATION without ham_ops": ([template()], {"job_type": "EXPECTATION"}, "no ham_ops"),
    "VALIDATE": ([template()], {"job_type": JobType.VALIDATE}, "VALIDATE"),
    "a malformed Pauli string": ([template()], {"ham_ops": "Z0"}, "ham_ops"),
    "a Pauli string too long for a template": (
        [template(), template(ONE, ["a"], [("y", [1])])],
        {"ham_ops": "ZZ"},
        r"Pauli string 'ZZ' has 2 letters, but templates\[1\] has 1 qubits",
    ),
    "a typo": (
        [template(TWO.replace("rz(b)", "rz(beta)"))],
        {},
        r"templates\[0\]: line 7, column 4: 'beta' is not a parameter",
    ),
    "an unknown gate": (
        [template(), template(ONE.replace("rx", "rxy"), ["a"], [("y", [1])])],
        {},
        r"templates\[1\]: line 5, column 1: 'rxy' is not defined",
    ),
    "a parameter named like a register": (
        [template(TWO, ["a", "b", "q"], [("x", [1, 2, 3])])],
        {},
        "line 3, column 6: .*'q'",
    ),
    "a word of the language": (
        [template(TWO, ["a", "b", "cx"], [("x", [1, 2, 3])])],
        {},
        r"templates\[0\]: line 6, column 1: the parameter 'cx' occurs outside of an angle",
    ),
    "a number that goes on with a parameter": (
        [template(TWO.replace("(a)", "(1.e5)"), ["e5", "b"])],
        {},
        r"templates\[0\]: line 5, column 6: the parameter 'e5' touches a number",
    ),
    "a job configuration of the wrong type": ([template()], {"override_job_config": {}}, "type JobConfig"),
    "an execution configuration of the wrong type": (
        [template()],
        {"override_execution_config": {}},
        "type ExecutionConfig",
    ),
}


@pytest.mark.parametrize(("templates", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_an_invalid_argument_is_refused_and_nothing_is_sent(
    cloud: Any, service: QoroService, templates: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        service.submit_circuit_templates(templates, **options)
    assert isinstance(caught.value, QoroInputError)
    assert len(cloud.calls) == 0


def test_a_template_too_large_for_a_body_is_named_with_its_size(cloud: Any, service: QoroService) -> None:
    noise = base64.b85encode(random.Random(1).randbytes(1_500_000)).decode()
    huge = template(f"{TWO}// {noise}", sets=[("y", (1, 2))])
    with pytest.raises(
        QoroInputError, match=r"templates\[1\] is too large to be sent: .*\d{7} bytes compressed"
    ):
        service.submit_circuit_templates([template(), huge])
    assert len(cloud.calls) == 0


def test_a_parameter_set_too_large_for_a_body_is_named(cloud: Any, service: QoroService) -> None:
    names = [f"a{index}" for index in range(45_000)]
    wide = template(ONE.replace("rx(a)", "rx(a0)"), names, [("wide one", np.full(45_000, 1 / 3))])
    with pytest.raises(QoroInputError, match=r"the parameters of 'wide one' take \d{6}"):
        service.submit_circuit_templates([wide])
    assert len(cloud.calls) == 0


def test_an_angle_that_is_undefined_for_some_values_is_checked_with_the_first_parameter_set(
    accepting: Any, service: QoroService
) -> None:
    service.submit_circuit_templates([template(ONE.replace("(a)", "(ln(a-5))"), ["a"], [("x", [6])])])
    assert len(bodies(accepting)) == 1


# --- what is sent -------------------------------------------------------------------------------------


def test_a_template_is_sent_with_its_names_and_parameter_sets(accepting: Any, service: QoroService) -> None:
    sets = [("x", (0.5, np.float64(-1e-7))), ("ψ", np.array([1 / 3, 2.0]))]
    result = service.submit_circuit_templates([template(sets=sets)])
    assert result.job_id == "j1"
    assert result.results is None
    assert bodies(accepting, "init") == [
        {"tag": "default", "job_type": "EXECUTE", "use_packing": False, "simulator_cluster": "qoro_maestro"}
    ]
    [body] = bodies(accepting)
    assert unpack(body.pop("circuit_template")) == TWO
    assert body == {
        "mode": "append",
        "finalized": "true",
        "shots": 1024,
        "parameter_names": ["a", "b"],
        "parameter_sets": [
            {"label": "x", "values": [0.5, -1e-07]},
            {"label": "ψ", "values": [0.3333333333333333, 2.0]},
        ],
    }


def test_pauli_strings_make_an_expectation_job(accepting: Any, service: QoroService) -> None:
    service.submit_circuit_templates([template()], ham_ops="ZI;XX", job_type=JobType.EXPECTATION)
    assert bodies(accepting, "init")[0]["job_type"] == "EXPECTATION"
    [body] = bodies(accepting)
    width, _, blob = body["observables"].partition(":")
    assert (width, unpack(blob)) == ("@gzs2", "Z0;X0X1")
    assert "shots" not in body
    assert "circuit_ham_map" not in body


def test_overrides_take_precedence_and_further_keywords_are_ignored(
    accepting: Any, service: QoroService
) -> None:
    service.submit_circuit_templates(
        (template(),),
        override_job_config=JobConfig(shots=7, tag="mine"),
        override_execution_config=ExecutionConfig(bond_dimension=3),
        cancellation_event=threading.Event(),
        precision=8,
    )
    [init] = bodies(accepting, "init")
    assert (init["tag"], init["execution_configuration"]) == ("mine", {"bond_dimension": 3})
    assert bodies(accepting)[0]["shots"] == 7


def test_each_template_has_its_own_body_and_only_the_last_body_is_finalized(
    accepting: Any, service: QoroService
) -> None:
    first, second = template(sets=rows(3, 2, "f")), template(ONE, ["a"], rows(2, 1, "s"))
    service.submit_circuit_templates([first, second])
    assert read(accepting) == [
        (TWO, ("a", "b"), list(first.parameter_sets)),
        (ONE, ("a",), list(second.parameter_sets)),
    ]


def test_many_parameter_sets_are_sent_in_several_bodies_that_repeat_the_template(
    accepting: Any, service: QoroService
) -> None:
    names = [f"theta_{index}" for index in range(20)]
    text = HEADER + "qreg q[2];\n" + "".join(f"ry({name}) q[0];\n" for name in names)
    long = template(text, names, rows(9000, 20))
    short = template(ONE, ["a"], rows(1, 1, "last"))
    service.submit_circuit_templates([long, short], ham_ops="Z")
    found = read(accepting)
    assert len(found) == 5
    assert {(text, names) for text, names, _ in found[:-1]} == {(text, tuple(names))}
    assert [item for _, _, sets in found[:-1] for item in sets] == list(long.parameter_sets)
    assert found[-1] == (ONE, ("a",), list(short.parameter_sets))
    assert len({body["observables"] for body in bodies(accepting)}) == 1


def test_bodies_are_filled_up_to_the_last_parameter_set_that_fits(
    accepting: Any, service: QoroService
) -> None:
    service.submit_circuit_templates([template(ONE, ["a"], [(f"{k:06}", (0.5,)) for k in range(60_000)])])
    sent = [call.request.body for call in accepting.calls if "/add_circuits/" in call.request.url]
    assert len(read(accepting)) == len(sent) > 2
    assert all(
        len(body) + len('{"label":"000000","values":[0.5]},') > int(LIMIT_BYTES) - 5 for body in sent[:-1]
    )


def test_a_lost_upload_is_not_sent_again_and_its_job_is_cancelled(
    cloud: Any, service: QoroService, url: str
) -> None:
    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"})
    cloud.add("POST", f"{url}/job/j1/cancel/", json={})
    cloud.add("GET", f"{url}/job/j1/status/", json={"status": "PENDING"})
    with pytest.raises(QoroConnectionError, match="/job/j1/add_circuits/") as caught:
        service.submit_circuit_templates([template()])
    assert caught.value.job_id == "j1"
    sent = [call.request.url.rsplit("/", 2)[1] for call in cloud.calls]
    assert [call for call in sent if call != "status"] == ["init", "add_circuits", "cancel"]


def test_the_depth_is_recorded_once_for_each_parameter_set(accepting: Any, service: QoroService) -> None:
    service.track_depth = True
    deep, flat = template(sets=rows(3, 2, "deep")), template(ONE, ["a"], rows(1, 1, "flat"))
    service.submit_circuit_templates([deep, flat])
    service.submit_circuits({"deep": TWO.replace("(a)", "(1)").replace("(b)", "(2)")})
    assert service.depth_history == [[4, 4, 4, 2], [4]]


def test_checked_templates_give_the_same_bytes_as_equivalent_entries(service: QoroService) -> None:
    labels, values = zip(*rows(3, 2), strict=True)
    checked = CheckedTemplate(TWO, 2, ("a", "b"), labels, np.array(values))
    submission = service.prepare_checked([checked], Measurement(observables=(("ZI", "XX"),)))
    assert submission == service.prepare_circuit_templates([template(sets=rows(3, 2))], ham_ops="ZI;XX")


# --- SupportsCircuitTemplates -------------------------------------------------------------------------


def test_the_client_supports_circuit_templates(service: QoroService) -> None:
    assert isinstance(service, SupportsCircuitTemplates)


def test_a_runner_without_the_method_does_not_support_circuit_templates() -> None:
    class Plain(CircuitRunner):
        shots = 1
        supports_expval = False
        is_async = False

        def submit_circuits(self, circuits: Any, **kwargs: Any) -> Any:
            return None

    assert not isinstance(Plain(), SupportsCircuitTemplates)


# --- on the local service -----------------------------------------------------------------------------


def test_results_agree_with_the_circuits_that_qiskit_binds(live_service: QoroService) -> None:
    theta = ParameterVector("theta", 3)
    circuit = QuantumCircuit(2)
    circuit.ry(theta[0], 0)
    circuit.cx(0, 1)
    circuit.rx(2 * theta[1], 1)
    circuit.rz(-theta[2], 0)
    circuit.h(0)
    text = (
        HEADER
        + "qreg q[2];\nry(theta_0) q[0];\ncx q[0],q[1];\nrx(2*theta_1) q[1];\nrz(-theta_2) q[0];\nh q[0];\n"
    )
    entry = template(text, [f"theta_{k}" for k in range(3)], rows(7, 3))
    pauli_strings = ["ZI", "XX", "IY", "YZ"]
    job = live_service.submit_circuit_templates([entry], ham_ops=";".join(pauli_strings))
    live_service.poll_job_status(job, loop_until_complete=True, verbose=False)
    results = live_service.get_job_results(job).results
    assert results is not None
    assert list(results) == [label for label, _ in entry.parameter_sets]
    for label, values in entry.parameter_sets:
        state = Statevector(circuit.assign_parameters(values))
        # Qiskit's labels have qubit 0 on the right.
        expected = {text: state.expectation_value(SparsePauliOp(text[::-1])).real for text in pauli_strings}
        assert results[label] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second"),
    [("w_0[0]", "w_0[1]"), ("β[0]", "θ"), ("pi", "h"), ("t", "cu1"), ("a,b", "//"), ("qoro_p0", "pi")],
)
def test_a_name_may_be_any_text(live_service: QoroService, first: str, second: str) -> None:
    # The definition of c3x, which is inserted, contains some of the names.
    text = HEADER + (
        f"qreg q[4];\nry({first}) q[0];\nry(-2*{second}) q[1];\nx q[2];\nc3x q[0],q[1],q[2],q[3];\n"
    )
    entry = template(text, [second, first], [("x", [0.3, 1.1]), ("y", [-0.4, 2.0])])
    job = live_service.submit_circuit_templates([entry], ham_ops="IIIZ;ZZII")
    live_service.poll_job_status(job, loop_until_complete=True, verbose=False)
    results = live_service.get_job_results(job).results
    assert results is not None
    for label, (second_value, first_value) in entry.parameter_sets:
        circuit = QuantumCircuit(4)
        circuit.ry(first_value, 0)
        circuit.ry(-2 * second_value, 1)
        circuit.x(2)
        circuit.mcx([0, 1, 2], 3)
        state = Statevector(circuit)
        expected = {
            pauli_string: state.expectation_value(SparsePauliOp(pauli_string[::-1])).real
            for pauli_string in ("IIIZ", "ZZII")
        }
        assert results[label] == pytest.approx(expected, abs=1e-9)


def test_results_of_many_parameter_sets_have_their_labels_in_order(live_service: QoroService) -> None:
    sets = [(f"row {k}", (np.pi * (k % 2), 0.0)) for k in range(300)]
    job = live_service.submit_circuit_templates([template(sets=sets)])
    live_service.poll_job_status(job, loop_until_complete=True, verbose=False)
    expected = {f"row {k}": {"11" if k % 2 else "00": 1024} for k in range(300)}
    results = live_service.get_job_results(job).results
    assert results == expected
    assert list(results) == list(expected)


def test_gates_that_only_qiskits_include_file_defines_are_defined_in_the_upload(
    live_service: QoroService,
) -> None:
    text = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\nh q[0]; h q[1];\nrzz(a) q[0],q[1];\n'
    entry = TemplateEntry(text, ["a"], [("x", [0.3])])
    submitted = live_service.submit_circuit_templates([entry], ham_ops="YZ")
    live_service.poll_job_status(submitted, loop_until_complete=True, verbose=False)
    circuit = QuantumCircuit(2)
    circuit.h([0, 1])
    circuit.rzz(0.3, 0, 1)
    expected = Statevector(circuit).expectation_value(SparsePauliOp("ZY")).real
    results = live_service.get_job_results(submitted).results
    assert results is not None
    assert results["x"]["YZ"] == pytest.approx(expected, abs=1e-9)


def test_a_template_with_any_condition_runs(live_service: QoroService) -> None:
    text = (
        f"{HEADER}qreg q[2]; creg c[64]; ry(a) q[0]; measure q[0] -> c[63]; "
        f"if (c == {2**63}) rx(2*b) q[1]; measure q[1] -> c[0];"
    )
    sets = [("true", (np.pi, np.pi / 2)), ("false", (0.0, np.pi / 2)), ("no angle", (np.pi, 0.0))]
    job = live_service.submit_circuit_templates([template(text, sets=sets)])
    live_service.poll_job_status(job, loop_until_complete=True, verbose=False)
    results = live_service.get_job_results(job).results
    assert results is not None
    outcomes = {label: {int(bits, 2) for bits in counts} for label, counts in results.items()}
    assert outcomes == {"true": {2**63 + 1}, "false": {0}, "no angle": {2**63}}
