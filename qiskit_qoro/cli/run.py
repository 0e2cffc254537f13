"""``qiskit-qoro run``: run an OpenQASM 2 program and show its counts."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

from qiskit import QuantumCircuit
from qiskit.circuit import IfElseOp, Measure
from qiskit.result import Result
from rich.console import Console

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.backends.run_submission import submit_run
from qiskit_qoro.cli.completers import offer_files
from qiskit_qoro.cli.output import print_counts, print_json, say
from qiskit_qoro.cli.service_options import add_common, choose_provider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.jobs.job_document import RunStructure
from qiskit_qoro.jobs.registers import layout_of_circuit
from qiskit_qoro.models.config import DEFAULT_SHOTS, DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.qasm.read.qelib1_completion import read_program
from qiskit_qoro.service.credentials import TOKEN_VARIABLE

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "run"
HELP = "run an OpenQASM 2 program"
DESCRIPTION = (
    "Run an OpenQASM 2 program and print its counts: on the cloud where "
    f"{TOKEN_VARIABLE} is set, else on the local service."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    offer_files(parser.add_argument("file", metavar="FILE.qasm", help="the program; - for standard input"))
    parser.add_argument(
        "--shots",
        type=_shots,
        default=DEFAULT_SHOTS,
        metavar="N",
        help="how often to run it (default %(default)s)",
    )
    parser.add_argument(
        "--backend",
        default=DEFAULT_SIMULATOR_CLUSTER,
        metavar="NAME",
        help="where to run it (default %(default)s)",
    )
    add_common(parser)


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    name, text = _read(options.file)
    circuit = _parse(name, text)
    with choose_provider(options) as provider:
        backend = provider.get_backend(options.backend)
        if circuit.num_qubits > backend.num_qubits:
            raise QoroInputError(
                f"{name}: the program has {circuit.num_qubits} qubits, {backend.name!r} {backend.num_qubits}"
            )
        job = _submit(name, text, circuit, backend, options.shots)
        where = "the local service" if options.local else provider.service.base_url
        say(f"{backend.name} on {where}, job {job.job_id()}")
        result = _wait(job, may_outlive=not options.local or options.database is not None)
        counts = result.get_counts()
        if options.json:
            print_json(
                {
                    "backend": backend.name,
                    "base_url": provider.service.base_url,
                    "job_id": job.job_id(),
                    "shots": options.shots,
                    "time_taken": result.time_taken,
                    "counts": counts,
                }
            )
        else:
            print_counts(counts)


def _read(file: str) -> tuple[str, str]:
    """The name and the text of a program; ``-`` is standard input."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        # A file may have a name that is no text; its job cannot.
        return Path(file).name.encode("utf-8", "replace").decode(), content.decode()
    except OSError as error:
        raise QoroInputError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise QoroInputError(f"{file}: byte {error.start} is not UTF-8: OpenQASM 2 is text") from error


def _parse(name: str, text: str) -> QuantumCircuit:
    try:
        _, circuit = read_program(text)
    except QoroInputError as error:
        raise QoroInputError(f"{name}: {error}") from error
    if not _measures(circuit):
        raise QoroInputError(f"{name}: the program measures nothing: add, for example, 'measure q -> c;'")
    return circuit


def _measures(circuit: QuantumCircuit) -> bool:
    """Whether a circuit that the parser has read measures anything, under a condition or not."""
    operations = (item.operation for item in circuit.data if item.clbits)
    return any(
        _measures(one.blocks[0]) if isinstance(one, IfElseOp) else isinstance(one, Measure)
        for one in operations
    )


def _submit(name: str, text: str, circuit: QuantumCircuit, backend: QoroBackend, shots: int) -> QoroJob:
    """Submit the text as it stands, labelled as ``backend.run()`` would."""
    experiment = Experiment(name, layout_of_circuit(circuit), shots)
    structure = RunStructure([experiment], backend.name, name)
    return submit_run(backend, backend.service, [text], structure, job_config=backend.job_config(tag=name))


def _wait(job: QoroJob, *, may_outlive: bool) -> Result:
    try:
        with Console(stderr=True).status("waiting") if sys.stderr.isatty() else nullcontext():
            return job.result()
    except KeyboardInterrupt:
        if may_outlive:
            say(f"the job goes on: qiskit-qoro result {job.job_id()} shows its results later")
        raise


def _shots(text: str) -> int:
    try:
        shots = int(text)
    except ValueError:
        shots = 0
    if shots < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return shots
