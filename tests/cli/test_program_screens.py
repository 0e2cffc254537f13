"""The screens of the commands that submit programs and problems."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses
from requests import PreparedRequest

JOB = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"

GHZ = """OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
h q[0];
cx q[0], q[1];
cx q[1], q[2];
c = measure q;
"""
UNMEASURED = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[4]; h q; cx q[0], q[1]; cx q[2], q[3];'
TRIANGLE = [[-2, 1, 1], [1, -2, 1], [1, 1, -2]]


@pytest.fixture
def files(bell: str, tmp_path: Path) -> None:
    """Programs and a problem in the working directory."""
    (tmp_path / "ghz.qasm").write_text(GHZ)
    (tmp_path / "state.qasm").write_text(UNMEASURED)
    (tmp_path / "triangle.json").write_text(json.dumps(TRIANGLE))
    (tmp_path / "wrong.qasm").write_text(Path(bell).read_text().replace("cx", "cnot"))


@pytest.fixture
def answers(scripted: responses.RequestsMock, url: str) -> Callable[..., None]:
    """Let the service complete the next job with the given outcomes, one for each circuit."""
    scripted.get(f"{url}/simulatorcluster/", json=[{"name": "qoro_maestro", "supports_expval": True}])
    scripted.get(f"{url}/qpusystem/", json=[])
    scripted.get(f"{url}/openapi.json", status=404)
    scripted.get(f"{url}/credits/", json={"balance": "412.5000", "total_used": "87.5000"})
    scripted.post(f"{url}/job/init/", json={"job_id": JOB})
    scripted.get(f"{url}/job/{JOB}/status/", json={"status": "COMPLETED", "run_time": 0.0123})

    def script(*outcomes: dict[str, float]) -> None:
        def add_circuits(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
            labels = json.loads(request.body or "")["circuits"]
            results = [
                {"label": label, "results": outcome} for label, outcome in zip(labels, outcomes, strict=True)
            ]
            page = {"count": len(results), "next": None, "results": results}
            scripted.upsert("GET", f"{url}/job/{JOB}/resultsV2/", json=page)
            return 200, {}, "{}"

        scripted.add_callback("POST", f"{url}/job/{JOB}/add_circuits/", add_circuits)

    return script


@pytest.mark.usefixtures("files")
def test_run(screen: Any, answers: Callable[..., None]) -> None:
    answers({"00": 507, "11": 493, "01": 24})
    screen.show("one circuit", "run", "bell.qasm")
    screen.show("detached", "run", "bell.qasm", "--detach")
    screen.show("with a file", "run", "bell.qasm", "--out", "bell.csv")


@pytest.mark.usefixtures("files")
def test_run_several_circuits(screen: Any, answers: Callable[..., None]) -> None:
    answers({"00": 507, "11": 517}, {"000": 480, "111": 544})
    screen.show("several circuits", "run", "bell.qasm", "ghz.qasm")


@pytest.mark.usefixtures("files")
def test_resubmit(screen: Any, answers: Callable[..., None]) -> None:
    answers({"00": 507, "11": 517})
    assert screen.run("run", "bell.qasm") == 0
    screen.show("results", "resubmit", "last")
    screen.show("detached", "resubmit", "4f38be34", "--detach")
    screen.show("no failures", "resubmit", "last", "--failed-only", code=2)


def test_resubmit_a_job_of_another_machine(screen: Any, scripted: responses.RequestsMock, url: str) -> None:
    scripted.get(f"{url}/job/{JOB}/status/", json={"status": "FAILED"})
    screen.show("programs are unknown", "resubmit", JOB, code=2)


@pytest.mark.usefixtures("files")
def test_estimate(screen: Any, answers: Callable[..., None]) -> None:
    answers({"ZZII": 1.0, "IIXX": 0.25, "XIII": 0.5})
    observables = ("--observable", "IIZZ, XXII", "--observable", "0.5*IIZZ - 2*XXII + 0.25*IIIX")
    screen.show("exact values", "estimate", "state.qasm", *observables)
    screen.show("expectation values", "run", "state.qasm", *observables)


@pytest.mark.usefixtures("files")
def test_wrong_programs(screen: Any, answers: Callable[..., None]) -> None:
    answers({})
    screen.show("wrong program", "run", "bell.qasm", "wrong.qasm", code=2)
    screen.show("nothing measured", "run", "state.qasm", code=2)
    screen.show("wrong observable", "estimate", "state.qasm", "--observable", "ZZ", code=2)
    screen.show("no picture", "estimate", "state.qasm", "--observable", "ZZII", "--out", "x.png", code=2)


@pytest.mark.usefixtures("files")
def test_characterize(screen: Any, scripted: responses.RequestsMock, url: str) -> None:
    answer = {
        "job_id": JOB,
        "status": "COMPLETED",
        "hardness": {"difficulty": "easy", "matrix_spectral_gap": 0.0, "matrix_condition_number": 1.0},
        "report": {
            "num_qubits": 3,
            "quality_at_best": 92.1327,
            "concentration_at_best": 1.30711,
            "approximation_ratio": 0.980332,
            "best_parameters": {"gamma": 0.634698, "beta": -0.224399},
        },
        "recommendations": [
            {"level": "info", "metric": "symmetry", "text": "Fix one variable to save a qubit."},
            {"level": "warn", "metric": "penalty", "text": "The penalty is larger than necessary: halve it."},
        ],
    }
    scripted.get(f"{url}/openapi.json", status=404)
    scripted.get(f"{url}/credits/", json={"balance": "412.5000", "total_used": "87.5000"})
    scripted.post(f"{url}/job/init/", json={"job_id": JOB})
    scripted.post(f"{url}/job/{JOB}/submit_qubo/", json=answer)
    scripted.get(f"{url}/job/{JOB}/status/", json={"status": "COMPLETED", "run_time": 0.0123})
    scripted.get(f"{url}/job/{JOB}/validation_result/", json=answer)
    scripted.get(f"{url}/job/{JOB}/validation_result/html/", body="<section>report</section>")
    screen.show("summary", "characterize", "triangle.json")
    screen.show("with a report", "characterize", "triangle.json", "--out", "report.html")
    screen.show("wrong file", "characterize", "bell.qasm", code=2)


@pytest.mark.usefixtures("files")
def test_plan(screen: Any) -> None:
    # The local service has rules for the choice of the method, and announces its prices.
    screen.show("counts", "plan", "bell.qasm", "ghz.qasm", "--seed", "7", "--tag", "two", "--local")
    screen.show("expectation values", "plan", "state.qasm", "--observable", "ZZII,XXII", "--local")
