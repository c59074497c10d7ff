"""Calls to one store's Admin API: the documents of `documents` and no others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from erpsync.domain.errors import SyncError, Throttled, Transient, Unavailable
from erpsync.ports.runtime import Clock
from erpsync.systems.shopify import refusals, wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.documents import DOCUMENTS
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.tokens import Tokens
from erpsync.transport.http import HttpClient, Reply


@dataclass(frozen=True)
class Answer:
    """A reply that holds data, and perhaps errors about parts of it."""

    data: Mapping[str, Any]
    errors: Sequence[wire.GraphqlError]
    headers: Mapping[str, str]
    cost: wire.Cost | None


class ShopifyClient:
    """Not for use by several threads at once."""

    def __init__(self, settings: ShopifySettings, clock: Clock) -> None:
        self._http = HttpClient(SYSTEM, settings.address, clock)
        self._tokens = Tokens(settings, self._http, clock)
        self._path = f"/admin/api/{settings.api_version}/graphql.json"
        self._last_cost: wire.Cost | None = None

    def call(self, name: str, variables: Mapping[str, object] | None = None, *, partly: bool = False) -> Answer:
        """The answer to the document `name`. Errors about parts of the data are returned where `partly`, else raised.

        No document that is sent can do something twice (a metafield is set to what it is set to), so that a lost reply
        is an outage and not an unknown outcome. Raises Unavailable, Throttled, Transient or Rejected.
        """
        reply = self._post({"query": DOCUMENTS[name], "operationName": name, "variables": dict(variables or {})})
        refusal = refusals.of_status(reply.status)
        if refusal is not None:
            raise refusal
        body = reply.json()
        if not isinstance(body, dict):
            raise _strange("The answer is not a JSON object.")
        cost = _cost(body)
        self._last_cost = cost or self._last_cost
        errors = body.get("errors") or []
        if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
            raise _strange("The answer reports errors in an unknown form.")
        data = body.get("data")
        if not isinstance(data, dict) or (errors and not partly):
            raise refusals.of_errors(errors, cost) if errors else _strange("The answer holds no data.")
        return Answer(data, errors, reply.headers, cost)

    def _post(self, body: Mapping[str, object]) -> Reply:
        try:
            return self._post_with_token(body)
        except Unavailable as error:
            if error.code != "credentials-refused" or not self._tokens.can_renew:
                raise
        # A token of the client credentials grant ends by itself, or when the app is installed anew.
        self._tokens.forget()
        return self._post_with_token(body)

    def _post_with_token(self, body: Mapping[str, object]) -> Reply:
        headers = {"X-Shopify-Access-Token": self._tokens.current(), "Accept": "application/json"}
        try:
            return self._http.call("POST", self._path, write=False, json_body=body, headers=headers)
        except Throttled as error:
            # As 429 the body with the bucket's state is not to be had; the last one seen is the best guess.
            if error.retry_after_seconds is None:
                raise refusals.throttled(self._last_cost) from error
            raise


def _cost(body: Mapping[str, Any]) -> wire.Cost | None:
    try:
        return wire.Cost.model_validate((body.get("extensions") or {}).get("cost"))
    except (ValidationError, AttributeError):
        return None


def _strange(what: str) -> SyncError:
    return Transient(
        "reply-unreadable",
        system=SYSTEM,
        what=what,
        next_step="If it stays so, check the connection's address: a proxy may be answering.",
    )
