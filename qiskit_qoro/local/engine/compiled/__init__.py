"""Sample programs that the engine has compiled.

Start with :mod:`qiskit_qoro.local.engine.compiled.sampling`.
"""
