"""Frozen values: jobs, configurations, systems, shot allocations. No JSON, no I/O."""
