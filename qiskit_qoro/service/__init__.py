"""The client of the Qoro service."""
