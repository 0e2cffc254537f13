"""Planning of a submission: which circuits, Pauli strings and shots each service job gets.

Start with :mod:`~qiskit_qoro.primitives.planning.plan`, which builds the plan, and
:mod:`~qiskit_qoro.primitives.planning.job_layout`, which distributes circuits over jobs.
"""
