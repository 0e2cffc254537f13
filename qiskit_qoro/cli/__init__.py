"""The command ``qiskit-qoro``: circuits, jobs and the local service from a shell.

The exit code is 0 when it worked, 1 when the service or the job failed, 2 when the command or the program is
wrong, 130 after Ctrl-C. This module imports nothing but what it needs to end quietly when Ctrl-C comes while
the others are being imported, which takes a moment.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: What follows the command's name; by default what the process was given.

    Returns:
        The exit code.
    """
    try:
        from qiskit_qoro.cli.commands import run_command  # noqa: PLC0415 - see above

        return run_command(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
