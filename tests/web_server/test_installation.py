"""What the web pages need in addition."""

from __future__ import annotations

import re
from importlib.machinery import ModuleSpec

import pytest

from qiskit_qoro.errors import QoroError
from qiskit_qoro.web_server.installation import INSTALL_COMMAND, check_installed


def test_a_missing_library_is_named_with_the_command_that_installs_it() -> None:
    check_installed()

    def find(name: str) -> ModuleSpec | None:
        return None if name == "uvicorn" else ModuleSpec(name, None)

    with pytest.raises(QoroError, match=rf"need uvicorn, which .*{re.escape(INSTALL_COMMAND)}"):
        check_installed(find)
