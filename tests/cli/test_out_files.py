"""The option ``--out`` of ``run`` and ``estimate``."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import responses

from qiskit_qoro import QoroProvider
from qiskit_qoro.cli import main


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.usefixtures("account")
def test_a_json_file_has_the_json_of_the_command(
    bell: str, tmp_path: Path, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer("run", bell, "--out", "bell.json")
    assert json.loads((tmp_path / "bell.json").read_text()) == found
    # Without --json the table is printed too.
    assert main(["run", bell, "--out", "bell.json"]) == 0
    out, err = capsys.readouterr()
    assert "outcome" in out
    assert err.endswith("\nwrote bell.json\n")


@pytest.mark.usefixtures("account")
def test_a_csv_file_has_a_row_for_each_outcome(bell: str, tmp_path: Path, answer: Callable[..., Any]) -> None:
    found = answer("run", bell, bell, "--out", "counts.CSV")["circuits"]
    assert rows_of(tmp_path / "counts.CSV") == [
        ["circuit", "outcome", "count"],
        *(
            [circuit["name"], outcome, str(circuit["counts"][outcome])]
            for circuit in found
            for outcome in ("00", "11")
        ),
    ]


@pytest.mark.usefixtures("account")
def test_a_csv_file_has_a_row_for_each_value(bell: str, tmp_path: Path, answer: Callable[..., Any]) -> None:
    answer("estimate", bell, "--observable", "ZZ, -2*ZZ", "--out", "values.csv")
    heading, *rows = rows_of(tmp_path / "values.csv")
    assert heading == ["circuit", "observable", "value", "standard_error"]
    assert [(name, text, float(value), float(error)) for name, text, value, error in rows] == [
        ("bell.qasm", "ZZ", pytest.approx(1), 0),
        ("bell.qasm", "-2*ZZ", pytest.approx(-2), 0),
    ]


@pytest.mark.usefixtures("account")
def test_a_histogram_is_a_picture(bell: str, tmp_path: Path, answer: Callable[..., Any]) -> None:
    answer("run", bell, "--out", "bell.png")
    assert (tmp_path / "bell.png").read_bytes().startswith(b"\x89PNG")
    answer("run", bell, bell, "--out", "bell.svg")
    text = " ".join(ET.fromstring((tmp_path / "bell.svg").read_text()).itertext())
    for expected in (f"{bell} (1)", f"{bell} (2)", "00", "11", "count"):
        assert expected in text


@pytest.mark.usefixtures("account")
def test_a_picture_of_many_circuits_shows_the_first_ones(
    bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *[bell] * 33, "--shots", "1", "--out", "many.svg"]) == 0
    assert "the picture shows the first 32 of 33 circuits\nwrote many.svg\n" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.json.txt"])
def test_an_unknown_suffix_is_a_usage_error(name: str, bell: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", bell, "--out", name])
    expected = f"argument --out: expected a file that ends with .json, .csv, .png or .svg, got '{name}'"
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "nowhere/x.json"], "nowhere/x.json: the folder nowhere does not exist"),
        (["--out", f"{'x' * 300}.json"], "x.json: File name too long"),
        (["--out", "folder.json"], "folder.json: this is a folder, expected a file"),
        (["--out", "x.json", "--detach"], "--out writes the results, and --detach does not wait for them"),
        (["--out", "x.png", "--observable", "ZZ"], "x.png: expectation values have no histogram"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(
    arguments: list[str],
    message: str,
    bell: str,
    tmp_path: Path,
    scripted: responses.RequestsMock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "folder.json").mkdir()
    assert main(["run", bell, *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not scripted.calls


@pytest.mark.usefixtures("account")
def test_a_file_that_the_user_must_not_write_is_refused(
    bell: str, tmp_path: Path, provider: QoroProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.json"
    path.touch(mode=0o400)
    # The superuser may write any file.
    may_write = os.access(path, os.W_OK)
    assert main(["run", bell, "--out", "mine.json"]) == (0 if may_write else 2)
    refusal = "mine.json: you have no permission to write this file"
    assert (refusal in capsys.readouterr().err) is not may_write
    assert len(provider.jobs()) == may_write


def test_a_histogram_needs_matplotlib(
    bell: str,
    scripted: responses.RequestsMock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Python treats a module that is None as missing.
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["run", bell, "--out", "x.svg"]) == 2
    err = capsys.readouterr().err
    assert "x.svg: a histogram needs matplotlib: install it with" in err
    assert "pip install matplotlib" in err
    assert not scripted.calls


@pytest.mark.usefixtures("account")
def test_the_results_are_shown_even_if_the_file_cannot_be_written(
    bell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # All writes to a link that points to itself fail.
    (tmp_path / "loop.json").symlink_to("loop.json")
    assert main(["run", bell, "--out", "loop.json"]) == 1
    out, err = capsys.readouterr()
    assert "outcome" in out
    assert "error: loop.json: Too many levels of symbolic links" in err
    job_id = err.splitlines()[0].split()[-1]
    assert f"'qiskit-qoro result {job_id}' shows the results again" in err


@pytest.mark.usefixtures("account")
def test_an_existing_file_is_replaced(bell: str, tmp_path: Path, answer: Callable[..., Any]) -> None:
    (tmp_path / "bell.json").write_text("old and longer than what follows" * 100)
    found = answer("run", bell, "--out", "bell.json")
    assert json.loads((tmp_path / "bell.json").read_text()) == found
