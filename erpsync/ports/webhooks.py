"""How webhooks are believed and read: a store's say what changed, an ERP's that something did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from erpsync.domain.ids import SourceId


class NotAuthentic(Exception):
    """The delivery does not prove where it comes from. `reason` is a fixed phrase, safe to log and to answer."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Delivery:
    """One HTTP request of a store or an ERP, untouched. Header names are lower-case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Change:
    """What a delivery says has changed. `version` orders the changes of one record; later wins.

    `flow` is a key of `flows.table`. `number` is what people call the record. `carries_state` says that the body is the
    whole record at that version, so that it need not be fetched. `body` is that, where a poll has read it rather than a
    delivery brought it.
    """

    flow: str
    source_id: SourceId
    version: datetime
    number: str
    carries_state: bool
    body: bytes | None = None


@dataclass(frozen=True)
class Nudge:
    """Something that a flow takes from here has changed: what, and how it is now, the flow's poll finds out. One that is
    doubled, late or false costs a poll."""

    flow: str


class Webhooks(Protocol):
    """Reads one connection's deliveries. Pure: no network, no clock of its own."""

    def verify(self, delivery: Delivery, now: datetime) -> None:
        """Raises NotAuthentic. Compares in constant time, on the raw body."""
        ...

    def delivery_key(self, delivery: Delivery) -> str:
        """Equal for repeats of one delivery, different for any two that are not repeats. At most 200 characters."""
        ...

    def topic(self, delivery: Delivery) -> str:
        """The system's name for what happened, at most 100 characters; empty where it gives none."""
        ...

    def changes(self, delivery: Delivery) -> Sequence[Change | Nudge]:
        """What changed, and what is to be polled soon; empty where it is nothing that erpsync syncs. Raises Rejected where
        the body cannot be read."""
        ...
