"""Optimization problems in the LP format of CPLEX, which other solvers and qiskit-optimization use too.

Grammar, in any case of letters, with comments from a backslash to the end of a line::

    program    = goal [ name ":" ] sum
                 [ "subject to" *( [ name ":" ] sum sense number ) ]
                 [ "bounds" *( [ number sense ] variable sense number | variable "free" ) ]
                 [ "binaries" *variable ] [ "generals" *variable ] "end"
    goal       = "minimize" / "maximize"
    sum        = *( [ sign ] [ number ] variable | sign number | [ sign ] "[" products "]" [ "/ 2" ] )
    products   = *( [ sign ] [ number ] ( variable "*" variable | variable "^ 2" ) )
    sense      = "<=" / ">=" / "="

A section begins at the beginning of a line. Only objectives may be quadratic. A variable that is listed
nowhere else is continuous and not negative.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from qiskit_qoro.errors import QoroInputError

__all__ = ["read_lp"]

_SECTIONS = {
    "minimize": r"minimi[sz]e|minimum|min",
    "maximize": r"maximi[sz]e|maximum|max",
    "constraints": r"subject\s+to|such\s+that|s\.?t\.?",
    "bounds": r"bounds?",
    "binary": r"binar(?:y|ies)|bin",
    "integer": r"generals?|gen|integers?|int",
    "other": r"semi-continuous|semis?|sos[12]?|lazy\s+constraints|user\s+cuts|pwlobj",
    "end": r"end",
}
_HEADING = re.compile(
    r"^[ \t]*(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _SECTIONS.items()) + r")(?![\w.:])",
    re.IGNORECASE | re.MULTILINE,
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<sense><=|=<|>=|=>|<|>|=)|(?P<sign>[+-])|(?P<mark>->|[*^/:\[\]])|(?P<name>[^\s+\-*^/<>=:\[\]]+))"
)
_INFINITIES = ("inf", "infinity")
_SENSES = {"<": "<=", "=<": "<=", "<=": "<=", ">": ">=", "=>": ">=", ">=": ">=", "=": "=="}


@dataclass
class _Sum:
    """A sum of terms."""

    constant: float = 0.0
    linear: dict[str, float] = field(default_factory=dict)
    quadratic: dict[tuple[str, str], float] = field(default_factory=dict)


@dataclass
class _Variable:
    lower: float = 0.0
    upper: float = math.inf
    kind: str = "continuous"


class _Tokens:
    """The tokens of a section."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._place = 0

    def next_is(self, kind: str, text: str | None = None, *, ahead: int = 0) -> bool:
        """Whether a token has a kind and a text, in any case of letters."""
        place = self._place + ahead
        if place >= len(self._tokens):
            return False
        found, value = self._tokens[place]
        return found == kind and text in (None, value.lower())

    def take(self, kind: str, what: str) -> str:
        """Return the text of the next token, which must be of a kind."""
        if not self.next_is(kind):
            found = self._tokens[self._place][1] if self else "nothing"
            raise QoroInputError(f"expected {what}, got {found!r}")
        self._place += 1
        return self._tokens[self._place - 1][1]

    def skip(self, kind: str, text: str) -> bool:
        """Skip a token if it is the next one."""
        is_next = self.next_is(kind, text)
        self._place += is_next
        return is_next

    def __bool__(self) -> bool:
        return self._place < len(self._tokens)

    def skip_label(self) -> None:
        """Skip the name of an objective or of a constraint."""
        if self.next_is("name") and self.next_is("mark", ":", ahead=1):
            self._place += 2

    def sign(self) -> float:
        """Return the product of the signs that follow."""
        factor = 1.0
        while self.next_is("sign"):
            factor *= -1 if self.take("sign", "a sign") == "-" else 1
        return factor

    def number(self) -> float:
        """Return a number with its sign."""
        factor = self.sign()
        if self.next_is("name") and self._tokens[self._place][1].lower() in _INFINITIES:
            self._place += 1
            return factor * math.inf
        return factor * float(self.take("number", "a number"))

    def next_is_number(self) -> bool:
        """Whether a number with or without sign follows."""
        ahead = 0
        while self.next_is("sign", ahead=ahead):
            ahead += 1
        return self.next_is("number", ahead=ahead) or any(
            self.next_is("name", word, ahead=ahead) for word in _INFINITIES
        )


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            raise QoroInputError(f"unexpected {text[position : position + 20].strip()!r}")
        position = token.end()
        kind = str(token.lastgroup)
        yield kind, token[kind]


