"""The log of a service: one line for each job that has ended. Start with ``job_log``."""
