"""The report of an analysis: its values, as JSON, as HTML, and the recommendations."""
