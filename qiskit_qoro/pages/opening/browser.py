"""Open an address in the browser of the user, if there is one.

Python's :mod:`webbrowser` may start a browser that takes over the terminal, wait for it, or let it print to
standard output. So it runs in a process of its own, which has neither a terminal nor the standard streams.
The environment variable ``BROWSER`` chooses the browser, as :mod:`webbrowser` describes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import PurePath

__all__ = ["open_browser"]

_TERMINAL_BROWSERS = frozenset({"browsh", "elinks", "links", "links2", "lynx", "w3m", "www-browser"})
# The address comes through a pipe, because other users of a machine can read the arguments of a process.
_PROGRAM = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.stdin.read()))"
_REMOTE = "this session is on another machine"
_NO_DISPLAY = "this session has no display"


def open_browser(
    address: str,
    *,
    say: Callable[[str], None],
    environment: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> threading.Thread | None:
    """Open an address in a browser, and return at once. If that is not possible, say why.

    Args:
        address: The address.
        say: Prints a line. It may be called later, from another thread.
        environment: The environment variables.
        platform: The operating system, as in :data:`sys.platform`.

    Returns:
        The thread that waits for the browser, or ``None`` if none was started.
    """
    chosen = [command for command in environment.get("BROWSER", "").split(os.pathsep) if command.strip()]
    graphical = [command for command in chosen if not _needs_terminal(command)]
    reason = None
    if chosen and not graphical:
        reason = f"{chosen[0]} would need this terminal"
    elif not chosen:
        reason = _reason_against_browser(environment, platform)
    if reason is not None:
        say(f"No browser was opened, because {reason}.")
        return None
    # Without TERM, `webbrowser` tries no browsers that need a terminal.
    variables = {name: value for name, value in environment.items() if name not in {"BROWSER", "TERM"}}
    if graphical:
        variables["BROWSER"] = os.pathsep.join(graphical)
    thread = threading.Thread(target=_run, args=(address, variables, say), name="qoro-browser", daemon=True)
    thread.start()
    return thread


def _reason_against_browser(environment: Mapping[str, str], platform: str) -> str | None:
    """Return why no browser of this machine would be seen, or ``None`` if one would be."""
    if environment.get("SSH_CONNECTION"):
        return _REMOTE
    has_display = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return None if has_display or platform in {"win32", "cygwin", "darwin"} else _NO_DISPLAY


def _needs_terminal(command: str) -> bool:
    # "%s" stands for the address in a command, and "&" at its end lets it run in the background.
    return PurePath(command.split(maxsplit=1)[0]).name.lower() in _TERMINAL_BROWSERS


def _run(address: str, variables: Mapping[str, str], say: Callable[[str], None]) -> None:
    try:
        code = subprocess.run(  # noqa: S603 - this interpreter, and a program of this module
            [sys.executable, "-I", "-c", _PROGRAM],
            input=address,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=variables,
            start_new_session=True,
            check=False,
        ).returncode
    except OSError:
        code = 1
    if code:
        say("The browser could not be opened. Open the address yourself.")
