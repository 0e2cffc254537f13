"""Jobs: their status, how to wait for them, and how their results become Qiskit results.

Start with :mod:`~qiskit_qoro.jobs.job`, which has ``QoroJob``, and its base class in
:mod:`~qiskit_qoro.jobs.service_job`.
"""
