"""Sees to it that remotes tell of changes: webhooks that end are renewed, and lost ones made again, of which a person is
told."""

from collections.abc import Sequence

import structlog

from erpsync.domain.errors import Problem, SyncError, Transient
from erpsync.domain.ids import ConnectionName
from erpsync.engine.attempt import attempt
from erpsync.engine.letters import route
from erpsync.engine.runtime import Runtime
from erpsync.ledger import audit, dead_letters
from erpsync.ports.store_records import Subscription, SubscriptionState
from erpsync.ports.subscriptions import Subscriptions

log = structlog.get_logger()


def look_after(runtime: Runtime, source: ConnectionName, remote: Subscriptions, address: str) -> list[Subscription]:
    """Repairs what is not well and renews what ends; returns what was lost. Of that a person is told: something keeps the
    remote from delivering.

    Raises only what the ledger raises. A remote that does not answer is looked after the next time.
    """
    before = attempt(lambda: remote.subscriptions(address))
    if isinstance(before, Exception):
        return _failed(runtime, source, before)
    if all(one.state is SubscriptionState.ACTIVE for one in before):
        return []
    after = attempt(lambda: remote.subscribe(address))
    if isinstance(after, Exception):
        return _failed(runtime, source, after)
    lost = [one for one in before if not one.delivers]
    still = [one for one in after if not one.delivers]
    if lost or still:
        _tell(runtime, source, lost, still)
    return lost


def _tell(
    runtime: Runtime, source: ConnectionName, lost: Sequence[Subscription], still: Sequence[Subscription]
) -> None:
    """That they are made for the first time is no news; that all are gone which were made once, is."""
    now = runtime.clock.now()
    letters: list[int | None] = []
    with runtime.database.begin() as connection:
        detail = ", ".join(f"{one.topic} was {one.state}" for one in lost)
        first = not audit.has(connection, "subscribe", source)
        audit.note(connection, actor="erpsync", action="subscribe", subject=source, detail=detail, now=now)
        if still or not first:
            problem = _problem(source, lost, still)
            letters.append(dead_letters.add_once(connection, problem, subject=f"{source} webhooks", now=now))
    log.warning("connection.subscribed", connection=source, repaired=len(lost) - len(still), still=len(still))
    route(runtime, [letter for letter in letters if letter is not None])


def _problem(source: ConnectionName, lost: Sequence[Subscription], still: Sequence[Subscription]) -> Problem:
    names = ", ".join(f"{one.topic} ({one.state})" for one in (lost or still))
    if still:
        return Problem(
            code="webhooks-not-repaired",
            system=source,
            what=f"{source} does not tell of changes any more: {names}. Making the webhooks again did not help.",
            next_step="See `erpsync doctor` for what is missing, and the system's own page of webhooks. Until then polls"
            " find what changed, some minutes later.",
        )
    return Problem(
        code="webhooks-repaired",
        system=source,
        what=f"{source} had stopped to tell of changes: {names}. The webhooks are made again.",
        next_step="Find out what kept it from delivering: the receiver's address, its certificate, a firewall. What"
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
