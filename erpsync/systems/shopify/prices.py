"""Sets base prices, in the store's own currency and in price lists, past a sale that runs.

In Shopify a sale is a `compareAtPrice` above the `price`: then the former is the base, and only it is set. A base that is
not above the sale's price cannot be held beside it, and is put off. Neither has a date, and Shopify offers no comparison:
a sale that begins in the moment between the reading and the writing is not seen.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.ports.store_records import PriceAnswer, PriceChange, Staged
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.places import Places
from erpsync.systems.shopify.skus import Skus
from erpsync.systems.shopify.wire_catalogue import FixedPrice, PriceList, Variant, VariantInput

# https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productVariantsBulkUpdate
VARIANTS_PER_CALL = 2048
# https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/priceListFixedPricesAdd
PRICES_PER_CALL = 250
_PRICES_PER_READ = 50


class PriceWriter:
    def __init__(self, lists: ListReader, skus: Skus, places: Places) -> None:
        self._lists = lists
        self._client = lists.client
        self._skus = skus
        self._places = places

    def put(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        """See the port. A SKU that is to change in several lists is well where it is in all of them."""
        answers: dict[Sku, PriceAnswer] = {}
        by_list: defaultdict[str, dict[Sku, PriceChange]] = defaultdict(dict)
        for change in changes:
            # What Shopify would round is compared as it will be.
            by_list[change.price_list][change.sku] = replace(change, price=change.price.rounded())
        for name, wanted in by_list.items():
            try:
                told = self._in_list(name, wanted) if name else self._base(wanted)
            except SyncError as error:
                if not answers:
                    raise
                told = dict.fromkeys(wanted, error)
            # What went wrong in one list is not hidden by what went well in another.
            answers |= {sku: answers.get(sku) or answer for sku, answer in told.items()}
        return answers

    def _base(self, wanted: Mapping[Sku, PriceChange]) -> dict[Sku, PriceAnswer]:
        answers: dict[Sku, PriceAnswer] = {}
        by_product: defaultdict[str, list[tuple[Sku, VariantInput]]] = defaultdict(list)
        currency = self._places.currency
        for sku, variant in self._skus.variants(wanted).items():
            change = wanted[sku]
            if change.price.currency != currency:
                answers[sku] = _wrong_currency(change, currency)
            elif isinstance(variant, Rejected):
                answers[sku] = variant
            else:
                given = _input(variant, change.price.amount, currency)
                if given is None:
                    answers[sku] = Staged(None)
                else:
                    by_product[variant.product.id].append((sku, given))
        for product, rows in by_product.items():
            for start in range(0, len(rows), VARIANTS_PER_CALL):
                chunk = rows[start : start + VARIANTS_PER_CALL]
                answers |= self._send("SetPrices", "productVariantsBulkUpdate", {"product": product}, "variants", chunk)
        return answers

    def _in_list(self, name: str, wanted: Mapping[Sku, PriceChange]) -> dict[Sku, PriceAnswer]:
        price_list = self._price_list(name)
        if isinstance(price_list, Rejected):
            return dict.fromkeys(wanted, price_list)
        answers: dict[Sku, PriceAnswer] = {}
        variants: dict[Sku, Variant] = {}
        for sku, variant in self._skus.variants(wanted).items():
            if wanted[sku].price.currency != price_list.currency:
                answers[sku] = _wrong_currency(wanted[sku], price_list.currency)
            elif isinstance(variant, Rejected):
                answers[sku] = variant
            else:
                variants[sku] = variant
        fixed = self._fixed(price_list, list(variants.values()))
        rows: list[tuple[Sku, dict[str, object]]] = []
        for sku, variant in variants.items():
            prices = _beside_a_sale(fixed.get(variant.id), wanted[sku].price.amount)
            if prices is None:
                answers[sku] = Staged(None)
            else:
                rows.append((sku, {"variantId": variant.id} | _amounts(prices, price_list.currency)))
        for start in range(0, len(rows), PRICES_PER_CALL):
            chunk = rows[start : start + PRICES_PER_CALL]
            answers |= self._send("FixPrices", "priceListFixedPricesAdd", {"list": price_list.id}, "prices", chunk)
        return answers

    def _send(
        self, name: str, field: str, of_all: Mapping[str, object], argument: str, rows: Sequence[tuple[Sku, object]]
    ) -> dict[Sku, PriceAnswer]:
        """One call for all. Without those that were refused it is made again: setting a price twice is harmless, and not
        every call does the rest by itself."""
        answers: dict[Sku, PriceAnswer] = {}
        pending = list(rows)
        while pending:
            errors = self._errors(name, field, {**of_all, argument: [given for _, given in pending]})
            if not errors:
                return answers | dict.fromkeys((sku for sku, _ in pending), None)
            at_fault = {error.place: error for error in errors}
            if not all(place is not None and place < len(pending) for place in at_fault):
                return answers | {sku: _refused(sku, errors[0]) for sku, _ in pending}
            answers |= {sku: _refused(sku, at_fault[i]) for i, (sku, _) in enumerate(pending) if i in at_fault}
            pending = [row for i, row in enumerate(pending) if i not in at_fault]
        return answers

    def _price_list(self, name: str) -> PriceList | Rejected:
        """The price list of that name, or of that id."""
        found = self._lists.all_of("PriceLists", "priceLists", {})
        try:
            lists = [PriceList.model_validate(each) for each in found]
        except ValidationError:
            raise unreadable("The price lists could not be read.") from None
        known = [each for each in lists if name in (each.name, each.id.rpartition("/")[2])]
        if len(known) == 1:
            return known[0]
        return Rejected(
            "price-list-unknown",
            system=SYSTEM,
            record=f"price list {name[:60]}",
            what=f"The store has {len(known) or 'no'} price lists of that name.",
            next_step=f"Write one of these in the settings: {', '.join(each.name for each in lists) or 'there is none'}; "
            "or the list's id. Then replay.",
        )

    def _fixed(self, price_list: PriceList, variants: Sequence[Variant]) -> dict[str, FixedPrice]:
        found: dict[str, FixedPrice] = {}
        for start in range(0, len(variants), _PRICES_PER_READ):
            chunk = variants[start : start + _PRICES_PER_READ]
            query = " OR ".join(f"variant_id:{each.id.rpartition('/')[2]}" for each in chunk)
            variables = {"id": price_list.id, "first": len(chunk), "query": query}
            answer = self._client.call("FixedPrices", variables).data.get("priceList") or {}
            try:
                prices = [FixedPrice.model_validate(each) for each in answer["prices"]["nodes"]]
            except (ValidationError, KeyError, TypeError):
                raise unreadable("The prices of a price list could not be read.") from None
            found |= {each.variant.id: each for each in prices}
        return found

    def _errors(self, name: str, field: str, variables: Mapping[str, object]) -> list[wire.UserError]:
        payload = self._client.call(name, variables).data.get(field) or {}
        try:
            return [wire.UserError.model_validate(error) for error in payload["userErrors"]]
        except (KeyError, TypeError, ValidationError):
            raise unreadable("What became of the prices was not told.") from None


def _input(variant: Variant, base: Decimal, currency: str) -> VariantInput | None:
    """What is sent to make `base` the variant's base price; None where a sale stands in the way."""
    on_sale = variant.compare_at is not None and variant.compare_at > variant.price
    if on_sale:
        if base <= variant.price:
            return None
        return VariantInput(id=variant.id, compareAtPrice=_text(base, currency))
    if variant.compare_at is not None and variant.compare_at > base:
        # A compare-at price that was no sale before would make the lower price look like one.
        return VariantInput(id=variant.id, price=_text(base, currency), compareAtPrice=None)
    return VariantInput(id=variant.id, price=_text(base, currency))


