"""The wire format of gradient jobs, an extension of the local service.

:mod:`~qiskit_qoro.wire.gradients.weights` has the weights of the observables in an upload, and
:mod:`~qiskit_qoro.wire.gradients.gradient_values` the results.
"""
