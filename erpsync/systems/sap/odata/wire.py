"""What SAP answers and takes, spelled as SAP spells it; only what erpsync reads or writes.

A nested collection comes as {"results": [...]} where it was expanded and as {"__deferred": ...} where it was not.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]
"""An entity as it was read. Amounts are text, dates "/Date(...)/"."""

Entity: TypeAlias = dict[str, Any]
"""An entity to be written, deep inserts as {"results": [...]}."""

SALES_ORDERS = "API_SALES_ORDER_SRV"
PARTNERS = "API_BUSINESS_PARTNER"
PRODUCTS = "API_PRODUCT_SRV"
STOCK = "API_MATERIAL_STOCK_SRV"
PRICES = "API_SLSPRICINGCONDITIONRECORD_SRV"
DELIVERIES = "API_OUTBOUND_DELIVERY_SRV"
BILLING = "API_BILLING_DOCUMENT_SRV"
CREDIT_MEMOS = "API_CREDIT_MEMO_REQUEST_SRV"

SERVICES = (SALES_ORDERS, PARTNERS, PRODUCTS, STOCK, PRICES, DELIVERIES, BILLING, CREDIT_MEMOS)

PATHS = {DELIVERIES: "API_OUTBOUND_DELIVERY_SRV;v=0002"}
"""Where a service is not found under its own name. Version 2 of deliveries is the one that S/4HANA keeps up."""


def nested(row: Row, name: str) -> list[Row]:
    """The rows of an expanded collection, of one to one as a list. Empty where it was not expanded or is not there."""
    value = row.get(name)
    if not isinstance(value, Mapping) or "__deferred" in value:
        return []
    results = value.get("results", value)
    return list(results) if isinstance(results, list) else [results]


def text(row: Row, name: str) -> str:
    """A text, empty where it is null or not there."""
    value = row.get(name)
    return "" if value is None else str(value).strip()


def etag(row: Row) -> str:
    """What the row's If-Match must be; empty where it has none."""
    metadata = row.get("__metadata")
    return str(metadata.get("etag", "")) if isinstance(metadata, Mapping) else ""


def results(*entities: Entity) -> Entity:
    """A nested collection, as a deep insert has it."""
    return {"results": list(entities)}
