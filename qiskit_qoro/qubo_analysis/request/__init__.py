"""The request of an analysis: its values, and how they are read from JSON.

Start with :mod:`~qiskit_qoro.qubo_analysis.request.request_values`.
"""
