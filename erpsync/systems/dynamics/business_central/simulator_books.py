"""A company's books: cards, sales documents with Business Central's arithmetic, postings, and the item ledger."""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from erpsync.systems.dynamics.business_central.simulator_tables import (
    CHILDREN,
    NO_ID,
    TABLES,
    Refusal,
    Row,
    blank,
    checked,
)

TAXES: Mapping[str, Decimal] = {"VAT19": Decimal(19), "VAT7": Decimal(7), "NOVAT": Decimal(0)}
_CENT = Decimal("0.01")
_LINES = {"salesOrders": "salesOrderLines", "salesCreditMemos": "salesCreditMemoLines"}
_HEADERS = {lines: headers for headers, lines in _LINES.items()}


class Books:
    """Not thread-safe: whoever serves it holds a lock."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self.archive: list[Row] = []
        """Sales orders that are gone, with `state` and their lines as they last were."""
        self.prices_with_tax: set[str] = set()
        """Customers whose card says Prices Including VAT, which API v2.0 does not show."""
        self._numbers: defaultdict[str, int] = defaultdict(lambda: 1000)
        self.last_entry = 0
        """The highest number of an item ledger entry."""

    # -- rows

    def rows(self, table: str) -> list[Row]:
        return list(self.tables[table].values())

    def children(self, table: str, field: str, parent_id: str) -> list[Row]:
        return [self.with_etag(row) for row in self.rows(table) if row[field] == parent_id]

    def by(self, table: str, field: str, value: Any) -> Row | None:
        return next((row for row in self.rows(table) if row[field] == value), None)

    def with_etag(self, row: Row) -> Row:
        content = json.dumps(row, default=str, sort_keys=True)
        return {"@odata.etag": f'W/"{hashlib.sha256(content.encode()).hexdigest()[:20]}"', **row}

    def add(self, table: str, *, seconds_ago: float = 0.0, **values: Any) -> Row:
        row = {**blank(table), "id": str(uuid.uuid4()), **values}
        self.touch(row, seconds_ago)
        self.tables[table][row["id"]] = row
        return row

    def touch(self, row: Row, seconds_ago: float = 0.0) -> None:
        if "lastModifiedDateTime" in row:
            at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
            row["lastModifiedDateTime"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def number(self, series: str) -> str:
        self._numbers[series] += 1
        return f"{series}{self._numbers[series]}"

    # -- what requests do

    def create(self, table: str, body: Mapping[str, Any], parent_id: str = "") -> Row:
        """Makes a record, and what is nested in it. Raises Refusal; then nothing of it is kept."""
        nested = {name: body[name] for name in body if name in CHILDREN.get(table, {})}
        own = {name: value for name, value in body.items() if name not in nested}
        if table in _LINES:
            row = self._create_document(table, own)
        elif table in _HEADERS:
            row = self._create_line(table, own, parent_id)
        elif table == "customerPayments":
            row = self._create_payment(own, parent_id)
        elif table == "customers":
            row = self._create_customer(own)
        else:
            raise Refusal(405, "BadRequest_MethodNotAllowed", f"Entity does not support insert. ({table})")
        for name, bodies in nested.items():
            for one in bodies:
                self.create(CHILDREN[table][name][0], one, row["id"])
        return row

    def change(self, table: str, row: Row, body: Mapping[str, Any]) -> None:
        if table in _HEADERS:
            self._may_change_lines(table, row["documentId"])
            self._set_line(table, row, body)
            self.compute(_HEADERS[table], row["documentId"])
        else:
            values = {name: checked(table, name, value) for name, value in body.items()}
            if table == "customers" and values.get("displayName") == "":
                raise Refusal(400, "Application_DialogException", 'The blank "displayName" is not allowed.')
            row.update(values)
            self.touch(row)
            if table in _LINES:
                self._resolve(row)
                self.compute(table, row["id"])

    def remove(self, table: str, row: Row) -> None:
        if table in _HEADERS:
            self._may_change_lines(table, row["documentId"])
            if row.get("shippedQuantity"):
                raise Refusal(
                    400, "Application_DialogException", "You cannot delete the line: Quantity Shipped is not 0."
                )
            del self.tables[table][row["id"]]
            self.compute(_HEADERS[table], row["documentId"])
            return
        if table == "salesOrders":
            lines = self.children("salesOrderLines", "documentId", row["id"])
            if any(line["shippedQuantity"] != line["invoicedQuantity"] for line in lines):
                message = "You cannot delete the order: Quantity Shipped must be equal to Quantity Invoiced."
                raise Refusal(400, "Application_DialogException", message)
            self.retire(row, "cancelled")
        elif table == "salesCreditMemos" and row["status"] == "Draft":
            for line in self.children("salesCreditMemoLines", "documentId", row["id"]):
                del self.tables["salesCreditMemoLines"][line["id"]]
            del self.tables[table][row["id"]]
        else:
            raise Refusal(400, "Application_DialogException", "The record cannot be deleted.")

    def retire(self, order: Row, state: str) -> None:
        lines = self.children("salesOrderLines", "documentId", order["id"])
        self.archive.append({**order, "state": state, "lines": lines})
        for line in lines:
            del self.tables["salesOrderLines"][line["id"]]
        del self.tables["salesOrders"][order["id"]]

    def compute(self, headers: str, document_id: str) -> None:
        """Lines and totals. Tax is computed per percentage over the document and its cents spread over the lines, as VAT
        amount lines are: https://learn.microsoft.com/dynamics365/business-central/finance-work-with-vat"""
        header = self.tables[headers][document_id]
        shown = [row for row in self.rows(_LINES[headers]) if row["documentId"] == document_id]
        exact: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        given: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for line in shown:
            amount = cents(line["quantity"] * line["unitPrice"]) - line["discountAmount"]
            percent = line["taxPercent"]
            factor = percent / (100 + percent) if header["pricesIncludeTax"] else percent / 100
            exact[percent] += amount * factor
            tax = cents(exact[percent]) - given[percent]
            given[percent] += tax
            net = amount - tax if header["pricesIncludeTax"] else amount
            line.update(amountExcludingTax=net, netAmount=net, totalTaxAmount=tax, netTaxAmount=tax)
            line.update(amountIncludingTax=net + tax, netAmountIncludingTax=net + tax)
        header["totalAmountExcludingTax"] = sum((line["netAmount"] for line in shown), Decimal(0))
        header["totalTaxAmount"] = sum((line["netTaxAmount"] for line in shown), Decimal(0))
        header["totalAmountIncludingTax"] = header["totalAmountExcludingTax"] + header["totalTaxAmount"]
        if headers == "salesOrders":
            header["fullyShipped"] = bool(shown) and all(one["shippedQuantity"] >= one["quantity"] for one in shown)
        self.touch(header)

    # -- what lines refer to

    def on_hand(self, item: str, variant: str, location: str) -> Decimal:
        key = (item, variant, location)
        rows = self.rows("page 38")
        found = [row["Quantity"] for row in rows if (row["Item_No"], row["Variant_Code"], row["Location_Code"]) == key]
        return sum(found, Decimal(0))

    def variant(self, line: Row) -> str:
        row = self.tables["itemVariants"].get(line["itemVariantId"])
        return row["code"] if row else ""

    def place(self, line: Row) -> str:
        row = self.tables["locations"].get(line["locationId"])
        return row["code"] if row else ""

    def sku(self, line: Row) -> str:
        variant = self.variant(line)
        return f"{line['lineObjectNumber']}|{variant}" if variant else str(line["lineObjectNumber"])

    # -- how records are made

    def _create_customer(self, body: Mapping[str, Any]) -> Row:
        values = {name: checked("customers", name, value) for name, value in body.items()}
        if not values.get("displayName"):
            raise Refusal(400, "Application_DialogException", 'A "displayName" must be provided.')
        number = values.get("number") or self.number("C")
        if self.by("customers", "number", number) is not None:
            message = f"The record already exists. Identification fields and values: No.='{number}'"
            raise Refusal(400, "Internal_EntityWithSameKeyExists", message)
        return self.add("customers", **{**values, "number": number, "blocked": " "})

    def _create_document(self, table: str, body: Mapping[str, Any]) -> Row:
        values = {name: checked(table, name, value) for name, value in body.items()}
        row = {**blank(table), **values, "id": str(uuid.uuid4()), "status": "Draft"}
        self._resolve(row)
        row["number"] = self.number("10" if table == "salesOrders" else "S-CR")
        row["pricesIncludeTax"] = row["pricesIncludeTax"] or row["customerId"] in self.prices_with_tax
        self.tables[table][row["id"]] = row
        self.touch(row)
        return row

    def _resolve(self, row: Row) -> None:
        """Ids that must lead somewhere."""
        customer = self.tables["customers"].get(row["customerId"])
        if customer is None:
            raise Refusal(400, "Application_DialogException", "The sell-to customer cannot be found.")
        if customer["blocked"].strip():
            message = f"You cannot create this type of document when Customer {customer['number']} is blocked."
            raise Refusal(400, "Application_DialogException", message)
        row.update(customerNumber=customer["number"], customerName=customer["displayName"])
        row["currencyCode"] = row["currencyCode"] or customer["currencyCode"] or "EUR"
        if row["currencyCode"] != "EUR" and self.by("currencies", "code", row["currencyCode"]) is None:
            raise Refusal(400, "Application_DialogException", 'The "currencyCode" does not match to a Currency.')
        for field, table in (("shipmentMethodId", "shipmentMethods"), ("paymentTermsId", "paymentTerms")):
            if row[field] != NO_ID and row[field] not in self.tables[table]:
                raise Refusal(400, "Application_DialogException", f'The "{field}" does not match.')

    def _create_line(self, table: str, body: Mapping[str, Any], parent_id: str) -> Row:
        document_id = parent_id or checked(table, "documentId", body.get("documentId"))
        if document_id not in self.tables[_HEADERS[table]]:
            raise Refusal(404, "BadRequest_ResourceNotFound", "The document cannot be found.")
        self._may_change_lines(table, document_id)
        sequences = [line["sequence"] for line in self.rows(table) if line["documentId"] == document_id]
        row = {**blank(table), "id": str(uuid.uuid4()), "documentId": document_id}
        row["sequence"] = max(sequences, default=0) + 10000
        self._set_line(table, row, {name: value for name, value in body.items() if name != "documentId"})
        self.tables[table][row["id"]] = row
        self.compute(_HEADERS[table], document_id)
        return row

    def _set_line(self, table: str, row: Row, body: Mapping[str, Any]) -> None:
        """One field after another as they come, each with what it does to the others."""
        header = self.tables[_HEADERS[table]][row["documentId"]]
        for name, given in body.items():
            value = checked(table, name, given)
            if name in ("lineObjectNumber", "itemId"):
                self._set_object(row, name, value)
            elif name == "quantity":
                if value < row.get("shippedQuantity", 0):
                    message = "Quantity must not be less than Quantity Shipped in Sales Line."
                    raise Refusal(400, "Application_DialogException", message)
                row["quantity"] = value
                if row["itemId"] != NO_ID:
                    # The price is fetched anew, and the discount goes with it.
                    row["unitPrice"] = self.tables["items"][row["itemId"]]["unitPrice"]
                row["discountAmount"] = Decimal(0)
            elif name == "taxCode":
                self._set_tax(row, value, header["pricesIncludeTax"])
            elif name == "unitPrice":
                row.update(unitPrice=value, discountAmount=Decimal(0))
            else:
                row[name] = value
        if row["lineType"] != "Comment" and not row["lineObjectNumber"]:
            raise Refusal(400, "Application_DialogException", "No. must have a value in Sales Line.")

    def _set_object(self, row: Row, name: str, value: str) -> None:
        kind = "Item" if name == "itemId" else row["lineType"]
        table = {"Item": "items", "Account": "accounts"}.get(kind)
        if table is None:
            raise Refusal(400, "Application_DialogException", "Type must have a value in Sales Line.")
        found = self.tables["items"].get(value) if name == "itemId" else self.by(table, "number", value)
        if found is None:
            raise Refusal(400, "Application_DialogException", f"{kind} does not exist.")
        if found["blocked"]:
            raise Refusal(400, "Application_DialogException", f"{kind} {found['number']} is blocked.")
        row.update(lineType=kind, lineObjectNumber=found["number"], description=found["displayName"])
        row["itemId" if kind == "Item" else "accountId"] = found["id"]
        self._set_tax(row, "VAT19", False)

    def _set_tax(self, row: Row, code: str, recalculate: bool) -> None:
        if code not in TAXES:
            message = f"The VAT Posting Setup does not exist. VAT Prod. Posting Group='{code}'"
            raise Refusal(400, "Internal_RecordNotFound", message)
        if recalculate and row["unitPrice"]:
            row["unitPrice"] = row["unitPrice"] * (100 + TAXES[code]) / (100 + row["taxPercent"])
        row.update(taxCode=code, taxPercent=TAXES[code])

    def _may_change_lines(self, table: str, document_id: str) -> None:
        status = self.tables[_HEADERS[table]][document_id]["status"]
        if status != "Draft":
            raise Refusal(400, "Application_DialogException", "Status must be equal to 'Open' in Sales Header.")

    def _create_payment(self, body: Mapping[str, Any], journal_id: str) -> Row:
        values = {name: checked("customerPayments", name, value) for name, value in body.items()}
        journal = self.tables["customerPaymentJournals"].get(journal_id or values.get("journalId", ""))
        if journal is None:
            raise Refusal(400, "Application_DialogException", "You must specify a journal batch ID or a journal ID.")
        if values.get("customerId") not in self.tables["customers"]:
            raise Refusal(400, "Application_DialogException", 'The "customerId" does not match to a Customer.')
        values.update(journalId=journal["id"], journalDisplayName=journal["code"])
        return self.add("customerPayments", **values)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def today() -> str:
    return datetime.now(UTC).date().isoformat()
