"""How the simulated shop makes and changes products and variations, and what it refuses.

As WooCommerce's classes WC_REST_Products_Controller and WC_REST_Product_Variations_Controller (V3) and WC_Product do it:
lists replace what is there; an unknown attribute or category is left out without a word; a SKU and a barcode belong to one
product alone; one image that cannot be fetched refuses the whole row, while images fetched before it stay in the library.
"""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from decimal import Decimal, InvalidOperation
from typing import Any

from erpsync.systems.woocommerce.simulator_lists import Trouble
from erpsync.systems.woocommerce.simulator_shop import UNCATEGORIZED, Attribute, Product, Shop

# What may be fetched, by wc_rest_allowed_image_mime_types; hosts of .invalid answer nobody (RFC 2606).
_IMAGE = re.compile(r"https?://(?!\S*\.invalid/)[^/\s?]+/(?!\S*missing)[^\s?]+\.(jpe?g|jpe|gif|png|webp)(\?\S*)?")
_STATUSES = frozenset({"draft", "pending", "private", "publish"})


class ProductWrites:
    """`release` is WooCommerce's."""

    def __init__(self, shop: Shop, release: tuple[int, int]) -> None:
        self._shop = shop
        self._release = release

    def make(self, row: Mapping[str, Any], parent_id: int) -> Product:
        """A product, or a variation of that parent; in the shop only where nothing of it was refused."""
        if row.get("id"):
            raise Trouble(400, "woocommerce_rest_product_exists", "Cannot create existing product.")
        if parent_id and getattr(self._shop.products.get(parent_id), "type", "") != "variable":
            raise Trouble(404, "woocommerce_rest_product_variation_invalid_parent", "Invalid parent product.")
        shop, kind = self._shop, "variation" if parent_id else str(row.get("type") or "simple")
        product = Product(shop.next_id(), "", "", shop.now(), shop.now(), kind, parent_id, manage_stock=False)
        self._apply(product, row)
        if parent_id:
            product.name = shop.products[parent_id].name
        shop.products[product.id] = product
        return product

    def change(self, row: Mapping[str, Any], parent_id: int) -> Product:
        product = self._shop.products.get(int(row["id"]))
        if product is None or product.parent_id != parent_id:
            kind = "product_variation" if parent_id else "product"
            raise Trouble(400, f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.")
        changed = copy(product)
        changed.meta = [dict(meta) for meta in product.meta]
        self._apply(changed, row)
        vars(product).update(vars(changed))
        return product

    def _apply(self, product: Product, row: Mapping[str, Any]) -> None:
        if "name" in row and product.type != "variation":
            product.name = _filtered(row["name"])
        if "description" in row:
            product.description = _filtered(row["description"])
        if "status" in row:
            product.status = row["status"] if row["status"] in _STATUSES else "draft"
        if "sku" in row:
            product.sku = self._only_ones(product, "sku", _cleaned(row["sku"]), "product_invalid_sku")
        if "global_unique_id" in row and self._release >= (9, 1):
            number = re.sub(r"[^0-9-]", "", row["global_unique_id"])
            product.gtin = self._only_ones(product, "gtin", number, "product_invalid_global_unique_id")
        if "weight" in row:
            product.weight = row["weight"] and f"{_decimal(row, 'weight'):f}"
        if "attributes" in row:
            read = self._selected if product.type == "variation" else self._offered
            product.attributes = read(product, row["attributes"])
        self._set_stock(product, row)
        _set_price(product, row)
        if "categories" in row:
            product.categories = [one["id"] for one in row["categories"] if one["id"] in self._shop.categories]
        if product.type != "variation" and not product.categories:
            product.categories = [UNCATEGORIZED]
        if "images" in row:
            product.images = [self._image(image) for image in row["images"]]
        for meta in row.get("meta_data", []):
            self._shop.set_meta(product, meta["key"], meta["value"])
        product.modified_at = self._shop.now()

    def _only_ones(self, product: Product, field: str, value: str, code: str) -> str:
        """Whatever the case: MySQL compares so."""
        others = (one for one in self._shop.products.values() if one.id != product.id and one.status != "trash")
        owner = next((one for one in others if value and getattr(one, field).lower() == value.lower()), None)
        if owner is not None:
            raise Trouble(400, code, f"Invalid or duplicated {field.upper()}.", resource_id=owner.id)
        return value

    def _set_stock(self, product: Product, row: Mapping[str, Any]) -> None:
        """A quantity is ignored, and answered well, where stock is not counted; for products that is where the shop counts
        none, whatever the row says."""
        product.stock_status = row.get("stock_status", product.stock_status)
        product.backorders = row.get("backorders", product.backorders)
        if isinstance(row.get("manage_stock"), bool) and (self._shop.manage_stock or product.type == "variation"):
            product.manage_stock = row["manage_stock"]
        if "stock_quantity" in row and product.manage_stock is True and self._shop.manage_stock:
            product.stock = int(row["stock_quantity"] or 0)

    def _offered(self, _: Product, rows: Sequence[Mapping[str, Any]]) -> list[Attribute]:
        """All that a product shall have, by id or name; one without options, or of no name, is left out."""
        offered = []
        for row in rows:
            number, name = int(row.get("id") or 0), str(row.get("name") or "")
            name = self._shop.attributes.get(number, "") if number else name
            if name and row.get("options"):
                shown = (bool(row.get("visible")), bool(row.get("variation")))
                offered.append(Attribute(number, name, list(row["options"]), int(row.get("position") or 0), *shown))
        return offered

    def _selected(self, product: Product, rows: Sequence[Mapping[str, Any]]) -> list[Attribute]:
        """Those that the parent has for its variations. Before 10.5 names in other than Latin letters were lost:
        https://developer.woocommerce.com/?p=8769486."""
        selected = []
        for row in rows:
            number, name = int(row.get("id") or 0), str(row.get("name") or "")
            if not number and self._release < (10, 5) and any(ord(letter) > 0x24F for letter in name):
                continue
            for offered in self._shop.products[product.parent_id].attributes:
                if offered.variation and (offered.id == number if number else _slug(offered.name) == _slug(name)):
                    selected.append(Attribute(offered.id, offered.name, [row.get("option", "")]))
        return selected

    def _image(self, image: Mapping[str, Any]) -> int:
        number = int(image.get("id") or 0)
        if not number:
            if not _IMAGE.fullmatch(image["src"]):
                message = f"Error getting remote image {image['src']}. Error: Not Found."
                raise Trouble(400, "woocommerce_product_image_upload_error", message)
            number = self._shop.next_id()
            self._shop.attachments[number] = image["src"]
        if number not in self._shop.attachments:
            raise Trouble(400, "woocommerce_product_invalid_image_id", f"#{number} is an invalid image ID.")
        return number


def _set_price(product: Product, row: Mapping[str, Any]) -> None:
    """A regular price at or below the sale price ends the sale without a word; a product with variations has none."""
    if product.type == "variable":
        product.regular_price = product.sale_price = ""
    elif "regular_price" in row:
        product.regular_price = row["regular_price"]
        regular = _decimal(row, "regular_price")
        if product.sale_price and regular <= Decimal(product.sale_price):
            product.sale_price, product.sale_from, product.sale_to = "", None, None


def _decimal(row: Mapping[str, Any], name: str) -> Decimal:
    try:
        return Decimal(row[name] or 0)
    except InvalidOperation:
        raise Trouble(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={}) from None


def _filtered(text: str) -> str:
    """As wp_filter_post_kses: no scripts, and bare ampersands are escaped."""
    return re.sub(r"&(?!#?\w+;)", "&amp;", re.sub(r"</?script[^>]*>", "", text))


def _cleaned(text: str) -> str:
    """As wc_clean: no tags, no percent-encoded octets, single blanks."""
    return " ".join(re.sub(r"<[^>]*>|%[0-9a-fA-F]{2}", "", text).split())


def _slug(name: str) -> str:
    return "-".join(name.lower().split())
