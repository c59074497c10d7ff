"""What both servers share while they start: a port of their own, and the wait until they answer."""

import socket
import time
from collections.abc import Callable

from erpsync.servers.errors import ServerError
from erpsync.servers.processes import Child

LOOPBACK = "127.0.0.1"
PORT_ATTEMPTS = 3
START_SECONDS = 60.0  # replaying a log after a crash takes longest
LOOK_SECONDS = 0.05


class AddressInUse(ServerError):
    """Somebody else took the port between choosing and using it."""


def free_port() -> int:
    """A TCP port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def start_on_port(start: Callable[[int], None], port: int | None) -> int:
    """Call `start` with a port and give back the one it started on.

    Without a port, with a new free one for every attempt; with one, the same each time, since clients know it.
    Raises AddressInUse after PORT_ATTEMPTS.
    """
    for _ in range(PORT_ATTEMPTS - 1):
        chosen = port or free_port()
        try:
            start(chosen)
        except AddressInUse:
            time.sleep(LOOK_SECONDS)
        else:
            return chosen
    chosen = port or free_port()
    start(chosen)
    return chosen


def wait_until_ready(child: Child, answers: Callable[[], bool]) -> None:
    """Return once the server answers.

    Raises AddressInUse when it ended for that reason, ServerError when it ended for another or takes longer
    than START_SECONDS. It is for the caller to stop it then.
    """
    deadline = time.monotonic() + START_SECONDS
    log = child.command.log
    while time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)  # first: what cannot start has ended by then, and nobody else is asked in its place
        code = child.poll()
        if code is not None:
            if "Address already in use" in child.said():
                raise AddressInUse(f"{child.name} found its port taken; start it again. Its log is {log}.")
            raise ServerError(f"{child.name} ended while starting (exit code {code}). Its log is {log}: read why.")
        if answers():
            return
    raise ServerError(f"{child.name} did not answer within {START_SECONDS:.0f} seconds. Its log is {log}.")
