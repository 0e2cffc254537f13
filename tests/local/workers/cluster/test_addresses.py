"""Addresses of clusters, as users write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.workers.cluster.addresses import (
    ClusterFile,
    LocalWorkers,
    SchedulerAddress,
    parse_cluster,
    parse_scheduler_address,
)


@pytest.mark.parametrize(
    ("text", "host", "port", "is_encrypted"),
    [
        ("tls://scheduler:8786", "scheduler", 8786, True),
        ("tls://lab-1.example.org:9000", "lab-1.example.org", 9000, True),
        ("tls://192.0.2.7:8786", "192.0.2.7", 8786, True),
        ("tls://[2001:db8::7]:8786", "2001:db8::7", 8786, True),
        ("tcp://127.0.0.1:8786", "127.0.0.1", 8786, False),
        ("tcp://127.9.9.9:8786", "127.9.9.9", 8786, False),
        ("tcp://[::1]:1", "::1", 1, False),
        ("tcp://localhost:65535", "localhost", 65535, False),
    ],
)
def test_the_address_of_a_scheduler_is_read_and_written(text, host, port, is_encrypted):
    address = parse_cluster(text)

    assert address == SchedulerAddress(host, port, is_encrypted)
    assert str(address) == text


def test_an_address_without_a_port_has_the_one_of_dask():
    assert str(parse_scheduler_address("tls://lab")) == "tls://lab:8786"


@pytest.mark.parametrize(
    "text", ["tcp://scheduler:8786", "tcp://192.0.2.7:8786", "tcp://[2001:db8::7]:8786", "tcp://0.0.0.0:8786"]
)
def test_an_unencrypted_address_of_another_machine_is_refused_with_what_to_do(text):
    with pytest.raises(QoroInputError, match=r"not encrypted.*'qiskit-qoro certificates DIR'") as raised:
        parse_cluster(text)

    assert text.replace("tcp:", "tls:") in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lab",
        "tls:",
        "tls://",
        "tls://:8786",
        "tls://lab:",
        "tls://lab:0",
        "tls://lab:65536",
        "tls://lab:port",
        "tls://lab:8786/",
        "tls://lab:8786?x=1",
        "tls://user@lab:8786",
        "tls://[::1:8786",
        "tls://lab,lab2:8786",
        "tls://la b:8786",
        "ucx://lab:8786",
        "inproc://1/2/3",
        "local",
    ],
)
def test_other_texts_are_refused_with_the_forms_that_are_expected(text):
    with pytest.raises(QoroInputError, match=r"expected tls://HOST:PORT"):
        parse_cluster(text)


def test_a_user_who_forgets_the_scheme_is_told_so():
    with pytest.raises(QoroInputError, match=r"Did you mean tls://lab:8786\?"):
        parse_cluster("lab:8786")


def test_a_user_who_passes_the_address_of_a_page_is_told_so():
    with pytest.raises(QoroInputError, match="the address of a web page"):
        parse_cluster("http://lab:8787")


@pytest.mark.parametrize(("text", "count"), [("local:1", 1), ("local:4", 4), ("local:256", 256)])
def test_a_cluster_on_this_machine_has_a_number_of_workers(text, count):
    assert parse_cluster(text) == LocalWorkers(count)
    assert str(parse_cluster(text)) == text


@pytest.mark.parametrize("text", ["local:", "local:0", "local:257", "local:-1", "local:two", "local:²"])
def test_a_wrong_number_of_workers_is_refused(text):
    with pytest.raises(QoroInputError, match="a number of workers from 1 to 256"):
        parse_cluster(text)


@pytest.mark.parametrize("text", ["cluster.yaml", "/etc/qoro/Slurm.YML"])
def test_a_file_describes_a_cluster_of_a_queueing_system(text):
    assert parse_cluster(text) == ClusterFile(Path(text))
