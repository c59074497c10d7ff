"""Searches of the simulated account, page by page, and the other questions that are answered from many records."""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from erpsync.systems.netsuite import simulator_soap_records as records
from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_records import PRICE_LEVELS, Customer, Item, Stock, Transaction, Values

_PAGE_SIZES = range(5, 1001)
_DELETED_PAGE = 100
# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3523074.html
_EXPIRES = timedelta(minutes=15)
_ITEM_TYPES = {
    "InventoryItem": "_inventoryItem",
    "NonInventorySaleItem": "_nonInventoryItem",
    "ServiceSaleItem": "_service",
    "KitItem": "_kit",
    "AssemblyItem": "_assembly",
    "OtherChargeSaleItem": "_otherCharge",
    "DiscountItem": "_discount",
}


@dataclass
class _Search:
    kind: str
    criteria: Mapping[str, Any]
    of_members: Mapping[str, Any] | None
    page_size: int
    body_only: bool
    used_at: datetime


@dataclass(frozen=True)
class _Row:
    """One record that may be found: what criteria see of it, and how it is answered."""

    facts: Values
    record: Callable[[], Values]


class Searches:
    """Runs a search anew for each page, as NetSuite does. `scrambled`: results come in no order that helps. `expiring`:
    so many of the next further pages find their search forgotten, as after 15 minutes."""

    def __init__(self, books: Books, now: Callable[[], datetime]) -> None:
        self.scrambled = False
        self.expiring = 0
        self._books = books
        self._now = now
        self._known: dict[str, _Search] = {}
        self._numbers = itertools.count(1)

    def first(self, kind: str, record: Mapping[str, Any], preferences: Mapping[str, Any]) -> Values:
        """The first page of a search for "item", "customer" or "transaction"."""
        page_size = preferences.get("pageSize", 1000)
        if page_size not in _PAGE_SIZES:
            return failed("INVALID_SEARCH_PAGE_SIZE", "The page size must be between 5 and 1000.")
        search_id = f"WEBSERVICES_{next(self._numbers):06}"
        body_only = preferences.get("bodyFieldsOnly", True)
        criteria = record.get("basic") or {}
        self._known[search_id] = _Search(
            kind, criteria, record.get("memberItemJoin"), page_size, body_only, self._now()
        )
        return self._page(search_id, 1)

    def more(self, search_id: str, index: int) -> Values:
        """A further page. An unknown or expired search fails."""
        search = self._known.get(search_id)
        if self.expiring or search is None or self._now() - search.used_at > _EXPIRES:
            self.expiring = max(self.expiring - 1, 0)
            return failed("INVALID_JOB_ID", "The search ID is invalid or has expired.")
        search.used_at = self._now()
        return self._page(search_id, index)

    def availability(self, question: Mapping[str, Any]) -> Values:
        """What each location holds of the items asked for."""
        since = question.get("lastQtyAvailableChange")
        asked = [ref.get("internalId") for ref in question["item"].get("recordRef", [])]
        with self._books.lock:
            items = [self._books.items[id_] for id_ in asked if id_ in self._books.items]
            told = [_available(item) for item in items if since is None or item.stock_changed_at >= since]
        rows = list(itertools.chain.from_iterable(told))
        return {"status": {"isSuccess": True}, "itemAvailabilityList": {"itemAvailability": rows} if rows else None}

    def deleted(self, question: Mapping[str, Any], index: int) -> Values:
        """What was deleted, a page."""
        since = (question.get("deletedDate") or {}).get("searchValue")
        kinds = (question.get("type") or {}).get("searchValue")
        with self._books.lock:
            found = [
                {
                    "deletedDate": gone.deleted_at,
                    "record": {
                        "$type": "core:RecordRef",
                        "type": gone.kind,
                        "internalId": gone.internal_id,
                        "externalId": gone.external_id,
                        "name": gone.name or None,
                    },
                }
                for gone in self._books.deleted
                if (since is None or gone.deleted_at >= since) and (kinds is None or gone.kind in kinds)
            ]
        return {
            "status": {"isSuccess": True},
            "totalRecords": len(found),
            "pageSize": _DELETED_PAGE,
            "totalPages": math.ceil(len(found) / _DELETED_PAGE),
            "pageIndex": index,
            "deletedRecordList": {"deletedRecord": found[(index - 1) * _DELETED_PAGE : index * _DELETED_PAGE]},
        }

    def _page(self, search_id: str, index: int) -> Values:
        search = self._known[search_id]
        with self._books.lock:
            found = [row for row in self._rows(search.kind) if self._is_found(search, row.facts)]
            found.sort(key=lambda row: int(row.facts["internalIdNumber"]))
            if self.scrambled:
                found.sort(key=lambda row: str(row.facts["internalIdNumber"])[::-1], reverse=True)
            size = search.page_size
            pages = math.ceil(len(found) / size)
            if index < 1 or index > max(pages, 1):
                return failed("INVALID_SEARCH_PAGE_INDEX", "There is no such page.")
            page = [row.record() for row in found[(index - 1) * size : index * size]]
        return {
            "status": {"isSuccess": True},
            "totalRecords": len(found),
            "pageSize": size,
            "totalPages": pages,
            "pageIndex": index,
            "searchId": search_id,
            "recordList": {"record": [records.body_only(one) for one in page] if search.body_only else page},
        }

    def _is_found(self, search: _Search, facts: Values) -> bool:
        of_members = search.of_members
        if of_members is None:
            return _matches(search.criteria, facts)
        members = [self._books.items[id_] for id_, _ in self._books.items[facts["internalId"]].members]
        return _matches(search.criteria, facts) and any(_matches(of_members, _item_facts(m)) for m in members)

    def _rows(self, kind: str) -> list[_Row]:
        books = self._books
        if kind == "item":
            return [_Row(_item_facts(item), partial(records.item, item)) for item in books.items.values()]
        if kind == "customer":
            return [
                _Row(_facts(found, "customer"), partial(records.stored, found)) for found in books.customers.values()
            ]
        if kind == "pricelevel":
            return [_price_level(*entry) for entry in PRICE_LEVELS.items()]
        return [
            *(_Row(_facts(t, t.kind), partial(records.stored, t)) for t in books.transactions.values()),
            *(
                _Row(_facts(f, "itemFulfillment"), partial(records.fulfilment, f, books))
                for f in books.fulfilments.values()
            ),
            *(_Row(_facts(i, "invoice"), partial(records.invoice, i, books)) for i in books.invoices.values()),
        ]


