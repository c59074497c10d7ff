"""Ids of what orders refer to in Business Central, looked up in bulk and kept for a while."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from erpsync.domain.errors import Rejected
from erpsync.domain.orders import Order
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics import refusals
from erpsync.systems.dynamics.client import Call, OData
from erpsync.systems.dynamics.mapper import Lookups
from erpsync.systems.dynamics.names import SYSTEM, any_of, query
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.systems.dynamics.wire import Row

# A new or renamed item is seen after this long; one that is missing is asked for every time.
_KEPT_FOR = timedelta(minutes=10)
# 20 conditions of 35 characters, encoded, stay below the 2,048 characters that IIS takes by default in a query:
# https://learn.microsoft.com/en-us/iis/configuration/system.webserver/security/requestfiltering/requestlimits/
CONDITIONS = 20


class Company:
    """One company of an environment: its address, and its records by what people call them."""

    def __init__(self, odata: OData, settings: DynamicsSettings, clock: Clock) -> None:
        self.odata = odata
        self._settings = settings
        self._clock = clock
        self._path = ""
        self._known: dict[tuple[str, str], tuple[str, datetime]] = {}

    @property
    def path(self) -> str:
        """`companies(id)`. Raises Rejected where there is no such company."""
        if not self._path:
            wanted = self._settings.company
            rows = self.odata.all(query("companies", select="id,name"))
            found = [row["id"] for row in rows if wanted in (row["name"], row["id"])]
            if not found:
                raise Rejected(
                    "unknown-company",
                    system=SYSTEM,
                    what=f"The environment has no company {wanted} that the application may see.",
                    next_step="Correct company in this connection's settings; it is spelled as in Companies there.",
                )
            self._path = f"companies({found[0]})"
        return self._path

    def at(self, path: str, **options: str) -> str:
        return query(f"{self.path}/{path}", **options)

    def server_time(self) -> datetime:
        """Business Central's own clock, to the second."""
        self.odata.get(query("companies", select="id", top="1"))
        return self.odata.replied_at or self._clock.now()

    def found(self, entity: str, field: str, values: Iterable[str], **options: str) -> list[Row]:
        """All rows of `entity` whose `field` is one of `values`, many to a condition and many conditions to a call."""
        return self.found_in([(entity, field, options)], values)[0]

    def found_in(self, wanted: Sequence[tuple[str, str, dict[str, str]]], values: Iterable[str]) -> list[list[Row]]:
        """As `found`, in several entities at once: (entity, field, options) each."""
        unique = sorted({value for value in values if value})
        parts = [unique[start : start + CONDITIONS] for start in range(0, len(unique), CONDITIONS)]
        places = [(index, part) for part in parts for index in range(len(wanted))]
        calls = []
        for index, part in places:
            entity, field, options = wanted[index]
            calls.append(Call("GET", self.at(entity, filter=any_of(field, part), **options)))
        rows: list[list[Row]] = [[] for _ in wanted]
        for (index, _), answer in zip(places, self.odata.batch(calls, write=False), strict=True):
            if not answer.ok:
                raise refusals.of_answer(answer.status, answer.body, record=wanted[index][0], write=False)
            rows[index] += self.odata.rows(answer.body)
        return rows

    def lookups(self, orders: Iterable[Order], charges: Iterable[str] = ()) -> Lookups:
        """What these orders refer to; what does not exist is left out."""
        settings = self._settings
        skus = {line.sku.upper() for order in orders for line in order.lines}
        named = {
            settings.shipping_charge,
            settings.tip_charge,
            settings.duty_charge,
            settings.fee_charge,
            settings.rounding_charge,
            settings.gift_card_charge,
            *charges,
        }
        methods = {*settings.shipping_methods.values(), settings.default_shipping_method}
        return Lookups(
            items=self._ids("items", "number", skus),
            accounts=self._ids("accounts", "number", named),
            shipment_methods=self._ids("shipmentMethods", "code", methods),
        )

    def item_ids(self, skus: Iterable[str]) -> dict[str, str]:
        return self._ids("items", "number", {sku.upper() for sku in skus})

    def forget(self) -> None:
        self._known.clear()

    def _ids(self, entity: str, field: str, values: Iterable[str]) -> dict[str, str]:
        now = self._clock.now()
        wanted = {value for value in values if value}
        fresh = {value: self._known[entity, value] for value in wanted if (entity, value) in self._known}
        ids = {value: id_ for value, (id_, until) in fresh.items() if until > now}
        missing = wanted - ids.keys()
        if missing:
            for row in self.found(entity, field, missing, select=f"id,{field}"):
                ids[str(row[field])] = str(row["id"])
                self._known[entity, str(row[field])] = (str(row["id"]), now + _KEPT_FOR)
        return ids
