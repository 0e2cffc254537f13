"""The estimator, which computes expectation values of observables for circuits and rows of parameters.

If the backend computes expectation values, each distinct row of a circuit is sent once, with every Pauli
string that any observable needs from it. If the backend samples, the Pauli strings of a row are grouped so
that one circuit measures a whole group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qiskit.primitives import BaseEstimatorV2
from qiskit.primitives.containers import EstimatorPubLike
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.display.reprs import counted, fields_set, settings_card
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import number_of
from qiskit_qoro.primitives.options import EstimatorOptions, backend_options, read_options
from qiskit_qoro.primitives.planning.estimator_pubs import CircuitRequests, PreparedPub, prepare_pub
from qiskit_qoro.primitives.planning.gradient_pubs import (
    PreparedAdjointPub,
    PreparedShiftPub,
    prepare_gradient_pub,
    reason_to_shift,
)
from qiskit_qoro.primitives.planning.plan import Plan, build_plan
from qiskit_qoro.primitives.planning.programs import without_final_measurements
from qiskit_qoro.primitives.planning.pub_checks import check_backend, prefix_errors
from qiskit_qoro.primitives.planning.repeated_plans import (
    PlanCache,
    RowsOfPub,
    key_of_number,
    key_of_observables,
    key_of_settings,
    rows_of_pub,
)
from qiskit_qoro.primitives.postprocess.estimator import EstimatorPostprocessor
from qiskit_qoro.primitives.postprocess.gradients import GradientPostprocessor, GradientPubPostprocessor
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.primitives.submission import submit
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.qasm.write.template_writer import write_template
from qiskit_qoro.service.settings import merge_configs

__all__ = ["DEFAULT_SAMPLED_PRECISION", "QoroEstimator"]

DEFAULT_SAMPLED_PRECISION = 1 / 64
"""Default precision if the backend samples; the same as that of Qiskit's ``BackendEstimatorV2``."""

GRADIENT_METHODS = ("adjoint", "parameter_shift")
"""The methods of :meth:`QoroEstimator.gradient`."""

FINEST_SAMPLED_PRECISION = 1e-6
"""Smallest precision that is accepted if the backend samples. It takes 10^12 shots."""


