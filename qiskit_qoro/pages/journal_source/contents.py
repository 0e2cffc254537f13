"""What is known of the circuits of a service job: names, registers, shots, programs.

The journal keeps the programs of recent jobs, and their labels describe the circuits. Without the programs,
the labels come from the results. A description is mostly in the first few of them. If it needs too many, the
circuits are named by their index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qiskit_qoro.errors import QoroError, WireError
from qiskit_qoro.history import Journal, JournalEntry, read_submissions
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.job_document import RUN_KIND, structure_from_json
from qiskit_qoro.jobs.sent_programs import SentProgram, decode_programs
from qiskit_qoro.models.gradients import WeightedStrings
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.states import StateRequest
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.pages.results.outcomes import CircuitContext
from qiskit_qoro.pages.results.sampler_circuits import sampler_circuits
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.submission import Submission
from qiskit_qoro.wire.fields import parse_json
from qiskit_qoro.wire.labels import LABEL_LIMIT, decode_labels, index_of_label
from qiskit_qoro.wire.payloads import job_request_from_json
from qiskit_qoro.wire.text import DEFAULT_LIMIT_BYTES
from qiskit_qoro.wire.uploads import is_template_body, template_batch_from_json

__all__ = ["MAX_LABELS", "JobContents", "read_contents", "size_of_circuits"]

MAX_LABELS = 1000
"""So many labels of results are read at most to find out what describes the circuits."""

_PAGE = 100


@dataclass(frozen=True)
class JobContents:
    """The circuits of a service job.

    Attributes:
        kind: What submitted the job.
        programs: The programs in order; empty if they are not known.
        experiments: The circuits as ``backend.run()`` or a sampler submitted them, in order; empty if they
            are not known.
        observables: The observables of a gradient job.
        state: What a ``STATE`` job computes.
        config: The configuration that was sent with the job, or ``None`` for none or if unknown.
        note: A sentence about what is not known; empty for nothing.
    """

    kind: JobKind
    programs: Sequence[SentProgram] = ()
    experiments: Sequence[Experiment] = ()
    observables: Sequence[WeightedStrings] = ()
    state: StateRequest | None = None
    config: AnyConfig | None = None
    note: str = ""
    _positions: dict[str, int] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._positions.update((program.label, index) for index, program in enumerate(self.programs))

    @property
    def size(self) -> int:
        """How much memory it takes for a cache, where the outcome of a circuit takes 1."""
        return size_of_circuits(max(len(self.programs), len(self.experiments)))

    def position_of(self, label: str, first_index: int) -> int | None:
        """Return the position of the circuit with a label, or ``None`` if the label does not tell it.

        Args:
            label: The label.
            first_index: The index in the label of the first circuit of this service job.
        """
        if label in self._positions:
            return self._positions[label]
        index = index_of_label(label)
        return None if index is None else index - first_index

    def name_of(self, position: int, first_index: int) -> str:
        """Return the name of a circuit; its index in the job if the name is not known."""
        if position < len(self.experiments):
            return self.experiments[position].name
        if position < len(self.programs):
            return self.programs[position].name
        return str(first_index + position)

    def shots_of(self, position: int) -> int | None:
        """Return the shots of a circuit, or ``None`` if it takes none or they are unknown."""
        if position < len(self.programs):
            return self.programs[position].shots
        return self.experiments[position].shots if position < len(self.experiments) else None

    @property
    def shots(self) -> int | None:
        """The shots of all circuits together, or ``None`` if there are none or they are unknown."""
        shots = [program.shots for program in self.programs] or [item.shots for item in self.experiments]
        return sum(number or 0 for number in shots) or None

    def context_of(self, position: int) -> CircuitContext:
        """Return what the result of a circuit does not contain."""
        program = self.programs[position] if position < len(self.programs) else None
        return CircuitContext(
            self.experiments[position] if position < len(self.experiments) else None,
            self.kind,
            () if program is None else tuple(program.parameters),
            self.observables,
            self.state,
        )


def size_of_circuits(number: int) -> int:
    """Return how much memory circuits without outcomes take for a cache.

    An outcome takes 1. The largest jobs have to fit into the cache. Otherwise their page would read all of
    their circuits each time.

    Args:
        number: The number of circuits.
    """
    return 1 + number // 20


def read_contents(
    journal: Journal, entry: JournalEntry, service: Callable[[], QoroService] | None
) -> JobContents:
    """Find out what is known of the circuits of a service job.

    Args:
        journal: The journal.
        entry: The entry of the service job.
        service: Returns the client of the service. ``None`` if there is none, or no result of every circuit.

    Raises:
        QoroError: The journal cannot be read, or the service did not answer as expected.
    """
    try:
        (submission,) = read_submissions(journal, [str(entry.job_id)])
        return _of_submission(submission, entry)
    except QoroError as error:
        if entry.job_id is None:
            return JobContents(entry.kind)
        note = f"{error}."
    if entry.kind is not JobKind.RUN or service is None:
        return JobContents(entry.kind, note=note)
    experiments = _read_experiments(service(), entry)
    if not experiments:
        note += " The names and the registers of the circuits are not known either; they are shown by index."
    return JobContents(entry.kind, experiments=experiments, note=note)


def _of_submission(submission: Submission, entry: JournalEntry) -> JobContents:
    programs = decode_programs(submission)
    labels = [program.label for program in programs]
    experiments: Sequence[Experiment] = ()
    if entry.kind is JobKind.RUN:
        experiments = _experiments(labels, len(labels))
    elif entry.kind is JobKind.SAMPLER:
        experiments = tuple(sampler_circuits(labels).values())
    request = job_request_from_json(parse_json(submission.request))
    note = "" if experiments or entry.kind is not JobKind.RUN else _NO_NAMES
    return JobContents(
        entry.kind,
        programs,
        experiments,
        _observables(submission) if entry.kind is JobKind.GRADIENT else (),
        request.state,
        request.execution_config,
        note,
    )


_NO_NAMES = "The names and the registers of the circuits did not fit into the job; they are shown by index."


def _experiments(labels: Sequence[str], num_circuits: int) -> Sequence[Experiment]:
    """Decode the circuits in labels. None, if the labels do not describe them."""
    try:
        found = decode_labels(labels)
        if found is None or found.kind != RUN_KIND or found.document is None:
            return ()
        return structure_from_json(found.document, num_circuits).experiments
    except WireError:
        return ()


def _read_experiments(service: QoroService, entry: JournalEntry) -> Sequence[Experiment]:
    """Read the first labels of the results until they contain the whole description of the circuits."""
    labels: list[str] = []
    while len(labels) < min(entry.num_circuits, MAX_LABELS):
        page, _ = service.fetch_results_page(str(entry.job_id), limit=_PAGE, offset=len(labels))
        labels += page.results
        # Labels are filled up one after the other, so the description ends at the first shorter one.
        if not page.results or any(len(label) < LABEL_LIMIT for label in page.results):
            break
    return _experiments(labels, entry.num_circuits)


def _observables(submission: Submission) -> Sequence[WeightedStrings]:
    """The observables of a gradient job. All uploads have the same ones."""
    body = parse_json(submission.uploads[0])
    if not is_template_body(body):
        return ()
    batch = template_batch_from_json(body, circuit_limit_bytes=DEFAULT_LIMIT_BYTES)
    return [
        WeightedStrings(tuple(strings), tuple(weights))
        for strings, weights in zip(batch.observables or (), batch.weights or (), strict=True)
    ]
