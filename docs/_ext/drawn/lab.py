"""The machines of a lab: users, service, scheduler and workers."""

from drawn.canvas import Canvas

__all__ = ["draw_lab"]

_USERS = (
    ("programs", "`QoroProvider`"),
    ("notebooks",),
    ("commands", "`qiskit-qoro`"),
    ("browsers", "web pages"),
)
_NUM_WORKERS, _NUM_ENGINES = 2, 3
_BUS_X = 500.0
"""Where the connections of the workers meet."""


def draw_lab() -> Canvas:
    """Draw who talks to whom, with the ports of the guide."""
    canvas = Canvas(
        720,
        300,
        "The machines of a lab",
        "Users reach the service with HTTPS at port 8443: programs, notebooks, commands and browsers. The "
        "service has the accounts and the database. It talks over TLS with the scheduler at port 8786, which "
        "is usually on the same machine, and with the workers at port 8787. There is one worker on each "
        "machine that runs circuits, and it starts engine processes.",
    )
    users = canvas.group(0, 0, 170, 298, "users")
    for place, lines in enumerate(_USERS):
        canvas.box(14, 40 + 63 * place, 142, 46, *lines, kind="outside")
    canvas.group(250, 0, 200, 298, "machine of the service")
    service = canvas.box(
        264, 40, 172, 76, "`serve`", "REST API, pages, accounts", "what runs where", kind="accent"
    )
    database = canvas.box(264, 148, 172, 46, "`jobs.db`", "jobs and results")
    scheduler = canvas.box(264, 226, 172, 54, "`scheduler`", "connects the workers", kind="accent")
    canvas.arrow(service.bottom, database.top, both=True)
    canvas.arrow((users.width, service.left[1]), service.left, both=True)
    canvas.text(210, service.left[1] - 24, "HTTPS", kind="small")
    canvas.text(210, service.left[1] - 10, "8443", kind="small")
    canvas.line(service.right, (_BUS_X, service.right[1]), (_BUS_X, scheduler.right[1]))
    canvas.arrow((_BUS_X, scheduler.right[1]), scheduler.right)
    canvas.text(470, scheduler.right[1] - 10, "8786", kind="small")
    for place in range(_NUM_WORKERS):
        top = 152 * place
        canvas.group(545, top, 175, 146, f"machine {place + 1}")
        worker = canvas.box(557, top + 34, 151, 42, "`worker`", kind="accent")
        for number in range(_NUM_ENGINES):
            engine = canvas.box(557 + 52 * number, top + 100, 47, 32, "engine", bold=False)
            canvas.arrow((engine.top[0], worker.bottom[1]), engine.top)
        canvas.arrow((_BUS_X, worker.left[1]), worker.left)
        canvas.text(524, worker.left[1] - 10, "8787", kind="small")
    canvas.text(_BUS_X + 6, 130, "TLS", kind="small", anchor="start")
    return canvas
