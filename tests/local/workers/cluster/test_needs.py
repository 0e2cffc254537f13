"""A task goes to a worker whose memory is enough for the method that the largest worker would use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qiskit_qoro.local.engine.methods import choose_method
from qiskit_qoro.local.engine.noise import Noise
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.engine.simulator import read_engine_program
from qiskit_qoro.local.workers.cluster.needs import Needs, needs_of
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import CircuitTask, QuboTask, StateTask
from qiskit_qoro.models.config import SimulationMethod, Simulator
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.models.states import StateQuantity, StateRequest

GIB = 2**30
HUGE = 2**60


def text_of(width: int) -> str:
    gates = "".join(f"rx(0.5) q[{qubit}];cx q[{qubit}],q[{qubit - 1}];" for qubit in range(1, width))
    return f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{width}];\ncreg c[{width}];\n{gates}measure q -> c;'


def sampled(width: int, *, noise: bool = False, **options: object) -> CircuitTask:
    settings = EngineSettings(MaestroConfig(**options), Noise(NoiseModel()) if noise else None)  # type: ignore[arg-type]
    return CircuitTask("c", text_of(width), shots=10, settings=settings)


def estimated(width: int, **options: object) -> CircuitTask:
    return replace(sampled(width, **options), shots=None, pauli_strings=("Z" * width,))


def gradient(width: int) -> CircuitTask:
    return replace(sampled(width), shots=None, names=("a",), values=(1.0,), observables=(((1.0, "Z"),),))


def state(*widths: int) -> StateTask:
    return StateTask("s", tuple(map(text_of, widths)), StateRequest(StateQuantity.STATEVECTOR))


@pytest.mark.parametrize(
    ("task", "num_bytes"),
    [
        (sampled(16), 0),
        (sampled(17), 56 * 2**17),
        (sampled(29), 28 * GIB),
        (sampled(30), 56 * GIB),
        (sampled(31), 0),
        (sampled(100), 0),
        (estimated(29), 8 * GIB),
        (sampled(29, simulation_type=SimulationMethod.Statevector), 28 * GIB),
        (sampled(29, simulation_type=SimulationMethod.MatrixProductState), 0),
        (sampled(29, max_bond_dimension=8), 0),
        (sampled(14, simulation_type=SimulationMethod.DensityMatrix), 4 * GIB),
        (sampled(15, simulation_type=SimulationMethod.DensityMatrix), 16 * GIB),
        (sampled(13, noise=True), GIB),
        (sampled(14, noise=True), 4 * GIB),
        (sampled(15, noise=True), 0),
        (sampled(20, noise=True), 56 * 2**20),
        (sampled(13, noise=True, simulation_type=SimulationMethod.Statevector), 0),
        (gradient(16), 0),
        (gradient(24), 6 * 2**28),
        (state(4, 20), 56 * 2**20),
        (state(4, 16), 0),
    ],
    ids=lambda value: None if isinstance(value, int) else type(value).__name__,
)
def test_a_task_needs_the_memory_of_its_exact_state(task: CircuitTask | StateTask, num_bytes: int) -> None:
    assert needs_of([task], HUGE) == Needs(num_bytes)


@pytest.mark.parametrize(
    "task", [sampled(20), estimated(22), sampled(15, simulation_type=SimulationMethod.DensityMatrix)]
)
def test_a_task_that_fits_nowhere_goes_anywhere(task: CircuitTask) -> None:
    needed = needs_of([task], HUGE).memory_bytes
    assert needs_of([task], needed) == Needs(needed)
    assert needs_of([task], needed - 1) == Needs(0)


def test_noise_that_is_not_exact_on_any_worker_needs_its_state_vector() -> None:
    assert needs_of([sampled(14, noise=True)], 4 * GIB - 1) == Needs(0)
    assert needs_of([sampled(20, noise=True)], GIB) == Needs(56 * 2**20)


@pytest.mark.parametrize("width", [17, 20])
@pytest.mark.parametrize("is_sampled", [True, False], ids=["counts", "values"])
def test_a_worker_with_so_much_memory_uses_the_state_vector(width: int, is_sampled: bool) -> None:
    task = sampled(width) if is_sampled else estimated(width)
    needed = needs_of([task], HUGE).memory_bytes
    program = read_engine_program(task.qasm, measure=is_sampled)

    def reason(limit: int) -> str:
        options = task.settings.options
        return choose_method(program, options, sampling=is_sampled, memory_limit_bytes=limit).reason

    assert reason(needed) == "the state vector fits in the memory"
    assert "the limit is" in reason(needed - 1)


def test_different_tasks_need_as_much_as_the_largest_of_them() -> None:
    assert needs_of([sampled(4), sampled(20), sampled(18)], HUGE) == Needs(56 * 2**20)


def test_rows_of_a_template_need_as_much_as_one() -> None:
    first = replace(estimated(20), names=("a",), values=(0.0,))
    assert needs_of(TaskRows(first, 0, bytes(800), (None,) * 100), HUGE) == Needs(2**24)


def test_problems_need_nothing() -> None:
    assert needs_of([QuboTask("q", "{}")], HUGE) == Needs()


@pytest.mark.parametrize(
    ("simulator", "accelerator"),
    [
        (None, None),
        (Simulator.QCSim, None),
        (Simulator.QiskitAer, None),
        (Simulator.GpuSim, Simulator.GpuSim),
        (Simulator.QuestSim, Simulator.QuestSim),
        (Simulator.DistributedGpu, Simulator.DistributedGpu),
    ],
)
def test_a_task_needs_the_accelerator_that_it_names(
    simulator: Simulator | None, accelerator: Simulator | None
) -> None:
    assert needs_of([sampled(4, simulator_type=simulator)], HUGE).accelerator is accelerator


@pytest.mark.parametrize(
    ("declarations", "width"),
    [
        ("qreg a[8];qreg b[9];", 17),
        ("qreg  a [ 17 ] ;", 17),
        ("qreg a[16];", 16),
        ("creg qreg_[40];qreg a[17];", 17),
        ("", 0),
        ("qreg a[999999999999];", 0),
    ],
)
def test_qubits_are_counted_in_the_declarations(declarations: str, width: int) -> None:
    expected = 56 * 2**width if width > 16 else 0
    task = CircuitTask("c", f"OPENQASM 2.0;\n{declarations}\nh a[0];", shots=1)
    assert needs_of([task], HUGE).memory_bytes == expected
