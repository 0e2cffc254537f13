"""The public function ``characterize`` on the local service: new and earlier characterizations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from qiskit_qoro import (
    CharacterizationResult,
    JobConfig,
    NotFoundError,
    QoroInputError,
    QoroProvider,
    QoroService,
    characterize,
)
from qiskit_qoro.local import LocalService

# MaxCut of a triangle: cutting two of three edges is best.
TRIANGLE = np.array([[-2.0, 1.0, 1.0], [1.0, -2.0, 1.0], [1.0, 1.0, -2.0]])


@pytest.fixture
def service(local_service: LocalService) -> Iterator[QoroService]:
    config = JobConfig(simulator_cluster="qoro_maestro")
    service = QoroService(local_service.token, config, polling_interval=0.25, base_url=local_service.url)
    yield service
    service.close()


@pytest.mark.parametrize(
    "problem",
    [TRIANGLE, {(0,): -2.0, 1: -2.0, "2": -2.0, (0, 1): 2.0, "0,2": 2.0, (2, 1): 2.0}],
    ids=["matrix", "mapping"],
)
def test_a_problem_is_characterized(service: QoroService, problem: Any) -> None:
    result = characterize(problem, service=service, target_states=["011"], options={"preset": "deep"})
    assert isinstance(result, CharacterizationResult)
    assert (result.status, result.num_qubits, result.difficulty) == ("COMPLETED", 3, "easy")
    assert result.spectral_gap == pytest.approx(0, abs=1e-9)
    assert result.condition_number == pytest.approx(1)
    assert result.raw["hardness"]["cost_min"] == -2
    assert 0 < (result.approximation_ratio or 0) <= 1
    assert result.best_parameters is not None
    assert result.best_parameters.keys() == {"gamma", "beta"}
    assert result.state_probabilities.keys() >= {"011"}
    assert result.sensitivity.keys() == {0, 1, 2}
    assert {item.level for item in result.recommendations} <= {"info", "warn", "action"}
    assert result.html.startswith('<section class="qvr-root">')
    assert result.job_id in result.summary()


def test_an_earlier_characterization_is_read_again_without_cost(service: QoroService) -> None:
    first = characterize(TRIANGLE, service=service, tag="mine")
    used = service.get_credit_balance()["total_used"]
    again = characterize(service=service, job_id=first.job_id)
    assert (again.raw, again.html) == (first.raw, first.html)
    assert again.job_id == first.job_id
    assert service.get_credit_balance()["total_used"] == used


def test_with_a_job_identifier_the_other_arguments_are_ignored(service: QoroService) -> None:
    first = characterize({"0": -1.0}, service=service)
    again = characterize(
        "no problem",
        service=service,
        job_id=first.job_id,
        options=5,
        target_states=["x"],  # type: ignore[arg-type]
    )
    assert again.raw == first.raw


def test_variables_without_coefficients_count(service: QoroService) -> None:
    assert characterize(np.diag([-1.0, 0.0, 0.0]), service=service).num_qubits == 3
    assert characterize({"0": -1.0}, service=service, options={"n_qubits": 4}).num_qubits == 4


def test_an_unknown_characterization_is_not_found(service: QoroService) -> None:
    with pytest.raises(NotFoundError, match="nothing"):
        characterize(service=service, job_id="nothing")


@pytest.mark.parametrize("job_id", ["", 5, ["x"]])
def test_an_invalid_identifier_is_refused(service: QoroService, job_id: Any) -> None:
    with pytest.raises(QoroInputError, match=r"job_id is .*, expected text"):
        characterize(service=service, job_id=job_id)


def test_a_problem_or_an_identifier_is_needed(service: QoroService) -> None:
    with pytest.raises(QoroInputError, match="expected a dict, a matrix or a QuadraticProgram, got NoneType"):
        characterize(service=service)


def test_a_provider_is_refused_with_the_hint_to_pass_its_service() -> None:
    provider: Any = QoroProvider("token", journal=False)
    with pytest.raises(QoroInputError, match=r"service is a QoroProvider, .*: pass the service of"):
        characterize({0: 1.0}, service=provider)
