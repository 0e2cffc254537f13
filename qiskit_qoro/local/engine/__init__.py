"""The simulation engine: choose a method, write programs, sample counts and estimate expectation values.

Start with :mod:`~qiskit_qoro.local.engine.simulator`, the only module that imports the engine.
"""
