"""Find the job object that belongs to an identifier or to a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from qiskit.providers import BackendV2
from qiskit.providers import JobStatus as QiskitStatus

from qiskit_qoro.errors import QoroAPIError, QoroInputError, WireError
from qiskit_qoro.history import Journal, JournalEntry, complete_job_id, read_submissions
from qiskit_qoro.jobs.job import QoroJob
from qiskit_qoro.jobs.job_file import read_document
from qiskit_qoro.jobs.saved_run import RUN_FORMAT, SavedRun
from qiskit_qoro.models.jobs import ID_SEPARATOR, ExecutionResult
from qiskit_qoro.models.submissions import JobKind
from qiskit_qoro.primitives.postprocess.saved_job import PRIMITIVE_FORMAT, SavedJob, unpack_postprocessor
from qiskit_qoro.primitives.primitive_job import RESULT_READERS, QoroPrimitiveJob
from qiskit_qoro.service import QoroService
from qiskit_qoro.wire.fields import shown
from qiskit_qoro.wire.labels import kind_of_label

__all__ = ["load_job", "retrieve_job"]

_PRIMITIVES = (JobKind.SAMPLER, JobKind.ESTIMATOR, JobKind.GRADIENT)


def retrieve_job(
    job_id: str,
    service: QoroService,
    journal: Journal | None,
    find_backend: Callable[[str], BackendV2],
    *,
    recorded_as: str | None = None,
) -> QoroJob | QoroPrimitiveJob:
    """Retrieve a job that was submitted earlier.

    The journal shows whether a primitive submitted the job. If the journal has no entry for the job, the
    labels of its circuits show it, once the job is completed.

    Args:
        job_id: The identifier, or a prefix that no other job in the journal has. A primitive's job with
            several service jobs has their identifiers joined by ``+``. If the journal has them, one of them
            is enough.
        service: The client of the service that has the job.
        journal: The journal of this machine, or ``None`` if there is none.
        find_backend: Returns the backend with a given name.
        recorded_as: The name of the service in the journal. A prefix is looked up among its jobs only.

    Raises:
        QoroInputError: ``job_id`` is not an identifier, or it is a prefix of several jobs or of none.
        NotFoundError: The job does not exist.
        QoroAPIError: The service answered with another error.
        QoroConnectionError: There was no answer.
    """
    job_ids = [complete_job_id(part, journal, recorded_as) for part in _split_job_id(job_id)]
    entry = journal.find(job_ids[0]) if journal else None
    if journal is not None and len(job_ids) == 1 and entry and entry.kind in _PRIMITIVES:
        job_ids = journal.joined_with(job_ids[0])
        entry = journal.find(job_ids[0])
    if len(job_ids) > 1 or (entry and entry.kind in _PRIMITIVES):
        return _retrieve_primitive_job(job_ids, service, journal, entry)
    (job_id,) = job_ids
    job = _build_job(job_id, service, journal, entry, find_backend)
    # Reading the status also checks that the job exists.
    is_done = job.status() is QiskitStatus.DONE
    if is_done and entry is None and _is_labelled_by_primitive(job_id, service):
        return QoroPrimitiveJob(service, job_ids, sent=partial(read_submissions, journal, job_ids))
    return job


def load_job(
    path: str | Path, service: QoroService, find_backend: Callable[[str], BackendV2]
) -> QoroJob | QoroPrimitiveJob:
    """Load a job that its method ``save`` wrote to a file. Nothing is sent.

    Args:
        path: The file.
        service: The client of the service that has the job.
        find_backend: Returns the backend with a given name.

    Raises:
        QoroInputError: The file does not hold a job, or holds one of a newer version.
        OSError: The file cannot be read.
    """
    try:
        document = read_document(path)
        if document.get("format") == PRIMITIVE_FORMAT:
            return QoroPrimitiveJob.from_saved(SavedJob.from_document(document), service)
        if document.get("format") != RUN_FORMAT:
            raise WireError(
                f"the format is {shown(document.get('format'))}, expected {RUN_FORMAT!r} or "
                f"{PRIMITIVE_FORMAT!r}"
            )
        return QoroJob.from_saved(
            SavedRun.from_document(document), service, readers=RESULT_READERS, find_backend=find_backend
        )
    except ValueError as error:
        raise QoroInputError(f"{path} contains no saved job: {error}") from error


def _split_job_id(job_id: object) -> list[str]:
    job_ids = job_id.split(ID_SEPARATOR) if isinstance(job_id, str) else []
    if not job_ids or not all(job_ids):
        raise QoroInputError(f"job_id is {job_id!r}, expected the identifier of a job")
    return job_ids


def _retrieve_primitive_job(
    job_ids: Sequence[str], service: QoroService, journal: Journal | None, entry: JournalEntry | None
) -> QoroPrimitiveJob:
    packed = journal.structure_of(job_ids[0]) if journal else None
    postprocessor = None if packed is None else unpack_postprocessor(packed)
    submitted = entry.time if entry else None
    job = QoroPrimitiveJob(
        service,
        job_ids,
        recipe=postprocessor,
        submitted=submitted,
        sent=partial(read_submissions, journal, job_ids),
    )
    job.status()  # raises NotFoundError if one of its service jobs does not exist
    return job


def _build_job(
    job_id: str,
    service: QoroService,
    journal: Journal | None,
    entry: JournalEntry | None,
    find_backend: Callable[[str], BackendV2],
) -> QoroJob:
    return QoroJob(
        None,
        job_id,
        service,
        tag=entry.tag if entry else None,
        backend_name=entry.backend if entry else None,
        readers=RESULT_READERS,
        find_backend=find_backend,
        submitted=entry.time if entry else None,
        sent=partial(read_submissions, journal, [job_id]),
    )


def _is_labelled_by_primitive(job_id: str, service: QoroService) -> bool:
    """Return whether the labels of a completed job show that a primitive submitted it."""
    try:
        label = service.get_first_label(ExecutionResult(job_id=job_id))
    except QoroAPIError as error:
        if error.status_code != 400:
            raise
        return False  # A characterization has no circuits.
    return label is not None and kind_of_label(label) in RESULT_READERS
