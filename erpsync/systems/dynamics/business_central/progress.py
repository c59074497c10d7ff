"""What became of sales orders: those that changed, and those of which a shipment or an invoice is new.

API v2.0's shipments tell neither carrier nor tracking number; page 142, published as a web service, does.
Sources: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/resources/dynamics_salesshipment
and https://learn.microsoft.com/dynamics365/business-central/across-how-publish-web-service
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from erpsync.domain.errors import SyncError
from erpsync.domain.fulfilments import OrderProgress, Parcel
from erpsync.domain.ids import Sku
from erpsync.ports.pages import Page, Since
from erpsync.systems.dynamics.business_central import mapper
from erpsync.systems.dynamics.business_central.client import BusinessCentral, Request, one_of
from erpsync.systems.dynamics.business_central.lookups import Lookups
from erpsync.systems.dynamics.business_central.reading import BAD_ROW, Place, place_of, read_changed, unreadable
from erpsync.systems.dynamics.business_central.settings import BusinessCentralSettings
from erpsync.systems.dynamics.business_central.totals import WITH_LINES, by_number
from erpsync.systems.dynamics.business_central.wire import (
    NO_ID,
    SalesInvoice,
    SalesOrder,
    SalesShipment,
    ShipmentLine,
    ShippedEntry,
    TrackingRow,
    select,
)

_SHIPMENT = {"$select": select(SalesShipment), "$expand": f"salesShipmentLines($select={select(ShipmentLine)})"}
# The collections that are read one after another, and the field of each that holds the sales order's number.
_PHASES = (("salesOrders", "number"), ("salesShipments", "orderNumber"), ("salesInvoices", "orderNumber"))


class Progress:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def changed(self, since: Since) -> Page[OrderProgress]:
        """An order may come once for each reason. One that a person deletes is not told: nothing of it is left."""
        place: Place | None = place_of(since)
        numbers: list[str] = []
        watermark = ""
        while place is not None and not numbers:
            numbers, place, watermark = self._next(place)
        records, bad = self._told(numbers)
        return Page(tuple(records), place.as_cursor() if place else None, watermark, tuple(bad))

    def _next(self, place: Place) -> tuple[list[str], Place | None, str]:
        entity, field = _PHASES[place.phase]
        size = self._settings.page_size
        fields = ",".join(dict.fromkeys(("number", field)))
        rows, after = read_changed(self._client, entity, {"$select": fields}, place, size)
        following: Place | None = after
        if len(rows) < size:
            last = place.phase + 1 == len(_PHASES)
            following = None if last else replace(after, phase=place.phase + 1, after="")
        return list(dict.fromkeys(row[field] for row in rows if row[field])), following, after.watermark

    def _told(self, numbers: Sequence[str]) -> tuple[list[OrderProgress], list[SyncError]]:
        if not numbers:
            return [], []
        params = {"$select": select(SalesOrder), **WITH_LINES}
        orders = {row["number"]: row for row in by_number(self._client, "salesOrders", "number", numbers, params)}
        shipments = _grouped(by_number(self._client, "salesShipments", "orderNumber", numbers, _SHIPMENT))
        params = {"$select": select(SalesInvoice)}
        invoices = _grouped(by_number(self._client, "salesInvoices", "orderNumber", numbers, params))
        parcels = self._parcels([row["number"] for of_order in shipments.values() for row in of_order])
        variants = self._variants(orders.values())
        posted = self._posted([row for number, rows in shipments.items() if number not in orders for row in rows])
        told: list[OrderProgress] = []
        bad: list[SyncError] = []
        for number in numbers:
            order = orders.get(number)
            if order is None and not shipments[number] and not invoices[number]:
                continue
            try:
                skus = self._skus(order, variants) if order else _posted_skus(shipments[number], posted)
                documents = (order, shipments[number], invoices[number])
                told.append(mapper.progress(number, *documents, parcels, skus, self._settings))
            except BAD_ROW as error:
                bad.append(unreadable("sales order", {"number": number}, error))
        return told, bad

    def _parcels(self, shipments: Sequence[str]) -> dict[str, Parcel]:
        if not self._settings.shipments_page:
            return {}
        parcels = {}
        for some in one_of("No", shipments):
            params = {"$select": select(TrackingRow), "$filter": some}
            for row in self._client.read_page_service(self._settings.shipments_page, params):
                if row["Package_Tracking_No"] or row["Shipping_Agent_Code"]:
                    parcels[row["No"]] = Parcel(carrier=row["Shipping_Agent_Code"], number=row["Package_Tracking_No"])
        return parcels

    def _variants(self, orders: Any) -> dict[str, str]:
        """Codes of the variants that the orders' lines name by id."""
        ids = dict.fromkeys(
            line["itemVariantId"]
            for order in orders
            for line in order["salesOrderLines"]
            if line.get("itemVariantId", NO_ID) != NO_ID
        )
        requests = [Request("GET", f"itemVariants({one})", {"$select": "code"}) for one in ids]
        codes = {}
        for one, answer in zip(ids, self._client.batch(requests), strict=True):
            # One that was deleted has no code any more. Without any other its goods would be told under the item's SKU.
            if answer.status == 404:
                continue
            if answer.error is not None:
                raise answer.error
            codes[one] = answer.body["code"]
        return codes

    def _posted(self, shipments: Sequence[Any]) -> dict[tuple[str, int, str], Sku]:
        """SKUs by shipment, sequence and item, for orders that are gone with their lines: the item ledger keeps variants.
        Items without any need no looking up."""
        lines = [(row, line) for row in shipments for line in row.get("salesShipmentLines", ())]
        items = {line.get("lineObjectNumber") or "" for _, line in lines if line.get("lineType") == "Item"}
        known = self._lookups.with_variants(items) if self._settings.ledger_page else set()
        documents = {row["number"]: None for row, line in lines if line.get("lineObjectNumber") in known}
        skus = {}
        for some in one_of("Document_No", documents):
            params = {"$select": select(ShippedEntry), "$filter": some}
            for entry in self._client.read_page_service(self._settings.ledger_page, params):
                sku = mapper.sku_of(entry["Item_No"], entry["Variant_Code"], self._settings)
                skus[entry["Document_No"], entry["Document_Line_No"], entry["Item_No"]] = sku
        return skus

    def _skus(self, order: Any, variants: Mapping[str, str]) -> dict[tuple[int, str], Sku]:
        """Posted lines keep the sequence of the order's line, and lose its variant."""
        return {
            (line["sequence"], line["lineObjectNumber"]): mapper.sku_of(
                line["lineObjectNumber"], variants.get(line["itemVariantId"], ""), self._settings
            )
            for line in order["salesOrderLines"]
        }


def _posted_skus(shipments: Sequence[Any], posted: Mapping[tuple[str, int, str], Sku]) -> dict[tuple[int, str], Sku]:
    numbers = {row["number"] for row in shipments}
    return {(sequence, item): sku for (number, sequence, item), sku in posted.items() if number in numbers}


def _grouped(rows: Sequence[Any]) -> defaultdict[str, list[Any]]:
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[row["orderNumber"]].append(row)
    return groups
