"""The arrangement of a circuit: which operation is in which column, and where.

Each operation moves as far to the left as possible. It takes all wires from its first to its last one, so
that nothing is drawn over its lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

__all__ = [
    "MAX_COLUMNS",
    "MAX_QUBITS",
    "MAX_REGISTERS",
    "Condition",
    "Family",
    "Layout",
    "Operation",
    "Placed",
    "Shape",
    "Wires",
    "arrange",
]

MAX_QUBITS = 40
"""A drawing has at most this many qubits."""

MAX_REGISTERS = 12
"""A drawing has at most this many classical registers."""

MAX_COLUMNS = 60
"""A drawing has at most this many columns."""

_MAX_QUBITS_WITH_ARROWS = 12
# Sizes in pixels.
_MARGIN, _TOP, _GAP, _BOX, _ROW, _CLASSICAL_ROW = 10.0, 8.0, 12.0, 32.0, 42.0, 36.0
_NAME_CHARACTER, _SMALL_CHARACTER, _WIRE_CHARACTER = 8.0, 5.8, 7.4


class Shape(Enum):
    """How the targets of an operation are drawn."""

    BOX = auto()
    NOT = auto()
    DOT = auto()
    SWAP = auto()
    MEASURE = auto()
    BARRIER = auto()


class Family(Enum):
    """What kind of operation it is. Each family has a colour."""

    BASIS = auto()
    PAULI = auto()
    ROTATION = auto()
    PHASE = auto()
    OTHER = auto()
    MEASURE = auto()


@dataclass(frozen=True)
class Condition:
    """A condition of an operation.

    Attributes:
        register: The position of the classical register.
        text: What it must be, such as ``= 3``.
    """

    register: int
    text: str


@dataclass(frozen=True)
class Operation:
    """An operation.

    Attributes:
        name: The text in the box.
        targets: The qubits that it acts on, in order; at least one.
        controls: The qubits that control it.
        detail: The second line of the box, such as the angles.
        shape: How the targets are drawn.
        family: Its family.
        bit: For a measurement, the position of the classical register and the index of the bit in it.
        condition: The condition, or ``None``.
        tooltip: The whole operation in words.
    """

    name: str
    targets: tuple[int, ...]
    controls: tuple[int, ...] = ()
    detail: str = ""
    shape: Shape = Shape.BOX
    family: Family = Family.OTHER
    bit: tuple[int, int] | None = None
    condition: Condition | None = None
    tooltip: str = ""

    @property
    def qubits(self) -> tuple[int, ...]:
        """All qubits."""
        return self.controls + self.targets

    @property
    def has_numbers(self) -> bool:
        """Whether the box says which of its qubits is which."""
        return self.shape is Shape.BOX and len(self.targets) > 1

    @property
    def width(self) -> float:
        """The width in pixels that its box needs."""
        if self.shape is Shape.BARRIER:
            return 12.0
        if self.shape is not Shape.BOX:
            return _BOX if self.shape is Shape.MEASURE else 24.0
        text = max(len(self.name) * _NAME_CHARACTER, len(self.detail) * _SMALL_CHARACTER)
        return max(_BOX, text + 10 + 20 * self.has_numbers)


@dataclass(frozen=True)
class Wires:
    """The wires of a circuit.

    Attributes:
        qubits: The name of each qubit: its register, and its index; no index if the register has one qubit.
        registers: The name and the size of each classical register.
    """

    qubits: Sequence[tuple[str, str]]
    registers: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class Placed:
    """An operation in its place.

    Attributes:
        operation: The operation.
        column: Its column.
        rows: Its first and its last row. The classical registers are the rows after the qubits.
    """

    operation: Operation
    column: int
    rows: tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """The arrangement of a circuit.

    Attributes:
        wires: The wires that are drawn.
        placed: The operations that are drawn.
        widths: The width of each column, in pixels.
        has_arrows: Whether a measurement has an arrow to its classical register. Otherwise a wide circuit
            would need a column for each measurement, so the box names the bit.
        num_qubits_left_out: The number of qubits that are not drawn.
        num_registers_left_out: The number of classical registers that are not drawn.
        lefts: The left edge of each column, and the end of the last one, in pixels.
    """

    wires: Wires
    placed: Sequence[Placed]
    widths: Sequence[float]
    has_arrows: bool
    num_qubits_left_out: int = 0
    num_registers_left_out: int = 0
    lefts: Sequence[float] = field(init=False)

    def __post_init__(self) -> None:
        names = [len(name) + len(index) for name, index in self.wires.qubits]
        names += [len(name) for name, _ in self.wires.registers]
        lefts = [_MARGIN + max(names, default=0) * _WIRE_CHARACTER + (30 if self.wires.registers else 12)]
        for width in self.widths:
            lefts.append(lefts[-1] + width + _GAP)
        object.__setattr__(self, "lefts", lefts)

    @property
    def width(self) -> float:
        """The width of the drawing in pixels."""
        return self.lefts[-1] + _MARGIN

    @property
    def height(self) -> float:
        """The height of the drawing in pixels."""
        num_registers = len(self.wires.registers)
        below = 12.0 if num_registers else 0.0
        return 2 * _TOP + len(self.wires.qubits) * _ROW + num_registers * _CLASSICAL_ROW + below

    def arrow_row(self, operation: Operation) -> int | None:
        """Return the row that the arrow of a measurement goes to, or ``None`` if there is no arrow."""
        bit = operation.bit
        return self._row(bit[0]) if bit is not None and self.has_arrows else None

    def condition_row(self, operation: Operation) -> int | None:
        """Return the row of the condition of an operation, or ``None`` if none is drawn."""
        return None if operation.condition is None else self._row(operation.condition.register)

    def _row(self, register: int) -> int | None:
        """Return the row of a classical register, or ``None`` if it is not drawn."""
        return len(self.wires.qubits) + register if register < len(self.wires.registers) else None

    def center(self, column: int) -> float:
        """Return the middle of a column."""
        return self.lefts[column] + self.widths[column] / 2

    def wire(self, row: int) -> float:
        """Return the height of a wire."""
        num_qubits = len(self.wires.qubits)
        if row < num_qubits:
            return _TOP + (row + 0.5) * _ROW
        return _TOP + num_qubits * _ROW + (row - num_qubits + 0.5) * _CLASSICAL_ROW


def arrange(
    wires: Wires,
    operations: Iterable[Operation],
    *,
    max_qubits: int = MAX_QUBITS,
    max_columns: int = MAX_COLUMNS,
) -> Layout:
    """Arrange a circuit.

    Args:
        wires: All wires.
        operations: The operations in order. Those after the last one that is drawn are not read.
        max_qubits: The largest number of qubits that are drawn: the first ones.
        max_columns: The largest number of columns.
    """
    num_qubits = min(len(wires.qubits), max_qubits)
    drawn = Wires(wires.qubits[:num_qubits], wires.registers[:MAX_REGISTERS])
    layout = Layout(
        drawn,
        placed=[],
        widths=[],
        has_arrows=len(wires.qubits) <= _MAX_QUBITS_WITH_ARROWS,
        num_qubits_left_out=len(wires.qubits) - num_qubits,
        num_registers_left_out=len(wires.registers) - len(drawn.registers),
    )
    # The first free column of each row.
    free = [0] * (num_qubits + len(drawn.registers))
    widths: list[float] = []
    placed: list[Placed] = []
    for operation in operations:
        rows = _rows(operation, layout)
        if rows is None:
            continue
        first, last = rows
        column = max(free[first : last + 1])
        free[first : last + 1] = [column + 1] * (last + 1 - first)
        if column >= max_columns:
            if min(free[:num_qubits]) >= max_columns:
                break
            continue
        widths += [0.0] * (column + 1 - len(widths))
        widths[column] = max(widths[column], operation.width)
        placed.append(Placed(operation, column, rows))
    return replace(layout, placed=placed, widths=widths)


def _rows(operation: Operation, layout: Layout) -> tuple[int, int] | None:
    """Return the first and the last row of an operation; ``None`` if a qubit is not drawn."""
    num_qubits = len(layout.wires.qubits)
    first, last = min(operation.qubits), max(operation.qubits)
    if last >= num_qubits:
        if operation.shape is not Shape.BARRIER or first >= num_qubits:
            return None
        last = num_qubits - 1
    below = (layout.arrow_row(operation), layout.condition_row(operation))
    return first, max([last, *(row for row in below if row is not None)])
