"""Versions of a service and its workers."""

from __future__ import annotations

import subprocess
import sys

import qiskit_qoro
from qiskit_qoro.local.workers.cluster.versions import describe_difference, installed_versions

_VERSIONS = {"qiskit-qoro": "1.4", "Python": "3.12", "qiskit": "2.1"}


def test_the_installed_versions_name_the_package_and_python():
    versions = installed_versions()

    assert versions["qiskit-qoro"] == qiskit_qoro.__version__
    assert versions["Python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert {"qiskit", "qoro-maestro", "distributed"} <= set(versions)


def test_reading_the_versions_imports_neither_the_engine_nor_dask():
    script = (
        "import sys; from qiskit_qoro.local.workers.cluster.versions import installed_versions; "
        "installed_versions(); assert not {'maestro', 'dask', 'distributed'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_equal_versions_do_not_differ():
    assert describe_difference(_VERSIONS, dict(_VERSIONS)) is None


def test_a_difference_names_both_versions():
    assert describe_difference(_VERSIONS, {**_VERSIONS, "qiskit": "2.0"}) == (
        "it has qiskit 2.0, and the service has qiskit 2.1: install the same versions on both"
    )


def test_all_differences_are_named():
    worker = {"qiskit-qoro": "1.3", "Python": "3.11", "qiskit": "2.0"}

    assert describe_difference(_VERSIONS, worker) == (
        "it has qiskit-qoro 1.3, Python 3.11 and qiskit 2.0, and the service has qiskit-qoro 1.4, "
        "Python 3.12 and qiskit 2.1: install the same versions on both"
    )


def test_something_that_one_side_does_not_have_differs():
    worker = {"qiskit-qoro": "1.4", "Python": "3.12", "engine": "7"}

    assert describe_difference(_VERSIONS, worker) == (
        "it has qiskit none and engine 7, and the service has qiskit 2.1 and engine none: install the same "
        "versions on both"
    )
