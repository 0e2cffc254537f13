"""The QUBO characterization for users: accepted forms of a problem, and a result that can be displayed.

Start with :mod:`~qiskit_qoro.qubo.characterization`, which has ``characterize()``. The service computes the
values; :mod:`qiskit_qoro.qubo_analysis` does so for the local service.
"""
