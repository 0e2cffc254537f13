"""The processes of the local service on one machine."""

from drawn.canvas import Canvas
from drawn.packages import package

__all__ = ["draw_local_processes"]


def draw_local_processes() -> Canvas:
    """Draw the process of the user, or of ``serve``, with its threads, and the worker processes."""
    canvas = Canvas(
        720,
        330,
        "The processes of the local service",
        "One process holds the client, the REST API, the runner and the database file. It is your "
        "Python process, or the process of qiskit-qoro serve, which clients reach over HTTP. Pipes "
        "connect it with worker processes. Each worker process has its own engine. If the engine "
        "crashes, only its process ends, and the service starts another one.",
    )
    process = canvas.group(0, 0, 440, 318, "one process: yours, or that of `qiskit-qoro serve`")
    client = canvas.box(20, 40, 180, 56, "client", "your thread", kind="outside")
    web = canvas.box(240, 40, 180, 56, package("local.web"), "answers the REST API", kind="accent")
    store = canvas.box(20, 142, 180, 56, package("local.store"), "one SQLite file")
    runner = canvas.box(240, 142, 180, 56, package("local.runner"), "threads that run jobs", kind="accent")
    pool = canvas.box(130, 246, 290, 52, package("local.workers"), "starts, stops and watches processes")
    canvas.arrow(client.right, web.left, both=True)
    canvas.arrow((270, 96), (150, 142), both=True)
    canvas.arrow(runner.left, store.right, both=True)
    canvas.arrow(runner.bottom, (runner.bottom[0], pool.y), both=True)
    for place in range(3):
        worker = canvas.box(
            540, 20 + 104 * place, 180, 80, "worker process", package("local.engine"), "qoro-maestro"
        )
        canvas.arrow(
            (process.width - 20, 272 - 8 * (2 - place)),
            (480 + 12 * place, 272 - 8 * (2 - place)),
            (480 + 12 * place, worker.left[1]),
            worker.left,
        )
    canvas.text(472, 306, "pipes", kind="small", anchor="start")
    return canvas
