"""What the fake ERP holds, and the rules by which it takes or refuses a record."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.fulfilments import Fulfilment, Invoice, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.orders import Order
from erpsync.domain.parties import Customer
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef, Written
from erpsync.ports.runtime import Clock
from erpsync.testing.faults import Faults

NOBODY = TargetId("")


@dataclass(frozen=True)
class SalesOrder:
    """An order as the ERP has it."""

    ref: RecordRef
    reference: str
    order: Order
    customer_id: TargetId
    cancelled: bool = False
    closed: bool = False
    shipments: tuple[Fulfilment, ...] = ()
    invoices: tuple[Invoice, ...] = ()

    @property
    def shipped(self) -> bool:
        return bool(self.shipments)

    @property
    def open_quantities(self) -> dict[Sku, Decimal]:
        """What has been ordered and not been shipped, by SKU."""
        left: dict[Sku, Decimal] = {}
        for line in self.order.lines:
            left[line.sku] = left.get(line.sku, Decimal(0)) + line.quantity
        for sent in (sent for shipment in self.shipments for sent in shipment.lines):
            left[sent.sku] -= sent.quantity
        return {sku: quantity for sku, quantity in left.items() if quantity > 0}


@dataclass(frozen=True)
class Account:
    """A customer as the ERP has it. Its users call it by its name."""

    ref: RecordRef
    reference: str
    customer: Customer

    @property
    def email(self) -> str:
        return self.customer.email.strip().lower()


@dataclass(frozen=True)
class Posting:
    """Money posted under a reference of ours: a credit memo or a payment."""

    ref: RecordRef
    amount: Decimal


class Books:
    """The ERP's records. Refuses a customer it does not know, and to touch what is shipped, cancelled or not there."""

    def __init__(self, system: str, clock: Clock, faults: Faults, *, unique_references: bool) -> None:
        self.unique_references = unique_references
        self.reserves = False
        """Whether its own open orders reserve stock, and shipments take it away, at the first place that holds the SKU."""
        self.orders: dict[TargetId, SalesOrder] = {}
        self.customers: dict[TargetId, Account] = {}
        self.products: dict[TargetId, Product] = {}
        self.prices: dict[Sku, BasePrice] = {}
        self.stock: dict[tuple[Sku, str], StockLevel] = {}
        self.credits: dict[str, Posting] = {}
        self.payments: dict[str, Posting] = {}
        self.changed_at: dict[tuple[str, str], datetime] = {}
        """When each record was last changed, by what kind it is of and its key."""
        self._system = system
        self._clock = clock
        self._faults = faults
        self._last = 0

    def add_order(self, reference: str, order: Order, customer_id: TargetId = NOBODY) -> SalesOrder:
        """An order that is there already, whoever made it."""
        number = self._number()
        made = SalesOrder(RecordRef(TargetId(str(number)), f"SO{number}"), reference, order, customer_id)
        self._keep_order(made)
        return made

    def add_customer(self, reference: str, name: str, email: str = "") -> Account:
        """A customer that is there already, whoever made it."""
        return self._add_account(name, reference, Customer(email=email, last_name=name))

    def touch(self, kind: str, key: str, seconds_ago: float = 0.0) -> None:
        """The record is changed, by a transaction that took so long to commit."""
        self.changed_at[kind, key] = self._clock.now() - timedelta(seconds=seconds_ago)

    def ship(self, target_id: TargetId) -> None:
        """From now on the order can be neither changed nor cancelled."""
        lines = tuple(
            ShippedLine(sku=sku, quantity=quantity) for sku, quantity in self.orders[target_id].open_quantities.items()
        )
        self.add_shipment(target_id, lines)

    def add_shipment(self, target_id: TargetId, lines: tuple[ShippedLine, ...], parcel: Parcel | None = None) -> None:
        order = self.orders[target_id]
        shipment = Fulfilment(
            id=TargetId(str(self._number())),
            order_id=target_id,
            shipped_at=self._clock.now(),
            lines=lines,
            parcels=(parcel,) if parcel else (),
        )
        self._keep_order(replace(order, shipments=(*order.shipments, shipment)))
        for line in lines if self.reserves else ():
            place = min(place for sku, place in self.stock if sku == line.sku)
            level = self.stock[line.sku, place]
            self.stock[line.sku, place] = level.model_copy(update={"on_hand": level.on_hand - line.quantity})

    def add_invoice(self, target_id: TargetId) -> None:
        order, number = self.orders[target_id], self._number()
        invoice = Invoice(id=TargetId(str(number)), number=f"INV{number}", total=order.order.total)
        self._keep_order(replace(order, invoices=(*order.invoices, invoice)))

    def levels_of(self, sku: Sku) -> list[StockLevel]:
        """What each place holds of it, by name of the place."""
        levels = [level for (of, _), level in sorted(self.stock.items()) if of == sku]
        if not (self.reserves and levels):
            return levels
        promised = sum(
            (order.open_quantities.get(sku, Decimal(0)) for order in self.orders.values() if not order.cancelled),
            levels[0].reserved,
        )
        return [levels[0].model_copy(update={"reserved": promised}), *levels[1:]]

    def orders_of(self, reference: str) -> list[SalesOrder]:
        return [order for order in self.orders.values() if order.reference == reference]

    def customer_references(self) -> set[str]:
        return {account.reference for account in self.customers.values()}

    def customers_like(self, draft: CustomerDraft) -> tuple[RecordRef, ...]:
        """By reference, else by e-mail address."""
        accounts = list(self.customers.values())
        email = draft.customer.email.strip().lower()
        known = [account.ref for account in accounts if account.reference == draft.reference]
        return tuple(known or (account.ref for account in accounts if email and account.email == email))

    def keep_customer(self, draft: CustomerDraft, seen: set[str] | None) -> Written:
        """Makes the customer, unless its reference is there; where `seen` is given, unless it is among those."""
        error = self._faults.refusal_of("upsert_customers", draft.reference)
        if error is not None:
            return error
        known = [account for account in self.customers.values() if account.reference == draft.reference]
        if known and (seen is None or draft.reference in seen):
            self.customers[known[0].ref.target_id] = replace(known[0], customer=draft.customer)
            self.touch("customer", known[0].ref.target_id)
            return known[0].ref
        return self._add_account(draft.customer.full_name, draft.reference, draft.customer).ref

    def create_order(self, draft: OrderDraft) -> Written:
        error = self._faults.refusal_of("create_orders", draft.reference)
        if error is not None:
            return error
        if draft.customer_id not in self.customers:
            return self._refused("customer-gone", f"There is no customer {draft.customer_id}.")
        unknown = self.unknown_sku(draft.order)
        if unknown is not None:
            return self._refused("unknown-sku", f"There is no item {unknown}.")
        known = self.orders_of(draft.reference)
        if known and self.unique_references:
            return self.amend_order(known[0].ref.target_id, draft)
        return self.add_order(draft.reference, draft.order, draft.customer_id).ref

    def amend_order(self, target_id: TargetId, draft: OrderDraft) -> Written:
        error = self._faults.refusal_of("amend_orders", draft.reference) or self._closed(target_id)
        if error is not None:
            return error
        return self._keep_order(replace(self.orders[target_id], order=draft.order, customer_id=draft.customer_id))

    def cancel_order(self, target_id: TargetId) -> Written:
        known = self.orders.get(target_id)
        error: SyncError | None = self._faults.refusal_of("cancel_orders", known.reference if known else "")
        if error is None and (known is None or not known.cancelled):
            error = self._closed(target_id)
        if error is not None:
            return error
        return self._keep_order(replace(self.orders[target_id], cancelled=True))

    def close_order(self, target_id: TargetId) -> Written:
        order = self.orders.get(target_id)
        if order is None:
            return self._refused("order-gone", f"There is no sales order {target_id}.")
        return self._keep_order(replace(order, closed=True))

    def post(self, kept: dict[str, Posting], reference: str, amount: Decimal) -> Written:
        """A posting under that reference, the one that is there already where there is one."""
        if reference not in kept:
            number = self._number()
            kept[reference] = Posting(RecordRef(TargetId(str(number)), f"M{number}"), amount)
        return kept[reference].ref

    def unknown_sku(self, order: Order) -> Sku | None:
        """A SKU of the order that is no item; None where all are, or where the ERP has no items to compare with."""
        skus = {variant.sku for product in self.products.values() for variant in product.variants}
        return next((line.sku for line in order.lines if skus and line.sku not in skus), None)

    def _keep_order(self, order: SalesOrder) -> RecordRef:
        self.orders[order.ref.target_id] = order
        self.touch("order", order.ref.target_id)
        for line in order.order.lines if self.reserves else ():
            self.touch("stock", line.sku)
        return order.ref

    def _add_account(self, name: str, reference: str, customer: Customer) -> Account:
        made = Account(RecordRef(TargetId(str(self._number())), name), reference, customer)
        self.customers[made.ref.target_id] = made
        self.touch("customer", made.ref.target_id)
        return made

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _closed(self, target_id: TargetId) -> Rejected | None:
        order = self.orders.get(target_id)
        if order is None:
            return self._refused("order-gone", f"There is no sales order {target_id}.")
        if order.shipped or order.cancelled:
            state = "shipped" if order.shipped else "cancelled"
            return self._refused(f"order-{state}", f"Sales order {order.ref.display} is {state}.")
        return None

    def _refused(self, code: str, what: str) -> Rejected:
        return Rejected(code, system=self._system, what=what, next_step="Settle it by hand, then replay or discard.")
