"""From counts to the registers of a sampler's PUBs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qiskit.primitives import BitArray, DataBin, SamplerPubResult

from qiskit_qoro.models.jobs import CircuitResult
from qiskit_qoro.primitives.postprocess.bit_arrays import bit_arrays
from qiskit_qoro.primitives.postprocess.postprocessor import (
    Postprocessor,
    PubPostprocessor,
    pack_integers,
    plain_metadata,
    result_of,
    unpack_integers,
)

__all__ = ["SamplerPostprocessor", "SamplerPubPostprocessor"]


@dataclass(frozen=True, eq=False)
class SamplerPubPostprocessor(PubPostprocessor):
    """How counts become the result of one PUB.

    Attributes:
        shape: The shape of the PUB.
        shots: Shots of each element.
        registers: Name of each classical register, and for each of its bits, lowest first, the bit of the
            results that holds it, 0 rightmost.
        num_clbits: How many bits the results have.
        circuits: The circuit of each element, in C order; none where nothing is measured.
        metadata: The circuit's metadata.
    """

    shape: tuple[int, ...]
    shots: int
    registers: tuple[tuple[str, tuple[int, ...]], ...]
    num_clbits: int
    circuits: Sequence[int]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs a circuit."""
        return circuit in self.circuits

    def build(self, results: Mapping[int, CircuitResult]) -> SamplerPubResult:
        """The result of the PUB, see :meth:`PubPostprocessor.build`."""
        if self.circuits or not self.registers:
            counts = [result_of(results, circuit) for circuit in self.circuits]
            arrays = bit_arrays(
                counts,
                self.shape,
                self.shots,
                self.registers,
                num_clbits=self.num_clbits,
                seed=next(iter(self.circuits), 0),
            )
        else:
            arrays = {name: self._zeros(len(bits)) for name, bits in self.registers}
        return SamplerPubResult(
            DataBin(**arrays, shape=self.shape),
            metadata={"shots": self.shots, "circuit_metadata": dict(self.metadata)},
        )

    def _zeros(self, num_bits: int) -> BitArray:
        return BitArray(np.zeros((*self.shape, self.shots, -(-num_bits // 8)), np.uint8), num_bits)

    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """The postprocessor as a JSON value."""
        document: dict[str, Any] = {
            "s": list(self.shape),
            "n": self.shots,
            "r": [[name, pack_integers(bits)] for name, bits in self.registers],
            "w": self.num_clbits,
            "c": pack_integers(self.circuits),
        }
        if metadata and (kept := plain_metadata(self.metadata)):
            document["m"] = kept
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SamplerPubPostprocessor:
        """The postprocessor that :meth:`to_document` wrote."""
        return cls(
            shape=tuple(document["s"]),
            shots=int(document["n"]),
            registers=tuple((str(name), tuple(unpack_integers(bits))) for name, bits in document["r"]),
            num_clbits=int(document["w"]),
            circuits=unpack_integers(document["c"]),
            metadata=dict(document.get("m", {})),
        )


class SamplerPostprocessor(Postprocessor):
    """How counts become the results of a sampler's PUBs."""

    kind = "s"
    pub_type = SamplerPubPostprocessor
