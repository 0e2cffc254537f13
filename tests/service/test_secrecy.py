"""The token is sent in a header, and appears nowhere else."""

import copy
import logging
import pickle
import re
import traceback

import pytest
import requests
import responses

from qiskit_qoro.errors import QoroError
from qiskit_qoro.models.jobs import ExecutionResult

BELL = (
    'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\ncx q[0],q[1];\nmeasure q -> c;\n'
)
JOB = ExecutionResult(job_id="j1")


def chain(error):
    """The error with all its causes and contexts."""
    seen = []
    waiting = [error]
    while waiting:
        error = waiting.pop()
        if error is not None and error not in seen:
            seen.append(error)
            waiting += [error.__cause__, error.__context__]
    return seen


def requests_of(error):
    """Every request that an error refers to."""
    answer = getattr(error, "response", None)
    held = [getattr(error, "request", None)]
    if answer is not None:
        held += [
            answer.request,
            getattr(answer, "next", None),
            *(earlier.request for earlier in answer.history),
        ]
    return [request for request in held if request is not None]


def texts(error):
    for link in chain(error):
        yield from (str(link), repr(link), repr(link.args), *getattr(link, "__notes__", ()))
        yield from (repr(vars(request)) for request in requests_of(link))
        yield from (repr(dict(request.headers)) for request in requests_of(link))
    yield "".join(traceback.format_exception(error))


ACTIONS = {
    "ping": lambda service: service.test_connection(),
    "submit": lambda service: service.submit_circuits({"bell": BELL}),
    "poll": lambda service: service.poll_job_status(JOB, loop_until_complete=True),
    "results": lambda service: service.get_job_results(JOB),
    "cancel": lambda service: service.cancel_job(JOB),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
@pytest.mark.parametrize(
    "failure",
    [
        {"body": requests.exceptions.ConnectionError("reset")},
        {"body": requests.exceptions.ReadTimeout("slow")},
        {"body": requests.exceptions.ConnectTimeout("slow")},
        {"body": requests.exceptions.SSLError("certificate")},
        {"body": requests.exceptions.ChunkedEncodingError("cut")},
        {"status": 401, "json": {"detail": "Invalid token."}},
        {"status": 403},
        {"status": 404},
        {"status": 409, "body": "<html>"},
        {"status": 429},
        {"status": 500},
        {"status": 302, "headers": {"Location": "https://elsewhere.test/"}},
        {"status": 200, "body": "<html>"},
        {"status": 200, "json": {"unexpected": 1}},
    ],
    ids=lambda failure: str(failure.get("status") or type(failure["body"]).__name__),
)
def test_no_error_and_nothing_that_it_refers_to_contains_the_token(
    cloud, service, token, caplog, action, failure
):
    caplog.set_level(logging.DEBUG)
    if "status" not in failure:
        # Errors of the HTTP library refer to the request.
        failure = {"body": type(failure["body"])(str(failure["body"]))}
        request = requests.Request("GET", "https://qoro.test/", headers={"Authorization": f"Bearer {token}"})
        failure["body"].request = request.prepare()
    for method in (responses.GET, responses.POST):
        cloud.add(method, re.compile(r"https://\w+\.test/.*"), **failure)
    if failure.get("status") == 200 and action in (ACTIONS["ping"], ACTIONS["cancel"]):
        # These two return any response. They do not decode it.
        assert token not in repr(action(service).request.headers)
        return
    with pytest.raises(QoroError) as caught:
        action(service)
    assert [text for text in texts(caught.value) if token in text] == []
    assert [text for text in texts(pickle.loads(pickle.dumps(caught.value))) if token in text] == []
    assert token.encode() not in pickle.dumps(caught.value)
    assert token not in caplog.text


def test_the_error_of_an_upload_does_not_contain_the_token(cloud, service, url, token, caplog):
    caplog.set_level(logging.DEBUG)
    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"})
    cloud.add("POST", f"{url}/job/j1/add_circuits/", status=500)
    cloud.add("POST", f"{url}/job/j1/cancel/", body=requests.exceptions.ConnectionError("reset"))
    with pytest.raises(QoroError) as caught:
        service.submit_circuits({"bell": BELL})
    assert [text for text in texts(caught.value) if token in text] == []
    assert token not in caplog.text
    assert "j1" in caplog.text


def test_a_returned_response_does_not_contain_the_token(cloud, service, url, token):
    cloud.add("GET", f"{url}/", json={})
    answer = service.test_connection()
    assert answer.request.headers["Authorization"] == "Bearer (redacted)"
    assert token.encode() not in pickle.dumps(answer)


@pytest.mark.parametrize("show", [repr, str, lambda service: repr(copy.deepcopy(service))])
def test_the_client_does_not_show_the_token(service, token, show):
    assert token not in show(service)
    assert token not in repr(service._transport)


def test_a_pickled_client_contains_the_token_because_it_needs_it(service, token):
    assert token.encode() in pickle.dumps(service)
