"""Postprocessors: they turn the results of circuits into the results of PUBs, and can travel in labels.

A postprocessor is made before anything is sent and is all that is needed afterwards. The job that was
submitted and
the job that another process fetches by its identifier use the same one, so they give the same result.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Self

from qiskit.primitives import PrimitiveResult, PubResult

from qiskit_qoro.errors import JobFailedError, WireError
from qiskit_qoro.models.jobs import CircuitResult, JobStatus

__all__ = [
    "Postprocessor",
    "PubPostprocessor",
    "pack_integers",
    "plain_metadata",
    "result_of",
    "unpack_integers",
]


class PubPostprocessor(ABC):
    """How the results of circuits become the result of one PUB."""

    @abstractmethod
    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs a circuit, by its place in the submission."""

    @abstractmethod
    def build(self, results: Mapping[int, CircuitResult]) -> PubResult:
        """The result of the PUB.

        Raises:
            JobFailedError: A result is missing or is not what was asked for.
            WireError: The results make no sense.
        """

    @abstractmethod
    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """The postprocessor as a JSON value, with or without the circuit's metadata."""

    @classmethod
    @abstractmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The postprocessor that :meth:`to_document` wrote."""


class Postprocessor(ABC):
    """How the results of circuits become those of a list of PUBs.

    Args:
        pubs: The postprocessor of each PUB.
        backend_name: Where the circuits run.
    """

    kind: ClassVar[str]
    """One letter, by which labels and files tell postprocessors apart."""

    pub_type: ClassVar[type[PubPostprocessor]]
    """What a postprocessor of one PUB is."""

    def __init__(self, pubs: Sequence[PubPostprocessor], backend_name: str) -> None:
        self.pubs = tuple(pubs)
        self.backend_name = backend_name

    def build(self, results: Mapping[int, CircuitResult]) -> PrimitiveResult[PubResult]:
        """The result of all PUBs.

        Args:
            results: The result of each circuit, by its place in the submission.

        Raises:
            JobFailedError: A result is missing or is not what was asked for; the message names the PUB.
            WireError: The results make no sense.
        """
        built = []
        for index, pub in enumerate(self.pubs):
            try:
                built.append(pub.build(results))
            except (JobFailedError, WireError) as error:
                error.introduce(f"PUB {index}")
                raise
        return PrimitiveResult(built, metadata={"version": 2})

    def pubs_of(self, circuit: int) -> list[int]:
        """The PUBs that need a circuit."""
        return [index for index, pub in enumerate(self.pubs) if pub.needs(circuit)]

    def documents(self) -> Iterator[dict[str, Any]]:
        """The postprocessor as JSON values: in full, and without the metadata of circuits."""
        full, bare = self.to_document(metadata=True), self.to_document(metadata=False)
        yield full
        if bare != full:
            yield bare

    def to_document(self, *, metadata: bool = True) -> dict[str, Any]:
        """The postprocessor as a JSON value."""
        pubs = [pub.to_document(metadata=metadata) for pub in self.pubs]
        return {"b": self.backend_name, "p": pubs}

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """The postprocessor that :meth:`to_document` wrote.

        Raises:
            WireError: It is no such document.
        """
        if document is None:
            raise WireError("the PUBs were too large for the labels, load the file that job.save() wrote")
        try:
            pubs = [cls.pub_type.from_document(pub) for pub in document["p"]]
            return cls(pubs, str(document["b"]))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise WireError(f"what is known of the PUBs is damaged: {error!r}") from error


def result_of(results: Mapping[int, CircuitResult], circuit: int) -> CircuitResult:
    """The result of one circuit.

    Raises:
        JobFailedError: There is none.
    """
    if circuit not in results:
        raise JobFailedError(
            f"the service returned no result for circuit {circuit}. Where a submission is spread over "
            "several jobs, retrieve_job() needs all their identifiers, joined by '+'",
            status=JobStatus.COMPLETED,
        )
    return results[circuit]


def plain_metadata(metadata: Mapping[Any, Any] | None) -> dict[str, Any]:
    """The part of a circuit's metadata that JSON gives back as it was."""
    kept = {}
    for key, value in (metadata or {}).items():
        try:
            if json.loads(json.dumps({key: value}, allow_nan=False)) == {key: value}:
                kept[key] = value
        except (TypeError, ValueError):
            continue
    return kept


def pack_integers(numbers: Sequence[int]) -> list[int]:
    """The first number, and the difference of each from the one before: rows that count up compress well."""
    return [*numbers[:1], *(after - before for before, after in pairwise(numbers))]


def unpack_integers(packed: Sequence[int]) -> list[int]:
    """The numbers that :func:`pack_integers` packed."""
    return list(accumulate(packed))
