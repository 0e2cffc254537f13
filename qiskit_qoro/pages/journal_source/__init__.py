"""The jobs of the journal of this machine, and their results from the service that has them.

Start with :mod:`~qiskit_qoro.pages.journal_source.source`. Strategy: SQLite selects the jobs of a page, which
are shown at once with their last known status. What only the service knows comes through
:mod:`~qiskit_qoro.pages.journal_source.background`, so that no page waits for a slow service.
"""
