"""The ledger's rows that commands change, and who is to have changed them."""

import os
import pwd

from sqlalchemy import Engine, text

from erpsync.ledger import dead_letters
from erpsync.ledger.dead_letters import DeadLetter


def job_states(database: Engine) -> dict[int, str]:
    with database.connect() as connection:
        return {row.id: row.state for row in connection.execute(text("SELECT id, state FROM jobs"))}


def delivery_states(database: Engine) -> list[str]:
    with database.connect() as connection:
        return list(connection.execute(text("SELECT state FROM inbox ORDER BY id")).scalars())


def letter(database: Engine, letter_id: int) -> DeadLetter:
    with database.begin() as connection:
        found = dead_letters.get(connection, letter_id)
    assert found is not None
    return found


def audits(database: Engine) -> list[tuple[str, str, str]]:
    with database.connect() as connection:
        found = connection.execute(text("SELECT actor, action, subject FROM audit ORDER BY id"))
        return [(row.actor, row.action, row.subject) for row in found]


def actor() -> str:
    return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
