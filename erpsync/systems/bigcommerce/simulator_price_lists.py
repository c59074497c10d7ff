"""The simulated API of price lists (v3)."""

from erpsync.systems.bigcommerce.simulator_http import Handler, Request, Response, exact, v3_error, v3_list, wanted
from erpsync.systems.bigcommerce.simulator_shop import Shop


class PriceListsApi:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/v3/pricelists"): self._price_lists,
            ("GET", "/v3/pricelists/{id}/records"): self._records,
            ("PUT", "/v3/pricelists/{id}/records"): self._update_records,
        }

    def _price_lists(self, request: Request) -> Response:
        ids, name = wanted(request.query, "id:in"), request.query.get("name")
        rows = [
            {"id": number, "name": title, "active": True}
            for number, title in self._shop.price_lists.items()
            if (ids is None or str(number) in ids) and (name is None or title == name)
        ]
        return v3_list(request, rows)

    def _records(self, request: Request) -> Response:
        of = wanted(request.query, "variant_id:in")
        rows = [
            {"price_list_id": key[0], "variant_id": key[1], "currency": key[2], **record}
            for key, record in self._shop.price_records.items()
            if key[0] == request.ids[0] and (of is None or str(key[1]) in of)
        ]
        return v3_list(request, rows)

    def _update_records(self, request: Request) -> Response:
        """A record is replaced: what is left out is not set any more."""
        if request.ids[0] not in self._shop.price_lists:
            return v3_error(404, "The price list was not found")
        if not isinstance(request.body, list) or not 0 < len(request.body) <= 1_000:
            return v3_error(422, "JSON data is missing or invalid")
        for item in request.body:
            if item.get("variant_id") not in self._shop.variants or not item.get("currency"):
                return v3_error(422, "JSON data is missing or invalid", {"variant_id": "unknown"})
        for item in request.body:
            key = (request.ids[0], item["variant_id"], item["currency"])
            kept = {name: exact(value) for name, value in item.items() if name not in ("variant_id", "currency")}
            self._shop.price_records[key] = kept
        return Response(200, {"data": {}, "meta": {}})
