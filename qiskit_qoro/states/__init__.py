"""States of circuits on the local service: vectors, probabilities, amplitudes, fidelities, time evolution.

:mod:`~qiskit_qoro.states.state_jobs` has the methods of :class:`~qiskit_qoro.QoroBackend` that compute them,
:mod:`~qiskit_qoro.states.programs` writes their circuits, and :mod:`~qiskit_qoro.states.fidelity` has the
fidelity for the kernels of ``qiskit-machine-learning``.
"""
