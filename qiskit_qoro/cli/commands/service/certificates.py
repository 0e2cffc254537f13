"""``qiskit-qoro certificates``: make the certificates of a cluster and of the HTTPS of its service."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.completers import offer_files
from qiskit_qoro.cli.output import print_table, say
from qiskit_qoro.display.tables import Cell, Column, Table
from qiskit_qoro.local.workers.cluster.certificates.files import CLUSTER, HTTPS, Change, Made
from qiskit_qoro.user_files import shown_path

__all__ = ["COMMAND", "show"]

_COLUMNS = (
    Column("certificate"),
    Column("this time", 2),
    Column("valid until", 1),
    Column("for", 3, least=16),
)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    offer_files(
        parser.add_argument(
            "folder", metavar="DIR", type=Path, help="the folder for the files; it is created if needed"
        )
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name or address by which clients reach the service, if it is neither a name of this "
        "machine nor a loopback one; may be repeated",
    )
    parser.add_argument(
        "--renew",
        action="store_true",
        help="renew the certificates in any case, not only if they expire within a month or the hosts change",
    )


def _execute(options: argparse.Namespace) -> None:
    # The other commands need no certificates, and the library may be missing.
    from qiskit_qoro.local.workers.cluster.certificates.installation import check_installed  # noqa: PLC0415

    check_installed()
    from qiskit_qoro.local.workers.cluster.certificates.making import make_certificates  # noqa: PLC0415

    show(options.folder, make_certificates(options.folder, options.host, renew=options.renew))


def show(folder: Path, made: Sequence[Made]) -> None:
    """Print the certificates, and say what to copy where.

    Args:
        folder: The folder.
        made: The certificates.
    """
    print_table(Table(_COLUMNS, [_row(certificate) for certificate in made]))
    shown = shown_path(folder)
    if all(certificate.change is Change.KEPT for certificate in made):
        say("No certificate expires within a month, so none has been renewed. --renew renews them.")
    say(
        f"Copy {CLUSTER.authority}, {CLUSTER.certificate} and {CLUSTER.key} to a folder on each machine of "
        "the cluster: scheduler, workers and service."
    )
    say(f"For HTTPS, serve with --certificate {shown}/{HTTPS.certificate} --key {shown}/{HTTPS.key}.")
    say(f"Give {HTTPS.authority} to the users of the service, who set QORO_CA_BUNDLE to its path.")
    say(
        f"Leave {CLUSTER.authority_key} and {HTTPS.authority_key} here. No other machine needs them, and "
        "whoever has them can make further certificates."
    )


def _row(made: Made) -> tuple[Cell | str, ...]:
    end = datetime.fromtimestamp(made.ends_s, UTC)
    is_new = made.change is not Change.KEPT
    return (
        made.path.name,
        Cell(made.change, style="green" if is_new else "dim"),
        f"{end:%Y-%m-%d}",
        ", ".join(made.hosts) or "-",
    )


COMMAND = Command(
    "certificates",
    "make the certificates of a cluster and of HTTPS",
    "Make the certificates of a cluster and of the HTTPS of its service, in a folder. Or renew those that "
    "expire within a month: the authorities and all private keys stay the same, so that only the renewed "
    "certificates have to be copied. There are two authorities, because the members of a cluster accept "
    "every certificate of its authority. Users trust the other one, for HTTPS, and nothing that it issues "
    "makes anybody a member of the cluster.",
    _add_arguments,
    _execute,
)
"""The command ``certificates``."""
