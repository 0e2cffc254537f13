"""Answers that deviate from the protocol, and what the client makes of them.

The file is a table. Each section is about one kind of answer, and each row has one deviation and its
expectation: a value, a value and a warning in the log, or an error. Everything that has one meaning only is
read. What nobody reads is not checked. In a list, one odd element is left out with a warning. What could give
wrong results is an error with the identifier of the job.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import pytest
import responses

from qiskit_qoro import QoroProvider, QoroService
from qiskit_qoro.errors import (
    AuthenticationError,
    ConflictError,
    InsufficientCreditsError,
    NotFoundError,
    QoroAPIError,
    WireError,
)
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod
from qiskit_qoro.models.jobs import ExecutionResult, JobOutcome
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.models.vendors import VendorBlueprint, VendorField
from qiskit_qoro.qubo.characterization import CharacterizationResult, Recommendation, characterize
from qiskit_qoro.wire.histograms.encoding import encode_histogram

URL = "https://qoro.test/api"
JOB = ExecutionResult(job_id="j1")
PROGRAM = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; measure q -> c;'
NAN, INFINITY = float("nan"), float("inf")


# --- the parts of the table ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Gives:
    """The expected value, and a part of the only warning, or ``None`` if there is no warning."""

    value: Any
    warning: str | None = None


@dataclass(frozen=True)
class Fails:
    """The expected error: its class, and a regular expression for its message."""

    kind: type[Exception]
    message: str


class Refuses(Fails):
    """The answer is expected to be refused as one that breaks the protocol."""

    def __init__(self, message: str) -> None:
        super().__init__(WireError, message)


@dataclass(frozen=True)
class Answer:
    """An answer that is not just JSON with the status code 200."""

    body: bytes = b""
    content_type: str = "application/json"
    status: int = 200


@dataclass(frozen=True)
class Answers:
    """The answers to several requests to the same path."""

    bodies: list[Any]


Row = tuple[str, Any, Gives | Fails]
"""A deviation, the answer that has it, and what is expected."""


@dataclass
class Section:
    """A kind of answer: the request that it answers, and the call that reads it."""

    name: str
    request: tuple[str, str]
    call: Callable[[QoroService], Any]
    rows: list[Row] = field(default_factory=list)


def rows_of_fields(
    body: Callable[[dict[str, Any]], Any], value: Callable[[str, Any], Any], table: Iterable[tuple[Any, ...]]
) -> list[Row]:
    """Rows for single fields: the field, how it deviates, what is read, and perhaps a warning.

    Args:
        body: Returns the answer, given the deviating field.
        value: Returns the expected value of the call, given the field and what is read.
        table: The rows. ``...`` as the deviation means that the field is missing.
    """
    rows = []
    for name, deviation, read, *warning in table:
        what = f"{name} is {'missing' if deviation is ... else repr(deviation)}"
        rows.append((what, body({name: deviation}), Gives(value(name, read), *warning)))
    return rows


def changed(body: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A body with fields replaced, or removed if the new value is ``...``."""
    return {key: value for key, value in (body | change).items() if value is not ...}


def as_json(body: object, **changes: Any) -> bytes:
    return json.dumps(body, **changes).encode()


# --- normal answers: a section replaces that of its request ---------------------------------------------

QPU_BODY = {"nickname": "n", "q_bits": 5, "status": "online", "system_kind": "ion", "vendor_type": "IonQ"}
SYSTEM_BODY = {"name": "q", "qpus": [QPU_BODY], "access_level": "PUBLIC", "supports_expval": False}
CLUSTER_BODY = {"name": "qoro_maestro", "access_level": "PUBLIC", "minimum_tier": "FREE"}

NORMAL: dict[tuple[str, str], Any] = {
    ("GET", "/"): {},
    ("GET", "/qpusystem/"): [SYSTEM_BODY],
    ("GET", "/simulatorcluster/"): [CLUSTER_BODY],
    ("GET", "/vendor-config-blueprint/"): {},
    ("POST", "/job/init/"): {"job_id": "j1"},
    ("POST", "/job/j1/add_circuits/"): {},
    ("POST", "/job/j1/cancel/"): {},
    ("DELETE", "/job/j1"): Answer(status=204),
    ("GET", "/job/j1/status/"): {"status": "COMPLETED"},
    ("GET", "/job/j1/resultsV2/"): {"count": 0, "next": None, "previous": None, "results": []},
    ("GET", "/job/j1/execution_config/"): {"job_id": "j1", "execution_configuration": {}},
    ("POST", "/job/j1/execution_config/"): {"status": "ok"},
    ("GET", "/job/j1/validation_result/"): {"job_id": "j1"},
    ("GET", "/job/j1/validation_result/html/"): Answer(b"<div></div>", "text/html"),
    ("GET", "/credits/"): {},
    ("GET", "/credits/transactions/"): {},
}


# --- QPU systems ----------------------------------------------------------------------------------------

QPU_VALUE = QPU("n", 5, "online", "ion", "IonQ")
SYSTEM = QPUSystem("q", (QPU_VALUE,))

QPU_FIELDS = Section(
    "field of a QPU",
    ("GET", "/qpusystem/"),
    lambda service: service.fetch_qpu_systems(),
    rows_of_fields(
        lambda change: [SYSTEM_BODY | {"qpus": [changed(QPU_BODY, change)]}],
        lambda name, read: [replace(SYSTEM, qpus=(replace(QPU_VALUE, **{name: read}),))],
        [
            ("q_bits", "5", 5),
            ("q_bits", " 25 ", 25),
            ("q_bits", 5.0, 5),
            ("q_bits", "5.0", 5),
            ("q_bits", None, 0),
            ("q_bits", ..., 0),
            ("q_bits", 5.5, 0, "QPU 'n': q_bits is 5.5, which cannot be read"),
            ("q_bits", -1, 0, "q_bits is -1"),
            ("q_bits", True, 0, "q_bits is True"),
            ("q_bits", "many", 0, "q_bits is 'many'"),
            ("q_bits", [5], 0, "q_bits is [5]"),
            ("q_bits", NAN, 0, "q_bits is nan"),
            ("nickname", None, "unknown"),
            ("nickname", ..., "unknown"),
            ("nickname", 7, "7"),
            ("nickname", "", ""),
            ("status", None, "unknown"),
            ("status", ..., "unknown"),
            ("status", 1, "1"),
            ("status", True, "online"),
            ("status", False, "offline"),
            ("status", {"code": 3}, '{"code": 3}'),
            ("system_kind", None, "unknown"),
            ("system_kind", 2, "2"),
            ("system_kind", ["ion", "trap"], '["ion", "trap"]'),
            ("vendor_type", 3, "3"),
            ("vendor_type", {}, "{}"),
            ("vendor_type", "", ""),
            ("vendor_type", "\ud83d", "?"),
        ],
    ),
)

SYSTEM_FIELDS = Section(
    "field of a QPU system",
    ("GET", "/qpusystem/"),
    lambda service: service.fetch_qpu_systems(),
    rows_of_fields(
        lambda change: [changed(SYSTEM_BODY, change)],
        lambda name, read: [replace(SYSTEM, **{name: read})],
        [
            ("supports_expval", 0, False),
            ("supports_expval", 1, True),
            ("supports_expval", "true", True),
            ("supports_expval", " False ", False),
            ("supports_expval", "yes", True),
            ("supports_expval", None, False),
            ("supports_expval", "perhaps", False, "QPU system 'q': supports_expval is 'perhaps'"),
            ("supports_expval", 2, False, "supports_expval is 2"),
            ("supports_expval", [], False, "supports_expval is []"),
            ("access_level", 1, "1"),
            ("access_level", None, "PUBLIC"),
            ("access_level", ["PUBLIC"], '["PUBLIC"]'),
            ("qpus", None, ()),
            ("qpus", ..., ()),
            ("qpus", [], ()),
            ("qpus", {}, (), "QPU system 'q': qpus is {}, which cannot be read"),
            ("qpus", "n", (), "qpus is 'n'"),
            ("qpus", [None, QPU_BODY], (QPU_VALUE,), "QPU system 'q': qpus[0] is left out: QPU: expected"),
            ("qpus", [QPU_BODY, "n"], (QPU_VALUE,), "qpus[1] is left out"),
        ],
    ),
)

