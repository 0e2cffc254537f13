"""Jobs: their status, how to wait for them, and how their results become Qiskit results."""
