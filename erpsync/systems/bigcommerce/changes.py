"""What changed in the store since a poll before, in pages by a key that does not move.

Orders and products by id, customers by BigCommerce's cursor, which is one of ids: a row that changes while it is read stays
where it is. Watermarks are times by the store's clock at the first page, less an overlap.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.parties import Address, Customer
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StoreCustomer, StoreVariant
from erpsync.ports.webhooks import Change
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.catalogue import Catalogue, Shelved, shelved
from erpsync.systems.bigcommerce.client import BigCommerceClient, has_more
from erpsync.systems.bigcommerce.mapper import group_name
from erpsync.systems.bigcommerce.reading import read_all
from erpsync.systems.bigcommerce.refusals import SYSTEM
from erpsync.systems.bigcommerce.settings import BigCommerceSettings

FLOW = "orders"
# A checkout is one transaction of seconds; times have whole seconds. Rows of the overlap come twice.
OVERLAP = timedelta(minutes=2)


@dataclass(frozen=True)
class _Place:
    """Where a read stands: `key` is the last one read."""

    key: str
    watermark: str

    @property
    def text(self) -> str:
        return json.dumps([self.key, self.watermark])


class Changes:
    def __init__(self, client: BigCommerceClient, catalogue: Catalogue, settings: BigCommerceSettings) -> None:
        self._client = client
        self._catalogue = catalogue
        self._settings = settings
        self._limit = settings.page_size

    def orders(self, since: Since) -> Page[Change]:
        place = _place(since.cursor)
        params = {"min_date_modified": start} if (start := _start(since)) else {}
        return self._orders(params, place)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        params = {"min_date_created": _iso(start), "max_date_created": _iso(end)}
        return self._orders(params, _place(cursor), placed_before=end)

    def customers(self, since: Since) -> Page[StoreCustomer]:
        place = _place(since.cursor)
        params = {"include": "addresses", "limit": str(self._limit)}
        if start := _start(since):
            params["date_modified:min"] = start
        if place is not None:
            params["after"] = place.key
        answer = self._client.get("/v3/customers", params)
        body = answer.body or {}
        found, refused = read_all(wire.Customer, body.get("data") or [], "customer")
        cursors = (body.get("meta") or {}).get("cursor_pagination") or {}
        # The store may have answered with fewer than were asked for.
        full = len(body.get("data") or []) >= min(self._limit, int(cursors.get("per_page") or self._limit))
        records = [_customer(one, self._settings.customer_groups) for one in found]
        end = cursors.get("end_cursor")
        return _page(records, refused, place, answer.at, str(end) if full and end else None)

    def variants(self, since: Since) -> Page[StoreVariant]:
        """Products with their variants. A price that changes on an option's variant alone does not touch the product's
        `date_modified` (https://fivetran.com/docs/connectors/applications/big-commerce/troubleshooting/missing-product-variants),
        and no document says that stock does: unless the settings say otherwise, all are read every time."""
        place = _place(since.cursor)
        params = {"include": "variants", "sort": "id", "direction": "asc", "limit": str(self._limit)}
        if place is not None:
            params["id:greater"] = place.key
        if self._settings.variants_read == "changed" and (start := _start(since)):
            params["date_modified:min"] = start
        answer = self._client.get("/v3/catalog/products", params)
        rows = (answer.body or {}).get("data") or []
        products, refused = read_all(wire.Product, rows, "product")
        stock = self._catalogue.stock_of(products)
        currency = self._catalogue.currency()
        records = [
            _variant(one, currency, stock.get(one.variant.id, {}))
            for product in products
            for one in shelved(product)
            if one.sku
        ]
        key = str(rows[-1].get("id")) if rows and has_more(answer.body, 1, self._limit) else None
        return _page(records, refused, place, answer.at, key)

    def _orders(
        self, params: Mapping[str, str], place: _Place | None, placed_before: datetime | None = None
    ) -> Page[Change]:
        key = {"min_id": str(int(place.key) + 1)} if place else {}
        answer = self._client.get("/v2/orders", {**params, **key, "sort": "id:asc", "limit": str(self._limit)})
        rows = answer.body or []
        found, refused = read_all(wire.Order, rows, "order")
        if placed_before is not None:
            found = [one for one in found if one.date_created < placed_before]
        last = str(rows[-1].get("id")) if len(rows) >= self._limit else None
        return _page([_change(one) for one in found], refused, place, answer.at, last)


def _page(
    records: list[Any], refused: list[Rejected], place: _Place | None, at: datetime, key: str | None
) -> Page[Any]:
    watermark = place.watermark if place else _iso(at - OVERLAP)
    cursor = None if key is None else _Place(key, watermark).text
    return Page(tuple(records), cursor, watermark, tuple(refused))


def _place(cursor: str | None) -> _Place | None:
    if cursor is None:
        return None
    try:
        key, watermark = json.loads(cursor)
        return _Place(str(key), str(watermark))
    except (ValueError, TypeError):
        raise Rejected(
            "cursor-unreadable",
            system=SYSTEM,
            what="The place at which a poll was to go on cannot be read.",
            next_step="Report it; resetting the connection's checkpoint starts the poll anew.",
        ) from None


def _start(since: Since) -> str:
    """From when on, empty for everything."""
    if since.watermark is not None:
        return since.watermark
    return _iso(since.begin) if since.begin is not None else ""


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _change(order: wire.Order) -> Change:
    number = str(order.id)
    return Change(FLOW, SourceId(number), order.date_modified, number, carries_state=False)


def _customer(found: wire.Customer, groups: Mapping[str, str]) -> StoreCustomer:
    group = group_name(found.customer_group_id, groups)
    home = _address(found.addresses[0]) if found.addresses else None
    return StoreCustomer(
        customer=Customer(
            source_id=SourceId(str(found.id)),
            email=found.email,
            first_name=found.first_name,
            last_name=found.last_name,
            company=found.company,
            phone=found.phone,
            groups=(group,) if group else (),
        ),
        # BigCommerce marks none of the addresses as the default one.
        billing=home,
        shipping=home,
        changed_at=found.date_modified,
    )


def _address(found: wire.CustomerAddress) -> Address:
    return Address(
        first_name=found.first_name,
        last_name=found.last_name,
        company=found.company,
        line1=found.address1,
        line2=found.address2,
        city=found.city,
        region=found.state_or_province,
        postal_code=found.postal_code,
        country=found.country_code,
        phone=found.phone,
    )


def _variant(one: Shelved, currency: str, stock: Mapping[str, int]) -> StoreVariant:
    product, variant = one.product, one.variant
    return StoreVariant(
        sku=Sku(one.sku),
        id=SourceId(str(variant.id)),
        product_id=SourceId(str(product.id)),
        title=product.name,
        price=one.price(currency),
        tracked=one.tracked,
        active=product.is_visible and product.availability != "disabled" and not variant.purchasing_disabled,
        stock=dict(stock),
        changed_at=product.date_modified,
    )
