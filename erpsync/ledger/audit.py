"""Who did what: every action of a person leaves a row, in the transaction that carries it out."""

from datetime import datetime

from sqlalchemy import Connection, insert

from erpsync.ledger.tables import audit


def note(connection: Connection, *, actor: str, action: str, subject: str, now: datetime, detail: str = "") -> None:
    connection.execute(insert(audit).values(actor=actor, action=action, subject=subject, detail=detail, at=now))
