"""The simulated API of what belongs to a product: its images and metafields; and of category trees (v3)."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from erpsync.systems.bigcommerce.simulator_catalogue import shown_image
from erpsync.systems.bigcommerce.simulator_http import Handler, Request, Response, iso, v3_error, v3_list, wanted
from erpsync.systems.bigcommerce.simulator_rules import invalid
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

_TREE = {"id": 1, "name": "Default catalog tree", "channels": [1]}
# https://developer.bigcommerce.com/docs/rest-catalog/products/images#create-a-product-image
_IMAGES = frozenset({"", ".bmp", ".gif", ".jpg", ".jpeg", ".png", ".wbmp", ".xbm", ".webp"})
_PERMISSIONS = frozenset({"app_only", "read", "write", "read_and_sf_access", "write_and_sf_access"})


class BelongingsApi:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", "/v3/catalog/products/{id}/images"): self._fetch,
            ("DELETE", "/v3/catalog/products/{id}/images/{id}"): self._delete_image,
            ("GET", "/v3/catalog/products/{id}/metafields"): self._metafields,
            ("POST", "/v3/catalog/products/{id}/metafields"): self._add_metafield,
            ("PUT", "/v3/catalog/products/{id}/metafields/{id}"): self._update_metafield,
            ("GET", "/v3/catalog/trees"): self._trees,
            ("GET", "/v3/catalog/trees/categories"): self._categories,
            ("POST", "/v3/catalog/trees/categories"): self._add_categories,
        }

    def _fetch(self, request: Request) -> Response:
        """Nothing is really fetched. What a host under .invalid has cannot be, nor what is no image by its name."""
        product_id, body = request.ids[0], request.body or {}
        if product_id not in self._shop.products:
            return v3_error(404, "The product was not found")
        url = body.get("image_url", "")
        parts, path = urlsplit(url), PurePosixPath(urlsplit(url).path)
        if not url or len(url) > 255:
            return invalid("image_url", "image_url must be present, and have at most 255 characters")
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or host.endswith(".invalid") or path.suffix.lower() not in _IMAGES:
            return v3_error(400, "The requested resource could not be downloaded and may be invalid")
        mine = [one for one in self._shop.images.values() if one["product_id"] == product_id]
        if len(mine) >= 1_000:
            return v3_error(422, "A product may have at most 1000 images", {"images": "too many"})
        if body.get("is_thumbnail"):
            for one in mine:
                one["is_thumbnail"] = False
        number = next(self._shop.ids)
        image = {
            "id": number,
            "product_id": product_id,
            "image_file": f"e/{number % 1000}/{path.stem}__{number:05d}{path.suffix or '.jpg'}",
            "is_thumbnail": bool(body.get("is_thumbnail")) or not mine,
            "sort_order": body.get("sort_order", 0),
            "description": body.get("description", ""),
            "date_modified": iso(self._shop.now()),
            "source": url,
        }
        self._shop.images[number] = image
        return Response(200, {"data": shown_image(image), "meta": {}})

    def _delete_image(self, request: Request) -> Response:
        image = self._shop.images.get(request.ids[1])
        if image is None or image["product_id"] != request.ids[0]:
            return v3_error(404, "The image was not found")
        del self._shop.images[image["id"]]
        return Response(204)

    def _metafields(self, request: Request) -> Response:
        rows = [
            one
            for one in self._shop.metafields.values()
            if one["resource_id"] == request.ids[0]
            and all(one[name] == request.query.get(name, one[name]) for name in ("namespace", "key"))
        ]
        return v3_list(request, rows)

    def _add_metafield(self, request: Request) -> Response:
        body = request.body or {}
        if request.ids[0] not in self._shop.products:
            return v3_error(404, "The product was not found")
        wrong = _metafield_complaint(body)
        if wrong is not None:
            return wrong
        named = (request.ids[0], body["namespace"], body["key"])
        if any((one["resource_id"], one["namespace"], one["key"]) == named for one in self._shop.metafields.values()):
            return v3_error(409, "The metafield conflicts with another", {"key": "is a duplicate"})
        number, now = next(self._shop.ids), iso(self._shop.now())
        metafield = {"description": "", **body, "id": number, "resource_type": "product", "resource_id": request.ids[0]}
        self._shop.metafields[number] = metafield | {"date_created": now, "date_modified": now}
        return Response(200, {"data": self._shop.metafields[number], "meta": {}})

    def _update_metafield(self, request: Request) -> Response:
        metafield = self._shop.metafields.get(request.ids[1])
        if metafield is None or metafield["resource_id"] != request.ids[0]:
            return v3_error(404, "The metafield was not found")
        wrong = _metafield_complaint({**metafield, **(request.body or {})})
        if wrong is not None:
            return wrong
        metafield |= {**(request.body or {}), "date_modified": iso(self._shop.now())}
        return Response(200, {"data": metafield, "meta": {}})

    def _trees(self, request: Request) -> Response:
        channels = wanted(request.query, "channel_id:in")
        return v3_list(request, [_TREE] if channels is None or "1" in channels else [])

    def _categories(self, request: Request) -> Response:
        trees, name = wanted(request.query, "tree_id:in"), request.query.get("name")
        rows = [
            one
            for one in self._shop.categories.values()
            if (trees is None or str(one["tree_id"]) in trees) and (name is None or one["name"] == name)
        ]
        return v3_list(request, rows)

    def _add_categories(self, request: Request) -> Response:
        """All or nothing."""
        bodies = request.body if isinstance(request.body, list) else []
        if not bodies:
            return _refused("The body must be a list of categories", {})
        for body in bodies:
            wrong = self._category_complaint(body)
            if wrong:
                return _refused("The category is not valid", wrong)
        made = []
        for body in bodies:
            number = next(self._shop.ids)
            self._shop.categories[number] = {"parent_id": 0, "is_visible": True, **body, "category_id": number}
            made.append(self._shop.categories[number])
        return Response(201, {"data": made, "meta": {"total": len(made), "success": len(made), "failed": 0}})

    def _category_complaint(self, body: Json) -> Json:
        name, parent, path = body.get("name", ""), body.get("parent_id", 0), (body.get("url") or {}).get("path", "")
        others = list(self._shop.categories.values())
        if not isinstance(name, str) or not 0 < len(name) <= 50:
            return {"name": "must have 1 to 50 characters"}
        if body.get("tree_id") != _TREE["id"] and not parent:
            return {"tree_id": "is required, or parent_id"}
        if parent and parent not in self._shop.categories:
            return {"parent_id": "does not exist"}
        if any(one["name"].casefold() == name.casefold() and one["parent_id"] == parent for one in others):
            return {"name": "is taken by a sibling"}
        if not path or any(one["url"]["path"] == path for one in others):
            return {"url": "is required, and must not be taken"}
        return {}


def _metafield_complaint(body: Json) -> Response | None:
    for name, most in (("namespace", 64), ("key", 64), ("value", 65_535)):
        value: Any = body.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            return invalid(name, f"must be a string of 1 to {most} characters")
    return None if body.get("permission_set") in _PERMISSIONS else invalid("permission_set", "is required")


def _refused(title: str, errors: Json) -> Response:
    meta = {"total": 1, "success": 0, "failed": 1}
    return Response(422, {"errors": {"status": 422, "title": title, "type": "", "errors": errors}, "meta": meta})
