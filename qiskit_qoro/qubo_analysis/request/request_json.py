"""Read a request from JSON, in the old form (``target_states``) or the new form (``reference_states``).

Both forms accept both generations of option names. An unknown key in any group is an error, and so is the
same option under both of its names. Flags that are not given have the values of the preset.

``gamma`` and ``beta`` are numbers, and turn the sweep off. ``gamma_range`` and ``beta_range`` are ``[start,
stop, count]``. The weights of a constraint are an object from variable to number, or a list with one number
for each of ``qubits``.

The number of variables is ``n_qubits`` if given. Otherwise it is the length of the states if that is more
than the coefficients need, because comma keys do not show variables without a coefficient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.qubo import Polynomial
from qiskit_qoro.qubo_analysis.request.constraints_json import read_constraints
from qiskit_qoro.qubo_analysis.request.option_fields import (
    as_qubits,
    check_known_keys,
    choice,
    option_group,
    optional,
    with_new_names,
)
from qiskit_qoro.qubo_analysis.request.request_values import (
    Analysis,
    Ansatz,
    CharacterizationRequest,
    Mixer,
    Preset,
    RequestForm,
    Subspace,
    SweepRange,
)
from qiskit_qoro.wire.fields import (
    as_count,
    as_list,
    as_number,
    as_object,
    boolean_field,
    refuse_unknown_keys,
    shown,
)
from qiskit_qoro.wire.qubo import MAX_VARIABLES, qubo_from_json

__all__ = ["MAX_LAYERS", "MAX_SUBSPACE", "MAX_SWEEP_POINTS", "PRESETS", "request_from_json"]

MAX_LAYERS = 3
MAX_SUBSPACE = 16
MAX_RESTARTS = 256
MAX_SWEEP_POINTS = 2500
"""The maximum number of points of the grid of a sweep."""

PRESETS: Mapping[Preset, Analysis] = {
    Preset.FAST: Analysis(parameter_sweep=False, sensitivity=False),
    Preset.STANDARD: Analysis(),
    Preset.DEEP: Analysis(hardness=True, certificate=True, sweep_points=30),
}

# Limits of the largest coefficient, in absolute value.
_MIN_MAGNITUDE, _MAX_MAGNITUDE = 1e-100, 1e100

# Larger phases, in radians, have lost most of their digits to rounding.
_MAX_PHASE = 1e11

_SOLVERS = {
    "auto": "simulated_annealing",
    "greedy": "greedy",
    "sa": "simulated_annealing",
    "simulated_annealing": "simulated_annealing",
}
_GROUPS = ("preset", "analysis", "ansatz", "subspace", "constraints", "cost_qubo", "penalty_qubo", "n_qubits")


def request_from_json(body: object) -> CharacterizationRequest:
    """Read the body of a request.

    Raises:
        WireError: A field is missing, unknown, of the wrong type or out of range. The message names the
            field.
    """
    fields = as_object(body, "body")
    refuse_unknown_keys(fields, ("qubo", "target_states", "reference_states", "options"))
    options = fields.get("options")
    options = {} if options is None else as_object(options, "options")
    check_known_keys(options, _GROUPS, "options")
    form, states = _read_states(fields)
    objective = _read_objective(fields.get("qubo"), options.get("n_qubits"), states)
    n = objective.num_variables
    _check_states(states, n, form.value)
    preset: Preset = choice(options, "preset", "options", Preset) or Preset.STANDARD
    cost, penalty = (_read_polynomial(options, key, n) for key in ("cost_qubo", "penalty_qubo"))
    defaults = PRESETS[preset]
    if form is RequestForm.OLD:
        defaults = replace(defaults, hardness=True)
    if penalty is not None:
        defaults = replace(defaults, penalty_tuning=True)
    analysis = _read_analysis(option_group(options, "analysis"), defaults)
    _check_angles(analysis, objective.total_weight)
    return CharacterizationRequest(
        objective=objective,
        states=states,
        form=form,
        preset=preset,
        analysis=analysis,
        ansatz=_read_ansatz(option_group(options, "ansatz")),
        subspace=_read_subspace(option_group(options, "subspace"), n),
        constraints=read_constraints(options.get("constraints"), n),
        cost=cost,
        penalty=penalty,
    )


# --- the problem ----------------------------------------------------------------------------------------


def _read_states(fields: Mapping[str, Any]) -> tuple[RequestForm, tuple[str, ...]]:
    given = [form for form in RequestForm if fields.get(form.value) is not None]
    if len(given) != 1:
        raise WireError("reference_states: expected exactly one of reference_states and target_states")
    key = given[0].value
    states = as_list(fields[key], key)
    for state in states:
        if not isinstance(state, str) or not state or state.strip("01"):
            raise WireError(f"{key}: expected texts of 0 and 1, got {shown(state)}")
    if given[0] is RequestForm.NEW and not states:
        raise WireError(f"{key}: expected at least one state, got none")
    # Repeated states count once.
    return given[0], tuple(dict.fromkeys(states))


def _read_objective(value: object, n_qubits: object, states: tuple[str, ...]) -> Polynomial:
    if n_qubits is not None and as_count(n_qubits, "options.n_qubits") > MAX_VARIABLES:
        raise WireError(f"options.n_qubits: expected at most {MAX_VARIABLES}, got {n_qubits}")
    objective = qubo_from_json(value)
    is_envelope = isinstance(value, dict) and "_format" in value
    if n_qubits is None and not is_envelope:
        n_qubits = max(objective.num_variables, max(map(len, states), default=0))
    if n_qubits is not None and n_qubits != objective.num_variables:
        objective = qubo_from_json(value, num_variables=as_count(n_qubits, "options.n_qubits"))
    _check_magnitude(objective, "qubo")
    return objective


def _check_states(states: tuple[str, ...], n: int, key: str) -> None:
    for state in states:
        if len(state) != n:
            raise WireError(
                f"{key}: expected states of {n} characters, one for each variable, got {shown(state)}"
            )


def _read_polynomial(options: Mapping[str, Any], key: str, n: int) -> Polynomial | None:
    if options.get(key) is None:
        return None
    polynomial = qubo_from_json(options[key], f"options.{key}", num_variables=n)
    _check_magnitude(polynomial, f"options.{key}")
    return polynomial


def _check_magnitude(polynomial: Polynomial, where: str) -> None:
    largest = max(map(abs, polynomial.terms.values()), default=1.0)
    if not _MIN_MAGNITUDE <= largest <= _MAX_MAGNITUDE:
        raise WireError(
            f"{where}: the largest coefficient is {largest:g}, expected {_MIN_MAGNITUDE:g} to "
            f"{_MAX_MAGNITUDE:g}: rescale the problem"
        )


# --- the groups of options ------------------------------------------------------------------------------


def _read_analysis(fields: Mapping[str, Any], defaults: Analysis) -> Analysis:
    where = "options.analysis"
    fields = with_new_names(
        fields, {"sensitivity": "structural_sensitivity", "auto_tune": "penalty_tuning"}, where
    )
    known = (
        "parameter_sweep",
        "structural_sensitivity",
        "penalty_tuning",
        "gamma",
        "beta",
        "gamma_range",
        "beta_range",
        "hardness_only",
    )
    check_known_keys(fields, known, where)
    hardness_only = boolean_field(fields, "hardness_only", default=False)
    is_fixed = fields.get("gamma") is not None or fields.get("beta") is not None
    if is_fixed and fields.get("parameter_sweep") is True:
        raise WireError(f"{where}.parameter_sweep: expected either a sweep or fixed angles (gamma, beta)")
    analysis = replace(
        defaults,
        parameter_sweep=boolean_field(
            fields, "parameter_sweep", default=defaults.parameter_sweep and not is_fixed
        ),
        sensitivity=boolean_field(fields, "structural_sensitivity", default=defaults.sensitivity),
        penalty_tuning=boolean_field(fields, "penalty_tuning", default=defaults.penalty_tuning),
        hardness=defaults.hardness or hardness_only,
        hardness_only=hardness_only,
        gamma=optional(fields, "gamma", where, as_number),
        beta=optional(fields, "beta", where, as_number),
        gamma_range=optional(fields, "gamma_range", where, _as_range),
        beta_range=optional(fields, "beta_range", where, _as_range),
    )
    counts = [
        analysis.sweep_points if side is None else side.points
        for side in (analysis.gamma_range, analysis.beta_range)
    ]
    if counts[0] * counts[1] > MAX_SWEEP_POINTS:
        raise WireError(
            f"{where}.gamma_range: a sweep of {counts[0]} × {counts[1]} points, "
            f"expected at most {MAX_SWEEP_POINTS}"
        )
    return analysis


def _check_angles(analysis: Analysis, total_weight: float) -> None:
    """Raise a :class:`WireError` if an angle makes phases too large to be exact."""
    # A cost phase is gamma times a cost, and no cost exceeds the total weight.
    for key, weight in (("gamma", total_weight), ("beta", 1.0)):
        angle, span = getattr(analysis, key), getattr(analysis, f"{key}_range")
        largest = max((abs(value) for value in (angle, *(span or ())[:2]) if value is not None), default=0.0)
        if largest * max(1.0, weight) > _MAX_PHASE:
            raise WireError(
                f"options.analysis.{key}: expected phases of at most {_MAX_PHASE:g} radians, an angle of "
                f"{largest:g} makes larger ones"
            )


def _as_range(value: object, where: str) -> SweepRange:
    items = as_list(value, where)
    if len(items) != 3:
        raise WireError(f"{where}: expected [start, stop, count], got {shown(value)}")
    count = as_count(items[2], f"{where}[2]")
    return SweepRange(as_number(items[0], f"{where}[0]"), as_number(items[1], f"{where}[1]"), count)


def _read_ansatz(fields: Mapping[str, Any]) -> Ansatz:
    check_known_keys(fields, ("mixer", "layers"), "options.ansatz")
    layers = optional(fields, "layers", "options.ansatz", as_count) or 1
    if layers > MAX_LAYERS:
        raise WireError(f"options.ansatz.layers: expected 1 to {MAX_LAYERS}, got {layers}")
    return Ansatz(choice(fields, "mixer", "options.ansatz", Mixer) or Mixer.X, layers)


def _read_subspace(fields: Mapping[str, Any], n: int) -> Subspace:
    where = "options.subspace"
    known = (
        "auto_warmstart",
        "solver",
        "max_variable_qubits",
        "restarts",
        "base_bitstring",
        "variable_qubits",
    )
    check_known_keys(fields, known, where)
    default = Subspace()
    solver = fields.get("solver")
    if solver is not None and (not isinstance(solver, str) or solver not in _SOLVERS):
        raise WireError(f"{where}.solver: expected one of {', '.join(_SOLVERS)}, got {shown(solver)}")
    base = fields.get("base_bitstring")
    if base is not None:
        if not isinstance(base, str) or base.strip("01"):
            raise WireError(f"{where}.base_bitstring: expected text of 0 and 1, got {shown(base)}")
        _check_states((base,), n, f"{where}.base_bitstring")
    size = optional(fields, "max_variable_qubits", where, as_count) or default.max_variable_qubits
    restarts = optional(fields, "restarts", where, as_count) or default.restarts
    if size > MAX_SUBSPACE:
        raise WireError(f"{where}.max_variable_qubits: expected at most {MAX_SUBSPACE}, got {size}")
    if restarts > MAX_RESTARTS:
        raise WireError(f"{where}.restarts: expected at most {MAX_RESTARTS}, got {restarts}")
    qubits = fields.get("variable_qubits")
    if qubits is not None:
        qubits = tuple(sorted(as_qubits(qubits, f"{where}.variable_qubits", n)))
        if len(qubits) > MAX_SUBSPACE:
            raise WireError(f"{where}.variable_qubits: expected at most {MAX_SUBSPACE}, got {len(qubits)}")
    return Subspace(
        auto_warmstart=boolean_field(fields, "auto_warmstart", default=False),
        solver=_SOLVERS[solver or "auto"],
        max_variable_qubits=size,
        restarts=restarts,
        base_state=base,
        variable_qubits=qubits,
    )
