"""Calls to one store's Admin API: the documents of `documents` and no others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.runtime import Tools
from erpsync.systems.shopify import pace, refusals, wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.documents import DOCUMENTS
from erpsync.systems.shopify.settings import POINTS, ShopifySettings
from erpsync.systems.shopify.tokens import Tokens
from erpsync.transport.failures import retry_after_seconds
from erpsync.transport.http import HttpClient, Reply

_THROTTLED = 429


@dataclass(frozen=True)
class Answer:
    """A reply that holds data, and perhaps errors about parts of it."""

    data: Mapping[str, Any]
    errors: Sequence[wire.GraphqlError]
    headers: Mapping[str, str]
    cost: wire.Cost | None


class ShopifyClient:
    """Not for use by several threads at once."""

    def __init__(self, settings: ShopifySettings, tools: Tools) -> None:
        self.clock = tools.clock
        self._http = HttpClient(
            SYSTEM,
            settings.address,
            tools.clock,
            settle_seconds=settings.settle_seconds,
            limiter=tools.limiter,
            lesson=pace.lesson,
        )
        self._tokens = Tokens(settings, self._http, tools.clock)
        self._costs = pace.Costs()
        self._path = f"/admin/api/{settings.api_version}/graphql.json"
        self._settle_seconds = settings.settle_seconds

    def call(
        self, name: str, variables: Mapping[str, object] | None = None, *, partly: bool = False, once: bool = False
    ) -> Answer:
        """The answer to the document `name`. Errors about parts of the data are returned where `partly`, else raised.

        `once` says that the document does something again each time it is sent: an answer that does not tell whether it
        was done raises OutcomeUnknown. All others may be sent again without harm (a metafield is set to what it is set
        to), so that a lost reply is an outage. Raises Unavailable, Throttled, Transient or Rejected otherwise.
        """
        given = dict(variables or {})
        size = _size(given)
        body = {"query": DOCUMENTS[name], "operationName": name, "variables": given}
        reply = self._post(body, once, self._costs.expected(name, size))
        try:
            return self._read(reply, name, size, partly)
        except Transient as error:
            if once and type(error) is Transient:
                raise self._unknown(error) from error
            raise

    def _read(self, reply: Reply, name: str, size: int, partly: bool) -> Answer:
        if reply.status == _THROTTLED:
            raise self._throttled(reply, name, size)
        refusal = refusals.of_status(reply.status)
        if refusal is not None:
            raise refusal
        body = reply.json()
        if not isinstance(body, dict):
            raise _strange("The answer is not a JSON object.")
        cost = self._cost(reply, name, size)
        errors = body.get("errors") or []
        if not isinstance(errors, list) or not all(isinstance(error, dict) for error in errors):
            raise _strange("The answer reports errors in an unknown form.")
        data = body.get("data")
        if not isinstance(data, dict) or (errors and not partly):
            raise refusals.of_errors(errors, cost) if errors else _strange("The answer holds no data.")
        return Answer(data, errors, reply.headers, cost)

    def _throttled(self, reply: Reply, name: str, size: int) -> Throttled:
        """A 429 has the bucket's state in its body, or Retry-After, or neither where it is not the API that answers."""
        seconds = retry_after_seconds(reply.headers, self.clock.now())
        if seconds is not None:
            return refusals.throttled_for(seconds)
        return refusals.throttled(self._cost(reply, name, size))

    def _cost(self, reply: Reply, name: str, size: int) -> wire.Cost | None:
        cost = pace.cost_of(reply)
        if cost is not None:
            self._costs.learn(name, size, cost)
        return cost

    def _post(self, body: Mapping[str, object], once: bool, cost: float) -> Reply:
        try:
            return self._post_with_token(body, once, cost)
        except Unavailable as error:
            if error.code != "credentials-refused" or not self._tokens.can_renew:
                raise
        # A token of the client credentials grant ends by itself, or when the app is installed anew.
        self._tokens.forget()
        return self._post_with_token(body, once, cost)

    def _post_with_token(self, body: Mapping[str, object], once: bool, cost: float) -> Reply:
        headers = {"X-Shopify-Access-Token": self._tokens.current(), "Accept": "application/json"}
        return self._http.call(
            "POST",
            self._path,
            write=once,
            json_body=body,
            headers=headers,
            returns={_THROTTLED},
            operation=POINTS,
            cost=cost,
        )

    def _unknown(self, error: SyncError) -> OutcomeUnknown:
        return OutcomeUnknown(
            "outcome-unknown",
            system=SYSTEM,
            what=f"What became of a write is not known. {error.problem.what}",
            settle_seconds=self._settle_seconds,
        )


def _size(variables: Mapping[str, object]) -> int:
    """How many records a call asks for: what its cost grows with."""
    first, ids = variables.get("first"), variables.get("ids")
    asked = len(ids) if isinstance(ids, list) else first
    return max(asked, 1) if isinstance(asked, int) else 1


def _strange(what: str) -> SyncError:
    return Transient(
        "reply-unreadable",
        system=SYSTEM,
        what=what,
        next_step="If it stays so, check the connection's address: a proxy may be answering.",
    )
