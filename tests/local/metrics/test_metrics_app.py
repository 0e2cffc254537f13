"""The metrics of a running service, over HTTP."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from qiskit import QuantumCircuit

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local import Account, LocalService, serve
from qiskit_qoro.local.metrics.access import INSTALL_COMMAND, check_metrics
from qiskit_qoro.wire.endpoints import CREDIT_BALANCE


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with serve(
        workers=1,
        token="own-token",
        accounts={"ann-token": Account("ann")},
        metrics=True,
        metrics_token="metrics-token",
    ) as running:
        yield running


def url_of(service: LocalService) -> str:
    return f"{service.url.removesuffix('/api')}/metrics"


def get(service: LocalService, token: str = "own-token", **headers: str) -> requests.Response:
    headers["Authorization"] = f"Bearer {token}"
    return requests.get(url_of(service), headers=headers, timeout=30)


@pytest.mark.parametrize("token", ["own-token", "metrics-token"])
def test_the_token_of_the_service_and_that_of_the_metrics_read_them(
    service: LocalService, token: str
) -> None:
    answer = get(service, token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "qoro_places" in {family.name for family in parse(answer.text)}


def test_prometheus_may_ask_for_its_newer_format(service: LocalService) -> None:
    answer = get(service, Accept="application/openmetrics-text; version=1.0.0, text/plain; q=0.5")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "qoro_jobs_ended" in {family.name for family in parse_openmetrics(answer.text)}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer ann-token"},
        {"Authorization": "Bearer other"},
        {"Authorization": "Basic metrics-token"},
    ],
)
def test_nobody_else_reads_them(service: LocalService, headers: dict[str, str]) -> None:
    answer = requests.get(url_of(service), headers=headers, timeout=30)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json() == {
        "error": "missing or unknown token, expected that of the service's own account or of the metrics"
    }


def test_the_token_of_the_metrics_reads_nothing_else(service: LocalService) -> None:
    headers = {"Authorization": "Bearer metrics-token"}
    answer = requests.get(f"{service.url}{CREDIT_BALANCE.path}", headers=headers, timeout=30)
    assert answer.status_code == 401


def test_other_methods_and_paths_are_refused(service: LocalService) -> None:
    headers = {"Authorization": "Bearer own-token"}
    assert requests.post(url_of(service), headers=headers, timeout=30).status_code == 405
    assert requests.get(f"{url_of(service)}/x", headers=headers, timeout=30).status_code == 404
    assert (
        requests.get(url_of(service), headers={**headers, "Host": "evil.org"}, timeout=30).status_code == 421
    )


def test_a_job_and_the_requests_for_it_are_counted(service: LocalService) -> None:
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    with QoroProvider("ann-token", base_url=service.url, journal=False) as provider:
        provider.get_backend().run([circuit] * 3, shots=5).result()
    families = {family.name: family for family in parse(get(service).text)}
    (circuits,) = [
        sample.value for sample in families["qoro_circuits"].samples if sample.labels == {"account": "ann"}
    ]
    assert circuits == 3
    (ended,) = families["qoro_jobs_ended"].samples
    assert ended.labels == {"account": "ann", "kind": "run", "status": "COMPLETED"}
    endpoints = {sample.labels["endpoint"] for sample in families["qoro_requests"].samples}
    assert {"init_job", "get_results"} <= endpoints


def test_attempts_to_read_the_metrics_are_counted(service: LocalService) -> None:
    get(service, "guess")
    families = {family.name: family for family in parse(get(service).text)}
    (refused,) = [
        sample.value
        for sample in families["qoro_requests"].samples
        if sample.labels == {"endpoint": "metrics", "status": "401"}
    ]
    assert refused >= 1


def test_a_service_without_metrics_has_none_and_describes_none() -> None:
    with serve(workers=1) as plain, serve(workers=1, metrics=True) as watched:
        assert get(plain, plain.token).status_code == 404
        documents = [requests.get(f"{each.url}/openapi.json", timeout=30).text for each in (plain, watched)]
    assert documents[0] == documents[1]


def test_a_token_for_no_metrics_is_refused() -> None:
    with pytest.raises(QoroInputError, match=r"^there is a metrics_token, expected metrics=True with it$"):
        serve(metrics_token="x")


@pytest.mark.parametrize("token", ["own", "ann"])
def test_the_token_of_an_account_cannot_be_that_of_the_metrics(token: str) -> None:
    with pytest.raises(
        QoroInputError, match=r"^metrics_token is the token of an account, expected another one$"
    ):
        serve(token="own", accounts={"ann": Account("ann")}, metrics=True, metrics_token=token)


def test_a_malformed_token_is_refused() -> None:
    with pytest.raises(
        QoroInputError, match=r"^invalid token, expected printable ASCII text without spaces$"
    ):
        serve(metrics=True, metrics_token="a b")


def test_metrics_that_cannot_be_read_are_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with serve(workers=1, metrics=True) as damaged:
        with damaged.parts.database.transaction() as connection:
            connection.execute("ALTER TABLE accounts RENAME TO lost")
        answer = get(damaged, damaged.token)
    assert answer.status_code == 500
    assert answer.json() == {"error": "the metrics cannot be read: see the log of the service"}
    assert [record.getMessage() for record in caplog.records] == ["the metrics cannot be read"]


def test_the_command_that_installs_the_library_is_that_of_the_extra() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    (requirement,) = project["optional-dependencies"]["metrics"]
    assert f'python -m pip install "{requirement}"' == INSTALL_COMMAND


def test_without_the_library_there_is_one_line() -> None:
    with pytest.raises(
        QoroError, match=r"^metrics need prometheus-client, which is not installed: run python"
    ):
        check_metrics(True, None, (), find=lambda name: None)
