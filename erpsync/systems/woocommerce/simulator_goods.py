"""What the simulated shop's products and variations look like in its API, field by field as in the vendor's examples.

https://woocommerce.github.io/woocommerce-rest-api-docs/#product-properties; `global_unique_id` came with 9.1.
"""

from typing import Any

from erpsync.systems.woocommerce.simulator_shapes import Shapes
from erpsync.systems.woocommerce.simulator_shop import Attribute, Product, Shop


class Goods:
    """`release` is WooCommerce's."""

    def __init__(self, shop: Shop, shapes: Shapes, release: tuple[int, int]) -> None:
        self._shop = shop
        self._shapes = shapes
        self._release = release

    def product(self, product: Product, context: str = "view") -> dict[str, Any]:
        """As the list of products tells it: a variation too, where it is asked for by SKU."""
        return {
            "id": product.id,
            "name": product.name,
            "slug": f"item-{product.id}",
            **self._shapes.dates(date_created=product.created_at, date_modified=product.modified_at),
            "type": product.type,
            **dict.fromkeys(_FLAGS, False),
            **dict.fromkeys(_TEXTS, ""),
            **{name: [] for name in _LISTS},
            "catalog_visibility": "visible",
            "total_sales": 0,
            "rating_count": 0,
            "average_rating": "0.00",
            "menu_order": 0,
            "parent_id": product.parent_id,
            "variations": [one.id for one in self._shop.variations(product.id)],
            "categories": [
                {"id": number, "name": self._shop.categories[number].name, "slug": f"category-{number}"}
                for number in product.categories
            ],
            "images": [self._image(number, product) for number in product.images],
            "attributes": [
                _selected(one) if product.type == "variation" else _offered(one) for one in product.attributes
            ],
            **self._sold(product, context),
            "_links": self._shapes.links(f"products/{product.id}"),
        }

    def variation(self, product: Product, context: str = "view") -> dict[str, Any]:
        """10.3 does not tell its parent."""
        return {
            "id": product.id,
            "name": product.name,
            **self._shapes.dates(date_created=product.created_at, date_modified=product.modified_at),
            **dict.fromkeys(("downloadable", "virtual", "backorders_allowed", "backordered"), False),
            "shipping_class": "",
            "downloads": [],
            "attributes": [_selected(one) for one in product.attributes],
            "image": self._image(product.images[0], product) if product.images else None,
            "menu_order": 0,
            **({} if self._release == (10, 3) else {"parent_id": product.parent_id}),
            **self._sold(product, context),
            "_links": self._shapes.links(
                f"products/{product.parent_id}/variations/{product.id}", up=f"products/{product.parent_id}"
            ),
        }

    def _sold(self, product: Product, context: str) -> dict[str, Any]:
        text = product.description
        return {
            "permalink": f"{self._shapes.home}/product/{product.id}/",
            "description": f"<p>{text}</p>\n" if text and context == "view" else text,
            "sku": product.sku,
            **({"global_unique_id": product.gtin} if self._release >= (9, 1) else {}),
            "status": product.status,
            "price": product.sale_price or product.regular_price,
            "regular_price": product.regular_price,
            "sale_price": product.sale_price,
            **self._shapes.dates(date_on_sale_from=product.sale_from, date_on_sale_to=product.sale_to),
            "on_sale": bool(product.sale_price),
            "purchasable": bool(product.regular_price) and product.status == "publish",
            "tax_status": "taxable",
            "tax_class": "",
            "manage_stock": product.manage_stock,
            "stock_quantity": product.stock if product.manage_stock is not False else None,
            "stock_status": "instock" if product.in_stock() else "outofstock",
            "backorders": product.backorders,
            "weight": product.weight,
            "dimensions": {"length": "", "width": "", "height": ""},
            "download_limit": -1,
            "download_expiry": -1,
            "shipping_class_id": 0,
            "meta_data": product.meta,
        }

    def _image(self, number: int, product: Product) -> dict[str, Any]:
        """At an address of the shop's own, by the name of the file that was fetched."""
        name = self._shop.attachments[number].partition("?")[0].rpartition("/")[2]
        stem, _, kind = name.rpartition(".")
        return {
            "id": number,
            **self._shapes.dates(date_created=product.created_at, date_modified=product.created_at),
            "src": f"{self._shapes.home}/wp-content/uploads/{stem}-{number}.{kind}",
            "name": stem,
            "alt": "",
        }


def _offered(attribute: Attribute) -> dict[str, Any]:
    return {
        "id": attribute.id,
        "name": attribute.name,
        "position": attribute.position,
        "visible": attribute.visible,
        "variation": attribute.variation,
        "options": attribute.options,
    }


def _selected(attribute: Attribute) -> dict[str, Any]:
    return {"id": attribute.id, "name": attribute.name, "option": attribute.options[0]}


_FLAGS = (
    "featured",
    "virtual",
    "downloadable",
    "backorders_allowed",
    "backordered",
    "sold_individually",
    "shipping_required",
    "shipping_taxable",
    "reviews_allowed",
)
_TEXTS = (
    "short_description",
    "price_html",
    "external_url",
    "button_text",
    "shipping_class",
    "purchase_note",
)
_LISTS = (
    "downloads",
    "related_ids",
    "upsell_ids",
    "cross_sell_ids",
    "tags",
    "default_attributes",
    "grouped_products",
)
