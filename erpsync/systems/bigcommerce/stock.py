"""Sets stock: absolute adjustments, up to 2,000 in one call, grouped by location.

https://developer.bigcommerce.com/docs/store-operations/catalog/inventory-adjustments: the API takes no condition, so what
a location has is read and compared just before, and a sale in between is not noticed; what it was told shows after a
moment. A call is taken or refused as a whole: what would be refused is found out before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.ports.store_records import Stale, StockAnswer, StockChange
from erpsync.systems.bigcommerce.catalogue import Catalogue, Shelved, unknown_sku
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.refusals import SYSTEM

ADJUSTMENTS_PER_CALL = 2_000
MAX_QUANTITY = 2_147_483_647


@dataclass(frozen=True)
class _Due:
    """A change that can be made: of what, and as an item of the call."""

    change: StockChange
    found: Shelved
    item: dict[str, int]

    @property
    def key(self) -> tuple[Sku, str]:
        return self.change.sku, self.change.location


class Stock:
    def __init__(self, client: BigCommerceClient, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue

    def set(self, changes: Sequence[StockChange]) -> dict[tuple[Sku, str], StockAnswer]:
        """See the port. Setting it again is harmless, so a lost reply is an outage."""
        if not changes:
            return {}
        places = self._places()
        found = self._catalogue.find(change.sku for change in changes)
        answers: dict[tuple[Sku, str], StockAnswer] = {}
        due: list[_Due] = []
        for change in sorted(changes, key=lambda each: each.location):
            one = _due(change, found.get(change.sku), places)
            if isinstance(one, SyncError):
                answers[change.sku, change.location] = one
            else:
                due.append(one)
        for start in range(0, len(due), ADJUSTMENTS_PER_CALL):
            some = due[start : start + ADJUSTMENTS_PER_CALL]
            answers |= (stale := self._stale(some, places))
            answers |= self._adjust([one for one in some if one.key not in stale])
        return answers

    def _stale(self, due: Sequence[_Due], places: Mapping[str, int]) -> dict[tuple[Sku, str], StockAnswer]:
        """Those whose location has something else than is believed, as far as BigCommerce tells."""
        believed = [one for one in due if one.change.was is not None]
        held = self._catalogue.stock_of(list({one.found.product.id: one.found.product for one in believed}.values()))
        has = {(variant_id, places.get(place)): level for variant_id, at in held.items() for place, level in at.items()}
        told = {one.key: has.get((one.found.variant.id, one.item["location_id"]), one.change.was) for one in believed}
        return {one.key: Stale(told[one.key]) for one in believed if told[one.key] != one.change.was}

    def _adjust(self, due: Sequence[_Due]) -> dict[tuple[Sku, str], StockAnswer]:
        """One call; where it is refused nevertheless, its halves are tried, so that one bad record fails alone."""
        if not due:
            return {}
        body = {"reason": "erpsync: stock of the ERP", "items": [one.item for one in due]}
        try:
            self._client.put("/v3/inventory/adjustments/absolute", body)
        except Rejected as error:
            if error.code not in ("request-refused", "not-found"):
                raise
            if len(due) == 1:
                return {due[0].key: _refused(due[0].change.sku)}
            half = len(due) // 2
            return self._adjust(due[:half]) | self._adjust(due[half:])
        return dict.fromkeys((one.key for one in due), None)

    def _places(self) -> dict[str, int]:
        """Ids of locations by their codes, and by themselves."""
        locations = self._catalogue.locations()
        return {str(one.id): one.id for one in locations} | {one.code: one.id for one in locations if one.code}


def _due(change: StockChange, found: Shelved | None, places: Mapping[str, int]) -> _Due | SyncError:
    if found is None:
        return unknown_sku(change.sku)
    if change.location not in places:
        return _problem(
            "unknown-location",
            change.sku,
            f"BigCommerce has no location {change.location}.",
            "Correct the connection's locations: `erpsync doctor` lists those that there are; then replay.",
        )
    if not 0 <= change.quantity <= MAX_QUANTITY:
        return _problem(
            "stock-out-of-range", change.sku, f"{change.quantity} cannot be stock.", "Correct it in the ERP."
        )
    if not found.tracked:
        return _problem(
            "stock-not-tracked",
            change.sku,
            "BigCommerce does not track the stock of this product, so that there is none to set.",
            "Switch on Track inventory for the product in BigCommerce, then replay; or discard this.",
        )
    place = {"location_id": places[change.location], "quantity": change.quantity}
    # An item must be named at the level at which its stock is counted, or the whole call is refused.
    if found.product.inventory_tracking == "variant":
        return _Due(change, found, {**place, "variant_id": found.variant.id})
    if found.is_base:
        return _Due(change, found, {**place, "product_id": found.product.id})
    return _problem(
        "stock-by-product",
        change.sku,
        "BigCommerce counts the stock of this product as a whole, and not by its variants.",
        "Let the product track inventory on the variant level in BigCommerce, then replay.",
    )


def _refused(sku: Sku) -> SyncError:
    return _problem(
        "stock-refused",
        sku,
        "BigCommerce refuses the stock of this SKU.",
        "Look at the product's inventory settings in BigCommerce, then replay.",
    )


def _problem(code: str, sku: Sku, what: str, next_step: str) -> SyncError:
    return Rejected(code, system=SYSTEM, record=f"SKU {sku}", what=what, next_step=next_step)
