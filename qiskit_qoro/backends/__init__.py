"""``QoroBackend``: its run options, its transpiler ``Target``, and the submission of a run.

Start with :mod:`~qiskit_qoro.backends.backend`.
"""
