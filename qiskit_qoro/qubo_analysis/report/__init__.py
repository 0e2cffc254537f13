"""The report of an analysis: its values, their forms as JSON and as HTML, and the recommendations.

Start with :mod:`~qiskit_qoro.qubo_analysis.report.report_values`.
"""
