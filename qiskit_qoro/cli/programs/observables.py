"""Observables as text: Pauli strings, and sums of Pauli strings with real coefficients.

Grammar, with spaces anywhere between the parts::

    observables = observable *( "," observable )
    observable  = [ sign ] term *( sign term )
    term        = [ number [ "*" ] ] Pauli-string
"""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass

from qiskit.quantum_info import SparsePauliOp

from qiskit_qoro.errors import QoroInputError

__all__ = ["Observable", "add_observable_option", "read_observables"]

_TERM = re.compile(
    r"\s*(?P<sign>[+-]?)\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\*?\s*)?(?P<letters>[IXYZ]+)\s*",
    re.ASCII,
)
_NEGATIVE = re.compile(r"-[\d.IXYZ]")
_EXAMPLE = "ZZ or 0.5*ZZ + 0.2*XX"


@dataclass(frozen=True)
class Observable:
    """An observable, and the text that the user wrote.

    Attributes:
        text: The text.
        operator: The observable.
    """

    text: str
    operator: SparsePauliOp

    def check(self, name: str, num_qubits: int) -> None:
        """Check that the observable has one letter for each qubit of a circuit.

        Args:
            name: The name of the circuit.
            num_qubits: The number of its qubits.

        Raises:
            QoroInputError: It has fewer or more.
        """
        if self.operator.num_qubits != num_qubits:
            raise QoroInputError(
                f"{name}: the observable {self.text} has {_number(self.operator.num_qubits, 'letter')}, but "
                f"the program has {_number(num_qubits, 'qubit')}: use one letter for each qubit, the "
                "rightmost for qubit 0"
            )


def add_observable_option(parser: argparse.ArgumentParser, *, required: bool, meaning: str) -> None:
    """Add the option for observables, which may be repeated."""
    # argparse takes a word such as -ZZ for an option, unless it looks like a negative number.
    parser._negative_number_matcher = _NEGATIVE  # noqa: SLF001
    parser.add_argument(
        "--observable",
        type=read_observables,
        action="extend",
        required=required,
        default=None if required else [],
        metavar="PAULIS",
        help=f"{meaning}: Pauli strings such as ZZ,XX, or sums such as '0.5*ZZ + 0.2*XX'. The rightmost "
        "letter is qubit 0, as in Qiskit. May be repeated",
    )


def read_observables(text: str) -> list[Observable]:
    """Read observables that are separated by commas.

    Raises:
        argparse.ArgumentTypeError: An observable is not a sum of Pauli strings.
    """
    return [_read(part.strip()) for part in text.split(",")]


def _read(text: str) -> Observable:
    terms: list[tuple[str, float]] = []
    position = 0
    while position < len(text) or not terms:
        term = _TERM.match(text, position)
        # Only the first term may be without a sign.
        if term is None or (terms and not term["sign"]):
            raise argparse.ArgumentTypeError(_problem(text, position))
        size = float(term["number"] or 1)
        if not math.isfinite(size):
            raise argparse.ArgumentTypeError(f"the coefficient {term['number']} is too large")
        terms.append((term["letters"], -size if term["sign"] == "-" else size))
        position = term.end()
    if len(widths := sorted({len(letters) for letters, _ in terms})) > 1:
        raise argparse.ArgumentTypeError(
            f"the Pauli strings of {text!r} have {widths[0]} and {widths[-1]} letters, expected the same "
            "number of letters in each"
        )
    return Observable(text, SparsePauliOp.from_list(terms))


def _problem(text: str, position: int) -> str:
    if not text:
        return f"expected an observable such as {_EXAMPLE}, got nothing"
    rest = text[position:].strip()
    return f"expected an observable such as {_EXAMPLE}, got {text!r}, which is wrong at {rest!r}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
