"""Postprocessors, which turn the results of circuits into the results of PUBs.

A postprocessor is built before anything is sent and holds everything that is needed to read the results. The
labels of the circuits contain it. Therefore a job that another process retrieves by its identifier uses the
same postprocessor as the submitted job, and returns the same result.

The keys of its JSON document are single letters, because labels are short. Later releases have to read these
documents too, because jobs on the service and saved files contain them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from math import prod
from typing import Any, ClassVar, Self

from qiskit.primitives import PrimitiveResult, PubResult

from qiskit_qoro.errors import JobFailedError, WireError
from qiskit_qoro.models.jobs import CircuitResult, JobStatus, ResultDetails
from qiskit_qoro.primitives.postprocess.displayed_result import DisplayedPrimitiveResult
from qiskit_qoro.wire.fields import as_count, as_list, as_object, shown

__all__ = [
    "Postprocessor",
    "PubPostprocessor",
    "method_metadata",
    "pack_integers",
    "result_of",
    "shape_from_json",
    "unpack_integers",
]


class PubPostprocessor(ABC):
    """Turns the results of circuits into the result of one PUB."""

    @abstractmethod
    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs the circuit with this index in the submission."""

    @abstractmethod
    def build(self, results: Mapping[int, CircuitResult], details: Mapping[int, ResultDetails]) -> PubResult:
        """Build the result of the PUB.

        Args:
            results: The result of each circuit, by its index in the submission.
            details: The details of results, by the same index, for the results that have any.

        Raises:
            JobFailedError: A result is missing or incomplete.
            WireError: A result is malformed.
        """

    @abstractmethod
    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """Return the postprocessor as a JSON value, with or without the circuit's metadata."""

    @classmethod
    @abstractmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Rebuild a postprocessor from the value that :meth:`to_document` returned."""


class Postprocessor(ABC):
    """Turns the results of circuits into those of a list of PUBs.

    Args:
        pubs: The postprocessor of each PUB.
        backend_name: The backend that runs the circuits.
    """

    kind: ClassVar[str]
    """One letter that identifies the kind of postprocessor in labels and files."""

    pub_type: ClassVar[type[PubPostprocessor]]
    """The class of the postprocessors of single PUBs."""

    def __init__(self, pubs: Sequence[PubPostprocessor], backend_name: str) -> None:
        self.pubs = tuple(pubs)
        self.backend_name = backend_name

    def build(
        self,
        results: Mapping[int, CircuitResult],
        details: Mapping[int, ResultDetails] | None = None,
    ) -> PrimitiveResult[PubResult]:
        """Build the result of all PUBs.

        Args:
            results: The result of each circuit, by its index in the submission.
            details: The details of results, by the same index, for the results that have any.

        Raises:
            JobFailedError: A result is missing or incomplete. The message names the PUB.
            WireError: A result is malformed. The message names the PUB.
        """
        built = []
        for index, pub in enumerate(self.pubs):
            try:
                built.append(pub.build(results, details or {}))
            except (JobFailedError, WireError) as error:
                error.introduce(f"PUB {index}")
                raise
        # Version 2 of Qiskit's primitives.
        return DisplayedPrimitiveResult(built, metadata={"version": 2})

    def pubs_of(self, circuit: int) -> list[int]:
        """Return the indices of the PUBs that need a circuit."""
        return [index for index, pub in enumerate(self.pubs) if pub.needs(circuit)]

    def documents(self) -> Iterator[dict[str, Any]]:
        """Yield the postprocessor as a JSON value, then without the circuits' metadata if it has any.

        The labels contain the first of these that fits.
        """
        full, bare = self.to_document(metadata=True), self.to_document(metadata=False)
        yield full
        if bare != full:
            yield bare

    def to_document(self, *, metadata: bool = True) -> dict[str, Any]:
        """Return the postprocessor as a JSON value, with or without the circuits' metadata."""
        pubs = [pub.to_document(metadata=metadata) for pub in self.pubs]
        return {"b": self.backend_name, "p": pubs}

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """Rebuild a postprocessor from the value that :meth:`to_document` returned.

        Raises:
            WireError: ``document`` is not such a value.
        """
        if document is None:
            raise WireError(
                "the structure of the PUBs did not fit into the labels; load the file that job.save() wrote"
            )
        try:
            fields = as_object(document, "the document")
            pubs = [cls.pub_type.from_document(as_object(pub, "p")) for pub in fields["p"]]
            return cls(pubs, str(fields["b"]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise WireError(f"the stored structure of the PUBs is damaged: {error!r}") from error


def result_of(results: Mapping[int, CircuitResult], circuit: int) -> CircuitResult:
    """Return the result of one circuit.

    Raises:
        JobFailedError: It is missing.
    """
    if circuit not in results:
        raise JobFailedError(
            f"the service returned no result for circuit {circuit}. If the submission consists of several "
            "jobs, pass all their identifiers to retrieve_job(), joined by '+'",
            status=JobStatus.COMPLETED,
        )
    return results[circuit]


def method_metadata(circuits: Iterable[int], details: Mapping[int, ResultDetails]) -> dict[str, str | int]:
    """Return which method computed the results of a PUB, and why, for the metadata of the PUB.

    Args:
        circuits: The circuits of the PUB.
        details: The details of results, by circuit.

    Returns:
        ``method`` and ``method_reason``, as far as the service reports them. If the circuits have different
        ones, all of them are listed. ``noise_realizations`` is the smallest number of realizations.
    """
    listed: dict[str, dict[str | int, None]] = {}
    # Most circuits of a sweep share one value, whose fields are then read once.
    distinct = {id(found): found for circuit in circuits if (found := details.get(circuit)) is not None}
    for found in distinct.values():
        for key, value in found.metadata.items():
            listed.setdefault(key, {})[value] = None
    return {
        key: min(values) if key == "noise_realizations" else "; ".join(map(str, values))
        for key, values in listed.items()
    }


def pack_integers(numbers: Sequence[int]) -> list[int]:
    """Return the first number, then the difference of each number from the previous one.

    Most indices increase by 1, so most differences are 1 and compress well.
    """
    return [*numbers[:1], *(after - before for before, after in pairwise(numbers))]


def unpack_integers(packed: Sequence[int]) -> list[int]:
    """Return the numbers that :func:`pack_integers` packed.

    Raises:
        WireError: They are not integers.
    """
    if not all(type(number) is int for number in packed):
        raise WireError(f"expected a list of integers, got {shown(packed)}")
    return list(accumulate(packed))


def shape_from_json(value: Any, num_elements: int | None = None) -> tuple[int, ...]:
    """Return a shape from a document.

    Args:
        value: The JSON value.
        num_elements: The number of elements that an array of the shape has, or ``None`` if it may have any.

    Raises:
        WireError: It is not a shape, or has another number of elements. Arrays of such a shape could exhaust
            the memory.
    """
    shape = tuple(as_count(length, "shape", least=0) for length in as_list(value, "shape"))
    if num_elements is not None and prod(shape) != num_elements:
        raise WireError(f"shape: expected one of {num_elements} elements, got {shown(value)}")
    return shape
