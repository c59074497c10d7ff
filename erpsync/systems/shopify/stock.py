"""Sets what is available, up to 250 quantities a call, each compared first where we know what should be there.

A call is done as a whole or not at all: what it refuses is taken out, and the rest is sent again under a new key
(https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/inventorySetQuantities). Keys are never used twice: a
quantity is absolute, and one that is sent again after a lost reply finds itself set.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.domain.ids import Sku
from erpsync.ports.store_records import Stale, StockAnswer, StockChange
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.lists import unreadable
from erpsync.systems.shopify.places import Places
from erpsync.systems.shopify.skus import Skus
from erpsync.systems.shopify.wire_catalogue import ItemAt, QuantityInput

PER_CALL = 250
_LEVELS_PER_READ = 100
# A call that is refused time and again is given up: each round takes something out or reads anew.
_ROUNDS = 5
_STALE = "CHANGE_FROM_QUANTITY_STALE"
_UNSTOCKED = "ITEM_NOT_STOCKED_AT_LOCATION"
_GONE = "INVALID_INVENTORY_ITEM"
_AGAIN = frozenset({"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"})
_BUSY = "IDEMPOTENCY_CONCURRENT_REQUEST"
Key = tuple[Sku, str]


@dataclass(frozen=True)
class _Row:
    change: StockChange
    item: str
    location: str

    @property
    def key(self) -> Key:
        return (self.change.sku, self.change.location)

    @property
    def level(self) -> tuple[str, str]:
        return (self.item, self.location)


class StockWriter:
    def __init__(
        self,
        client: ShopifyClient,
        skus: Skus,
        places: Places,
        nonce: Callable[[], str],
        *,
        activate: bool,
    ) -> None:
        self._client = client
        self._skus = skus
        self._places = places
        self._nonce = nonce
        self._activate = activate
        self._stocked: set[tuple[str, str]] = set()

    def put(self, changes: Sequence[StockChange]) -> Mapping[Key, StockAnswer]:
        answers: dict[Key, StockAnswer] = {}
        try:
            rows = self._rows(changes, answers)
            rows = self._stocked_ones(rows, answers)
        except SyncError as error:
            if not answers:
                raise
            return {(each.sku, each.location): error for each in changes} | answers
        for start in range(0, len(rows), PER_CALL):
            try:
                self._set_chunk(rows[start : start + PER_CALL], answers)
            except SyncError as error:
                if not answers:
                    raise
                return dict.fromkeys((row.key for row in rows), error) | answers
        return answers

    def _rows(self, changes: Sequence[StockChange], answers: dict[Key, StockAnswer]) -> list[_Row]:
        """The changes that name something the store has; of two for one level the later."""
        places = {location: self._places.find(location) for location in {each.location for each in changes}}
        items = self._skus.items(each.sku for each in changes)
        rows: dict[Key, _Row] = {}
        for change in changes:
            item, place = items[change.sku], places[change.location]
            if isinstance(item, Rejected):
                answers[change.sku, change.location] = item
            elif isinstance(place, Rejected):
                answers[change.sku, change.location] = place
            else:
                rows[change.sku, change.location] = _Row(change, item, place)
        return list(rows.values())

    def _stocked_ones(self, rows: Sequence[_Row], answers: dict[Key, StockAnswer]) -> list[_Row]:
        """The rows whose location stocks the item; the others are stocked there first, or refused."""
        unsure = [row for row in rows if row.level not in self._stocked]
        levels = self._levels(unsure)
        self._stocked |= {level for level, found in levels.items() if found.level is not None and found.level.active}
        for row in unsure:
            if row.level not in self._stocked:
                answers[row.key] = self._stock_at(row)
        return [row for row in rows if row.key not in answers]

    def _stock_at(self, row: _Row) -> StockAnswer:
        if not self._activate:
            return _not_stocked(row)
        variables = {
            "item": row.item, "location": row.location, "available": row.change.quantity, "key": self._nonce(),
        }  # fmt: skip
        payload = self._client.call("StockAt", variables).data.get("inventoryActivate") or {}
        if payload.get("userErrors") != []:
            return _not_stocked(row)
        self._stocked.add(row.level)
        # An item that was stocked there before keeps what it had then: it is set like the others the next time.
        return None if self._available([row]).get(row.level) == row.change.quantity else Stale(None)

    def _set_chunk(self, rows: Sequence[_Row], answers: dict[Key, StockAnswer]) -> None:
        pending = list(rows)
        for _ in range(_ROUNDS):
            if not pending:
                return
            errors = self._send(pending)
            if not errors:
                answers |= dict.fromkeys((row.key for row in pending), None)
                return
            self._judge(pending, errors, answers)
            pending = [row for row in pending if row.key not in answers]
        answers |= dict.fromkeys((row.key for row in pending), _changing())

    def _send(self, rows: Sequence[_Row]) -> list[wire.UserError]:
        key = self._nonce()
        quantities = [
            QuantityInput(
                inventoryItemId=row.item,
                locationId=row.location,
                quantity=row.change.quantity,
                changeFromQuantity=row.change.was,
            )
            for row in rows
        ]
        given = {
            "name": "available",
            "reason": "correction",
            "referenceDocumentUri": f"gid://erpsync/StockUpdate/{key}",
            "quantities": quantities,
        }
        payload = self._client.call("SetStock", {"input": given, "key": key}).data.get("inventorySetQuantities") or {}
        try:
            return [wire.UserError.model_validate(error) for error in payload["userErrors"]]
        except (KeyError, TypeError, ValidationError):
            raise unreadable("What became of the quantities was not told.") from None

    def _judge(self, rows: Sequence[_Row], errors: Sequence[wire.UserError], answers: dict[Key, StockAnswer]) -> None:
        """Answers the rows at fault. Raises Transient where the call as a whole is."""
        codes = {error.code for error in errors}
        if _BUSY in codes:
            raise Transient("stock-busy", system=SYSTEM, what="Shopify is still at work on the same request.")
        if codes <= _AGAIN:
            return
        at_fault = {error.place: error for error in errors}
        if _STALE in codes:
            self._tell_stale(rows, {place for place, error in at_fault.items() if error.code == _STALE}, answers)
        for place, error in at_fault.items():
            if error.code == _STALE:
                continue
            if place is None or place >= len(rows):
                raise _refused_as_a_whole(error)
            answers[rows[place].key] = self._refused(rows[place], error)

    def _tell_stale(self, rows: Sequence[_Row], named: set[int | None], answers: dict[Key, StockAnswer]) -> None:
        """Reads what there is, for all that are compared: Shopify need not name every one that differs."""
        available = self._available([row for row in rows if row.change.was is not None])
        for place, row in enumerate(rows):
            if row.change.was is None:
                continue
            actual = available.get(row.level)
            if place in named or actual != row.change.was:
                answers[row.key] = Stale(actual)

    def _refused(self, row: _Row, error: wire.UserError) -> StockAnswer:
        self._skus.forget(row.change.sku)
        self._stocked.discard(row.level)
        if error.code == _UNSTOCKED:
            return self._stock_at(row)
        if error.code == _GONE:
            # Deleted, or made anew under the same SKU: the next attempt looks it up.
            return Transient(
                "item-replaced", system=SYSTEM, what=f"The variant of SKU {row.change.sku} is another now."
            )
        return Rejected(
            "stock-refused",
            system=SYSTEM,
            record=f"SKU {row.change.sku}",
            what=f"Shopify refuses the quantity {row.change.quantity} ({error.code or 'no code'}).",
            next_step="Look at the variant's inventory in Shopify: a bundle's or a gift card's stock cannot be set. Then "
            "replay, or take the item out of the stock's sync.",
        )

    def _available(self, rows: Sequence[_Row]) -> dict[tuple[str, str], int | None]:
        levels = self._levels(rows)
        return {level: found.level.available if found.level else None for level, found in levels.items()}

    def _levels(self, rows: Sequence[_Row]) -> dict[tuple[str, str], ItemAt]:
        found: dict[tuple[str, str], ItemAt] = {}
        by_location: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            by_location[row.location].append(row.item)
        for location, items in by_location.items():
            for start in range(0, len(items), _LEVELS_PER_READ):
                ids = items[start : start + _LEVELS_PER_READ]
                nodes = self._client.call("LevelsAt", {"ids": ids, "location": location}).data.get("nodes") or []
                try:
                    read = [ItemAt.model_validate(node) for node in nodes if node is not None]
                except ValidationError:
                    raise unreadable("What a location has could not be read.") from None
                found |= {(each.id, location): each for each in read}
        return found


def _not_stocked(row: _Row) -> Rejected:
    return Rejected(
        "not-stocked-here",
        system=SYSTEM,
        record=f"SKU {row.change.sku}",
        what=f"The location {row.change.location} does not stock this variant.",
        next_step="Add the location at the variant in Shopify (Inventory > Edit locations), then replay; or set "
        "`activate_stock` on the connection, and erpsync does so.",
    )


def _refused_as_a_whole(error: wire.UserError) -> Rejected:
    return Rejected(
        "stock-refused",
        system=SYSTEM,
        what=f"Shopify refuses to set stock ({error.code or 'no code'}).",
        next_step="Run `erpsync doctor`: the API version may have changed. Then replay.",
    )


def _changing() -> Transient:
    return Transient("stock-changing", system=SYSTEM, what="The stock changed again and again while it was being set.")
