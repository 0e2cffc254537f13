"""The JSON document in the labels of a ``backend.run()`` job: circuit names, registers, metadata.

:mod:`qiskit_qoro.wire.labels` explains how labels store a document. This is the document of kind ``r``. It is
an object with short keys; keys without a value are left out:

::

    {"n": number of circuits,
     "l": [layout, ...]                            each different layout once:
                                                   [bits, pieces] or [bits, pieces, sources]
     "r": [[circuits, layout, shots], ...]         runs of circuits with the same layout and shots
     "c": [name, ...],  "x": [metadata, ...]       one entry for each circuit
     "b": backend,  "t": tag,  "m": 1}             m: the results list every shot

    pieces  = [name, size, name, size, ...]        as in creg_sizes
    sources = [start, length, start, length, ...]  runs of ascending classical bits; left out if the bits of
                                                   the result are the classical bits

Strategy: equal values are written once, and the labels compress the rest. If the document does not fit into
the labels, it is shortened: first the metadata are left out, then the names, then the backend and the tag.
The reader checks everything, because labels come from the service. A document that contradicts itself raises
a :class:`WireError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.jobs.experiment_results import Experiment
from qiskit_qoro.jobs.registers import RegisterLayout
from qiskit_qoro.printable import quoted_name
from qiskit_qoro.wire.fields import as_count, as_list, as_object, shown, text_field
from qiskit_qoro.wire.json_values import encodable_text, json_metadata
from qiskit_qoro.wire.labels import encode_labels, index_of_label

__all__ = [
    "MAX_BITS",
    "RUN_KIND",
    "RunStructure",
    "label_circuits",
    "name_circuits",
    "structure_from_json",
    "structure_to_json",
]

RUN_KIND = "r"
"""The kind of structure in the labels of ``backend.run()``."""

MAX_BITS = 2**23
"""Limit for the bits of all layouts in a document. A forged document must not exhaust the memory."""

_QUOTED = re.compile(r"(\bcircuit )?'([^'\s]+)'")
# A label that a service has truncated still has this many characters.
_SHORTEST_TRUNCATED_LABEL = 24


@dataclass(frozen=True)
class RunStructure:
    """The structure of a submission. It is needed to build results, but the service does not store it.

    Attributes:
        experiments: The circuits, in order.
        backend_name: The name of the backend, or ``None`` if unknown.
        tag: The job's tag, or ``None`` if unknown.
        memory: Whether the results list every shot.
    """

    experiments: Sequence[Experiment]
    backend_name: str | None = None
    tag: str | None = None
    memory: bool = False

    def completed_by(self, other: RunStructure) -> RunStructure:
        """Return this structure, with backend and tag of another one if they are unknown here."""
        return replace(
            self,
            backend_name=self.backend_name if self.backend_name is not None else other.backend_name,
            tag=self.tag if self.tag is not None else other.tag,
        )


def label_circuits(structure: RunStructure) -> list[str]:
    """Return a label for each circuit; together the labels contain as much of the structure as fits."""
    return encode_labels(RUN_KIND, _documents(structure), len(structure.experiments))


def name_circuits(text: str, experiments: Mapping[str, Experiment]) -> str:
    """Replace each label that a message quotes by the index and the name of the circuit.

    A quoted number may be anything. It is treated as a label only after the word "circuit".

    Args:
        text: A message of the service, or of this package about an answer of the service.
        experiments: The circuits, by label. A label of ours that is not among them becomes an index.
    """
    if "'" not in text:
        return text

    @cache
    def by_index() -> Mapping[int | None, Experiment]:
        return {index_of_label(label): experiment for label, experiment in experiments.items()}

    def experiment_of(label: str, index: int) -> Experiment | None:
        # Many failures of a job with many circuits may be named, so not all labels are read for each.
        return experiments.get(label) or by_index().get(index)

    def is_label(text: str) -> bool:
        is_number = text.replace(".", "", 1).isdecimal()
        return not is_number and (text in experiments or len(text) >= _SHORTEST_TRUNCATED_LABEL)

    def rename(quoted: re.Match[str]) -> str:
        follows_circuit, label = quoted.groups()
        index = index_of_label(label)
        if index is None or not (follows_circuit or is_label(label)):
            return quoted[0]
        return f"circuit {index}{_name_in_brackets(experiment_of(label, index), index)}"

    return _QUOTED.sub(rename, text)


def _name_in_brackets(experiment: Experiment | None, index: int) -> str:
    return "" if experiment is None or experiment.name == str(index) else f" ({quoted_name(experiment.name)})"


def _documents(structure: RunStructure) -> Iterator[dict[str, Any]]:
    """Yield the documents of a structure, from the most complete to the shortest."""
    document = structure_to_json(structure)
    yield document
    for left_out in ("x", "c", "bt"):  # metadata, names, backend and tag
        document = {key: value for key, value in document.items() if key not in left_out}
        yield document


def structure_to_json(structure: RunStructure) -> dict[str, Any]:
    """Return the document of a structure, without metadata entries that JSON cannot represent."""
    experiments = structure.experiments
    layouts = list(dict.fromkeys(experiment.layout for experiment in experiments))
    layout_index = {layout: index for index, layout in enumerate(layouts)}
    runs = groupby((layout_index[experiment.layout], experiment.shots) for experiment in experiments)
    document: dict[str, Any] = {
        "n": len(experiments),
        "l": [_layout_to_json(layout) for layout in layouts],
        "r": [[sum(1 for _ in run), layout, shots] for (layout, shots), run in runs],
        "c": [encodable_text(experiment.name) for experiment in experiments],
    }
    metadata = [json_metadata(experiment.metadata) for experiment in experiments]
    if any(metadata):
        document["x"] = metadata
    if structure.backend_name is not None:
        document["b"] = encodable_text(structure.backend_name)
    if structure.tag is not None:
        document["t"] = encodable_text(structure.tag)
    if structure.memory:
        document["m"] = 1
    return document


def structure_from_json(document: object, num_circuits: int) -> RunStructure:
    """Read the structure in a document. Unknown keys, which a newer release may add, are ignored.

    Args:
        document: The document, as :func:`json.loads` returns it.
        num_circuits: The number of circuits in the submission.

    Raises:
        WireError: A field is missing or malformed, or contradicts another one.
    """
    fields = as_object(document, "structure")
    number = as_count(fields.get("n"), "n", least=0)
    if number != num_circuits:
        raise WireError(f"n: expected a structure of {num_circuits} circuits, got one of {number}")
    layouts: list[RegisterLayout] = []
    bits_left = MAX_BITS
    for layout in as_list(fields.get("l"), "l"):
        layouts.append(_layout_from_json(layout, bits_left))
        bits_left -= max(layouts[-1].num_clbits, len(layouts[-1].sources))
    runs = [_run_from_json(run, len(layouts)) for run in as_list(fields.get("r"), "r")]
    if sum(count for count, _, _ in runs) != number:
        raise WireError(f"r: expected runs of {number} circuits, got {shown(fields['r'])}")
    names = _list_per_circuit(fields, "c", number) or [str(index) for index in range(number)]
    metadata = _list_per_circuit(fields, "x", number) or [{}] * number
    shapes = [(layouts[layout], shots) for count, layout, shots in runs for _ in range(count)]
    return RunStructure(
        experiments=tuple(
            Experiment(_text(name, "c"), layout, shots, as_object(data, "x"))
            for name, data, (layout, shots) in zip(names, metadata, shapes, strict=True)
        ),
        backend_name=text_field(fields, "b", default=None),
        tag=text_field(fields, "t", default=None),
        memory=fields.get("m") == 1,
    )


def _list_per_circuit(fields: Mapping[str, Any], key: str, number: int) -> Sequence[Any] | None:
    """Read a list with one entry for each circuit, or return ``None`` if it was left out."""
    if key not in fields:
        return None
    values = as_list(fields[key], key)
    if len(values) != number:
        raise WireError(f"{key}: expected {number} entries, got {len(values)}")
    return values


def _run_from_json(value: object, num_layouts: int) -> tuple[int, int, int]:
    run = as_list(value, "r")
    if len(run) != 3:
        raise WireError(f"r: expected [circuits, layout, shots], got {shown(value)}")
    count, layout, shots = (
        as_count(number, "r", least=least) for number, least in zip(run, (1, 0, 0), strict=True)
    )
    if layout >= num_layouts:
        raise WireError(f"r: expected a layout below {num_layouts}, got {layout}")
    return count, layout, shots


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise WireError(f"{where}: expected text, got {shown(value)}")
    return value


# --- layouts ------------------------------------------------------------------------------------------


def _layout_to_json(layout: RegisterLayout) -> list[Any]:
    pieces = [item for name, size in layout.creg_sizes for item in (encodable_text(name), size)]
    sources = layout.sources
    if sources == tuple(range(layout.num_clbits)):
        return [layout.num_clbits, pieces]
    # A run begins at each bit that does not follow its predecessor. Without sources there is no run at all.
    starts = [at for at, bit in enumerate(sources) if at == 0 or bit != sources[at - 1] + 1]
    ends = [*starts[1:], len(sources)][: len(starts)]
    runs = [item for start, end in zip(starts, ends, strict=True) for item in (sources[start], end - start)]
    return [layout.num_clbits, pieces, runs]


def _layout_from_json(value: object, bits_left: int) -> RegisterLayout:
    parts = as_list(value, "l")
    if not 2 <= len(parts) <= 3:
        raise WireError(f"l: expected [bits, pieces] or [bits, pieces, sources], got {shown(value)}")
    num_clbits = as_count(parts[0], "l", least=0)
    pieces = [(_text(name, "l"), as_count(size, "l", least=0)) for name, size in _pairs(parts[1])]
    runs = _pairs(parts[2]) if len(parts) == 3 else [(0, num_clbits)]
    spans = [(as_count(start, "l", least=0), as_count(length, "l", least=0)) for start, length in runs]
    num_bits = sum(length for _, length in spans)
    if max(num_clbits, num_bits) > bits_left:
        raise WireError(f"l: expected layouts of at most {MAX_BITS} bits in total, got more")
    if any(start + length > num_clbits for start, length in spans):
        raise WireError(f"l: expected sources among {num_clbits} bits, got {shown(runs)}")
    if pieces and sum(size for _, size in pieces) != num_bits:
        raise WireError(f"l: expected pieces of {num_bits} bits in total, got {shown(pieces)}")
    sources = tuple(bit for start, length in spans for bit in range(start, start + length))
    return RegisterLayout(tuple(pieces), sources, num_clbits)


def _pairs(value: object) -> list[tuple[Any, Any]]:
    items = as_list(value, "l")
    if len(items) % 2:
        raise WireError(f"l: expected an even number of entries, got {len(items)}")
    return list(zip(items[::2], items[1::2], strict=True))
