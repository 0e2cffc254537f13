"""The request of an analysis: its values, and how they are read from JSON."""