def _beside_a_sale(known: FixedPrice | None, base: Decimal) -> tuple[Decimal, Decimal | None] | None:
    """What is paid and what it is compared with, once `base` is the list's base price; None where a sale stands in the
    way. A fixed price is replaced as a whole."""
    if known is None or known.compare_at is None or known.compare_at.amount <= known.price.amount:
        return base, None
    return (known.price.amount, base) if base > known.price.amount else None


def _amounts(prices: tuple[Decimal, Decimal | None], currency: str) -> dict[str, object]:
    price, compare_at = prices
    given: dict[str, object] = {"price": {"amount": _text(price, currency), "currencyCode": currency}}
    if compare_at is not None:
        given["compareAtPrice"] = {"amount": _text(compare_at, currency), "currencyCode": currency}
    return given


def _text(amount: Decimal, currency: str) -> str:
    return f"{Money(amount=amount, currency=currency).rounded().amount:f}"


def _wrong_currency(change: PriceChange, currency: str) -> Rejected:
    return Rejected(
        "price-currency",
        system=SYSTEM,
        record=f"SKU {change.sku}",
        what=f"The price is in {change.price.currency}, and this price list of the store in {currency}."
        if change.price_list
        else f"The price is in {change.price.currency}, and the store's own currency is {currency}.",
        next_step=f"Send it the ERP's price list in {currency}: correct the price lists of the connections' settings, then "
        "replay.",
    )


def _refused(sku: Sku, error: wire.UserError) -> Rejected:
    return Rejected(
        "price-refused",
        system=SYSTEM,
        record=f"SKU {sku}",
        what=f"Shopify refuses the price ({error.code or 'no code'}).",
        next_step="Look at the variant in Shopify and at the price in the ERP; when both are right, replay.",
    )
