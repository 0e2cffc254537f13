"""The layout of the package: folders small enough to be read at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest

import qiskit_qoro

PACKAGE = Path(qiskit_qoro.__file__).parent
MAX_MODULES = 20


def folders() -> list[Path]:
    """Every folder of the package that holds modules."""
    return sorted({module.parent for module in PACKAGE.rglob("*.py")})


@pytest.mark.parametrize(
    "folder", folders(), ids=lambda folder: folder.relative_to(PACKAGE.parent).as_posix()
)
def test_a_folder_holds_at_most_20_modules_and_says_what_they_are_for(folder: Path) -> None:
    modules = [module for module in folder.glob("*.py") if module.name != "__init__.py"]
    assert len(modules) <= MAX_MODULES
    assert (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""')
