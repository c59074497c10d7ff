"""Products and variations by SKU, and their stock and prices set in bulk.

Sources: https://woocommerce.github.io/woocommerce-rest-api-docs/#batch-update-products and what a real 10.0.2 does: a
quantity is ignored, with 200, where stock is not managed; it is a whole number; a regular price at or below the sale price
erases the sale.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import floor
from typing import Any

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import (
    PriceAnswer,
    PriceChange,
    Staged,
    Stale,
    StockAnswer,
    StockChange,
)
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.client import WooCommerceClient
from erpsync.systems.woocommerce.lookup import rows_by_sku, sku_twice
from erpsync.systems.woocommerce.refusals import rejected
from erpsync.systems.woocommerce.settings import LOCATION, WooCommerceSettings
from erpsync.systems.woocommerce.variants import decimal_of


class Catalogue:
    """Looks SKUs up on every call: products are deleted, and SKUs move, behind our back."""

    def __init__(self, client: WooCommerceClient, settings: WooCommerceSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._currency = ""

    def currency(self) -> str:
        """The shop's own, asked once."""
        if not self._currency:
            answer = self._client.get("data/currencies/current")
            code = answer.get("code") if isinstance(answer, dict) else None
            if not isinstance(code, str) or len(code) != 3:
                raise rejected(
                    "currency-unknown",
                    "The shop does not tell its currency.",
                    "Choose it in WooCommerce (Settings > General), then run `erpsync doctor`.",
                )
            self._currency = code
        return self._currency

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        answers: dict[tuple[Sku, str], StockAnswer] = {}
        products = self._find([change.sku for change in changes if change.location == LOCATION])
        wanted: dict[str, tuple[wire.Product, StockChange]] = {}
        for change in changes:
            found = _place_error(change) or _one(products.get(change.sku, []), change.sku)
            if not isinstance(found, SyncError):
                found = self._not_counted(found, change.sku) or found
            if isinstance(found, SyncError):
                answers[change.sku, change.location] = found
            elif (stale := _stale(found, change)) is not None:
                answers[change.sku, change.location] = stale
            else:
                wanted[found.id] = (found, change)
        rows = {key: self._stock_row(product, change) for key, (product, change) in wanted.items()}
        for key, result in self._update({key: product for key, (product, _) in wanted.items()}, rows).items():
            change = wanted[key][1]
            answers[change.sku, change.location] = _stock_result(result, change)
        return answers

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        answers: dict[Sku, PriceAnswer] = {}
        products = self._find([change.sku for change in changes])
        wanted: dict[str, tuple[wire.Product, PriceChange]] = {}
        for change in changes:
            error = self._price_error(change)
            found = error or _one(products.get(change.sku, []), change.sku)
            if isinstance(found, SyncError):
                answers[change.sku] = found
            elif found.type == "variable":
                answers[change.sku] = _sold_by_variations(change.sku)
            elif (staged := self._staged(found, change.price)) is not None:
                answers[change.sku] = staged
            else:
                wanted[found.id] = (found, change)
        rows = {
            key: {"id": int(key), "regular_price": f"{change.price.amount:f}"} for key, (_, change) in wanted.items()
        }
        for key, result in self._update({key: product for key, (product, _) in wanted.items()}, rows).items():
            change = wanted[key][1]
            answers[change.sku] = _price_result(result, change)
        return answers

    def _find(self, skus: Iterable[Sku]) -> dict[Sku, list[wire.Product]]:
        found: dict[Sku, list[wire.Product]] = {}
        for sku, rows in rows_by_sku(self._client, skus).items():
            for row in rows:
                try:
                    found.setdefault(sku, []).append(wire.Product.model_validate(row))
                except ValidationError:
                    continue  # it will be missed below
        return found

    def _update(
        self, products: Mapping[str, wire.Product], rows: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, dict[str, Any] | SyncError]:
        """Variations go through their parent, a call for each (404 otherwise). Raises what concerns the call only where
        nothing was written yet."""
        paths: dict[str, list[str]] = {}
        for key, product in products.items():
            variation = product.type == "variation"
            paths.setdefault(f"products/{product.parent_id}/variations" if variation else "products", []).append(key)
        answers: dict[str, dict[str, Any] | SyncError] = {}
        for path, keys in paths.items():
            try:
                answers |= self._client.update_all(path, [rows[key] for key in keys], record="product")
            except SyncError as error:
                if not answers:
                    raise
                return answers | {key: error for key in products if key not in answers}
        return answers

    def _not_counted(self, product: wire.Product, sku: Sku) -> Rejected | None:
        if product.manage_stock is True:
            return None
        if product.type == "variable":
            return _sold_by_variations(sku)
        if product.manage_stock is False and self._settings.enable_stock_tracking:
            return None
        if product.manage_stock is False:
            return rejected(
                "stock-not-tracked",
                "WooCommerce does not count this product's stock and would ignore the quantity.",
                'Tick "Track stock quantity" on the product (Inventory), or set enable_stock_tracking on the connection.',
                f"SKU {sku}",
            )
        return rejected(
            "stock-on-parent",
            "The variation's stock is counted on its parent product, together with its siblings'.",
            'Tick "Manage stock?" on the variation, or give the parent the SKU that the ERP counts.',
            f"SKU {sku}",
        )

    def _stock_row(self, product: wire.Product, change: StockChange) -> dict[str, Any]:
        row: dict[str, Any] = {"id": int(product.id), "stock_quantity": change.quantity}
        return row if product.manage_stock is True else row | {"manage_stock": True}

    def _price_error(self, change: PriceChange) -> Rejected | None:
        if change.price_list:
            return rejected(
                "no-price-lists",
                "Core WooCommerce has one price for each product and no price lists.",
                "Take the price list out of the route, or keep it in the shop's own extension.",
                f"SKU {change.sku}",
            )
        if change.price.currency != self.currency():
            return rejected(
                "currency-differs",
                f"The price is in {change.price.currency} and the shop's currency is {self.currency()}.",
                "Choose the ERP's price list in the shop's currency for this route.",
                f"SKU {change.sku}",
            )
        return None

    def _staged(self, product: wire.Product, price: Money) -> Staged | None:
        """A sale that is over may be erased; one that is running or to come may not."""
        sale, until = decimal_of(product.sale_price), product.date_on_sale_to_gmt
        if sale is None or price.amount > sale or (until is not None and until <= self._clock.now()):
            return None
        return Staged(until)


