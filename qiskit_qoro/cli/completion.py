"""``qiskit-qoro completion``: a script that has a shell complete commands, options and what they take.

The scripts are written from the program's own parser, so that they know what it knows. What follows an
option, or stands for itself, is told by the argument's choices, or else by its metavar: :data:`_OFFERS`.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qiskit_qoro.cli.service_options import usual_journal

__all__ = ["DESCRIPTION", "HELP", "NAME", "add_arguments", "execute"]

NAME = "completion"
HELP = "print a script for the completion of a shell"
DESCRIPTION = (
    "Print a script for the completion of a shell; a comment in it says where it goes. ids prints the "
    "identifiers of the latest jobs, which the scripts offer."
)

_FILES, _IDS = "files", "ids"
_OFFERS = {"ID": _IDS, "PATH": _FILES, "FILE.qasm": _FILES}
_MOST_IDS = 50
_PARENTHESIS = re.compile(r";| \(")
"""Where the part of a help text begins that is too much for a shell."""


@dataclass(frozen=True)
class _Argument:
    """Something that a command takes.

    Attributes:
        flags: ``-x`` and ``--long``; empty for an argument that stands for itself.
        about: What it is for.
        takes_value: Whether something follows it.
        choices: What that may be, where it is one of a few.
        offers: What that is otherwise: files, identifiers, or ``None``.
    """

    flags: tuple[str, ...]
    about: str
    takes_value: bool
    choices: tuple[str, ...]
    offers: str | None


@dataclass(frozen=True)
class _Command:
    name: str
    about: str
    arguments: tuple[_Argument, ...]

    @property
    def flags(self) -> list[str]:
        return [flag for argument in self.arguments for flag in argument.flags]

    @property
    def with_values(self) -> list[_Argument]:
        return [argument for argument in self.arguments if argument.flags and argument.takes_value]

    @property
    def own(self) -> _Argument | None:
        """What stands for itself."""
        return next((argument for argument in self.arguments if not argument.flags), None)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("shell", choices=[*_WRITERS, _IDS], help="which shell")


def execute(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.shell == _IDS:
        journal = usual_journal()
        entries = journal.entries(limit=_MOST_IDS) if journal else []
        sys.stdout.writelines(f"{entry.job_id}\n" for entry in entries if entry.job_id)
        return
    sys.stdout.writelines(f"{line}\n" for line in _WRITERS[options.shell](_commands(options.parser)))


# --- the parser -----------------------------------------------------------------------------------------


def _commands(parser: argparse.ArgumentParser) -> list[_Command]:
    """All commands; the first one has no name, and is the program itself."""
    (commands,) = (action for action in _actions(parser) if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 - argparse has no other door
    about = {choice.dest: choice.help or "" for choice in commands._get_subactions()}  # noqa: SLF001
    names = _Argument((), "command", True, tuple(commands.choices), None)
    own = tuple(_argument(action) for action in _actions(parser) if action is not commands)
    return [
        _Command("", "", (names, *own)),
        *(
            _Command(name, about[name], tuple(_argument(action) for action in _actions(inner)))
            for name, inner in commands.choices.items()
        ),
    ]


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001


def _argument(action: argparse.Action) -> _Argument:
    formatter = argparse.HelpFormatter("qiskit-qoro")
    return _Argument(
        flags=tuple(action.option_strings),
        about=_PARENTHESIS.split(formatter._expand_help(action))[0] if action.help else "",  # noqa: SLF001
        takes_value=action.nargs != 0,
        choices=tuple(map(str, action.choices or ())),
        offers=_OFFERS.get(str(action.metavar)),
    )


# --- the shells -----------------------------------------------------------------------------------------


def _bash(commands: list[_Command]) -> Iterator[str]:
    yield '# eval "$(qiskit-qoro completion bash)" in .bashrc'
    yield "_qiskit_qoro() {"
    yield '    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"'
    yield '    local name="" words="" index'
    yield "    for ((index = 1; index < COMP_CWORD; index++)); do"
    yield '        if [[ "${COMP_WORDS[index]}" != -* ]]; then name="${COMP_WORDS[index]}"; break; fi'
    yield "    done"
    yield "    COMPREPLY=()"
    yield '    case "$name" in'
    for command in commands:
        yield f'        "{command.name}")'
        yield '            case "$before" in'
        for argument in command.with_values:
            yield f"                {'|'.join(argument.flags)}) {_bash_values(argument)}; return ;;"
        yield "            esac"
        flags = shlex.quote(" ".join(command.flags))
        yield f'            if [[ "$current" == -* ]]; then words={flags}'
        yield f"            else {_bash_values(command.own) if command.own else ':'}; fi ;;"
    yield "    esac"
    yield '    if [[ -n "$words" ]]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi'
    yield "}"
    yield "complete -F _qiskit_qoro qiskit-qoro"


def _bash_values(argument: _Argument) -> str:
    if argument.offers == _FILES:
        # A name may have spaces in it; old shells have no compopt.
        return "local IFS=$'\\n'; compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$current\"))"
    if argument.offers == _IDS:
        return 'COMPREPLY=($(compgen -W "$(qiskit-qoro completion ids 2>/dev/null)" -- "$current"))'
    if argument.choices:
        words = shlex.quote(" ".join(argument.choices))
        return f'COMPREPLY=($(compgen -W {words} -- "$current"))'
    return ":"


def _zsh(commands: list[_Command]) -> Iterator[str]:
    yield '# eval "$(qiskit-qoro completion zsh)" in .zshrc, after compinit'
    yield "_qiskit_qoro_ids() {"
    yield "    local -a ids"
    yield '    ids=(${(f)"$(qiskit-qoro completion ids 2>/dev/null)"})'
    yield "    compadd -a ids"
    yield "}"
    yield "_qiskit_qoro() {"
    yield "    local context state state_descr line"
    yield "    typeset -A opt_args"
    yield "    local -a commands"
    yield "    commands=("
    for command in commands[1:]:
        yield f"        {shlex.quote(f'{command.name}:{command.about}')}"
    yield "    )"
    program = [*map(_zsh_flag, commands[0].arguments[1:]), "'1: :->command'", "'*:: :->argument'"]
    yield f"    _arguments -C {' '.join(program)}"
    yield '    case "$state" in'
    yield "        command) _describe command commands ;;"
    yield '        argument) case "${line[1]}" in'
    for command in commands[1:]:
        flags = [_zsh_flag(argument) for argument in command.arguments if argument.flags]
        own = [shlex.quote(f"1:{command.own.about}:{_zsh_values(command.own)}")] if command.own else []
        yield f"            {command.name}) _arguments {' '.join([*flags, *own])} ;;"
    yield "        esac ;;"
    yield "    esac"
    yield "}"
    yield "compdef _qiskit_qoro qiskit-qoro"


def _zsh_flag(argument: _Argument) -> str:
    about = "".join(" " if letter in "[]:'" else letter for letter in argument.about)
    value = f":value:{_zsh_values(argument)}" if argument.takes_value else ""
    return " ".join(shlex.quote(f"{flag}[{about}]{value}") for flag in argument.flags)


def _zsh_values(argument: _Argument) -> str:
    if argument.offers == _FILES:
        return "_files"
    if argument.offers == _IDS:
        return "_qiskit_qoro_ids"
    return f"({' '.join(argument.choices)})" if argument.choices else " "


def _fish(commands: list[_Command]) -> Iterator[str]:
    names = " ".join(command.name for command in commands[1:])
    at_first = shlex.quote(f"not __fish_seen_subcommand_from {names}")
    yield "# qiskit-qoro completion fish > ~/.config/fish/completions/qiskit-qoro.fish"
    yield "complete -c qiskit-qoro -f"
    for command in commands[1:]:
        yield f"complete -c qiskit-qoro -n {at_first} -a {command.name} -d {shlex.quote(command.about)}"
    for command in commands:
        when = at_first if not command.name else shlex.quote(f"__fish_seen_subcommand_from {command.name}")
        for argument in command.arguments:
            if not argument.flags and not command.name:
                continue
            flags = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in argument.flags
            )
            about = f"-d {shlex.quote(argument.about)}" if argument.flags else ""
            parts = ["complete -c qiskit-qoro", f"-n {when}", flags, _fish_values(argument), about]
            yield " ".join(part for part in parts if part)


def _fish_values(argument: _Argument) -> str:
    needs = "-r " if argument.flags and argument.takes_value else ""
    if argument.offers == _FILES:
        return f"{needs}-F"
    if argument.offers == _IDS:
        return f"{needs}-a '(qiskit-qoro completion ids 2>/dev/null)'"
    if argument.choices:
        return f"{needs}-a {shlex.quote(' '.join(argument.choices))}"
    return needs.strip()


_WRITERS: dict[str, Callable[[list[_Command]], Iterator[str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
