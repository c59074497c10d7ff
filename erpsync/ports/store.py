"""The store's side of a sync. Bulk methods answer per record: a returned error concerns that record alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check


@dataclass(frozen=True)
class OrderNote:
    """What is written back on a store's order once the ERP has it."""

    source_id: SourceId
    erp: str
    target_id: TargetId
    display: str


class Store(Protocol):
    """A store as the flows see it. Methods block; all may raise Transient errors."""

    def ping(self) -> None:
        """The cheapest authenticated read. Returns when the store answers."""
        ...

    def check(self) -> Sequence[Check]:
        """Reachability, credentials, permissions, webhooks and clock skew, a `Check` each. Raises nothing that a remote
        can cause."""
        ...

    def order_from_event(self, body: bytes) -> Order:
        """The order that a verified webhook's raw body carries. Pure. Raises Rejected naming the field it could not read.
        Called only for changes that say `carries_state`."""
        ...

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        """The latest state of each order. An order that no longer exists is a Skip."""
        ...

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        """Writes the ERP's id and number on each order, where the store's users see it. Writing twice is harmless."""
        ...
