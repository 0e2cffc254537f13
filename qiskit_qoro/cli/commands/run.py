"""``qiskit-qoro run``: run an OpenQASM 2 program and show its counts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.backends.run_submission import submit_run
from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.completers import offer_engine_options, offer_files
from qiskit_qoro.cli.output import print_counts, print_json, say, waiting_for_job
from qiskit_qoro.cli.service_options import add_service_options, open_provider, uses_local_service
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.jobs.job_document import RunStructure
from qiskit_qoro.jobs.registers import layout_of_circuit
from qiskit_qoro.models.config import DEFAULT_SHOTS, DEFAULT_SIMULATOR_CLUSTER
from qiskit_qoro.models.maestro import MaestroConfig, read_option
from qiskit_qoro.qasm.measurements import describe_unmeasured
from qiskit_qoro.qasm.user_programs import parse_user_program
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service.credentials import TOKEN_VARIABLE

__all__ = ["COMMAND"]

_STANDARD_INPUT = "-"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    offer_files(
        parser.add_argument(
            "file", metavar="FILE.qasm", help=f"the program; {_STANDARD_INPUT} for standard input"
        )
    )
    parser.add_argument(
        "--shots",
        type=_shots,
        default=DEFAULT_SHOTS,
        metavar="N",
        help="number of shots (default %(default)s)",
    )
    parser.add_argument(
        "--backend",
        default=DEFAULT_SIMULATOR_CLUSTER,
        metavar="NAME",
        help="the backend that runs the program (default %(default)s)",
    )
    offer_engine_options(
        parser.add_argument(
            "--option",
            type=_option,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="set an option of the engine, for example simulation_type=PauliPropagator; may be repeated",
        )
    )
    add_service_options(parser)


def _execute(options: argparse.Namespace) -> None:
    name, text = _read(options.file)
    program, circuit = _parse(name, text)
    is_local = uses_local_service(options)
    with open_provider(options) as provider:
        backend = provider.get_backend(options.backend)
        if program.num_qubits > backend.num_qubits:
            raise QoroInputError(
                f"{name}: the program has {program.num_qubits} qubits, but backend {backend.name!r} has "
                f"{backend.num_qubits}"
            )
        job = _submit(name, program, circuit, backend, options)
        service_name = "the local service" if is_local else provider.service.base_url
        say(f"{backend.name} on {service_name}, job {job.job_id()}")
        with waiting_for_job(
            job.job_id(),
            # Without a database the local service stops at the end of this command, and the job is lost.
            outlives_command=not is_local or options.database is not None,
        ):
            result = job.result()
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
    """Read a program from a file or from standard input.

    Returns:
        The name of the file and the text of the program.
    """
    try:
        content = sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
        # A file name may contain bytes that are not UTF-8. They are replaced, because the tag of a job must
        # be text.
        return Path(file).name.encode("utf-8", "replace").decode(), content.decode()
    except OSError as error:
        raise QoroInputError(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise QoroInputError(
            f"{file}: an OpenQASM 2 program is text, byte {error.start} is not UTF-8"
        ) from error


def _parse(name: str, text: str) -> tuple[Program, QuantumCircuit]:
    """Parse a program, to report errors with line and column and to find out its registers."""
    try:
        program, circuit = parse_user_program(text)
    except QoroInputError as error:
        raise QoroInputError(f"{name}: {error}") from error
    # Elsewhere this is a warning. The counts are the only purpose of this command, so it submits nothing.
    problem = describe_unmeasured(program.text)
    if problem is not None:
        raise QoroInputError(f"{name}: the program {problem}; measure it with 'measure q -> c;'")
    return program, circuit


def _submit(
    name: str, program: Program, circuit: QuantumCircuit, backend: QoroBackend, options: argparse.Namespace
) -> QoroJob:
    """Submit a program. The parsed circuit describes its registers."""
    # If possible, the text is sent as it is, so that lines in errors of the service are lines of the file.
    experiment = Experiment(name, layout_of_circuit(circuit, program), options.shots)
    structure = RunStructure([experiment], backend.name, name)
    config = MaestroConfig(**dict(options.option)) if options.option else None
    backend.check_execution_config(config)
    return submit_run(
        backend,
        backend.service,
        [program],
        structure,
        job_config=backend.job_config(tag=name),
        execution_config=config,
    )


def _shots(text: str) -> int:
    try:
        shots = int(text)
    except ValueError:
        shots = 0
    if shots < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return shots


def _option(text: str) -> tuple[str, Any]:
    """Read an option of the engine as its name and its value."""
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    try:
        return name.strip(), read_option(name.strip(), value)
    except QoroInputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


COMMAND = Command(
    "run",
    "run an OpenQASM 2 program",
    "Run an OpenQASM 2 program and print its counts. It runs in the cloud if "
    f"{TOKEN_VARIABLE} is set, and on the local service otherwise.",
    _add_arguments,
    _execute,
)
"""The command ``run``."""
