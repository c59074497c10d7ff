"""Dead letters on their way to people: routed to the queue `erpsync.dead_letter`, and announced by its consumer."""

import secrets
from collections.abc import Callable, Sequence

from erpsync.domain.ids import ConnectionName
from erpsync.engine.runtime import Runtime
from erpsync.ledger import dead_letters, reservations
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.ledger.reservations import Room

_ROOM = Room("announcement", ConnectionName("erpsync"))


def route(runtime: Runtime, ids: Sequence[int]) -> None:
    """What the broker does not take, the sweep routes later."""
    if ids and runtime.wake.dead_letters(ids):
        with runtime.database.begin() as connection:
            dead_letters.routed(connection, ids, runtime.clock.now())


def announce(runtime: Runtime, letter_id: int, tell: Callable[[DeadLetter], None]) -> None:
    """Has people told of a dead letter, once, however many messages ask for it; not of one that is closed.

    Raises what `tell` raises; then, as after the death of its worker, the sweep routes the letter again.
    """
    holder, keys = secrets.token_hex(8), [str(letter_id)]
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        if not reservations.take(connection, _ROOM, keys, holder, now + runtime.lease, now):
            return
        letter = dead_letters.unannounced(connection, letter_id)
    try:
        if letter is not None:
            tell(letter)
            with runtime.database.begin() as connection:
                dead_letters.announced(connection, letter_id, runtime.clock.now())
    finally:
        with runtime.database.begin() as connection:
            reservations.release(connection, _ROOM, keys, holder)
