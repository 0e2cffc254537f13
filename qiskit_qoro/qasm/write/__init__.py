"""Writing circuits as OpenQASM 2.

Start with :mod:`~qiskit_qoro.qasm.write.writer`. Templates begin in
:mod:`~qiskit_qoro.qasm.write.template_writer`, and conditions in
:mod:`~qiskit_qoro.qasm.write.control_flow`.
"""
