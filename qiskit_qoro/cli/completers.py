"""What a shell offers for an argument: files, or the identifiers of the latest jobs.

``shtab`` writes the completion scripts. It reads the attribute ``complete`` of each argument of the parser,
which holds what each shell has to call.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import shtab

__all__ = ["PREAMBLES", "offer_files", "offer_job_ids"]

# argparse lets a command take all words that follow it. shtab concludes that each of them may be a command.
_BASH = """
unset _shtab_qiskit_qoro_pos_0_nargs
# $1: the word to complete
_qiskit_qoro_job_ids() {
    compgen -W "$(qiskit-qoro completion ids 2>/dev/null)" -- "$1"
}
"""

_ZSH = """
_qiskit_qoro_job_ids() {
    local -a ids
    ids=(${(f)"$(qiskit-qoro completion ids 2>/dev/null)"})
    compadd "$@" -a ids
}
"""

PREAMBLES: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH}
"""Shell to the functions that its script needs. fish calls the program without a function."""

_JOB_IDS: Mapping[str, str] = {
    "bash": "_qiskit_qoro_job_ids",
    "zsh": "_qiskit_qoro_job_ids",
    "fish": "(qiskit-qoro completion ids 2>/dev/null)",
}


def offer_files(argument: argparse.Action) -> None:
    """Have shells complete an argument with the names of files."""
    _offer(argument, shtab.FILE)


def offer_job_ids(argument: argparse.Action) -> None:
    """Have shells complete an argument with the identifiers of the latest jobs.

    The shell asks ``qiskit-qoro completion ids`` for them each time, so that they are up to date.
    """
    _offer(argument, _JOB_IDS)


def _offer(argument: argparse.Action, calls: object) -> None:
    # shtab reads this attribute, which argparse does not declare.
    argument.complete = calls  # type: ignore[attr-defined]
