"""Sees to it that stores tell of changes: lost webhooks are made again, and a person is told what happened."""

from collections.abc import Sequence

import structlog

from erpsync.domain.errors import Problem, SyncError, Transient
from erpsync.domain.ids import ConnectionName
from erpsync.engine.attempt import attempt
from erpsync.engine.letters import route
from erpsync.engine.runtime import Runtime
from erpsync.ledger import audit, dead_letters
from erpsync.ports.store import StoreSubscriptions
from erpsync.ports.store_records import Subscription, SubscriptionState

log = structlog.get_logger()


def look_after(runtime: Runtime, source: ConnectionName, store: StoreSubscriptions, address: str) -> list[Subscription]:
    """Repairs what is not well; returns what was not. A person is told: something keeps the store from delivering.

    Raises only what the ledger raises. A store that does not answer is looked after the next time.
    """
    before = attempt(lambda: store.subscriptions(address))
    if isinstance(before, Exception):
        return _failed(runtime, source, before)
    lost = [one for one in before if one.state is not SubscriptionState.ACTIVE]
    if not lost:
        return []
    after = attempt(lambda: store.subscribe(address))
    if isinstance(after, Exception):
        return _failed(runtime, source, after)
    still = [one for one in after if one.state is not SubscriptionState.ACTIVE]
    first = all(one.state is SubscriptionState.MISSING for one in before)
    now = runtime.clock.now()
    letters: list[int | None] = []
    with runtime.database.begin() as connection:
        detail = ", ".join(f"{one.topic} was {one.state}" for one in lost)
        audit.note(connection, actor="erpsync", action="subscribe", subject=source, detail=detail, now=now)
        if still or not first:
            problem = _problem(source, lost, still)
            letters.append(dead_letters.add_once(connection, problem, subject=f"{source} webhooks", now=now))
    log.warning("connection.subscribed", connection=source, repaired=len(lost) - len(still), still=len(still))
    route(runtime, [letter for letter in letters if letter is not None])
    return lost


def _problem(source: ConnectionName, lost: Sequence[Subscription], still: Sequence[Subscription]) -> Problem:
    names = ", ".join(f"{one.topic} ({one.state})" for one in lost)
    if still:
        return Problem(
            code="webhooks-not-repaired",
            system=source,
            what=f"The store does not tell of changes any more: {names}. Making the webhooks again did not help.",
            next_step="See `erpsync doctor` for what is missing, and the store's own page of webhooks. Until then its polls"
            " find what changed, some minutes later.",
        )
    return Problem(
        code="webhooks-repaired",
        system=source,
        what=f"The store had stopped to tell of changes: {names}. The webhooks are made again.",
        next_step="Find out what kept the store from delivering: the receiver's address, its certificate, a firewall. What"
        " was missed meanwhile is found by polls. Then discard this dead letter.",
    )


def _failed(runtime: Runtime, source: ConnectionName, error: Exception) -> list[Subscription]:
    unexpected = not isinstance(error, SyncError)
    code = error.code if isinstance(error, SyncError) else type(error).__name__
    log.warning("subscriptions.failed", connection=source, code=code, exc_info=error if unexpected else None)
    if isinstance(error, SyncError) and not isinstance(error, Transient):
        with runtime.database.begin() as connection:
            subject = f"{source} webhooks"
            letter = dead_letters.add_once(connection, error.problem, subject=subject, now=runtime.clock.now())
        route(runtime, [] if letter is None else [letter])
    return []
