"""The jobs that this machine submitted: the journal that records them, and the list that shows them.

Start with :mod:`~qiskit_qoro.history.journal` for the record, and with :mod:`~qiskit_qoro.history.listing`
for the list that ``provider.jobs()`` returns.
"""

from qiskit_qoro.history.job_list import JobEntry, JobList
from qiskit_qoro.history.journal import Journal
from qiskit_qoro.history.journal_database import JournalUnusableError
from qiskit_qoro.history.journal_entry import JournalEntry, RecordedJob
from qiskit_qoro.history.journal_pages import JournalPages, RecordedPage
from qiskit_qoro.history.journal_path import (
    JOURNAL_VARIABLE,
    PROGRAMS_VARIABLE,
    find_journal,
    find_program_limit,
)
from qiskit_qoro.history.journal_recorder import JournalRecorder
from qiskit_qoro.history.listing import (
    MAX_STATUS_POLLS,
    STATUSES,
    Selection,
    ask_statuses,
    fetch_state,
    list_jobs,
    list_recorded,
)
from qiskit_qoro.history.prefixes import complete_job_id
from qiskit_qoro.history.sent_submissions import read_submissions

__all__ = [
    "JOURNAL_VARIABLE",
    "MAX_STATUS_POLLS",
    "PROGRAMS_VARIABLE",
    "STATUSES",
    "JobEntry",
    "JobList",
    "Journal",
    "JournalEntry",
    "JournalPages",
    "JournalRecorder",
    "JournalUnusableError",
    "RecordedJob",
    "RecordedPage",
    "Selection",
    "ask_statuses",
    "complete_job_id",
    "fetch_state",
    "find_journal",
    "find_program_limit",
    "list_jobs",
    "list_recorded",
    "read_submissions",
]
