"""The two bit orders: the facts, which the table of the page shows too, and their figure."""

from dataclasses import dataclass

from drawn.canvas import Canvas

__all__ = ["ORDERS", "QUBITS", "Order", "draw_bit_orders"]

QUBITS = 3
"""The register of the examples. Only qubit 0 is set, or has a Pauli operator."""

_CELL = 34.0


@dataclass(frozen=True)
class Order:
    """How a text orders its bits or qubits.

    Attributes:
        what: The kind of text.
        rightmost: Whether bit or qubit 0 is the rightmost character, and not the leftmost one.
        is_pauli: Whether the characters are Pauli operators, and not bits.
    """

    what: str
    rightmost: bool
    is_pauli: bool

    @property
    def numbers(self) -> list[int]:
        """The number of the bit or qubit at each position, from left to right."""
        return list(reversed(range(QUBITS))) if self.rightmost else list(range(QUBITS))

    @property
    def example(self) -> str:
        """The text in which only number 0 is set."""
        zero, one = ("I", "Z") if self.is_pauli else ("0", "1")
        return "".join(zero if number else one for number in self.numbers)


ORDERS = (
    Order("Qiskit's counts", rightmost=True, is_pauli=False),
    Order("Qiskit's Pauli labels", rightmost=True, is_pauli=True),
    Order("the service's counts", rightmost=True, is_pauli=False),
    Order("the service's Pauli strings", rightmost=False, is_pauli=True),
    Order("the engine's counts", rightmost=False, is_pauli=False),
    Order("the engine's Pauli strings", rightmost=False, is_pauli=True),
)


def draw_bit_orders() -> Canvas:
    """Draw a register of three qubits, and the texts of both orders below it."""
    canvas = Canvas(
        640,
        400,
        "The two bit orders",
        "A register of three qubits, in which only qubit 0 is set. "
        + " ".join(f"In {order.what}, the text is {order.example}." for order in ORDERS),
    )
    qubits = [
        canvas.box(
            152 + 116 * number,
            6,
            104,
            48,
            f"qubit {number}",
            "is 1" if number == 0 else "is 0",
            kind=_kind(number),
        )
        for number in range(QUBITS)
    ]
    for x, rightmost, label in (
        (0, True, "number 0 is on the right"),
        (330, False, "number 0 is on the left"),
    ):
        canvas.group(x, 104, 310, 292, label, below=True)
        shown = [order for order in ORDERS if order.rightmost is rightmost]
        for place, order in enumerate(shown):
            y = 130 + 78 * place
            for column, number in enumerate(order.numbers):
                left = x + 190 + column * (_CELL + 4) if rightmost else x + 10 + column * (_CELL + 4)
                cell = canvas.cell(left, y, _CELL, order.example[column], kind=_kind(number))
                canvas.text(left + _CELL / 2, y + _CELL + 10, f"{number}", kind="small")
                if not place:
                    canvas.arrow(qubits[number].bottom, cell.top)
            if rightmost:
                canvas.text(x + 180, y + _CELL / 2, order.what, anchor="end")
            else:
                canvas.text(x + 132, y + _CELL / 2, order.what, anchor="start")
    return canvas


def _kind(number: int) -> str:
    return "accent" if number == 0 else ""
