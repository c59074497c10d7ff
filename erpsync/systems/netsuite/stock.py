"""Stock per location."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import TypeAlias

from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.ports.pages import Page, Since
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.items import Items
from erpsync.systems.netsuite.promised import awaiting_approval
from erpsync.systems.netsuite.queries import any_of, availability, one_of, search
from erpsync.systems.netsuite.reading import modified, position, rows
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.wire import ReadRecord, id_of

_STOCKED = ["_inventoryItem", "_assembly"]
_KITS = ["_kit"]
_NOTHING = Decimal(0)
Held: TypeAlias = Mapping[str, tuple[Decimal, Decimal]]
"""What each location has on hand of an item, and what is committed or promised to orders."""


class Stock:
    """What an account's locations hold. The items come from a search, which has pages; their levels from
    getItemAvailability, which has none but takes 10,000 items. Kits hold nothing themselves: as many can be made up as
    the scarcest of their components allows."""

    def __init__(self, client: SuiteTalk, items: Items, settings: NetSuiteSettings) -> None:
        self._client = client
        self._items = items
        self._settings = settings

    def levels(self, since: Since) -> Page[StockLevel]:
        """A level is told when what is available has changed, which is what NetSuite keeps a time of; a kit's when that of
        a component has."""
        at = position(since, self._client.server_time)
        criteria = {**modified("lastQuantityAvailableChange", at.since), "type": one_of(_STOCKED)}
        found, following = rows(self._client, "Item", criteria, at, self._settings.page_size)
        kits = self._kits_of([item["internalId"] for item in found])
        return at.page(tuple(self._told(found, kits)), (), following)

    def of(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """Of active items and kits, of each where several have the SKU."""
        named = [item for items in self._items.find(skus).values() for item in items]
        if not named:
            return []
        found = search(self._client, "Item", {"internalId": any_of(named), "type": one_of(_STOCKED)})
        kits = search(self._client, "Item", {"internalId": any_of(named), "type": one_of(_KITS)}, body_only=False)
        return self._told(found, kits)

    def _told(self, items: Sequence[ReadRecord], kits: Sequence[ReadRecord]) -> list[StockLevel]:
        """The levels of those that have a SKU; `kits` are whole."""
        components = {member for kit in kits for member, _ in _members(kit)}
        held = self._held([*(item["internalId"] for item in items), *sorted(components)])
        told: list[tuple[ReadRecord, Held]] = [(item, held.get(item["internalId"], {})) for item in items]
        told += [(kit, _made_up(kit, held)) for kit in kits]
        return [
            level for item, places in told if (sku := self._items.sku_of(item)) for level in self._levels(sku, places)
        ]

    def _kits_of(self, item_ids: Sequence[str]) -> list[ReadRecord]:
        """The kits with one of these components, whole."""
        if not item_ids:
            return []
        criteria = {"type": one_of(_KITS)}
        found = search(self._client, "Item", criteria, body_only=False, memberItemJoin={"internalId": any_of(item_ids)})
        # A kit with two of the components comes twice.
        return list({kit["internalId"]: kit for kit in found}.values())

    def _held(self, item_ids: Iterable[str]) -> dict[str, dict[str, tuple[Decimal, Decimal]]]:
        wanted = list(dict.fromkeys(item_ids))
        held: dict[str, dict[str, tuple[Decimal, Decimal]]] = {}
        for row in availability(self._client, wanted):
            places = held.setdefault(id_of(row["item"]), {})
            places[id_of(row["locationId"])] = (row["quantityOnHand"] or _NOTHING, row["quantityCommitted"] or _NOTHING)
        for (item, location), quantity in awaiting_approval(self._client, set(wanted)).items():
            places = held.setdefault(item, {})
            on_hand, committed = places.get(location, (_NOTHING, _NOTHING))
            places[location] = (on_hand, committed + quantity)
        return held

    def _levels(self, sku: Sku, places: Held) -> list[StockLevel]:
        """Of the configured locations, zero included; of all that NetSuite tells where none are configured."""
        levels = []
        for location in self._settings.stock_locations or places:
            on_hand, reserved = places.get(location, (_NOTHING, _NOTHING))
            levels.append(StockLevel(sku=sku, location=location, on_hand=on_hand, reserved=reserved))
        return levels


def _members(kit: ReadRecord) -> list[tuple[str, Decimal]]:
    """A kit's components with how many of each it takes."""
    held = kit.get("memberList")
    return [
        (item, member["quantity"])
        for member in (held and held["itemMember"]) or []
        if (item := id_of(member["item"])) and member["quantity"]
    ]


def _made_up(kit: ReadRecord, held: Mapping[str, Held]) -> Held:
    """How many kits each location could make up, and how many of those are committed as components. A component that no
    location holds, a service say, sets no limit."""
    members = [(held[item], quantity) for item, quantity in _members(kit) if item in held]
    made: dict[str, tuple[Decimal, Decimal]] = {}
    for location in {location for places, _ in members for location in places}:
        amounts = [(places.get(location, (_NOTHING, _NOTHING)), quantity) for places, quantity in members]
        on_hand = min(_whole(has / quantity) for (has, _), quantity in amounts)
        free = min(_whole((has - committed) / quantity) for (has, committed), quantity in amounts)
        made[location] = (on_hand, on_hand - free)
    return made


def _whole(amount: Decimal) -> Decimal:
    return amount.to_integral_value(ROUND_FLOOR)
