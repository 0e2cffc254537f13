"""Build the engine's circuits, compile them, and sample compiled programs.

Start with :mod:`qiskit_qoro.local.engine.compiled.sampling`.
"""
