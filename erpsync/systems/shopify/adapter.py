"""A Shopify store, as the flows see it."""

import json
import re
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip, SyncError, Transient
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import OrderNote
from erpsync.systems.shopify import checks, wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.bodies import read_object
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.mapper import read_order
from erpsync.systems.shopify.nodes import Node, NodeReader
from erpsync.systems.shopify.settings import ShopifySettings

# https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet
METAFIELDS_PER_CALL = 25
_ID = re.compile(r"[0-9]{1,25}")


class ShopifyStore:
    """The Store port. Not shared between threads or processes."""

    def __init__(self, settings: ShopifySettings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._client = ShopifyClient(settings, tools.clock)
        self._nodes = NodeReader(self._client, settings.currency)

    def ping(self) -> None:
        self._client.call("Ping")

    def check(self) -> Sequence[Check]:
        return checks.inspect(self._client, self._settings, self._clock)

    def order_from_event(self, body: bytes) -> Order:
        return read_order(read_object(body), self._settings.currency)

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        """See the port. Refunds are a second read, made for the orders that have any."""
        found: dict[SourceId, Order | SyncError] = {}
        gids = {source_id: f"gid://shopify/Order/{source_id}" for source_id in source_ids if _ID.fullmatch(source_id)}
        nodes = self._nodes.read("Orders", list(gids.values())) if gids else {}
        refunds = self._read_refunds([node for node in nodes.values() if isinstance(node, dict)])
        for source_id in source_ids:
            node = nodes[gids[source_id]] if source_id in gids else _no_id(source_id)
            found[source_id] = self._order(source_id, node, refunds)
        return found

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        written: dict[SourceId, SyncError | None] = {}
        for start in range(0, len(notes), METAFIELDS_PER_CALL):
            chunk = notes[start : start + METAFIELDS_PER_CALL]
            try:
                written |= self._write(chunk)
            except SyncError as error:
                if not written:
                    raise
                return written | dict.fromkeys((note.source_id for note in notes[start:]), error)
        return written

    def _read_refunds(self, orders: Sequence[Node]) -> Mapping[str, Node | SyncError | None]:
        gids = [gid for order in orders for gid in _refund_gids(order)]
        try:
            return self._nodes.read("Refunds", gids)
        except SyncError as error:
            # The orders without refunds have been read and need not be read again.
            return dict.fromkeys(gids, error)

    def _order(
        self,
        source_id: SourceId,
        node: Node | SyncError | None,
        refunds: Mapping[str, Node | SyncError | None],
    ) -> Order | SyncError:
        if isinstance(node, SyncError):
            return node
        if node is None:
            return Skip("order-gone", what="The order no longer exists in Shopify.", record=f"order {source_id}")
        of_order: list[Node] = []
        for gid in _refund_gids(node):
            refund = refunds[gid]
            if refund is None:
                return Transient("record-incomplete", system=SYSTEM, what="A refund of the order is missing.")
            if isinstance(refund, SyncError):
                return refund
            of_order.append(refund)
        try:
            return read_order(node | {"refunds": of_order}, self._settings.currency)
        except SyncError as error:
            return error

    def _write(self, notes: Sequence[OrderNote]) -> dict[SourceId, SyncError | None]:
        """One call for all; as it writes all or nothing, it is made again without those that were refused."""
        written: dict[SourceId, SyncError | None] = {}
        pending = list(notes)
        while pending:
            metafields = [self._metafield(note) for note in pending]
            payload = self._client.call("WriteBack", {"metafields": metafields}).data.get("metafieldsSet") or {}
            errors = _user_errors(payload)
            refused = {i: error for i, error in errors if i is not None and i < len(pending)}
            if not errors:
                return written | {note.source_id: None for note in pending}
            if not refused:
                return written | {note.source_id: _refused(note, errors[0][1]) for note in pending}
            written |= {pending[i].source_id: _refused(pending[i], error) for i, error in refused.items()}
            pending = [note for i, note in enumerate(pending) if i not in refused]
        return written

    def _metafield(self, note: OrderNote) -> wire.MetafieldInput:
        value = {"erp": note.erp, "id": note.target_id, "number": note.display}
        return wire.MetafieldInput(
            ownerId=f"gid://shopify/Order/{note.source_id}",
            namespace=self._settings.write_back_namespace,
            key=self._settings.write_back_key,
            type="json",
            value=json.dumps(value, ensure_ascii=False),
        )


def _refund_gids(order: Node) -> list[str]:
    return [refund["id"] for refund in order.get("refunds") or []]


def _user_errors(payload: Mapping[str, object]) -> list[tuple[int | None, wire.UserError]]:
    """Each error with the place of the metafield it is about."""
    errors = payload.get("userErrors")
    try:
        found = [wire.UserError.model_validate(error) for error in (errors if isinstance(errors, list) else [{}])]
    except ValidationError:
        found = [wire.UserError()]
    return [(_place(error), error) for error in found]


def _place(error: wire.UserError) -> int | None:
    if error.element_index is not None:
        return error.element_index
    places = [int(part) for part in error.field if part.isdecimal()]
    return places[0] if places else None


def _refused(note: OrderNote, error: wire.UserError) -> SyncError:
    record = f"order {note.source_id}"
    if error.field[-1:] == ("ownerId",):
        return Skip("order-gone", what="The order no longer exists in Shopify.", record=record)
    code = error.code or "no code"
    if code in {"STALE_OBJECT", "INTERNAL_ERROR"}:
        return Transient("write-back-failed", system=SYSTEM, what=f"The metafield was not set ({code}).", record=record)
    return Rejected(
        "write-back-refused",
        system=SYSTEM,
        record=record,
        what=f"Shopify refuses the metafield with the ERP's number ({code}).",
        next_step="Check in Shopify (Settings > Custom data > Orders) that the metafield's definition is of type JSON and "
        "may be written by this app; then replay.",
    )


def _no_id(source_id: SourceId) -> Rejected:
    return Rejected(
        "order-unreadable",
        system=SYSTEM,
        record=f"order {source_id[:40]}",
        what="The id is not an id of Shopify's: it must be a number.",
        next_step="Discard the job, and ask for the order by the number at the end of its address in the admin.",
    )
