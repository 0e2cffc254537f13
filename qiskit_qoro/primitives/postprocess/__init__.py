"""Conversion of the results of service jobs into a ``PrimitiveResult``.

Start with :mod:`~qiskit_qoro.primitives.postprocess.postprocessor`, which has the base classes.
"""
