"""The option ``--out``: results in a file, whose suffix decides the format."""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

from qiskit_qoro.cli.completers import offer_files
from qiskit_qoro.cli.output import say
from qiskit_qoro.errors import QoroError, QoroInputError

__all__ = ["OutFile", "add_out_option", "check_writable", "write_file"]

_PICTURES = (".png", ".svg")
_INSTALL = "pip install matplotlib"


@dataclass(frozen=True)
class OutFile:
    """A file for the results of circuits.

    Attributes:
        path: The file. Its suffix is one of :data:`SUFFIXES`.
    """

    path: Path

    def check(self, *, has_counts: bool) -> None:
        """Check that the file can be written.

        Args:
            has_counts: Whether the results are counts, which have a histogram.

        Raises:
            QoroInputError: The file cannot be written, the results have no histogram, or ``matplotlib`` is
                missing.
        """
        if self._suffix in _PICTURES:
            if not has_counts:
                raise QoroInputError(
                    f"{self.path}: expectation values have no histogram, expected a file that ends with "
                    ".json or .csv"
                )
            if find_spec("matplotlib") is None:
                raise QoroInputError(
                    f"{self.path}: a histogram needs matplotlib: install it with {_INSTALL}, or choose a "
                    "file that ends with .json or .csv"
                )
        check_writable(self.path)

    def write(self, document: Mapping[str, Any]) -> None:
        """Write the results, and print the name of the file to standard error.

        Args:
            document: The JSON of the command, with the ``circuits`` and the ``job_id``.

        Raises:
            QoroError: The file cannot be written.
        """
        try:
            write_file(self.path, SUFFIXES[self._suffix](document))
        except QoroError as error:
            error.extend(f"'qiskit-qoro result {document['job_id']}' shows the results again")
            raise

    @property
    def _suffix(self) -> str:
        return self.path.suffix.lower()


def add_out_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for a file that gets the results."""
    offer_files(
        parser.add_argument(
            "--out",
            type=_out_file,
            metavar="FILE",
            help="write the results to a file too: .json, .csv, or histograms of the counts as .png or .svg",
        )
    )


def _out_file(text: str) -> OutFile:
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES:
        expected = ", ".join(list(SUFFIXES)[:-1]) + f" or {list(SUFFIXES)[-1]}"
        raise argparse.ArgumentTypeError(f"expected a file that ends with {expected}, got {text!r}")
    return OutFile(path)


def check_writable(path: Path) -> None:
    """Check that a file can be written, without writing it.

    Raises:
        QoroInputError: It is a folder, its folder does not exist, or it must not be written.
    """
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
        may_write = os.access(path if path.exists() else path.parent, os.W_OK)
    except OSError as error:  # for example of a folder that the user must not enter
        raise QoroInputError(f"{path}: {error.strerror or error}") from error
    if is_folder:
        raise QoroInputError(f"{path}: this is a folder, expected a file")
    if not has_folder:
        raise QoroInputError(f"{path}: the folder {path.parent} does not exist")
    if not may_write:
        raise QoroInputError(f"{path}: you have no permission to write this file")


def write_file(path: Path, content: bytes) -> None:
    """Write a file, and print its name to standard error.

    Raises:
        QoroError: It cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise QoroError(f"{path}: {error.strerror or error}") from error
    say(f"wrote {path}")


def _json(document: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=2)}\n".encode()


def _csv(document: Mapping[str, Any]) -> bytes:
    text = StringIO(newline="")
    writer = csv.writer(text)
    circuits = document["circuits"]
    has_counts = not any("observables" in circuit for circuit in circuits)
    writer.writerow(
        ("circuit", "outcome", "count")
        if has_counts
        else ("circuit", "observable", "value", "standard_error")
    )
    writer.writerows((circuit["name"], *row) for circuit in circuits for row in _rows(circuit))
    return text.getvalue().encode()


def _rows(circuit: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    if "observables" in circuit:
        yield from (
            (item["observable"], item["value"], item["standard_error"]) for item in circuit["observables"]
        )
    else:
        yield from sorted(circuit.get("counts", {}).items())


def _picture(kind: str) -> Callable[[Mapping[str, Any]], bytes]:
    def draw(document: Mapping[str, Any]) -> bytes:
        # Drawing needs matplotlib.
        from qiskit_qoro.display.histograms import MAX_PANELS, draw_histograms  # noqa: PLC0415

        circuits = [circuit for circuit in document["circuits"] if "counts" in circuit]
        if len(circuits) > MAX_PANELS:
            say(f"the picture shows the first {MAX_PANELS} of {len(circuits)} circuits")
        return draw_histograms({circuit["name"]: circuit["counts"] for circuit in circuits}, kind=kind)

    return draw


SUFFIXES: Mapping[str, Callable[[Mapping[str, Any]], bytes]] = {
    ".json": _json,
    ".csv": _csv,
    ".png": _picture("png"),
    ".svg": _picture("svg"),
}
"""Suffix to the function that makes the content of the file from the JSON of the command."""
