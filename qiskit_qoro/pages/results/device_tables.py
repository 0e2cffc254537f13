"""What is known of a QPU as a page shows it: a map, tables of its qubits and pairs, and a summary of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from statistics import median

from qiskit_qoro.display.device_map import CAPTION, MAX_QUBITS, DeviceErrors, draw_device_map
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.models.devices import DeviceProperties, QubitProperties
from qiskit_qoro.models.systems import QPU

__all__ = ["MAX_ROWS", "DeviceTables", "device_tables"]

MAX_ROWS = 1000
"""The table of qubits has at most this many rows."""

_UNKNOWN = "–"
# The times of a device are shown in the first of these units in which their median is 1 or more.
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_MAX_PAIRS = 4 * MAX_ROWS
_Formatter = Callable[[float], str]


@dataclass(frozen=True)
class DeviceTables:
    """What is known of a QPU.

    Attributes:
        drawing: The map as SVG; empty if there is none.
        caption: What the map shows, or why there is none.
        summary: Name, best, median and worst value of each property.
        qubits: For each qubit: its number, readout error, gate error, T1 and T2.
        pairs: For each coupled pair: its name and the error of its gate.
        left_out: A sentence about the rows that are left out; empty if none are.
    """

    drawing: str
    caption: str
    summary: Sequence[tuple[str, str, str, str]] = ()
    qubits: Sequence[tuple[str, str, str, str, str]] = ()
    pairs: Sequence[tuple[str, str]] = ()
    left_out: str = ""


@lru_cache(maxsize=32)
def device_tables(qpu: QPU) -> DeviceTables:
    """Return what is known of a QPU. The results for the last few QPUs are kept.

    Args:
        qpu: The QPU.
    """
    properties = qpu.properties
    if properties is None:
        return DeviceTables("", "The service reports neither the coupling nor the errors of this QPU.")
    count = min(qpu.q_bits, MAX_ROWS)
    readout, gates = properties.readout_errors(count), properties.gate_errors(count)
    pairs = properties.pair_errors(count)
    decay = [*properties.qubits[:count], *[QubitProperties()] * (count - len(properties.qubits))]
    t1, t2 = [qubit.t1_s for qubit in decay], [qubit.t2_s for qubit in decay]
    times = _time_formatter([*t1, *t2])
    drawing, caption = _map(qpu, properties)
    known = [
        _summary("Readout error", readout, _percent, best=min),
        _summary("One-qubit gate error", gates, _percent, best=min),
        _summary("Two-qubit gate error", list(pairs.values()), _percent, best=min),
        _summary("T1", t1, times, best=max),
        _summary("T2", t2, times, best=max),
    ]
    return DeviceTables(
        drawing,
        caption,
        summary=[row for row in known if row is not None],
        qubits=[
            (
                str(qubit),
                _text(readout[qubit], _percent),
                _text(gates[qubit], _percent),
                _text(t1[qubit], times),
                _text(t2[qubit], times),
            )
            for qubit in range(count)
        ],
        pairs=[
            (f"{one}–{other}", _text(error, _percent))
            for (one, other), error in sorted(pairs.items())[:_MAX_PAIRS]
        ],
        left_out=f"Only the first {MAX_ROWS:,} qubits are shown." if qpu.q_bits > MAX_ROWS else "",
    )


def _map(qpu: QPU, properties: DeviceProperties) -> tuple[str, str]:
    """Return the drawing of the map, and what it shows or why there is none."""
    pairs = properties.pairs
    if qpu.q_bits > MAX_QUBITS:
        size = f"{counted(qpu.q_bits, 'qubit')} and {counted(len(pairs), 'coupled pair')}"
        return "", f"A map of {size} would be too dense to read. Maps show up to {MAX_QUBITS} qubits."
    errors = DeviceErrors(properties.readout_errors(qpu.q_bits), properties.pair_errors(qpu.q_bits))
    coupled = ", ".join(f"{one}–{other}" for one, other in errors.pairs)
    description = f"{counted(qpu.q_bits, 'qubit')}. Coupled pairs: {coupled}. {CAPTION}"
    drawing = draw_device_map(f"Map of {qpu.nickname}", description, errors)
    return drawing, CAPTION if drawing else "The service reports no coupled pairs of qubits."


def _summary(
    name: str,
    values: Sequence[float | None],
    text: _Formatter,
    *,
    best: Callable[[Sequence[float]], float],
) -> tuple[str, str, str, str] | None:
    known = [value for value in values if value is not None and isfinite(value)]
    if not known:
        return None
    worst = max if best is min else min
    return name, text(best(known)), text(median(known)), text(worst(known))


def _text(value: float | None, text: _Formatter) -> str:
    return _UNKNOWN if value is None or not isfinite(value) else text(value)


def _percent(share: float) -> str:
    """Return a share in _percent with three digits."""
    return f"{_digits(100 * share)} %"


def _time_formatter(times: Sequence[float | None]) -> _Formatter:
    """Return what formats the times of a device, all in the unit of the median."""
    known = [time for time in times if time is not None and isfinite(time) and time > 0]
    middle = median(known) if known else 1.0
    size, unit = next(((size, unit) for size, unit in _UNITS if middle >= size), _UNITS[-1])
    return lambda time: f"{_digits(time / size)} {unit}"


def _digits(value: float) -> str:
    """Return a number with three digits and no exponent, unless it is tiny or huge."""
    if value == 0 or not 1e-4 <= abs(value) < 1e6:
        return f"{value:.3g}"
    whole_digits = len(str(int(abs(value))))
    return f"{value:,.{max(0, 3 - whole_digits)}f}" if abs(value) >= 1 else f"{value:#.3g}"
