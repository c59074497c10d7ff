"""Routes dead letters to the queue `erpsync.dead_letter`. What the broker does not take, the sweep routes later."""

from collections.abc import Sequence

from erpsync.engine.runtime import Runtime
from erpsync.ledger import dead_letters


def route(runtime: Runtime, ids: Sequence[int]) -> None:
    if ids and runtime.wake.dead_letters(ids):
        with runtime.database.begin() as connection:
            dead_letters.routed(connection, ids, runtime.clock.now())
