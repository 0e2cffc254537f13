"""Fuzz the local service with ``schemathesis``, from its OpenAPI document.

``python peers/fuzz.py [OPTIONS]`` needs both packages in one interpreter and passes the options on to
``schemathesis run``. schemathesis sends valid and invalid requests, and sequences of requests that follow the
links of the document. It checks that no status is 500 or above, that status and body are as documented, that
answers are in time, that nothing is returned without a token, and that no invalid body succeeds. The exit
code is that of schemathesis.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

from qiskit_qoro.local import serve

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "use_after_free",
    "ignored_auth",
)
REQUEST_TIMEOUT_S = 10
SEED = 2026


def main(options: list[str]) -> int:
    """Run schemathesis against a service that is started for it."""
    command = Path(sysconfig.get_path("scripts")) / "schemathesis"
    # schemathesis writes files into its working directory.
    with TemporaryDirectory() as scratch, serve(workers=2, time_limit_s=5) as service:
        run = subprocess.run(
            [
                *(str(command), "run", f"{service.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {service.token}"),
                *("--checks", ",".join(CHECKS)),
                *("--request-timeout", str(REQUEST_TIMEOUT_S)),
                *("--seed", str(SEED)),
                "--continue-on-failure",
                *options,
            ],
            check=False,
            cwd=scratch,
        )
    return run.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
