"""What a QUBO is like: its costs, how hard it is, and what a shallow QAOA circuit makes of it.

::

    options    a body -> a request             problem     the request as a value
               option_fields · constraint_options
    landscape  costs, lowest cost, regime      spectrum · walsh · structure · baseline
    simulation the circuit's figures           qaoa · constraints
    analysis   everything together             hardness · penalty · recommendations
    report     findings -> JSON                html        findings -> a page fragment

Nothing here knows HTTP. The same request gives the same answer: seeds are derived from the problem.
"""

from qiskit_qoro.qubo_analysis.analysis import characterize
from qiskit_qoro.qubo_analysis.problem import CharacterizationRequest
from qiskit_qoro.qubo_analysis.report.report_html import render_html
from qiskit_qoro.qubo_analysis.report.report_json import report_to_json
from qiskit_qoro.qubo_analysis.report.report_values import CharacterizationReport
from qiskit_qoro.qubo_analysis.request_json import request_from_json

__all__ = [
    "CharacterizationReport",
    "CharacterizationRequest",
    "characterize",
    "render_html",
    "report_to_json",
    "request_from_json",
]
