"""Exact values and gradients of a circuit, by adjoint differentiation of its state vector.

Start with :mod:`~qiskit_qoro.local.engine.adjoint.circuit`.
"""
