"""Questions that many records answer: searches, stock, what was deleted, which custom fields there are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from erpsync.domain.errors import Transient
from erpsync.systems.netsuite import refusals
from erpsync.systems.netsuite.client import SuiteTalk, check_read
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.wire import Availability, DeletedRecord, ReadRecord, Ref

PAGE_SIZE = 100  # search results a page, 5 to 1000
_SEARCHES = {
    "Item": "accounting",
    "Customer": "relationships",
    "Transaction": "sales",
    "PriceLevel": "accounting",
}
# How often a search whose id expired between two pages is begun again.
_SEARCH_ATTEMPTS = 3


def search(
    client: SuiteTalk,
    record_type: str,
    criteria: Mapping[str, object],
    *,
    body_only: bool = True,
    **joined: Mapping[str, object],
) -> list[ReadRecord]:
    """All records that match, also by records `joined` to them; body fields only unless told otherwise. `record_type` is
    "Item", "Customer", "Transaction" or "PriceLevel". A search whose id expires on the way is begun again."""
    for _ in range(_SEARCH_ATTEMPTS):
        found = _all_pages(client, record_type, {"basic": criteria, **joined}, body_only)
        if found is not None:
            return found
    raise Transient("search-expired", system=SYSTEM, what="NetSuite forgot the search between two pages.")


def search_page(
    client: SuiteTalk, record_type: str, criteria: Mapping[str, object], size: int, *, body_only: bool = True
) -> tuple[list[ReadRecord], int]:
    """Up to `size` records that match, in no particular order, and how many there are."""
    page = _first_page(client, record_type, {"basic": criteria}, size, body_only)
    return _records(page), int(page["totalRecords"] or 0)


def availability(client: SuiteTalk, item_ids: Sequence[str]) -> list[Availability]:
    """What each location holds of these items, up to 10,000 of them; no quantities where it holds nothing.
    https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3498308.html"""
    if not item_ids:
        return []
    refs = [Ref(internalId=item_id) for item_id in item_ids]
    arguments = {"itemAvailabilityFilter": {"item": {"recordRef": refs}}}
    result = client.call("getItemAvailability", arguments)["getItemAvailabilityResult"]
    check_read(result["status"])
    return cast(list[Availability], (result["itemAvailabilityList"] or {}).get("itemAvailability") or [])


def deleted(client: SuiteTalk, record_types: Sequence[str], since: datetime) -> list[DeletedRecord]:
    """What was deleted since. Nothing where the role may not ask: no order should wait for that right, and `doctor`
    tells that it is missing. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3497592.html"""
    found: list[DeletedRecord] = []
    pages = index = 1
    while index <= pages:
        result = _deleted_page(client, record_types, since, index)
        if refusals.code_of(result["status"]) in refusals.NO_PERMISSION:
            return []
        check_read(result["status"])
        found += (result["deletedRecordList"] or {}).get("deletedRecord") or []
        pages, index = int(result["totalPages"] or 0), index + 1
    return found


def may_read_deleted(client: SuiteTalk) -> None:
    """Raises Unavailable where the role may not ask what was deleted."""
    check_read(_deleted_page(client, ["salesOrder"], client.server_time(), 1)["status"])


def custom_fields(client: SuiteTalk, kind: str) -> frozenset[str]:
    """The script ids of the account's custom fields of a kind, as "transactionBodyCustomField"."""
    arguments = {"customizationType": {"getCustomizationType": kind}, "includeInactives": False}
    result = client.call("getCustomizationId", arguments)["getCustomizationIdResult"]
    check_read(result["status"])
    refs = (result["customizationRefList"] or {}).get("customizationRef") or []
    return frozenset(str(ref["scriptId"]) for ref in refs if ref["scriptId"])


def any_of(ids: Sequence[str]) -> dict[str, object]:
    """The criterion for a reference to one of these."""
    return {"operator": "anyOf", "searchValue": [Ref(internalId=id_) for id_ in ids]}


def one_of(names: Sequence[str]) -> dict[str, object]:
    """The criterion for one of these types."""
    return {"operator": "anyOf", "searchValue": list(names)}


def _all_pages(
    client: SuiteTalk, record_type: str, record: Mapping[str, object], body_only: bool
) -> list[ReadRecord] | None:
    """All pages; None where NetSuite no longer knew the search."""
    page = _first_page(client, record_type, record, PAGE_SIZE, body_only)
    found = _records(page)
    search_id, index = page["searchId"], 2
    while index <= int(page["totalPages"] or 0):
        more = {"searchId": search_id, "pageIndex": index}
        page = client.call("searchMoreWithId", more, _preferences(PAGE_SIZE, body_only))["searchResult"]
        if refusals.code_of(page["status"]) == refusals.SEARCH_EXPIRED:
            return None
        found += _records(page)
        index += 1
    return found


def _first_page(client: SuiteTalk, record_type: str, record: Mapping[str, object], size: int, body_only: bool) -> Any:
    asked = {"$type": f"{_SEARCHES[record_type]}:{record_type}Search", **record}
    return client.call("search", {"searchRecord": asked}, _preferences(size, body_only))["searchResult"]


def _preferences(size: int, body_only: bool) -> dict[str, object]:
    return {"searchPreferences": {"bodyFieldsOnly": body_only, "pageSize": size}}


def _records(page: Any) -> list[ReadRecord]:
    check_read(page["status"])
    return cast(list[ReadRecord], (page["recordList"] or {}).get("record") or [])


def _deleted_page(client: SuiteTalk, record_types: Sequence[str], since: datetime, index: int) -> Any:
    question = {"deletedDate": {"operator": "onOrAfter", "searchValue": since}, "type": one_of(record_types)}
    return client.call("getDeleted", {"getDeletedFilter": question, "pageIndex": index})["getDeletedResult"]
