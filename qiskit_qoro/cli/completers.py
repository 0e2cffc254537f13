"""Completion of arguments in a shell: files, latest jobs, saved accounts, and options of the engine.

``shtab`` writes the completion scripts. For each argument of the parser it reads the attribute ``complete``,
which maps each shell to the code that completes the argument there.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import shtab

from qiskit_qoro.cli.programs.noise_option import NOISE_RATES
from qiskit_qoro.models.maestro import ENGINE_OPTIONS

__all__ = [
    "PREAMBLES",
    "offer_accounts",
    "offer_engine_options",
    "offer_files",
    "offer_job_ids",
    "offer_noise",
]

_OPTIONS = " ".join(f"{name}=" for name in sorted(ENGINE_OPTIONS))
_RATES = " ".join(f"{name}=" for name in NOISE_RATES)

# argparse lets the argument that selects the command take all remaining words. shtab concludes that each of
# these words may be a command, unless the variable is unset.
_BASH = f"""
unset _shtab_qiskit_qoro_pos_0_nargs
# $1: the word to complete
_qiskit_qoro_job_ids() {{
    compgen -W "$(qiskit-qoro completion ids 2>/dev/null)" -- "$1"
}}
_qiskit_qoro_accounts() {{
    compgen -W "$(qiskit-qoro completion accounts 2>/dev/null)" -- "$1"
}}
_qiskit_qoro_engine_options() {{
    compgen -W "{_OPTIONS}" -- "$1"
}}
_qiskit_qoro_noise() {{
    compgen -W "{_RATES}" -- "$1"
    compgen -f -- "$1"
}}
"""

_ZSH = f"""
_qiskit_qoro_job_ids() {{
    local -a ids
    ids=(${{(f)"$(qiskit-qoro completion ids 2>/dev/null)"}})
    compadd "$@" -a ids
}}
_qiskit_qoro_accounts() {{
    local -a accounts
    accounts=(${{(f)"$(qiskit-qoro completion accounts 2>/dev/null)"}})
    compadd "$@" -a accounts
}}
_qiskit_qoro_engine_options() {{
    compadd "$@" -S "" {_OPTIONS}
}}
_qiskit_qoro_noise() {{
    compadd "$@" -S "" {_RATES}
    _files
}}
"""

PREAMBLES: Mapping[str, str] = {"bash": _BASH, "zsh": _ZSH}
"""Shell to the functions that its script needs. The script of fish needs none."""

_JOB_IDS: Mapping[str, str] = {
    "bash": "_qiskit_qoro_job_ids",
    "zsh": "_qiskit_qoro_job_ids",
    "fish": "(qiskit-qoro completion ids 2>/dev/null)",
}

_ACCOUNTS: Mapping[str, str] = {
    "bash": "_qiskit_qoro_accounts",
    "zsh": "_qiskit_qoro_accounts",
    "fish": "(qiskit-qoro completion accounts 2>/dev/null)",
}

_ENGINE_OPTIONS: Mapping[str, str] = {
    "bash": "_qiskit_qoro_engine_options",
    "zsh": "_qiskit_qoro_engine_options",
    "fish": _OPTIONS,
}

_NOISE: Mapping[str, str] = {
    "bash": "_qiskit_qoro_noise",
    "zsh": "_qiskit_qoro_noise",
    "fish": f"{_RATES} (__fish_complete_path (commandline -ct))",
}


def offer_accounts(argument: argparse.Action) -> None:
    """Complete an argument with the names of the saved accounts."""
    _complete_with(argument, _ACCOUNTS)


def offer_engine_options(argument: argparse.Action) -> None:
    """Complete an argument with the names of the engine's options, each followed by an equals sign."""
    _complete_with(argument, _ENGINE_OPTIONS)


def offer_files(argument: argparse.Action) -> None:
    """Complete an argument with file names."""
    _complete_with(argument, shtab.FILE)


def offer_job_ids(argument: argparse.Action) -> None:
    """Complete an argument with the identifiers of the latest jobs.

    The shell runs ``qiskit-qoro completion ids`` for each completion, so that new jobs are included.
    """
    _complete_with(argument, _JOB_IDS)


def offer_noise(argument: argparse.Action) -> None:
    """Complete an argument with the names of noise rates, each followed by an equals sign, and with files."""
    _complete_with(argument, _NOISE)


def _complete_with(argument: argparse.Action, code: object) -> None:
    # shtab reads this attribute, which argparse does not declare.
    argument.complete = code  # type: ignore[attr-defined]