SYSTEMS = Section(
    "list of QPU systems",
    ("GET", "/qpusystem/"),
    lambda service: [system.name for system in service.fetch_qpu_systems()],
    [
        ("unknown field", [SYSTEM_BODY | {"surprise": 1}], Gives(["q"])),
        ("no name", [{"qpus": []}, SYSTEM_BODY], Gives(["q"], "QPU systems[0] is left out: name")),
        ("null name", [SYSTEM_BODY, {"name": None}], Gives(["q"], "QPU systems[1] is left out: name")),
        ("empty name", [{"name": ""}, SYSTEM_BODY], Gives(["q"], "left out: name: expected text, got ''")),
        ("name that UTF-8 cannot encode", [{"name": "\ud83d"}, SYSTEM_BODY], Gives(["q"], "left out")),
        ("integer name", [{"name": 17}], Gives(["17"])),
        ("null element", [None, SYSTEM_BODY], Gives(["q"], "QPU systems[0] is left out")),
        ("text as an element", ["p", SYSTEM_BODY], Gives(["q"], "QPU system: expected an object, got 'p'")),
        ("only odd elements", [{}], Gives([], "QPU systems[0] is left out")),
        ("single page", {"count": 1, "next": None, "results": [SYSTEM_BODY]}, Gives(["q"])),
        ("page without next", {"results": [SYSTEM_BODY]}, Gives(["q"])),
        (
            "several pages",
            Answers(
                [
                    {"next": "http://inside:8000/api/qpusystem/?page=2", "results": [SYSTEM_BODY]},
                    {"next": "", "results": [{"name": "r"}]},
                ]
            ),
            Gives(["q", "r"]),
        ),
        (
            "pages without end",
            {"next": f"{URL}/qpusystem/?page=2", "results": [SYSTEM_BODY]},
            Gives(["q"], "/qpusystem/: the pages of the list have no end"),
        ),
        (
            "next as a number",
            {"next": 2, "results": [SYSTEM_BODY]},
            Gives(["q"], "next is 2: the other pages are left out"),
        ),
        ("object", {"systems": []}, Refuses("invalid response to GET .*: expected a list")),
        ("null", None, Refuses("body: expected a list, got None")),
        ("page with null results", {"results": None}, Refuses("results: expected a list")),
        ("page of HTML", Answer(b"<html>login</html>", "text/html"), Refuses("expected JSON from")),
        ("empty body", Answer(b""), Refuses("got 0 bytes")),
    ],
)


# --- simulator clusters ---------------------------------------------------------------------------------

CLUSTER = SimulatorCluster("qoro_maestro")

CLUSTER_FIELDS = Section(
    "field of a simulator cluster",
    ("GET", "/simulatorcluster/"),
    lambda service: service.fetch_simulator_clusters(),
    rows_of_fields(
        lambda change: [changed(CLUSTER_BODY, change)],
        lambda name, read: [replace(CLUSTER, **{name: read})],
        [
            ("access_level", 2, "2"),
            ("access_level", None, "PUBLIC"),
            ("access_level", ..., "PUBLIC"),
            ("minimum_tier", 3, "3"),
            ("minimum_tier", 1.5, "1.5"),
            ("minimum_tier", None, "FREE"),
            ("minimum_tier", {"name": "PRO"}, '{"name": "PRO"}'),
        ],
    ),
)

CLUSTERS = Section(
    "list of simulator clusters",
    ("GET", "/simulatorcluster/"),
    lambda service: [cluster.name for cluster in service.fetch_simulator_clusters()],
    [
        ("no name", [{}, CLUSTER_BODY], Gives(["qoro_maestro"], "simulator clusters[0] is left out")),
        ("number as an element", [5, CLUSTER_BODY], Gives(["qoro_maestro"], "simulator clusters[0]")),
        ("page", {"count": 1, "next": None, "results": [CLUSTER_BODY]}, Gives(["qoro_maestro"])),
        ("object", {}, Refuses("expected a list")),
        ("text", "qoro_maestro", Refuses("expected a list")),
    ],
)


# --- backends: one odd list or element must not hide the others -------------------------------------------


def backends(_: QoroService) -> list[tuple[str, int]]:
    with QoroProvider("t", base_url=URL) as provider:
        found = [(backend.name, backend.num_qubits) for backend in provider.backends()]
        assert all(provider.get_backend(name).num_qubits == width for name, width in found)
        return found


SIMULATOR_BACKEND, QPU_BACKEND = ("qoro_maestro", 1024), ("q", 5)

BACKENDS = Section(
    "backends with odd QPU systems",
    ("GET", "/qpusystem/"),
    backends,
    [
        ("none", [], Gives([SIMULATOR_BACKEND])),
        (
            "one odd QPU beside a good one",
            [SYSTEM_BODY | {"qpus": [{"nickname": None, "q_bits": None}, QPU_BODY]}],
            Gives([SIMULATOR_BACKEND, QPU_BACKEND]),
        ),
        (
            "only QPUs without a width",
            [{"name": "p", "qpus": [{"q_bits": None}]}, SYSTEM_BODY],
            Gives([SIMULATOR_BACKEND, QPU_BACKEND], "'p' is left out: QPU system 'p' has no QPU"),
        ),
        (
            "a width beyond all limits",
            [{"name": "p", "qpus": [QPU_BODY | {"q_bits": 10**30}]}, SYSTEM_BODY],
            Gives([SIMULATOR_BACKEND, QPU_BACKEND], "'p' is left out"),
        ),
        ("null qpus", [{"name": "p", "qpus": None}], Gives([SIMULATOR_BACKEND], "'p' is left out")),
        (
            "object",
            {"detail": "?"},
            Gives([SIMULATOR_BACKEND], "some backends are left out: invalid response"),
        ),
        (
            "permission denied",
            Answer(as_json({"detail": "no QPU"}), status=403),
            Gives([SIMULATOR_BACKEND], "some backends are left out: GET /qpusystem/: 403"),
        ),
        ("unknown path", Answer(status=404), Gives([SIMULATOR_BACKEND], "some backends are left out")),
    ],
)

CLUSTER_BACKENDS = Section(
    "backends with odd simulators",
    ("GET", "/simulatorcluster/"),
    backends,
    [
        ("none", [], Gives([QPU_BACKEND])),
        ("integer tier", [CLUSTER_BODY | {"minimum_tier": 1}], Gives([SIMULATOR_BACKEND, QPU_BACKEND])),
        ("odd element", [None, CLUSTER_BODY], Gives([SIMULATOR_BACKEND, QPU_BACKEND], "clusters[0]")),
        ("object", {}, Gives([QPU_BACKEND], "some backends are left out")),
    ],
)


# --- status ---------------------------------------------------------------------------------------------


def state(service: QoroService) -> tuple[str, float | None]:
    found = service.get_job_state(JOB)
    return found.status.value, found.run_time_s


