"""The parser of the arguments: short errors with a hint, and help that fits 80 columns."""

from __future__ import annotations

import argparse
import difflib
import shutil
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import NoReturn, TypeVar

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.output import say
from qiskit_qoro.errors import QoroInputError

__all__ = ["PROGRAM", "CommandParser", "ProgramParser", "argument_type", "parse", "positive_integer"]

PROGRAM = "qiskit-qoro"

_T = TypeVar("_T")

_EXIT_USAGE = 2
# What argparse calls a wrong value of a type, in other words.
_EXPECTED = {"int": "a whole number", "float": "a number"}
_MAX_WIDTH = 80
_INDENT = 24  # where the explanations of options begin


class _Formatter(argparse.HelpFormatter):
    """Formats the help for a terminal of any width, but not wider than 80 columns."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_INDENT, width=_help_width())

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrap(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(_wrap(text, width, indent, indent))


def _help_width() -> int:
    return min(shutil.get_terminal_size().columns, _MAX_WIDTH)


def _wrap(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """Break a text between words only, because a command that is broken at a hyphen cannot be copied."""
    return textwrap.wrap(
        " ".join(text.split()),
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


class CommandParser(argparse.ArgumentParser):
    """The parser of a command. An error is one line, followed by a line that says where to find help."""

    def error(self, message: str) -> NoReturn:
        """Print an error and end the program."""
        for type_name, expected in _EXPECTED.items():
            message = message.replace(f"invalid {type_name} value: ", f"expected {expected}, got ")
        say(f"{PROGRAM}: error: {message}")
        say(f"try '{self.prog} --help'")
        self.exit(_EXIT_USAGE)

    def option_names(self) -> list[str]:
        """Return the names of all options."""
        return [name for action in self._get_optional_actions() for name in action.option_strings]

    def summarize_usage(self) -> None:
        """Replace the list of all options in the usage by a word. The help lists the options anyway."""
        self._positionals.title = "arguments"
        words = [_usage(action) for action in self._get_positional_actions()]
        self.usage = " ".join(("%(prog)s", "[OPTIONS]", *words))


def _usage(action: argparse.Action) -> str:
    name = action.metavar or action.dest.upper()
    return {"?": f"[{name}]", "+": f"{name}...", "*": f"[{name}...]"}.get(str(action.nargs), str(name))


class ProgramParser(CommandParser):
    """The parser of the program. Its help lists the commands in groups.

    Args:
        description: What the program does.
        groups: Title of a group to its commands.
    """

    def __init__(self, description: str, groups: Mapping[str, Iterable[Command]]) -> None:
        super().__init__(
            prog=PROGRAM,
            description=description,
            usage=f"{PROGRAM} COMMAND [OPTIONS]",
            formatter_class=_Formatter,
        )
        self._groups = {title: tuple(commands) for title, commands in groups.items()}
        subparsers = self.add_subparsers(
            title="commands", required=True, metavar="COMMAND", parser_class=CommandParser, prog=PROGRAM
        )
        self.commands: dict[str, CommandParser] = {}
        for command in (command for commands in self._groups.values() for command in commands):
            parser = subparsers.add_parser(
                command.name,
                help=command.help,
                description=command.description,
                formatter_class=_Formatter,
            )
            command.add_arguments(parser)
            parser.summarize_usage()
            # The parsed options contain the function of the selected command.
            parser.set_defaults(execute=command.execute)
            self.commands[command.name] = parser

    def format_help(self) -> str:
        """Return the help of the program."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, (), ())
        formatter.add_text(self.description)
        groups = {
            title: [(command.name, command.help) for command in commands]
            for title, commands in self._groups.items()
        }
        groups["options"] = [("--version", "show the version"), ("--help", "show this help")]
        texts = [self._format_group(title, rows) for title, rows in groups.items()]
        example = f"'{PROGRAM} {next(iter(self.commands))} --help' explains a command."
        last = "\n".join(_wrap(example, _help_width()))
        return "\n".join((formatter.format_help(), *texts, f"{last}\n"))

    def _format_group(self, title: str, rows: Iterable[tuple[str, str]]) -> str:
        """Return a heading, and below it names and their explanations in two columns."""
        left = max(map(len, self.commands)) + 4
        lines = [
            line
            for name, text in rows
            for line in _wrap(text, _help_width(), f"  {name}".ljust(left), " " * left)
        ]
        return "\n".join((f"{title}:", *lines, ""))


def parse(parser: ProgramParser, words: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments of the program.

    An unknown command or option is refused first, with a suggestion. Otherwise the parser would complain
    about something that is missing, and it does not know what was meant.

    Args:
        parser: The parser of the program.
        words: The arguments after the name of the program.
    """
    place = next((place for place, word in enumerate(words) if not word.startswith("-")), None)
    if place is None:
        _check_options(parser, words)
        return parser.parse_args(words)
    name = words[place]
    command = parser.commands.get(name)
    if command is None:
        parser.error(f"there is no command {name!r}{_suggestion(name, parser.commands)}")
    for word in words[:place]:
        if word in command.option_names():
            command.error(f"option {word} belongs behind the command {name!r}")
    _check_options(parser, words[:place])
    _check_options(command, words[place + 1 :])
    options, rest = parser.parse_known_args(words)
    if rest:
        command.error(f"unexpected argument {rest[0]!r}")
    return options


def _check_options(parser: CommandParser, words: Sequence[str]) -> None:
    known = parser.option_names()
    for word in words:
        name = word.partition("=")[0]
        if word == "--":
            return
        # A word with a space is an argument, and the beginning of an option stands for the option.
        if word.startswith("--") and " " not in name and not any(option.startswith(name) for option in known):
            parser.error(f"there is no option {name}{_suggestion(name, known)}")


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def argument_type(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """Return a function that reads the value of an argument, and whose errors are usage errors.

    Args:
        read: Reads the text. It raises a :class:`QoroInputError` if the text is not valid.
    """

    @wraps(read)
    def read_argument(text: str) -> _T:
        try:
            return read(text)
        except QoroInputError as error:
            raise argparse.ArgumentTypeError(error.message) from error

    return read_argument


def positive_integer(text: str) -> int:
    """Read the value of an option that is a whole number of 1 or more."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of 1 or more, got {text!r}")
    return number
