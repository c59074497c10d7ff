"""The consumer of the queue `erpsync.dead_letter`: tells people, once per dead letter."""

import structlog

from erpsync.domain.errors import SyncError
from erpsync.engine import letters
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.tasks.app import app, assembly, runtime
from erpsync.transport import alerts

log = structlog.get_logger()


@app.task(name="erpsync.dead_letter")  # type: ignore[untyped-decorator]
def announce(letter_id: int) -> None:
    """Announces a dead letter in the log and at the configured alert address. The table stays the truth: a letter whose
    message is lost is routed again, one that was announced is not announced twice."""
    letters.announce(runtime(), letter_id, _tell)


def _tell(letter: DeadLetter) -> None:
    log.error("dead_letter", id=letter.id, subject=letter.subject, code=letter.code, problem=letter.problem)
    address = assembly().settings.alert_url
    if address is None:
        return
    text = (
        f"erpsync: {letter.subject} needs a person. {letter.problem} Next: {letter.next_step} (dead letter {letter.id})"
    )
    try:
        alerts.post(address.get_secret_value(), text)
    except SyncError as error:
        log.warning("alert.failed", id=letter.id, code=error.code)
        raise
