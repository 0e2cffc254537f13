"""The defaults of all options of all commands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from qiskit_qoro.cli.program import build_parser
from qiskit_qoro.local.workers.cluster.addresses import SchedulerAddress

SERVICE = {
    "cloud": False,
    "url": None,
    "account": None,
    "local": False,
    "database": None,
    "json": False,
    "no_progress": False,
}
PROGRAM = {
    "files": ["x.qasm"],
    "backend": "qoro_maestro",
    "tag": None,
    "seed": None,
    "method": None,
    "noise": None,
    "option": [],
    **SERVICE,
}
JOB = {"plan": False, "detach": False, "out": None, "budget": None}
DEFAULTS: dict[str, dict[str, Any]] = {
    "run x.qasm": {**PROGRAM, **JOB, "shots": None, "precision": None, "observable": []},
    "estimate x.qasm --observable Z": {**PROGRAM, **JOB, "shots": None, "precision": None},
    "plan x.qasm": {
        **PROGRAM,
        "shots": None,
        "precision": None,
        "observable": [],
        "plan": True,
        "detach": False,
        "out": None,
        "budget": None,
    },
    "characterize x.json": {
        "file": "x.json",
        "job_id": None,
        "target_state": [],
        "preset": None,
        "option": [],
        "tag": None,
        "out": None,
        "budget": None,
        **SERVICE,
    },
    "jobs": {
        "backend": None,
        "tag": None,
        "status": None,
        "since": None,
        "until": None,
        "kind": None,
        "text": None,
        "limit": 50,
        "refresh": True,
        "web": False,
        "port": 0,
        "no_browser": False,
        **SERVICE,
    },
    "status ID": {"job_id": "ID", **SERVICE},
    "result ID": {"job_id": "ID", "wait": True, "timeout": None, "partial": False, "rows": 32, **SERVICE},
    "watch": {"job_ids": [], **SERVICE},
    "resubmit ID": {
        "job_id": "ID",
        "failed_only": False,
        "budget": None,
        "detach": False,
        "wait": True,
        "timeout": None,
        "partial": False,
        "rows": 32,
        **SERVICE,
    },
    "cancel ID": {"job_id": "ID", **SERVICE},
    "delete ID": {"job_id": "ID", **SERVICE},
    "credits": {"transactions": 0, **SERVICE},
    "backends": SERVICE,
    "systems": SERVICE,
    "serve": {
        "open": False,
        "pages": False,
        "no_log": False,
        "log_format": "text",
        "metrics": False,
        "metrics_token_file": None,
        "host": "127.0.0.1",
        "port": 0,
        "token": None,
        "token_file": None,
        "account": [],
        "accounts": None,
        "quota": [],
        "database": None,
        "workers": None,
        "time_limit": 300.0,
        "memory_limit": None,
        "cluster": None,
        "cluster_certificates": None,
        "allowed_host": [],
        "certificate": None,
        "key": None,
        "queue_characterizations": False,
        "pending_time": 0.0,
        "running_time": 0.0,
        "fault": [],
        "slow_time": 2.0,
        "retry_after": 1,
        "fault_seed": 0,
    },
    "scheduler": {"host": "127.0.0.1", "port": 8786, "certificates": None},
    "worker tls://lab": {
        "address": SchedulerAddress("lab", 8786, is_encrypted=True),
        "processes": None,
        "memory": None,
        "tag": [],
        "name": None,
        "host": None,
        "port": 0,
        "certificates": None,
    },
    "certificates DIR": {"folder": Path("DIR"), "host": [], "renew": False},
    "login": {"name": "default", "url": None, "default": False, "check": True, "json": False},
    "logout": {"name": None, "all": False, "json": False},
    "whoami": {"account": None, "json": False},
    "doctor": {"url": None, "account": None, "json": False},
    "completion bash": {"shell": "bash"},
}


@pytest.mark.parametrize(("command", "defaults"), DEFAULTS.items(), ids=DEFAULTS.keys())
def test_the_options_of_a_command_have_these_defaults(command: str, defaults: dict[str, Any]) -> None:
    parsed = vars(build_parser().parse_args(command.split()))
    assert callable(parsed.pop("execute"))
    # The option is required, so it has no default.
    if command.startswith("estimate"):
        assert [item.text for item in parsed.pop("observable")] == ["Z"]
    assert {name: (value, type(value)) for name, value in parsed.items()} == {
        name: (value, type(value)) for name, value in defaults.items()
    }


def commands() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command, by name."""
    (action,) = (item for item in build_parser()._actions if isinstance(item, argparse._SubParsersAction))
    return dict(action.choices)


def test_every_command_is_in_the_table() -> None:
    assert commands().keys() == {command.split()[0] for command in DEFAULTS}


@pytest.mark.parametrize("name", commands())
def test_the_help_names_each_default_that_is_text_or_a_number_other_than_0(name: str) -> None:
    parser = commands()[name]
    text = " ".join(parser.format_help().split())
    for action in parser._actions:
        value = action.default
        takes_value = action.nargs != 0
        is_shown = isinstance(value, str | int | float) and not isinstance(value, bool)
        if takes_value and is_shown and value not in (0, argparse.SUPPRESS):
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            assert f"(default {shown})" in text, f"{name} {action.dest}"
