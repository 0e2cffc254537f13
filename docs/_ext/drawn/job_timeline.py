"""Who sends what to whom during one job, and which status the job has."""

from drawn.canvas import Canvas
from qiskit_qoro.jobs.status import QISKIT_STATUS
from qiskit_qoro.models.jobs import JobStatus
from qiskit_qoro.wire.endpoints import ADD_CIRCUITS, GET_RESULTS, GET_STATUS, INIT_JOB

__all__ = ["draw_job_timeline"]

_PROGRAM, _CLIENT, _SERVICE, _WORKER = 62.0, 246.0, 474.0, 662.0
_TOP = 52.0


def draw_job_timeline() -> Canvas:
    """Draw the timeline from ``run`` to the counts."""
    canvas = Canvas(
        724,
        640,
        "The timeline of one job",
        "Time runs from top to bottom. Your program calls run. The client writes the circuits as "
        f"OpenQASM, opens the job with {INIT_JOB.name} and uploads the circuits with "
        f"{ADD_CIRCUITS.name}. The job is PENDING, and run returns. A worker takes the circuits, and "
        "the job is RUNNING. Meanwhile your program has called result, and the client polls with "
        f"{GET_STATUS.name} until the status is COMPLETED. Then it fetches the results with "
        f"{GET_RESULTS.name} and returns Qiskit's Result.",
    )
    for x, width, lines in (
        (_PROGRAM, 120, ("your program", "")),
        (_CLIENT, 150, ("`qiskit_qoro`", "in your process")),
        (_SERVICE, 150, ("service", "cloud or local")),
        (_WORKER, 120, ("worker", "simulator or QPU")),
    ):
        canvas.line((x, _TOP), (x, 600), kind="faint")
        canvas.box(
            x - width / 2, 0, width, _TOP - 6, *filter(None, lines), kind="accent" if x == _CLIENT else ""
        )

    _status(canvas, JobStatus.PENDING, 140, 335)
    _status(canvas, JobStatus.RUNNING, 335, 440)
    _status(canvas, JobStatus.COMPLETED, 440, 600)

    canvas.arrow((_PROGRAM, 78), (_CLIENT, 78), label="`run(circuits)`")
    canvas.text(_CLIENT + 10, 96, "checks, writes OpenQASM 2", kind="small", anchor="start")
    _request(canvas, 128, f"`{INIT_JOB.name}`", "the identifier of the job")
    _request(canvas, 188, f"`{ADD_CIRCUITS.name}`: the upload", "accepted")
    canvas.arrow((_CLIENT, 236), (_PROGRAM, 236), label="`QoroJob`", dashed=True)
    canvas.arrow((_PROGRAM, 268), (_CLIENT, 268), label="`result()`")
    _request(canvas, 290, f"`{GET_STATUS.name}`", f"`{JobStatus.PENDING}`")
    canvas.arrow((_SERVICE, 335), (_WORKER, 335), label="circuits")
    canvas.text(_WORKER + 8, 388, "runs", kind="small", anchor="start")
    canvas.bar(_WORKER - 4, 335, 8, 105, kind="accent")
    _request(canvas, 372, f"`{GET_STATUS.name}`, after a pause", f"`{JobStatus.RUNNING}`")
    canvas.arrow((_WORKER, 440), (_SERVICE, 440), label="counts", dashed=True)
    _request(canvas, 470, f"`{GET_STATUS.name}`, after a longer one", f"`{JobStatus.COMPLETED}`")
    _request(canvas, 530, f"`{GET_RESULTS.name}`", "pages of results")
    canvas.text(_CLIENT + 10, 576, "decodes the counts", kind="small", anchor="start")
    canvas.arrow((_CLIENT, 590), (_PROGRAM, 590), label="Qiskit's `Result`", dashed=True)
    ends = [status for status in JobStatus if status.is_final and status is not JobStatus.COMPLETED]
    canvas.text(
        362, 624, f"A job can also end as {', '.join(f'`{status}`' for status in ends)}.", kind="small"
    )
    return canvas


def _status(canvas: Canvas, status: JobStatus, begin: float, end: float) -> None:
    """Draw how long a job has a status, with Qiskit's status below it."""
    canvas.bar(_SERVICE - 4, begin + 1, 8, end - begin - 2, kind=status.lower())
    middle = (begin + end) / 2 + (12 if status is JobStatus.RUNNING else 0)
    canvas.text(_SERVICE + 12, middle - 9, f"`{status}`", kind="name", anchor="start")
    canvas.text(
        _SERVICE + 12, middle + 8, f"Qiskit: `{QISKIT_STATUS[status].name}`", kind="small", anchor="start"
    )


def _request(canvas: Canvas, y: float, request: str, answer: str) -> None:
    canvas.arrow((_CLIENT, y), (_SERVICE - 5, y), label=request)
    canvas.arrow((_SERVICE - 5, y + 24), (_CLIENT, y + 24), label=answer, dashed=True)