STATUS = Section(
    "status",
    ("GET", "/job/j1/status/"),
    state,
    [
        ("lower case", {"status": "completed"}, Gives(("COMPLETED", None))),
        ("capitalized", {"status": "Failed"}, Gives(("FAILED", None))),
        ("spaces around it", {"status": " COMPLETED\n"}, Gives(("COMPLETED", None))),
        ("space between words", {"status": "Timed out"}, Gives(("TIMED_OUT", None))),
        ("hyphen", {"status": "insufficient-credits"}, Gives(("INSUFFICIENT_CREDITS", None))),
        ("no separator", {"status": "TimedOut"}, Gives(("TIMED_OUT", None))),
        ("American spelling", {"status": "CANCELED"}, Gives(("CANCELLED", None))),
        ("unknown status", {"status": "DREAMING"}, Gives(("DREAMING", None))),
        ("empty status", {"status": ""}, Gives(("", None))),
        ("unknown field", {"status": "RUNNING", "queue": 3}, Gives(("RUNNING", None))),
        ("run time as text", {"status": "COMPLETED", "run_time": "1.5"}, Gives(("COMPLETED", 1.5))),
        ("run time as text with spaces", {"status": "FAILED", "run_time": " 2 "}, Gives(("FAILED", 2.0))),
        ("integer run time", {"status": "COMPLETED", "run_time": 2}, Gives(("COMPLETED", 2.0))),
        (
            "run time in scientific notation",
            {"status": "FAILED", "run_time": "1e-3"},
            Gives(("FAILED", 0.001)),
        ),
        ("empty run time", {"status": "COMPLETED", "run_time": ""}, Gives(("COMPLETED", None))),
        ("run time NaN", {"status": "COMPLETED", "run_time": NAN}, Gives(("COMPLETED", None))),
        ("infinite run time", {"status": "COMPLETED", "run_time": INFINITY}, Gives(("COMPLETED", None))),
        ("run time NaN as text", {"status": "FAILED", "run_time": "nan"}, Gives(("FAILED", None))),
        ("null run time", {"status": "RUNNING", "run_time": None}, Gives(("RUNNING", None))),
        ("negative run time", {"status": "FAILED", "run_time": -1}, Gives(("FAILED", None))),
        ("run time as a clock", {"status": "FAILED", "run_time": "00:01:30"}, Gives(("FAILED", None))),
        ("run time of another type", {"status": "FAILED", "run_time": [1]}, Gives(("FAILED", None))),
        ("huge run time", {"status": "FAILED", "run_time": 10**400}, Gives(("FAILED", None))),
        ("null status", {"status": None}, Refuses("status: expected text, got nothing")),
        ("no status", {"run_time": 1}, Refuses("status: expected text, got nothing")),
        ("number as status", {"status": 5}, Refuses("status: expected text, got 5")),
        ("list", [{"status": "RUNNING"}], Refuses("body: expected an object")),
        ("null", None, Refuses("body: expected an object, got None")),
        ("empty body", Answer(b""), Refuses("got 0 bytes of application/json")),
        ("truncated body", Answer(b'{"status": "RUN'), Refuses("expected JSON from .*/j1/status/")),
    ],
)

NON_ASCII = '{"status": "DRÖMT"}'


def encoded(encoding: str, content_type: str = "application/json") -> Answer:
    return Answer(NON_ASCII.encode(encoding), content_type)


ENCODING = Section(
    "encoding of JSON",
    ("GET", "/job/j1/status/"),
    lambda service: service.get_job_state(JOB).status.value,
    [
        ("byte order mark", encoded("utf-8-sig"), Gives("DRÖMT")),
        ("mark and charset", encoded("utf-8-sig", "application/json; charset=utf-8"), Gives("DRÖMT")),
        ("quoted charset", encoded("utf-8", 'application/json; charset="UTF-8"'), Gives("DRÖMT")),
        ("no content type", encoded("utf-8", ""), Gives("DRÖMT")),
        ("text/plain", encoded("utf-8", "text/plain"), Gives("DRÖMT")),
        ("text/html", encoded("utf-8", "text/html"), Gives("DRÖMT")),
        ("wrong charset", encoded("utf-8", "application/json; charset=iso-8859-1"), Gives("DRÖMT")),
        ("unknown charset", encoded("utf-8", "application/json; charset=klingon"), Gives("DRÖMT")),
        ("UTF-16", encoded("utf-16"), Gives("DRÖMT")),
        ("UTF-16 without mark", encoded("utf-16-le"), Gives("DRÖMT")),
        ("UTF-32", encoded("utf-32"), Gives("DRÖMT")),
        ("Latin-1", encoded("latin-1", "application/json; charset=iso-8859-1"), Gives("DRÖMT")),
        ("white space around it", Answer(b'\r\n {"status": "NEW"} \n'), Gives("NEW")),
        ("bytes that are no text", Answer(b'{"status": "\xff\xfe\xfd"}'), Refuses("expected JSON")),
        ("status code 202", Answer(b'{"status": "NEW"}', status=202), Gives("NEW")),
    ],
)


# --- results of an EXECUTE job --------------------------------------------------------------------------

COUNTS = {"00": 3, "11": 5}
QH1 = encode_histogram(COUNTS, n_bits=2)
PAYLOAD = str(QH1["payload"])
WIDE = {"0" * 300: 1, "1" * 300: 2}
QH2 = encode_histogram(WIDE, n_bits=300)


def page(result: object, **change: Any) -> dict[str, Any]:
    """A page with the result of one circuit."""
    body = {"count": 1, "next": None, "previous": None, "results": [{"label": "c", "results": result}]}
    return changed(body, change)


def result(service: QoroService) -> object:
    """The result of the only circuit."""
    (only,) = (service.get_job_results(JOB).results or {}).values()
    return only


EXECUTE = Section(
    "counts",
    ("GET", "/job/j1/resultsV2/"),
    result,
    [
        ("encoding in upper case", page(QH1 | {"encoding": "QH1"}), Gives(COUNTS)),
        ("encoding in upper case, wide", page(QH2 | {"encoding": "QH2"}), Gives(WIDE)),
        ("encoding with spaces", page(QH1 | {"encoding": " Qh1 "}), Gives(COUNTS)),
        ("encoding missing", page({"n_bits": 2, "payload": PAYLOAD}), Gives(COUNTS)),
        ("encoding null", page(QH1 | {"encoding": None}), Gives(COUNTS)),
        ("n_bits as text", page(QH1 | {"n_bits": "2"}), Gives(COUNTS)),
        ("n_bits as float", page(QH1 | {"n_bits": 2.0}), Gives(COUNTS)),
        ("n_bits missing", page({"encoding": "qh1", "payload": PAYLOAD}), Gives(COUNTS)),
        ("n_bits null", page(QH2 | {"n_bits": None}), Gives(WIDE)),
        ("unknown field", page(QH1 | {"shots": 8}), Gives(COUNTS)),
        ("line breaks", page(QH1 | {"payload": f"{PAYLOAD[:8]}\r\n{PAYLOAD[8:]}\n"}), Gives(COUNTS)),
        ("no padding", page(QH1 | {"payload": PAYLOAD.rstrip("=")}), Gives(COUNTS)),
        (
            "alphabet for URLs",
            page(QH2 | {"payload": str(QH2["payload"]).replace("+", "-").replace("/", "_")}),
            Gives(WIDE),
        ),
        ("plain counts", page({"11": 5, "00": 3}), Gives(COUNTS)),
        ("plain counts as floats", page({"00": 3.0, "11": 5.0}), Gives(COUNTS)),
        ("plain counts as text", page({"00": "3", "11": "5"}), Gives(COUNTS)),
        ("plain counts with zeros", page({"00": 3, "01": 0, "11": 5}), Gives(COUNTS)),
        ("plain counts with spaces between registers", page({"0 0": 3, "1 1": 5}), Gives(COUNTS)),
        ("plain counts without classical bits", page({"": 8}), Gives({"": 8})),
        ("one plain count of 1", page({"0": 1}), Gives({"0": 1})),
        ("empty result", page({}), Gives({})),
        ("null result", page(None), Gives({})),
        ("empty list as result", page([]), Gives({})),
        ("probabilities", page({"00": 0.375, "11": 0.625}), Refuses("'c'.*expected a number of shots")),
        ("a probability of 1", page({"00": 1.0}), Refuses("'c'.*may be probabilities")),
        ("negative count", page({"00": -3}), Refuses("'c'.*expected a number of shots, got -3")),
        ("null count", page({"00": None}), Refuses("'c'.*expected a number of shots, got None")),
        ("bitstrings of two widths", page({"00": 3, "1": 5}), Refuses("'c'.*bitstrings of one width")),
        ("a bitstring twice", page({"0 0": 3, "00": 5}), Refuses("'c'.*'00' occurs twice")),
        ("hexadecimal bitstrings", page({"0x0": 3, "0x3": 5}), Refuses("'c'.*are hexadecimal")),
        ("bitstrings and Pauli strings", page({"00": 3, "ZZ": 1}), Refuses("'c'.*one width")),
        ("unknown encoding", page(QH1 | {"encoding": "qh3"}), Refuses("'c'.*encoding is 'qh3'")),
        ("encoding of another width", page(QH1 | {"encoding": "qh2"}), Refuses("'c'.*starts with")),
        ("n_bits that contradicts the payload", page(QH1 | {"n_bits": 3}), Refuses("'c'.*bits of|2 bits")),
        ("n_bits that is no number", page(QH1 | {"n_bits": "two"}), Refuses("'c'.*n_bits is 'two'")),
        ("damaged payload", page(QH1 | {"payload": f"{PAYLOAD[:6]}AA{PAYLOAD[8:]}"}), Refuses("'c'")),
        ("truncated payload", page(QH1 | {"payload": PAYLOAD[:12]}), Refuses("'c'.*data ends")),
        ("payload missing", page({"encoding": "qh1", "n_bits": 2}), Refuses("'c'.*payload")),
        ("payload with other characters", page(QH1 | {"payload": "!!!"}), Refuses("'c'.*base64")),
        ("text as result", page("00"), Refuses("'c'.*expected an object, got '00'")),
    ],
)


