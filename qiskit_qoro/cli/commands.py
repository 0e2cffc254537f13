"""The commands, what each takes, and how each ends.

Each command has a module of its own. Results go to standard output, everything said about them to standard
error. An error is one line, and its kind decides the exit code.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro._version import __version__
from qiskit_qoro.cli import (
    account_credits,
    backends,
    cancel_delete,
    completion,
    list_jobs,
    result,
    run,
    serve,
    status,
    systems,
)
from qiskit_qoro.cli.output import say
from qiskit_qoro.errors import QoroError, QoroInputError

__all__ = ["FAILED", "INTERRUPTED", "WORKED", "WRONG", "build_parser", "run_command"]

WORKED, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130

_COMMANDS = (
    run,
    list_jobs,
    status,
    result,
    cancel_delete.CANCEL,
    cancel_delete.DELETE,
    account_credits,
    backends,
    systems,
    serve,
    completion,
)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: What follows the program's name; by default what the process was given.

    Returns:
        The exit code.
    """
    _replace_what_cannot_be_written()
    parser = build_parser()
    options = parser.parse_args(arguments)
    options.parser = parser
    try:
        options.command(options)
        sys.stdout.flush()
    except (QoroInputError, QiskitBackendNotFoundError) as error:
        return _complain(error, WRONG)
    except QoroError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; there is nobody to tell.
        _close_output()
    except OSError as error:
        _close_output()
        say(f"qiskit-qoro: error: {error.strerror or error}")
        return FAILED
    return WORKED


def _replace_what_cannot_be_written() -> None:
    """Have names in any script show as question marks where the terminal knows fewer letters."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _close_output() -> None:
    """Have what is still to be written to standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole program."""
    parser = argparse.ArgumentParser(
        prog="qiskit-qoro", description="Run circuits on the Qoro service, in the cloud or on this machine."
    )
    parser.add_argument("--version", action="version", version=f"qiskit-qoro {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        inner = commands.add_parser(command.NAME, help=command.HELP, description=command.DESCRIPTION)
        command.add_arguments(inner)
        inner.set_defaults(command=command.execute)
    return parser


def _complain(error: Exception, code: int) -> int:
    message = error.message if isinstance(error, QoroError | QiskitBackendNotFoundError) else str(error)
    say(f"qiskit-qoro: error: {' '.join(message.split())}")
    return code
