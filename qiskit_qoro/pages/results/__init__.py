"""Results of jobs as the pages show them: the conversion from the wire, charts, and drawings of circuits."""
