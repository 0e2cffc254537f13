"""Postprocessing for the sampler: build the bit array of each register from counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from qiskit.primitives import BitArray, DataBin, SamplerPubResult

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.jobs import CircuitResult, ResultDetails
from qiskit_qoro.primitives.postprocess.bit_arrays import build_bit_arrays
from qiskit_qoro.primitives.postprocess.postprocessor import (
    Postprocessor,
    PubPostprocessor,
    method_metadata,
    pack_integers,
    result_of,
    shape_from_json,
    unpack_integers,
)
from qiskit_qoro.wire.fields import as_count
from qiskit_qoro.wire.json_values import json_metadata

__all__ = ["SamplerPostprocessor", "SamplerPubPostprocessor"]


@dataclass(frozen=True, eq=False)
class SamplerPubPostprocessor(PubPostprocessor):
    """Turns counts into the result of one PUB.

    Attributes:
        shape: The shape of the PUB.
        shots: Shots of each element.
        registers: The name of each classical register, and for each of its bits, lowest first, the position
            of the bit in the bitstrings; 0 is the rightmost character.
        num_clbits: The length of the bitstrings.
        circuits: The index of each element's circuit in the submission, in C order. Empty if nothing is
            measured; all bits are then 0.
        metadata: The circuit's metadata.
    """

    shape: tuple[int, ...]
    shots: int
    registers: tuple[tuple[str, tuple[int, ...]], ...]
    num_clbits: int
    circuits: Sequence[int]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def needs(self, circuit: int) -> bool:
        """Whether the PUB needs the circuit with this index in the submission."""
        return circuit in self.circuits

    def build(
        self, results: Mapping[int, CircuitResult], details: Mapping[int, ResultDetails]
    ) -> SamplerPubResult:
        """Build the result of the PUB, see :meth:`PubPostprocessor.build`."""
        if self.circuits or not self.registers:
            counts = [result_of(results, circuit) for circuit in self.circuits]
            arrays = build_bit_arrays(
                counts,
                self.shape,
                self.shots,
                self.registers,
                num_clbits=self.num_clbits,
                # The first circuit differs between the PUBs of a job, so their shots are independent.
                seed=next(iter(self.circuits), 0),
            )
        else:
            arrays = {name: self._zeros(len(bits)) for name, bits in self.registers}
        return SamplerPubResult(
            DataBin(**arrays, shape=self.shape),
            metadata={
                "shots": self.shots,
                "circuit_metadata": dict(self.metadata),
                **method_metadata(self.circuits, details),
            },
        )

    def _zeros(self, num_bits: int) -> BitArray:
        return BitArray(np.zeros((*self.shape, self.shots, -(-num_bits // 8)), np.uint8), num_bits)

    def to_document(self, *, metadata: bool) -> dict[str, Any]:
        """Return the postprocessor as a JSON value, with or without the circuit's metadata."""
        document: dict[str, Any] = {
            "s": list(self.shape),
            "n": self.shots,
            "r": [[name, pack_integers(bits)] for name, bits in self.registers],
            "w": self.num_clbits,
            "c": pack_integers(self.circuits),
        }
        if metadata and (kept := json_metadata(self.metadata)):
            document["m"] = kept
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SamplerPubPostprocessor:
        """Rebuild a postprocessor from the value that :meth:`to_document` returned."""
        circuits = unpack_integers(document["c"])
        num_clbits = as_count(document["w"], "w", least=0)
        registers = tuple((str(name), tuple(unpack_integers(bits))) for name, bits in document["r"])
        if any(not 0 <= bit < num_clbits for _, bits in registers for bit in bits):
            raise WireError(f"r: expected positions of {num_clbits} bits, got others")
        return cls(
            # Without a circuit nothing is measured.
            shape=shape_from_json(document["s"], len(circuits) or None),
            shots=as_count(document["n"], "n", least=0),
            registers=registers,
            num_clbits=num_clbits,
            circuits=circuits,
            metadata=dict(document.get("m", {})),
        )


class SamplerPostprocessor(Postprocessor):
    """Turns counts into the results of a sampler's PUBs."""

    kind = "s"
    pub_type = SamplerPubPostprocessor
