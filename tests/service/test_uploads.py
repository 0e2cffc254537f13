"""Large submissions: several uploads, each below the size limit, that together hold every circuit once."""

import base64
import gzip
import json
import random

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from qiskit_qoro import MaestroConfig
from qiskit_qoro.errors import QoroConnectionError, QoroInputError
from qiskit_qoro.models.jobs import JobRequest, JobType
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service.circuit_submission import build_circuit_submission, measure_circuits
from qiskit_qoro.service.settings import SubmissionOptions

LIMIT_BYTES = 0.95 * 2**20
MEASURED = "qreg q[1];\ncreg c[1];\nmeasure q -> c;\n"
REQUEST = JobRequest(tag="t", job_type=JobType.EXECUTE, simulator_cluster="c")


def noise(seed, size):
    """A comment that compresses badly."""
    return "// " + base64.b85encode(random.Random(seed).randbytes(size)).decode()


def program(text, num_qubits=1):
    return Program(text, num_qubits, 0, tuple(range(num_qubits)))


def uploads_of(programs, **measurement):
    options = SubmissionOptions(**measurement)
    return build_circuit_submission(REQUEST, programs, measure_circuits(programs, options, shots=10)).uploads


def check(uploads, programs, shots_of=None):
    """Decode the uploads without our codecs; check sizes, the final mark, circuits, their order and shots."""
    assert all(len(upload) < LIMIT_BYTES for upload in uploads)
    read = [json.loads(upload) for upload in uploads]
    assert [body["finalized"] for body in read] == ["false"] * (len(read) - 1) + ["true"]
    assert {body["mode"] for body in read} == {"append"}
    arrived = [(label, blob) for body in read for label, blob in body["circuits"].items()]
    assert [label for label, _ in arrived] == list(programs)
    for label, blob in arrived[:: max(1, len(arrived) // 50)]:
        assert gzip.decompress(base64.b64decode(blob)).decode() == programs[label].text
    if shots_of is not None:
        shots = []
        for body in read:
            position = 0
            for start, end, number in body["shot_groups"]:
                assert start == position < end
                shots += [number] * (end - start)
                position = end
            assert position == len(body["circuits"])
        assert shots == shots_of
    return read


def test_thousands_of_circuits_are_sent_in_several_uploads_with_their_shots():
    programs = {f"circuit {k}": program(f"qreg q[1];\n{noise(k, 900)}\n") for k in range(2500)}
    sizes = [1, 999, 500, 1, 1, 998]
    groups, shots, start = [], [], 0
    for number, size in enumerate(sizes, start=1):
        groups.append([start, start + size, number * 1000])
        shots += [number * 1000] * size
        start += size
    uploads = uploads_of(programs, shot_groups=groups)
    assert len(uploads) == 4
    check(uploads, programs, shots)


def test_circuits_with_a_shot_group_each_fill_bodies_within_the_limit():
    programs = {str(k): program("qreg q[1];") for k in range(15_000)}
    shots = [10**9 + k for k in range(15_000)]
    uploads = uploads_of(programs, shot_groups=[[k, k + 1, shots[k]] for k in range(15_000)])
    check(uploads, programs, shots)
    assert len(uploads) == 2
    assert len(uploads[0]) > 0.9 * LIMIT_BYTES


def test_bodies_are_filled_up_to_the_size_limit():
    programs = {str(k): program("qreg q[1];") for k in range(20_000)}
    uploads = uploads_of(programs)
    check(uploads, programs)
    one_more = len(b'"12345":"",') + len(json.loads(uploads[0])["circuits"]["0"])
    assert all(len(upload) + one_more > int(LIMIT_BYTES) - 5 for upload in uploads[:-1])


@settings(max_examples=15, deadline=None)
@given(
    labels=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=12, unique=True),
    seed=st.integers(0, 10**6),
    data=st.data(),
)
def test_the_shot_groups_of_each_body_cover_its_circuits_exactly(labels, seed, data):
    pieces = data.draw(
        st.lists(st.sampled_from([0, 20_000, 300_000]), min_size=len(labels), max_size=len(labels))
    )
    programs = {
        label: program(f"qreg q[1];{noise(seed + k, size)}")
        for k, (label, size) in enumerate(zip(labels, pieces, strict=True))
    }
    cuts = data.draw(st.sets(st.integers(1, len(labels)), max_size=len(labels))) | {len(labels)}
    groups, shots, start = [], [], 0
    for end in sorted(cuts):
        number = data.draw(st.integers(1, 10**12))
        groups.append([start, end, number])
        shots += [number] * (end - start)
        start = end
    check(uploads_of(programs, shot_groups=groups), programs, shots)


def test_every_upload_has_all_observables_with_circuits_counted_over_the_job():
    programs = {f"{k}": program(f"qreg q[2];{noise(k, 5000)}", 2) for k in range(300)}
    ranges = [[0, 150], [150, 300]]
    read = check(uploads_of(programs, ham_ops="ZZ;XX|YY", circuit_ham_map=ranges), programs)
    assert len(read) > 1
    assert {json.dumps(body["circuit_ham_map"]) for body in read} == {json.dumps(ranges)}
    assert len({body["observables"] for body in read}) == 1


def test_a_circuit_too_large_for_a_body_is_named_with_its_size():
    programs = {"small": program("qreg q[1];"), "huge": program(noise(1, 1_500_000))}
    with pytest.raises(
        QoroInputError, match=r"circuit 'huge' is too large to be sent: it takes \d{7} bytes compressed"
    ):
        uploads_of(programs)


def test_observables_that_leave_no_space_for_circuits_are_reported():
    pauli_strings = ["".join(random.Random(k).choices("IXYZ", k=1000)) for k in range(3000)]
    with pytest.raises(QoroInputError, match=r"room for 0\. Split the circuit, or ham_ops"):
        uploads_of({"a": program("qreg q[1000];", 1000)}, ham_ops=";".join(pauli_strings))


def test_an_oversized_circuit_is_refused_before_anything_is_sent(cloud, service):
    with pytest.raises(QoroInputError, match="circuit 'huge' is too large to be sent"):
        service.submit_circuits({"huge": MEASURED + noise(1, 1_500_000)})
    assert len(cloud.calls) == 0


def test_a_noise_model_at_the_size_limit_is_sent_and_a_larger_one_is_refused_before_anything_is_sent(
    cloud, service, url
):
    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"})
    cloud.add("POST", f"{url}/job/j1/add_circuits/", json={})

    def submit(length):
        config = MaestroConfig(noise_model=[{"method": "x" * length}])
        service.submit_circuits({"a": MEASURED}, override_execution_config=config)
        return len(cloud.calls[-2].request.body)

    room = int(LIMIT_BYTES) - submit(0)
    assert submit(room) == int(LIMIT_BYTES)
    with pytest.raises(QoroInputError, match=r"has 996148 bytes as JSON, expected at most 996147: leave out"):
        submit(room + 1)
    assert len(cloud.calls) == 4


def test_the_error_of_a_lost_upload_says_how_far_the_submission_got(cloud, service, url):
    cloud.add("POST", f"{url}/job/init/", json={"job_id": "j1"})
    cloud.add("POST", f"{url}/job/j1/add_circuits/", json={})
    cloud.add("POST", f"{url}/job/j1/add_circuits/", body=requests.exceptions.ConnectionError("reset"))
    cloud.add("POST", f"{url}/job/j1/cancel/", json={})
    circuits = {str(k): MEASURED + noise(k, 300_000) for k in range(6)}
    with pytest.raises(QoroConnectionError, match="confirmed 1 of its 3 uploads"):
        service.submit_circuits(circuits)
    assert [call.request.url.rsplit("/", 2)[1] for call in cloud.calls] == [
        "init",
        "add_circuits",
        "add_circuits",
        "cancel",
    ]
