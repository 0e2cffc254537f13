"""The package as a whole: its imports, its public names, and its version."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import qiskit_qoro

ROOT = Path(__file__).parent.parent


def modules_after(statement: str) -> set[str]:
    """The modules that a new interpreter has imported after ``statement``."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_importing_the_package_imports_neither_the_local_service_nor_what_draws_tables():
    loaded = modules_after("from qiskit_qoro import *")

    assert "qiskit_qoro.provider" in loaded
    assert not loaded & {"qiskit_qoro.local", "maestro", "starlette", "uvicorn", "rich", "jinja2"}


def test_the_command_line_starts_without_importing_qiskit():
    assert not modules_after("import qiskit_qoro.cli") & {"qiskit", "numpy", "requests", "qiskit_qoro.public"}


def test_commands_other_than_serve_do_not_import_the_server_of_the_local_service():
    loaded = modules_after("import qiskit_qoro.cli.program")

    assert not loaded & {"qiskit_qoro.local.server", "qiskit_qoro.local.runner", "maestro", "starlette"}


def test_the_command_line_prints_the_version_without_importing_qiskit():
    statement = "from qiskit_qoro.cli import main; main(['--version'])"
    loaded = modules_after(statement)

    assert {"qiskit-qoro", qiskit_qoro.__version__} <= loaded  # the printed line
    assert not loaded & {"qiskit", "argparse"}


def test_submodules_are_attributes_of_the_package():
    assert "qiskit_qoro.errors" in modules_after("import qiskit_qoro; qiskit_qoro.errors.QoroError")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'qiskit_qoro' has no attribute 'QoroProvidr'"):
        qiskit_qoro.QoroProvidr  # noqa: B018 - reading it is the point


def test_dir_lists_the_public_names():
    assert set(qiskit_qoro.__all__) <= set(dir(qiskit_qoro))


def sort_key(name: str) -> tuple[bool, bool, str]:
    """Constants come first, then classes, then other names. The linter checks the same order."""
    return (not name.isupper(), not name[0].isupper(), name)


def test_the_public_names_are_sorted_unique_and_exist():
    names = qiskit_qoro.__all__

    assert names == sorted(set(names), key=sort_key)
    assert all(hasattr(qiskit_qoro, name) for name in names)


def test_the_installed_version_is_the_version_of_the_source():
    assert importlib.metadata.version("qiskit-qoro") == qiskit_qoro.__version__


def test_the_changelog_mentions_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert re.search(rf"\b{re.escape(qiskit_qoro.__version__)}\b", text)


def test_the_example_in_the_readme_is_the_example_file():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = (ROOT / "examples" / "first_circuit.py").read_text(encoding="utf-8")

    _, _, code = example.partition('"""\n\n')

    assert f"```python\n{code}```" in readme


def test_the_example_prints_the_counts_in_its_comment():
    example = ROOT / "examples" / "first_circuit.py"

    done = subprocess.run([sys.executable, example], capture_output=True, text=True, check=True, timeout=120)

    _, _, counts = example.read_text(encoding="utf-8").rpartition("  # ")
    assert done.stdout == counts
