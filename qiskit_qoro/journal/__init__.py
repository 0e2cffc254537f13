"""The journal: the jobs that this machine submitted, since the service has no listing of them."""

from qiskit_qoro.journal.database import JournalUnusableError
from qiskit_qoro.journal.entries import JournalEntry
from qiskit_qoro.journal.location import JOURNAL_VARIABLE, find_journal
from qiskit_qoro.journal.store import Journal

__all__ = ["JOURNAL_VARIABLE", "Journal", "JournalEntry", "JournalUnusableError", "find_journal"]