def read_lp(text: str) -> Any:
    """Read a ``QuadraticProgram`` of qiskit-optimization, which has to be installed.

    Raises:
        QoroInputError: The text is not a program in this format, or has parts that are not supported.
    """
    try:
        from qiskit_optimization import QuadraticProgram  # noqa: PLC0415 - not required
    except ImportError as error:
        raise QoroInputError(
            "LP files need qiskit-optimization: install it with pip install qiskit-optimization"
        ) from error
    sections = _sections(re.sub(r"\\.*", "", text))
    goal = "maximize" if "maximize" in sections else "minimize"
    if goal not in sections:
        raise QoroInputError("the file has no objective, expected a line with Minimize or Maximize")
    tokens = _Tokens(sections[goal])
    tokens.skip_label()
    objective = _read_sum(tokens)
    if tokens:
        tokens.take("end", "the end of the objective")
    constraints = list(_read_constraints(_Tokens(sections.get("constraints", ""))))
    variables: dict[str, _Variable] = {}
    for each in (objective, *(item for item, _, _ in constraints)):
        names = [*each.linear, *(name for pair in each.quadratic for name in pair)]
        variables |= {name: _Variable() for name in names if name not in variables}
    _read_kinds(sections, variables)
    _read_bounds(_Tokens(sections.get("bounds", "")), variables)
    program = QuadraticProgram()
    for name, variable in variables.items():
        _add(program, name, variable)
    getattr(program, goal)(objective.constant, objective.linear, objective.quadratic)
    for each, sense, right in constraints:
        program.linear_constraint(each.linear, sense, right - each.constant)
    return program


def _sections(text: str) -> dict[str, str]:
    """Return the text of each section."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    sections: dict[str, str] = {}
    for heading, end in zip(headings, ends, strict=False):
        name = str(heading.lastgroup)
        if name == "other":
            raise QoroInputError(f"the section {heading[0].strip()!r} is not supported")
        if name == "end":
            break
        sections[name] = f"{sections.get(name, '')}\n{text[heading.end() : end]}"
    return sections


def _read_sum(tokens: _Tokens) -> _Sum:
    found = _Sum()
    while tokens and not tokens.next_is("sense"):
        factor = tokens.sign()
        if tokens.skip("mark", "["):
            _read_products(tokens, found, factor)
            continue
        if tokens.next_is("number"):
            factor *= tokens.number()
            if not tokens.next_is("name"):
                found.constant += factor
                continue
        name = tokens.take("name", "a variable")
        if tokens.next_is("mark", ":"):
            raise QoroInputError(f"unexpected ':' after {name!r}")
        found.linear[name] = found.linear.get(name, 0.0) + factor
    return found


def _read_products(tokens: _Tokens, found: _Sum, outer: float) -> None:
    products: list[tuple[str, str, float]] = []
    while not tokens.skip("mark", "]"):
        factor = tokens.sign()
        if tokens.next_is("number"):
            factor *= tokens.number()
        first = tokens.take("name", "a variable or ']'")
        if tokens.skip("mark", "^"):
            if tokens.number() != 2:
                raise QoroInputError(f"expected {first} ^ 2, got another exponent")
            second = first
        elif tokens.skip("mark", "*"):
            second = tokens.take("name", "a variable")
        else:
            raise QoroInputError(f"expected '*' or '^ 2' after {first}")
        products.append((first, second, factor))
    if tokens.skip("mark", "/"):
        outer /= tokens.number()
    for first, second, factor in products:
        pair = (first, second) if first <= second else (second, first)
        found.quadratic[pair] = found.quadratic.get(pair, 0.0) + outer * factor


def _read_constraints(tokens: _Tokens) -> Iterator[tuple[_Sum, str, float]]:
    while tokens:
        tokens.skip_label()
        left = _read_sum(tokens)
        if left.quadratic:
            raise QoroInputError("a constraint is quadratic, only linear constraints are supported")
        sense = _SENSES[tokens.take("sense", "<=, >= or =")]
        yield left, sense, tokens.number()


def _read_kinds(sections: dict[str, str], variables: dict[str, _Variable]) -> None:
    for kind in ("integer", "binary"):
        tokens = _Tokens(sections.get(kind, ""))
        while tokens:
            name = tokens.take("name", "a variable")
            variable = variables.setdefault(name, _Variable())
            variable.kind = kind
            if kind == "binary":
                variable.upper = 1.0


def _read_bounds(tokens: _Tokens, variables: dict[str, _Variable]) -> None:
    while tokens:
        lower = tokens.number() if tokens.next_is_number() else None
        lower_sense = None if lower is None else _SENSES[tokens.take("sense", "<=, >= or =")]
        name = tokens.take("name", "a variable")
        variable = variables.setdefault(name, _Variable())
        if lower is not None and lower_sense is not None:
            # The number is on the left: 0 <= x is a lower bound.
            _set_bound(variable, {"<=": ">=", ">=": "<="}.get(lower_sense, lower_sense), lower)
        elif tokens.skip("name", "free"):
            variable.lower, variable.upper = -math.inf, math.inf
            continue
        if lower is None or tokens.next_is("sense"):
            sense = _SENSES[tokens.take("sense", "<=, >= or =")]
            _set_bound(variable, sense, tokens.number())


def _set_bound(variable: _Variable, sense: str, value: float) -> None:
    if sense in (">=", "=="):
        variable.lower = value
    if sense in ("<=", "=="):
        variable.upper = value


def _add(program: Any, name: str, variable: _Variable) -> None:
    """Add a variable to the program."""
    bounds = (variable.lower, variable.upper)
    if variable.kind == "binary" and bounds == (0.0, 1.0):
        program.binary_var(name)
    elif variable.kind == "continuous":
        program.continuous_var(*bounds, name=name)
    elif math.isfinite(variable.lower) and math.isfinite(variable.upper):
        program.integer_var(*bounds, name=name)
    else:
        raise QoroInputError(f"the integer variable {name} has no upper or lower bound, expected both")