def counts_of_job(_: QoroService) -> object:
    """The counts of the only circuit, as a job in another process reads them."""
    with QoroProvider("t", base_url=URL) as provider:
        return provider.retrieve_job("j1").result().get_counts()


JOB_RESULT = Section(
    "result of a job",
    ("GET", "/job/j1/resultsV2/"),
    counts_of_job,
    [
        ("encoding in upper case", page(QH1 | {"encoding": "QH1"}), Gives({"00": 3, "11": 5})),
        ("plain counts", page(COUNTS, count="1", next=""), Gives({"00": 3, "11": 5})),
        ("damaged payload", page(QH1 | {"payload": PAYLOAD[:12]}), Refuses("'c'.*data ends")),
        ("expectation values", page({"ZZ": 0.5}), Refuses("expected counts, got expectation values")),
        ("no label", page(QH1, results=[{"results": QH1}]), Refuses(r"results\[0\].label")),
        ("count is too large", page(QH1, count=2), Refuses("the total of 2 results")),
    ],
)


# --- results of an EXPECTATION job ----------------------------------------------------------------------

EXPECTATION = Section(
    "expectation values",
    ("GET", "/job/j1/resultsV2/"),
    result,
    [
        ("integer", page({"ZZ": 1, "XX": 0}), Gives({"ZZ": 1.0, "XX": 0.0})),
        ("text", page({"ZZ": "0.25", "XX": "-1e-3"}), Gives({"ZZ": 0.25, "XX": -0.001})),
        ("lower case", page({"zz": 0.5, "xI": 0.25}), Gives({"ZZ": 0.5, "XI": 0.25})),
        ("names that are no Pauli strings", page({"energy": 0.5}), Gives({"energy": 0.5})),
        ("value beyond 1", page({"ZZ": 1.0000001}), Gives({"ZZ": 1.0000001})),
        ("NaN", page({"ZZ": NAN}), Refuses("'c'.*ZZ: expected a finite number, got nan")),
        ("NaN as text", page({"ZZ": "NaN"}), Refuses("'c'.*ZZ: expected a finite number")),
        ("infinity", page({"ZZ": INFINITY}), Refuses("'c'.*ZZ: expected a finite number")),
        ("null", page({"ZZ": None}), Refuses("'c'.*ZZ: expected a finite number, got None")),
        ("boolean", page({"ZZ": True}), Refuses("'c'.*ZZ: expected a finite number, got True")),
        ("complex number", page({"ZZ": {"re": 1, "im": 0}}), Refuses("'c'.*ZZ: expected a finite")),
        ("the same string in two cases", page({"zz": 1.0, "ZZ": 0.5}), Refuses("'c'.*different Pauli")),
        ("list of values", page([0.5, 0.25]), Refuses("'c'.*expected an object")),
    ],
)


# --- pages of results -----------------------------------------------------------------------------------


def item(label: object, result: object = QH1) -> dict[str, Any]:
    return {"label": label, "results": result}


def pages(*bodies: dict[str, Any]) -> Answers:
    """Pages with the circuits a, b, …, each changed in a way."""
    normal = {"count": len(bodies), "previous": None}
    return Answers(
        [
            changed(
                normal | {"next": "more" if k < len(bodies) - 1 else None, "results": [item("abc"[k])]}, body
            )
            for k, body in enumerate(bodies)
        ]
    )


def labels(service: QoroService) -> list[str]:
    return list(service.get_job_results(JOB).results or {})


PAGES = Section(
    "pages of results",
    ("GET", "/job/j1/resultsV2/"),
    labels,
    [
        ("next is empty at the end", pages({}, {"next": ""}), Gives(["a", "b"])),
        ("next is missing at the end", pages({}, {"next": ...}), Gives(["a", "b"])),
        ("next is false at the end", pages({}, {"next": False}), Gives(["a", "b"])),
        ("next is a number", pages({"next": 2}, {}), Gives(["a", "b"])),
        ("next is true", pages({"next": True}, {}), Gives(["a", "b"])),
        ("next is only a query", pages({"next": "?offset=1"}, {}), Gives(["a", "b"])),
        (
            "next is always missing, and count is right",
            pages({"next": ...}, {"next": ...}),
            Gives(["a", "b"]),
        ),
        ("next is always null, and count is right", pages({"next": None}, {}), Gives(["a", "b"])),
        ("count is missing", pages({"count": ...}, {"count": ...}, {"count": ...}), Gives(["a", "b", "c"])),
        ("count is null", pages({"count": None}, {"count": None}), Gives(["a", "b"])),
        ("count is text", pages({"count": "2"}, {"count": "2"}), Gives(["a", "b"])),
        ("count is a float", pages({"count": 2.0}, {"count": 2.0}), Gives(["a", "b"])),
        ("count is no number", pages({"count": "many"}, {"count": "many"}), Gives(["a", "b"])),
        ("count is negative", pages({"count": -1}, {"count": -1}), Gives(["a", "b"])),
        ("count is too small at the end", pages({}, {"count": 1}), Gives(["a", "b"])),
        ("previous is a number", pages({"previous": 1}, {"previous": ...}), Gives(["a", "b"])),
        ("unknown field", pages({"page_size": 1}, {}), Gives(["a", "b"])),
        ("labels are numbers", pages({"results": [item(17)]}), Gives(["17"])),
        ("results by label", pages({"results": {"a": QH1, "b": QH1}, "count": 2}), Gives(["a", "b"])),
        ("no results, count 0", pages({"results": None, "count": 0}), Gives([])),
        ("results missing, count 0", pages({"results": ..., "count": 0}), Gives([])),
        ("count is too large", pages({"count": 5}, {"count": 5, "results": []}), Refuses("total of 5")),
        (
            "count is too large, and the service knows no further page",
            Answers([page(QH1, count=5), Answer(as_json({"detail": "Invalid page."}), status=404)]),
            Refuses("the total of 5 results; got 1 so far"),
        ),
        ("more pages than count", pages({"count": 1}, {"count": 1}, {"count": 1}), Refuses("total of 1")),
        ("empty page before the end", pages({}, {"results": [], "next": "more"}), Refuses("is empty")),
        ("the same page again", pages({}, {"results": [item("a")]}, {}), Refuses("repeats labels")),
        ("a label twice", pages({"results": [item("a"), item("a")]}), Refuses("'a' occurs twice")),
        ("no label", pages({"results": [{"results": QH1}]}), Refuses(r"results\[0\].label")),
        ("null label", pages({"results": [item(None)]}), Refuses(r"label: expected text, got nothing")),
        ("item without a result", pages({"results": [{"label": "a"}]}), Refuses("'a'.*got nothing")),
        ("null item", pages({"results": [None]}), Refuses(r"results\[0\]: expected an object")),
        ("null results", pages({"results": None}), Refuses("results: expected a list")),
        ("results missing", pages({"results": ..., "count": ...}), Refuses("results: expected a list")),
        ("a bare list", [item("a")], Refuses("body: expected an object")),
        ("an error with status code 200", {"error": "not yet"}, Refuses("results: expected a list")),
        ("a page of HTML", Answer(b"<html>", "text/html"), Refuses("expected JSON from")),
    ],
)


