"""Preparation of PUBs for gradients: which circuits have to run, and how to read their results.

If the service runs gradient jobs, and the circuit and the options permit it, each row of a PUB is one circuit
of a gradient job. Otherwise the angles are shifted (:mod:`~qiskit_qoro.primitives.planning.shift_rules`), and
the values of all shifted rows are requested as those of an ordinary PUB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import ExecutionConfig, SimulationMethod, Simulator
from qiskit_qoro.models.gradients import GRADIENTS_EXTENSION, MAX_NUMBERS, WeightedStrings
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.primitives.planning.chain_rule import build_chain_rule
from qiskit_qoro.primitives.planning.estimator_pubs import (
    CircuitRequests,
    PreparedPub,
    build_observables,
    prepare_rows,
)
from qiskit_qoro.primitives.planning.job_layout import Circuit, GradientRequest
from qiskit_qoro.primitives.planning.parameter_expressions import evaluate
from qiskit_qoro.primitives.planning.programs import (
    RowPrograms,
    Source,
    check_resets,
    without_final_measurements,
)
from qiskit_qoro.primitives.planning.pub_checks import check_width
from qiskit_qoro.primitives.planning.shift_rules import shift_rules
from qiskit_qoro.primitives.postprocess.chain_rule import ChainRule
from qiskit_qoro.primitives.postprocess.gradients import (
    AdjointPubPostprocessor,
    ShiftPubPostprocessor,
)
from qiskit_qoro.qasm.write.style import ProgramStyle
from qiskit_qoro.qasm.write.template_writer import ParametricProgram, write_template

__all__ = [
    "MAX_ADJOINT_QUBITS",
    "PreparedAdjointPub",
    "PreparedShiftPub",
    "prepare_gradient_pub",
    "reason_to_shift",
]

MAX_ADJOINT_QUBITS = 20
"""Wider circuits are not sent as gradient jobs, because those need state vectors."""

# A configuration with these values alone leaves the local service free to use the state vector. The names are
# those of both classes of configurations.
_HARMLESS_OPTIONS: Mapping[str, object] = {
    "simulation_method": SimulationMethod.Statevector,
    "simulation_type": SimulationMethod.Statevector,
    "simulator": Simulator.QCSim,
    "simulator_type": Simulator.QCSim,
}


@dataclass(frozen=True, eq=False)
class PreparedAdjointPub:
    """A PUB whose gradients the service computes.

    Attributes:
        draft: The postprocessor, without the numbers of the circuits.
        circuits: The circuits, one for each row, or none if all observables are constants.
    """

    draft: AdjointPubPostprocessor
    circuits: list[Circuit]

    def postprocessor(self, circuit_numbers: Sequence[int]) -> AdjointPubPostprocessor:
        """Build the postprocessor, given the index of each of ``circuits`` in the submission."""
        return replace(self.draft, circuits=tuple(circuit_numbers))


@dataclass(frozen=True, eq=False)
class PreparedShiftPub:
    """A PUB whose gradients are computed from shifted values, which have been requested.

    Attributes:
        values: The PUB of all shifted rows.
        angles: As for :class:`ShiftPubPostprocessor`, like the following attributes.
        weights: See there.
        chain_rule: See there.
        num_angles: See there.
    """

    values: PreparedPub
    angles: tuple[int, ...]
    weights: tuple[float, ...]
    chain_rule: ChainRule
    num_angles: int

    def postprocessor(
        self, requests: CircuitRequests, circuit_numbers: Sequence[int]
    ) -> ShiftPubPostprocessor:
        """Build the postprocessor of the PUB, see :meth:`PreparedPub.postprocessor`."""
        values = self.values.postprocessor(requests, circuit_numbers)
        return ShiftPubPostprocessor(values, self.angles, self.weights, self.chain_rule, self.num_angles)


def reason_to_shift(backend: QoroBackend, config: AnyConfig | None, *, samples: bool) -> str | None:
    """Return why no gradients can be requested from the service, or ``None`` if they can.

    Args:
        backend: The backend that will run the circuits.
        config: The configuration of the jobs.
        samples: Whether values are estimated from counts.
    """
    if samples:
        return "values are estimated from counts"
    if config is not None and not _is_plain(config):
        return "the options set more than the state-vector method without noise"
    if GRADIENTS_EXTENSION not in backend.service.extensions():
        return "the service does not announce gradients"
    return None


def _is_plain(config: AnyConfig) -> bool:
    """Whether a configuration leaves the local service free to use the state vector, without noise."""
    if not isinstance(config, ExecutionConfig | MaestroConfig):
        return False
    values = {item.name: getattr(config, item.name) for item in fields(config)}
    chosen = {name: value for name, value in values.items() if value is not None and name != "seed"}
    return all(_HARMLESS_OPTIONS.get(name) == value for name, value in chosen.items())


def prepare_gradient_pub(
    backend: QoroBackend,
    pub: EstimatorPub,
    precision: float,
    shots: int | None,
    requests: CircuitRequests,
    style: ProgramStyle,
    *,
    shift_reason: str | None,
    method: str | None,
) -> PreparedAdjointPub | PreparedShiftPub:
    """Check a PUB and request what its gradients need.

    Args:
        backend: The backend that will run it.
        pub: The PUB.
        precision: Its precision.
        shots: Shots of each circuit, or ``None`` for exact values.
        requests: Collects the values that are requested.
        style: What the programs keep of the circuit.
        shift_reason: Why no gradients can be requested from the service, or ``None`` if they can.
        method: ``"adjoint"``, ``"parameter_shift"``, or ``None`` to choose.

    Raises:
        QoroInputError: The circuit cannot be run, it has no gradient, or the method is impossible.
    """
    circuit = without_final_measurements(pub.circuit)
    template = _write(circuit, style, single_use=False)
    if shift_reason is None and template.program.num_qubits > MAX_ADJOINT_QUBITS:
        shift_reason = f"the circuit uses more than {MAX_ADJOINT_QUBITS} qubits"
    if method == "adjoint" and shift_reason is not None:
        raise QoroInputError(f"method is 'adjoint', but {shift_reason}: use 'parameter_shift' or None")
    values = pub.parameter_values.as_array(circuit.parameters)
    rows = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
    if shift_reason is None and method != "parameter_shift" and template.names:
        return _prepare_adjoint(backend, pub, circuit, template, rows, precision)
    if template.names:
        template = _write(circuit, style, single_use=True)
    return _prepare_shift(backend, pub, circuit, template, rows, precision, shots, requests)


def _write(circuit: QuantumCircuit, style: ProgramStyle, *, single_use: bool) -> ParametricProgram:
    try:
        return write_template(circuit, style=style, single_use=single_use)
    except QoroInputError as error:
        if not circuit.num_parameters:
            raise
        error.extend("A gradient needs a circuit that can be written without the values of its parameters")
        raise


def _prepare_adjoint(
    backend: QoroBackend,
    pub: EstimatorPub,
    circuit: QuantumCircuit,
    template: ParametricProgram,
    rows: npt.NDArray[np.float64],
    precision: float,
) -> PreparedAdjointPub:
    parameters = list(circuit.parameters)
    program = template.program
    source = Source(program.text, program.num_qubits, program.num_clbits, template.names)
    angles = evaluate(template.expressions, parameters, rows)
    programs = RowPrograms(program, [source] * len(rows), list(angles))
    check_width(backend, programs)
    check_resets(program)
    strings, observables = build_observables(pub, circuit, programs)
    requested: dict[WeightedStrings, int] = {}
    columns = []
    for observable in observables:
        if not observable.pauli_strings.size:
            columns.append(-1)
            continue
        wanted = WeightedStrings(
            tuple(strings[index] for index in observable.pauli_strings),
            tuple(observable.coefficients.tolist()),
        )
        columns.append(requested.setdefault(wanted, len(requested)))
    num_numbers = len(requested) * (len(template.names) + 1)
    if num_numbers > MAX_NUMBERS:
        raise QoroInputError(
            f"{len(requested)} observables have {num_numbers} values and derivatives by "
            f"{len(template.names)} angles, and a circuit may have {MAX_NUMBERS}: use several PUBs with "
            "fewer observables"
        )
    request = GradientRequest(tuple(requested))
    circuits = [Circuit(source, row, request) for row in angles] if requested else []
    draft = AdjointPubPostprocessor(
        parameter_shape=pub.parameter_values.shape,
        observables_shape=pub.observables.shape,
        precision=precision,
        circuits=(),
        columns=tuple(columns),
        constants=tuple(float(observable.constant) for observable in observables),
        chain_rule=build_chain_rule(template.expressions, parameters, rows),
        num_angles=len(template.names),
        metadata=dict(pub.circuit.metadata or {}),
    )
    return PreparedAdjointPub(draft, circuits)


def _prepare_shift(
    backend: QoroBackend,
    pub: EstimatorPub,
    circuit: QuantumCircuit,
    template: ParametricProgram,
    rows: npt.NDArray[np.float64],
    precision: float,
    shots: int | None,
    requests: CircuitRequests,
) -> PreparedShiftPub:
    parameters = list(circuit.parameters)
    program = template.program
    source = Source(program.text, program.num_qubits, program.num_clbits, template.names)
    shifts = [
        (angle, shift, weight)
        for angle, rule in enumerate(shift_rules(program.text, template.names))
        for shift, weight in rule
    ]
    # Block 0 has the unshifted rows, block k those with shift k.
    unshifted = evaluate(template.expressions, parameters, rows)
    shifted = np.repeat(unshifted[np.newaxis], len(shifts) + 1, axis=0)
    for block, (angle, shift, _) in enumerate(shifts, start=1):
        shifted[block, :, angle] += shift
    table = shifted.reshape(len(shifted) * len(rows), len(template.names))
    programs = RowPrograms(program, [source] * len(table), list(table))
    # The first axis must not be broadcast against an axis of the observables.
    shape = pub.parameter_values.shape
    padded = (len(shifts) + 1, *(1,) * (len(pub.shape) - len(shape)), *shape)
    values = prepare_rows(backend, pub, circuit, programs, padded, precision, shots, requests)
    return PreparedShiftPub(
        values,
        tuple(angle for angle, _, _ in shifts),
        tuple(weight for _, _, weight in shifts),
        build_chain_rule(template.expressions, parameters, rows),
        len(template.names),
    )
