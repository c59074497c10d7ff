"""Postings: shipments, invoices, credit memos, and the item ledger entries that they leave."""

from collections.abc import Mapping
from decimal import Decimal

from erpsync.systems.dynamics.business_central.simulator_books import Books, cents, today
from erpsync.systems.dynamics.business_central.simulator_tables import TABLES, Refusal, Row


def ship(
    books: Books, order: Row, quantities: Mapping[str, Decimal], carrier: str, tracking: str, seconds_ago: float
) -> None:
    """Ships that much of each item, and with it all that is no item."""
    number = books.number("S-SHPT")
    shipment = books.add(
        "salesShipments",
        seconds_ago=seconds_ago,
        number=number,
        externalDocumentNumber=order["externalDocumentNumber"],
        postingDate=today(),
        invoiceDate=today(),
        customerId=order["customerId"],
        customerNumber=order["customerNumber"],
        orderNumber=order["number"],
    )
    books.add(
        "page 142",
        No=number,
        Shipping_Agent_Code=carrier.upper(),
        Package_Tracking_No=tracking,
        Posting_Date=today(),
    )
    left = dict(quantities)
    for line in [row for row in books.rows("salesOrderLines") if row["documentId"] == order["id"]]:
        wanted = line["quantity"] - line["shippedQuantity"]
        if line["lineType"] == "Item" and books.tables["items"][line["itemId"]]["type"] == "Inventory":
            wanted = min(wanted, left.get(books.sku(line), Decimal(0)))
            left[books.sku(line)] = left.get(books.sku(line), Decimal(0)) - wanted
        if not wanted:
            continue
        line["shippedQuantity"] += wanted
        copied = {name: line[name] for name in ("sequence", "lineType", "lineObjectNumber", "description", "unitPrice")}
        books.add("salesShipmentLines", documentId=shipment["id"], documentNo=number, quantity=wanted, **copied)
        if line["lineType"] == "Item":
            goods = (line["lineObjectNumber"], books.variant(line), books.place(line))
            post_entry(books, *goods, -wanted, number, seconds_ago, line["sequence"])
    books.compute("salesOrders", order["id"])
    books.touch(order, seconds_ago)


def invoice(books: Books, order: Row) -> None:
    """Invoices what is shipped; an order of which nothing is left is deleted."""
    of_order = [row for row in books.rows("salesOrderLines") if row["documentId"] == order["id"]]
    posted = books.add(
        "salesInvoices",
        **{name: order[name] for name in TABLES["salesInvoices"] if name in order and name not in ("id", "number")},
    )
    posted.update(number=books.number("S-INV"), orderNumber=order["number"], invoiceDate=today(), status="Open")
    total = Decimal(0)
    for line in of_order:
        quantity = line["shippedQuantity"] - line["invoicedQuantity"]
        if quantity:
            line["invoicedQuantity"] += quantity
            total += cents(line["amountIncludingTax"] * quantity / line["quantity"])
            values = {name: line[name] for name in TABLES["salesInvoiceLines"] if name not in ("id", "documentId")}
            books.add("salesInvoiceLines", documentId=posted["id"], **{**values, "quantity": quantity})
    posted.update(totalAmountIncludingTax=total, remainingAmount=total)
    books.touch(order)
    if all(line["invoicedQuantity"] >= line["quantity"] for line in of_order):
        books.retire(order, "closed")


def post_credit_memo(books: Books, memo: Row) -> None:
    lines = books.children("salesCreditMemoLines", "documentId", memo["id"])
    if memo["status"] != "Draft":
        raise Refusal(400, "Application_DialogException", "The action can be applied to a draft credit memo only.")
    if not lines:
        raise Refusal(400, "Application_DialogException", "Please add at least one line item to the credit memo.")
    if memo["invoiceNumber"]:
        invoice = books.by("salesInvoices", "number", memo["invoiceNumber"])
        if invoice is None or invoice["remainingAmount"] < memo["totalAmountIncludingTax"]:
            raise Refusal(400, "Application_DialogException", "The amount to apply is more than the remaining amount.")
        invoice["remainingAmount"] -= memo["totalAmountIncludingTax"]
    memo.update(number=books.number("S-CRM"), status="Open")
    books.touch(memo)
    for line in lines:
        if line["lineType"] == "Item":
            place, variant = books.place(line), books.variant(line)
            post_entry(books, line["lineObjectNumber"], variant, place, line["quantity"], memo["number"], 0.0)


def post_entry(
    books: Books,
    item: str,
    variant: str,
    location: str,
    quantity: Decimal,
    document: str,
    seconds_ago: float,
    sequence: int = 0,
) -> None:
    """One item ledger entry, applied to open ones of the other sign. Numbers have gaps; an entry of a transaction that
    began earlier takes a lower one than is there already."""
    books.last_entry += 2
    number = books.last_entry - 3 if seconds_ago and books.last_entry > 3 else books.last_entry
    remaining = quantity
    for other in books.rows("page 38"):
        same = (other["Item_No"], other["Variant_Code"], other["Location_Code"]) == (item, variant, location)
        if same and other["Open"] and other["Remaining_Quantity"] * remaining < 0:
            applied = min(abs(other["Remaining_Quantity"]), abs(remaining)) * (1 if remaining > 0 else -1)
            other["Remaining_Quantity"] += applied
            other["Open"] = bool(other["Remaining_Quantity"])
            remaining -= applied
    books.add(
        "page 38",
        Entry_No=number,
        Item_No=item,
        Variant_Code=variant,
        Location_Code=location,
        Quantity=quantity,
        Remaining_Quantity=remaining,
        Open=bool(remaining),
        Posting_Date=today(),
        Document_No=document,
        Document_Line_No=sequence,
    )
    entry = {"entryNumber": number, "itemNumber": item, "documentNumber": document, "postingDate": today()}
    books.add("itemLedgerEntries", seconds_ago=seconds_ago, quantity=quantity, **entry)
