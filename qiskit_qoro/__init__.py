"""Run Qiskit circuits on the Qoro quantum service, in the cloud or on this machine.

:mod:`qiskit_qoro.public` lists the public names. It is imported, together with Qiskit, when a name is first
accessed. Therefore the command line starts at once and can handle Ctrl-C while the rest is being imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from qiskit_qoro._version import __version__ as __version__

if TYPE_CHECKING:
    from qiskit_qoro.public import *  # noqa: F403
else:

    def __getattr__(name):
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        public = import_module("qiskit_qoro.public")
        # Importing the public names also sets submodules as attributes, such as qiskit_qoro.errors.
        found = vars(public) if name in {"__all__", *public.__all__} else globals()
        if name not in found:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return found[name]

    def __dir__():
        return sorted({*globals(), *import_module("qiskit_qoro.public").__all__})
