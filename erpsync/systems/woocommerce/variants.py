"""What is sold under a SKU, as WooCommerce's products and variations tell it. Pure.

Source: https://woocommerce.github.io/woocommerce-rest-api-docs/#product-properties.
"""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import Sku, SourceId
from erpsync.ports.store_records import StorePrice, StoreVariant
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.mapper import money
from erpsync.systems.woocommerce.refusals import rejected
from erpsync.systems.woocommerce.settings import LOCATION


def variant(row: Mapping[str, Any], currency: str) -> StoreVariant | SyncError | None:
    """What is sold under a SKU; None for what has none, or is sold by its variations. Without a regular price the base
    price is zero."""
    record = f"product {str(row.get('id'))[:40]}"
    try:
        product = wire.Product.model_validate(row)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors()[0]["loc"])
        return rejected(
            "product-unreadable", f"The field {field} cannot be read.", "Correct the product there.", record
        )
    sku = product.sku.strip()
    if not sku or product.type in ("variable", "grouped"):
        return None
    tracked = product.manage_stock is True
    quantity = (product.stock_quantity or Decimal(0)).to_integral_value(ROUND_FLOOR)
    return StoreVariant(
        sku=Sku(sku),
        id=SourceId(product.id),
        product_id=SourceId(_parent(product, row) or product.id),
        title=product.name,
        price=_price(product, currency),
        tracked=tracked,
        active=product.status == "publish",
        stock={LOCATION: int(quantity)} if tracked else {},
        changed_at=product.date_modified_gmt,
    )


def _price(product: wire.Product, currency: str) -> StorePrice:
    base, sale = decimal_of(product.regular_price), decimal_of(product.sale_price)
    return StorePrice(
        base=money(base if base is not None else decimal_of(product.price) or 0, currency),
        promotion=None if sale is None else money(sale, currency),
        promotion_from=None if sale is None else product.date_on_sale_from_gmt,
        promotion_until=None if sale is None else product.date_on_sale_to_gmt,
    )


def _parent(product: wire.Product, row: Mapping[str, Any]) -> str:
    """10.3 lists variations without `parent_id`; the parent is in their links."""
    if product.parent_id not in ("", "0"):
        return product.parent_id
    links = row.get("_links")
    up = links.get("up") if isinstance(links, dict) else None
    href = up[0].get("href") if isinstance(up, list) and up and isinstance(up[0], dict) else ""
    return str(href).rstrip("/").rpartition("/")[2]


def decimal_of(value: object) -> Decimal | None:
    """None for what is empty or no number."""
    try:
        return None if value in ("", None) else Decimal(str(value))
    except InvalidOperation:
        return None