def _one(matches: Sequence[wire.Product], sku: Sku) -> wire.Product | Rejected:
    if len(matches) == 1:
        return matches[0]
    record = f"SKU {sku}"
    if not matches:
        return rejected(
            "unknown-sku",
            "No product or variation in WooCommerce has this SKU.",
            "Give it to the product there, or take the item out of the route; then replay.",
            record,
        )
    return sku_twice(sku, [match.id for match in matches])


def _sold_by_variations(sku: Sku) -> Rejected:
    return rejected(
        "sku-of-parent",
        "The SKU is that of a product with variations, which has no price of its own, and here no stock either.",
        "Give each variation a SKU of its own, then replay.",
        f"SKU {sku}",
    )


def _place_error(change: StockChange) -> Rejected | None:
    if change.location == LOCATION:
        return None
    return rejected(
        "unknown-location",
        f'Core WooCommerce keeps stock in one place, which is called "{LOCATION}" here.',
        f'Name it "{LOCATION}" in the route\'s locations.',
        f"SKU {change.sku}",
    )


def _stale(product: wire.Product, change: StockChange) -> Stale | None:
    """What is not counted yet has nothing that could be compared."""
    if change.was is None or product.manage_stock is not True:
        return None
    # Whole pieces, as they are told: extensions allow parts.
    actual = floor(product.stock_quantity or 0)
    return None if actual == change.was else Stale(actual)


def _stock_result(result: Mapping[str, Any] | SyncError, change: StockChange) -> StockAnswer:
    if isinstance(result, SyncError):
        return result
    if decimal_of(result.get("stock_quantity")) == change.quantity:
        return None
    return rejected(
        "stock-not-taken",
        "WooCommerce answered well and kept another quantity.",
        "See that stock management is on for the shop (Settings > Products > Inventory) and for the product, and that no"
        " plugin keeps its stock; then replay.",
        f"SKU {change.sku}",
    )


def _price_result(result: Mapping[str, Any] | SyncError, change: PriceChange) -> PriceAnswer:
    if isinstance(result, SyncError):
        return result
    if decimal_of(result.get("regular_price")) == change.price.amount:
        return None
    return rejected(
        "price-not-taken",
        "WooCommerce answered well and kept another price.",
        "See whether a plugin sets the product's prices; then replay.",
        f"SKU {change.sku}",
    )
