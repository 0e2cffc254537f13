"""The circuits of a sampler's job: which bits of the counts belong to which classical register."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.experiment_results import Experiment, name_from_label
from qiskit_qoro.jobs.registers import RegisterLayout
from qiskit_qoro.primitives.postprocess.sampler import SamplerPostprocessor, SamplerPubPostprocessor
from qiskit_qoro.wire.labels import decode_labels, index_of_label

__all__ = ["sampler_circuits"]


def sampler_circuits(labels: Sequence[str]) -> dict[str, Experiment]:
    """Decode the circuits of a sampler's job.

    Args:
        labels: The labels of all circuits of the submission, in any order.

    Returns:
        Label to circuit, in the order of the labels. It is empty if the labels do not describe the circuits.
    """
    try:
        found = decode_labels(labels)
        if found is None or found.kind != SamplerPostprocessor.kind or found.document is None:
            return {}
        pubs = SamplerPostprocessor.from_document(found.document).pubs
    except WireError:
        return {}
    described = {
        circuit: (_layout(pub), pub.shots)
        for pub in pubs
        if isinstance(pub, SamplerPubPostprocessor)
        for circuit in pub.circuits
    }
    circuits = {label: described.get(index_of_label(label) or 0) for label in labels}
    known = {label: circuit for label, circuit in circuits.items() if circuit is not None}
    if len(known) < len(circuits):
        return {}
    return {label: Experiment(name_from_label(label), *circuit) for label, circuit in known.items()}


def _layout(pub: SamplerPubPostprocessor) -> RegisterLayout:
    return RegisterLayout(
        tuple((name, len(bits)) for name, bits in pub.registers),
        tuple(bit for _, bits in pub.registers for bit in bits),
        pub.num_clbits,
    )