# --- results of a failed job ----------------------------------------------------------------------------


def failed(body: object) -> Answer:
    return Answer(as_json(body), status=400)


def failed_page(**change: Any) -> Answer:
    body = {"error": "no", "count": 2, "next": None, "results": [item("a")]}
    return failed(changed(body | {"failures": [{"label": "b", "error": "out of ink"}]}, change))


def outcome(results: list[str], reason: str = "no", **failures: str) -> JobOutcome:
    return JobOutcome(dict.fromkeys(results, COUNTS), failures, reason)


FAILED = Section(
    "results of a failed job",
    ("GET", "/job/j1/resultsV2/"),
    lambda service: service.get_job_outcome(JOB),
    [
        ("reason only", failed({"error": "no"}), Gives(outcome([]))),
        ("reason under detail", failed({"detail": "no"}), Gives(outcome([]))),
        ("nested reason", failed({"error": {"code": 3, "message": "no"}}), Gives(outcome([]))),
        ("reason as text", failed("no"), Gives(outcome([]))),
        ("no body", Answer(status=400), Gives(outcome([], ""))),
        ("page of HTML", Answer(b"<html>no</html>", "text/html", 400), Gives(outcome([], ""))),
        (
            "reason in Latin-1",
            Answer(b'{"error": "n\xe4"}', "text/x; charset=latin-1", 400),
            Gives(outcome([], "nä")),
        ),
        ("page with textual count", failed_page(count="2"), Gives(outcome(["a"], b="out of ink"))),
        ("page without count", failed_page(count=...), Gives(outcome(["a"], b="out of ink"))),
        ("page with empty next", failed_page(next=""), Gives(outcome(["a"], b="out of ink"))),
        (
            "null as the reason of a circuit",
            failed_page(failures=[{"label": "b", "error": None}]),
            Gives(outcome(["a"], b="the service gave no reason")),
        ),
        (
            "list as the reason of a circuit",
            failed_page(failures=[{"label": "b", "error": ["out of", "ink"]}]),
            Gives(outcome(["a"], b="out of; ink")),
        ),
        (
            "failures by label",
            failed_page(failures={"b": "out of ink"}),
            Gives(outcome(["a"], b="out of ink")),
        ),
        (
            "unreadable result",
            failed_page(results=[item("a", {"00": 0.5})]),
            Gives(
                outcome(
                    [], b="out of ink", a="its result cannot be read: 00: expected a number of shots, got 0.5"
                )
            ),
        ),
        (
            "page that cannot be read",
            failed_page(results=5),
            Gives(outcome([]), "job j1: the outcome of its circuits cannot be read"),
        ),
        (
            "circuit with a result and a failure",
            failed_page(failures=[{"label": "a", "error": "no"}]),
            Gives(outcome([]), "'a' has a result too"),
        ),
        ("repeated page", failed_page(count=9, next="more"), Refuses("repeats labels")),
    ],
)


# --- configuration --------------------------------------------------------------------------------------


def payload(service: QoroService) -> dict[str, Any]:
    """The configuration that is read. Sending it again sends the same."""
    config = service.get_execution_config(JOB)
    assert ExecutionConfig().override(config) == config
    return config.to_payload()


def configuration(key: str, value: object) -> dict[str, Any]:
    return {"job_id": "j1", "execution_configuration": {key: value}}


LEFT_OUT = "it is left out"

CONFIG = Section(
    "execution configuration",
    ("GET", "/job/j1/execution_config/"),
    payload,
    [
        *(
            (
                f"{key} is {value!r}",
                configuration(key, value),
                Gives({} if read is ... else {key: read}, *warning),
            )
            for key, value, read, *warning in [
                ("simulation_type", 7, 7),
                ("simulation_type", 90, 90),
                ("simulator_type", 6, 6),
                ("simulator_type", -1, -1),
                ("simulator_type", "1", 1),
                ("simulator_type", 1.0, 1),
                ("simulator_type", "QCSim", 1),
                ("simulation_type", "matrixproductstate", 1),
                ("simulation_type", None, ...),
                ("simulation_type", "NewMethod", ..., LEFT_OUT),
                ("simulation_type", True, ..., LEFT_OUT),
                ("bond_dimension", "16", 16),
                ("bond_dimension", 16.0, 16),
                ("bond_dimension", 0, ..., LEFT_OUT),
                ("bond_dimension", "wide", ..., LEFT_OUT),
                ("truncation_threshold", "1e-8", 1e-8),
                ("truncation_threshold", 0, 0.0),
                ("truncation_threshold", NAN, ..., LEFT_OUT),
                ("noise_realizations", "3", 3),
                ("noise_scaling_factor", 2, ..., LEFT_OUT),
                ("noisy_device", 5, "5"),
                ("api_meta", {"optimization_level": "2"}, {"optimization_level": 2}),
                ("api_meta", {"new": [1, None]}, {"new": [1, None]}),
                ("api_meta", {"layout_method": 5}, {"layout_method": "5"}),
                ("api_meta", {"max_execution_time": "soon"}, {}, LEFT_OUT),
                ("api_meta", [], ..., LEFT_OUT),
                ("surprise", 1, ...),
            ]
        ),
        ("empty", {"execution_configuration": {}}, Gives({})),
        (
            "one odd value beside a good one",
            {"execution_configuration": {"bond_dimension": [], "noisy_device": "d"}},
            Gives({"noisy_device": "d"}, "bond_dimension is []"),
        ),
        (
            "engine's unknown method",
            {"maestro_config": {"simulation_type": 7}},
            Gives({"simulation_type": 7}),
        ),
        (
            "engine's unknown option",
            {"maestro_config": {"warp": 9, "seed": "x"}},
            Gives({}, "'warp' is not an option of the engine"),
        ),
        (
            "engine's number as text",
            {"maestro_config": {"max_bond_dimension": "8"}},
            Gives({"bond_dimension": 8}),
        ),
        ("no configuration", {"job_id": "j1"}, Refuses("execution_configuration: expected an object")),
        ("text", {"execution_configuration": "none"}, Refuses("execution_configuration: expected an")),
        ("list", [], Refuses("body: expected an object")),
        ("that of a QPU", {"device_config": {}}, Refuses("job j1 has a device_config")),
        ("none set", Answer(as_json({"detail": "none set"}), status=404), Fails(NotFoundError, "none set")),
    ],
)

