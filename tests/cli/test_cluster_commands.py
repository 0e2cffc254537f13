"""What the commands for a cluster refuse before they need Dask."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from qiskit_qoro.cli import main
from qiskit_qoro.errors import QoroError
from qiskit_qoro.local.installation import check_cluster_modules


@pytest.fixture(autouse=True)
def _no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QISKIT_QORO_CERTIFICATES", raising=False)


def error_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "lab.example"])
def test_a_scheduler_that_other_machines_reach_needs_certificates(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = error_of(capsys, "scheduler", "--host", host)
    assert "make one with qiskit-qoro certificates DIR" in error
    # The keys of the authorities stay where they are.
    assert (
        "copy cluster-authority.pem, cluster.pem and cluster.key from it to a folder on each machine" in error
    )


@pytest.mark.parametrize("command", [["scheduler"], ["worker", "tls://lab.example"]])
def test_a_folder_that_is_none_is_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = str(tmp_path / "missing")
    assert "missing is no folder" in error_of(capsys, *command, "--certificates", missing)
    monkeypatch.setenv("QISKIT_QORO_CERTIFICATES", missing)
    assert "missing is no folder" in error_of(capsys, *command)


def test_an_encrypted_address_needs_certificates(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no folder is given" in error_of(capsys, "worker", "tls://lab.example:8786")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["tcp://lab.example:8786"], "is not encrypted, and not one of this machine"),
        (["lab.example"], "expected tls://HOST:PORT or tcp://127.0.0.1:PORT"),
        (["tcp://127.0.0.1", "--memory", "8"], "such as 8GiB, got '8'"),
        (["tcp://127.0.0.1", "--port", "65536"], "expected a port from 0 to 65535, got '65536'"),
        (["tcp://127.0.0.1", "--port", "x"], "expected a port from 0 to 65535, got 'x'"),
    ],
)
def test_wrong_arguments_of_a_worker_are_usage_errors(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["worker", *words])
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--processes", "0"], "processes: expected 1 or more, got 0"),
        (["--processes", "4", "--memory", "128MiB"], "memory: 32 MiB for each of 4 processes is too little"),
        (["--tag", "two words"], "tag: expected a word without spaces"),
        (["--name", "two words"], "name: expected a word without spaces"),
    ],
)
def test_a_worker_refuses_what_it_cannot_be(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reason in error_of(capsys, "worker", "tcp://127.0.0.1", *words)


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ({"distributed"}, "distributed, which is"),
        ({"cryptography", "distributed"}, "cryptography and distributed, which are"),
    ],
)
def test_a_missing_library_is_named_with_its_command(missing: set[str], named: str) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name in missing else find_spec("json")

    with pytest.raises(QoroError, match=rf"a cluster needs {named} not installed: run python"):
        check_cluster_modules(find)
