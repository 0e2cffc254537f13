"""Clusters that a service starts itself, and that end with it.

- ``local_cluster`` runs a scheduler and workers on this machine, as processes that ``child_program`` keeps;
- ``job_queue_cluster`` lets a queueing system run the workers, as a file says that ``cluster_file`` reads.
"""