MAESTRO_CONFIG = Section(
    "options of the engine",
    ("GET", "/job/j1/execution_config/"),
    lambda service: service.get_maestro_config(JOB).to_payload(),
    [
        (
            "unknown members",
            {"maestro_config": {"simulator_type": 42, "simulation_type": 43}},
            Gives({"simulation_type": 43, "simulator_type": 42}),
        ),
        (
            "members by name",
            {"maestro_config": {"simulator_type": "gpu", "simulation_type": " PathIntegral "}},
            Gives({"simulation_type": 6, "simulator_type": 4}),
        ),
        (
            "values as text",
            {"maestro_config": {"seed": "5", "gate_fusion": "true", "pp_coefficient_threshold": "1e-4"}},
            Gives({"gate_fusion": True, "pp_coefficient_threshold": 1e-4, "seed": 5}),
        ),
        (
            "odd values beside a good one",
            {"maestro_config": {"gate_fusion": 3, "precision": "half", "seed": 1, "max_simulators": 0}},
            Gives({"seed": 1}, "gate_fusion is 3"),
        ),
        ("null", {"maestro_config": {"seed": None}}, Gives({})),
        ("list as configuration", {"maestro_config": [1]}, Refuses("maestro_config: expected an object")),
        ("that of a QPU", {"device_config": {}}, Refuses("use get_device_config")),
    ],
)

DEVICE_CONFIG = Section(
    "options of a QPU",
    ("GET", "/job/j1/execution_config/"),
    lambda service: service.get_device_config(JOB).to_payload(),
    [
        ("lower case", {"device_config": {"mode": 1}}, Gives({"mode": 1})),
        ("list", {"device_config": {"QUBITS": [0, 1]}}, Gives({"QUBITS": [0, 1]})),
        ("object", {"device_config": {"A": {"b": None}}}, Gives({"A": {"b": None}})),
        ("null", {"device_config": {"A": None}}, Gives({"A": None})),
        ("NaN beside a good value", {"device_config": {"A": NAN, "B": 1}}, Gives({"B": 1}, "A is nan")),
        ("list as configuration", {"device_config": [1]}, Refuses("device_config: expected an object")),
        ("that of a simulator", {"execution_configuration": {}}, Refuses("use get_execution_config")),
    ],
)

SET_CONFIG = Section(
    "setting a configuration",
    ("POST", "/job/j1/execution_config/"),
    lambda service: service.set_execution_config(
        JOB, ExecutionConfig(simulation_method=SimulationMethod(90))
    ),
    [
        ("other fields", {"ok": True}, Gives({"ok": True})),
        ("empty object", {}, Gives({})),
        (
            "no body",
            Answer(status=204),
            Gives({"status": "ok", "job_id": "j1", "execution_configuration": {"simulation_type": 90}}),
        ),
        ("list", [], Refuses("body: expected an object")),
    ],
)


# --- opening, adding, cancelling, deleting --------------------------------------------------------------


def submitted(service: QoroService) -> str | None:
    return service.submit_circuits({"c": PROGRAM}).job_id


INIT = Section(
    "opening a job",
    ("POST", "/job/init/"),
    submitted,
    [
        ("status code 201", Answer(as_json({"job_id": "j1"}), status=201), Gives("j1")),
        ("status code 202", Answer(as_json({"job_id": "j1"}), status=202), Gives("j1")),
        ("unknown field", {"job_id": "j1", "queue": 3}, Gives("j1")),
        ("no identifier", {}, Refuses("job_id: expected text.*may have opened a job")),
        ("null identifier", {"job_id": None}, Refuses("job_id: expected text, got None")),
        ("empty identifier", {"job_id": ""}, Refuses("job_id: expected text")),
        ("boolean identifier", {"job_id": True}, Refuses("job_id: expected text, got True")),
        ("fraction as identifier", {"job_id": 1.5}, Refuses("job_id: expected text, got 1.5")),
        ("identifier that leads elsewhere", {"job_id": ".."}, Refuses("job_id: expected an identifier")),
        ("identifier that UTF-8 cannot encode", {"job_id": "\ud83d"}, Refuses("job_id: expected an")),
        ("list", ["j1"], Refuses("body: expected an object")),
        ("no body", Answer(status=204), Refuses("may have opened a job whose identifier is unknown")),
        ("login page", Answer(b"<html>", "text/html"), Refuses("proxy or a login page")),
    ],
)

INIT_NUMBER = Section(
    "opening a job with a number",
    ("POST", "/job/init/"),
    submitted,
    [
        ("integer identifier", {"job_id": 17}, Gives("17")),
        ("whole float as identifier", {"job_id": 17.0}, Gives("17")),
        ("textual identifier", {"job_id": "17"}, Gives("17")),
    ],
)

NO_BODY = [
    ("empty object", {}, Gives(None)),
    ("list", [], Gives(None)),
    ("null", None, Gives(None)),
    ("text", Answer(b"OK", "text/plain"), Gives(None)),
    ("truncated JSON", Answer(b'{"status": "o'), Gives(None)),
    ("status code 201", Answer(b"", status=201), Gives(None)),
    ("status code 202", Answer(b"", status=202), Gives(None)),
    ("status code 204", Answer(b"", status=204), Gives(None)),
]
"""Deviations of answers whose body nobody reads."""

LOGIN_PAGE = Answer(b"<html>login</html>", "text/html")
REFUSED_PAGE = ("login page", LOGIN_PAGE, Refuses("proxy or a login page"))
# The status of the job shows that the circuits have arrived.
IGNORED_PAGE = ("login page", LOGIN_PAGE, Gives(None, "has received all uploads of job j1 nevertheless"))


def nothing_of(call: Callable[[QoroService], object]) -> Callable[[QoroService], None]:
    """The call without its result, which is the answer itself."""

    def made(service: QoroService) -> None:
        call(service)

    return made


ADD = Section(
    "adding circuits", ("POST", "/job/j1/add_circuits/"), nothing_of(submitted), [*NO_BODY, IGNORED_PAGE]
)
CANCEL = Section(
    "cancelling",
    ("POST", "/job/j1/cancel/"),
    nothing_of(lambda service: service.cancel_job(JOB)),
    [*NO_BODY, REFUSED_PAGE],
)
DELETE = Section(
    "deleting",
    ("DELETE", "/job/j1"),
    nothing_of(lambda service: service.delete_job(JOB)),
    [*NO_BODY, REFUSED_PAGE],
)
PING = Section(
    "ping", ("GET", "/"), nothing_of(lambda service: service.test_connection()), [*NO_BODY, REFUSED_PAGE]
)


# --- credits: handed on as they are -----------------------------------------------------------------------

CREDITS = {"balance": "500.00", "total_used": "0", "created_at": "2026-01-01T00:00:00Z"}
TRANSACTION = {"id": 1, "amount": "5", "balance_after": "5", "transaction_type": "PURCHASE", "job_id": None}


def handed_on(bodies: Iterable[tuple[str, Any]]) -> list[Row]:
    return [(name, body, Gives(body)) for name, body in bodies]


