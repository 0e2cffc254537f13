"""Build the engine's circuit of a program by calls instead of the engine's parser.

The engine takes most of the time of a long program to parse its text. An engine program has a simple form:
one operation per line, and many equal lines. Each distinct line is translated once into a call of a method of
the engine's circuit. The circuit is the same as that of the parser, and so are all counts for a seed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import accumulate
from typing import Any

from qiskit_qoro.local.engine.engine_calls import load_engine

__all__ = ["build_circuit"]

# A line of an engine program: the name, the angles, the operands, and the target of a measurement.
_LINE = re.compile(
    r"([a-z0-9]+)(?:\(([^)]*)\))? q\[([0-9]+(?:\],q\[[0-9]+)*)\](?: -> c([0-9]+)\[([0-9]+)\])?;"
)
_REGISTERS = re.compile(r"(?:^[qc]reg [qc][0-9]*\[[0-9]+\];\n)+", re.MULTILINE)
_CREG = re.compile(r"creg c[0-9]+\[([0-9]+)\]")

_Methods = Mapping[str, tuple[str, tuple[float, ...], tuple[float, ...]]]

# Methods of the engine's circuit have the name of the gate, except for these gates. Some take further angles
# before or after those of the gate.
_METHODS: _Methods = {
    **{name: (name, (), ()) for name in ("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "reset")},
    **{name: (name, (), ()) for name in ("rx", "ry", "rz", "p", "u", "cx", "cy", "cz", "ch", "swap", "csx")},
    **{name: (name, (), ()) for name in ("crx", "cry", "crz", "cp", "cu", "ccx", "cswap")},
    "u1": ("p", (), ()),
    "u2": ("u", (math.pi / 2,), ()),
    "u3": ("u", (), ()),
    "cu1": ("cp", (), ()),
    "cu3": ("cu", (), (0.0,)),
}

# A compiled program takes 10 to 20 times as long for a diagonal gate as for one that is nearly diagonal. This
# angle is too small to change a result.
_NEARLY_ZERO = 1e-100

# The same gates, apart from the global phase of rz.
_COMPILED_METHODS: _Methods = {
    **_METHODS,
    "t": ("u", (_NEARLY_ZERO, 0.0, math.pi / 4), ()),
    "tdg": ("u", (_NEARLY_ZERO, 0.0, -math.pi / 4), ()),
    **dict.fromkeys(("p", "u1", "rz"), ("u", (_NEARLY_ZERO, 0.0), ())),
    **dict.fromkeys(("cp", "cu1"), ("cu", (_NEARLY_ZERO, 0.0), (0.0,))),
}


def build_circuit(text: str, *, to_compile: bool = False) -> Any | None:
    """Build the engine's circuit of a program.

    Args:
        text: The text of an engine program.
        to_compile: Whether to choose gates that are fast in a compiled program. The global phase may differ.

    Returns:
        The engine's circuit, or ``None`` if the engine has to parse the text, because a line has no method:
        a condition, a delay, or a bit that was added for conditions.
    """
    declarations = _REGISTERS.search(text)
    if declarations is None:
        return None
    sizes = map(int, _CREG.findall(declarations[0]))
    lines = text[declarations.end() :].splitlines()
    circuit = load_engine().circuits.QuantumCircuit()
    methods = _COMPILED_METHODS if to_compile else _METHODS
    calls = _calls(circuit, methods, dict.fromkeys(lines), list(accumulate(sizes, initial=0)))
    if calls is None:
        return None
    for line in lines:
        calls[line]()
    return circuit


def _calls(
    circuit: Any, methods: _Methods, lines: Iterable[str], offsets: list[int]
) -> dict[str, Callable[[], Any]] | None:
    """Return the call for each line, or ``None`` if a line has none.

    Args:
        circuit: The engine's circuit, to which the calls add operations.
        methods: The method of each gate.
        lines: The lines.
        offsets: The number of the first bit of each classical register.
    """
    calls: dict[str, Callable[[], Any]] = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        name, angles, operands, register, bit = match.groups()
        qubits = map(int, operands.split("],q["))
        if name == "measure":
            calls[line] = partial(circuit.measure, [(*qubits, offsets[int(register)] + int(bit))])
        elif name == "id":
            calls[line] = _nothing  # as in the engine's parser
        elif name in methods:
            method, before, after = methods[name]
            params = map(float, angles.split(",")) if angles else ()
            calls[line] = partial(getattr(circuit, method), *qubits, *before, *params, *after)
        else:
            return None
    return calls


def _nothing() -> None:
    """Add no operation."""
