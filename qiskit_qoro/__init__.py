"""Run Qiskit circuits on the Qoro quantum service, in the cloud or on this machine.

What is offered stands in :mod:`qiskit_qoro.public`. It is loaded, and Qiskit with it, when it is asked for:
so the command line can be there at once, and end quietly when Ctrl-C comes while the rest is being loaded.
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
        # With the public names their modules are there too: qiskit_qoro.errors needs no import of its own.
        found = vars(public) if name in {"__all__", *public.__all__} else globals()
        if name not in found:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return found[name]

    def __dir__():
        return sorted({*globals(), *import_module("qiskit_qoro.public").__all__})
