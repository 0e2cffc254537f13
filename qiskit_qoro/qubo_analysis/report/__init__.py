"""The report of an analysis: its values, their forms as JSON and as HTML, and the recommendations."""
