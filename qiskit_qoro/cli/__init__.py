"""The command ``qiskit-qoro``: run circuits, manage jobs and serve the local service from a shell.

The exit code is 0 on success, 1 if the service or the job failed, 2 if the command or the program is wrong,
and 130 after Ctrl-C.

This module imports almost nothing. Importing the other modules takes a moment, and Ctrl-C has to end the
command quietly in that moment too. Start with :mod:`~qiskit_qoro.cli.program`; every command has a module of
its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from qiskit_qoro._version import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The arguments after the name of the program. ``None`` takes those of the process.

    Returns:
        The exit code.
    """
    try:
        if (sys.argv[1:] if arguments is None else list(arguments)) == ["--version"]:
            # The program would print the same, but imports Qiskit first.
            sys.stdout.write(f"qiskit-qoro {__version__}\n")
            return 0
        from qiskit_qoro.cli.program import run_command  # noqa: PLC0415 - see above

        return run_command(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
