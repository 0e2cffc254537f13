"""Completion of arguments in a shell: file names, and the identifiers of the latest jobs.

``shtab`` writes the completion scripts. For each argument of the parser it reads the attribute ``complete``,
which maps each shell to the code that completes the argument there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import shtab

__all__ = ["PREAMBLES", "offer_files", "offer_job_ids"]

# argparse lets the argument that selects the command take all remaining words. shtab concludes that each of
# these words may be a command, unless the variable is unset.
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
"""Shell to the functions that its script needs. The script of fish needs none."""

_JOB_IDS: Mapping[str, str] = {
    "bash": "_qiskit_qoro_job_ids",
    "zsh": "_qiskit_qoro_job_ids",
    "fish": "(qiskit-qoro completion ids 2>/dev/null)",
}


def offer_files(argument: argparse.Action) -> None:
    """Complete an argument with file names."""
    _complete_with(argument, shtab.FILE)


def offer_job_ids(argument: argparse.Action) -> None:
    """Complete an argument with the identifiers of the latest jobs.

    The shell runs ``qiskit-qoro completion ids`` for each completion, so that new jobs are included.
    """
    _complete_with(argument, _JOB_IDS)


def _complete_with(argument: argparse.Action, code: object) -> None:
    # shtab reads this attribute, which argparse does not declare.
    argument.complete = code  # type: ignore[attr-defined]
