"""The simulation engine: choose a method, write programs, sample counts and estimate expectation values.

Start with :mod:`~qiskit_qoro.local.engine.simulator`. Only
:mod:`~qiskit_qoro.local.engine.engine_calls` imports the engine.
"""
