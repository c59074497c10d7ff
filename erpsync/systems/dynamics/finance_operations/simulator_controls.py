"""What people do in the simulated F&O: master data, packing slips, invoices. See `erpsync.ports.simulator.ErpControls`."""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from erpsync.ports.simulator import Booked
from erpsync.systems.dynamics.finance_operations.simulator_sales import Sales, status_of
from erpsync.systems.dynamics.finance_operations.simulator_schema import Row
from erpsync.systems.dynamics.finance_operations.simulator_tables import Tables

COMPANY = "usmf"
LOCATIONS = ("11", "12")
GROUP = "10"


class Controls:
    def __init__(self, tables: Tables, sales: Sales, lock: threading.RLock) -> None:
        self._tables = tables
        self._sales = sales
        self._lock = lock

    @property
    def locations(self) -> tuple[str, ...]:
        return LOCATIONS

    def booked(self, reference: str) -> list[Booked]:
        with self._lock:
            rows = self._tables.where("SalesOrderHeadersV2", dataAreaId=COMPANY, CustomersOrderReference=reference)
            return [self._booked(header) for header in rows]

    def credited(self, reference: str) -> list[Decimal]:
        return [-one.total for one in self.booked(reference) if one.total < 0]

    def paid(self, reference: str) -> list[Decimal]:
        """Payments carry the reference whole at the end of their text."""
        with self._lock:
            rows = self._tables.all("CustomerPaymentJournalLines")
            return [row["CreditAmount"] for row in rows if row["TransactionText"].endswith(f" {reference}")]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        del seconds_ago
        first, _, last = name.partition(" ")
        values = {"PersonFirstName": first, "PersonLastName": last or "-"}
        with self._lock:
            known = self._tables.get("CustomersV3", dataAreaId=COMPANY, PrimaryContactEmail=email)
            if known is not None:
                self._tables.update("CustomersV3", known, values)
                return str(known["CustomerAccount"])
            account = f"US-{self._tables.number():03d}"
            fixed = {"PartyType": "Person", "CustomerGroupId": GROUP, "SalesCurrencyCode": "EUR"}
            row = {"dataAreaId": COMPANY, "CustomerAccount": account, "PrimaryContactEmail": email, **fixed, **values}
            self._tables.insert("CustomersV3", row)
            return account

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        del seconds_ago
        with self._lock:
            state = {"ProductLifecycleStateId": "" if active else "Obsolete"}
            released = self._tables.get("ReleasedProductsV2", dataAreaId=COMPANY, ItemNumber=sku)
            if released is None:
                self.release(sku, title)
                released = self._tables.get("ReleasedProductsV2", dataAreaId=COMPANY, ItemNumber=sku)
            assert released is not None  # noqa: S101 - it has just been made
            self._tables.update("ReleasedProductsV2", released, state)
            product = self._tables.get("ProductsV2", ProductNumber=sku)
            if product is not None:
                self._tables.update("ProductsV2", product, {"ProductName": title})
            return sku

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        del seconds_ago
        with self._lock:
            for row in list(self._tables.where("ReleasedProductsV2", dataAreaId=COMPANY, ItemNumber=sku)):
                self._tables.update("ReleasedProductsV2", row, {"SalesPrice": price})

    def put_agreement(self, sku: str, price: Decimal, **values: object) -> None:
        """A trade agreement on the item's price, in EUR, for everybody unless `values` say otherwise."""
        fixed = {"PriceCurrencyCode": "EUR", "SalesPriceQuantity": Decimal(1), "QuantityUnitySymbol": "ea"}
        with self._lock:
            row = {"dataAreaId": COMPANY, "RecordId": self._tables.number(), "ItemNumber": sku, "Price": price, **fixed}
            self._tables.insert("SalesPriceAgreements", {**row, **values})

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        """A row of which nothing is left vanishes."""
        del seconds_ago
        key = {"dataAreaId": COMPANY, "ItemNumber": sku, "InventorySiteId": "1", "InventoryWarehouseId": location}
        with self._lock:
            known = self._tables.get("WarehousesOnHandV2", **key)
            if known is not None:
                self._tables.delete("WarehousesOnHandV2", known)
            if on_hand or reserved:
                free = {"AvailableOnHandQuantity": on_hand - reserved}
                row = {**key, "OnHandQuantity": on_hand, "ReservedOnHandQuantity": reserved, **free}
                self._tables.insert("WarehousesOnHandV2", row)

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        """Posts a packing slip. Services that have not been on one are on this one. Raises ValueError for a stopped
        order."""
        at = (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock:
            header = self._processed(order_id)
            slip = f"PS-{self._tables.number():06d}"
            own = {"dataAreaId": COMPANY, "SalesId": order_id, "PackingSlipId": slip, "DeliveryDate": at}
            record: Row = {"SourceDocumentHeader": self._tables.number(), "ShipCarrierId": carrier, "CreatedOn": at}
            record["CustomerRef"] = header["CustomersOrderReference"]
            self._tables.insert("CustPackingSlipJourBiEntities", {**own, **record})
            left = dict(quantities)
            for line in self._sales.lines(header):
                open_ = line["OrderedSalesQuantity"] - line["_delivered"]
                quantity = open_ if line["_service"] else min(left.get(line["ItemNumber"], Decimal(0)), open_)
                if not quantity:
                    continue
                left[line["ItemNumber"]] = left.get(line["ItemNumber"], Decimal(0)) - quantity
                posted = {"SourceDocumentLine": self._tables.number(), "InventTransId": line["InventoryLotId"]}
                posted |= {"ItemId": line["ItemNumber"], "Qty": quantity, "CreatedOn": at}
                self._tables.insert("CustPackingSlipTransBiEntities", {**own, **posted})
                self._post(line, delivered=quantity)
            if number:
                tracked = {"SalesOrderNumber": order_id, "PackingSlipNumber": slip, "DeliveryDate": at}
                row = {"dataAreaId": COMPANY, **tracked, "TrackingNumber": number}
                self._tables.insert("PackingSlipTrackingInformation", row)
            self._sales.settle(self._header(order_id))

    def invoice(self, order_id: str, *, in_name_of: str = "") -> None:
        """Invoices it; `in_name_of` is the order that a consolidated invoice names instead. Raises ValueError for a stopped
        order."""
        with self._lock:
            header = self._processed(order_id)
            lines = self._sales.lines(header)
            begun = any(line["_delivered"] for line in lines)
            amounts = []
            for line in lines:
                quantity = (line["_delivered"] if begun else line["OrderedSalesQuantity"]) - line["_invoiced"]
                if not quantity:
                    continue
                amounts.append((line, line["LineAmount"] * quantity / line["OrderedSalesQuantity"]))
                self._post(line, invoiced=quantity, delivered=Decimal(0) if begun else quantity)
            voucher = self._tables.number()
            self._tables.insert(
                "SalesInvoiceHeadersV2",
                {
                    "dataAreaId": COMPANY,
                    "InvoiceNumber": f"CIV-{voucher:06d}",
                    # An invoice has a day, not a time.
                    "InvoiceDate": datetime.now(UTC).strftime("%Y-%m-%dT12:00:00Z"),
                    "LedgerVoucher": f"V-{voucher:06d}",
                    "SalesOrderNumber": in_name_of or order_id,
                    "CustomersOrderReference": header["CustomersOrderReference"],
                    "CurrencyCode": header["CurrencyCode"],
                    "TotalInvoiceAmount": self._sales.total(header, amounts),
                },
            )
            self._sales.settle(self._header(order_id))

    def cancel_by_hand(self, order_id: str) -> None:
        """As the user interface's Cancel does, which no data entity has."""
        with self._lock:
            header = self._header(order_id)
            self._tables.update("SalesOrderHeadersV2", header, {"SalesOrderStatus": "Canceled"})

    def stop(self, order_id: str, *, stopped: bool = True) -> None:
        """Sets or takes off Do not process, as people do whose order has to wait."""
        with self._lock:
            values = {"IsSalesProcessingStopped": "Yes" if stopped else "No"}
            self._tables.update("SalesOrderHeadersV2", self._header(order_id), values)

    def calculate_totals(self) -> None:
        """The batch job "Calculate sales totals": only from now on do headers tell what they come to."""
        with self._lock:
            for header in self._tables.all("SalesOrderHeadersV2"):
                total = self._booked(header).total
                self._tables.update(
                    "SalesOrderHeadersV2", header, {"AreTotalsCalculated": "Yes", "OrderTotalAmount": total}
                )

    def release(self, sku: str, title: str, *, service: bool = False, company: str = COMPANY, **values: object) -> None:
        """Makes a product and releases it to the company."""
        with self._lock:
            if self._tables.get("ProductsV2", ProductNumber=sku) is None:
                self._tables.insert("ProductsV2", {"ProductNumber": sku, "ProductName": title})
            fixed = {
                "dataAreaId": company,
                "ItemNumber": sku,
                "ProductNumber": sku,
                "ProductSubType": "Product",
                "SearchName": title[:20],
                "SalesPrice": Decimal("10.00"),
                "SalesPriceQuantity": Decimal(1),
                "SalesUnitSymbol": "ea",
                "InventoryUnitSymbol": "ea",
                "SalesSalesTaxItemGroupCode": "FULL",
                "_service": service,
            }
            self._tables.insert("ReleasedProductsV2", {**fixed, **values})

    def add_variant(self, item: str, number: str, name: str, **dimensions: str) -> None:
        """A variant of a released product master."""
        row = {"dataAreaId": COMPANY, "ProductMasterNumber": item, "ItemNumber": item}
        with self._lock:
            self._tables.insert(
                "ReleasedProductVariantsV2", {**row, "ProductVariantNumber": number, "ProductName": name, **dimensions}
            )

    def _booked(self, header: Row) -> Booked:
        lines = self._sales.lines(header)
        goods: dict[str, Decimal] = {}
        for line in lines:
            if not line["_service"]:
                goods[line["ItemNumber"]] = goods.get(line["ItemNumber"], Decimal(0)) + line["OrderedSalesQuantity"]
        return Booked(
            id=header["SalesOrderNumber"],
            number=header["SalesOrderNumber"],
            reference=header["CustomersOrderReference"],
            state=_state(header, lines),
            total=self._sales.total(header, [(line, line["LineAmount"]) for line in lines]),
            currency=header["CurrencyCode"],
            quantities=goods,
        )

    def _header(self, order_id: str) -> Row:
        header = self._tables.get("SalesOrderHeadersV2", dataAreaId=COMPANY, SalesOrderNumber=order_id)
        if header is None:
            raise KeyError(order_id)
        return header

    def _processed(self, order_id: str) -> Row:
        header = self._header(order_id)
        if header["IsSalesProcessingStopped"] == "Yes":
            raise ValueError(f"sales order {order_id} is not processed")
        return header

    def _post(self, line: Row, delivered: Decimal = Decimal(0), invoiced: Decimal = Decimal(0)) -> None:
        if delivered:
            self._sales.issue(line, delivered)
        values: Row = {"_delivered": line["_delivered"] + delivered, "_invoiced": line["_invoiced"] + invoiced}
        self._tables.update("SalesOrderLines", line, {**values, "SalesOrderLineStatus": status_of({**line, **values})})


def _state(header: Row, lines: list[Row]) -> str:
    """An order without lines that is stopped will never be processed: to F&O's users it is cancelled."""
    if header["SalesOrderStatus"] == "Canceled":
        return "cancelled"
    if not lines:
        return "cancelled" if header["IsSalesProcessingStopped"] == "Yes" else "open"
    return "open" if header["SalesOrderStatus"] == "Backorder" else "closed"
