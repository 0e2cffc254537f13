"""Run programs with noise: estimate costs, choose a method, run it, and find statistical errors.

:mod:`qiskit_qoro.local.engine.noise` says what the noise is. Start with
:mod:`~qiskit_qoro.local.engine.noisy.methods`.
"""
