"""Options that the commands for the programs of a cluster share."""

from __future__ import annotations

import argparse
from pathlib import Path

from qiskit_qoro.cli.completers import offer_files
from qiskit_qoro.local.workers.cluster.certificate_folder import CERTIFICATES_VARIABLE

__all__ = ["add_certificates", "check_port"]

_MAX_PORT = 65535


def add_certificates(parser: argparse.ArgumentParser) -> None:
    """Add the option for the folder with the certificates of the cluster."""
    offer_files(
        parser.add_argument(
            "--certificates",
            type=Path,
            metavar="DIR",
            help="the folder with the certificates of the cluster, which the command certificates makes "
            f"(default: the variable {CERTIFICATES_VARIABLE})",
        )
    )


def check_port(text: str) -> int:
    """Parse a port, or 0 for a free one."""
    if not (text.isascii() and text.isdigit() and int(text) <= _MAX_PORT):
        raise argparse.ArgumentTypeError(f"expected a port from 0 to {_MAX_PORT}, got {text!r}")
    return int(text)