BALANCE = Section(
    "balance",
    ("GET", "/credits/"),
    lambda service: service.get_credit_balance(),
    [
        *handed_on(
            [
                ("number", CREDITS | {"balance": 500.0}),
                ("integer", CREDITS | {"balance": 500}),
                ("null", CREDITS | {"balance": None}),
                ("empty text", CREDITS | {"total_used": ""}),
                ("currency", CREDITS | {"balance": "500,00 EUR"}),
                ("scientific notation", CREDITS | {"balance": "5E+2"}),
                ("time without a time zone", CREDITS | {"created_at": "2026-01-01T00:00:00"}),
                ("time as a number", CREDITS | {"created_at": 1767225600}),
                ("null time", CREDITS | {"updated_at": None}),
                ("missing field", {"balance": "500.00"}),
                ("unknown field", CREDITS | {"tier": "PRO"}),
                ("empty object", {}),
            ]
        ),
        ("number instead of an object", 500, Refuses("body: expected an object, got 500")),
        ("list", [CREDITS], Refuses("body: expected an object")),
    ],
)

TRANSACTIONS = Section(
    "transactions",
    ("GET", "/credits/transactions/"),
    lambda service: service.get_credit_transactions(),
    [
        *handed_on(
            [
                ("textual count", {"count": "1", "results": [TRANSACTION]}),
                ("no count", {"results": [TRANSACTION]}),
                ("null pages", {"count": 1, "total_pages": None, "results": [TRANSACTION]}),
                ("next as a number", {"count": 1, "next": 2, "results": []}),
                ("null results", {"count": 0, "results": None}),
                ("no results", {"count": 0}),
                ("textual id", {"results": [TRANSACTION | {"id": "a-1"}]}),
                ("amount as a number", {"results": [TRANSACTION | {"amount": -0.1}]}),
                ("null description", {"results": [TRANSACTION | {"description": None}]}),
                ("unknown type", {"results": [TRANSACTION | {"transaction_type": 7}]}),
                ("fraction as job", {"results": [TRANSACTION | {"job_id": 1.5}]}),
                ("text as transaction", {"results": ["PURCHASE"]}),
            ]
        ),
        ("list", [TRANSACTION], Refuses("body: expected an object")),
    ],
)


# --- blueprints of vendors --------------------------------------------------------------------------------

FIELD_BODY = {
    "name": "MODE",
    "kind": "string",
    "required": False,
    "secret": False,
    "choices": [],
    "default": None,
}
FIELD = VendorField("MODE", "string")

BLUEPRINT_FIELDS = Section(
    "field of a blueprint",
    ("GET", "/vendor-config-blueprint/"),
    lambda service: service.fetch_vendor_config_blueprint(),
    rows_of_fields(
        lambda change: {"acme": {"label": "ACME", "device": [changed(FIELD_BODY, change)]}},
        lambda name, read: {"acme": VendorBlueprint("ACME", device=(replace(FIELD, **{name: read}),))},
        [
            ("kind", None, "string"),
            ("kind", 5, "5"),
            ("kind", ["list", "integer"], '["list", "integer"]'),
            ("required", 1, True),
            ("required", "false", False),
            ("required", "perhaps", False, "field 'MODE': required is 'perhaps'"),
            ("secret", "true", True),
            ("secret", 0, False),
            ("secret", "perhaps", True, "field 'MODE': secret is 'perhaps'"),
            ("choices", None, ()),
            ("choices", ["a", 1, [2], None], ("a", 1, [2], None)),
            ("choices", "a", (), "field 'MODE': choices is 'a'"),
            ("default", [1, 2], [1, 2]),
            ("default", {"a": 1}, {"a": 1}),
            ("min", 0, 0),
            ("min", "0", "0"),
            ("max", 2.5, 2.5),
            ("description", "how", "how"),
            ("description", None, ""),
            ("description", 5, "5"),
            ("ui_editable", False, False),
            ("ui_editable", "yes", True),
            ("ui_editable", "perhaps", None, "field 'MODE': ui_editable is 'perhaps'"),
            ("item_kind", "integer", "integer"),
        ],
    ),
)

BLUEPRINTS = Section(
    "list of blueprints",
    ("GET", "/vendor-config-blueprint/"),
    lambda service: service.fetch_vendor_config_blueprint(),
    [
        ("no vendor", {}, Gives({})),
        ("empty vendor", {"acme": {}}, Gives({"acme": VendorBlueprint("acme")})),
        ("null label", {"acme": {"label": None}}, Gives({"acme": VendorBlueprint("acme")})),
        ("number as label", {"acme": {"label": 5}}, Gives({"acme": VendorBlueprint("5")})),
        ("null section", {"acme": {"device": None}}, Gives({"acme": VendorBlueprint("acme")})),
        (
            "object as section",
            {"acme": {"credentials": {"KEY": 1}}},
            Gives(
                {"acme": VendorBlueprint("acme")},
                "vendor 'acme': credentials is {'KEY': 1}, which cannot be read",
            ),
        ),
        (
            "field without a name",
            {"acme": {"device": [{"kind": "string"}, FIELD_BODY]}},
            Gives(
                {"acme": VendorBlueprint("acme", device=(FIELD,))},
                "vendor 'acme': device[0] is left out: name",
            ),
        ),
        (
            "text as field",
            {"acme": {"device": [FIELD_BODY, "MODE"]}},
            Gives({"acme": VendorBlueprint("acme", device=(FIELD,))}, "vendor 'acme': device[1] is left out"),
        ),
        (
            "null vendor",
            {"odd": None, "acme": {}},
            Gives(
                {"acme": VendorBlueprint("acme")}, "vendors[0] is left out: vendor 'odd': expected an object"
            ),
        ),
        ("list", [], Refuses("body: expected an object")),
    ],
)


# --- characterizations ------------------------------------------------------------------------------------


def characterized(read: Callable[[CharacterizationResult], Any]) -> Callable[[QoroService], Any]:
    def call(service: QoroService) -> Any:
        found = characterize(service=service, job_id="j1")
        assert found.summary()  # can be shown, whatever the answer is
        return read(found)

    return call


VALIDATION_RESULT = ("GET", "/job/j1/validation_result/")

RECOMMENDATIONS = Section(
    "recommendations",
    VALIDATION_RESULT,
    characterized(lambda found: found.recommendations),
    [
        ("null", {"recommendations": None}, Gives([])),
        ("missing", {}, Gives([])),
        ("text", {"recommendations": "go"}, Gives([Recommendation("info", "", "go")])),
        ("texts", {"recommendations": ["go"]}, Gives([Recommendation("info", "", "go")])),
        ("object", {"recommendations": {"gap": "go"}}, Gives([Recommendation("info", "gap", "go")])),
        ("markup", {"recommendations": ["[/red] [b]"]}, Gives([Recommendation("info", "", "[/red] [b]")])),
        ("no level", {"recommendations": [{"text": "go"}]}, Gives([Recommendation("info", "", "go")])),
        ("null text", {"recommendations": [{"text": None}]}, Gives([], "recommendations[0] is left out")),
        ("number", {"recommendations": [5, "go"]}, Gives([Recommendation("info", "", "go")], "left out")),
    ],
)

REPORT = Section(
    "report of a characterization",
    VALIDATION_RESULT,
    characterized(
        lambda found: (found.difficulty, found.num_qubits, found.sensitivity, found.state_probabilities)
    ),
    [
        ("null sections", {"hardness": None, "report": None}, Gives((None, None, {}, {}))),
        ("text as sections", {"hardness": "easy", "report": "fine"}, Gives((None, None, {}, {}))),
        ("markup in a text", {"hardness": {"difficulty": "[/red]"}}, Gives(("[/red]", None, {}, {}))),
        ("number as text", {"report": {"num_qubits": "3"}}, Gives((None, 3, {}, {}))),
        ("number that cannot be read", {"report": {"num_qubits": "few"}}, Gives((None, None, {}, {}))),
        (
            "sensitivities by variable",
            {"report": {"sensitivity": {"0": 0.5}}},
            Gives((None, None, {0: 0.5}, {})),
        ),
        (
            "probabilities by state",
            {"report": {"state_probabilities": {"01": 1}}},
            Gives((None, None, {}, {"01": 1.0})),
        ),
        ("null list", {"report": {"sensitivity": None}}, Gives((None, None, {}, {}))),
        (
            "odd sensitivity",
            {"report": {"sensitivity": [{"qubit": 0}, {"qubit": 1, "score": 1}]}},
            Gives((None, None, {1: 1.0}, {}), "sensitivity[0] is left out"),
        ),
        (
            "odd probability",
            {"report": {"state_probabilities": [None, {"state": "0", "probability": 1}]}},
            Gives((None, None, {}, {"0": 1.0}), "state_probabilities[0] is left out"),
        ),
        ("list", [], Refuses("body: expected an object")),
        ("no analysis", Answer(as_json({"error": "none"}), status=404), Fails(NotFoundError, "none")),
    ],
)

