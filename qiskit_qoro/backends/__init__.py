"""QoroBackend: its run options, and the Target that the transpiler reads."""
