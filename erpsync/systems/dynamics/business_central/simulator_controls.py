"""What Business Central's own users do and see: the controls of `ErpControls` over a simulator's books."""

import threading
from collections.abc import Mapping
from decimal import Decimal

from erpsync.ports.simulator import Booked
from erpsync.systems.dynamics.business_central import simulator_postings
from erpsync.systems.dynamics.business_central.simulator_books import Books
from erpsync.systems.dynamics.business_central.simulator_tables import Row

LOCATIONS = ("EAST", "WEST")


class Controls:
    """Thread-safe by the lock that serves the books."""

    books: Books
    lock: threading.RLock

    @property
    def locations(self) -> tuple[str, ...]:
        return LOCATIONS

    def booked(self, reference: str) -> list[Booked]:
        code = reference.upper()
        with self.lock:
            books = self.books
            found = [
                self._booked(order, books.children("salesOrderLines", "documentId", order["id"]), "")
                for order in books.rows("salesOrders")
                if order["externalDocumentNumber"] == code
            ]
            gone = [order for order in books.archive if order["externalDocumentNumber"] == code]
            return found + [self._booked(order, order["lines"], order["state"]) for order in gone]

    def credited(self, reference: str) -> list[Decimal]:
        with self.lock:
            return [
                memo["totalAmountIncludingTax"]
                for memo in self.books.rows("salesCreditMemos")
                if memo["externalDocumentNumber"] == reference.upper()
            ]

    def paid(self, reference: str) -> list[Decimal]:
        with self.lock:
            return [
                -line["amount"]
                for line in self.books.rows("customerPayments")
                if line["externalDocumentNumber"] == reference.upper()
            ]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        with self.lock:
            row = self.books.by("customers", "email", email)
            if row is None:
                number = self.books.number("C")
                row = self.books.add("customers", number=number, email=email, type="Person", blocked=" ")
            row["displayName"] = name
            self.books.touch(row, seconds_ago)
            return str(row["id"])

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        with self.lock:
            row = self.books.by("items", "number", sku.upper())
            if row is None:
                row = self.books.add("items", number=sku.upper(), type="Inventory", baseUnitOfMeasureCode="PCS")
            row.update(displayName=title, blocked=not active)
            self.books.touch(row, seconds_ago)
            return str(row["id"])

    def put_variant(self, sku: str, code: str, description: str) -> str:
        """Gives an item a variant; returns the variant's id."""
        with self.lock:
            item = self._item(sku)
            self.books.touch(item)
            variant = self.books.add("itemVariants", code=code, description=description, itemNumber=item["number"])
            variant["itemId"] = item["id"]
            return str(variant["id"])

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        with self.lock:
            item = self._item(sku)
            item["unitPrice"] = price
            self.books.touch(item, seconds_ago)

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        number, _, variant = sku.partition("|")
        with self.lock:
            books = self.books
            difference = on_hand - books.on_hand(number, variant, location)
            if difference:
                simulator_postings.post_entry(books, number, variant, location, difference, "T00001", seconds_ago)
            key = {"No": number, "Variant_Code": variant, "Location_Code": location, "Document_No": "S-ORD-BY-HAND"}
            for row in books.rows("page 516"):
                if all(row[name] == value for name, value in key.items()):
                    del books.tables["page 516"][row["id"]]
            if reserved:
                row = books.add("page 516", Document_Type="Order", Type="Item", Outstanding_Quantity=reserved)
                row.update(key)

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        with self.lock:
            simulator_postings.ship(self.books, self._order(order_id), quantities, carrier, number, seconds_ago)

    def invoice(self, order_id: str) -> None:
        with self.lock:
            order = self._order(order_id)
            lines = self.books.children("salesOrderLines", "documentId", order["id"])
            if not any(line["shippedQuantity"] for line in lines):
                simulator_postings.ship(
                    self.books, order, {self.books.sku(line): line["quantity"] for line in lines}, "", "", 0.0
                )
            simulator_postings.invoice(self.books, order)

    def release(self, order_id: str) -> None:
        """Releases a sales order: its lines cannot be changed until it is reopened. API v2.0 calls the status Open."""
        with self.lock:
            self._order(order_id)["status"] = "Open"

    def post_payments(self) -> None:
        """Posts the cash receipt journals: their lines become entries, and are gone."""
        with self.lock:
            for line in self.books.rows("customerPayments"):
                names = ("documentNumber", "postingDate", "description")
                self.books.add(
                    "generalLedgerEntries",
                    documentType="Payment",
                    debitAmount=-line["amount"],
                    **{name: line[name] for name in names},
                )
                del self.books.tables["customerPayments"][line["id"]]

    def _booked(self, order: Row, lines: list[Row], state: str) -> Booked:
        goods = [
            line
            for line in lines
            if line["lineType"] == "Item" and self.books.tables["items"][line["itemId"]]["type"] == "Inventory"
        ]
        quantities: dict[str, Decimal] = {}
        for line in goods:
            sku = self.books.sku(line)
            quantities[sku] = quantities.get(sku, Decimal(0)) + line["quantity"]
        delivered = bool(goods) and all(line["shippedQuantity"] >= line["quantity"] for line in goods)
        return Booked(
            id=order["number"],
            number=order["number"],
            reference=order["externalDocumentNumber"],
            state=state or ("closed" if delivered else "open"),
            total=order["totalAmountIncludingTax"],
            currency=order["currencyCode"],
            quantities=quantities,
        )

    def _item(self, sku: str) -> Row:
        row = self.books.by("items", "number", sku.upper())
        if row is None:
            raise LookupError(f"the simulator has no item {sku}")
        return row

    def _order(self, number: str) -> Row:
        row = self.books.by("salesOrders", "number", number)
        if row is None:
            raise LookupError(f"the simulator has no open sales order {number}")
        return row
