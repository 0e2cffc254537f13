"""Services whose workers are those of a cluster: what is checked before anything starts."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local import serve
from qiskit_qoro.local.installation import CLUSTER_INSTALL_COMMAND


@pytest.mark.parametrize("module", ["distributed", "cryptography"])
def test_without_the_extra_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(QoroError, match=rf"a cluster needs .*{module}.*{re.escape(CLUSTER_INSTALL_COMMAND)}"):
        serve(cluster="tls://lab:8786")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"workers": 2}, "workers is 2, but the workers of a cluster have limits of their own.*--processes"),
        ({"memory_limit_bytes": 2**30}, "memory_limit_bytes is 1073741824, but the workers of a cluster"),
    ],
)
def test_limits_of_this_machine_do_not_fit_a_cluster(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(QoroInputError, match=expected):
        serve(cluster="tls://lab:8786", **arguments)


def test_an_address_that_is_wrong_is_named_before_the_extra_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(QoroInputError, match="tcp://lab:8786 is not encrypted"):
        serve(cluster="tcp://lab:8786")


def test_a_cluster_is_text() -> None:
    with pytest.raises(QoroInputError, match="cluster is 4, expected text such as"):
        serve(cluster=4)  # type: ignore[arg-type]


def test_certificates_without_a_cluster_are_refused() -> None:
    with pytest.raises(QoroInputError, match="cluster_certificates is given without a cluster"):
        serve(cluster_certificates="certificates")


def test_a_provider_names_its_cluster_before_it_connects() -> None:
    with QoroProvider.local(cluster="tls://lab:8786", cluster_certificates="certificates") as provider:
        assert "tls://lab:8786" in provider._repr_html_()


def test_a_service_without_a_cluster_imports_nothing_of_dask() -> None:
    script = (
        "import sys; from qiskit_qoro.local import serve\n"
        "with serve(workers=1): pass\n"
        "assert not {'dask', 'distributed', 'cryptography'} & set(sys.modules)\n"
        "assert not [name for name in sys.modules if 'workers.cluster' in name]"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
