"""The jobs that run on a cluster, without Dask.

- ``fleet`` describes the workers, and what they can run;
- ``dispatcher`` grants free places on them to the runs, in turn, and only where the circuits fit;
- ``events`` has what a run hears of the dispatcher and of the link;
- ``cluster_run`` runs the tasks of one job: it sends batches of about one second and passes results on;
- ``backlog`` has the tasks that no worker has, and divides them into batches;
- ``blame`` decides what happens to the tasks of a lost worker;
- ``loss_memory`` remembers these while a job waits for workers.
"""
