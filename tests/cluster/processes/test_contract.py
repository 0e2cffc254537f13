"""The contract suite, unchanged, asked of a cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SUITE = Path(__file__).parents[2] / "contract"
LIMIT_S = 100


def run_suite(*options: str, environment: Mapping[str, str]) -> str:
    """Run the suite in a process of its own, and return the last line of its output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(SUITE), *options],
        check=False,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
    )
    if done.returncode:
        pytest.fail(done.stdout[-20_000:], pytrace=False)
    return done.stdout.splitlines()[-1]


def test_a_service_in_a_process_of_its_own_keeps_the_contract(cluster: Any, service: Any) -> None:
    settings = {"QORO_API_URL": service.url, "QORO_API_KEY": service.token}
    assert " passed" in run_suite("--live", environment=cluster.environment | settings)


def test_what_only_a_local_service_promises_works_on_a_cluster_too(cluster: Any) -> None:
    """Such tests need a service that they know, which is in the process of the suite."""
    options = (f"--service-cluster={cluster.address}", "-m", "local_only")
    assert " passed" in run_suite(*options, environment=cluster.environment)
