"""Stops a push that looks like a mistake of the ERP's, until a person has looked."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from erpsync.domain.errors import Problem
from erpsync.flows.context import FlowContext
from erpsync.ledger import catalogue, dead_letters, pushes
from erpsync.ledger.pushes import Push, PushState


def weighed(connection: Connection, context: FlowContext, push: Push, now: datetime) -> Push | None:
    """The push with its state decided; None where there is nothing in it."""
    push = pushes.weigh(connection, push.id, catalogue.size(connection, context.source), Decimal(0))
    reason = _alarm(context, push)
    waiting = PushState.HELD if reason else PushState.PUSHING
    asking = push.changed or pushes.tally(connection, push.id)
    state = waiting if asking else PushState.DONE
    pushes.move(connection, push.id, state, now, reason)
    subject, code = push.letter
    if state is not PushState.HELD:
        dead_letters.close_said(connection, subject, code, now)
    elif push.state is not PushState.HELD:
        dead_letters.add_once(connection, _problem(push, reason), subject=subject, now=now)
    return None if state is PushState.DONE else pushes.get(connection, push.id)


def _alarm(context: FlowContext, push: Push) -> str:
    """Why a person should look, empty where none needs to."""
    rules, size = context.stock, push.catalogue
    if size <= rules.small_catalogue:
        return ""
    if push.alarming > rules.zero_share * size:
        return f"it would set {push.alarming} of {size} SKUs to nothing, more than {_percent(rules.zero_share)}"
    if push.changed > rules.moved_share * size:
        return f"it would change {push.changed} of {size} SKUs, more than {_percent(rules.moved_share)}"
    return ""


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"


def _problem(push: Push, reason: str) -> Problem:
    return Problem(
        code=push.letter[1],
        system=push.store,
        what=f"Stock of {push.store} stands still: {reason}.",
        next_step=f"Look at what it would do with `erpsync stock plan {push.id}`. If it is right, `erpsync stock apply"
        f" {push.id}`; if not, correct the levels in {push.erp}: the next poll that is plausible goes on by itself.",
    )
