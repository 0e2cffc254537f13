"""Reading and writing of OpenQASM 2, for the client and for the local service.

Start with :mod:`~qiskit_qoro.qasm.gates`, the table of gates. The package ``read`` checks and parses texts,
and the package ``write`` converts Qiskit circuits to texts. :mod:`~qiskit_qoro.qasm.user_programs` decides
what is sent for a text.

The names are imported when they are first used, because much of this package needs Qiskit. Worker processes
import Qiskit only for programs that need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_qoro.lazy_imports import lazy_names

if TYPE_CHECKING:
    from qiskit_qoro.qasm.gates import GATES, GateSpec
    from qiskit_qoro.qasm.limits import DEFAULT_LIMITS, Limits
    from qiskit_qoro.qasm.read.parser import parse_program
    from qiskit_qoro.qasm.read.qelib1_completion import complete_program, read_program
    from qiskit_qoro.qasm.write.template_writer import ParametricProgram, write_template
    from qiskit_qoro.qasm.write.writer import Program, write_program
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "gates": ("GATES", "GateSpec"),
            "limits": ("DEFAULT_LIMITS", "Limits"),
            "read.parser": ("parse_program",),
            "read.qelib1_completion": ("complete_program", "read_program"),
            "write.template_writer": ("ParametricProgram", "write_template"),
            "write.writer": ("Program", "write_program"),
        },
    )

__all__ = [
    "DEFAULT_LIMITS",
    "GATES",
    "GateSpec",
    "Limits",
    "ParametricProgram",
    "Program",
    "complete_program",
    "parse_program",
    "read_program",
    "write_program",
    "write_template",
]
