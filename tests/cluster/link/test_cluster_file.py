"""Files that describe a cluster whose workers are jobs of a queueing system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local.workers.cluster.certificates.making import make_temporary
from qiskit_qoro.local.workers.cluster.started.cluster_file import JobQueueSettings, read_cluster_file
from qiskit_qoro.local.workers.cluster.started.job_queue_cluster import JobQueueCluster


@pytest.fixture
def write(tmp_path):
    """Write a file, and return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "cluster.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def certificates(tmp_path) -> Path:
    folder = tmp_path / "certificates"
    folder.mkdir(mode=0o700)
    return make_temporary(folder)


def test_a_file_names_the_system_the_jobs_the_scheduler_and_the_options(write):
    path = write("""
cluster: slurm
jobs: 10
scheduler: {host: 192.0.2.7, port: 8786}
options: {cores: 16, memory: 64GB, walltime: "12:00:00"}
""")
    assert read_cluster_file(path) == JobQueueSettings(
        "slurm",
        10,
        {"host": "192.0.2.7", "port": 8786},
        {"cores": 16, "memory": "64GB", "walltime": "12:00:00"},
    )


def test_scheduler_and_options_may_be_left_out(write):
    assert read_cluster_file(write("cluster: pbs\njobs: 1")) == JobQueueSettings("pbs", 1, {}, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is None, expected names with values"),
        ("- slurm", r"is \['slurm'\], expected names with values"),
        ("1: slurm", "expected names with values"),
        ("cluster: [", "is no YAML: while parsing"),
        ("jobs: 1", "cluster is None, expected one of htcondor, local, lsf, moab, oar, pbs, sge, slurm"),
        ("cluster: Slurm\njobs: 1", "cluster is 'Slurm', expected one of"),
        ("cluster: slurm", "jobs is None, expected a number from 1 to 10000"),
        ("cluster: slurm\njobs: 0", "jobs is 0, expected a number"),
        ("cluster: slurm\njobs: 10001", "jobs is 10001, expected a number"),
        ("cluster: slurm\njobs: true", "jobs is True, expected a number"),
        ("cluster: slurm\njobs: 1\nworkers: 2\nnodes: 3", "contains nodes, workers, expected only cluster"),
        ("cluster: slurm\njobs: 1\nscheduler: lab", "scheduler is 'lab', expected names with values"),
        ("cluster: slurm\njobs: 1\nscheduler: {port: 0}", "port is 0, expected a number from 1 to 65535"),
        ("cluster: slurm\njobs: 1\nscheduler: {host: 7}", "host is 7, expected text"),
        ("cluster: slurm\njobs: 1\nscheduler: {name: x}", "contains name, expected only host, interface"),
        ("cluster: slurm\njobs: 1\noptions: {security: x}", "security: leave it out, because pass the cert"),
        (
            "cluster: slurm\njobs: 1\noptions: {queue: 2026-11-30}",
            "options: queue is a value of the type date, expected text.* write text in quotes",
        ),
        (
            "cluster: slurm\njobs: 1\noptions: {job_extra_directives: [a, 2026-11-30 12:00:00]}",
            r"options: job_extra_directives\[1\] is a value of the type datetime",
        ),
        (
            "cluster: slurm\njobs: 1\noptions: {job_extra_directives: {a: {b: !!set {x}}}}",
            "options: job_extra_directives: a: b is a value of the type set",
        ),
        (
            "cluster: slurm\njobs: 1\noptions: {walltime: 12:00:00}",
            'options: walltime is 43200: write it in quotes, such as "12:00:00"',
        ),
        ("cluster: slurm\njobs: 1\noptions: [1]", r"options is \[1\], expected names with values"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(write, text, expected):
    with pytest.raises(QoroInputError, match=expected):
        read_cluster_file(write(text))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(QoroInputError, match=r"missing\.yaml cannot be read: No such file"):
        read_cluster_file(tmp_path / "missing.yaml")


def test_tags_of_python_are_not_executed(write):
    with pytest.raises(QoroInputError, match="is no YAML"):
        read_cluster_file(write("cluster: !!python/object/apply:os.getcwd []"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{memory: 1GB}", "You must specify how much cores and memory"),
        ("{cores: 1, memory: 1GB, colour: red}", "unexpected keyword argument 'colour'"),
    ],
)
def test_options_that_the_queueing_system_does_not_know_are_named_at_the_start(
    write, certificates, options, expected
):
    cluster = JobQueueCluster(write(f"cluster: local\njobs: 1\noptions: {options}"), certificates)
    with pytest.raises(QoroInputError, match=f"dask-jobqueue does not accept the options: .*{expected}"):
        cluster.start()
    cluster.close()


def test_a_machine_that_cannot_submit_jobs_is_refused(write, certificates, monkeypatch):
    monkeypatch.setenv("PATH", "")
    path = write("cluster: slurm\njobs: 1\noptions: {cores: 1, memory: 1GB}")
    with pytest.raises(QoroError, match="the command sbatch of slurm is not found"):
        JobQueueCluster(path, certificates).start()


def test_without_dask_jobqueue_the_error_says_how_to_install_it(write, certificates, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(QoroError, match=r'needs dask-jobqueue.*pip install "dask-jobqueue>=0\.9"'):
        JobQueueCluster(write("cluster: slurm\njobs: 1"), certificates).start()
