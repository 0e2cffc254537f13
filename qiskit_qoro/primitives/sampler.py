"""The sampler, which samples the classical registers of circuits for rows of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qiskit import QuantumCircuit
from qiskit.primitives import BaseSamplerV2, DataBin
from qiskit.primitives.containers import SamplerPubLike
from qiskit.primitives.containers.sampler_pub import SamplerPub

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.backends.run_options import merge_options
from qiskit_qoro.display.reprs import counted, fields_set, settings_card
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import checked, integer_of
from qiskit_qoro.primitives.options import SamplerOptions, backend_options, read_options
from qiskit_qoro.primitives.planning.job_layout import Circuit
from qiskit_qoro.primitives.planning.plan import Plan, build_plan
from qiskit_qoro.primitives.planning.programs import write_rows
from qiskit_qoro.primitives.planning.pub_checks import check_backend, check_width, prefix_errors
from qiskit_qoro.primitives.planning.repeated_plans import (
    PlanCache,
    RowsOfPub,
    key_of_number,
    key_of_settings,
    rows_of_pub,
)
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor, SamplerPubPostprocessor
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.primitives.submission import submit
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.qasm.measurements import ALL_ZERO, NO_REGISTER, has_measurement, warn_unmeasured
from qiskit_qoro.qasm.write.style import ProgramStyle
from qiskit_qoro.qasm.write.template_writer import write_template

__all__ = ["QoroSampler"]


class QoroSampler(BaseSamplerV2):
    """Sample circuits on a Qoro backend: an implementation of Qiskit's ``BaseSamplerV2``.

    The result has the shots of each classical register, under the name of the register::

        >>> from qiskit import QuantumCircuit
        >>> from qiskit_qoro import QoroProvider, QoroSampler
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.x(0)
        >>> circuit.measure_all()
        >>> sampler = QoroSampler(QoroProvider.local().get_backend("qoro_maestro"))
        >>> sampler.run([circuit], shots=100).result()[0].data.meas.get_counts()
        {'01': 100}

    A parameter sweep is sent as one template and a matrix of values. PUBs without parameters share one job,
    even if their numbers of shots differ.

    Args:
        backend: The backend to run on, from a :class:`QoroProvider`.
        options: :class:`SamplerOptions`, or a dictionary of its fields.

    Raises:
        QoroInputError: ``backend`` is not a :class:`QoroBackend`, or an option is invalid.
    """

    def __init__(
        self, backend: QoroBackend, *, options: SamplerOptions | Mapping[str, Any] | None = None
    ) -> None:
        self._backend = check_backend(backend, "BackendSamplerV2")
        self._options = read_options(SamplerOptions, options)
        self._plans = PlanCache()

    def __repr__(self) -> str:
        return f"<QoroSampler on {quoted_name(self._backend.name)}: {self._describe_shots()}>"

    def _repr_html_(self) -> str:
        rows = [("backend", self._backend.name), ("shots", self._describe_shots())]
        others = fields_set(self._options)
        others.pop("default_shots", None)
        card = settings_card(self._options, others, title="Sampler")
        return replace(card, rows=[*rows, *card.rows], note="").to_html()

    def _describe_shots(self) -> str:
        try:
            return f"{counted(self.default_shots, 'shot')} by default"
        except QoroInputError:
            return "each PUB needs its shots"

    @property
    def backend(self) -> QoroBackend:
        """The backend that runs the circuits."""
        return self._backend

    @property
    def options(self) -> SamplerOptions:
        """The options. They may be changed."""
        return self._options

    @property
    def default_shots(self) -> int:
        """The shots of PUBs that specify none. Qiskit's own sampler has this property too."""
        shots = self._options.default_shots
        if shots is None:
            shots = self._shots_of_backend()
        if shots is None:
            raise self._no_shots()
        return shots

    def run(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> QoroPrimitiveJob:
        """Check and submit PUBs, and return without waiting for the results.

        Args:
            pubs: PUBs, or values that Qiskit converts to PUBs, such as ``circuit`` or
                ``(circuit, values, shots)``.
            shots: Shots of PUBs that specify none. By default they are ``options.default_shots``, or else the
                option ``shots`` of the backend.

        Returns:
            A job whose result contains, for each PUB, a ``DataBin`` with a ``BitArray`` for each classical
            register. Shot *k* of each register belongs to the same shot. The service returns counts, without
            the order of the shots, so the shots are in a random order, which is always the same for the same
            counts.

        Raises:
            QoroInputError: A PUB cannot be run. Nothing was sent.
            QoroAPIError: The service refused a job.
            QoroConnectionError: The service did not answer.
        """
        plan = self.plan(pubs, shots=shots)
        return submit(self._backend, plan, show_progress=self._options.show_progress)

    def plan(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> Plan:
        """Return the jobs that :meth:`run` would submit, without sending anything.

        If the options request noise, the service may be asked once which extensions it has.

        Args:
            pubs: As for :meth:`run`.
            shots: As for :meth:`run`.

        Raises:
            QoroInputError: A PUB cannot be run.
        """
        if shots is not None:
            shots = checked("shots", shots, integer_of(shots, least=1), "an integer of 1 or more")
        elif self._options.default_shots is not None:
            shots = self._options.default_shots
        else:
            shots = self._shots_of_backend()
        pubs = list(pubs)
        rows = self._rows_of(pubs, shots)
        if rows is not None and (plan := self._plans.find(rows)) is not None:
            return plan
        coerced = [SamplerPub.coerce(pub, shots) for pub in pubs]
        style = self._backend.program_style(backend_options(self._options), [pub.circuit for pub in coerced])
        circuits: list[Circuit] = []
        postprocessors = []
        for index, pub in enumerate(coerced):
            with prefix_errors(index):
                postprocessors.append(self._prepare(index, pub, circuits, style))

        def build_postprocessor(circuit_numbers: Sequence[int]) -> SamplerPostprocessor:
            # So far the postprocessors refer to indices in `circuits`; the submission has another order.
            renumbered = [
                replace(postprocessor, circuits=[circuit_numbers[index] for index in postprocessor.circuits])
                for postprocessor in postprocessors
            ]
            return SamplerPostprocessor(renumbered, self._backend.name)

        plan = build_plan(
            self._backend,
            circuits,
            build_postprocessor,
            self._options,
            names=(pub.circuit.name for pub in coerced),
        )
        if rows is not None:
            circuit = rows.circuit
            self._plans.add(rows, plan, lambda: write_template(circuit, style=style))
        return plan

    def _rows_of(self, pubs: Sequence[SamplerPubLike], shots: int | None) -> RowsOfPub | None:
        """Return the rows of the PUB, if there is a single one whose plan may be needed again."""
        if len(pubs) != 1 or not isinstance(pubs[0], tuple | list) or len(pubs[0]) not in (2, 3):
            return None
        circuit, values, *own_shots = pubs[0]
        # Other circuits may have warnings, which have to be repeated too.
        if not isinstance(circuit, QuantumCircuit) or "measure" not in circuit.count_ops():
            return None
        return rows_of_pub(
            circuit,
            values,
            *map(key_of_number, (shots, *own_shots)),
            key_of_settings(self._backend, self._options),
        )

    def _prepare(
        self, index: int, pub: SamplerPub, circuits: list[Circuit], style: ProgramStyle
    ) -> SamplerPubPostprocessor:
        """Append the circuits of a PUB to a list; return its postprocessor with indices in this list."""
        circuit = pub.circuit
        _check_names(circuit)
        if pub.shots is None:
            raise self._no_shots()
        first = len(circuits)
        shots, num_clbits = int(pub.shots), circuit.num_clbits
        # Circuits without measurements are not run; the postprocessor fills their registers with zeros.
        clbits: Sequence[int] = range(num_clbits)
        if not circuit.cregs:
            _warn(index, NO_REGISTER)
        elif not any(item.clbits for item in circuit.data):
            _warn(index, ALL_ZERO)
        else:
            programs = write_rows(circuit, pub.parameter_values.as_array(circuit.parameters), style)
            check_width(self._backend, programs)
            # Operations may act on classical bits without measuring, such as an `if_test`.
            if programs.sources and not has_measurement(programs.program.text):
                _warn(index, ALL_ZERO)
            # The program may have its bits in another order than the circuit, and scratch bits in addition.
            circuits += [
                Circuit(source, values, shots)
                for source, values in zip(programs.sources, programs.values, strict=True)
            ]
            clbits, num_clbits = programs.program.clbits, programs.program.num_clbits
        return SamplerPubPostprocessor(
            shape=pub.shape,
            shots=shots,
            registers=_registers(circuit, clbits),
            num_clbits=num_clbits,
            circuits=range(first, len(circuits)),
            metadata=dict(circuit.metadata or {}),
        )

    def _shots_of_backend(self) -> int | None:
        shots = merge_options({}, dict(self._backend.options.items()))["shots"]
        return shots if isinstance(shots, int) else None

    def _no_shots(self) -> QoroInputError:
        return QoroInputError(
            "the option shots of the backend has one number for each circuit of a run, expected a single "
            "number for PUBs: set default_shots of the sampler, or pass shots"
        )


def _registers(circuit: QuantumCircuit, clbits: Sequence[int]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the name of each register and the positions of its bits in the program's bitstrings."""
    position = {bit: clbits[index] for index, bit in enumerate(circuit.clbits)}
    return tuple((register.name, tuple(position[bit] for bit in register)) for register in circuit.cregs)


def _check_names(circuit: QuantumCircuit) -> None:
    """Refuse registers whose names a ``DataBin`` reserves for its own attributes."""
    for register in circuit.cregs:
        # Names such as "shape" or "values". Trying is the only way to find them in every release of Qiskit.
        try:
            DataBin(**{register.name: None})
        except (TypeError, ValueError) as error:
            raise QoroInputError(
                f"the classical register {register.name!r} cannot be a field of the result ({error}): "
                "rename the register"
            ) from error


def _warn(index: int, problem: str) -> None:
    # With this stack level, the warning points to the caller of run().
    warn_unmeasured({f"the circuit of PUB {index}": problem}, stacklevel=5)
