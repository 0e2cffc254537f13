"""The token is sent in a header, and appears nowhere else."""

import copy
import logging
import pickle
import re
import traceback
from pathlib import Path

import pytest
import requests
import responses
from _pytest._io.saferepr import saferepr

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.models.config import JobConfig
from qiskit_qoro.models.jobs import ExecutionResult
from qiskit_qoro.service import QoroService

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


def variables(error):
    """The representation of each local variable in the tracebacks of an error and of its causes."""
    for link in chain(error):
        for frame, _ in traceback.walk_tb(link.__traceback__):
            # The tests themselves know the token.
            if not Path(frame.f_code.co_filename).resolve().is_relative_to(Path(__file__).parents[1]):
                for name, value in frame.f_locals.items():
                    yield frame.f_code.co_qualname, name, saferepr(value, maxsize=None)


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
    if failure.get("json") == {"unexpected": 1} and action in (ACTIONS["ping"], ACTIONS["cancel"]):
        # These two return any response. They do not decode it.
        assert token not in repr(action(service).request.headers)
        return
    with pytest.raises(
        QoroError, match=r"no answer|no connection|: \d{3} |expected|invalid|redirects"
    ) as caught:
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
    with pytest.raises(QoroError, match=r"500 Internal Server Error") as caught:
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


# --- tracebacks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "create",
    [
        lambda token: QoroService(token, max_retries=0),
        lambda token: QoroService(token, JobConfig(shots=5)),
        lambda token: QoroService(token, execution_config=7),
        lambda token: QoroService(token, base_url="nowhere"),
        lambda token: QoroService(auth_token=f"{token} x"),
        lambda token: QoroService(token.encode()),
        lambda token: QoroProvider(token, base_url="nowhere"),
        lambda token: QoroProvider(token, journal=7),
        lambda token: QoroProvider(token, polling_interval=-1),
        lambda token: QoroProvider(f"{token}\n{token}"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_no_variable_of_a_constructor_that_fails_contains_the_token(token, create):
    with pytest.raises(
        (QoroInputError, UserWarning), match=r"expected|no authentication token|token contains|names neither"
    ) as caught:
        create(token)
    found = list(variables(caught.value))
    assert found
    assert [variable for variable in found if token in variable[2]] == []


@pytest.mark.parametrize(
    "content",
    [
        "QORO_API_KEY={token}\n# ü\n".encode("latin-1"),
        "QORO_API_KEY={token}".encode("utf-16"),
        b"QORO_API_KEY={token} x",
        b"QORO_API_KEY={token}${HOME}",
        b"QORO_API_KEY={token}\nQORO_API_URL=nowhere",
    ],
)
def test_no_variable_contains_a_token_from_a_file(token, tmp_path, content):
    for encoding in ("utf-8", "utf-16-le"):
        content = content.replace("{token}".encode(encoding), token.encode(encoding))
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(QoroInputError, match=r"\.env |the authentication token contains") as caught:
        QoroProvider()
    assert [variable for variable in variables(caught.value) if token in variable[2]] == []
    assert [text for text in texts(caught.value) if token in text] == []


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
@pytest.mark.parametrize(
    "answer", [None, b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"nonsense\r\n\r\n"]
)
def test_no_variable_of_a_request_that_fails_contains_the_token(raw_server, clock, token, action, answer):
    url = "http://127.0.0.1:1/api"
    if answer is not None:
        server = raw_server()
        server.answers = [answer]
        url = server.url
    with pytest.raises(QoroError, match=r"no answer|no connection") as caught:
        action(QoroService(token, base_url=url, clock=clock))
    # This includes the variables of the HTTP library, which contain the headers of the request.
    assert [variable for variable in variables(caught.value) if token in variable[2]] == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), RuntimeError("a bug")])
def test_no_variable_of_an_interrupted_request_contains_the_token(cloud, service, url, token, stop):
    def press(request):
        raise stop

    cloud.add_callback("GET", f"{url}/", press)
    with pytest.raises(type(stop)) as caught:
        service.test_connection()
    assert caught.value is stop
    assert [variable for variable in variables(caught.value) if token in variable[2]] == []


def test_a_pickled_provider_contains_the_token_because_it_needs_it(token, tmp_path):
    with QoroProvider(token, base_url="http://127.0.0.1:1/api", journal=tmp_path / "journal") as provider:
        assert token.encode() in pickle.dumps(provider)
        assert token not in repr(provider)


def test_a_service_that_repeats_the_token_does_not_make_it_appear(cloud, service, url, token, caplog):
    detail = f"invalid token {token}"
    cloud.get(f"{url}/job/j1/status/", status=401, json={"detail": detail})
    with pytest.raises(QoroError, match=r"401 Unauthorized: invalid token \(redacted\)\. Check") as caught:
        service.poll_job_status(JOB)
    assert caught.value.detail == "invalid token (redacted)"
    assert token not in "".join(texts(caught.value)) + caplog.text


def test_a_token_that_may_be_a_word_is_no_secret(cloud, url):
    cloud.get(f"{url}/job/j1/status/", status=401, json={"detail": "the token is unknown"})
    with pytest.raises(QoroError, match="the token is unknown"):
        QoroService("token", base_url=url).poll_job_status(JOB)
