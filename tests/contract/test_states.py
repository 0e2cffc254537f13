"""Jobs that compute states, an extension of the local service: bodies and arrays by hand."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

pytestmark = pytest.mark.local_only("the cloud does not compute states")

FLIP = "qreg q[2];\ncreg c[2];\nx q[1];\nmeasure q -> c;\n"
TURN = "qreg q[2];\nh q[0];\n"


def run(service: Any, state: dict[str, Any], **texts: str) -> dict[str, Any]:
    job_id = service.open(job_type="STATE", state=state)
    circuits = {label: service.header + text for label, text in texts.items()}
    assert add(service, job_id, circuits).status_code == 200
    service.settle()
    results: dict[str, Any] = service.results(job_id)
    return results


def add(service: Any, job_id: str, circuits: dict[str, str], **fields: Any) -> Any:
    body = {"mode": "append", "finalized": "true"}
    body |= {"circuits": {label: service.blob(text) for label, text in circuits.items()}}
    answer = service.call("POST", f"/job/{job_id}/add_circuits/", body | fields)
    if answer.ok:
        service.unsettled.append(job_id)
    return answer


def numbers(result: dict[str, Any]) -> list[float]:
    data = base64.b64decode(result["payload"])
    return [round(value, 12) for value in struct.unpack(f"<{len(data) // 8}d", data)]


def test_the_extension_is_announced(service: Any) -> None:
    assert "states" in service.check.document["info"]["x-qoro-extensions"]


def test_state_vectors_have_qubit_0_as_the_lowest_bit(service: Any) -> None:
    results = run(service, {"quantity": "statevector"}, a=FLIP, b=TURN)
    assert results["a"] == {"encoding": "complex128", "shape": [4], "payload": results["a"]["payload"]}
    assert numbers(results["a"]) == [0, 0, 0, 0, 1, 0, 0, 0]
    assert numbers(results["b"]) == [round(0.5**0.5, 12), 0] * 2 + [0] * 4


def test_probabilities_amplitudes_and_mirror_fidelities(service: Any) -> None:
    assert numbers(run(service, {"quantity": "probabilities", "qubits": [1]}, a=FLIP)["a"]) == [0, 1]
    found = run(service, {"quantity": "amplitudes", "bitstrings": ["10", "01"]}, a=FLIP)["a"]
    assert (found["shape"], numbers(found)) == ([2], [1, 0, 0, 0])
    found = run(service, {"quantity": "mirror_fidelity"}, a=FLIP)["a"]
    assert (found["shape"], numbers(found)) == ([], [1])


def test_fidelities_are_rows_for_the_circuits_before_the_split(service: Any) -> None:
    results = run(service, {"quantity": "fidelities"}, a=FLIP, b=TURN)
    assert [numbers(results[label]) for label in "ab"] == [[1, 0], [0, 1]]
    results = run(service, {"quantity": "fidelities", "split": 1}, a=TURN, b=FLIP, c=TURN)
    assert numbers(results["a"]) == [0, 1]
    assert results["b"] == results["c"] == {}


def test_an_evolution_applies_the_second_circuit_to_the_first(service: Any) -> None:
    observables = f"@gzs2:{service.blob('Z0;Z1')}"
    state = {"quantity": "evolution", "repetitions": 2, "observables": observables}
    results = run(service, state, initial=TURN, block=FLIP)
    assert results["initial"]["shape"] == [3, 2]
    assert numbers(results["initial"]) == [0, 1, 0, -1, 0, 1]
    assert results["block"] == {}


def test_results_have_the_method_and_its_reason(service: Any) -> None:
    config = {"simulation_type": 1}
    job_id = service.open(
        job_type="STATE", state={"quantity": "mirror_fidelity"}, execution_configuration=config
    )
    add(service, job_id, {"a": service.header + FLIP})
    service.settle()
    (item,) = service.call("GET", f"/job/{job_id}/resultsV2/").json()["results"]
    assert item["details"] == {"method": "MatrixProductState", "reason": "it was requested"}


def test_a_program_without_a_state_vector_fails_with_a_reason(service: Any) -> None:
    job_id = service.open(job_type="STATE", state={"quantity": "statevector"})
    text = service.header + "qreg q[1];\nh q[0];\nreset q[0];\n"
    assert add(service, job_id, {"good": service.header + TURN, "bad": text}).ok
    service.settle()
    answer = service.call("GET", f"/job/{job_id}/resultsV2/")
    assert answer.status_code == 400
    assert service.says(answer, "job failed: circuit 'bad': the program contains a reset")
    assert [item["label"] for item in answer.json()["results"]] == ["good"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"job_type": "STATE"}, "state: expected state"),
        ({"state": {"quantity": "statevector"}}, "state: expected no state"),
        ({"job_type": "STATE", "state": {"quantity": "nothing"}}, "quantity: expected"),
        (
            {
                "job_type": "STATE",
                "state": {"quantity": "statevector"},
                "simulator_cluster": None,
                "qpu_system_name": "local_qpu",
            },
            "expected a simulator cluster",
        ),
    ],
)
def test_requests_that_make_no_sense_are_refused(service: Any, fields: dict[str, Any], words: str) -> None:
    answer = service.init(**fields)
    assert answer.status_code == 400
    assert service.says(answer, words)


def test_circuits_of_a_state_job_come_without_measurements(service: Any) -> None:
    job_id = service.open(job_type="STATE", state={"quantity": "statevector"})
    answer = add(service, job_id, {"a": service.header + TURN}, shots=10)
    assert answer.status_code == 400
    assert service.says(answer, "shots: expected no measurements with the circuits of a STATE job")
    template = {
        "mode": "append",
        "finalized": "true",
        "circuit_template": service.blob(service.header + TURN),
        "parameter_names": [],
        "parameter_sets": [{"label": "a", "values": []}],
    }
    answer = service.call("POST", f"/job/{job_id}/add_circuits/", template)
    assert answer.status_code == 400
    assert service.says(answer, "a STATE job accepts circuits, not a template")
