"""SKUs as internal ids of items, and back."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from erpsync.domain.ids import Sku
from erpsync.ports.runtime import Clock
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.item_rules import sku_in
from erpsync.systems.netsuite.queries import any_of, search, search_page
from erpsync.systems.netsuite.reading import Position, rows
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import ReadRecord

# Long enough to spare a backlog the searches, short enough that a renamed item is noticed.
_KEEP = timedelta(minutes=10)
_AT_ONCE = 100
_ACTIVE = {"isInactive": {"searchValue": False}}
# Up to so many names are searched for one by one without asking how many items there are.
_SINGLY = 20
_LARGE_PAGE = 500
_SMALLEST_PAGE = 5


class Items:
    """Finds items and remembers them for ten minutes. What was not found, or was ambiguous, is always asked again:
    somebody may just have put it right."""

    def __init__(self, client: SuiteTalk, settings: NetSuiteSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._known: dict[Sku, tuple[str, datetime]] = {}
        self._skus: dict[str, tuple[Sku, datetime]] = {}

    def find(self, skus: Iterable[Sku]) -> dict[Sku, tuple[str, ...]]:
        """The ids of all active items of each SKU, so that the caller sees when there are none or several."""
        now = self._clock.now()
        found: dict[Sku, tuple[str, ...]] = {}
        unseen: list[Sku] = []
        for sku in dict.fromkeys(sku for sku in skus if sku):
            known = self._known.get(sku)
            if known is not None and known[1] > now:
                found[sku] = (known[0],)
            else:
                unseen.append(sku)
        if unseen:
            found |= self._searched(unseen)
        self._known |= {sku: (found[sku][0], now + _KEEP) for sku in unseen if len(found[sku]) == 1}
        return found

    def skus(self, item_ids: Iterable[str]) -> dict[str, Sku]:
        """The SKU of each item, inactive ones as well; those that are gone or have none are left out."""
        now = self._clock.now()
        wanted = list(dict.fromkeys(item_ids))
        unseen = [id_ for id_ in wanted if id_ not in self._skus or self._skus[id_][1] <= now]
        for start in range(0, len(unseen), _AT_ONCE):
            part = unseen[start : start + _AT_ONCE]
            for item in search(self._client, "Item", {"internalId": any_of(part)}):
                self._skus[item["internalId"]] = (self.sku_of(item), now + _KEEP)
        return {id_: self._skus[id_][0] for id_ in wanted if id_ in self._skus and self._skus[id_][0]}

    def sku_of(self, item: ReadRecord) -> Sku:
        """The SKU of an item that was read, empty where it has none."""
        return sku_of(item, self._settings)

    def forget(self, skus: Iterable[Sku]) -> None:
        """For items that NetSuite did not know any more."""
        for sku in skus:
            self._known.pop(sku, None)

    def _searched(self, skus: list[Sku]) -> dict[Sku, tuple[str, ...]]:
        found: dict[Sku, tuple[str, ...]] = dict.fromkeys(skus, ())
        for item in self._candidates(skus):
            # The search ignores case; a SKU does not.
            sku = self.sku_of(item)
            if sku in found:
                found[sku] = (*found[sku], item["internalId"])
        return found

    def _candidates(self, skus: Sequence[Sku]) -> Iterator[ReadRecord]:
        """Active items, these among them. A text field takes one value a search, so that it may take fewer requests to look
        through all of them."""
        if self._settings.sku_field == "external_id":
            for start in range(0, len(skus), _AT_ONCE):
                refs = [{"externalId": sku} for sku in skus[start : start + _AT_ONCE]]
                criteria = {**_ACTIVE, "externalId": {"operator": "anyOf", "searchValue": refs}}
                yield from search(self._client, "Item", criteria)
        elif len(skus) > _SINGLY and self._requests_for_all() < len(skus):
            at: Position | None = Position(None, "")
            while at is not None:
                items, at = rows(self._client, "Item", _ACTIVE, at, _LARGE_PAGE)
                yield from items
        else:
            for sku in skus:
                criteria = {**_ACTIVE, "itemId": {"operator": "is", "searchValue": sku}}
                yield from search(self._client, "Item", criteria)

    def _requests_for_all(self) -> int:
        """At most two a page: see `reading`."""
        _, total = search_page(self._client, "Item", _ACTIVE, _SMALLEST_PAGE)
        return 2 * (total // _LARGE_PAGE + 1)


def sku_of(item: ReadRecord, settings: NetSuiteSettings) -> Sku:
    """The SKU of an item that was read, empty where it has none."""
    return sku_in(item.get("itemId"), item.get("externalId"), settings)
