"""Analyse a QUBO: its costs, its hardness for classical computers, and what a shallow QAOA circuit achieves.

::

    request/            read a request from JSON: its values, its options and its constraints
    analysis            start here: compute everything that a request asks for
    classical_analysis  costs, lowest cost and regime      spectrum · spin_form · treewidth · baseline
    qaoa_figures        the figures of the circuit         qaoa
    hardness · penalty  figures and verdicts
    states              bitstrings, arrays and indices of states
    report/             the values of a report, as JSON and as HTML, and the recommendations

Nothing here depends on HTTP. The same request always gives the same report, because seeds are derived from
the problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qiskit_qoro.lazy_imports import lazy_names

if TYPE_CHECKING:
    from qiskit_qoro.qubo_analysis.analysis import characterize
    from qiskit_qoro.qubo_analysis.report.report_html import render_html
    from qiskit_qoro.qubo_analysis.report.report_json import report_to_json
    from qiskit_qoro.qubo_analysis.report.report_values import CharacterizationReport
    from qiskit_qoro.qubo_analysis.request.request_json import request_from_json
    from qiskit_qoro.qubo_analysis.request.request_values import CharacterizationRequest
else:
    # A client that shows a result needs only a part of this.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "analysis": ("characterize",),
            "report.report_html": ("render_html",),
            "report.report_json": ("report_to_json",),
            "report.report_values": ("CharacterizationReport",),
            "request.request_json": ("request_from_json",),
            "request.request_values": ("CharacterizationRequest",),
        },
    )

__all__ = [
    "CharacterizationReport",
    "CharacterizationRequest",
    "characterize",
    "render_html",
    "report_to_json",
    "request_from_json",
]
