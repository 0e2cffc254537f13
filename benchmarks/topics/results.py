"""Reading results, compared with the compiled decoder of the third-party client ``qoro-divi``.

``peers/results.py`` measures this. It needs an interpreter that has ``qoro-divi``, which
``tox -e peers-results`` installs. Without one, the rows are left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import Bench
from measuring import Timing
from rows import Goal, Row

TOPIC = "results"
OURS, PEER = "this package", "`qoro-divi`"


def measure(bench: Bench) -> Iterator[Row]:
    """Measure the rows of this topic."""
    root = bench.folder.parent
    peer = bench.peer or root / ".tox/peers-results/bin/python"
    if bench.quick or not peer.exists():
        return
    command = [peer, root / "peers/results.py", Path(sys.executable).with_name("qiskit-qoro"), "--json"]
    # The newest source of this package, whatever was installed beside the peer.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for place, line in enumerate(process.stdout):
            measured = json.loads(line)
            is_goal = measured["name"].startswith("2,000") or "1000 bits" in measured["name"]
            yield Row(
                f"results-{place}",
                TOPIC,
                measured["name"],
                {
                    OURS: Timing(measured["by_us"]),
                    PEER: Timing(measured["by_peer"]),
                    "this package, from the local service": Timing(measured["read"]),
                    "`retrieve_job(id).result()`, from the local service": Timing(measured["as_result"]),
                },
                (Goal(1.0, PEER),) if is_goal else (),
                {"computed_s": measured["computed"]},
            )
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
