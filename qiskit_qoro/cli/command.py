"""The description of a command, which the parser and the documentation use."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Command"]


@dataclass(frozen=True)
class Command:
    """A command of the program.

    Attributes:
        name: The word that selects the command.
        help: The line about the command in the help of the program.
        description: The text at the top of the command's own help.
        add_arguments: Adds the arguments of the command to its parser.
        execute: Runs the command with the parsed arguments. It raises an error if the command fails.
    """

    name: str
    help: str
    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace], None]
