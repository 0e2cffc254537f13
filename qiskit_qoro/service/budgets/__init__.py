"""Budgets: a submission that exceeds one is refused before anything is sent.

:class:`~qiskit_qoro.service.budgets.budget.Budget` counts what is spent, and
:class:`~qiskit_qoro.service.budgets.spending.Spending` holds the budgets and the prices of a client.
"""
