"""The exceptions: their base classes, their messages, and pickling them."""

import copy
import inspect
import pickle

import pytest
import requests
from qiskit.exceptions import QiskitError
from qiskit.providers import JobError
from qiskit.providers import JobTimeoutError as QiskitJobTimeoutError

from qiskit_qoro import errors
from qiskit_qoro.errors import (
    ExecutionCancelledError,
    JobFailedError,
    JobTimeoutError,
    MaxRetriesReachedError,
    QoroAPIError,
    QoroConnectionError,
    QoroError,
    QoroInputError,
    QoroJobError,
    QoroTimeoutError,
    RateLimitError,
    WireError,
)
from qiskit_qoro.models.jobs import JobStatus

CLASSES = [getattr(errors, name) for name in errors.__all__]


def answer(status=400):
    response = requests.Response()
    response.status_code = status
    response._content = b'{"error": "no"}'
    response.request = requests.Request("POST", "https://qoro.test/", data=b"{}").prepare()
    return response


def make(cls):
    if issubclass(cls, QoroAPIError):
        return cls("what went wrong", response=answer(), detail="no", job_id="j1")
    return cls("what went wrong", job_id="j1")


def test_every_error_is_listed_and_names_the_package_that_it_is_imported_from():
    assert set(errors.__all__) <= set(dir(errors))
    assert {cls.__module__ for cls in CLASSES} == {"qiskit_qoro.errors"}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_is_a_qiskit_error_and_shows_its_message(cls):
    error = make(cls)
    assert isinstance(error, QoroError)
    assert isinstance(error, QiskitError)
    assert str(error) == error.message == "what went wrong"
    assert error.args == ("what went wrong",)
    assert error.job_id == "j1"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_docstring_of_every_error_says_what_it_means_and_what_to_do(cls):
    meaning, what_to_do, *_ = inspect.getdoc(cls).split("\n\n")
    assert "\n" not in meaning
    assert not what_to_do.startswith("Attributes:")


@pytest.mark.parametrize(
    ("cls", "base"),
    [
        (QoroInputError, ValueError),
        (WireError, ValueError),
        (QoroConnectionError, requests.exceptions.ConnectionError),
        (QoroTimeoutError, requests.exceptions.Timeout),
        (QoroTimeoutError, QoroConnectionError),
        (QoroAPIError, requests.exceptions.HTTPError),
        (QoroJobError, JobError),
        (JobTimeoutError, QiskitJobTimeoutError),
    ],
)
def test_errors_have_their_documented_base_classes(cls, base):
    assert issubclass(cls, base)


@pytest.mark.parametrize("name", errors.__all__)
def test_the_docstring_of_the_module_shows_every_error(name):
    assert name in errors.__doc__


@pytest.mark.parametrize("twin_of", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy])
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_survives_pickling_and_copying(cls, twin_of):
    error = make(cls)
    error.extend("And more")
    twin = twin_of(error)
    assert type(twin) is cls
    assert str(twin) == "what went wrong. And more"
    assert (twin.args, twin.job_id) == (error.args, "j1")


def test_an_api_error_is_pickled_with_its_response():
    twin = pickle.loads(pickle.dumps(make(QoroAPIError)))
    assert (twin.status_code, twin.detail, twin.response.json()) == (400, "no", {"error": "no"})
    assert twin.request.method == "POST"


def test_the_attributes_of_an_error_are_pickled():
    limited = make(RateLimitError)
    limited.retry_after_s = 5.0
    assert pickle.loads(pickle.dumps(limited)).retry_after_s == 5.0
    retries = MaxRetriesReachedError("m", job_id="j1", retries=7)
    assert pickle.loads(pickle.dumps(retries)).retries == 7
    failed = JobFailedError("m", job_id="j1", status=JobStatus.FAILED)
    assert pickle.loads(pickle.dumps(failed)).status is JobStatus.FAILED


def test_an_extended_message_is_part_of_str_and_repr():
    error = ExecutionCancelledError("stopped")
    error.extend("The job continues")
    assert str(error) == "stopped. The job continues"
    assert "The job continues" in repr(error)


def test_a_connection_error_holds_no_request():
    error = QoroConnectionError("lost")
    assert (error.request, error.response) == (None, None)
