"""The values that the pages show. Sources create them, handlers put them into templates.

All texts are as the service or the journal has them. The templates escape them.
"""

from qiskit_qoro.pages.views.cluster import ClusterView, MachineView
from qiskit_qoro.pages.views.jobs import (
    Action,
    Event,
    JobFilter,
    JobRow,
    JobsPage,
    JobView,
)
from qiskit_qoro.pages.views.results import (
    CharacterizationView,
    CircuitRow,
    CircuitsPage,
    CircuitView,
    Counts,
    Failure,
    Gradients,
    Outcome,
    StateValues,
    Values,
)
from qiskit_qoro.pages.views.service import (
    CreditsView,
    SourceFacts,
    TargetView,
    WorkersView,
    WorkerView,
)

__all__ = [
    "Action",
    "CharacterizationView",
    "CircuitRow",
    "CircuitView",
    "CircuitsPage",
    "ClusterView",
    "Counts",
    "CreditsView",
    "Event",
    "Failure",
    "Gradients",
    "JobFilter",
    "JobRow",
    "JobView",
    "JobsPage",
    "MachineView",
    "Outcome",
    "SourceFacts",
    "StateValues",
    "TargetView",
    "Values",
    "WorkerView",
    "WorkersView",
]
