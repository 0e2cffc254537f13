"""The command-line program: parse the arguments, run the command, and turn errors into exit codes.

Every command has a module of its own. Results go to standard output, everything else to standard error. An
error or a warning is printed as one line. The class of an error decides the exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from qiskit.providers import QiskitBackendNotFoundError

from qiskit_qoro._version import __version__
from qiskit_qoro.cli.commands import (
    account_credits,
    backends,
    cancel_delete,
    characterize,
    completion,
    doctor,
    estimate,
    list_jobs,
    login_logout,
    plan,
    resubmit,
    result,
    run,
    serve,
    status,
    systems,
    watch,
    whoami,
)
from qiskit_qoro.cli.commands.service import certificates, scheduler, worker
from qiskit_qoro.cli.output import messages_on_stderr, say
from qiskit_qoro.cli.parsing import PROGRAM, ProgramParser, parse
from qiskit_qoro.cli.streams import discard, prepare_streams
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

_GROUPS = {
    "run programs": (run.COMMAND, estimate.COMMAND, plan.COMMAND, characterize.COMMAND),
    "manage jobs": (
        list_jobs.COMMAND,
        status.COMMAND,
        result.COMMAND,
        watch.COMMAND,
        resubmit.COMMAND,
        cancel_delete.CANCEL,
        cancel_delete.DELETE,
    ),
    "account and service": (
        login_logout.LOGIN,
        login_logout.LOGOUT,
        whoami.COMMAND,
        account_credits.COMMAND,
        backends.COMMAND,
        systems.COMMAND,
    ),
    "your own service": (serve.COMMAND, scheduler.COMMAND, worker.COMMAND, certificates.COMMAND),
    "this machine": (doctor.COMMAND, completion.COMMAND),
}
"""The commands in the order in which the help lists them."""


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
    prepare_streams()
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        try:
            _execute(words, provider_class, now)
        finally:
            # If the output cannot be written, the command fails. At the exit of Python it is too late.
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
        discard(sys.stdout)
    except OSError as error:
        discard(sys.stdout)
        say(f"{PROGRAM}: error: {error.strerror or error}")
        return EXIT_FAILED
    return EXIT_OK


def _execute(words: Sequence[str], provider_class: type[QoroProvider], now: Callable[[], datetime]) -> None:
    """Parse the arguments and run the command. Without arguments, print the help."""
    parser = build_parser()
    if not words:
        sys.stdout.write(parser.format_help())
        return
    options = parse(parser, words)
    # Commands need these in addition to their arguments: `completion` describes the parser, and the others
    # connect with a provider and show times.
    options.parser = parser
    options.provider_class = provider_class
    options.now = now
    with messages_on_stderr():
        options.execute(options)


def build_parser() -> ProgramParser:
    """Build the parser of the program with all its commands."""
    parser = ProgramParser("Run circuits on the Qoro service, in the cloud or on this machine.", _GROUPS)
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def _report(error: Exception, exit_code: int) -> int:
    """Print an error as one line and return the exit code."""
    # The text of a QiskitError is the repr of its message, with quotes. The attribute is the message itself.
    message = error.message if isinstance(error, QoroError | QiskitBackendNotFoundError) else str(error)
    say(f"{PROGRAM}: error: {' '.join(message.split())}")
    return exit_code
