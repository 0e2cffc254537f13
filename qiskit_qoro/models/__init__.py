"""Frozen values: jobs, configurations, systems, templates, shot ranges.

They check their fields and do no I/O.

Start with :mod:`~qiskit_qoro.models.jobs` and :mod:`~qiskit_qoro.models.config`.
"""
