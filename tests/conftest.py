"""Fixtures that several parts of the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qiskit_qoro.local import LocalService, serve


@pytest.fixture(scope="session")
def local_service() -> Iterator[LocalService]:
    """A local service that runs as long as the tests; jobs of several tests may be on it."""
    with serve(workers=2) as service:
        yield service
