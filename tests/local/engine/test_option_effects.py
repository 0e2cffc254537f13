"""Each option of the engine does on the local service what the documentation says that it did in the tests.

``docs/reference/engine-options.json`` says for each option, job kind and simulation method what the option
did: it ``"changes"`` the result, it leaves it the ``"same"``, or it ``"runs"`` if the result depends on the
machine. The documentation prints this file. Run this module as a script to write it again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro.local.engine.job_settings import engine_settings
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.maestro import ENGINE_OPTIONS, MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel

FACTS = Path(__file__).parents[3] / "docs/reference/engine-options.json"
HEADER = 'OPENQASM 2.0; include "qelib1.inc";'
SHOTS = 60
JOBS = ("counts", "values")


def layers(width: int, depth: int, *, seed: int, is_local: bool) -> str:
    """Layers of random rotations and CX gates, between neighbours or between any two qubits."""
    rng = random.Random(seed)
    lines = [f"qreg q[{width}]; creg c[{width}];"]
    for layer in range(depth):
        for qubit in range(width):
            angles = ",".join(str(rng.uniform(-3, 3)) for _ in range(3))
            lines.append(f"u3({angles}) q[{qubit}];")
        for index in range(width // 2):
            first, second = rng.sample(range(width), 2)
            if is_local:
                first, second = 2 * index + layer % 2, (2 * index + layer % 2 + 1) % width
            lines.append(f"cx q[{first}],q[{second}];")
    return "\n".join(lines)


def blocks() -> str:
    """Three blocks of three qubits. Gates act inside of a block."""
    rng = random.Random(1)
    lines = ["qreg q[9]; creg c[9];"]
    lines += [f"u3({rng.uniform(-3, 3)},{rng.uniform(-3, 3)},0.3) q[{qubit}];" for qubit in range(9)]
    for first in (0, 3, 6) * 3:
        a, b, c = (f"q[{first + index}]" for index in range(3))
        lines.append(f"cx {a},{b}; u3({rng.uniform(-3, 3)},0.2,0.7) {b}; cx {b},{c};")
        lines.append(f"ry({rng.uniform(-3, 3)}) {c}; cx {c},{a};")
    return "\n".join(lines)


SPREAD = layers(7, 3, seed=3, is_local=True)
SMALL = layers(4, 2, seed=3, is_local=True)
CLIFFORD = "qreg q[4]; creg c[4]; h q[0]; cx q[0],q[1]; s q[1]; h q[2]; cz q[2],q[3]; h q[3]; cx q[1],q[3];"

# Name to text and Pauli strings. All programs end with a measurement of all qubits if they are sampled.
PROGRAMS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "small": (SMALL, ("ZIII", "XXII", "IZZI", "ZIIZ")),
    "clifford": (CLIFFORD, ("ZIII", "XXII", "IZZI", "ZZZZ")),
    "spread": (SPREAD, ("ZIIIIII", "IIIIIXX", "IIZZIII", "ZIIIIIZ")),
    "blocks": (blocks(), ("ZZZIIIIII", "IIIXYZIII", "IIIIIIZXZ", "ZIIIIIIIZ")),
    "long range": (layers(12, 4, seed=3, is_local=False), ("Z" + "I" * 11, "I" * 10 + "XZ", "Z" * 12)),
    "deep": (layers(4, 8, seed=4, is_local=True), ("ZIII", "XXII", "IZZI", "ZIIZ")),
    "dynamic": (
        SMALL + "measure q[0] -> c[0]; reset q[1]; h q[0]; if(c == 1) x q[2];",
        (),
    ),
    "clifford dynamic": (
        CLIFFORD + "measure q[0] -> c[0]; reset q[1]; h q[0]; if(c == 1) x q[2];",
        (),
    ),
}


@dataclass(frozen=True)
class Case:
    """How an option is observed.

    Attributes:
        value: The value of the option.
        program: The program with which the effect is visible.
        base: Other options that are set, with and without the option.
        counts: The program that is sampled, if it is another one.
        depends_on_machine: Whether the result depends on the number of processors.
        is_noisy: Whether the program runs with a noise model.
    """

    value: Any
    program: str = "small"
    base: Mapping[str, Any] = field(default_factory=dict)
    counts: str | None = None
    depends_on_machine: bool = False
    is_noisy: bool = False


_BOND = {"max_bond_dimension": 2}
_TRIMMED = {"pp_coefficient_threshold": 0.05}
CASES: Mapping[str, Case] = {
    "seed": Case(2),
    "max_bond_dimension": Case(2, "spread"),
    "singular_value_threshold": Case(0.1, "spread"),
    "truncation_mode": Case("relative_max", "spread", {"singular_value_threshold": 0.05}),
    "disable_optimized_swapping": Case(True, "long range"),
    "lookahead_depth": Case(10, "long range"),
    "mps_sampling": Case("apply_measure", "long range", {"max_bond_dimension": 8}),
    "mpo_kraus_completeness_check": Case("strict", "spread", _BOND, is_noisy=True),
    "mpo_restore_trace_after_truncation": Case(True, "spread", _BOND),
    "mpo_hermitize_after_truncation": Case(True, "spread", _BOND),
    "pp_coefficient_threshold": Case(0.1, "spread", counts="small"),
    "pp_max_pauli_weight": Case(1, "spread", counts="small"),
    "pp_gates_between_trims": Case(2, "spread", _TRIMMED, counts="small"),
    "pp_gates_between_deduplications": Case(2, "spread", _TRIMMED, counts="small"),
    "path_integral_threshold": Case(0.02, "spread", counts="small"),
    "gate_fusion": Case(False, "long range", {"max_bond_dimension": 4}),
    "enable_causal_cone_reduction": Case(False, "blocks"),
    "enable_observable_clustering": Case(False, "blocks"),
    "max_cluster_qubits": Case(1, "spread", counts="small"),
    "min_cluster_qubits": Case(3, "spread", counts="small"),
    "observable_error_tolerance": Case(1.0, "deep", is_noisy=True),
    "enable_sampling_reduction": Case(True, "blocks"),
    "allow_reset_marginalization": Case(True, counts="dynamic"),
    "auto_reduce": Case(False),
    "trajectory_policy": Case("block_v1", counts="dynamic"),
    "trajectory_max_memory_mb": Case(1, counts="dynamic"),
    "max_simulators": Case(2, counts="dynamic", depends_on_machine=True),
    "mps_routing_virtual_bonds": Case(True, "long range", {"max_bond_dimension": 4}),
    "mps_routing_truncation_weight": Case(0.0, "long range", {"max_bond_dimension": 4}),
}

# Truncations that make an effect visible if an option concerns several methods.
_TRUNCATIONS: Mapping[SimulationMethod, Mapping[str, Any]] = {
    SimulationMethod.MatrixProductState: _BOND,
    SimulationMethod.MatrixProductOperator: _BOND,
    SimulationMethod.PauliPropagator: {"pp_coefficient_threshold": 0.05, "pp_gates_between_trims": 4},
    SimulationMethod.PathIntegral: {"path_integral_threshold": 0.05},
}
_WITH_TRUNCATION = (
    "gate_fusion",
    "enable_causal_cone_reduction",
    "enable_observable_clustering",
    "max_cluster_qubits",
    "min_cluster_qubits",
)


def methods_of(name: str) -> tuple[SimulationMethod, ...]:
    """The methods with which an option is observed."""
    return ENGINE_OPTIONS[name].methods or tuple(SimulationMethod)


def depolarizing() -> NoiseModel:
    """An error after each gate."""
    model = NoiseModel()
    for qubit in range(9):
        model.set_1q_gate_depolarizing(qubit, 0.02)
    return model


def run(job: str, program: str, method: SimulationMethod, options: Mapping[str, Any]) -> Any:
    """Run a program on the local engine."""
    if method is SimulationMethod.Stabilizer:
        program = "clifford dynamic" if program == "dynamic" else "clifford"
    text, pauli_strings = PROGRAMS[program]
    # One simulator at a time, because the number of processors would change the counts.
    fixed = {"seed": 1, "max_simulators": 1, "simulation_type": method}
    settings = engine_settings(MaestroConfig(**fixed | dict(options)), None)
    if job == "counts":
        return sample(f"{HEADER}{text}measure q -> c;", SHOTS, settings)
    return estimate(HEADER + text, pauli_strings, settings)


def observe(name: str, job: str, method: SimulationMethod) -> str:
    """Run a program with and without an option, and return what the option did."""
    case = CASES[name]
    base = _TRUNCATIONS.get(method, {}) if name in _WITH_TRUNCATION else case.base
    program = (case.counts or case.program) if job == "counts" else case.program
    slow = (
        SimulationMethod.PauliPropagator,
        SimulationMethod.ExtendedStabilizer,
        SimulationMethod.DensityMatrix,
    )
    if method in slow and (job == "counts" or program == "long range"):
        program = program if program == "dynamic" else "small"
    if method is SimulationMethod.TensorNetwork and program == "long range":
        program = "small"  # the samples of the wide program would take seconds
    if method is SimulationMethod.PathIntegral and job == "counts" and name in _WITH_TRUNCATION:
        base = {}  # the truncation would leave nothing to sample
    if case.is_noisy:
        base = {**base, "noise_model": depolarizing()}
    without = run(job, program, method, base)
    result = run(job, program, method, {**base, name: case.value})
    if case.depends_on_machine:
        return "runs"
    if job == "values":
        is_same = max(abs(a - b) for a, b in zip(without, result, strict=True)) < 1e-9
    else:
        is_same = without == result
    return "same" if is_same else "changes"


def observe_all() -> dict[str, Any]:
    """What the file contains."""
    return {
        name: {
            "value": case.value,
            **{job: {method.name: observe(name, job, method) for method in methods_of(name)} for job in JOBS},
        }
        for name, case in CASES.items()
    }


@cache
def documented() -> dict[str, Any]:
    """The content of the file."""
    facts: dict[str, Any] = json.loads(FACTS.read_text())
    return facts


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("name", CASES)
def test_an_option_does_what_is_documented(name: str, job: str) -> None:
    found = {method.name: observe(name, job, method) for method in methods_of(name)}
    assert found == documented()[name][job]


def test_every_option_that_runs_on_a_cpu_is_documented_with_all_its_methods() -> None:
    # The simulator and the method are tested in pairs, see test_simulator.py.
    facts_of = documented()
    on_a_cpu = {name for name, option in ENGINE_OPTIONS.items() if option.needs is None}
    assert facts_of.keys() == on_a_cpu - {"simulator_type", "simulation_type"}
    for name, facts in facts_of.items():
        assert facts["value"] == CASES[name].value
        for job in JOBS:
            assert [SimulationMethod[method] for method in facts[job]] == list(methods_of(name))


def test_most_options_change_a_result() -> None:
    facts_of = documented()
    visible = {
        name for name, facts in facts_of.items() if any("changes" in facts[job].values() for job in JOBS)
    }
    # These matter for the speed only, or do not matter for the programs of the test.
    assert facts_of.keys() - visible == {
        "allow_reset_marginalization",
        "auto_reduce",
        "max_simulators",
        "min_cluster_qubits",
        "mpo_kraus_completeness_check",
        "mps_routing_truncation_weight",
        "mps_routing_virtual_bonds",
        "trajectory_max_memory_mb",
    }


if __name__ == "__main__":
    FACTS.write_text(json.dumps(observe_all(), indent=1) + "\n")
