"""The noise models of the engine: :class:`NoiseModel`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from qiskit_qoro.display.cards import Card, CardTable
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.arguments import integer_of, items_of
from qiskit_qoro.models.config import SimulationMethod
from qiskit_qoro.models.engine_options import EngineOption, OptionKind
from qiskit_qoro.models.noise.calls_json import arguments_from_json, call_to_json, read_call
from qiskit_qoro.models.noise.decays import DecayRecord
from qiskit_qoro.models.noise.parameters import MAX_QUBITS
from qiskit_qoro.models.noise.setters import NoiseCall, NoiseKind, Setter, setter, setters_of
from qiskit_qoro.models.noise.table import rows_of, table_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["EXACT_METHODS", "SETTERS", "NoiseModel"]

_T = TypeVar("_T")

EXACT_METHODS = (SimulationMethod.DensityMatrix, SimulationMethod.MatrixProductOperator)
"""The methods that apply noise as exact channels."""

_ALWAYS_RANDOM = {NoiseKind.COHERENT, NoiseKind.CORRELATED}
_NEVER_RANDOM = {NoiseKind.CROSSTALK, NoiseKind.READOUT}

_METHOD = EngineOption(OptionKind.METHOD, "a simulation method")


class NoiseModel:
    """A noise model: the errors of gates, of idle qubits and of measurements that the simulator applies.

    A setter adds one kind of error and returns the model::

        >>> from qiskit_qoro import MaestroConfig, NoiseModel
        >>> model = NoiseModel().set_all_1q_gate_depolarizing(2, 0.001)
        >>> model.set_2q_depolarizing(0, 1, 0.01).set_readout_error(0, 0.01, 0.03)
        <NoiseModel: 3 calls, 2 qubits>
        >>> config = MaestroConfig(noise_model=model)

    There are 43 setters, which have the names and parameters of the engine's. A setter checks its arguments
    and records the call. It does not need the engine. Numbers and arrays may come from NumPy. As in the
    engine, a setter *replaces* what the same setter has set for the same qubits before, and noise of
    different setters acts one after the other. ``set_qubit_noise``, ``set_depolarizing``, ``set_dephasing``
    and ``set_bit_flip`` set the same probabilities and replace each other.

    "After each gate" means after each one- and two-qubit gate on the qubit, also after virtual gates such as
    ``rz``. Models are equal if they consist of the same calls in the same order.
    """

    __hash__ = None  # type: ignore[assignment]  # a model can change

    def __init__(self) -> None:
        self._calls: list[NoiseCall] = []
        self._decays = DecayRecord()

    # Pauli errors

    @setter(NoiseKind.PAULI)
    def set_qubit_noise(self, qubit: int, px: float, py: float, pz: float) -> None:
        """Set the probabilities of X, Y and Z errors after each gate on a qubit."""

    @setter(NoiseKind.PAULI)
    def set_depolarizing(self, qubit: int, p: float) -> None:
        """Set depolarizing noise after each gate on a qubit: X, Y and Z errors, each with probability p/3."""

    @setter(NoiseKind.PAULI)
    def set_dephasing(self, qubit: int, p: float) -> None:
        """Set the probability of a Z error after each gate on a qubit."""

    @setter(NoiseKind.PAULI)
    def set_bit_flip(self, qubit: int, p: float) -> None:
        """Set the probability of an X error after each gate on a qubit."""

    @setter(NoiseKind.PAULI, each="set_depolarizing")
    def set_all_depolarizing(self, num_qubits: int, p: float) -> None:
        """Call :meth:`set_depolarizing` for the first qubits."""

    @setter(NoiseKind.PAULI, each="set_dephasing")
    def set_all_dephasing(self, num_qubits: int, p: float) -> None:
        """Call :meth:`set_dephasing` for the first qubits."""

    @setter(NoiseKind.PAULI)
    def set_1q_gate_depolarizing(self, qubit: int, p: float) -> None:
        """Set depolarizing noise after one-qubit gates: X, Y and Z errors, each with probability p/3."""

    @setter(NoiseKind.PAULI, each="set_1q_gate_depolarizing")
    def set_all_1q_gate_depolarizing(self, num_qubits: int, p: float) -> None:
        """Call :meth:`set_1q_gate_depolarizing` for the first qubits."""

    @setter(NoiseKind.PAULI)
    def set_2q_gate_depolarizing(self, qubit: int, p: float) -> None:
        """Set depolarizing noise on one qubit after two-qubit gates on it: X, Y and Z, each with p/3."""

    @setter(NoiseKind.PAULI, each="set_2q_gate_depolarizing")
    def set_all_2q_gate_depolarizing(self, num_qubits: int, p: float) -> None:
        """Call :meth:`set_2q_gate_depolarizing` for the first qubits."""

    @setter(NoiseKind.PAULI)
    def set_2q_depolarizing(self, q1: int, q2: int, p: float) -> None:
        """Set depolarizing noise after gates on a pair: the 15 two-qubit Pauli errors, each with p/15."""

    # Relaxation

    @setter(NoiseKind.RELAXATION)
    def set_t1(self, qubit: int, gamma: float) -> None:
        """Set the probability that state 1 decays to 0 after each gate on a qubit."""

    @setter(NoiseKind.RELAXATION)
    def set_t1_from_time(self, qubit: int, gate_time_s: float, t1_time_s: float) -> None:
        """Call :meth:`set_t1` with the probability of a decay during a gate, 1 - exp(-gate_time_s/T1)."""

    @setter(NoiseKind.RELAXATION, each="set_t1")
    def set_all_t1(self, num_qubits: int, gamma: float) -> None:
        """Call :meth:`set_t1` for the first qubits."""

    @setter(NoiseKind.RELAXATION)
    def set_t1_2q(self, qubit: int, gamma: float) -> None:
        """Set the probability that state 1 decays after two-qubit gates, in place of :meth:`set_t1`'s."""

    @setter(NoiseKind.RELAXATION)
    def set_t1_2q_from_time(self, qubit: int, gate_time_s: float, t1_time_s: float) -> None:
        """Call :meth:`set_t1_2q` with the probability of a decay during a gate, 1 - exp(-gate_time_s/T1)."""

    @setter(NoiseKind.RELAXATION)
    def set_thermal_relaxation(
        self, qubit: int, gate_time_s: float, t1_s: float, t2_s: float, excited_population: float = 0.0
    ) -> None:
        """Set thermal relaxation with T1 and T2 after each gate on a qubit.

        It cannot be combined with the ``set_t1`` family on the same qubit.
        """

    @setter(NoiseKind.RELAXATION)
    def set_thermal_relaxation_2q(
        self, qubit: int, gate_time_s: float, t1_s: float, t2_s: float, excited_population: float = 0.0
    ) -> None:
        """Set thermal relaxation after two-qubit gates, in place of :meth:`set_thermal_relaxation`'s.

        It cannot be combined with the ``set_t1`` family on the same qubit.
        """

    @setter(NoiseKind.RELAXATION)
    def set_phase_damping(self, qubit: int, gamma: float) -> None:
        """Set phase damping after each gate on a qubit: coherences shrink by the factor sqrt(1 - gamma)."""

    @setter(NoiseKind.RELAXATION)
    def set_phase_damping_from_time(self, qubit: int, gate_time_s: float, t_phi_s: float) -> None:
        """Set phase damping after each gate: coherences shrink by the factor exp(-gate_time_s/t_phi_s)."""

    # Channels that only density matrices and matrix product operators can apply

    @setter(NoiseKind.CHANNEL)
    def set_generalized_amplitude_damping(self, qubit: int, gamma: float, excited_population: float) -> None:
        """Set amplitude damping towards a thermal state after each gate on a qubit."""

    @setter(NoiseKind.CHANNEL)
    def set_correlated_phase_flip(
        self, q1: int, q2: int, probability: float, correlation: float = 1.0
    ) -> None:
        """Set phase flips of both qubits after gates on a pair."""

    @setter(NoiseKind.CHANNEL)
    def set_kraus_channel(self, targets: Sequence[int], kraus_operators: Sequence[ArrayLike]) -> None:
        """Set a channel after gates on one qubit or on a pair.

        A channel of one qubit acts after one-qubit *and* two-qubit gates on it. A channel of a pair acts
        after gates on this pair, in either direction.
        """

    # Coherent noise

    @setter(NoiseKind.COHERENT)
    def set_coherent_rotation(self, qubit: int, rx: float, ry: float, rz: float) -> None:
        """Set rotations about X, Y and Z after each gate on a qubit, each with a random sign."""

    @setter(NoiseKind.COHERENT)
    def set_coherent_depolarizing(self, qubit: int, p: float) -> None:
        """Set a rotation about Z by 2 arcsin(sqrt(p)) with a random sign after each gate on a qubit."""

    @setter(NoiseKind.COHERENT)
    def set_coherent_dephasing(self, qubit: int, p: float) -> None:
        """Set a rotation about Z by 2 arcsin(sqrt(p)) with a random sign after each gate on a qubit."""

    @setter(NoiseKind.COHERENT)
    def set_coherent_bit_flip(self, qubit: int, p: float) -> None:
        """Set a rotation about X by 2 arcsin(sqrt(p)) with a random sign after each gate on a qubit."""

    @setter(NoiseKind.COHERENT, each="set_coherent_depolarizing")
    def set_coherent_strength(self, num_qubits: int, p: float) -> None:
        """Call :meth:`set_coherent_depolarizing` for the first qubits."""

    @setter(NoiseKind.COHERENT, each="set_coherent_depolarizing")
    def set_all_coherent_depolarizing(self, num_qubits: int, p: float) -> None:
        """Call :meth:`set_coherent_depolarizing` for the first qubits."""

    @setter(NoiseKind.COHERENT, each="set_coherent_dephasing")
    def set_all_coherent_dephasing(self, num_qubits: int, p: float) -> None:
        """Call :meth:`set_coherent_dephasing` for the first qubits."""

    # Correlated noise: rotations about Z that remember the angle after the gate before

    @setter(NoiseKind.CORRELATED)
    def set_correlated_ar1(
        self,
        qubit: int,
        phi: float,
        sigma_eta: float,
        after_1q: bool = True,
        after_2q: bool = True,
        stationary_init: bool = True,
    ) -> None:
        """Set rotations about Z after gates on a qubit, with angles y[k] = phi y[k-1] + noise."""

    @setter(NoiseKind.CORRELATED)
    def set_correlated_ou(
        self,
        qubit: int,
        sigma: float,
        alpha: float,
        gate_time: float,
        after_1q: bool = True,
        after_2q: bool = True,
        stationary_init: bool = True,
    ) -> None:
        """Set rotations about Z after gates on a qubit, with angles from an Ornstein-Uhlenbeck process."""

    @setter(NoiseKind.CORRELATED)
    def set_correlated_ou_band(
        self,
        qubit: int,
        sigma: float,
        alpha: float,
        gate_time: float,
        after_1q: bool = True,
        after_2q: bool = True,
        stationary_init: bool = True,
    ) -> None:
        """Add an Ornstein-Uhlenbeck process to those of a qubit, without replacing any."""

    @setter(NoiseKind.CORRELATED)
    def set_multi_correlated_ou(
        self,
        qubit: int,
        bands: Sequence[tuple[float, float]],
        gate_time: float,
        after_1q: bool = True,
        after_2q: bool = True,
        stationary_init: bool = True,
    ) -> None:
        """Set several Ornstein-Uhlenbeck processes of a qubit, in place of those it has."""

    @setter(NoiseKind.CORRELATED)
    def set_1_over_f_noise(
        self,
        qubit: int,
        total_power: float,
        f_min: float,
        f_max: float,
        num_bands: int,
        gate_time: float,
        after_1q: bool = True,
        after_2q: bool = True,
        stationary_init: bool = True,
    ) -> None:
        """Set Ornstein-Uhlenbeck processes that approximate a 1/f spectrum."""

    @setter(NoiseKind.CORRELATED, each="set_correlated_ou")
    def set_all_correlated_ou(
        self,
        num_qubits: int,
        sigma: float,
        alpha: float,
        gate_time: float,
        after_1q: bool = True,
        after_2q: bool = True,
        stationary_init: bool = True,
    ) -> None:
        """Call :meth:`set_correlated_ou` for the first qubits."""

    @setter(NoiseKind.CORRELATED, each="set_multi_correlated_ou")
    def set_all_multi_correlated_ou(
        self,
        num_qubits: int,
        bands: Sequence[tuple[float, float]],
        gate_time: float,
        after_1q: bool = True,
        after_2q: bool = True,
        stationary_init: bool = True,
    ) -> None:
        """Call :meth:`set_multi_correlated_ou` for the first qubits."""

    @setter(NoiseKind.CORRELATED, each="set_correlated_ou")
    def set_all_correlated_from_power(
        self,
        num_qubits: int,
        power: float,
        alpha: float,
        gate_time: float,
        after_1q: bool = True,
        after_2q: bool = True,
    ) -> None:
        """Call :meth:`set_correlated_ou` for the first qubits, with sigma from the total power.

        The formula is power = num_qubits · sigma² · π · alpha · gate_time.
        """

    # Crosstalk, delays, readout

    @setter(NoiseKind.CROSSTALK)
    def set_crosstalk(self, q1: int, q2: int, strength: float) -> None:
        """Set a rotation about Z of one qubit of a pair after each gate on the other."""

    @setter(NoiseKind.IDLE)
    def set_idle_noise(
        self,
        qubit: int,
        t1: float,
        t2: float,
        excited_population: float = 0.0,
        detuning_hz: float = 0.0,
    ) -> None:
        """Set relaxation and detuning of a qubit during delays."""

    @setter(NoiseKind.READOUT)
    def set_readout_error(self, qubit: int, p_meas1_prep0: float, p_meas0_prep1: float) -> None:
        """Set the probabilities that a measurement of a qubit gives the wrong bit."""

    @setter(NoiseKind.READOUT)
    def set_readout_error_symmetric(self, qubit: int, p_error: float) -> None:
        """Set the probability that a measurement of a qubit gives the wrong bit, equal for 0 and 1."""

    @setter(NoiseKind.READOUT, each="set_readout_error_symmetric")
    def set_all_readout_error(self, num_qubits: int, p_error: float) -> None:
        """Call :meth:`set_readout_error_symmetric` for the first qubits."""

    # The calls, and what they say

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls in order, each as ``{"method": name, "args": [...], "kwargs": {...}}`` of JSON values.

        A complex number is ``{"__complex__": [real, imaginary]}``.
        """
        return [call_to_json(call) for call in self._calls]

    @property
    def qubits(self) -> tuple[int, ...]:
        """The qubits that the model concerns, sorted."""
        return tuple(sorted({qubit for call in self._calls for qubit in call.qubits}))

    @property
    def kinds(self) -> tuple[NoiseKind, ...]:
        """The kinds of noise that have been set."""
        present = {call.setter.kind for call in self._calls}
        return tuple(kind for kind in NoiseKind if kind in present)

    @property
    def needs_exact_channels(self) -> bool:
        """Whether only the density matrix and the matrix product operator simulate this model correctly.

        This is so if it has generalized amplitude damping, correlated phase flips, Kraus operators, a decay
        probability of the ``set_t1`` family, or relaxation after gates or during delays with T2 > T1.
        """
        times = {
            (call.setter.name, call.qubits): [call.arguments[name] for name in names]
            for call in self._calls
            for names in (("t1_s", "t2_s"), ("t1", "t2"))
            if names[0] in call.arguments
        }
        return (
            NoiseKind.CHANNEL in self.kinds
            or self._decays.has_probabilities
            or any(t2 > t1 for t1, t2 in times.values())
        )

    def is_exact(self, simulation_type: SimulationMethod | str | int) -> bool:
        """Tell whether a simulation method computes the effect of this noise without random realizations.

        Args:
            simulation_type: The method as a member, a name or a number, as in ``MaestroConfig``.

        Returns:
            For the density matrix and the matrix product operator, whether the model has no coherent and no
            correlated noise, which is always random. For all other methods, whether it has only crosstalk and
            readout errors.

        Raises:
            QoroInputError: There is no such method.
        """
        method = _METHOD.check("simulation_type", simulation_type)
        kinds = set(self.kinds)
        return kinds.isdisjoint(_ALWAYS_RANDOM) if method in EXACT_METHODS else kinds <= _NEVER_RANDOM

    def replay(self, model: _T) -> _T:
        """Repeat the calls on another object that has the setters, such as the engine's noise model.

        Args:
            model: The object, which is changed.

        Returns:
            The object.
        """
        for call in self._calls:
            getattr(model, call.setter.name)(*call.positional, **call.changed)
        return model

    # Other models

    @classmethod
    def from_calls(cls, calls: Iterable[Mapping[str, Any]]) -> NoiseModel:
        """Build a model from its :attr:`calls`.

        Args:
            calls: The calls, each a mapping with ``method`` and, if there are any, ``args`` and ``kwargs``.

        Raises:
            QoroInputError: A call has another form, there is no such setter, or an argument is invalid. The
                message has the index of the call.
        """
        items = items_of(calls)
        if items is None:
            raise QoroInputError(f"the noise model is a {type(calls).__name__}, expected a list of calls")
        model = cls()
        for index, item in enumerate(items):
            try:
                name, args, kwargs = read_call(item, SETTERS)
                getattr(model, name)(*arguments_from_json(args), **arguments_from_json(kwargs))
            except (QoroInputError, TypeError) as error:
                raise QoroInputError(f"noise_model[{index}]: {error}") from error
        return model

    @classmethod
    def from_target(
        cls,
        target: Any,
        *,
        gate_error: bool = True,
        thermal_relaxation: bool = True,
        readout_error: bool = True,
        random_realizations: bool = False,
    ) -> NoiseModel:
        """Build the model of a device from its Qiskit ``Target``.

        The result is close to that of Qiskit Aer's ``NoiseModel.from_backend``: thermal relaxation after each
        gate and during delays, depolarizing noise for the rest of the reported gate errors, readout errors.
        Gates without error and duration are virtual. The engine applies noise after virtual gates too, except
        if :func:`~qiskit_qoro.qasm.virtual_gates.merge_virtual_gates` has merged them into real ones.

        Args:
            target: The target. Properties that it does not report cause no noise.
            gate_error: Whether to use the gate errors.
            thermal_relaxation: Whether to use T1, T2 and the durations.
            readout_error: Whether to use the errors of measurements.
            random_realizations: Whether to make a model that random realizations simulate correctly: a T2
                longer than T1 counts as T1. Circuits that are too wide for exact channels need this.

        Raises:
            QoroInputError: The target has no qubits.
        """
        from qiskit_qoro.models.noise.device import noise_of_target  # noqa: PLC0415 - it imports this module

        return noise_of_target(
            target,
            gate_error=gate_error,
            thermal_relaxation=thermal_relaxation,
            readout_error=readout_error,
            random_realizations=random_realizations,
        )

    @classmethod
    def from_backend(
        cls,
        backend: Any,
        *,
        gate_error: bool = True,
        thermal_relaxation: bool = True,
        readout_error: bool = True,
        random_realizations: bool = False,
    ) -> NoiseModel:
        """Build the model of a device from the ``target`` of a Qiskit backend, as :meth:`from_target` does.

        Args:
            backend: Any ``BackendV2``, for example of ``qiskit_ibm_runtime.fake_provider``.
            gate_error: Whether to use the gate errors.
            thermal_relaxation: Whether to use T1, T2 and the durations.
            readout_error: Whether to use the errors of measurements.
            random_realizations: Whether to make a model that random realizations simulate correctly: a T2
                longer than T1 counts as T1. Circuits that are too wide for exact channels need this.

        Raises:
            QoroInputError: The backend has no target, or the target has no qubits.
        """
        target = getattr(backend, "target", None)
        if target is None:
            raise QoroInputError(f"{type(backend).__name__} has no target, expected a BackendV2 of Qiskit")
        return cls.from_target(
            target,
            gate_error=gate_error,
            thermal_relaxation=thermal_relaxation,
            readout_error=readout_error,
            random_realizations=random_realizations,
        )

    @classmethod
    def from_aer(
        cls, noise_model: Any, num_qubits: int | None = None, *, ignore: Collection[str] = ()
    ) -> NoiseModel:
        """Convert a noise model of Qiskit Aer.

        Both models have the same effect on density matrices, for circuits whose gates have errors in Aer's
        model. The engine applies the error of a one-qubit gate after *every* one-qubit gate, and the error of
        a pair after every gate on this pair, also after gates that Aer's model does not mention. The local
        service decomposes wider gates first, and gives ``id`` the noise of a one-qubit gate.

        Args:
            noise_model: A ``qiskit_aer.noise.NoiseModel`` with errors of one- and two-qubit gates, local or
                of all qubits, and readout errors of single qubits. Depolarizing noise, relaxation and Pauli
                errors become setters that all simulation methods know. Other channels become Kraus
                operators.
            num_qubits: The number of qubits, needed if there are errors of all qubits.
            ignore: Instructions whose errors are left out, such as ``["reset", "delay"]``.

        Raises:
            QoroInputError: The model has no counterpart. The message says which error is the reason: gates of
                the same width have different errors on the same qubits, an error concerns more than two
                qubits or is not of a gate, or two-qubit gates have less noise than one-qubit gates.
        """
        from qiskit_qoro.models.noise.aer import noise_of_aer  # noqa: PLC0415 - it imports this module

        return noise_of_aer(noise_model, num_qubits, ignore)

    @classmethod
    def from_json(cls, text: str) -> NoiseModel:
        """Build a model from the text that :meth:`to_json` returns.

        Raises:
            QoroInputError: The text is not the JSON of a noise model.
        """
        try:
            return cls.from_calls(json.loads(text))
        except QoroInputError:
            raise
        except ValueError as error:
            raise QoroInputError(f"the noise model is not JSON: {error}") from error
        except RecursionError as error:
            raise QoroInputError("the JSON of the noise model is nested too deeply") from error

    def to_json(self) -> str:
        """Return the :attr:`calls` as JSON text."""
        return json.dumps(self.calls, allow_nan=False)

    def copy(self) -> NoiseModel:
        """Return an independent copy."""
        return self.compose(NoiseModel())

    def __copy__(self) -> NoiseModel:
        return self.copy()

    def compose(self, other: NoiseModel) -> NoiseModel:
        """Return a new model with the calls of this model and then those of another one.

        If both use the same setter for the same qubits, the noise of the other model applies.

        Raises:
            QoroInputError: The models cannot be combined, because both set T1 of a qubit in different ways.
        """
        model = NoiseModel()
        for call in [*self._calls, *other._calls]:
            model._record(call)
        return model

    def relabelled(self, new_qubits: Mapping[int, int] | Sequence[int]) -> NoiseModel:
        """Return the same noise on renumbered qubits. Calls for many qubits become one call for each qubit.

        Args:
            new_qubits: The new number of each qubit: a mapping, or a sequence with the new number of
                qubit *i* at position *i*.

        Raises:
            QoroInputError: A qubit of the model has no new number, or two qubits have the same.
        """
        mapping = _checked_mapping(new_qubits)
        missing = [qubit for qubit in self.qubits if qubit not in mapping]
        if missing:
            raise QoroInputError(
                f"qubit {missing[0]} of the noise model has no new number: to leave out qubits, use "
                "restricted_to() first"
            )
        return self._on(mapping)

    def restricted_to(self, qubits: Collection[int]) -> NoiseModel:
        """Return the noise of some qubits, with their numbers, without that of pairs with other qubits.

        It is exact for a circuit whose gates act on these qubits only.

        Args:
            qubits: The qubits to keep.
        """
        return self._on(_checked_mapping({qubit: qubit for qubit in qubits}))

    def _on(self, new_qubits: Mapping[int, int]) -> NoiseModel:
        model = NoiseModel()
        for call in self._calls:
            for name, arguments in call.for_qubits(new_qubits):
                model._record(NoiseCall(SETTERS[name], SETTERS[name].with_defaults(arguments)))
        return model

    def __or__(self, other: object) -> NoiseModel:
        return self.compose(other) if isinstance(other, NoiseModel) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NoiseModel):
            return NotImplemented
        return self._calls == other._calls

    def __repr__(self) -> str:
        calls, qubits = len(self._calls), len(self.qubits)
        return f"<NoiseModel: {calls} call{'s' * (calls != 1)}, {qubits} qubit{'s' * (qubits != 1)}>"

    def _repr_html_(self) -> str:
        rows = rows_of(self._calls)
        return Card(
            "Noise model",
            rows=[("qubits", f"{len(self.qubits):,}")],
            tables=[CardTable(["setter", "for", "values"], rows, texts=[2])] if rows else [],
            note="" if rows else "The model has no noise.",
        ).to_html()

    def __str__(self) -> str:
        """The calls as a table with a line for each setter."""
        return table_of(self._calls)

    def _record(self, call: NoiseCall) -> None:
        """Append a checked call."""
        self._decays.note(call)
        self._calls.append(call)


SETTERS: Mapping[str, Setter] = setters_of(NoiseModel)
"""The setters by name."""


def _checked_mapping(new_qubits: Mapping[Any, Any] | Sequence[Any]) -> dict[int, int]:
    pairs = new_qubits.items() if isinstance(new_qubits, Mapping) else enumerate(items_of(new_qubits) or ())
    mapping = {}
    for pair in pairs:
        old, new = (integer_of(qubit, least=0, most=MAX_QUBITS - 1) for qubit in pair)
        if old is None or new is None:
            raise QoroInputError(
                f"{pair[0]!r}: {pair[1]!r} are not qubits, expected integers from 0 to {MAX_QUBITS - 1}"
            )
        mapping[old] = new
    if len(set(mapping.values())) < len(mapping):
        raise QoroInputError("two qubits have the same new number, expected different ones")
    return mapping
