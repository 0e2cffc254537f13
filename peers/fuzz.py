"""A hostile client, ``schemathesis``, asks the local service whatever its OpenAPI document lets it think of.

``python peers/fuzz.py [OPTIONS]``, with an interpreter that holds both; the options go to
``schemathesis run``. Requests are made from the document, right ones and wrong ones, and in sequences that
follow its links. Of every answer it is asked: no status of 500 or above, a status and a body as
documented, an answer in time, nothing without a token, and no success for a body that the document calls
wrong. The exit code is that of schemathesis.
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
ANSWER_WITHIN_S = 10
SEED = 2026


def main(options: list[str]) -> int:
    """Run schemathesis against a service of its own."""
    command = Path(sysconfig.get_path("scripts")) / "schemathesis"
    # It leaves notes where it is started.
    with TemporaryDirectory() as scratch, serve(workers=2, time_limit_s=5) as service:
        run = subprocess.run(
            [
                *(str(command), "run", f"{service.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {service.token}"),
                *("--checks", ",".join(CHECKS)),
                *("--request-timeout", str(ANSWER_WITHIN_S)),
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
