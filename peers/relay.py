"""A caching relay in front of a service. It answers repeated requests at once, with the same bytes.

``python peers/relay.py URL`` prints its own URL when it is ready, and ends when its standard input ends. With
it, a measurement of a client does not include the time of the server. It supports only GET requests, and only
those whose answers do not change.
"""

from __future__ import annotations

import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The service builds the links in its answers from the host.
FORWARDED = ("Authorization", "Host", "Accept")


class Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # send the head and the body together
    upstream: str
    cache: dict[str, bytes]

    def do_GET(self) -> None:
        if self.path not in self.cache:
            self.cache[self.path] = self.fetch()
        body = self.cache[self.path]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fetch(self) -> bytes:
        headers = {name: self.headers[name] for name in FORWARDED if name in self.headers}
        request = urllib.request.Request(self.upstream + self.path, headers=headers)
        with urllib.request.urlopen(request) as response:
            body: bytes = response.read()
        return body

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def main(upstream: str) -> None:
    settings = {"upstream": upstream.rstrip("/"), "cache": {}}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("RelayToService", (Relay,), settings))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
