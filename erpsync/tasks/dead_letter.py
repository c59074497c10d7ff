"""The consumer of the queue `erpsync.dead_letter`: tells people, once per dead letter."""

import structlog

from erpsync.domain.errors import SyncError
from erpsync.ledger import dead_letters
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.tasks.app import app, assembly
from erpsync.transport import alerts

log = structlog.get_logger()


@app.task(name="erpsync.dead_letter")  # type: ignore[untyped-decorator]
def announce(letter_id: int) -> None:
    """Announces a dead letter in the log and at the configured alert address. The table stays the truth: a letter whose
    message is lost is routed again, one that was announced is not announced twice."""
    context = assembly()
    with context.database.begin() as connection:
        letter = dead_letters.announced(connection, letter_id, context.clock.now())
        if letter is None:
            return
        log.error("dead_letter", id=letter.id, subject=letter.subject, code=letter.code, problem=letter.problem)
        if context.settings.alert_url is not None:
            _alert(context.settings.alert_url.get_secret_value(), letter)


def _alert(url: str, letter: DeadLetter) -> None:
    text = (
        f"erpsync: {letter.subject} needs a person. {letter.problem} Next: {letter.next_step} (dead letter {letter.id})"
    )
    try:
        alerts.post(url, text)
    except SyncError as error:
        # The letter stays unannounced and is routed again; the database transaction ends without its mark.
        log.warning("alert.failed", id=letter.id, code=error.code)
        raise
