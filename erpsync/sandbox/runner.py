"""Serves simulators on loopback, one port each, with the faults that a test or a person asks for."""

import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import IO, Any, cast
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from erpsync.ports.simulator import Simulator
from erpsync.sandbox.faults import ConnectionDropped, FaultySimulator

MAX_REQUEST_BYTES = 64 * 1024 * 1024
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Served:
    """A simulator being served. `settings` are what a connection needs to reach it."""

    base_url: str
    faulty: FaultySimulator

    @property
    def settings(self) -> Mapping[str, str]:
        return self.faulty.simulator.settings(self.base_url)

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return self.faulty.simulator.records()


@contextmanager
def serve(simulators: Mapping[str, Simulator], ports: Mapping[str, int] | None = None) -> Iterator[dict[str, Served]]:
    """Serves each simulator until the block ends. A port not given, or 0, is a free one."""
    servers: list[_Server] = []
    served: dict[str, Served] = {}
    try:
        for name, simulator in simulators.items():
            faulty = FaultySimulator(simulator)
            server = _Server((ports or {}).get(name, 0), faulty)
            servers.append(server)
            threading.Thread(target=server.serve_forever, args=(0.05,), name=f"sandbox-{name}", daemon=True).start()
            served[name] = Served(f"http://{_HOST}:{server.server_port}", faulty)
        yield served
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, simulator: FaultySimulator) -> None:
        self.simulator = simulator
        super().__init__((_HOST, port), _RequestHandler)

    def server_bind(self) -> None:
        # WSGIServer asks the name server for its own name here, which may take seconds where there is none.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = _HOST, self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _RequestHandler(WSGIRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536 or not self.parse_request():
            return
        if int(self.headers.get("Content-Length") or 0) > MAX_REQUEST_BYTES:
            self.send_error(413)
            return
        streams = cast(IO[bytes], self.rfile), cast(IO[bytes], self.wfile)
        try:
            _Answer(*streams, self.get_stderr(), self.get_environ(), multithread=True).run(self.server.simulator)
        except ConnectionDropped:
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the caller counts operations, and request lines may hold secrets."""


class _Answer(SimpleHandler):
    http_version = "1.0"

    def handle_error(self) -> None:
        """As the library's, but a dropped connection reaches the request handler instead of becoming a 500."""
        error = sys.exc_info()[1]
        if isinstance(error, ConnectionDropped):
            raise error
        super().handle_error()
