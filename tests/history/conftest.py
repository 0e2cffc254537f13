"""An HTTP service that stops answering in the middle of a submission."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class StuckService:
    """A service that never answers requests whose path ends in ``stuck_at``.

    Attributes:
        url: The address.
        stuck_at: The end of the path of requests that are not answered.
        status: The status of every job, ``None`` to answer that no job exists.
        arrived: The path of each request that is not answered.
        asked: The path of each request for a status.
    """

    url: str
    stuck_at: str = "/add_circuits/"
    status: str | None = "PENDING"
    arrived: queue.Queue[str] = field(default_factory=queue.Queue)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def stuck_service() -> Iterator[StuckService]:
    end = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, code: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith(stuck.stuck_at):
                stuck.arrived.put(self.path)
                end.wait()
                self.close_connection = True
                return
            self.answer(201, {"job_id": "job-1"})

        def do_GET(self) -> None:
            stuck.asked.append(self.path)
            if stuck.status is None:
                self.answer(404, {"detail": "no such job"})
            else:
                self.answer(200, {"status": stuck.status})

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stuck = StuckService(f"http://127.0.0.1:{server.server_port}/api")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield stuck
    end.set()
    server.shutdown()
    thread.join()
    server.server_close()
