"""The values of a request: a problem and its options. :mod:`.request_json` reads them from JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.request.constraints import Constraint

__all__ = [
    "Analysis",
    "Ansatz",
    "CharacterizationRequest",
    "Mixer",
    "Preset",
    "RequestForm",
    "Subspace",
    "SweepRange",
]


class RequestForm(Enum):
    """The form of a request: the old one has ``target_states``, the new one ``reference_states``."""

    OLD = "target_states"
    NEW = "reference_states"


class Preset(Enum):
    """How much to compute, if no flag overrides it."""

    FAST = "fast"
    STANDARD = "standard"
    DEEP = "deep"


class Mixer(Enum):
    """The mixer of the QAOA circuit; see :mod:`qiskit_qoro.qubo_analysis.qaoa`."""

    X = "x"
    XY = "xy"
    IDENTITY = "I"


class SweepRange(NamedTuple):
    """``points`` evenly spaced values from ``start`` to ``stop``, both included."""

    start: float
    stop: float
    points: int


@dataclass(frozen=True)
class Analysis:
    """What to compute: the preset with the flags applied.

    Attributes:
        parameter_sweep: Search for the best angles on a grid.
        sensitivity: Compute how much each variable matters.
        penalty_tuning: Judge the weight of the penalty.
        hardness: Compute the hardness figures.
        certificate: Compute the certificate, the classical baseline and the quality of the formulation.
        hardness_only: Skip everything about QAOA.
        gamma: The cost angle, or ``None`` for the default.
        beta: The mixer angle, or ``None`` for the default.
        gamma_range: The cost angles of the sweep, or ``None`` for the default range.
        beta_range: The mixer angles of the sweep, or ``None`` for the default range.
        sweep_points: The number of values of each angle without an explicit range.
    """

    parameter_sweep: bool = True
    sensitivity: bool = True
    penalty_tuning: bool = False
    hardness: bool = False
    certificate: bool = False
    hardness_only: bool = False
    gamma: float | None = None
    beta: float | None = None
    gamma_range: SweepRange | None = None
    beta_range: SweepRange | None = None
    sweep_points: int = 15


@dataclass(frozen=True)
class Ansatz:
    """The QAOA circuit: its mixer and its depth, 1 to 3 layers."""

    mixer: Mixer = Mixer.X
    layers: int = 1


@dataclass(frozen=True)
class Subspace:
    """How to reduce a large problem: fix all but a few variables to their values in a base state.

    Attributes:
        auto_warmstart: Let a classical solver choose the base state and the free variables.
        solver: The solver: ``greedy`` or ``simulated_annealing``.
        max_variable_qubits: The number of free variables, at most 16.
        restarts: The number of independent annealing chains.
        base_state: The base state, variable 0 first. ``None`` lets the solver choose it.
        variable_qubits: The free variables. ``None`` lets the solver choose them.
    """

    auto_warmstart: bool = False
    solver: str = "simulated_annealing"
    max_variable_qubits: int = 12
    restarts: int = 16
    base_state: str | None = None
    variable_qubits: tuple[int, ...] | None = None

    @property
    def is_requested(self) -> bool:
        """Whether the request contains a subspace."""
        return self.auto_warmstart or self.base_state is not None or self.variable_qubits is not None


@dataclass(frozen=True)
class CharacterizationRequest:
    """A problem and what to compute for it.

    Attributes:
        objective: The polynomial to minimize.
        states: The target or reference states, variable 0 first.
        form: The form of the request.
        preset: How much to compute, if no flag overrides it.
        analysis: What to compute.
        ansatz: The QAOA circuit.
        subspace: How to reduce a large problem.
        constraints: The constraints that make a state feasible. Without any, all states are feasible.
        cost: The objective without its penalty, or ``None`` if not given.
        penalty: The penalty, or ``None`` if not given.
    """

    objective: Polynomial
    states: tuple[str, ...] = ()
    form: RequestForm = RequestForm.NEW
    preset: Preset = Preset.STANDARD
    analysis: Analysis = field(default_factory=Analysis)
    ansatz: Ansatz = field(default_factory=Ansatz)
    subspace: Subspace = field(default_factory=Subspace)
    constraints: tuple[Constraint, ...] = ()
    cost: Polynomial | None = None
    penalty: Polynomial | None = None
