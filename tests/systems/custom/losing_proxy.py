"""A way to PostgreSQL on which the answer to a commit gets lost: it is done, and the connection breaks."""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class LosingProxy:
    """Passes bytes on. `lose` arms one lost answer to the commit of a transaction that has sent `containing`."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._armed = b""
        self._fired = 0
        self.port = int(self._listener.getsockname()[1])

    def lose(self, containing: str) -> Callable[[], int]:
        self._armed, before = containing.encode(), self._fired
        return lambda: self._fired - before

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def close(self) -> None:
        # A thread that waits in accept() is not woken by close() alone.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, client: socket.socket) -> None:
        said = b""
        with client, socket.create_connection(self._target) as server:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    (server if one is client else client).sendall(data)
                    if one is server:
                        continue
                    said += data
                    if b"COMMIT" not in data:
                        continue
                    if self._armed and self._armed in said:
                        self._armed = b""
                        self._fired += 1
                        server.recv(65536)
                        return
                    said = b""


@contextmanager
def losing_proxy(host: str, port: int) -> Iterator[LosingProxy]:
    proxy = LosingProxy(host, port)
    thread = threading.Thread(target=proxy.serve, name="losing-proxy", daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(10)
