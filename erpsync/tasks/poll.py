"""The tasks that ask connections what changed. One message starts those that are due; each poll is a task of its own."""

from datetime import timedelta

from erpsync.domain.ids import ConnectionName
from erpsync.engine import polling
from erpsync.tasks.app import app, assembly, runtime

# `start` finds a poll that was cut short by itself; a message that it has waited for is better late than twice.
_MORE_SECONDS = 30.0


@app.task(name="erpsync.poll.start")  # type: ignore[untyped-decorator]
def start() -> None:
    """Sends a poll for each connection whose time has come."""
    for source, flow, seconds in assembly().polls():
        if polling.is_due(runtime(), source, flow, timedelta(seconds=seconds)):
            _send(source, flow, seconds, expires=seconds)


@app.task(name="erpsync.poll.poll")  # type: ignore[untyped-decorator]
def poll(source: str, flow: str, seconds: float) -> None:
    """Takes in what changed in a connection since its last poll; see `engine.polling`. Of several messages that ask for one
    poll, those that come late find it done."""
    name = ConnectionName(source)
    if polling.is_due(runtime(), name, flow, timedelta(seconds=seconds)) and polling.poll(runtime(), name, flow).more:
        _send(name, flow, seconds, expires=_MORE_SECONDS)


def _send(source: ConnectionName, flow: str, seconds: float, expires: float) -> None:
    """Not taken before the next one is due, the message is worth nothing."""
    app.send_task("erpsync.poll.poll", [source, flow, seconds], expires=expires, argsrepr=f"({source} {flow})")