VALUES = Section(
    "values of a characterization",
    VALIDATION_RESULT,
    characterized(lambda found: (found.job_id, found.status, found.condition_number, found.quality_score)),
    [
        ("no job and no status", {}, Gives(("j1", "", None, None))),
        ("null job", {"job_id": None, "status": None}, Gives(("j1", "", None, None))),
        ("number as job", {"job_id": 17, "status": 200}, Gives(("17", "200", None, None))),
        ("infinity", {"hardness": {"condition_number": INFINITY}}, Gives(("j1", "", INFINITY, None))),
        ("text", {"report": {"quality_score": "87.5"}}, Gives(("j1", "", None, 87.5))),
        ("word", {"report": {"quality_score": "good"}}, Gives(("j1", "", None, None))),
    ],
)

HTML_REPORT = Section(
    "HTML report",
    ("GET", "/job/j1/validation_result/html/"),
    characterized(lambda found: found.html),
    [
        ("no charset", Answer("<p>größer".encode(), "text/html"), Gives("<p>größer")),
        ("byte order mark", Answer("\ufeff<p>größer".encode(), "text/html"), Gives("<p>größer")),
        ("Latin-1", Answer("<p>größer".encode("latin-1"), "text/html; charset=latin-1"), Gives("<p>größer")),
        ("empty", Answer(b"", "text/html"), Gives("")),
        ("none", Answer(status=404), Gives("", "the characterization has no report")),
    ],
)


# --- bodies of errors -------------------------------------------------------------------------------------


def error(body: object, status: int = 400) -> Answer:
    return Answer(as_json(body), status=status)


ERRORS = Section(
    "error",
    ("GET", "/job/j1/status/"),
    state,
    [
        ("text", error("no"), Fails(QoroAPIError, "400 Bad Request: no$")),
        ("list", error(["no", "never"]), Fails(QoroAPIError, "no; never$")),
        ("message", error({"message": "no"}), Fails(QoroAPIError, "no$")),
        ("flag and message", error({"error": True, "message": "no"}), Fails(QoroAPIError, "no$")),
        ("code and message", error({"error": 7, "message": "no"}), Fails(QoroAPIError, "no$")),
        ("nested message", error({"error": {"code": 7, "message": "no"}}), Fails(QoroAPIError, "no$")),
        ("list of objects", error({"detail": [{"tag": "too long"}]}), Fails(QoroAPIError, "tag: too long$")),
        (
            "messages by field",
            error({"tag": ["too long", "odd"]}),
            Fails(QoroAPIError, "tag: too long; odd$"),
        ),
        ("null message", error({"error": None}), Fails(QoroAPIError, "400 Bad Request: the service refused")),
        ("empty object", error({}), Fails(QoroAPIError, "the service refused the request")),
        ("byte order mark", Answer(b'\xef\xbb\xbf{"error": "no"}', status=400), Fails(QoroAPIError, "no$")),
        (
            "Latin-1",
            Answer(b'{"error": "n\xe4"}', "text/x; charset=latin-1", 400),
            Fails(QoroAPIError, "nä$"),
        ),
        (
            "page of HTML",
            Answer(b"<html>secret</html>", "text/html", 403),
            Fails(AuthenticationError, "may not do"),
        ),
        (
            "truncated JSON",
            Answer(b'{"error": "n', status=402),
            Fails(InsufficientCreditsError, "enough credits"),
        ),
        ("no body", Answer(status=409), Fails(ConflictError, "does not allow this")),
        ("unknown status code", Answer(status=418), Fails(QoroAPIError, "418")),
        ("deeply nested", Answer(b"[" * 100_000, status=400), Fails(QoroAPIError, "the service refused")),
    ],
)


TABLE = [
    *(QPU_FIELDS, SYSTEM_FIELDS, SYSTEMS, CLUSTER_FIELDS, CLUSTERS, BACKENDS, CLUSTER_BACKENDS),
    *(STATUS, ENCODING, EXECUTE, JOB_RESULT, EXPECTATION, PAGES, FAILED),
    *(CONFIG, MAESTRO_CONFIG, DEVICE_CONFIG, SET_CONFIG, INIT, INIT_NUMBER, ADD, CANCEL, DELETE, PING),
    *(BALANCE, TRANSACTIONS, BLUEPRINT_FIELDS, BLUEPRINTS),
    *(RECOMMENDATIONS, REPORT, VALUES, HTML_REPORT, ERRORS),
]

ROWS = [(section, row) for section in TABLE for row in section.rows]


# --- the test -----------------------------------------------------------------------------------------------


def script(cloud: responses.RequestsMock, request: tuple[str, str], answer: Any) -> None:
    """Let the scripted service give an answer to a request, and several answers to several requests."""
    method, path = request
    for given in answer.bodies if isinstance(answer, Answers) else [answer]:
        full = given if isinstance(given, Answer) else Answer(as_json(given))
        cloud.add(method, URL + path, body=full.body, status=full.status, content_type=full.content_type)


def exact(value: object) -> str:
    """Show a value with all of its fields and types: 5 is not 5.0, and 1 is not True."""
    if is_dataclass(value) and not isinstance(value, type):
        return f"{type(value).__name__}({', '.join(exact(getattr(value, f.name)) for f in fields(value))})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(map(exact, value))})"
    if isinstance(value, dict):
        return f"dict({', '.join(f'{key!r}: {exact(item)}' for key, item in value.items())})"
    return repr(value)


@pytest.mark.parametrize(("section", "row"), ROWS, ids=[f"{section.name}: {row[0]}" for section, row in ROWS])
def test_a_deviating_answer_is_read_or_refused_as_the_table_says(
    cloud: responses.RequestsMock,
    service: QoroService,
    caplog: pytest.LogCaptureFixture,
    section: Section,
    row: Row,
) -> None:
    for request, answer in NORMAL.items():
        if request != section.request:
            script(cloud, request, answer)
    _, deviating, expected = row
    script(cloud, section.request, deviating)
    if section is INIT_NUMBER:
        script(cloud, ("POST", "/job/17/add_circuits/"), {})

    with caplog.at_level(logging.WARNING):
        if isinstance(expected, Fails):
            with pytest.raises(expected.kind, match=expected.message) as caught:
                section.call(service)
            is_about_job = "j1" in section.request[1]
            assert getattr(caught.value, "job_id", None) == ("j1" if is_about_job else None)
            return
        value = section.call(service)

    assert exact(value) == exact(expected.value)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    if expected.warning is None:
        assert warnings == []
    else:
        assert expected.warning in warnings[0]


def test_the_table_has_at_least_200_different_deviations() -> None:
    assert len({(section.name, row[0]) for section, row in ROWS}) == len(ROWS) >= 200


@pytest.mark.parametrize("request_", NORMAL, ids=" ".join)
def test_the_table_has_deviations_of_every_kind_of_answer(request_: tuple[str, str]) -> None:
    assert any(section.request == request_ and section.rows for section in TABLE)
