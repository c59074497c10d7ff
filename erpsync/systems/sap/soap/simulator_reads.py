"""The wrapper's reading function modules: by key, from where the page before ended."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from erpsync.systems.sap.soap.simulator_sales import (
    ACCOUNTS,
    CONDITIONS,
    CUSTOMER_FIELDS,
    HEADER_FIELDS,
    TAX_CODES,
)
from erpsync.systems.sap.soap.simulator_tables import LOCATIONS, SALES_AREA, Document, Tables

_MOST = 5000
_CODES: Mapping[str, tuple[str, ...]] = {
    "AREA": ("/".join(SALES_AREA),),
    "BUKRS": (SALES_AREA[0],),
    "AUART": ("TA", "G2"),
    "WERKS": (LOCATIONS[0][0],),
    "LGORT": tuple("/".join(one) for one in LOCATIONS),
    "KSCHL": ("PR00", *CONDITIONS),
    "WAERS": ("EUR", "USD"),
    "VSBED": ("01", "10"),
    "KDGRP": ("01", "02"),
    "ABGRU": ("Z1",),
    "AUGRU": ("101",),
    "LIFSK": ("01",),
    "MWSKZ": TAX_CODES,
    "PLTYP": ("01", "02"),
    "SAKNR": ACCOUNTS,
    "VFIELD": HEADER_FIELDS,
    "KFIELD": CUSTOMER_FIELDS,
}


class Reads:
    """The function modules that read."""

    def __init__(self, tables: Tables, denied: set[str], client: str, user: str) -> None:
        self._tables = tables
        self._denied = denied
        self._client = client
        self._user = user

    def ping(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EV_CLIENT": self._client,
            "EV_SYSTEM": "SIM",
            "EV_RELEASE": "750",
            "EV_USER": self._user,
            "EV_NOW": self._now(),
            "EV_TIME_ZONE": self._tables.time_zone,
            "EV_UNIQUE": "X" if self._tables.keeps_unique else "",
        }

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        rows = values["IT_LOOKUP"]
        return {"ET_LOOKUP": [{**row, "FOUND": "X" if self._has(row["KIND"], row["VALUE"]) else ""} for row in rows]}

    def find(self, values: Mapping[str, Any]) -> dict[str, Any]:
        found = []
        for row in values["IT_SOUGHT"]:
            reference = row["REFERENCE"]
            found += [{"REFERENCE": reference, "DOCUMENT": key} for key in self._tables.under(row["KIND"], reference)]
            if row["KIND"] == "C" and row["EMAIL"]:
                found += [
                    {"REFERENCE": reference, "DOCUMENT": key, "BY_EMAIL": "X"} for key in self._with(row["EMAIL"])
                ]
        return {"ET_FOUND": found}

    def customers(self, values: Mapping[str, Any]) -> dict[str, Any]:
        ours = {
            keys[0]: reference for (kind, reference), keys in self._tables.references.items() if kind == "C" and keys
        }
        fields = ("COMPANY", "FIRSTNAME", "LASTNAME", "PHONE", "EMAIL", "KDGRP", "BLOCKED")

        def row(key: str) -> dict[str, Any]:
            told = {name: self._tables.customers[key].get(name, "") for name in fields}
            return {"KUNNR": key, "REFERENCE": ours.get(key, ""), **told}

        return self._page(values, "ET_CUSTOMER", self._changed("DEBI", self._tables.customers, values), row)

    def materials(self, values: Mapping[str, Any]) -> dict[str, Any]:
        def row(key: str) -> dict[str, Any]:
            changed = self._tables.stamp(self._tables.changes.get(("MATERIAL", key)))
            return {"MATNR": key, **self._tables.materials[key], "CHANGED_AT": changed}

        return self._page(values, "ET_MATERIAL", self._changed("MATERIAL", self._tables.materials, values), row)

    def prices(self, values: Mapping[str, Any]) -> dict[str, Any]:
        lists = {"", *(row["PLTYP"] for row in values["IT_PRICE_LIST"])}
        with self._tables.mutex:
            known = {key: dict(price) for key, price in self._tables.prices.items() if key[0] in lists}
        by_material: dict[str, list[dict[str, Any]]] = {}
        for (name, matnr, least), price in known.items():
            by_material.setdefault(matnr, []).append(
                {"MATNR": matnr, "PLTYP": name, "KMEIN": "ST", "KSTBM": least, **price}
            )
        return self._page(values, "ET_PRICE", by_material, lambda key: by_material[key])

    def stock(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """A page of all that was ever held or promised, or all of the materials that are wanted."""
        asked = {(row["WERKS"], row["LGORT"]) for row in values["IT_LOCATION"]}
        plants = {plant for plant, _ in asked}
        wanted = {row["MATNR"] for row in values["IT_WANTED"]}
        with self._tables.mutex:
            rows: dict[tuple[str, str, str], list[Decimal]] = {}
            for matnr in wanted & self._tables.materials.keys():
                first = values["IT_LOCATION"][0]
                rows[matnr, first["WERKS"], first["LGORT"]] = [Decimal(0), Decimal(0)]
            for (matnr, plant, place), quantity in self._tables.mard.items():
                if (plant, place) in asked:
                    rows[matnr, plant, place] = [quantity, Decimal(0)]
            promised = [*self._tables.reservations.items(), *self._requirements()]
            for (matnr, plant, place), quantity in promised:
                if (plant, place) in asked or (plant in plants and not place):
                    rows.setdefault((matnr, plant, place), [Decimal(0), Decimal(0)])[1] += quantity
        by_material: dict[str, list[dict[str, Any]]] = {}
        for (matnr, plant, place), (on_hand, reserved) in rows.items():
            row = {
                "MATNR": matnr,
                "WERKS": plant,
                "LGORT": place,
                "LABST": on_hand,
                "RESERVED": reserved,
                "MEINS": "ST",
            }
            by_material.setdefault(matnr, []).append(row)
        if wanted:
            told = [row for matnr, found in by_material.items() if matnr in wanted for row in found]
            return {"ET_STOCK": told, "EV_NOW": self._now(), "EV_CURSOR": ""}
        return self._page(values, "ET_STOCK", by_material, lambda key: by_material[key])

    def progress(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Orders with a reference of ours only."""
        with self._tables.mutex:
            ours = {key: ref for (kind, ref), keys in self._tables.references.items() if kind == "O" for key in keys}
            changed = set(self._changed("VBAK", ours, values))
            answer = self._page(
                values,
                "ET_ORDER",
                changed,
                lambda key: {"VBELN": key, "REFERENCE": ours[key], "CHANGED_AT": self._at(key)},
            )
            told = [self._tables.documents[row["VBELN"]] for row in answer["ET_ORDER"]]
            answer["ET_ITEM"] = [row for document in told for row in _items(document)]
            answer["ET_DELIVERY"] = [_known(one, document) for document in told for one in document.deliveries]
            answer["ET_DELIVERY_ITEM"] = [
                {"VBELN": document.vbeln, "DELIVERY": one["DELIVERY"], "MATNR": matnr, "LFIMG": quantity}
                for document in told
                for one in document.deliveries
                for matnr, quantity in one["items"].items()
            ]
            answer["ET_INVOICE"] = [_known(one, document) for document in told for one in document.invoices]
            return answer

    def _page(
        self,
        values: Mapping[str, Any],
        table: str,
        keys: Iterable[str],
        row: Callable[[str], Any],
    ) -> dict[str, Any]:
        """UP TO n keys above the cursor, in order; the cursor of the last page is empty."""
        now = self._now()
        limit = min(max(values["IV_LIMIT"], 1), _MOST)
        following = sorted(key for key in keys if key > values["IV_CURSOR"])
        rows = [row(key) for key in following[:limit]]
        flat = [one for each in rows for one in (each if isinstance(each, list) else [each])]
        cursor = following[limit - 1] if len(following) > limit else ""
        return {table: flat, "EV_NOW": now, "EV_CURSOR": cursor}

    def _changed(self, kind: str, keys: Iterable[str], values: Mapping[str, Any]) -> list[str]:
        since = self._tables.since(values["IV_SINCE"])
        with self._tables.mutex:
            return [key for key in keys if since is None or self._time(kind, key) >= since]

    def _time(self, kind: str, key: str) -> datetime:
        return self._tables.changes.get((kind, key)) or datetime.min.replace(tzinfo=self._tables.now().tzinfo)

    def _at(self, vbeln: str) -> Decimal:
        return self._tables.stamp(self._tables.changes.get(("VBAK", vbeln)))

    def _requirements(self) -> list[tuple[tuple[str, str, str], Decimal]]:
        """VBBE: what open orders still need."""
        orders = [one for one in self._tables.documents.values() if one.vbtyp == "C"]
        return [((item.matnr, item.werks, item.lgort), item.open) for one in orders for item in one.items.values()]

    def _with(self, email: str) -> list[str]:
        with self._tables.mutex:
            known = self._tables.customers.items()
            return [key for key, one in known if one.get("EMAIL", "").casefold() == email.casefold()]

    def _has(self, kind: str, value: str) -> bool:
        if kind == "AUTH":
            return value not in self._denied
        if kind == "MATNR":
            return value in self._tables.materials
        if kind == "KUNNR":
            return value.zfill(10) in self._tables.customers
        if kind == "SAKNR":
            return value.zfill(10) in ACCOUNTS
        return value in _CODES.get(kind, ())

    def _now(self) -> Decimal:
        return self._tables.stamp(self._tables.now())


def _items(document: Document) -> list[dict[str, Any]]:
    return [
        {
            "VBELN": document.vbeln,
            "POSNR": number,
            "MATNR": item.matnr,
            "KWMENG": item.kwmeng,
            "ABGRU": item.abgru,
            "SHIPPED": item.shipped,
            "BILLED": item.billed,
        }
        for number, item in document.items.items()
    ]


def _known(row: Mapping[str, Any], document: Document) -> dict[str, Any]:
    return {"VBELN": document.vbeln, **{name: value for name, value in row.items() if name != "items"}}
