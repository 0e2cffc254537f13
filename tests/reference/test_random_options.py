"""Options that must not change a result: random programs with random options, on every simulator and method.

Each pair of a simulator and a method runs one program. ``--cases 50`` runs 50, and every second one has
mid-circuit measurements. A failing test prints the seed and the options.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli, Statevector

from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import estimate, sample
from qiskit_qoro.local.engine.supported import SUPPORTED_METHODS
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.engine_options import OptionKind
from qiskit_qoro.models.maestro import ENGINE_OPTIONS, MaestroConfig
from qiskit_qoro.qasm.read.parser import parse_program

HEADER = 'OPENQASM 2.0; include "qelib1.inc";\n'
SHOTS = 400
PAIRS = [
    (simulator, method) for simulator, methods in SUPPORTED_METHODS.items() for method in sorted(methods)
]
CLIFFORD_METHODS = (SimulationMethod.Stabilizer, SimulationMethod.ExtendedStabilizer)

# Values that do not truncate anything.
EXACT: Mapping[str, tuple[Any, ...]] = {
    "max_bond_dimension": (64, 10**6),
    "singular_value_threshold": (0.0,),
    "truncation_mode": ("discarded_weight",),
    "lookahead_depth": (-1, 0, 4),
    "precision": ("double",),
    "pp_coefficient_threshold": (0.0,),
    "pp_max_pauli_weight": (10,),
    "pp_gates_between_trims": (1, 5),
    "pp_gates_between_deduplications": (1, 9),
    "path_integral_threshold": (0.0,),
    "max_cluster_qubits": (1, 3),
    "min_cluster_qubits": (1,),
    "observable_error_tolerance": (1e-9,),
    "trajectory_max_memory_mb": (1, 4096),
    "max_simulators": (1, 3, 1024),
    "mps_routing_truncation_weight": (0.0, 2.5),
}


def random_options(rng: random.Random, method: SimulationMethod) -> dict[str, Any]:
    """Options that concern a method, each with a probability of 0.4."""
    options = {}
    for name, option in ENGINE_OPTIONS.items():
        is_concerned = not option.methods or method in option.methods
        if name in ("simulator_type", "simulation_type", "seed") or not is_concerned or rng.random() < 0.6:
            continue
        if name in EXACT:
            options[name] = rng.choice(EXACT[name])
        elif option.needs is None:
            options[name] = rng.choice([True, False] if option.kind is OptionKind.FLAG else option.choices)
    if method is SimulationMethod.Stabilizer:
        options.pop("auto_reduce", None)  # the engine does not support it
    return options


def random_text(rng: random.Random, *, is_clifford: bool) -> str:
    """A program of 2 to 5 qubits."""
    width = rng.randint(2, 5)
    lines = [f"qreg q[{width}]; creg c[{width}];"]
    for _ in range(rng.randint(4, 12)):
        first, second = rng.sample(range(width), 2)
        angles = ",".join(str(rng.uniform(-3, 3)) for _ in range(3))
        if rng.random() < 0.5:
            gates = (
                ("h", "s", "sdg", "x", "y", "z", "sx") if is_clifford else (f"u3({angles})", "t", "h", "sx")
            )
            lines.append(f"{rng.choice(gates)} q[{first}];")
        else:
            others = () if is_clifford else (f"crz({rng.uniform(-3, 3)})", f"cp({rng.uniform(-3, 3)})", "ch")
            lines.append(f"{rng.choice(('cx', 'cz', 'swap', *others))} q[{first}],q[{second}];")
    return HEADER + "\n".join(lines)


def random_ending(rng: random.Random, width: int) -> str:
    """Measurements, resets and conditions, and gates after them."""
    lines = []
    for _ in range(rng.randint(1, 3)):
        first, second = rng.sample(range(width), 2)
        bit = rng.randrange(width)
        lines.append(
            rng.choice(
                (
                    f"measure q[{first}] -> c[{bit}]; h q[{first}];",
                    f"h q[{second}]; reset q[{first}]; cx q[{second}],q[{first}];",
                    f"measure q[{first}] -> c[{bit}]; if(c == {2**bit}) x q[{second}];",
                )
            )
        )
    return "".join(lines)


@pytest.mark.parametrize(("simulator", "method"), PAIRS)
def test_a_random_program_with_random_options_gives_the_exact_result(
    simulator: Simulator,
    method: SimulationMethod,
    exact_distribution: Callable[[QuantumCircuit], dict[str, float]],
    assert_drawn_from: Callable[[Mapping[str, int], dict[str, float], int, str], None],
    request: pytest.FixtureRequest,
) -> None:
    for seed in range(request.config.getoption("--cases")):
        rng = random.Random(f"{seed} {simulator} {method}")
        options = random_options(rng, method)
        text = random_text(rng, is_clifford=method in CLIFFORD_METHODS)
        described = f"seed {seed}: {options}"
        settings = EngineSettings(MaestroConfig(simulator_type=simulator, simulation_type=method, **options))
        state = Statevector(parse_program(text))
        strings = ["".join(rng.choice("IXYZ") for _ in range(state.num_qubits)) for _ in range(4)]
        exact = [state.expectation_value(Pauli(string[::-1])).real for string in strings]
        assert estimate(text, strings, settings) == pytest.approx(exact, abs=1e-6), described
        ending = random_ending(rng, state.num_qubits) if seed % 2 else ""
        measured = f"{text}{ending}measure q -> c;"
        distribution = exact_distribution(parse_program(measured))
        assert_drawn_from(sample(measured, SHOTS, settings), distribution, SHOTS, described)
