"""The public names of ``qiskit_qoro``, imported from the modules that define them."""

from qiskit_qoro._version import __version__
from qiskit_qoro.accounts import SavedAccount
from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.errors import (
    AuthenticationError,
    BudgetExceededError,
    ConflictError,
    ExecutionCancelledError,
    InsufficientCreditsError,
    JobCancelledError,
    JobFailedError,
    JobTimeoutError,
    MaxRetriesReachedError,
    NotFoundError,
    QoroAPIError,
    QoroConnectionError,
    QoroError,
    QoroInputError,
    QoroJobError,
    QoroTimeoutError,
    QubitLimitError,
    RateLimitError,
    WireError,
)
from qiskit_qoro.history import JobEntry, JobList
from qiskit_qoro.jobs.as_completed import as_completed
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.jobs.sent_programs import SentProgram
from qiskit_qoro.models.config import ExecutionConfig, JobConfig, SimulationMethod, Simulator
from qiskit_qoro.models.costs import Cost, Prices
from qiskit_qoro.models.jobs import ExecutionResult, JobStatus, JobType
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.models.systems import QPU, BackendStatus, QPUSystem, SimulatorCluster
from qiskit_qoro.models.templates import TemplateEntry
from qiskit_qoro.models.vendors import DeviceConfig
from qiskit_qoro.pages.opening.pages_link import PagesLink
from qiskit_qoro.primitives import (
    EstimatorOptions,
    QoroEstimator,
    QoroEstimatorGradient,
    QoroPrimitiveJob,
    QoroSampler,
    SamplerOptions,
)
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.qasm.virtual_gates import merge_virtual_gates
from qiskit_qoro.qubo.characterization import CharacterizationResult, characterize
from qiskit_qoro.service import CircuitRunner, QoroService, SupportsCircuitTemplates
from qiskit_qoro.service.budgets.budget import Budget
from qiskit_qoro.states.fidelity import QoroFidelity

__all__ = [
    "QPU",
    "AuthenticationError",
    "BackendStatus",
    "Budget",
    "BudgetExceededError",
    "CharacterizationResult",
    "CircuitRunner",
    "ConflictError",
    "Cost",
    "DeviceConfig",
    "EstimatorOptions",
    "ExecutionCancelledError",
    "ExecutionConfig",
    "ExecutionResult",
    "InsufficientCreditsError",
    "JobCancelledError",
    "JobConfig",
    "JobEntry",
    "JobFailedError",
    "JobList",
    "JobStatus",
    "JobTimeoutError",
    "JobType",
    "MaestroConfig",
    "MaxRetriesReachedError",
    "NoiseModel",
    "NotFoundError",
    "PagesLink",
    "Prices",
    "QPUSystem",
    "QoroAPIError",
    "QoroBackend",
    "QoroConnectionError",
    "QoroError",
    "QoroEstimator",
    "QoroEstimatorGradient",
    "QoroFidelity",
    "QoroInputError",
    "QoroJob",
    "QoroJobError",
    "QoroPrimitiveJob",
    "QoroProvider",
    "QoroSampler",
    "QoroService",
    "QoroTimeoutError",
    "QubitLimitError",
    "RateLimitError",
    "SamplerOptions",
    "SavedAccount",
    "SentProgram",
    "SimulationMethod",
    "Simulator",
    "SimulatorCluster",
    "SupportsCircuitTemplates",
    "TemplateEntry",
    "WireError",
    "__version__",
    "as_completed",
    "characterize",
    "merge_virtual_gates",
]
