"""What the simulated F&O checks and computes when sales orders and their lines are written."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from erpsync.systems.dynamics.finance_operations.simulator_schema import ENTITIES, Row
from erpsync.systems.dynamics.finance_operations.simulator_tables import Refused, Tables

ON_HAND = "WarehousesOnHandV2"
RATES = {"FULL": Decimal(19), "RED": Decimal(7), "EXEMPT": Decimal(0)}
_CENT = Decimal("0.01")
# What stock and order lines have in common, besides the warehouse.
_STOCKED = (
    "dataAreaId",
    "ItemNumber",
    "ProductConfigurationId",
    "ProductSizeId",
    "ProductColorId",
    "ProductStyleId",
    "ProductVersionId",
)


class Sales:
    """`manual_numbers`: the number sequence of sales orders lets others give the number. `tax_per_line`: the calculation
    method of the general ledger parameters."""

    def __init__(self, tables: Tables, *, manual_numbers: bool, tax_per_line: bool) -> None:
        self._tables = tables
        self._manual_numbers = manual_numbers
        self._tax_per_line = tax_per_line

    def new_header(self, row: Row) -> Row:
        company = row["dataAreaId"]
        self._exists(
            row, "CustomersV3", "OrderingCustomerAccountNumber", "CustomerAccount", "Customer account", required=True
        )
        self._exists(row, "CustomersV3", "InvoiceCustomerAccountNumber", "CustomerAccount", "Invoice account")
        self._exists(row, "Currencies", "CurrencyCode", "CurrencyCode", "Currency")
        self._exists(row, "DeliveryModesV2", "DeliveryModeCode", "ModeCode", "Mode of delivery")
        self._exists(row, "CustomerPaymentMethods", "CustomerPaymentMethodName", "Name", "Method of payment")
        self._exists(row, "TaxGroups", "SalesTaxGroupCode", "TaxGroupCode", "Sales tax group")
        if row.get("SalesOrderNumber") and not self._manual_numbers:
            raise failed(
                "SalesOrderHeaderV2Entity", "Number sequence Sale_2 does not allow the sales order number to be changed"
            )
        customer = self._tables.get(
            "CustomersV3", dataAreaId=company, CustomerAccount=row["OrderingCustomerAccountNumber"]
        )
        number = row.get("SalesOrderNumber") or f"SO-{self._tables.number():06d}"
        return {
            "CurrencyCode": customer["SalesCurrencyCode"] if customer else "",
            **row,
            "SalesOrderNumber": number,
            "SalesOrderStatus": "Backorder",
            "OrderCreationDateTime": now_text(),
        }

    def changed_header(self, header: Row, values: Row) -> Row:
        if header["SalesOrderStatus"] in ("Invoiced", "Canceled"):
            raise failed(
                "SalesOrderHeaderV2Entity", f"Sales order {header['SalesOrderNumber']} cannot be changed any more"
            )
        for field in ("SalesOrderNumber", "CurrencyCode"):
            if field in values and values[field] != header[field]:
                raise failed("SalesOrderHeaderV2Entity", f"Field {field} must not be changed")
        self._exists({**header, **values}, "DeliveryModesV2", "DeliveryModeCode", "ModeCode", "Mode of delivery")
        return values

    def deleted_header(self, header: Row) -> None:
        lines = self.lines(header)
        if any(line["_delivered"] or line["_invoiced"] for line in lines):
            raise failed("SalesOrderHeaderV2Entity", "Sales order cannot be deleted while posted packing slips exist")
        for line in lines:
            self._tables.delete("SalesOrderLines", line)

    def new_line(self, row: Row) -> Row:
        company, number = row["dataAreaId"], row.get("SalesOrderNumber", "")
        header = self._tables.get("SalesOrderHeadersV2", dataAreaId=company, SalesOrderNumber=number)
        if header is None:
            raise missing("SalesOrderLineV2Entity", number, "Sales order", "Sales orders")
        item = self._item(row)
        self._exists(row, "TaxItemGroupHeadings", "SalesTaxItemGroupCode", "TaxItemGroup", "Item sales tax group")
        self._exists(row, "TaxGroups", "SalesTaxGroupCode", "TaxGroupCode", "Sales tax group")
        site = row.get("ShippingSiteId") or header["DefaultShippingSiteId"]
        if not item["_service"] and not site:
            raise failed(
                "SalesOrderLineV2Entity", "Inventory dimension Site is mandatory and must consequently be specified"
            )
        lines = self.lines(header)
        line = {
            "InventoryLotId": f"LOT-{self._tables.number():06d}",
            "LineNumber": Decimal(len(lines) + 1),
            "OrderedSalesQuantity": Decimal(1),
            "SalesPrice": item["SalesPrice"],
            "LineDiscountAmount": Decimal(0),
            "SalesTaxItemGroupCode": item["SalesSalesTaxItemGroupCode"],
            "SalesUnitSymbol": item["SalesUnitSymbol"],
            "SalesOrderLineStatus": "Backorder",
            **row,
            "ShippingSiteId": site,
            "_delivered": Decimal(0),
            "_invoiced": Decimal(0),
            "_service": item["_service"],
        }
        return {**line, "LineAmount": _amount(line)}

    def changed_line(self, line: Row, values: Row) -> Row:
        if line["_invoiced"]:
            raise failed("SalesOrderLineV2Entity", "An invoiced order line cannot be changed")
        changed = {**line, **values}
        if abs(changed["OrderedSalesQuantity"]) < abs(line["_delivered"]):
            raise failed("SalesOrderLineV2Entity", "Quantity cannot be less than what has been delivered")
        return {**values, "LineAmount": _amount(changed), "SalesOrderLineStatus": status_of(changed)}

    def deleted_line(self, line: Row) -> None:
        if line["_delivered"] or line["_invoiced"]:
            raise failed("SalesOrderLineV2Entity", "Order line cannot be deleted after delivery")

    def settle(self, header: Row) -> None:
        """The header's status follows its lines: the least of theirs."""
        ranks = ("Backorder", "Delivered", "Invoiced")
        found = [ranks.index(line["SalesOrderLineStatus"]) for line in self.lines(header)]
        status = ranks[min(found)] if found else "Backorder"
        if status != header["SalesOrderStatus"] and header["SalesOrderStatus"] != "Canceled":
            self._tables.update("SalesOrderHeadersV2", header, {"SalesOrderStatus": status})

    def stock(self) -> list[Row]:
        """All stock, with what open lines still have to get as on order: nothing is reserved for them."""
        found = {_place(row): dict(row) for row in self._tables.all(ON_HAND)}
        for line in self._tables.all("SalesOrderLines"):
            left = Decimal(0) if line["_service"] else line["OrderedSalesQuantity"] - line["_delivered"]
            if left > 0 and not self._is_canceled(line):
                row = found.setdefault(_place(line), self._nothing_at(line))
                row["OnOrderQuantity"] += left
        return list(found.values())

    def issue(self, line: Row, quantity: Decimal) -> None:
        """Takes what a packing slip delivers out of the stock that there is."""
        row = next((one for one in self._tables.all(ON_HAND) if _place(one) == _place(line)), None)
        if row is not None and not line["_service"]:
            self._tables.update(ON_HAND, row, {"OnHandQuantity": row["OnHandQuantity"] - quantity})

    def _is_canceled(self, line: Row) -> bool:
        wanted = {"dataAreaId": line["dataAreaId"], "SalesOrderNumber": line["SalesOrderNumber"]}
        header = self._tables.get("SalesOrderHeadersV2", **wanted)
        return header is not None and header["SalesOrderStatus"] == "Canceled"

    def _nothing_at(self, line: Row) -> Row:
        blank = {name: field.blank() for name, field in ENTITIES[ON_HAND].fields.items()}
        places = {"InventorySiteId": line["ShippingSiteId"], "InventoryWarehouseId": line["ShippingWarehouseId"]}
        return {**blank, **{name: line[name] for name in _STOCKED}, **places, "_version": 0}

    def lines(self, header: Row) -> list[Row]:
        wanted = {"dataAreaId": header["dataAreaId"], "SalesOrderNumber": header["SalesOrderNumber"]}
        return list(self._tables.where("SalesOrderLines", **wanted))

    def total(self, header: Row, amounts: list[tuple[Row, Decimal]]) -> Decimal:
        """Of these lines with their amounts, tax and all, as the invoice will have it."""
        whole = sum((amount for _, amount in amounts), Decimal(0))
        if header["ArePricesIncludingSalesTax"] == "Yes":
            return whole
        by_rate: dict[Decimal, Decimal] = {}
        for line, amount in amounts:
            rate = RATES.get(line["SalesTaxItemGroupCode"], Decimal(0))
            tax = amount * rate / 100
            by_rate[rate] = by_rate.get(rate, Decimal(0)) + (_rounded(tax) if self._tax_per_line else tax)
        return whole + sum((_rounded(tax) for tax in by_rate.values()), Decimal(0))

    def _item(self, row: Row) -> Row:
        number = row.get("ItemNumber", "")
        item = self._tables.get("ReleasedProductsV2", dataAreaId=row["dataAreaId"], ItemNumber=number)
        if item is None:
            raise missing("SalesOrderLineV2Entity", number, "Item number", "Items")
        if item["ProductSubType"] == "ProductMaster":
            wanted = {name: row.get(name, "") for name in row if name.startswith("Product") and name.endswith("Id")}
            if not wanted or self._tables.get("ReleasedProductVariantsV2", ItemNumber=number, **wanted) is None:
                raise failed("SalesOrderLineV2Entity", f"Item {number}: the product dimensions must be specified")
        return item

    def _exists(self, row: Row, entity: str, field: str, key: str, label: str, *, required: bool = False) -> None:
        value = row.get(field, "")
        if not value and not required:
            return
        company: dict[str, Any] = {} if entity == "Currencies" else {"dataAreaId": row["dataAreaId"]}
        if not value:
            raise failed("SalesOrderHeaderV2Entity", f"Field '{label}' must be filled in")
        if self._tables.get(entity, **company, **{key: value}) is None:
            raise missing("SalesOrderHeaderV2Entity", value, label, entity)


def _place(row: Row) -> tuple[str, ...]:
    warehouse = row["InventoryWarehouseId"] if "InventoryWarehouseId" in row else row["ShippingWarehouseId"]
    return (*(str(row[name]).lower() for name in _STOCKED), warehouse)


def status_of(line: Row) -> str:
    ordered = line["OrderedSalesQuantity"]
    if line["_invoiced"] == ordered:
        return "Invoiced"
    return "Delivered" if line["_delivered"] == ordered else "Backorder"


def failed(entity: str, why: str) -> Refused:
    """In the words of an infolog."""
    return Refused(
        400,
        f"Write failed for table row of type '{entity}'. Infolog: Warning: {why}.; "
        "Warning: validateWrite failed on data source 'SalesTable (SalesTable)'.",
    )


def missing(entity: str, value: str, field: str, table: str) -> Refused:
    return failed(entity, f"The value '{value}' in field '{field}' is not found in the related table '{table}'")


def now_text() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _amount(line: Row) -> Decimal:
    """The discount amount is per unit."""
    return _rounded(line["OrderedSalesQuantity"] * (line["SalesPrice"] - line["LineDiscountAmount"]))


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
