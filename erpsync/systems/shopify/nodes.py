"""Reads many records by id, as many in one call as their cost allows, and their lists beyond the first page."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic import ValidationError

from erpsync.domain.errors import SyncError, Transient
from erpsync.systems.shopify import refusals, wire
from erpsync.systems.shopify.amounts import SYSTEM, Side
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.documents import PAGED, read_name

Node: TypeAlias = dict[str, Any]
# The first call is small; its answer tells what a record costs. Shopify's formula is not published for lists, so it is
# learned instead of computed.
FIRST_CHUNK = 3
MAX_CHUNK = 50
# One query may cost 1,000 points whatever the plan (https://shopify.dev/docs/api/usage/limits). Half of it leaves the
# bucket room for this store's other workers.
MAX_POINTS = 1000
_SHARE = 2
# Far above Shopify's 500 lines an order; ends a paging that would not end.
_MAX_PAGES = 100


class NodeReader:
    """Reads "Orders", "Refunds", "Payments" and "RefundMoney" of one store, with amounts on one side."""

    def __init__(self, client: ShopifyClient, side: Side) -> None:
        self._client = client
        self._side = side
        self._chunks: dict[str, int] = {}

    def read(self, what: str, gids: Sequence[str]) -> dict[str, Node | SyncError | None]:
        """Each record, None where there is none, or why it could not be read. Raises only where nothing was read."""
        found: dict[str, Node | SyncError | None] = {}
        pending = list(dict.fromkeys(gids))
        while pending:
            chunk = pending[: self._chunks.get(what, FIRST_CHUNK)]
            try:
                found |= self._read_chunk(what, chunk)
            except refusals.TooCostly as error:
                if len(chunk) == 1:
                    found[chunk[0]] = error
                else:
                    self._chunks[what] = len(chunk) // 2
                    continue
            except SyncError as error:
                if not found:
                    raise
                return found | dict.fromkeys(pending, error)
            pending = pending[len(chunk) :]
        return found

    def _read_chunk(self, what: str, gids: Sequence[str]) -> dict[str, Node | SyncError | None]:
        answer = self._client.call(read_name(what, self._side), {"ids": list(gids)}, partly=True)
        nodes = answer.data.get("nodes")
        errors = _errors_by_node(answer.errors)
        if not isinstance(nodes, list) or len(nodes) != len(gids) or errors is None:
            raise refusals.of_errors(answer.errors, answer.cost) if answer.errors else _incomplete("not what was asked")
        if answer.cost is not None and answer.cost.requested > 0:
            self._chunks[what] = affordable(answer.cost, len(gids), MAX_CHUNK)
        found: dict[str, Node | SyncError | None] = {}
        for i, (gid, node) in enumerate(zip(gids, nodes, strict=True)):
            found[gid] = refusals.of_errors(errors[i], answer.cost) if i in errors else self._complete(gid, node)
        return found

    def _complete(self, gid: str, node: object) -> Node | SyncError | None:
        """The record with all pages of its lists."""
        if not isinstance(node, dict):
            return None
        try:
            for name in PAGED.keys() & node.keys():
                node[name] = self._all_items(gid, node, name)
        except SyncError as error:
            return error
        except ValidationError:
            return _incomplete("not in the form that was asked for")
        return node

    def _all_items(self, gid: str, node: Node, name: str) -> list[object]:
        items: list[object] = []
        page = wire.Page.model_validate(node[name])
        for _ in range(_MAX_PAGES):
            items += page.nodes
            if not page.info.has_next:
                return items
            variables = {"id": gid, "after": page.info.end_cursor}
            more = self._client.call(read_name(PAGED[name].what, self._side), variables).data.get("node")
            if not isinstance(more, dict) or more.get("updated_at") != node.get("updated_at"):
                raise _incomplete("changed between two pages")
            page = wire.Page.model_validate(more.get("items"))
        raise _incomplete("an endless list")


def affordable(cost: wire.Cost, records: int, most: int) -> int:
    """How many records one call should ask for, where asking for `records` cost that much."""
    budget = float(min(Decimal(MAX_POINTS), cost.throttle.maximum_available)) / _SHARE
    return max(1, min(int(budget * records / float(cost.requested)), most))


def _errors_by_node(errors: Sequence[wire.GraphqlError]) -> Mapping[int, list[wire.GraphqlError]] | None:
    """The errors by the node they are about; None where one is about the whole call."""
    by_node: dict[int, list[wire.GraphqlError]] = {}
    for error in errors:
        path = error.get("path") or []
        if len(path) < 2 or path[0] != "nodes" or not isinstance(path[1], int):
            return None
        by_node.setdefault(path[1], []).append(error)
    return by_node


def _incomplete(why: str) -> Transient:
    return Transient("record-incomplete", system=SYSTEM, what=f"The record that Shopify sent is {why}.")
