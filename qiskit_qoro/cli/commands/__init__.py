"""The commands of ``qiskit-qoro``, one module for each. ``cli.program`` lists them."""
