"""Templates of users: what is sent to the service for the text of a template.

The text is sent as it is if the engine can run its rows. Otherwise it is written again, like a program
(:mod:`qiskit_qoro.qasm.user_programs`): each angle with names is replaced by a number that occurs nowhere
else, the program is written, and the angles are put back. This is done twice, with different numbers. If both
texts are equal apart from these numbers, no gate definition computes with them.
"""

from __future__ import annotations

import random
import re

from qiskit import QuantumCircuit

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.template_names import replace_names
from qiskit_qoro.qasm.read.parser import parse_program
from qiskit_qoro.qasm.read.source import clean, sendable
from qiskit_qoro.qasm.read.template_parser import TemplateText, parameter_angles
from qiskit_qoro.qasm.user_programs import engine_refuses
from qiskit_qoro.qasm.write.writer import write_program

__all__ = ["sendable_template"]

_MARKER_SEED = 20  # any seed works
_SCALES = (1.0, -1e-7)  # of the markers in both texts


def sendable_template(template: TemplateText, circuit: QuantumCircuit) -> TemplateText:
    """Return the template that is sent for a template of a user.

    Args:
        template: The template, with all definitions that it needs. Its names are angles only.
        circuit: Its circuit, with any values of the angles.

    Raises:
        QoroInputError: The engine refuses the template, and it cannot be written again because a gate
            definition computes with one of its parameters.
    """
    code = clean(template.hidden)
    if engine_refuses(circuit, code):
        return _rewrite(template, code)
    if sendable(template.hidden) == template.hidden:
        return template
    # Cleaning keeps all positions, so the names can be put back before the header is completed.
    kept = [each for each in template.occurrences if code[each.start] != " "]
    return TemplateText.of(sendable(replace_names(code, kept, template.names)), template.names)


def _rewrite(template: TemplateText, code: str) -> TemplateText:
    angles = list(parameter_angles(code, template.occurrences))
    rng = random.Random(_MARKER_SEED)
    # The names of the user might occur in the text that is written, so they get others.
    names = [f"qoro_p{index}" for index in range(len(template.names))]
    spelled = []
    for start, end, inside in angles:
        shifted = [each._replace(start=each.start - start, end=each.end - start) for each in inside]
        spelled.append(replace_names(code[start:end], shifted, names).strip())
    written = []
    for scale in _SCALES:
        markers = [repr(scale * (1 + rng.random())) for _ in angles]
        pieces: list[str] = []
        position = 0
        for (start, end, _), marker in zip(angles, markers, strict=True):
            pieces += (code[position:start], marker)
            position = end
        circuit = parse_program("".join((*pieces, code[position:])))
        text = write_program(circuit, keep_clbit_order=True).text
        angle_of = dict(zip(markers, spelled, strict=True))
        written.append(re.sub(r"(?<=[(,])[^(),;]+(?=[),])", lambda m: angle_of.get(m[0], m[0]), text))  # noqa: B023
    if written[0] != written[1]:
        raise QoroInputError(
            "the conditions of the template have to be written again for the engine, but a gate definition "
            "computes with one of its parameters: use the operations of the gate instead of its definition, "
            "or submit bound circuits"
        )
    return TemplateText.of(written[0], names)
