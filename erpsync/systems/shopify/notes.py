"""What is written on orders for the store's users: the ERP's number as a metafield, and a tag while one waits."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.domain.ids import SourceId
from erpsync.ports.store_records import OrderMark, OrderNote
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.order_reads import is_id, no_id, order_gid
from erpsync.systems.shopify.reach import Reach
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.turns import in_turn

# https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet
METAFIELDS_PER_CALL = 25
_ORDERS_PER_READ = 50
# https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/tagsAdd
_TAG_LENGTH = 40


class _OfOrder(Protocol):
    @property
    def source_id(self) -> SourceId: ...


R = TypeVar("R", bound=_OfOrder)


class OrderNotes:
    def __init__(self, client: ShopifyClient, reach: Reach, settings: ShopifySettings) -> None:
        self._client = client
        self._reach = reach
        self._settings = settings

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        return _in_chunks(notes, METAFIELDS_PER_CALL, self._write)

    def mark(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        """See the port. The tag is `hold_tag` with the reason; only tags that begin so are ours."""
        usable = [mark for mark in marks if is_id(mark.source_id)]
        refused = {mark.source_id: no_id(mark.source_id) for mark in marks if not is_id(mark.source_id)}
        return {**refused, **_in_chunks(usable, _ORDERS_PER_READ, self._mark_chunk)}

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
                return written | {note.source_id: self._refused(note, errors[0][1]) for note in pending}
            written |= {pending[i].source_id: self._refused(pending[i], error) for i, error in refused.items()}
            pending = [note for i, note in enumerate(pending) if i not in refused]
        return written

    def _metafield(self, note: OrderNote) -> wire.MetafieldInput:
        value = {"erp": note.erp, "id": note.target_id, "number": note.display}
        return wire.MetafieldInput(
            ownerId=order_gid(note.source_id),
            namespace=self._settings.write_back_namespace,
            key=self._settings.write_back_key,
            type="json",
            value=json.dumps(value, ensure_ascii=False),
        )

    def _refused(self, note: OrderNote, error: wire.UserError) -> SyncError:
        record = f"order {note.source_id}"
        if error.field[-1:] == ("ownerId",):
            return self._reach.missing(note.source_id)
        code = error.code or "no code"
        if code in {"STALE_OBJECT", "INTERNAL_ERROR"}:
            return Transient(
                "write-back-failed", system=SYSTEM, what=f"The metafield was not set ({code}).", record=record
            )
        return Rejected(
            "write-back-refused",
            system=SYSTEM,
            record=record,
            what=f"Shopify refuses the metafield with the ERP's number ({code}).",
            next_step="Check in Shopify (Settings > Custom data > Orders) that the metafield's definition is of type JSON "
            "and may be written by this app; then replay.",
        )

    def _mark_chunk(self, marks: Sequence[OrderMark]) -> dict[SourceId, SyncError | None]:
        ids = [order_gid(mark.source_id) for mark in marks]
        nodes = self._client.call("TagsOf", {"ids": ids}).data.get("nodes") or []
        tags = {str(node.get("id")): node.get("tags") or [] for node in nodes if isinstance(node, dict)}
        return in_turn(
            marks, lambda mark: mark.source_id, lambda mark: self._mark_one(mark, tags.get(order_gid(mark.source_id)))
        )

    def _mark_one(self, mark: OrderMark, tags: Sequence[str] | None) -> SyncError | None:
        if tags is None:
            return self._reach.missing(mark.source_id)
        prefix = f"{self._settings.hold_tag}:"
        wanted = f"{prefix} {mark.code}"[:_TAG_LENGTH].strip() if mark.code else ""
        # Shopify's tags are the same in any case.
        ours = [tag for tag in tags if tag.lower().startswith(prefix.lower())]
        others = [tag for tag in ours if tag.lower() != wanted.lower()]
        if others:
            self._change_tags("RemoveTags", "tagsRemove", mark, others)
        if wanted and len(others) == len(ours):
            self._change_tags("AddTags", "tagsAdd", mark, [wanted])
        return None

    def _change_tags(self, name: str, field: str, mark: OrderMark, tags: Sequence[str]) -> None:
        payload = self._client.call(name, {"id": order_gid(mark.source_id), "tags": list(tags)}).data.get(field) or {}
        if payload.get("userErrors"):
            raise Rejected(
                "mark-refused",
                system=SYSTEM,
                record=f"order {mark.source_id}",
                what="Shopify refuses the tag on the order.",
                next_step="Take some tags off the order in Shopify, which allows 250, and check `hold_tag`; then replay.",
            )


def _in_chunks(
    records: Sequence[R], size: int, write: Callable[[Sequence[R]], dict[SourceId, SyncError | None]]
) -> dict[SourceId, SyncError | None]:
    """Writes chunk by chunk. What stands in the way of all is raised, but for what was written before."""
    written: dict[SourceId, SyncError | None] = {}
    for start in range(0, len(records), size):
        try:
            written |= write(records[start : start + size])
        except SyncError as error:
            if not written:
                raise
            return written | dict.fromkeys((record.source_id for record in records[start:]), error)
    return written


def _user_errors(payload: Mapping[str, Any]) -> list[tuple[int | None, wire.UserError]]:
    """Each error with the place of the metafield it is about."""
    errors = payload.get("userErrors")
    try:
        found = [wire.UserError.model_validate(error) for error in (errors if isinstance(errors, list) else [{}])]
    except ValidationError:
        found = [wire.UserError()]
    return [(error.place, error) for error in found]
