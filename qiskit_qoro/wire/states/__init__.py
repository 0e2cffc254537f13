"""The JSON of jobs of the type ``STATE``, which the local service offers.

:mod:`qiskit_qoro.wire.states.requests` says what is computed, :mod:`qiskit_qoro.wire.states.arrays` has the
results.
"""
