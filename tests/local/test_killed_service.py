"""A service that is killed in the middle of a job continues with it when it is started again."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from qiskit_qoro.local import LocalService, serve
from qiskit_qoro.local.store.job_listing import find_listed_job
from qiskit_qoro.models.jobs import CircuitBatch, JobRequest, JobStatus, JobType
from qiskit_qoro.wire.text import encode_text

NUM_CIRCUITS = 30
# After a measurement in the middle the engine runs every shot separately. Without a seed, no two runs of a
# circuit have the same counts.
_LINES = "h q;cx q[0],q[1];measure q -> c;" * 4
TEXT = f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[8];\ncreg c[8];\n{_LINES}'


def submit(service: LocalService) -> str:
    store = service.parts.store
    job_id = store.create_job("local", JobRequest("t", JobType.EXECUTE, "qoro_maestro"))
    circuits = {f"c{index}": TEXT for index in range(NUM_CIRCUITS)}
    blobs = {label: encode_text(text) for label, text in circuits.items()}
    store.append_circuits("local", job_id, CircuitBatch(circuits, finalized=True, shots=2000), blobs)
    return job_id


KILLED = """
import runpy, signal, sys
from qiskit_qoro.local import serve
submit = runpy.run_path(sys.argv[1])["submit"]
service = serve(workers=1, database=sys.argv[2])
job_id = submit(service)
while (state := service.parts.store.state("local", job_id)).num_finished < 3:
    assert not state.status.is_final
print(job_id, flush=True)
signal.raise_signal(signal.SIGKILL)
"""


def stored_items(path: Path) -> dict[int, str]:
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT position, item FROM results").fetchall())


def test_the_results_that_were_stored_are_kept_and_the_others_follow(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, __file__, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    kept = stored_items(path)
    assert 3 <= len(kept) < NUM_CIRCUITS
    job_id = killed.stdout.strip()
    with serve(workers=2, database=path) as service:
        assert service.wait_status(job_id, JobStatus.COMPLETED, timeout_s=60)
        store = service.parts.store
        total, items, failures = store.outcomes("local", job_id, 1000, 0)
        assert (total, failures) == (NUM_CIRCUITS, [])
        assert [json.loads(item)["label"] for item in items] == [f"c{n}" for n in range(NUM_CIRCUITS)]
        assert {position: items[position] for position in kept} == kept
        assert find_listed_job(service.parts.database, "local", job_id).num_finished == NUM_CIRCUITS
        charges = [item for item in store.credit_transactions("local", 9, 0)[1] if item.amount < 0]
        assert [item.job_id for item in charges] == [job_id]
