"""The check of libraries that only some users need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec

from qiskit_qoro.errors import QoroError

__all__ = ["check_modules"]


def check_modules(
    need: str, modules: Iterable[str], command: str, find: Callable[[str], object] = find_spec
) -> None:
    """Check that modules are installed.

    Args:
        need: Who needs them, such as ``"a cluster needs"``. The error begins with it.
        modules: The names of the modules.
        command: The command that installs them.
        find: Returns what is known of a module, or ``None`` if it is not installed.

    Raises:
        QoroError: One is missing. The message says how to install it.
    """
    missing = [name.replace("_", "-") for name in modules if find(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise QoroError(f"{need} {' and '.join(missing)}, which {verb} not installed: run {command}")