class QoroEstimator(BaseEstimatorV2):
    """Estimate expectation values on a Qoro backend: an implementation of Qiskit's ``BaseEstimatorV2``.

    A PUB is a circuit with its observables::

        >>> from qiskit import QuantumCircuit
        >>> from qiskit_qoro import QoroEstimator, QoroProvider
        >>> bell = QuantumCircuit(2)
        >>> _ = bell.h(0)
        >>> _ = bell.cx(0, 1)
        >>> estimator = QoroEstimator(QoroProvider.local().get_backend("qoro_maestro"))
        >>> result = estimator.run([(bell, ["ZZ", "XX", "ZI"])]).result()
        >>> result[0].data.evs.round(6)
        array([1., 1., 0.])

    If the backend computes expectation values, the results are exact and ``stds`` are 0. If it samples, or
    with the option ``force_sampling``, they are estimated from counts. If the service averages over random
    realizations of noise and says so, ``stds`` are the standard errors of these averages.

    A parameter sweep is sent as one template and a matrix of values. Pauli strings whose value is known
    without running the circuit are evaluated locally.

    Args:
        backend: The backend to run on, from a :class:`QoroProvider`.
        options: :class:`EstimatorOptions`, or a dictionary of its fields.

    Raises:
        QoroInputError: ``backend`` is not a :class:`QoroBackend`, or an option is invalid.
    """

    def __init__(
        self, backend: QoroBackend, *, options: EstimatorOptions | Mapping[str, Any] | None = None
    ) -> None:
        self._backend = check_backend(backend, "BackendEstimatorV2")
        self._options = read_options(EstimatorOptions, options)
        self._plans = PlanCache()

    def __repr__(self) -> str:
        return f"<QoroEstimator on {quoted_name(self._backend.name)}: {self._describe_precision()}>"

    def _repr_html_(self) -> str:
        rows = [("backend", self._backend.name), ("expectation values", self._describe_precision())]
        described = {"default_precision", "default_shots", "force_sampling"}
        others = {name: item for name, item in fields_set(self._options).items() if name not in described}
        card = settings_card(self._options, others, title="Estimator")
        return replace(card, rows=[*rows, *card.rows], note="").to_html()

    def _describe_precision(self) -> str:
        try:
            precision, shots = self._precision_and_shots(None)
        except QoroInputError as error:
            return error.message
        if shots is not None:
            return f"sampled with {counted(shots, 'shot')}, precision {precision:.3g}"
        return f"computed with precision {precision:.3g}" if precision else "exact"

    @property
    def backend(self) -> QoroBackend:
        """The backend that runs the circuits."""
        return self._backend

    @property
    def options(self) -> EstimatorOptions:
        """The options. They may be changed."""
        return self._options

    @property
    def default_precision(self) -> float:
        """The precision of PUBs that specify none. Qiskit's own estimator has this property too."""
        return self._precision_and_shots(None)[0]

    @property
    def samples(self) -> bool:
        """Whether expectation values are estimated from counts instead of computed exactly."""
        return self._options.force_sampling or not self._backend.system.supports_expval

    def run(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> QoroPrimitiveJob:
        """Check and submit PUBs, and return without waiting for the results.

        Args:
            pubs: PUBs, or values that Qiskit converts to PUBs, such as
                ``(circuit, observables, values, precision)``. Final measurements in a circuit are ignored.
            precision: The largest standard error of a Pauli string, for PUBs that specify no precision. It
                replaces ``options.default_precision``. 0 means exact and needs a backend that computes
                expectation values.

        Returns:
            A job whose result contains, for each PUB, a ``DataBin`` with ``evs`` and ``stds``, both of the
            shape of the PUB. If the backend samples, ``stds`` are the standard errors of ``evs``, estimated
            from the same counts.

        Raises:
            QoroInputError: A PUB cannot be run. Nothing was sent.
            QoroAPIError: The service refused a job.
            QoroConnectionError: The service did not answer.
        """
        plan = self.plan(pubs, precision=precision)
        return submit(self._backend, plan, show_progress=self._options.show_progress)

    def plan(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> Plan:
        """Return the jobs that :meth:`run` would submit, without sending anything.

        If the options request noise, the service may be asked once which extensions it has.

        Args:
            pubs: As for :meth:`run`.
            precision: As for :meth:`run`.

        Raises:
            QoroInputError: A PUB cannot be run.
        """
        pubs = list(pubs)
        rows = self._rows_of(pubs, precision)
        if rows is not None and (plan := self._plans.find(rows)) is not None:
            return plan
        coerced = self._coerce(pubs, precision)
        style = self._backend.program_style(backend_options(self._options), [pub.circuit for pub in coerced])
        requests = CircuitRequests()
        prepared: list[PreparedPub] = []
        for index, pub in enumerate(coerced):
            with prefix_errors(index):
                precision_and_shots = self._precision_and_shots(pub.precision)
                prepared.append(prepare_pub(self._backend, pub, *precision_and_shots, requests, style))
        # All PUBs have to be prepared before, because equal rows of several PUBs become one circuit.
        circuits = requests.circuits()

        # The circuits get their final numbers when they are distributed over jobs.
        def build_postprocessor(circuit_numbers: Sequence[int]) -> EstimatorPostprocessor:
            return EstimatorPostprocessor(
                [pub.postprocessor(requests, circuit_numbers) for pub in prepared], self._backend.name
            )

        # All PUBs share the configuration of the job. If values are sampled, shots set the precision.
        computed = [] if self.samples else [pub.precision for pub in prepared if pub.precision]
        plan = build_plan(
            self._backend,
            circuits,
            build_postprocessor,
            self._options,
            names=(pub.circuit.name for pub in coerced),
            precision=min(computed, default=0.0),
        )
        if rows is not None:
            circuit = without_final_measurements(rows.circuit)
            self._plans.add(rows, plan, lambda: write_template(circuit, style=style))
        return plan

    def gradient(
        self,
        pubs: Iterable[EstimatorPubLike],
        *,
        precision: float | None = None,
        method: str | None = None,
    ) -> QoroPrimitiveJob:
        """Submit PUBs to compute their values and the derivatives by the parameters of their circuits.

        If the service announces gradients, as the local service does, and the circuit and the options permit
        it, the service computes exact derivatives. This takes about as long as a few values. Otherwise the
        angles of all gates are shifted, and two or four values for each angle are computed in one job. The
        derivatives are then as accurate as these values.

        Args:
            pubs: As for :meth:`run`.
            precision: As for :meth:`run`. It is the precision of the values, also of the shifted ones.
            method: ``"adjoint"`` to require that the service computes the derivatives, ``"parameter_shift"``
                to shift angles, or ``None`` to choose.

        Returns:
            A job whose result contains, for each PUB, a ``DataBin`` with ``evs`` and ``stds`` of the shape of
            the PUB, and ``gradients`` and ``gradient_stds``, which have a further axis for the parameters, in
            the order of ``circuit.parameters``. The metadata contains the ``gradient_method``.

        Raises:
            QoroInputError: A PUB cannot be run, its circuit has no gradient, or the method is impossible.
                Nothing was sent.
            QoroAPIError: The service refused a job.
            QoroConnectionError: The service did not answer.
        """
        plan = self.plan_gradient(pubs, precision=precision, method=method)
        return submit(self._backend, plan, show_progress=self._options.show_progress)

    def plan_gradient(
        self,
        pubs: Iterable[EstimatorPubLike],
        *,
        precision: float | None = None,
        method: str | None = None,
    ) -> Plan:
        """Return the jobs that :meth:`gradient` would submit. This may ask the service for its extensions.

        Args:
            pubs: As for :meth:`gradient`.
            precision: As for :meth:`gradient`.
            method: As for :meth:`gradient`.

        Raises:
            QoroInputError: As for :meth:`gradient`.
        """
        if method not in (None, *GRADIENT_METHODS):
            raise QoroInputError(f"method is {method!r}, expected {' or '.join(map(repr, GRADIENT_METHODS))}")
        coerced = self._coerce(pubs, precision)
        options = backend_options(self._options)
        style = self._backend.program_style(options, [pub.circuit for pub in coerced])
        config = self._backend.resolve_options(options)["execution_config"]
        config = merge_configs(self._backend.service.execution_config, config)
        shift_reason = reason_to_shift(self._backend, config, samples=self.samples)
        requests = CircuitRequests()
        prepared: list[PreparedAdjointPub | PreparedShiftPub] = []
        for index, pub in enumerate(coerced):
            with prefix_errors(index):
                prepared.append(
                    prepare_gradient_pub(
                        self._backend,
                        pub,
                        *self._precision_and_shots(pub.precision),
                        requests,
                        style,
                        shift_reason=shift_reason,
                        method=method,
                    )
                )
        circuits = requests.circuits()
        # The circuits of gradient jobs follow those that compute values.
        starts: list[int] = []
        for item in prepared:
            starts.append(len(circuits))
            if isinstance(item, PreparedAdjointPub):
                circuits += item.circuits

        def build_postprocessor(circuit_numbers: Sequence[int]) -> GradientPostprocessor:
            built: list[GradientPubPostprocessor] = []
            for item, start in zip(prepared, starts, strict=True):
                if isinstance(item, PreparedAdjointPub):
                    built.append(item.postprocessor(circuit_numbers[start : start + len(item.circuits)]))
                else:
                    built.append(item.postprocessor(requests, circuit_numbers))
            return GradientPostprocessor(built, self._backend.name)

        return build_plan(
            self._backend,
            circuits,
            build_postprocessor,
            self._options,
            names=(pub.circuit.name for pub in coerced),
        )

    def _rows_of(self, pubs: Sequence[EstimatorPubLike], precision: float | None) -> RowsOfPub | None:
        """Return the rows of the PUB, if there is a single one whose plan may be needed again."""
        if len(pubs) != 1 or not isinstance(pubs[0], tuple | list) or len(pubs[0]) not in (3, 4):
            return None
        circuit, observables, values, *own_precision = pubs[0]
        return rows_of_pub(
            circuit,
            values,
            key_of_observables(observables),
            *map(key_of_number, (precision, *own_precision)),
            key_of_settings(self._backend, self._options),
        )

    def _coerce(self, pubs: Iterable[EstimatorPubLike], precision: float | None) -> list[EstimatorPub]:
        # An invalid precision is passed on as it is, because Qiskit has an error of its own for it.
        plain = number_of(precision)
        return [EstimatorPub.coerce(pub, precision if plain is None else plain) for pub in pubs]

    def _precision_and_shots(self, precision: float | None) -> tuple[float, int | None]:
        """Return the effective precision of a PUB and the shots it takes; no shots if values are exact."""
        options = self._options
        if precision is None and options.default_shots is not None and self.samples:
            return 1 / math.sqrt(options.default_shots), int(options.default_shots)
        default = DEFAULT_SAMPLED_PRECISION if self.samples else 0.0
        effective = float(_first_given(precision, options.default_precision, default))
        if not math.isfinite(effective):
            raise QoroInputError(f"precision is {effective}, expected a number of 0 or more")
        if not self.samples:
            return effective, None
        if effective < FINEST_SAMPLED_PRECISION:
            why = "force_sampling is set" if options.force_sampling else "it does not compute them exactly"
            raise QoroInputError(
                f"precision is {effective:g}, which takes too many shots because {self._backend.name!r} "
                f"samples expectation values ({why}). Choose a precision of {FINEST_SAMPLED_PRECISION:g} or "
                "more, or a backend that computes expectation values"
            )
        # A Pauli string has values of +1 and -1, so its variance is at most 1.
        return effective, math.ceil(1 / min(effective, 1.0) ** 2)


def _first_given(*values: float | None) -> float:
    return next(value for value in values if value is not None)
