"""The command-line program: parse the arguments, run the command, and turn errors into exit codes.

Every command has a module of its own. Results go to standard output, everything else to standard error. An
error or a warning is printed as one line. The class of an error decides the exit code.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from io import TextIOWrapper

from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro._version import __version__
from qiskit_qoro.cli.commands import (
    account_credits,
    backends,
    cancel_delete,
    characterize,
    completion,
    estimate,
    list_jobs,
    login_logout,
    plan,
    result,
    run,
    serve,
    status,
    systems,
    whoami,
)
from qiskit_qoro.cli.output import messages_on_stderr, say
from qiskit_qoro.display.times import local_now
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.provider import QoroProvider

__all__ = [
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_OK",
    "EXIT_WRONG_INPUT",
    "build_parser",
    "run_command",
]

EXIT_OK, EXIT_FAILED, EXIT_WRONG_INPUT, EXIT_INTERRUPTED = 0, 1, 2, 130

# In the order in which the help lists them.
_COMMANDS = (
    run.COMMAND,
    estimate.COMMAND,
    plan.COMMAND,
    characterize.COMMAND,
    list_jobs.COMMAND,
    status.COMMAND,
    result.COMMAND,
    cancel_delete.CANCEL,
    cancel_delete.DELETE,
    account_credits.COMMAND,
    backends.COMMAND,
    systems.COMMAND,
    login_logout.LOGIN,
    login_logout.LOGOUT,
    whoami.COMMAND,
    serve.COMMAND,
    completion.COMMAND,
)


def run_command(
    arguments: Sequence[str] | None = None,
    *,
    provider_class: type[QoroProvider] = QoroProvider,
    now: Callable[[], datetime] = local_now,
) -> int:
    """Run a command.

    Args:
        arguments: The arguments after the name of the program. ``None`` takes those of the process.
        provider_class: The class of the provider that the command connects with.
        now: Returns the present, in the time zone of the dates that are printed.

    Returns:
        The exit code.
    """
    _replace_unencodable_characters()
    parser = build_parser()
    options = parser.parse_args(arguments)
    # Commands need these in addition to their arguments: `completion` describes the parser, and the others
    # connect with a provider and show times.
    options.parser = parser
    options.provider_class = provider_class
    options.now = now
    try:
        with messages_on_stderr():
            options.execute(options)
        # If the output cannot be written, the command fails. At the exit of Python that would be too late.
        sys.stdout.flush()
    except (QoroInputError, QiskitBackendNotFoundError) as error:
        return _report(error, EXIT_WRONG_INPUT)
    except QoroError as error:
        return _report(error, EXIT_FAILED)
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of the output, such as `head`, has read enough. That is not an error.
        _discard_output()
    except OSError as error:
        _discard_output()
        say(f"qiskit-qoro: error: {error.strerror or error}")
        return EXIT_FAILED
    return EXIT_OK


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the program with all its commands."""
    parser = argparse.ArgumentParser(
        prog="qiskit-qoro", description="Run circuits on the Qoro service, in the cloud or on this machine."
    )
    parser.add_argument("--version", action="version", version=f"qiskit-qoro {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        inner = commands.add_parser(command.name, help=command.help, description=command.description)
        command.add_arguments(inner)
        # The parsed options contain the function of the selected command.
        inner.set_defaults(execute=command.execute)
    return parser


def _replace_unencodable_characters() -> None:
    """Print a question mark for each character that the terminal cannot encode."""
    # If the streams have been replaced by others, as in a notebook, they are left alone.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _discard_output() -> None:
    """Discard buffered output, which Python would try to write once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(error: Exception, exit_code: int) -> int:
    """Print an error as one line and return the exit code."""
    # The text of a QiskitError is the repr of its message, with quotes. The attribute is the message itself.
    message = error.message if isinstance(error, QoroError | QiskitBackendNotFoundError) else str(error)
    say(f"qiskit-qoro: error: {' '.join(message.split())}")
    return exit_code
