"""Writes in batches of one change set per record, each answered for itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import structlog

from erpsync.domain.errors import SyncError
from erpsync.systems.sap.odata import refusals
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.edm import parts
from erpsync.systems.sap.odata.refusals import Refusal
from erpsync.systems.sap.odata.wire import Row
from erpsync.transport.batch import Answer, BatchUnreadable, ChangeSet, Request

Key = TypeVar("Key")

log = structlog.get_logger()


class Changed(Exception):
    """A change set was refused because the record was changed since it was read (412)."""


def write_all(
    gateway: Gateway,
    service: str,
    writes: Mapping[Key, Sequence[Request]],
    names: Callable[[Key], str],
    size: int,
    settle_seconds: float,
) -> dict[Key, Row | SyncError | Changed]:
    """The first entity of each change set's answer (empty for a change), or what it ended with.

    Where a call of several ends with an error, its records have that error and the others their own; after one that
    concerns the connection, what is left is not sent and has it too. A call that is the only one raises.
    """
    outcomes: dict[Key, Row | SyncError | Changed] = {}
    keys = list(writes)
    for part in parts(keys, size):
        try:
            answers = gateway.write(service, [ChangeSet(tuple(writes[key])) for key in part])
        except SyncError as error:
            if len(part) == len(keys):
                raise
            left = [key for key in keys if key not in outcomes] if refusals.is_for_all(error) else part
            outcomes |= dict.fromkeys(left, error)
            if refusals.is_for_all(error):
                break
            continue
        for key, answer in zip(part, answers, strict=True):
            outcomes[key] = _outcome(answer, names(key), settle_seconds)
    return outcomes


def _outcome(answer: Answer | SyncError | Refusal, name: str, settle_seconds: float) -> Row | SyncError | Changed:
    if isinstance(answer, Refusal):
        return Changed() if answer.status == 412 else refusals.of_refusal(answer, record=name)
    if isinstance(answer, SyncError):
        return answer
    for one in answer:
        if warnings := refusals.warnings_of(one.headers):
            log.warning("sap.messages", record=name, messages=list(warnings))
    try:
        return _entity(answer)
    except BatchUnreadable:
        return refusals.unreadable("The answer to a write is not JSON.", write=True, settle_seconds=settle_seconds)


def _entity(answer: Answer) -> Row:
    body = answer[0].json() if answer[0].body else {}
    data = body.get("d") if isinstance(body, Mapping) else None
    return data if isinstance(data, Mapping) else {}
