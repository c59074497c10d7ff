"""The simulated account's books: every record, found by id or external id, written by NetSuite's own rules.

Knows no protocol: the SOAP and the REST side of the simulator both read the records and write through `upsert`,
`update` and `add`, in SuiteTalk's field names.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from erpsync.systems.netsuite import simulator_rules as rules
from erpsync.systems.netsuite.simulator_records import (
    LOCATIONS,
    STOCKED,
    Customer,
    Deleted,
    Deposit,
    Fulfilment,
    Invoice,
    Item,
    Stock,
    Transaction,
    Values,
)
from erpsync.systems.netsuite.simulator_rules import Refusal

Written: TypeAlias = Customer | Transaction | Deposit
_TRANSACTIONS = {"salesOrder": "SO", "creditMemo": "CM", "returnAuthorization": "RMA"}


class Books:
    """One account. Thread-safe: hold `lock` to read several records as of one moment.

    Records are written by kind: "customer", "salesOrder", "creditMemo", "returnAuthorization", "customerDeposit". All
    transactions share their external ids, whose capitals do not count:
    https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3432681.html
    `between` is called with the external id after a record was found absent and before it is made: two writes that meet
    there are what makes NetSuite refuse the second one. `contested` holds ids and external ids of records that somebody
    else has open: the next write of each is refused with RCRD_HAS_BEEN_CHANGED, once. `automatic_tax` is what the account
    charges by itself on each new sales order.
    """

    def __init__(self, now: Callable[[], datetime], between: Callable[[str], None], *, one_world: bool) -> None:
        self.items: dict[str, Item] = {}
        self.customers: dict[str, Customer] = {}
        self.transactions: dict[str, Transaction] = {}
        self.deposits: dict[str, Deposit] = {}
        self.fulfilments: dict[str, Fulfilment] = {}
        self.invoices: dict[str, Invoice] = {}
        self.deleted: list[Deleted] = []
        self.contested: set[str] = set()
        self.automatic_tax = Decimal(0)
        self.lock = threading.RLock()
        self.now = now
        self.one_world = one_world
        self._between = between
        self._external: dict[tuple[str, str], Written] = {}
        self._last_id = 5000
        self._numbers: dict[str, int] = {}

    def add_item(
        self, sku: str, price: Decimal, kind: str = "InventoryItem", internal_id: str = "", **more: Any
    ) -> Item:
        """An item with a base price in EUR, and an empty place at every location where it is stocked."""
        with self.lock:
            now = self.now()
            item = Item(internal_id or self.next_id(), sku, kind, now, now, external_id=sku, **more)
            item.prices[("1", "1")] = [(Decimal(0), price)]
            if kind in STOCKED:
                item.stock = {location: Stock() for location in LOCATIONS}
            self.items[item.internal_id] = item
            return item

    def add_customer(self, values: Values, external_id: str | None = None) -> Customer:
        with self.lock:
            values = {"entityId": self.next_number("CUST"), **values}
            customer = Customer(self.next_id(), external_id, values, self.now())
            self.customers[customer.internal_id] = customer
            self._register("customer", customer)
            return customer

    def upsert(self, kind: str, record: Mapping[str, Any]) -> str:
        """Makes or updates the record that has this external id. Its internal id; raises Refusal."""
        if record.get("internalId"):
            raise Refusal("CANT_SET_INTERNALID", "Internal IDs are not accepted by upsert.")
        external_id = record.get("externalId")
        if not external_id:
            raise Refusal("EXTERNALID_REQD", "An external ID is required.")
        with self.lock:
            existing = self.get(kind, record)
            if existing is not None:
                return self._change(existing, record)
        self._between(external_id)
        return self.add(kind, record)

    def add(self, kind: str, record: Mapping[str, Any]) -> str:
        """Makes a record. Its internal id; raises Refusal, also where its external id is taken."""
        with self.lock:
            if record.get("externalId") and _key(kind, record["externalId"]) in self._external:
                raise Refusal("DUP_RCRD", "This record already exists.")
            return self._make(kind, record)

    def update(self, kind: str, record: Mapping[str, Any]) -> str:
        """Changes the record that has this internal id, else external id. Its internal id; raises Refusal."""
        with self.lock:
            found = self.get(kind, record)
            if found is None:
                raise Refusal("RCRD_DSNT_EXIST", "That record does not exist.")
            return self._change(found, record)

    def get(self, kind: str, ref: Mapping[str, Any]) -> Written | None:
        """By internal id, else by external id. None also for a kind that is not kept here."""
        with self.lock:
            internal_id = ref.get("internalId")
            if not internal_id:
                known = self._external.get(_key(kind, ref.get("externalId") or ""))
                return known if known is not None and _kind_of(known) == kind else None
            if kind == "customer":
                return self.customers.get(internal_id)
            if kind == "customerDeposit":
                return self.deposits.get(internal_id)
            found = self.transactions.get(internal_id)
            return found if found is not None and found.kind == kind else None

    def order(self, internal_id: str) -> Transaction:
        """A sales order. Raises KeyError where there is none."""
        found = self.transactions[internal_id]
        if found.kind != "salesOrder":
            raise KeyError(internal_id)
        return found

    def of_kind(self, kind: str) -> list[Transaction]:
        with self.lock:
            return [found for found in self.transactions.values() if found.kind == kind]

    def delete(self, kind: str, ref: Mapping[str, Any]) -> None:
        """Deletes a record, as a person there may. Items by internal id. Raises KeyError where there is none."""
        with self.lock:
            found = self.items[ref["internalId"]] if kind == "item" else self.get(kind, ref)
            if found is None:
                raise KeyError(kind)
            if isinstance(found, Transaction):
                self._promise(found, -1)
            for kept in (self.items, self.customers, self.transactions, self.deposits):
                kept.pop(found.internal_id, None)
            self._external.pop(_key(kind, found.external_id or ""), None)
            name = found.sku if isinstance(found, Item) else ""
            type_ = found.kind[0].lower() + found.kind[1:] if isinstance(found, Item) else kind
            self.deleted.append(Deleted(type_, found.internal_id, found.external_id, name, self.now()))

    def touch(self, record: Item | Customer | Transaction, seconds_ago: float = 0.0) -> None:
        """Sets when a record was last modified."""
        record.modified_at = self.now() - timedelta(seconds=seconds_ago)

    def next_id(self) -> str:
        with self.lock:
            self._last_id += 1
            return str(self._last_id)

    def next_number(self, prefix: str) -> str:
        """The next document number, as SO1001."""
        with self.lock:
            self._numbers[prefix] = self._numbers.get(prefix, 1000) + 1
            return f"{prefix}{self._numbers[prefix]}"

    def change_order(self, order: Transaction, change: Callable[[Transaction], None]) -> None:
        """Changes a sales order and what stock is promised to it together."""
        with self.lock:
            self._promise(order, -1)
            try:
                change(order)
            finally:
                self._promise(order, 1)

    def _make(self, kind: str, record: Mapping[str, Any]) -> str:
        external_id = record.get("externalId")
        self._contest(external_id)
        if kind == "customer":
            values = rules.written(record)
            rules.check_customer(values, one_world=self.one_world)
            return self.add_customer(values, external_id).internal_id
        now = self.now()
        if kind == "customerDeposit":
            values = rules.written(record)
            rules.check_deposit(values, self)
            deposit = Deposit(self.next_id(), external_id, self.next_number("DEP"), now, now, values)
            self.deposits[deposit.internal_id] = deposit
            self._register(kind, deposit)
            return deposit.internal_id
        if kind not in _TRANSACTIONS:
            raise Refusal("INVALID_RCRD_TYPE", "This record type is not supported here.")
        made = Transaction(kind, "", external_id, "", now, now)
        made.added_tax = self.automatic_tax if kind == "salesOrder" else Decimal(0)
        rules.fill(made, record, self)
        # Numbered last: a refused record uses up neither an id nor a number.
        made.internal_id, made.number = self.next_id(), self.next_number(_TRANSACTIONS[kind])
        self._keep(made)
        return made.internal_id

    def _change(self, found: Written, record: Mapping[str, Any]) -> str:
        self._contest(found.internal_id, found.external_id)
        if isinstance(found, Customer):
            values = rules.merged_customer(found.values, record)
            rules.check_customer(values, one_world=self.one_world)
            found.values, found.modified_at = values, self.now()
        elif isinstance(found, Deposit):
            found.values, found.modified_at = {**found.values, **rules.written(record)}, self.now()
        else:
            lines = [replace(line, custom=dict(line.custom)) for line in found.lines]
            draft = replace(copy(found), values=dict(found.values), lines=lines, modified_at=self.now())
            rules.fill(draft, record, self)
            self._promise(found, -1)
            self._keep(draft)
        return found.internal_id

    def _keep(self, made: Transaction) -> None:
        self.transactions[made.internal_id] = made
        self._register(made.kind, made)
        self._promise(made, 1)

    def _register(self, kind: str, record: Written) -> None:
        if record.external_id:
            self._external[_key(kind, record.external_id)] = record

    def _promise(self, order: Transaction, sign: int) -> None:
        """What a sales order has not got yet is promised to it, at its location, once it is approved."""
        if order.kind != "salesOrder" or order.status == "_pendingApproval":
            return
        location = (order.values.get("location") or {}).get("internalId", "")
        for line in order.lines:
            place = line.item.stock.get(location)
            if place is not None and line.undelivered:
                place.promised += sign * line.undelivered
                line.item.stock_changed_at = self.now()

    def _contest(self, *ids: str | None) -> None:
        for contested in self.contested.intersection(_present(ids)):
            self.contested.discard(contested)
            raise Refusal("RCRD_HAS_BEEN_CHANGED", "Record has been changed.")


def _key(kind: str, external_id: str) -> tuple[str, str]:
    return ("entity" if kind == "customer" else "transaction", external_id.lower())


def _kind_of(record: Written) -> str:
    if isinstance(record, Transaction):
        return record.kind
    return "customer" if isinstance(record, Customer) else "customerDeposit"


def _present(ids: Iterable[str | None]) -> list[str]:
    return [found for found in ids if found]
