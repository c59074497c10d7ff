"""The store's locations and its currency, which hardly ever change: read once, and again when one is not known."""

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.systems.shopify import wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.wire_catalogue import Place


class Places:
    def __init__(self, lists: ListReader) -> None:
        self._lists = lists
        self._places: dict[str, Place] = {}
        self._currency = ""

    @property
    def currency(self) -> str:
        if not self._currency:
            try:
                shop = wire.Shop.model_validate(self._lists.client.call("Shop").data.get("shop"))
            except ValidationError:
                raise unreadable("The store's currency was not told.") from None
            self._currency = shop.currency
        return self._currency

    def all(self) -> tuple[Place, ...]:
        if not self._places:
            self._read()
        return tuple(self._places.values())

    def find(self, location: str) -> str | Rejected:
        """The global id of the location, or why it is none."""
        if location not in self._places:
            self._read()
        place = self._places.get(location)
        if place is not None and place.active:
            return f"gid://shopify/Location/{location}"
        known = ", ".join(f"{each.id} ({each.name})" for each in self._places.values())
        return Rejected(
            "location-unknown",
            system=SYSTEM,
            record=f"location {location[:40]}",
            what="The store has no active location of that id.",
            next_step=f"Correct the location in the stock's settings; the store has {known}. Then replay.",
        )

    def _read(self) -> None:
        found = self._lists.all_of("Places", "locations", {})
        try:
            places = [Place.model_validate(each) for each in found]
        except ValidationError:
            raise unreadable("The store's locations could not be read.") from None
        self._places = {place.id: place for place in places}
