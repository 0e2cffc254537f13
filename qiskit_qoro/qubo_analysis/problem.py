"""What is asked: a problem with its options, as values. How it travels is in :mod:`.options`."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.constraints import Constraint

__all__ = [
    "Analysis",
    "Ansatz",
    "CharacterizationRequest",
    "Mixer",
    "Preset",
    "RequestForm",
    "Subspace",
    "SweepRange",
    "seed_of",
]


class RequestForm(Enum):
    """Which form of the request was used: with ``target_states`` or with ``reference_states``."""

    OLD = "target_states"
    NEW = "reference_states"


class Preset(Enum):
    """How much is computed where no flag says otherwise."""

    FAST = "fast"
    STANDARD = "standard"
    DEEP = "deep"


class Mixer(Enum):
    """What moves amplitude between states; see :mod:`.qaoa`."""

    X = "x"
    XY = "xy"
    IDENTITY = "I"


class SweepRange(NamedTuple):
    """``points`` values from ``start`` to ``stop``, both included."""

    start: float
    stop: float
    points: int


@dataclass(frozen=True)
class Analysis:
    """What is computed, the preset and the flags taken together.

    Attributes:
        parameter_sweep: Look for the best angles on a grid.
        sensitivity: Tell how much each variable matters.
        penalty_tuning: Judge the weight of the penalty.
        hardness: Compute the hardness figures.
        certificate: Compute the certificate, the classical baseline and the quality of the formulation.
        hardness_only: Leave out everything about QAOA.
        gamma: Angle of the cost, ``None`` means the default.
        beta: Angle of the mixer, ``None`` means the default.
        gamma_range: Where the sweep looks, ``None`` means the default range.
        beta_range: Likewise.
        sweep_points: Values a side of the grid where no range says otherwise.
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
    """How a problem that is too large is cut down: all but some variables keep the values of a base state.

    Attributes:
        auto_warmstart: Take base and variables from a classical solver.
        solver: Which one: ``greedy`` or ``simulated_annealing``.
        max_variable_qubits: How many variables stay variable, at most 16.
        restarts: Independent starts of the annealing.
        base_state: The base, variable 0 first; ``None`` leaves it to the solver.
        variable_qubits: The variables that stay variable; ``None`` leaves them to the solver.
    """

    auto_warmstart: bool = False
    solver: str = "simulated_annealing"
    max_variable_qubits: int = 12
    restarts: int = 16
    base_state: str | None = None
    variable_qubits: tuple[int, ...] | None = None

    @property
    def wanted(self) -> bool:
        """Whether the request asks for a subspace at all."""
        return self.auto_warmstart or self.base_state is not None or self.variable_qubits is not None


@dataclass(frozen=True)
class CharacterizationRequest:
    """A problem and what is to be said about it.

    Attributes:
        objective: What is minimised.
        states: The target or reference states, variable 0 first.
        form: Which form of the request was used.
        preset: How much is computed where no flag says otherwise.
        analysis: What is computed.
        ansatz: The QAOA circuit.
        subspace: How a problem that is too large is cut down.
        constraints: What makes a state feasible; none means that all are.
        cost: The objective without its penalty, where it was given.
        penalty: The penalty, where it was given.
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


def seed_of(objective: Polynomial) -> int:
    """A seed that is the same for the same objective, everywhere."""
    digest = hashlib.sha256(struct.pack("<q", objective.num_variables))
    for term, coefficient in objective.terms.items():
        digest.update(struct.pack(f"<q{len(term)}qd", len(term), *term, coefficient))
    return int.from_bytes(digest.digest()[:8], "little")
