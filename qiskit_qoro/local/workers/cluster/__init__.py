"""Run the circuits of a service on the machines of a Dask cluster.

Dask places the work, and carries it over encrypted connections. It does not isolate it: a native crash ends a
Dask worker, and a native loop blocks it for ever. So each Dask worker holds a
:class:`~qiskit_qoro.local.workers.pool.WorkerPool` of its own, whose processes run the circuits, and which
blames a crash, a time-out or a lack of memory on the right circuit.

On the side of the service:

- ``pool`` is the :class:`~qiskit_qoro.local.workers.pool_interface.Pool` that the runner uses;
- ``runs`` is a package without Dask: it grants free places on workers to jobs, sends batches of about one
  second, and decides what happens to the batches of a lost worker;
- ``worker_link`` says what the pool needs of the connection, without Dask;
- ``link`` keeps the connection to the scheduler, and reports workers that come and go. The package
  ``connection`` is what it does as long as one connection lasts;
- ``addresses`` reads where the cluster is. ``remote_scheduler`` is one that somebody else runs. The package
  ``started`` contains clusters that the service starts itself: on this machine, or in a queueing system;
- ``opening`` builds the pool from these parts.

On the side of a worker:

- ``agent`` holds the pool and runs the batches that arrive;
- ``programs`` has what the commands ``qiskit-qoro worker`` and ``qiskit-qoro scheduler`` run.

Both sides share ``messages``, ``batch_codec`` and ``versions``. They also share ``security``, which encrypts
and authenticates the connections, ``tls_failures``, which says why this fails, and ``certificate_folder``,
which finds the certificates for this. The package ``certificates`` makes these.
"""
