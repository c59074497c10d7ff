"""Who did what: every action of a person leaves a row, in the transaction that carries it out."""

from datetime import datetime

from sqlalchemy import Connection, exists, insert, select

from erpsync.ledger.tables import audit


def note(connection: Connection, *, actor: str, action: str, subject: str, now: datetime, detail: str = "") -> None:
    connection.execute(insert(audit).values(actor=actor, action=action, subject=subject, detail=detail, at=now))


def has(connection: Connection, action: str, subject: str) -> bool:
    """Whether this was ever done to it: rows stay for good."""
    done = exists().where(audit.c.action == action, audit.c.subject == subject)
    return bool(connection.execute(select(done)).scalar())
