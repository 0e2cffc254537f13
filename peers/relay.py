"""A relay before a service that keeps every answer: who asks again has it at once, and the same bytes.

``python peers/relay.py URL`` prints its own URL when it is ready, and ends with its standard input. It takes
the server out of what is measured of a client. Only for GET requests whose answers stay what they are.
"""

from __future__ import annotations

import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PASSED_ON = ("Authorization", "Host", "Accept")  # the service builds the links in its answers from the host


class Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # the head and the body go together
    upstream: str
    kept: dict[str, bytes]

    def do_GET(self) -> None:
        if self.path not in self.kept:
            self.kept[self.path] = self.fetch()
        body = self.kept[self.path]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fetch(self) -> bytes:
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        request = urllib.request.Request(self.upstream + self.path, headers=headers)
        with urllib.request.urlopen(request) as answer:
            body: bytes = answer.read()
        return body

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(upstream: str) -> None:
    settings = {"upstream": upstream.rstrip("/"), "kept": {}}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("RelayToService", (Relay,), settings))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
