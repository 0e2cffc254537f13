"""The analysis of programs, from which the simulation method is chosen.

:mod:`~qiskit_qoro.local.engine.analysis.costs` is the place to start.
"""
