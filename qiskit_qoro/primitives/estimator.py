"""The estimator: circuits, observables and rows of parameters in, expectation values out.

Where the backend computes expectation values, each different row of a circuit is asked once for each word
that any observable needs of it. Where it samples, the words of a row are grouped so that one circuit measures
a whole group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qiskit.primitives import BaseEstimatorV2
from qiskit.primitives.containers import EstimatorPubLike
from qiskit.primitives.containers.estimator_pub import EstimatorPub

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.primitives.options import EstimatorOptions, read_options
from qiskit_qoro.primitives.planning.estimator_pubs import CircuitRequests, PreparedPub, prepare_pub
from qiskit_qoro.primitives.planning.plan import Plan, build_plan
from qiskit_qoro.primitives.planning.pub_checks import check_backend, prefix_errors
from qiskit_qoro.primitives.postprocess.estimator import EstimatorPostprocessor
from qiskit_qoro.primitives.primitive_job import QoroPrimitiveJob
from qiskit_qoro.primitives.submission import submit

__all__ = ["DEFAULT_SAMPLED_PRECISION", "QoroEstimator"]

DEFAULT_SAMPLED_PRECISION = 1 / 64
"""The precision of PUBs that name none, where the backend samples; Qiskit's own estimator has the same."""

FINEST_SAMPLED_PRECISION = 1e-6
"""The best precision that may be asked for where the backend samples. It takes 10^12 shots."""


class QoroEstimator(BaseEstimatorV2):
    """Estimates expectation values on a Qoro backend.

    On a backend that computes expectation values the results are exact, and ``stds`` are 0. On one that
    samples, or with the option ``force_sampling``, they come from counts. A sweep of parameters travels as
    one template and a matrix of values; words that follow without running anything are not sent.

    Args:
        backend: Where to run, from a :class:`QoroProvider`.
        options: :class:`EstimatorOptions`, or a dictionary of its fields.

    Raises:
        QoroInputError: ``backend`` is no :class:`QoroBackend`, or an option cannot be used.
    """

    def __init__(
        self, backend: QoroBackend, *, options: EstimatorOptions | Mapping[str, Any] | None = None
    ) -> None:
        self._backend = check_backend(backend, "BackendEstimatorV2")
        self._options = read_options(EstimatorOptions, options)

    @property
    def backend(self) -> QoroBackend:
        """Where the circuits run."""
        return self._backend

    @property
    def options(self) -> EstimatorOptions:
        """The options; they may be changed."""
        return self._options

    @property
    def default_precision(self) -> float:
        """The precision of PUBs that name none, as Qiskit's own estimator tells it."""
        return self._accuracy(None)[0]

    @property
    def samples(self) -> bool:
        """Whether expectation values come from counts, and not from the state itself."""
        return self._options.force_sampling or not self._backend.system.supports_expval

    def run(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> QoroPrimitiveJob:
        """Check and submit PUBs, and return without waiting for them.

        Args:
            pubs: PUBs, or what Qiskit makes one of, such as ``(circuit, observables, values, precision)``.
                Final measurements in a circuit are ignored.
            precision: The largest standard error of a Pauli word, of PUBs that name none; in place of
                ``options.default_precision``. 0 is exact, where the backend computes expectation values.

        Returns:
            A job whose result holds, for each PUB, a ``DataBin`` with ``evs`` and ``stds``, both of the shape
            of the PUB. Where the backend samples, ``stds`` are the standard errors of the values, from the
            counts themselves.

        Raises:
            QoroInputError: A PUB cannot be run; nothing was sent.
            QoroAPIError: The service refused a job.
            QoroConnectionError: The service did not answer.
        """
        plan = self.plan(pubs, precision=precision)
        return submit(self._backend, plan, show_progress=self._options.show_progress)

    def plan(self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None) -> Plan:
        """What :meth:`run` would send, for looking at: nothing is sent.

        Args:
            pubs: As for :meth:`run`.
            precision: As for :meth:`run`.

        Raises:
            QoroInputError: A PUB cannot be run.
        """
        coerced = [EstimatorPub.coerce(pub, precision) for pub in pubs]
        asking = CircuitRequests()
        prepared: list[PreparedPub] = []
        for index, pub in enumerate(coerced):
            with prefix_errors(index):
                prepared.append(prepare_pub(self._backend, pub, *self._accuracy(pub.precision), asking))
        circuits = asking.circuits()

        def build_postprocessor(numbers: Sequence[int]) -> EstimatorPostprocessor:
            return EstimatorPostprocessor(
                [pub.postprocessor(asking, numbers) for pub in prepared], self._backend.name
            )

        return build_plan(self._backend, circuits, build_postprocessor, self._options)

    def _accuracy(self, precision: float | None) -> tuple[float, int | None]:
        """The precision that a PUB gets, and the shots that this takes; ``None`` where it takes none."""
        options = self._options
        if precision is None and options.default_shots is not None and self.samples:
            return 1 / math.sqrt(options.default_shots), int(options.default_shots)
        default = DEFAULT_SAMPLED_PRECISION if self.samples else 0.0
        wanted = float(_first(precision, options.default_precision, default))
        if not math.isfinite(wanted):
            raise QoroInputError(f"precision is {wanted}, expected a number of 0 or more")
        if not self.samples:
            return wanted, None
        if wanted < FINEST_SAMPLED_PRECISION:
            why = "force_sampling is set" if options.force_sampling else "it computes none itself"
            raise QoroInputError(
                f"precision is {wanted:g}, and {self._backend.name!r} samples expectation values ({why}): "
                f"that takes too many shots. Choose a precision of {FINEST_SAMPLED_PRECISION:g} or more, or "
                "a backend that computes such values"
            )
        return wanted, math.ceil(1 / min(wanted, 1.0) ** 2)


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
