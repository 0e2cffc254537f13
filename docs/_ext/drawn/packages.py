"""Names of packages, checked: a figure must not show a package that does not exist."""

from importlib.util import find_spec

__all__ = ["package"]


def package(name: str) -> str:
    """Return the name of a package or module of ``qiskit_qoro`` as code.

    Raises:
        LookupError: It does not exist.
    """
    if find_spec(f"qiskit_qoro.{name}") is None:
        raise LookupError(f"a drawn figure names qiskit_qoro.{name}, which does not exist")
    return f"`{name}`"
