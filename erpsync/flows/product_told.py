"""Products as polls of the ERP have told them: each whole, and kept in the inbox."""

from collections.abc import Collection
from datetime import datetime

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.domain.products import Product
from erpsync.ledger import told
from erpsync.ledger.told import Told
from erpsync.ports.flow import Item
from erpsync.ports.webhooks import Change

FLOW = "products"
_LONGEST_NUMBER = 200


class Body(BaseModel):
    """What a poll keeps of a product. `after` is what was told of it before: what comes back to an older state is news."""

    after: int | None
    product: Product


def last(connection: Connection, erp: ConnectionName, ids: Collection[SourceId]) -> dict[SourceId, Told]:
    """What the ERP has last told of these products, where it is still kept."""
    return told.last(connection, erp, f"{FLOW} poll", list(ids))


def product_of(one: Told) -> Product:
    return Body.model_validate_json(one.body).product


def body_of(product: Product, before: Told | None) -> Body:
    """What is as it was last told brings the very same body."""
    product = product.model_copy(update={"changed_at": None})
    if before is None:
        return Body(after=None, product=product)
    known = Body.model_validate_json(before.body)
    return known if known.product == product else Body(after=before.id, product=product)


def told_again(one: Told) -> Body:
    """As it was told, but as news."""
    return Body(after=one.id, product=product_of(one))


def change_of(body: Body, now: datetime) -> Change:
    product = body.product
    number = next((variant.sku for variant in product.variants), product.id)[:_LONGEST_NUMBER]
    written = body.model_dump_json().encode()
    return Change(FLOW, SourceId(product.id), now, number, carries_state=True, body=written)


def read(item: Item) -> Product | Rejected:
    try:
        return Body.model_validate_json(item.body or b"").product
    except ValidationError:
        return Rejected(
            "product-not-kept",
            system="erpsync",
            record=f"product {item.number}",
            what="What the ERP told of the product is not kept any more.",
            next_step="Discard this dead letter: the next change of the product in the ERP is told again.",
        )
