"""``qiskit-qoro characterize``: analyse a QUBO from a file."""

from __future__ import annotations

import argparse
import json
import re
from html import escape
from pathlib import Path
from typing import Any

from qiskit_qoro.cli.command import Command
from qiskit_qoro.cli.completers import offer_files, offer_job_ids
from qiskit_qoro.cli.out_files import check_writable, write_file
from qiskit_qoro.cli.output import print_json, print_table, say
from qiskit_qoro.cli.problems import read_problem
from qiskit_qoro.cli.programs.execution_options import add_tag_option
from qiskit_qoro.cli.providers import open_provider, open_provider_of_job, service_name, uses_local_service
from qiskit_qoro.cli.service_options import add_budget_option, add_service_options
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.qubo.characterization import CharacterizationResult, characterize

__all__ = ["COMMAND"]

_PRESETS = ("fast", "standard", "deep")
_HTML, _JSON = ".html", ".json"
_PYTHON_CALL = re.compile(r"characterize_and_validate\(job_id='([^']*)'\)")

# The report comes from the service. This page must neither run scripts nor load anything.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>body {{ margin: 0 }}</style>
</head>
<body>
{report}
</body>
</html>
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    offer_files(
        parser.add_argument(
            "file",
            nargs="?",
            metavar="FILE",
            help='the QUBO: .json (a matrix, terms such as {"0,1": 2, "0": -1}, or linear and quadratic), '
            ".csv, .npy or .npz (a matrix), or .lp; - for JSON from standard input",
        )
    )
    offer_job_ids(
        parser.add_argument(
            "--job",
            dest="job_id",
            metavar="ID",
            help="show an earlier characterization, which is free, instead of a new one",
        )
    )
    parser.add_argument(
        "--target-state",
        type=_states,
        action="extend",
        default=[],
        metavar="BITS",
        help="states to evaluate, such as 011,110; the leftmost bit is variable 0; may be repeated",
    )
    parser.add_argument("--preset", choices=_PRESETS, help="how much to compute (default: standard)")
    parser.add_argument(
        "--option",
        type=_option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set an option of the analysis, for example ansatz.layers=2; the value is JSON or text; may be "
        "repeated",
    )
    add_tag_option(parser, "the name of the file")
    offer_files(
        parser.add_argument(
            "--out",
            type=_out_path,
            metavar="FILE",
            help="write the report (.html) or the answer of the service (.json) to a file too",
        )
    )
    add_budget_option(parser)
    add_service_options(parser)


def _execute(options: argparse.Namespace) -> None:
    if options.out is not None:
        check_writable(options.out)
    result = _read_earlier(options) if options.job_id is not None else _characterize(options)
    if options.json:
        print_json(result.raw)
    else:
        print_table(result)
    if options.out is not None:
        _write(options.out, result)


def _characterize(options: argparse.Namespace) -> CharacterizationResult:
    if options.file is None:
        raise QoroInputError("expected a FILE with a QUBO, or --job ID for an earlier characterization")
    problem = read_problem(options.file)
    name = Path(options.file).name.encode("utf-8", "replace").decode()
    # Without a database the local service stops at the end of this command.
    is_kept = options.database is not None or not uses_local_service(options)
    with open_provider(options) as provider:
        note = "" if is_kept else "; the job is not kept without --database"
        say(f"analysing {name} on {service_name(options, provider)}{note}")
        try:
            return characterize(
                problem,
                service=provider.service,
                target_states=options.target_state or None,
                options=_analysis_options(options),
                tag=name if options.tag is None else options.tag,
            )
        except QoroError as error:
            # The advice in the message is for Python.
            error.reword(lambda text: _PYTHON_CALL.sub(r"'qiskit-qoro result \1'", text))
            raise


def _read_earlier(options: argparse.Namespace) -> CharacterizationResult:
    new = {
        "FILE": options.file,
        "--target-state": options.target_state,
        "--preset": options.preset,
        "--option": options.option,
        "--tag": options.tag,
    }
    given = [name for name, value in new.items() if value]
    if given:
        raise QoroInputError(f"--job shows an earlier characterization: leave out {given[0]}")
    with open_provider_of_job(options) as provider:
        return characterize(job_id=options.job_id, service=provider.service)


def _analysis_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the service as nested objects."""
    nested: dict[str, Any] = {"preset": options.preset} if options.preset else {}
    for path, value in options.option:
        *groups, name = path.split(".")
        group: Any = nested
        for key in groups:
            group = group.setdefault(key, {})
            if not isinstance(group, dict):
                raise QoroInputError(f"--option {path}: {key} has another value already")
        if name in group:
            raise QoroInputError(f"--option {path} is set twice")
        group[name] = value
    return nested


def _write(path: Path, result: CharacterizationResult) -> None:
    if path.suffix.lower() == _JSON:
        write_file(path, f"{json.dumps(result.raw, indent=2)}\n".encode())
        return
    if not result.html:
        raise QoroError(f"{path}: the service has no report of job {result.job_id}, expected a .json file")
    title = escape(f"Characterization {result.job_id}")
    write_file(path, _PAGE.format(title=title, report=result.html).encode())


def _out_path(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in (_HTML, _JSON):
        raise argparse.ArgumentTypeError(f"expected a file that ends with {_HTML} or {_JSON}, got {text!r}")
    return path


def _states(text: str) -> list[str]:
    states = [state.strip() for state in text.split(",")]
    if any(not state or state.strip("01") for state in states):
        raise argparse.ArgumentTypeError(f"expected states of 0 and 1, such as 011,110, got {text!r}")
    return states


def _option(text: str) -> tuple[str, Any]:
    name, separator, value = (part.strip() for part in text.partition("="))
    if not separator or not all(name.split(".")):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


COMMAND = Command(
    "characterize",
    "analyse a QUBO",
    "Analyse a QUBO before it runs as QAOA: how hard it is, how good the results of a shallow circuit are, "
    "and what to change. An analysis costs credits; to show it again is free.",
    _add_arguments,
    _execute,
)
"""The command ``characterize``."""
