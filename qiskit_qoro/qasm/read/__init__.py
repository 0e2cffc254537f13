"""Reading OpenQASM 2 as circuits.

Start with :mod:`~qiskit_qoro.qasm.read.parser`. Every text passes :mod:`~qiskit_qoro.qasm.read.guards`
first.
"""
