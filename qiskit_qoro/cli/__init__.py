"""The command ``qiskit-qoro``: run a program, list the backends, serve the local service.

Results go to standard output, everything said about them to standard error. The exit code is 0 when it
worked, 1 when the service or the job failed, 2 when the command or the program is wrong, 130 after Ctrl-C.
Each command has a module of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro._version import __version__
from qiskit_qoro.cli import backends, run, serve
from qiskit_qoro.cli.output import say
from qiskit_qoro.cli.where import add_common
from qiskit_qoro.errors import QoroError, QoroInputError

__all__ = ["main"]

_WORKED, _FAILED, _WRONG, _INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: What follows the command's name; by default what the process was given.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
        sys.stdout.flush()
    except (QoroInputError, QiskitBackendNotFoundError) as error:
        return _complain(error, _WRONG)
    except QoroError as error:
        return _complain(error, _FAILED)
    except KeyboardInterrupt:
        say("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _WORKED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qiskit-qoro", description="Run circuits on the Qoro service, in the cloud or on this machine."
    )
    parser.add_argument("--version", action="version", version=f"qiskit-qoro {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    running = commands.add_parser("run", help="run an OpenQASM 2 program", description=run.DESCRIPTION)
    run.add_arguments(running)
    running.set_defaults(command=run.run)

    listing = commands.add_parser("backends", help="list the backends")
    add_common(listing)
    listing.set_defaults(command=backends.backends)

    serving = commands.add_parser(
        "serve",
        help="serve the local service until Ctrl-C",
        description="Serve the local service until Ctrl-C. Prints the two settings that its clients need.",
    )
    serve.add_arguments(serving)
    serving.set_defaults(command=serve.serve)
    return parser


def _complain(error: Exception, code: int) -> int:
    message = error.message if isinstance(error, QoroError | QiskitBackendNotFoundError) else str(error)
    say(f"qiskit-qoro: error: {message}")
    return code
