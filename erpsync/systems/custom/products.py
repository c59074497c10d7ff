"""Products in the contract's bulk call, each with its own answer."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.products import Product, Variant
from erpsync.ports.store_records import ProductAnswer, ProductDraft, StoreProduct
from erpsync.systems.custom import refusals, wire, wire_products
from erpsync.systems.custom.bulk import in_batches, untold
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.systems.custom.client import CustomClient
from erpsync.systems.custom.mapper import complaints
from erpsync.transport.http import encode_json

# Below the megabyte that nginx takes by default: https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size
MAX_BYTES = 1_000_000
# Shops have no finer scales, and the contract no more than six places.
WEIGHT_PLACES = 3
# SKUs of each product in an error: enough to find it by.
MOST_NAMED = 5
_NOTES = {
    "image": "The shop could not fetch it.",
    "no-price": "The shop hides it until it has a price.",
}


def product_answers(client: CustomClient, drafts: Sequence[ProductDraft]) -> dict[TargetId, ProductAnswer]:
    """Putting them twice is harmless: the shop looks for the SKUs before it makes anything. A lost answer is OutcomeUnknown
    for all that were in the call."""
    unsaid: dict[TargetId, ProductAnswer] = {}
    ready: dict[TargetId, wire_products.Product] = {}
    for draft in drafts:
        try:
            ready[draft.product.id] = product_from(draft)
        except Rejected as error:
            unsaid[draft.product.id] = error
    by_id = {draft.product.id: draft for draft in drafts}

    def put(batch: Sequence[wire_products.Product]) -> dict[TargetId, ProductAnswer]:
        return _put(client, batch, by_id)

    return unsaid | in_batches(_calls(list(ready.values())), _key, put)


def product_from(draft: ProductDraft) -> wire_products.Product:
    """Raises Rejected where the contract has no room for it."""
    product = draft.product
    said = {
        "reference": product.id,
        "id": draft.id,
        "fields": sorted(draft.fields),
        **product.model_dump(include={"title", "description", "active", "categories", "image_urls", "options"}),
        "variants": [_variant_from(variant, draft) for variant in product.variants],
    }
    try:
        return wire_products.Product.model_validate(said)
    except ValidationError as error:
        raise Rejected(
            "product-unsendable",
            system=SYSTEM,
            record=_name(product),
            what=f"It does not fit into the contract: {complaints(error)}.",
            next_step="Correct the product in the ERP; it is sent again when it changes there.",
        ) from None


def _variant_from(variant: Variant, draft: ProductDraft) -> dict[str, object]:
    price, weight = draft.prices.get(variant.sku), variant.weight_grams
    return {
        **variant.model_dump(include={"sku", "title", "options", "barcode", "active"}),
        "weight_grams": None if weight is None else round(weight, WEIGHT_PLACES),
        "price": price.amount if price else None,
        "currency": price.currency if price else None,
    }


def _put(
    client: CustomClient, batch: Sequence[wire_products.Product], drafts: dict[TargetId, ProductDraft]
) -> dict[TargetId, ProductAnswer]:
    alone = _name(drafts[_key(batch[0])].product) if len(batch) == 1 else ""
    body = wire_products.Products(products=tuple(batch))
    try:
        told = client.put("/products", body, wire_products.ProductResults, record=alone, once=True).results
    except Rejected as error:
        if alone or error.code == "not-the-contract":
            return dict.fromkeys(map(_key, batch), error)
        # One of them is to blame, and the shop tells not which: each alone.
        return {key: answer for one in batch for key, answer in _put(client, [one], drafts).items()}
    by_reference = {one.reference: one for one in told}
    return {_key(one): _answer(by_reference.get(one.reference), drafts[_key(one)]) for one in batch}


def _answer(result: wire_products.ProductResult | None, draft: ProductDraft) -> ProductAnswer:
    product, record = draft.product, _name(draft.product)
    if result is None:
        return untold(record)
    if result.error is not None:
        return _refused(result.error, result.products, draft)
    if result.id is None or not result.variants.keys() >= {variant.sku for variant in product.variants}:
        return untold(record)
    variants = {Sku(sku): SourceId(variant_id) for sku, variant_id in result.variants.items()}
    return StoreProduct(SourceId(result.id), variants, tuple(_note(note, product) for note in result.notes))


def _refused(error: wire.Error, holding: Mapping[str, Sequence[str]], draft: ProductDraft) -> ProductAnswer:
    record = _name(draft.product)
    if error.code == "sku-ambiguous":
        return Rejected(
            "sku-ambiguous",
            system=SYSTEM,
            record=record,
            what=f"Its SKUs are in several products of the shop: {_holders(holding, draft) or 'it does not tell which'}.",
            next_step="Bring them into one product there, or part the product in the ERP as the shop has it; then replay.",
        )
    # Elsewhere this code is an order's that is gone, and nothing to do.
    if error.code == "not-found":
        return Rejected(
            "product-gone",
            system=SYSTEM,
            record=record,
            what=f"The shop has no product {draft.id} any more.",
            next_step="Bring it back there, then replay; or archive it in the ERP, and discard this.",
        )
    return refusals.of_error(error, record)


def _holders(holding: Mapping[str, Sequence[str]], draft: ProductDraft) -> str:
    skus: dict[str, list[str]] = {}
    for variant in draft.product.variants:
        for product_id in holding.get(variant.sku, ()):
            skus.setdefault(product_id, []).append(variant.sku)
    return "; ".join(f"product {one} has {', '.join(found[:MOST_NAMED])}" for one, found in skus.items())


def _note(note: wire.Error, product: Product) -> str:
    """Of the shop's own words only what we have said ourselves is shown."""
    said = _NOTES.get(note.code, f"The shop could not hold all of it ({note.code}).")
    if note.record in product.image_urls:
        return f"Image {product.image_urls.index(note.record) + 1}: {said}"
    return f"{note.record}: {said}" if any(note.record == variant.sku for variant in product.variants) else said


def _calls(products: Sequence[wire_products.Product]) -> Iterator[Sequence[wire_products.Product]]:
    """As many as a call may have, and as fit into it; one that alone does not fit goes alone, for the shop to refuse."""
    batch: list[wire_products.Product] = []
    room = MAX_BYTES
    for product in products:
        size = len(encode_json(product.model_dump(mode="json"))) + 1
        if batch and (len(batch) == wire_products.MAX_PRODUCTS or size > room):
            yield batch
            batch, room = [], MAX_BYTES
        batch.append(product)
        room -= size
    if batch:
        yield batch


def _key(product: wire_products.Product) -> TargetId:
    return TargetId(product.reference)


def _name(product: Product) -> str:
    return f"product {product.id}"
