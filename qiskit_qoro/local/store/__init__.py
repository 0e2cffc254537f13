"""The database of the local service: jobs, circuits, results and credits in SQLite."""
