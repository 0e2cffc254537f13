"""State vectors, probabilities, amplitudes, fidelities and time evolution, for jobs of the type ``STATE``.

:func:`~qiskit_qoro.local.engine.states.quantities.compute_states` is the entry.
"""
