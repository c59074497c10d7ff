"""The simulated shop's products: what is put into them by the contract, and what its buyers see of them.

The shop keeps what an earlier call has brought apart from what its own people have added: only the former is ever taken
away again. What has no price is not for sale.
"""

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from erpsync.ports.simulator import ShownProduct

Record = dict[str, Any]
MAX_VARIANTS = 250
MAX_OPTIONS = 3
FREE = Decimal(0)


class Catalogue:
    """Over the variants of a shop, whose lock the caller holds.

    Categories and images of a product are by name and address; the value says whether a call has brought them.
    """

    def __init__(self, shop: Any) -> None:
        self._shop = shop
        self.products: dict[str, Record] = {}
        self.details: dict[str, Record] = {}
        """By SKU: a variant's options, barcode and weight."""
        self.fetched: list[str] = []
        """Each image that was fetched, as often as it was."""
        self.unreachable: set[str] = set()
        """Images that cannot be fetched."""
        for variant in shop.variants.values():
            self.products[variant["product_id"]] = _product(variant["product_id"], variant["title"])
            self.details[variant["sku"]] = _detail()

    def put(self, asked: Record) -> Record:
        """Makes or changes a product, all of it or nothing; the contract's result."""
        result = {"reference": asked["reference"]}
        if asked["id"] is not None and asked["id"] not in self.products:
            return result | _error("not-found")
        variants = self._shop.variants
        known = {one["sku"]: variants[one["sku"]]["product_id"] for one in asked["variants"] if one["sku"] in variants}
        holding = {*known.values(), asked["id"]} - {None}
        if len(holding) > 1:
            return result | _error("sku-ambiguous") | {"products": {sku: [one] for sku, one in known.items()}}
        product = self.products[holding.pop()] if holding else _product(f"p{self._shop.number()}", "")
        made = product["id"] not in self.products
        refusal = self._refusal(product, asked, made=made)
        if refusal:
            return result | _error(refusal)
        before = self._state(product)
        self.products[product["id"]] = product
        notes = self._set(product, asked, None if made else frozenset(asked["fields"]))
        after = self._state(product)
        for sku in after:
            if before.get(sku) != after[sku]:
                variants[sku]["updated_at"] = self._shop.stamp()
        return result | {"id": product["id"], "variants": {sku: variants[sku]["id"] for sku in after}, "notes": notes}

    def for_sale(self, sku: str) -> bool:
        variant = self._shop.variants[sku]
        product = self.products[variant["product_id"]]
        return product["active"] and variant["active"] and Decimal(variant["price"]) > FREE

    def shown(self, sku: str) -> list[ShownProduct]:
        if sku not in self._shop.variants:
            return []
        product, detail = self.products[self._shop.variants[sku]["product_id"]], self.details[sku]
        weight = detail["weight_grams"]
        return [
            ShownProduct(
                id=product["id"],
                title=product["title"],
                description=product["description"],
                visible=self.for_sale(sku),
                categories=tuple(product["categories"]),
                images=tuple(product["images"]),
                options=dict(zip(product["options"], detail["options"], strict=True)),
                barcode=detail["barcode"],
                weight_grams=None if weight is None else Decimal(weight),
            )
        ]

    def _skus(self, product: Record) -> list[str]:
        return [sku for sku, one in self._shop.variants.items() if one["product_id"] == product["id"]]

    def _state(self, product: Record) -> dict[str, Any]:
        """What each variant is like, by its SKU."""
        return {sku: deepcopy((product, self._shop.variants[sku], self.details[sku])) for sku in self._skus(product)}

    def _refusal(self, product: Record, asked: Record, *, made: bool) -> str:
        """The code of what the shop does not take; empty where it takes all."""
        owned = made or "options" in asked["fields"]
        names = asked["options"] if owned and asked["options"] else product["options"]
        values = {sku: self.details[sku]["options"] for sku in self._skus(product)}
        for one in asked["variants"]:
            if one["sku"] not in values or (owned and one["options"]):
                values[one["sku"]] = one["options"]
        wrong = {
            "title": made and not asked["title"].strip(),
            "sku-twice": len({one["sku"] for one in asked["variants"]}) < len(asked["variants"]),
            "currency": any(one["price"] is not None and one["currency"] != "EUR" for one in asked["variants"]),
            "too-many-options": len(names) > MAX_OPTIONS,
            "too-many-variants": len(values) > MAX_VARIANTS,
            "options": any(len(one) != len(names) for one in values.values())
            or len({tuple(one) for one in values.values()}) < len(values),
        }
        return next((code for code, applies in wrong.items() if applies), "")

    def _set(self, product: Record, asked: Record, fields: frozenset[str] | None) -> list[Record]:
        """What it could not hold. `fields` may be changed of what is there, None for a product that is new."""
        _change(product, asked, ("title", "description", "options", "active"), fields)
        if fields is None or "categories" in fields:
            product["categories"] = _joined(product["categories"], asked["categories"])
        notes = self._fetch(product, asked) if fields is None or "images" in fields else []
        for one in asked["variants"]:
            sku, variants = one["sku"], self._shop.variants
            known = sku in variants
            if not known:
                variants[sku] = self._variant(product, one)
                self.details[sku] = _detail()
            title = {"title": one["title"] or asked["title"]}
            _change(variants[sku], {**one, **title}, ("title", "active"), fields if known else None)
            _change(self.details[sku], one, ("options", "barcode", "weight_grams"), fields if known else None)
            if Decimal(variants[sku]["price"]) <= FREE:
                notes.append(_error("no-price", sku)["error"])
        return notes

    def _fetch(self, product: Record, asked: Record) -> list[Record]:
        kept, notes = [], []
        for url in asked["image_urls"]:
            if url in product["images"]:
                kept.append(url)
            elif urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname or url in self.unreachable:
                notes.append(_error("image", url)["error"])
            else:
                self.fetched.append(url)
                kept.append(url)
        if asked["image_urls"]:
            product["images"] = _joined(product["images"], kept)
        return notes

    def _variant(self, product: Record, asked: Record) -> Record:
        return {
            "id": f"v{self._shop.number()}",
            "product_id": product["id"],
            "sku": asked["sku"],
            "title": "",
            "price": asked["price"] or f"{FREE}",
            "currency": "EUR",
            "promotion": None,
            "tracked": True,
            "active": True,
            "stock": dict.fromkeys(self._shop.locations, 0),
            "updated_at": "",
        }


def _product(product_id: str, title: str) -> Record:
    return {
        "id": product_id,
        "title": title,
        "description": "",
        "active": True,
        "categories": {},
        "images": {},
        "options": [],
    }


def _detail() -> Record:
    return {"options": [], "barcode": "", "weight_grams": None}


def _change(record: Record, asked: Mapping[str, Any], names: tuple[str, ...], fields: frozenset[str] | None) -> None:
    """Sets what is owned. What is empty changes nothing; "not active" is not empty."""
    owner = {"active": "status", "weight_grams": "weight"}
    for name in names:
        if (fields is None or owner.get(name, name) in fields) and asked[name] not in ("", [], None):
            record[name] = asked[name]


def _joined(there: Mapping[str, bool], named: list[str]) -> dict[str, bool]:
    """What is named, before what people have added; what an earlier call has brought and this one lacks is gone."""
    if not named:
        return dict(there)
    added = {name: False for name, brought in there.items() if not brought}
    return {name: added.get(name, True) for name in named} | added


def _error(code: str, record: str = "") -> Record:
    return {"error": {"code": code, "message": "said by the simulator", "record": record}}
