"""Searches of the simulated account, page by page."""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from erpsync.systems.netsuite.simulator_books import Books, Customer, Item

Values: TypeAlias = dict[str, Any]
_PAGE_SIZES = range(5, 1001)
# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3523074.html
_EXPIRES = timedelta(minutes=15)


@dataclass
class _Search:
    kind: str
    criteria: Mapping[str, Any]
    page_size: int
    used_at: datetime


class Searches:
    """Runs a search anew for each page, as NetSuite does."""

    def __init__(self, books: Books, now: Callable[[], datetime]) -> None:
        self._books = books
        self._now = now
        self._known: dict[str, _Search] = {}
        self._numbers = itertools.count(1)

    def first(self, kind: str, record: Mapping[str, Any], page_size: int, denied: bool) -> Values:
        """The first page of a search for "item" or "customer"."""
        if denied:
            return _failed("INSUFFICIENT_PERMISSION", "You do not have permission for this record.")
        if page_size not in _PAGE_SIZES:
            return _failed("INVALID_SEARCH_PAGE_SIZE", "The page size must be between 5 and 1000.")
        search_id = f"WEBSERVICES_{next(self._numbers):06}"
        self._known[search_id] = _Search(kind, record.get("basic") or {}, page_size, self._now())
        return self._page(search_id, 1)

    def more(self, search_id: str, index: int) -> Values:
        """A further page. An unknown or expired search fails."""
        search = self._known.get(search_id)
        if search is None or self._now() - search.used_at > _EXPIRES:
            return _failed("INVALID_JOB_ID", "The search ID is invalid or has expired.")
        search.used_at = self._now()
        return self._page(search_id, index)

    def _page(self, search_id: str, index: int) -> Values:
        search = self._known[search_id]
        found = self._found(search)
        size = search.page_size
        pages = math.ceil(len(found) / size)
        if index < 1 or index > max(pages, 1):
            return _failed("INVALID_SEARCH_PAGE_INDEX", "There is no such page.")
        return {
            "status": {"isSuccess": True},
            "totalRecords": len(found),
            "pageSize": size,
            "totalPages": pages,
            "pageIndex": index,
            "searchId": search_id,
            "recordList": {"record": found[(index - 1) * size : index * size]},
        }

    def _found(self, search: _Search) -> list[Values]:
        if search.kind == "item":
            items = list(self._books.items.values())
            return [_item(item) for item in items if _matches(search.criteria, _item_facts(item))]
        customers = list(self._books.customers.values())
        return [_customer(c) for c in customers if _matches(search.criteria, _customer_facts(c))]


def _matches(criteria: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    return all(_meets(condition, facts[name]) for name, condition in criteria.items() if name in facts)


def _meets(condition: Mapping[str, Any], fact: Any) -> bool:
    wanted = condition.get("searchValue")
    if isinstance(wanted, bool):
        return bool(fact) is wanted
    if isinstance(wanted, list):
        return fact in {ref.get("internalId") or ref.get("externalId") for ref in wanted}
    # NetSuite's "is" does not tell capitals from small letters.
    return bool(condition.get("operator") == "is" and str(fact or "").lower() == str(wanted or "").lower())


def _item_facts(item: Item) -> Values:
    return {"internalId": item.internal_id, "externalId": item.sku, "isInactive": item.inactive, "itemId": item.sku}


def _customer_facts(customer: Customer) -> Values:
    return {
        "internalId": customer.internal_id,
        "externalId": customer.external_id,
        "isInactive": customer.values.get("isInactive", False),
        "email": customer.values.get("email"),
    }


def _item(item: Item) -> Values:
    return {
        "$type": f"accounting:{item.kind}",
        "internalId": item.internal_id,
        "externalId": item.sku,
        "itemId": item.sku,
        "isInactive": item.inactive,
    }


def _customer(customer: Customer) -> Values:
    names = ("entityId", "isPerson", "firstName", "lastName", "companyName", "phone", "email", "isInactive")
    return {
        "$type": "relationships:Customer",
        "internalId": customer.internal_id,
        "externalId": customer.external_id,
        **{name: customer.values[name] for name in names if name in customer.values},
    }


def _failed(code: str, message: str) -> Values:
    detail = {"code": code, "message": message, "type": "ERROR"}
    return {"status": {"isSuccess": False, "statusDetail": [detail]}}
