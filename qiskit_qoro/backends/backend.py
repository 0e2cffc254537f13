"""The Qiskit backend of a simulator cluster or a QPU system."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import FrameType
from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, Options, QiskitBackendNotFoundError
from qiskit.quantum_info import Statevector
from qiskit.transpiler import CouplingMap, Target

from qiskit_qoro._version import __version__
from qiskit_qoro.backends.backend_card import backend_card
from qiskit_qoro.backends.run_options import (
    RunOptions,
    merge_options,
    shots_by_circuit,
)
from qiskit_qoro.backends.run_submission import RunPlan, plan_run, submit_run
from qiskit_qoro.backends.target import build_qpu_target, build_simulator_target
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.jobs.job_document import RunStructure
from qiskit_qoro.jobs.registers import layout_of_circuit
from qiskit_qoro.models.config import ExecutionConfig, JobConfig
from qiskit_qoro.models.devices import DeviceProperties
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.systems import BackendConfiguration, BackendStatus, QPUSystem, SimulatorCluster
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.qasm.delays import DELAYS_EXTENSION
from qiskit_qoro.qasm.measurements import describe_unmeasured, warn_unmeasured
from qiskit_qoro.qasm.write.program_cache import ProgramCache
from qiskit_qoro.qasm.write.style import ProgramStyle
from qiskit_qoro.qasm.write.writer import Program
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.settings import merge_configs
from qiskit_qoro.states.state_jobs import Floats, StateJobs

__all__ = ["QoroBackend"]


class QoroBackend(BackendV2):
    """A Qiskit backend that runs circuits on a simulator cluster or a QPU system of the Qoro service.

    Get one from :meth:`QoroProvider.get_backend`. :meth:`run` submits circuits. :meth:`statevector`,
    :meth:`probabilities` and other methods compute states on the local service.

    The width of a QPU system is the width of its widest
    operational QPU. If the service reports the properties of this QPU, :attr:`target` has its gates,
    coupling, errors, durations and decay times. Otherwise all qubits are connected with each other. The
    service does not report the width of a simulator, so that is always
    :data:`qiskit_qoro.models.systems.SIMULATOR_WIDTH`.

    Args:
        system: The service's description of the system.
        service: The client that submits the jobs.
        provider: The provider that created the backend.
        **fields: Initial values of the options; see :meth:`run`.
    """

    def __init__(
        self,
        system: SimulatorCluster | QPUSystem,
        service: QoroService,
        provider: Any = None,
        **fields: Any,
    ) -> None:
        kind = "simulator cluster" if isinstance(system, SimulatorCluster) else "QPU system"
        super().__init__(
            provider=provider,
            name=system.name,
            description=f"Qoro {kind}",
            backend_version=__version__,
        )
        self._system = system
        self._service = service
        self._target = _build_target(system)
        self._programs = ProgramCache()
        if fields:
            self.set_options(**fields)

    def __repr__(self) -> str:
        kind = "simulator" if self.is_simulator else "QPU system"
        return f"<QoroBackend {self.name!r}: {kind}, {self.num_qubits} qubits, {self._service.description}>"

    def _repr_html_(self) -> str:
        return backend_card(self._system, self._target, self.options.items(), self._service).to_html()

    @classmethod
    def _default_options(cls) -> Options:
        return RunOptions()

    @property
    def target(self) -> Target:
        """The target that circuits are transpiled for."""
        return self._target

    @property
    def coupling_map(self) -> CouplingMap | None:
        """The connected pairs of qubits; ``None`` if all qubits are connected or the pairs are not known."""
        found: CouplingMap | None = super().coupling_map
        if found is None and _is_called_by_map_plots(inspect.currentframe()):
            # Qiskit's plots of maps would fail with an AttributeError of None.
            raise QoroInputError(self._why_no_map())
        return found

    def _why_no_map(self) -> str:
        if self.is_simulator:
            return f"{self.name!r} is a simulator: it connects all qubits and has no map. Choose a QPU system"
        return f"{self.name!r} has no map: the service does not report which of its qubits are connected"

    @property
    def max_circuits(self) -> None:
        """Always ``None``, because a job may hold any number of circuits."""

    @property
    def service(self) -> QoroService:
        """The client that submits the jobs of this backend."""
        return self._service

    @property
    def system(self) -> SimulatorCluster | QPUSystem:
        """The service's description of this backend."""
        return self._system

    @property
    def is_simulator(self) -> bool:
        """Whether the backend is a simulator cluster."""
        return isinstance(self._system, SimulatorCluster)

    @property
    def is_operational(self) -> bool:
        """Whether the backend accepts jobs.

        A simulator always does. A QPU system does if one of its QPUs is operational.
        """
        return self._system.is_operational

    def configuration(self) -> BackendConfiguration:
        """Return the configuration of the backend as Qiskit 0 and 1 defined it.

        Packages such as ``mthree`` still read it. New code should use :attr:`target` and the other
        attributes, which hold the same information.
        """
        return BackendConfiguration(
            backend_name=self.name,
            backend_version=self.backend_version,
            num_qubits=self.num_qubits,
            basis_gates=tuple(self.operation_names),
            simulator=self.is_simulator,
            coupling_map=None if self.coupling_map is None else [list(pair) for pair in self.coupling_map],
        )

    def status(self) -> BackendStatus:
        """Ask the service for the current status of this backend.

        Returns:
            Whether the backend accepts jobs, and the status of each QPU. ``pending_jobs`` is ``None``,
            because the service does not report its queues.

        Raises:
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer breaks the protocol.
        """
        system = self._fetch_system()
        return BackendStatus(
            backend_name=self.name,
            backend_version=self.backend_version,
            operational=system is not None and system.is_operational,
            pending_jobs=None,
            status_msg="not listed by the service" if system is None else system.status_message,
        )

    def refresh(self) -> None:
        """Ask the service for its current description of this backend, and rebuild :attr:`target` from it.

        The backend stays unchanged if an error is raised.

        Raises:
            QiskitBackendNotFoundError: The service does not list the backend any more.
            QoroInputError: The system has no QPU any more.
            QoroAPIError: The service answered with an error.
            QoroConnectionError: There was no answer.
            WireError: The answer breaks the protocol.
        """
        system = self._fetch_system()
        if system is None:
            raise QiskitBackendNotFoundError(
                f"{self._service.description} does not list {self.name!r} any more"
            )
        self._target = _build_target(system)
        self._coupling_map = None  # Qiskit's copy of the one in the target
        self._system = system

    def _fetch_system(self) -> SimulatorCluster | QPUSystem | None:
        """Fetch the current description of this backend, or ``None`` if the service does not list it."""
        listed: Sequence[SimulatorCluster | QPUSystem] = (
            self._service.fetch_simulator_clusters()
            if self.is_simulator
            else self._service.fetch_qpu_systems()
        )
        return next((system for system in listed if system.name == self.name), None)

    def set_options(self, **fields: Any) -> None:
        """Set options for all later runs; :meth:`run` lists them. ``None`` restores a default.

        Raises:
            QoroInputError: An option is unknown or its value is invalid.
        """
        self._options.update_options(**fields)

    def run(self, run_input: QuantumCircuit | Sequence[QuantumCircuit], **options: Any) -> QoroJob:
        """Submit circuits as one job and return without waiting for it.

        All arguments are checked before anything is sent::

            >>> from qiskit import QuantumCircuit
            >>> from qiskit_qoro import QoroProvider
            >>> backend = QoroProvider.local().get_backend("qoro_maestro")
            >>> circuit = QuantumCircuit(2)
            >>> _ = circuit.x(0)
            >>> circuit.measure_all()
            >>> backend.run(circuit, shots=100).result().get_counts()
            {'01': 100}

        Transpile circuits with other gates first, with ``transpile(circuit, backend)``.

        Args:
            run_input: A circuit or several circuits, transpiled for this backend and without free parameters.
            **options: Options for this run, which override ``options`` of the backend. ``None`` counts as not
                given.

                * ``shots``: the number of shots of each circuit, or a sequence with one number for each;
                * ``memory``: whether the results list every shot;
                * ``tag``: a name for the job. ``job_tags``, a list of names, is joined to one tag;
                * ``seed_simulator``: an integer that makes the counts repeatable, for simulators only;
                * ``execution_config``: an :class:`ExecutionConfig`, a :class:`MaestroConfig` with options of
                  the simulator, or a :class:`DeviceConfig` with options of a QPU;
                * ``use_circuit_packing``: whether a QPU may run several circuits at once.

                Other packages also pass ``meas_level=2``, ``meas_return="single"``, ``init_qubits=True``,
                ``use_measure_esp=False``, an empty ``parameter_binds`` and ``rep_delay=None``. These are
                accepted and have no effect.

        Warns:
            UserWarning: A circuit measures nothing. It is run nevertheless.

        Raises:
            QoroInputError: A circuit or an option is invalid. Nothing was sent.
            BudgetExceededError: A budget has no room for the job. Nothing was sent.
            QoroAPIError: The service refused the job.
            QoroConnectionError: The service did not answer.
        """
        programs, structure, job_config, execution_config = self._prepare_run(run_input, options)
        return submit_run(
            self,
            self._service,
            programs,
            structure,
            job_config=job_config,
            execution_config=execution_config,
        )

    def plan(self, run_input: QuantumCircuit | Sequence[QuantumCircuit], **options: Any) -> RunPlan:
        """Show what :meth:`run` with the same arguments would submit, and what it would cost; send nothing.

        Args:
            run_input: As for :meth:`run`.
            **options: As for :meth:`run`.

        Raises:
            QoroInputError: A circuit or an option is invalid.
        """
        programs, structure, job_config, execution_config = self._prepare_run(run_input, options)
        return plan_run(
            self._service, programs, structure, job_config=job_config, execution_config=execution_config
        )

    def _prepare_run(
        self, run_input: QuantumCircuit | Sequence[QuantumCircuit], options: Mapping[str, Any]
    ) -> tuple[list[Program], RunStructure, JobConfig, AnyConfig | None]:
        """Check a run, and return its programs, their structure, and the configurations of its job."""
        circuits = _check_circuits(run_input)
        settings = self.resolve_options(options)
        shots = shots_by_circuit(settings["shots"], len(circuits))
        style = self._program_style(settings["execution_config"], circuits)
        programs = [self._program(index, circuit, style) for index, circuit in enumerate(circuits)]
        problems = {
            f"circuit {index} ({quoted_name(circuit.name)})": problem
            for index, (circuit, program) in enumerate(zip(circuits, programs, strict=True))
            if (problem := describe_unmeasured(program.text)) is not None
        }
        warn_unmeasured(problems, stacklevel=3)  # the line that called run() or plan()
        structure = RunStructure(
            experiments=[
                Experiment(
                    name=circuit.name,
                    layout=layout_of_circuit(circuit, program),
                    shots=shots[index],
                    # A copy, because the caller may change the circuit before reading the results.
                    metadata=dict(circuit.metadata or {}),
                )
                for index, (circuit, program) in enumerate(zip(circuits, programs, strict=True))
            ],
            backend_name=self.name,
            tag=settings["tag"],
            memory=settings["memory"],
        )
        job_config = self.job_config(tag=settings["tag"], use_circuit_packing=settings["use_circuit_packing"])
        return programs, structure, job_config, settings["execution_config"]

    def statevector(
        self, circuit: QuantumCircuit, *, execution_config: AnyConfig | None = None, tag: str | None = None
    ) -> Statevector:
        """Compute the state vector that a circuit prepares, including its global phase.

        This method and the five that follow are an extension of the local service. They submit a job and wait
        for it. Final measurements are ignored. Ctrl-C cancels the job.

        Args:
            circuit: A circuit with bound parameters, without resets, mid-circuit measurements and control
                flow, and with at most 21 qubits.
            execution_config: Options of the engine, as for :meth:`run`. By default the engine computes a
                state vector if it fits into memory, and a matrix product state otherwise.
            tag: A name for the job.

        Returns:
            The state of all qubits of the circuit, as Qiskit's ``Statevector(circuit)``.

        Raises:
            QoroInputError: The circuit has no state vector or is too wide, or the service does not compute
                states.
            JobFailedError: The computation failed. The message says why.
            ExecutionCancelledError: Ctrl-C was pressed. The message has the job's identifier.
        """
        return self._states(execution_config, tag).statevector(circuit)

    def probabilities(
        self,
        circuit: QuantumCircuit,
        qubits: Sequence[int] | None = None,
        *,
        execution_config: AnyConfig | None = None,
        tag: str | None = None,
    ) -> Floats:
        """Compute the probabilities of the basis states.

        Args:
            circuit: A circuit as for :meth:`statevector`. It may be wider if there are ``qubits``.
            qubits: The qubits whose probabilities are returned, at most 21; at most 10 if the circuit has
                gates on more than 21 qubits. ``None`` means all.
            execution_config: As for :meth:`statevector`.
            tag: A name for the job.

        Returns:
            One probability for each basis state, as ``Statevector(circuit).probabilities(qubits)`` of Qiskit.
            The first of ``qubits`` is the least significant bit of the index.

        Raises:
            QoroInputError: As for :meth:`statevector`.
            JobFailedError: As for :meth:`statevector`.
            ExecutionCancelledError: As for :meth:`statevector`.
        """
        return self._states(execution_config, tag).probabilities(circuit, qubits)

    def amplitude(
        self,
        circuit: QuantumCircuit,
        bitstring: str,
        *,
        execution_config: AnyConfig | None = None,
        tag: str | None = None,
    ) -> complex:
        """Compute the amplitude of a basis state, including the global phase of the circuit.

        Args:
            circuit: A circuit as for :meth:`statevector`, but of any width.
            bitstring: One character for each qubit, qubit 0 rightmost.
            execution_config: As for :meth:`statevector`.
            tag: A name for the job.

        Raises:
            QoroInputError: As for :meth:`statevector`, or ``bitstring`` is invalid.
            JobFailedError: As for :meth:`statevector`.
            ExecutionCancelledError: As for :meth:`statevector`.
        """
        return complex(self._states(execution_config, tag).amplitudes(circuit, [bitstring])[0])

    def fidelity(
        self,
        a: QuantumCircuit | Sequence[QuantumCircuit],
        b: QuantumCircuit | Sequence[QuantumCircuit] | None = None,
        *,
        execution_config: AnyConfig | None = None,
        tag: str | None = None,
    ) -> float | Floats:
        """Compute the fidelity of the states of two circuits, or of all pairs of two lists in one job.

        Args:
            a: A circuit as for :meth:`statevector`, but of any width, or a list of circuits.
            b: The same. ``None`` compares the circuits of the list ``a`` with each other.
            execution_config: As for :meth:`statevector`.
            tag: A name for the job.

        Returns:
            The squared absolute value of the inner product of the states. For a list, an array with its
            length; for two lists, a matrix with a row for each circuit of ``a`` and a column for each of
            ``b``.

        Raises:
            QoroInputError: As for :meth:`statevector`, or the circuits differ in their number of qubits.
            JobFailedError: As for :meth:`statevector`.
            ExecutionCancelledError: As for :meth:`statevector`.
        """
        return self._states(execution_config, tag).fidelity(a, b)

    def mirror_fidelity(
        self, circuit: QuantumCircuit, *, execution_config: AnyConfig | None = None, tag: str | None = None
    ) -> float:
        """Compute the probability to be back in the initial state after a circuit and its inverse.

        Without truncation this is 1. With a truncated matrix product state it shows how much the truncation
        changes the state.

        Args:
            circuit: A circuit as for :meth:`statevector`, but of any width.
            execution_config: As for :meth:`statevector`, for example with a ``bond_dimension``.
            tag: A name for the job.

        Raises:
            QoroInputError: As for :meth:`statevector`.
            JobFailedError: As for :meth:`statevector`.
            ExecutionCancelledError: As for :meth:`statevector`.
        """
        return self._states(execution_config, tag).mirror_fidelity(circuit)

    def evolve(
        self,
        block: QuantumCircuit,
        observables: Any,
        repetitions: int,
        *,
        initial: QuantumCircuit | None = None,
        execution_config: AnyConfig | None = None,
        tag: str | None = None,
    ) -> Floats:
        """Evaluate observables after 0, 1, 2, ... repetitions of a block, for example a Trotter step.

        The engine keeps the state and applies the block once for each repetition, so that the cost is
        proportional to ``repetitions``. The methods ``PauliPropagator`` and ``TensorNetwork`` keep no state
        and start from the beginning each time.

        Args:
            block: A circuit as for :meth:`statevector`, but of any width.
            observables: An observable, or a list of observables: Pauli strings in Qiskit's order, ``Pauli``,
                ``SparsePauliOp`` or ``SparseObservable``, with one letter for each qubit of the block.
            repetitions: How often the block is applied, 0 or more.
            initial: Prepares the initial state. By default all qubits are 0.
            execution_config: As for :meth:`statevector`. The methods ``PauliPropagator`` and
                ``TensorNetwork`` can be chosen too.
            tag: A name for the job.

        Returns:
            The expectation values, with a row for each number of repetitions from 0 on and a column for each
            observable. For a single observable, an array with ``repetitions + 1`` values.

        Raises:
            QoroInputError: As for :meth:`statevector`, or an observable is invalid.
            JobFailedError: As for :meth:`statevector`.
            ExecutionCancelledError: As for :meth:`statevector`.
        """
        return self._states(execution_config, tag).evolve(block, observables, repetitions, initial)

    def _states(self, execution_config: AnyConfig | None, tag: str | None) -> StateJobs:
        settings = self.resolve_options({"execution_config": execution_config, "tag": tag})
        return StateJobs(self._service, self.job_config(tag=settings["tag"]), settings["execution_config"])

    def resolve_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return a value for every option of :meth:`run`, for a run or for a primitive.

        Args:
            options: The options of the run or of the primitive. The other options have the values that
                :meth:`set_options` set, or else their defaults.

        Returns:
            Option to value. ``execution_config`` includes ``seed_simulator``.

        Raises:
            QoroInputError: An option is invalid, cannot be combined with the others, or is not supported by
                this kind of backend.
        """
        settings = merge_options(options, dict(self.options.items()))
        settings["execution_config"] = self._execution_config(settings)
        return settings

    def check_execution_config(self, config: AnyConfig | None) -> None:
        """Refuse a configuration that is for another kind of backend.

        Raises:
            QoroInputError: It is a :class:`MaestroConfig` and this is a QPU system, or it is a
                :class:`DeviceConfig` and this is a simulator.
        """
        if isinstance(config, MaestroConfig) and not self.is_simulator:
            raise QoroInputError(f"a MaestroConfig is for simulators, but {self.name!r} is a QPU system")
        if isinstance(config, DeviceConfig) and self.is_simulator:
            raise QoroInputError(f"a DeviceConfig is for QPU systems, but {self.name!r} is a simulator")

    def job_config(
        self, *, shots: int | None = None, tag: str = "default", use_circuit_packing: bool = False
    ) -> JobConfig:
        """Return the settings of a job on this backend, for the methods of :attr:`service` that submit jobs.

        Args:
            shots: Shots of each circuit, or ``None`` if they are specified elsewhere.
            tag: A name for the job.
            use_circuit_packing: Whether a QPU may run several circuits at once.
        """
        return JobConfig(
            shots=shots,
            simulator_cluster=self._system if isinstance(self._system, SimulatorCluster) else None,
            qpu_system=self._system if isinstance(self._system, QPUSystem) else None,
            use_circuit_packing=use_circuit_packing,
            tag=tag,
        )

    def program_style(self, options: Mapping[str, Any], circuits: Sequence[QuantumCircuit]) -> ProgramStyle:
        """Return what the programs of a job keep of its circuits.

        If the service simulates noise that depends on the qubit, programs keep the numbers of their qubits
        and their delays. This may ask the service once for its extensions.

        Args:
            options: The options of the primitive.
            circuits: The circuits of the job.

        Raises:
            QoroInputError: An option is invalid, see :meth:`resolve_options`.
        """
        return self._program_style(self.resolve_options(options)["execution_config"], circuits)

    def _program_style(self, config: AnyConfig | None, circuits: Sequence[QuantumCircuit]) -> ProgramStyle:
        config = merge_configs(self._service.execution_config, config)
        qubits_matter = delays_matter = _properties(self._system) is not None
        if isinstance(config, MaestroConfig) and config.noise_model:
            qubits_matter = True
            delays_matter = DELAYS_EXTENSION in self._service.extensions()
        elif isinstance(config, ExecutionConfig) and config.noisy_device is not None:
            # Other services may not expect circuits that are as wide as the device.
            qubits_matter = delays_matter = DELAYS_EXTENSION in self._service.extensions()
        # A circuit that is wider than the backend can only run without its idle qubits.
        fits = all(circuit.num_qubits <= self.num_qubits for circuit in circuits)
        return ProgramStyle(
            drop_idle_qubits=not (qubits_matter and fits), keep_delays=delays_matter, dt_s=self.dt
        )

    def _program(self, index: int, circuit: QuantumCircuit, style: ProgramStyle) -> Program:
        try:
            # A transpiled circuit may be as wide as the backend. Only the qubits that it uses count.
            program = self._programs.write_program(circuit, style=style)
        except QoroInputError as error:
            raise QoroInputError(f"circuit {index} ({quoted_name(circuit.name)}): {error}") from error
        num_busy = program.num_qubits - program.num_idle_qubits
        if num_busy > self.num_qubits:
            # The writer adds a qubit if the conditions of a circuit need one.
            has_extra_qubit = program.num_qubits > max(len(program.qubits), 1)
            note = ", one of them for its conditions" if has_extra_qubit else ""
            raise QoroInputError(
                f"circuit {index} ({quoted_name(circuit.name)}) uses {num_busy} qubits{note}, "
                f"but {self.name!r} has {self.num_qubits}"
            )
        return program

    def _execution_config(self, settings: Mapping[str, Any]) -> AnyConfig | None:
        config: AnyConfig | None = settings["execution_config"]
        seed = settings["seed_simulator"]
        self.check_execution_config(config)
        if seed is None:
            return config
        if not self.is_simulator or isinstance(config, DeviceConfig):
            raise QoroInputError(
                f"seed_simulator={seed} is not supported: {self.name!r} is not a simulator. If a QPU system "
                "accepts a seed, pass it as an option in a DeviceConfig"
            )
        if isinstance(config, MaestroConfig):
            return replace(config, seed=seed)
        # The service accepts a seed in a MaestroConfig only, and that replaces the configuration of the
        # client: the two have to be merged here.
        default = self._service.execution_config
        try:
            if isinstance(default, MaestroConfig):
                given = MaestroConfig.from_execution_config(config, seed=seed)
                return default.override(**given.options_set())
            if not isinstance(default, ExecutionConfig):
                default = ExecutionConfig()
            merged = default.override(config or ExecutionConfig())
            return MaestroConfig.from_execution_config(merged, seed=seed)
        except QoroInputError as error:
            error.introduce(f"seed_simulator={seed}")
            raise


def _properties(system: SimulatorCluster | QPUSystem) -> DeviceProperties | None:
    """Return the properties of a system's QPU, if the service reports them."""
    qpu = None if isinstance(system, SimulatorCluster) else system.widest_qpu
    return None if qpu is None else qpu.properties


def _build_target(system: SimulatorCluster | QPUSystem) -> Target:
    if isinstance(system, SimulatorCluster):
        return build_simulator_target(system)
    return build_qpu_target(system)


def _is_called_by_map_plots(frame: FrameType | None) -> bool:
    """Whether a function with this frame was called by one of Qiskit's plots of maps."""
    caller = frame.f_back if frame is not None else None
    return caller is not None and caller.f_globals.get("__name__") == "qiskit.visualization.gate_map"


def _check_circuits(run_input: object) -> list[QuantumCircuit]:
    circuits = [run_input] if isinstance(run_input, QuantumCircuit) else run_input
    if not isinstance(circuits, Sequence) or isinstance(circuits, str):
        raise QoroInputError(
            f"expected a QuantumCircuit or a list of them, got {type(run_input).__name__}: submit OpenQASM 2 "
            "text with service.submit_circuits()"
        )
    if not circuits:
        raise QoroInputError("expected at least one circuit, got an empty list")
    for index, circuit in enumerate(circuits):
        if not isinstance(circuit, QuantumCircuit):
            raise QoroInputError(f"circuit {index}: expected a QuantumCircuit, got {type(circuit).__name__}")
    return list(circuits)
