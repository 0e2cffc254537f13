"""Which service a command asks: the options for it, and the provider that they mean."""

from __future__ import annotations

import argparse

from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.service.credentials import URL_VARIABLE, is_token_set

__all__ = ["add_common", "choose_provider"]


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that all commands to a service have."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--cloud", action="store_true", help=f"use the service of {URL_VARIABLE} or the cloud")
    where.add_argument("--local", action="store_true", help="use the local service, started for this command")
    parser.add_argument("--json", action="store_true", help="print JSON")


def choose_provider(options: argparse.Namespace) -> QoroProvider:
    """The provider that the options and the environment ask for; settles ``options.local`` on the way."""
    options.local = options.local or not (options.cloud or is_token_set())
    return QoroProvider.local() if options.local else QoroProvider()
