"""The database of the local service: jobs, circuits, results and credits in SQLite.

Start with :mod:`~qiskit_qoro.local.store.schema`, which has the tables, and with the two interfaces:
:mod:`~qiskit_qoro.local.store.job_store` for the calls of users, :mod:`~qiskit_qoro.local.store.job_queue`
for the runner.
"""
