"""What the web pages need in addition."""

from __future__ import annotations

import re
from importlib.machinery import ModuleSpec

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.web_server.installation import INSTALL_COMMAND, check_installed


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"uvicorn"}, "need uvicorn, which is not installed"),
        ({"starlette", "uvicorn"}, "need starlette and uvicorn, which are not installed"),
    ],
)
def test_missing_libraries_are_named_with_the_command_that_installs_them(
    missing: set[str], said: str
) -> None:
    check_installed()

    def find(name: str) -> ModuleSpec | None:
        return None if name in missing else ModuleSpec(name, None)

    with pytest.raises(QoroError, match=rf"{said}: run {re.escape(INSTALL_COMMAND)}"):
        check_installed(find)
