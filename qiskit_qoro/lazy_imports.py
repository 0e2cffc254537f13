"""Imports that are postponed until a name is used, or that leave out the rest of a package.

A process should import only what it needs: importing Qiskit takes several times as long as a small job.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

__all__ = ["import_alone", "import_package_of", "lazy_names"]


def lazy_names(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package whose names are imported when they are first used.

    Args:
        package: The package.
        names: For each of its modules, the names that the package offers.
    """
    modules = {name: f"{package}.{module}" for module, members in names.items() for name in members}

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)  # the next time, Python finds it
        return value

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return find, list_names


def import_alone(name: str) -> None:
    """Import a module of a top-level package, but not the package, which may import much else.

    The package can still be imported later, with :func:`import_package_of`. If the module needs its package,
    nothing is imported, and the next import statement imports both.

    Args:
        name: The module, such as ``qiskit.exceptions``.
    """
    package = name.partition(".")[0]
    parent = None if package in sys.modules else find_spec(package)
    spec = PathFinder.find_spec(name, parent.submodule_search_locations) if parent else None
    if spec is None or spec.loader is None:
        return
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception:
        del sys.modules[name]


def import_package_of(name: str) -> None:
    """Import the package of a module that may have been imported alone.

    The import statement makes a module an attribute of its package only if it imports the module itself.

    Args:
        name: The module, such as ``qiskit.exceptions``.
    """
    package, _, attribute = name.partition(".")
    setattr(import_module(package), attribute, import_module(name))
