"""Worker processes, which run circuits because the engine can crash, hang or exhaust memory.

Start with :mod:`~qiskit_qoro.local.workers.pool` and :mod:`~qiskit_qoro.local.workers.pool_run` for the
parent process, and with :mod:`~qiskit_qoro.local.workers.worker_process` for the workers.
"""
