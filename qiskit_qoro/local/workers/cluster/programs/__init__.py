"""The programs that a cluster consists of beside the service: a scheduler, and a worker on each machine.

Each of them runs in a process of its own, in its main thread, until it is stopped.
"""
