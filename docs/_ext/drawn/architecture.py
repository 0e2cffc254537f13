"""The way of a circuit from the user's program to the engine and back."""

from drawn.canvas import Canvas
from drawn.packages import package

__all__ = ["draw_architecture"]

_WIDTH = 720


def draw_architecture() -> Canvas:
    """Draw the packages of the client, and the parts of the two services."""
    canvas = Canvas(
        _WIDTH,
        664,
        "The architecture of qiskit-qoro",
        "From top to bottom: your Python code, the command line and the web pages use the provider, "
        "the backends and the primitives. They write circuits as OpenQASM with the package qasm, and "
        "give them to the client of the REST API, which is the package service. The client sends the "
        "bytes of the package wire to the Qoro cloud or to the local service. In the local service "
        "the web package receives requests, the store keeps them in SQLite, the runner claims jobs, "
        "and worker processes run the engine. Results return on the same way.",
    )
    users = [
        canvas.box(20, 0, 206, 44, "your Python code", kind="outside"),
        canvas.box(257, 0, 206, 44, "your shell", kind="outside"),
        canvas.box(494, 0, 206, 44, "your browser", kind="outside"),
    ]
    canvas.group(0, 72, _WIDTH, 300, "in your Python process: `qiskit_qoro`")
    entries = [
        canvas.box(20, 106, 206, 50, package("provider"), "lists backends, finds jobs", kind="accent"),
        canvas.box(257, 106, 206, 50, package("cli"), "the command line"),
        canvas.box(494, 106, 206, 50, package("pages"), "the web pages"),
    ]
    for user, entry in zip(users, entries, strict=True):
        canvas.arrow(user.bottom, entry.top)
    backends = canvas.box(20, 178, 206, 50, package("backends"), "`QoroBackend.run`", kind="accent")
    primitives = canvas.box(257, 178, 206, 50, package("primitives"), "estimator, sampler", kind="accent")
    canvas.arrow(entries[1].left, entries[0].right)
    canvas.arrow(entries[0].bottom, backends.top)
    canvas.arrow(primitives.left, backends.right)
    helpers = [
        canvas.box(20, 250, 158, 50, package("qasm"), "circuits ↔ OpenQASM"),
        canvas.box(194, 250, 158, 50, package("jobs"), "waiting, results"),
        canvas.box(368, 250, 158, 50, package("qubo"), "analyses of QUBOs"),
        canvas.box(542, 250, 158, 50, package("history"), "the journal"),
    ]
    canvas.arrow((99, 228), (99, 250))
    canvas.arrow((273, 228), (273, 250))
    canvas.arrow((621, 156), (621, 250))
    client = canvas.box(
        20,
        318,
        680,
        42,
        f"{package('service')}: the client, which submits, polls, retries and fetches",
        kind="accent",
    )
    for helper in helpers:
        canvas.line(helper.bottom, (helper.bottom[0], client.y))

    cloud = canvas.box(0, 424, 176, 228, "the Qoro cloud", "simulators and QPUs", kind="outside")
    local = canvas.group(196, 424, 524, 240, f"the local service: {package('local')}")
    canvas.arrow((88, client.y + client.height), (88, cloud.y), both=True)
    canvas.arrow((458, client.y + client.height), (458, local.y), both=True)
    canvas.text(273, 390, f"{package('wire')}: values ↔ JSON and bytes", kind="small")
    canvas.text(273, 407, "HTTP, or calls within the process", kind="small")

    web = canvas.box(212, 456, 152, 50, package("local.web"), "the REST API")
    store = canvas.box(382, 456, 152, 50, package("local.store"), "jobs in SQLite")
    runner = canvas.box(552, 456, 152, 50, package("local.runner"), "claims jobs")
    canvas.arrow(web.right, store.left, both=True)
    canvas.arrow(store.right, runner.left, both=True)
    workers = canvas.box(
        212, 530, 492, 42, f"{package('local.workers')}: processes of this machine, or a cluster"
    )
    canvas.arrow(runner.bottom, (runner.bottom[0], workers.y), both=True)
    for place in range(3):
        box = canvas.box(
            212 + 170 * place, 596, 152, 56, package("local.engine"), "in a worker process", kind="accent"
        )
        canvas.arrow((box.top[0], workers.y + workers.height), box.top, both=True)
    return canvas
