"""Programs from files: OpenQASM 2, OpenQASM 3 and QPY."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from io import BytesIO, StringIO
from pathlib import Path
from warnings import catch_warnings, simplefilter

from qiskit import QuantumCircuit, qpy

from qiskit_qoro.cli.completers import offer_files
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.qasm.user_programs import parse_user_program
from qiskit_qoro.qasm.write.style import ProgramStyle
from qiskit_qoro.qasm.write.writer import Program, write_program

__all__ = ["NamedCircuit", "add_files_argument", "read_circuits"]

_STANDARD_INPUT = "-"
_QPY_MAGIC = b"QISKIT"


@dataclass(frozen=True)
class NamedCircuit:
    """A circuit from a file.

    Attributes:
        name: The name of the file, which is unique in the command. If the file has several circuits, it ends
            with the name of the circuit.
        path: The file as the user named it.
        circuit: The circuit.
        text: What is sent for the text of the file. ``None`` if the circuit does not come from a text.
    """

    name: str
    path: str
    circuit: QuantumCircuit
    text: Program | None = None

    def program(self, style: ProgramStyle) -> Program:
        """Return what is sent to the service.

        Args:
            style: What the program keeps of a circuit that does not come from a text.

        Raises:
            QoroInputError: The circuit cannot be written.
        """
        if self.text is not None:
            # If possible, the text is sent as it is, so that lines in errors of the service are lines of the
            # file.
            return self.text
        try:
            return write_program(self.circuit, style=style)
        except QoroInputError as error:
            error.introduce(self.name)
            raise


def add_files_argument(parser: argparse.ArgumentParser) -> None:
    """Add the files with the programs of the command."""
    offer_files(
        parser.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="a program in OpenQASM 2 or 3, or a QPY file with circuits; "
            f"{_STANDARD_INPUT} for standard input",
        )
    )


def read_circuits(files: Sequence[str]) -> list[NamedCircuit]:
    """Read the circuits of all files, in order.

    Args:
        files: Paths. One of them may be ``-``, which is standard input.

    Raises:
        QoroInputError: A file cannot be read, or its content is not a program. The message names the file,
            and line and column if they are known.
    """
    if files.count(_STANDARD_INPUT) > 1:
        raise QoroInputError(f"{_STANDARD_INPUT}: standard input can be read only once")
    return _with_unique_names([circuit for file in files for circuit in _read(file)])


def _read(file: str) -> Iterator[NamedCircuit]:
    try:
        content = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise QoroInputError(f"{file}: {error.strerror or error}") from error
    name = _as_text(Path(file).name)
    if content.startswith(_QPY_MAGIC):
        circuits = _parse_qpy(name, content)
        for circuit in circuits:
            of_many = f": {circuit.name}" if len(circuits) > 1 else ""
            yield NamedCircuit(f"{name}{of_many}", _as_text(file), circuit)
    else:
        program, circuit = _parse_text(name, content)
        yield NamedCircuit(name, _as_text(file), circuit, program)


def _as_text(path: str) -> str:
    # A file name may contain bytes that are not UTF-8. They are replaced, because the tag of a job must be
    # text.
    return path.encode("utf-8", "replace").decode()


def _parse_text(name: str, content: bytes) -> tuple[Program, QuantumCircuit]:
    try:
        # The parser of OpenQASM 3 prints some errors, in addition to raising them.
        with redirect_stderr(StringIO()):
            return parse_user_program(content.decode())
    except UnicodeDecodeError as error:
        raise QoroInputError(
            f"{name}: an OpenQASM program is text, byte {error.start} is not UTF-8"
        ) from error
    except QoroInputError as error:
        error.introduce(name)
        raise


def _parse_qpy(name: str, content: bytes) -> list[QuantumCircuit]:
    try:
        with catch_warnings():
            # Qiskit warns about files of other releases.
            simplefilter("ignore")
            loaded = qpy.load(BytesIO(content))
    except Exception as error:  # Qiskit raises exceptions of many kinds for damaged files
        raise QoroInputError(f"{name}: the file is not a QPY file that Qiskit can read: {error}") from error
    if not loaded:
        raise QoroInputError(f"{name}: the QPY file has no circuit")
    return list(loaded)


def _with_unique_names(circuits: Sequence[NamedCircuit]) -> list[NamedCircuit]:
    """Name circuits of files with the same name by their paths, and number equal paths."""
    occurrences = Counter(circuit.name for circuit in circuits)
    named = [
        replace(circuit, name=circuit.path + circuit.name.removeprefix(Path(circuit.path).name))
        if occurrences[circuit.name] > 1
        else circuit
        for circuit in circuits
    ]
    occurrences = Counter(circuit.name for circuit in named)
    seen: Counter[str] = Counter()
    unique = []
    for circuit in named:
        seen[circuit.name] += 1
        number = f" ({seen[circuit.name]})" if occurrences[circuit.name] > 1 else ""
        unique.append(replace(circuit, name=f"{circuit.name}{number}"))
    return unique