def failed(code: str, message: str) -> Values:
    detail = {"code": code, "message": message, "type": "ERROR"}
    return {"status": {"isSuccess": False, "statusDetail": [detail]}}


def _matches(criteria: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    return all(_meets(condition, facts.get(name)) for name, condition in criteria.items() if name != "$type")


def _meets(condition: Mapping[str, Any], fact: Any) -> bool:
    wanted, operator = condition.get("searchValue"), condition.get("operator")
    if isinstance(wanted, bool):
        return bool(fact) is wanted
    if isinstance(wanted, list):
        asked = {one if isinstance(one, str) else one.get("internalId") or one.get("externalId") for one in wanted}
        facts = fact if isinstance(fact, frozenset) else {fact}
        return bool(facts & asked) is (operator == "anyOf")
    if isinstance(wanted, datetime):
        return fact is not None and operator == "onOrAfter" and bool(fact >= wanted)
    if isinstance(wanted, int):
        return _in_range(str(operator), int(fact), wanted, condition.get("searchValue2"))
    # NetSuite's "is" does not tell capitals from small letters.
    return bool(operator == "is" and str(fact or "").lower() == str(wanted or "").lower())


def _in_range(operator: str, fact: int, low: int, high: int | None) -> bool:
    if operator == "between":
        return high is not None and low <= fact <= high
    return {"greaterThan": fact > low, "greaterThanOrEqualTo": fact >= low, "equalTo": fact == low}[operator]


def _item_facts(item: Item) -> Values:
    return {
        "internalId": item.internal_id,
        "internalIdNumber": item.internal_id,
        "externalId": item.external_id,
        "isInactive": item.inactive,
        "itemId": item.sku,
        "lastModifiedDate": item.modified_at,
        "lastQuantityAvailableChange": item.stock_changed_at if item.stock else None,
        "parent": item.parent_id,
        "type": _ITEM_TYPES[item.kind],
    }


def _facts(record: Any, kind: str) -> Values:
    facts = {
        "internalId": record.internal_id,
        "internalIdNumber": record.internal_id,
        "lastModifiedDate": record.modified_at,
        "mainLine": True,
        "type": f"_{kind}",
    }
    if isinstance(record, (Customer, Transaction)):
        facts["externalId"] = record.external_id
    if isinstance(record, Transaction):
        facts["item"] = frozenset(line.item.internal_id for line in record.lines)
        state = record.status.removeprefix("_")
        facts["status"] = f"_{kind}{state[:1].upper()}{state[1:]}"
    if isinstance(record, Customer):
        facts |= {"isInactive": record.values.get("isInactive", False), "email": record.values.get("email")}
    elif not isinstance(record, Transaction):
        facts["createdFrom"] = record.order_id
    return facts


def _price_level(internal_id: str, name: str) -> _Row:
    facts = {"internalId": internal_id, "internalIdNumber": internal_id, "name": name}
    return _Row(facts, lambda: {"$type": "accounting:PriceLevel", "internalId": internal_id, "name": name})


def _quantities(place: Stock) -> Values:
    """Of a location that has nothing only its id is told:
    https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3498308.html"""
    if not place.on_hand and not place.promised:
        return {}
    return {
        "quantityOnHand": place.on_hand,
        "quantityCommitted": place.committed,
        "quantityBackOrdered": place.promised - place.committed,
        "quantityAvailable": place.on_hand - place.committed,
    }


def _available(item: Item) -> list[Values]:
    return [
        {
            "item": {"internalId": item.internal_id, "name": item.sku},
            "lastQtyAvailableChange": item.stock_changed_at,
            "locationId": {"internalId": location},
            **_quantities(place),
        }
        for location, place in item.stock.items()
    ]
