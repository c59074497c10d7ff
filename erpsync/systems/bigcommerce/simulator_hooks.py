"""The simulated API of webhooks (v3), and of the store itself (v2)."""

from erpsync.systems.bigcommerce.simulator_http import Handler, Request, Response, v2_error, v3_error, v3_list
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop


class HooksApi:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/v3/hooks"): self._list,
            ("POST", "/v3/hooks"): self._create,
            ("PUT", "/v3/hooks/{id}"): self._update,
            ("GET", "/v2/time"): self._time,
            ("GET", "/v2/store"): self._store,
        }

    def _list(self, request: Request) -> Response:
        return v3_list(request, list(self._shop.hooks.values()))

    def _create(self, request: Request) -> Response:
        """One webhook a topic and address, ten a topic; over TLS on port 443 alone."""
        body = request.body if isinstance(request.body, dict) else {}
        scope, destination = body.get("scope", ""), body.get("destination", "")
        if not scope.startswith("store/") or not destination.startswith("https://") or ":" in destination[8:]:
            return v3_error(422, "Invalid scope or destination", {"destination": "must be served on port 443"})
        same = [hook for hook in self._shop.hooks.values() if hook["scope"] == scope]
        if len(same) >= 10 or any(hook["destination"] == destination for hook in same):
            return v3_error(422, "The webhook exists, or there are too many of its scope", {"scope": "is taken"})
        number = next(self._shop.ids)
        stamp = int(self._shop.now().timestamp())
        hook: Json = {
            "id": number,
            "client_id": "client",
            "store_hash": self._shop.store_hash,
            "scope": scope,
            "destination": destination,
            "headers": body.get("headers"),
            "is_active": body.get("is_active", True),
            "created_at": stamp,
            "updated_at": stamp,
        }
        self._shop.hooks[number] = hook
        return Response(200, {"data": hook, "meta": {}})

    def _update(self, request: Request) -> Response:
        hook = self._shop.hooks.get(request.ids[0])
        if hook is None:
            return v3_error(404, "Webhook not found")
        hook |= {
            key: request.body[key] for key in ("scope", "destination", "headers", "is_active") if key in request.body
        }
        hook["updated_at"] = int(self._shop.now().timestamp())
        return Response(200, {"data": hook, "meta": {}})

    def _time(self, request: Request) -> Response:
        return Response(200, {"time": int(self._shop.now().timestamp())}) if not request.query else v2_error(400, "?")

    def _store(self, request: Request) -> Response:  # noqa: ARG002 - it has no parameters
        return Response(
            200,
            {
                "id": self._shop.store_hash,
                "name": "Simulated store",
                "domain": "store.example.com",
                "status": "live",
                "currency": self._shop.currency,
                "weight_units": self._shop.weight_units,
                "is_price_entered_with_tax": self._shop.inclusive,
                "plan_name": "Standard",
            },
        )
