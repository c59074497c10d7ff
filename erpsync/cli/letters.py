"""One dead letter and the delivery it is about, as the person needs them who must judge it."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from erpsync.cli import output
from erpsync.cli.output import Cell
from erpsync.engine.operations import NotPossible
from erpsync.ledger import inbox, reads
from erpsync.ledger.dead_letters import DeadLetter
from erpsync.ledger.reads import DeliveryDetail

HIDDEN = "(hidden)"
# What lets its holder send in the store's name. Signatures stay: they prove one body and open nothing.
_SECRET_NAMES = ("authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "credential")


def existing(connection: Connection, letter_id: int) -> DeadLetter:
    """The dead letter of that id. Raises NotPossible where there is none."""
    letter = reads.dead_letter(connection, letter_id)
    if letter is None:
        raise NotPossible(f"There is no dead letter {letter_id}. `erpsync dead list` shows the open ones.")
    return letter


def delivery_of(connection: Connection, letter: DeadLetter) -> DeliveryDetail | None:
    """The delivery that could not be read, secrets among its headers hidden; None where the letter is about something
    else."""
    kept = reads.delivery(connection, letter.inbox_id) if letter.inbox_id else None
    return None if kept is None else replace(kept, headers=_without_secrets(kept.headers))


def body_of(connection: Connection, letter: DeadLetter) -> bytes:
    """The raw body of that delivery. Raises NotPossible where there is none."""
    if letter.job_id is not None:
        raise NotPossible(f"Dead letter {letter.id} is about a job: see `erpsync jobs show {letter.job_id}`.")
    found = inbox.body_of(connection, [letter.inbox_id]) if letter.inbox_id else {}
    if not found:
        raise NotPossible(f"Dead letter {letter.id} has no body: it is about no delivery.")
    return next(iter(found.values()))


def show(letter: DeadLetter, delivery: DeliveryDetail | None) -> None:
    output.line(f"Dead letter {letter.id}: {letter.subject}", "bold")
    output.fields(_facts(letter))
    if delivery is not None:
        output.heading(f"Delivery {delivery.id}")
        output.fields(_delivery_facts(letter, delivery))
        output.heading("Its headers")
        output.fields(delivery.headers.items())


def write_body(body: bytes) -> None:
    """Writes it as it came; on a terminal with the signs escaped that would steer it."""
    if sys.stdout.isatty():
        output.line(body.decode("utf-8", "backslashreplace"))
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def _facts(letter: DeadLetter) -> Iterator[tuple[str, Cell]]:
    yield "problem", letter.problem
    yield "next step", letter.next_step
    yield "code", letter.code
    yield "attempts", str(letter.attempts) if letter.attempts else ""
    yield "since", output.moment(letter.created_at)
    yield "job", f"{letter.job_id}; see `erpsync jobs show {letter.job_id}`" if letter.job_id else ""
    yield "task", letter.task
    if letter.closed_at:
        yield "closed", f"{output.moment(letter.closed_at)}, {letter.closed_as} by {letter.closed_by}"
    else:
        replay = f"`erpsync dead replay {letter.id}`, or " if letter.job_id or letter.inbox_id else ""
        yield "settle it", f"{replay}`erpsync dead discard {letter.id}`"


def _delivery_facts(letter: DeadLetter, delivery: DeliveryDetail) -> Iterator[tuple[str, Cell]]:
    yield "from", delivery.connection
    yield "topic", delivery.topic
    yield "received", output.moment(delivery.received_at)
    yield "state", output.stated(delivery.state)
    yield "body", f"{delivery.size} bytes; see `erpsync dead show {letter.id} --body`"


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: HIDDEN if any(secret in name.lower() for secret in _SECRET_NAMES) else value
        for name, value in sorted(headers.items())
    }
