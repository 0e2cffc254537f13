"""What ``qiskit-qoro doctor`` examines: one module for each topic.

Each module has functions that return :class:`~.findings.Finding` objects. They contain no secrets: neither
tokens nor the passwords of proxies. No function raises an error because of what it finds.
"""
