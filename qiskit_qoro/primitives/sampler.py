"""The sampler: circuits and rows of parameters in, registers of shots out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qiskit import QuantumCircuit
from qiskit.primitives import BaseSamplerV2, DataBin
from qiskit.primitives.containers import SamplerPubLike
from qiskit.primitives.containers.sampler_pub import SamplerPub

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives.options import SamplerOptions, read_options
from qiskit_qoro.primitives.planning.job_layout import Circuit
from qiskit_qoro.primitives.planning.plan import Plan, build_plan
from qiskit_qoro.primitives.planning.programs import write_rows
from qiskit_qoro.primitives.planning.pub_checks import check_backend, check_width, prefix_errors
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor, SamplerPubPostprocessor
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.primitives.submission import submit

__all__ = ["QoroSampler"]


class QoroSampler(BaseSamplerV2):
    """Samples circuits on a Qoro backend.

    A sweep of parameters travels as one template and a matrix of values. PUBs without parameters share one
    job, whatever their shots.

    Args:
        backend: Where to run, from a :class:`QoroProvider`.
        options: :class:`SamplerOptions`, or a dictionary of its fields.

    Raises:
        QoroInputError: ``backend`` is no :class:`QoroBackend`, or an option cannot be used.
    """

    def __init__(
        self, backend: QoroBackend, *, options: SamplerOptions | Mapping[str, Any] | None = None
    ) -> None:
        self._backend = check_backend(backend, "BackendSamplerV2")
        self._options = read_options(SamplerOptions, options)

    @property
    def backend(self) -> QoroBackend:
        """Where the circuits run."""
        return self._backend

    @property
    def options(self) -> SamplerOptions:
        """The options; they may be changed."""
        return self._options

    @property
    def default_shots(self) -> int:
        """The shots of PUBs that name none, as Qiskit's own sampler tells them."""
        return self._options.default_shots

    def run(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> QoroPrimitiveJob:
        """Check and submit PUBs, and return without waiting for them.

        Args:
            pubs: PUBs, or what Qiskit makes one of, such as ``circuit`` or ``(circuit, values, shots)``.
            shots: Shots of PUBs that name none, in place of ``options.default_shots``.

        Returns:
            A job whose result holds, for each PUB, a ``DataBin`` with a ``BitArray`` for each classical
            register. All registers of a shot belong together. The service counts outcomes and keeps no order
            of the shots; they come in a random order that is the same whenever the counts are.

        Raises:
            QoroInputError: A PUB cannot be run; nothing was sent.
            QoroAPIError: The service refused a job.
            QoroConnectionError: The service did not answer.
        """
        plan = self.plan(pubs, shots=shots)
        return submit(self._backend, plan, show_progress=self._options.show_progress)

    def plan(self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None) -> Plan:
        """What :meth:`run` would send, for looking at: nothing is sent.

        Args:
            pubs: As for :meth:`run`.
            shots: As for :meth:`run`.

        Raises:
            QoroInputError: A PUB cannot be run.
        """
        shots = self._options.default_shots if shots is None else shots
        coerced = [SamplerPub.coerce(pub, shots) for pub in pubs]
        circuits: list[Circuit] = []
        postprocessors = []
        for index, pub in enumerate(coerced):
            with prefix_errors(index):
                postprocessors.append(self._prepare(index, pub, circuits))

        def build_postprocessor(numbers: Sequence[int]) -> SamplerPostprocessor:
            placed = [
                replace(postprocessor, circuits=[numbers[place] for place in postprocessor.circuits])
                for postprocessor in postprocessors
            ]
            return SamplerPostprocessor(placed, self._backend.name)

        return build_plan(self._backend, circuits, build_postprocessor, self._options)

    def _prepare(self, index: int, pub: SamplerPub, circuits: list[Circuit]) -> SamplerPubPostprocessor:
        """Append the circuits of a PUB; its postprocessor names them by their places in the list."""
        circuit = pub.circuit
        _check_names(circuit)
        first = len(circuits)
        shots, num_clbits = int(pub.shots), circuit.num_clbits
        clbits: Sequence[int] = range(num_clbits)
        if not circuit.cregs:
            _warn(index, "has no classical register, so its result is empty")
        elif not any(item.clbits for item in circuit.data):
            _warn(index, "measures nothing, so all bits of its result are 0")
        else:
            programs = write_rows(circuit, pub.parameter_values.as_array(circuit.parameters))
            check_width(self._backend, programs)
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


def _registers(circuit: QuantumCircuit, clbits: Sequence[int]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Name of each register, and where in the results its bits are."""
    place = {bit: clbits[index] for index, bit in enumerate(circuit.clbits)}
    return tuple((register.name, tuple(place[bit] for bit in register)) for register in circuit.cregs)


def _check_names(circuit: QuantumCircuit) -> None:
    """Refuse registers whose names a ``DataBin`` keeps for itself."""
    for register in circuit.cregs:
        try:
            DataBin(**{register.name: None})
        except (TypeError, ValueError) as error:
            raise QoroInputError(
                f"the classical register {register.name!r} cannot be a field of the result ({error}): "
                "rename it"
            ) from error


def _warn(index: int, what: str) -> None:
    warnings.warn(f"the circuit of PUB {index} {what}; measure it with measure_all()", stacklevel=5)
