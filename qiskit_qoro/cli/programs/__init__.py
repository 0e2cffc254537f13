"""The programs of a command: read from files, run or planned, and shown.

Start with :mod:`~qiskit_qoro.cli.programs.executing`, which goes the whole way. ``reading`` reads the files,
``execution_options`` makes a configuration of the options, ``runs`` and ``estimates`` know what is submitted
for counts and for expectation values, and ``plans`` shows it without submitting it.
"""
