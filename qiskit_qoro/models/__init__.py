"""Frozen values: jobs, configurations, systems, templates, shot ranges. They know no JSON and do no I/O."""
