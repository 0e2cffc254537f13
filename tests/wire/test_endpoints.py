"""The endpoint table, compared with the known endpoints of the service."""

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.wire.endpoints import ENDPOINTS, GET_STATUS, PING

# Method and path, and whether a second request has a further effect.
KNOWN = {
    ("GET", "/"): False,
    ("GET", "/qpusystem/"): False,
    ("GET", "/simulatorcluster/"): False,
    ("GET", "/vendor-config-blueprint/"): False,
    ("POST", "/job/init/"): True,
    ("POST", "/job/create_failed/"): True,
    ("POST", "/job/{job_id}/add_circuits/"): True,
    ("GET", "/job/{job_id}/status/"): False,
    ("GET", "/job/{job_id}/resultsV2/"): False,
    ("POST", "/job/{job_id}/cancel/"): True,
    ("DELETE", "/job/{job_id}"): True,
    ("POST", "/job/{job_id}/execution_config/"): False,
    ("GET", "/job/{job_id}/execution_config/"): False,
    ("GET", "/credits/"): False,
    ("GET", "/credits/transactions/"): False,
    ("POST", "/job/{job_id}/submit_qubo/"): True,
    ("GET", "/job/{job_id}/validation_result/"): False,
    ("GET", "/job/{job_id}/validation_result/html/"): False,
}


def test_the_table_has_every_endpoint_of_the_service_once():
    assert {(row.method, row.path) for row in ENDPOINTS} == KNOWN.keys()
    assert len(ENDPOINTS) == len({row.name for row in ENDPOINTS}) == len(KNOWN)


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)
def test_only_requests_without_a_further_effect_are_repeatable(row):
    assert row.repeatable is not KNOWN[row.method, row.path]


@pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.name)
def test_every_endpoint_has_a_time_limit_and_a_summary(row):
    assert 0 < row.timeout_s <= 300
    assert row.summary


def test_a_url_consists_of_the_address_and_the_path_with_the_job():
    assert PING.url("https://host/api") == "https://host/api/"
    assert GET_STATUS.url("https://host/api", job_id="a1") == "https://host/api/job/a1/status/"


@pytest.mark.parametrize(
    ("job_id", "quoted"),
    [
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("a?b#c", "a%3Fb%23c"),
        ("{job_id}", "%7Bjob_id%7D"),
        ("ψ", "%CF%88"),
    ],
)
def test_a_job_id_is_quoted_as_one_part_of_the_path(job_id, quoted):
    assert GET_STATUS.url("", job_id=job_id) == f"/job/{quoted}/status/"


@pytest.mark.parametrize("job_id", [".", ".."])
def test_dots_as_a_job_id_are_refused(job_id):
    with pytest.raises(QoroInputError, match="expected the identifier of a job"):
        GET_STATUS.url("https://host/api", job_id=job_id)
