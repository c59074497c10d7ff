"""The wrapper's writing function modules, as their ABAP does it: lock, look, BAPI, commit, release; one unit of work each.

Messages of the wrapper (ZERPSYNC) are those of `abap/zerpsync_dictionary.abap`. Those of SAP's own classes are plausible,
not verified.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from erpsync.systems.sap.soap.simulator_tables import LOCATIONS, SALES_AREA, Document, Item, Tables, UpdateEnded

_OURS = "ZERPSYNC"
_CENT = Decimal("0.01")
_MOST = 100
# Condition types of the simulated pricing procedure: class A discount or surcharge, B price, D tax.
CONDITIONS = {"ZPR0": "B", "ZDI0": "A", "ZSH0": "A", "ZTI0": "A", "ZDU0": "A", "ZFE0": "A", "ZRO0": "A", "ZTX0": "D"}
TAX_CODES = ("A1", "A2", "A0")
HEADER_FIELDS = ("PMNTTRMS", "ORD_REASON", "PO_METHOD", "REF_1", "DLVSCHDUSE", "ZZGIFT")
CUSTOMER_FIELDS = ("MIDDLENAME", "FAX_NUMBER")
ACCOUNTS = ("0000113105", "0000113106")


class Refused(Exception):
    """A BAPI's RETURN with an error: BAPI_TRANSACTION_ROLLBACK follows."""

    def __init__(self, id_: str, number: str, text: str, *, parameter: str = "", row: int = 0, field: str = "") -> None:
        self.message = {
            "TYPE": "E", "ID": id_, "NUMBER": number, "MESSAGE": text, "PARAMETER": parameter, "ROW": row, "FIELD": field,
        }  # fmt: skip
        super().__init__(text)


@dataclass
class Outcome:
    """ET_RESULT and ET_RETURN in the making."""

    results: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def add(self, reference: str, document: str, **more: Any) -> None:
        self.results.append({"REFERENCE": reference, "DOCUMENT": document, **more})

    def say(self, reference: str, message: Mapping[str, Any]) -> None:
        self.messages.append({"REFERENCE": reference, **message})

    def tables(self) -> dict[str, Any]:
        return {"ET_RESULT": self.results, "ET_RETURN": self.messages}


class Sales:
    """The function modules that write. `denied` holds authorisations that the user lacks ("V_VBAK_VKO/01").

    `surcharge` is a condition that the pricing procedure adds to every order by itself, `own_tax` the rate of the tax
    that SAP computes. `while_locked` is called between look and commit, for races.
    """

    def __init__(self, tables: Tables, denied: set[str], *, surcharge: Decimal, own_tax: Decimal | None) -> None:
        self._tables = tables
        self._denied = denied
        self._surcharge = surcharge
        self._own_tax = own_tax
        self.while_locked: Callable[[], None] = lambda: None

    def create_orders(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return self._each(values, "IT_ORDER", "O", "V_VBAK_VKO/01", lambda row: self._made(values, row, "C"))

    def refund(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return self._each(values, "IT_ORDER", "R", "V_VBAK_VKO/01", lambda row: self._made(values, row, "K"))

    def pay(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return self._each(values, "IT_PAYMENT", "P", "F_BKPF_BUK/01", self._paid)

    def save_customers(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return self._each(values, "IT_CUSTOMER", "C", "V_KNA1_VKO/01", lambda row: self._customer(values, row))

    def change_orders(self, values: Mapping[str, Any]) -> dict[str, Any]:
        outcome = Outcome()
        for row in values["IT_ORDER"]:
            try:
                self._allowed("V_VBAK_VKO/02")
                with self._tables.mutex:
                    document = self._open(row["VBELN"])
                    {"A": self._amend, "C": self._cancel, "X": self._close}[row["ACTION"]](document, values, row)
                    self._tables.changed("VBAK", document.vbeln)
                    self._told(outcome, row["REFERENCE"], document)
            except Refused as refused:
                outcome.say(row["REFERENCE"], refused.message)
        return outcome.tables()

    def _each(
        self,
        values: Mapping[str, Any],
        table: str,
        kind: str,
        right: str,
        make: Callable[[dict[str, Any]], tuple[str, Callable[[], None]]],
    ) -> dict[str, Any]:
        """Each row a unit of work of its own. `make` returns the document's number and how it is stored."""
        outcome = Outcome()
        if len(values[table]) > _MOST:
            outcome.say("", Refused(_OURS, "012", f"At most {_MOST} records in a call").message)
            return outcome.tables()
        for row in values[table]:
            reference = row["REFERENCE"]
            try:
                self._allowed(right)
                if self._tables.keeps_unique:
                    with self._tables.enqueued(kind, reference) as had:
                        if not had:
                            raise Refused(_OURS, "001", f"Reference {reference} is being processed")
                        self._one(outcome, kind, row, make)
                else:
                    self.while_locked()
                    key, store = make(row)
                    self._tables.commit(kind, reference, key, store)
                    self._told_by_key(outcome, kind, reference, key)
            except Refused as refused:
                outcome.say(reference, refused.message)
            except UpdateEnded:
                outcome.say(reference, Refused(_OURS, "004", "Update was terminated").message)
        return outcome.tables()

    def _one(self, outcome: Outcome, kind: str, row: dict[str, Any], make: Callable[..., Any]) -> None:
        reference = row["REFERENCE"]
        there = self._tables.under(kind, reference)
        if there and kind == "C":
            row = {**row, "KUNNR": there[0]}
            _, store = make(row)
            with self._tables.mutex:
                store()
            self._told_by_key(outcome, kind, reference, there[0], existed="X")
        elif there:
            self._told_by_key(outcome, kind, reference, there[0], existed="X")
        else:
            key, store = make(row)
            self.while_locked()
            self._tables.commit(kind, reference, key, store)
            self._told_by_key(outcome, kind, reference, key)

    def _told_by_key(self, outcome: Outcome, kind: str, reference: str, key: str, existed: str = "") -> None:
        if kind in ("O", "R"):
            self._told(outcome, reference, self._tables.documents[key], existed)
        else:
            outcome.add(reference, key, EXISTED=existed)

    def _told(self, outcome: Outcome, reference: str, document: Document, existed: str = "") -> None:
        sums = {
            "NET": document.net,
            "TAX": document.tax,
            "WAERK": document.header["WAERK"],
            "BLOCKED": document.block and "X",
        }
        outcome.add(reference, document.vbeln, EXISTED=existed, **sums)
        text = {"TYPE": "S", "ID": "V1", "NUMBER": "311", "MESSAGE": f"Document {document.vbeln} has been saved"}
        outcome.say(reference, text)
        if document.vbtyp == "C" and not document.addresses:
            incomplete = {"TYPE": "W", "ID": "V1", "NUMBER": "555", "MESSAGE": "The sales document is not yet complete"}
            outcome.say(reference, incomplete)

    def _made(self, values: Mapping[str, Any], row: dict[str, Any], vbtyp: str) -> tuple[str, Callable[[], None]]:
        """BAPI_SALESORDER_CREATEFROMDAT2 or, for a credit memo request, SD_SALESDOCUMENT_CREATE."""
        header = dict(row)
        if vbtyp == "K":
            header["KUNNR"] = self._open(row["VBELN"]).header["KUNNR"]
        self._valid(values, header)
        number = self._tables.number("VBELN" if vbtyp == "C" else "CREDIT")
        document = Document(number, vbtyp, header, {}, [])
        self._fill(document, values, row["REFERENCE"])

        def store() -> None:
            self._tables.documents[number] = document
            self._tables.changed("VBAK", number)

        return number, store

    def _valid(self, values: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        if (header["VKORG"], header["VTWEG"], header["SPART"]) != SALES_AREA:
            raise Refused(
                "V1", "305", f"Sales area {header['VKORG']} {header['VTWEG']} {header['SPART']} is not defined"
            )
        if header["KUNNR"] not in self._tables.customers:
            raise Refused("VP", "199", f"Sold-to party {header['KUNNR']} not maintained for sales area 1000 10 00")
        if header["WAERK"] not in ("EUR", "USD"):
            raise Refused("V1", "140", f"Currency {header['WAERK']} is not defined")
        for address in _of(values.get("IT_ADDRESS", []), header["REFERENCE"]):
            if address["COUNTRY"] == "DE" and len(address["POST_CODE"]) != 5:
                text = f"Postal code {address['POST_CODE']} of {address['NAME1']} must have 5 digits"
                raise Refused("AM", "216", text, parameter="PARTNERADDRESSES")

    def _fill(self, document: Document, values: Mapping[str, Any], reference: str) -> None:
        rows = _of(values["IT_ITEM"], reference)
        for index, row in enumerate(rows, 1):
            if row["MATNR"] not in self._tables.materials:
                text = f"Material {row['MATNR']} is not in sales area 1000 10"
                raise Refused(_OURS, "003", text, parameter="IT_ITEM", row=index)
            if row["WERKS"] and (row["WERKS"], row["LGORT"] or LOCATIONS[0][1]) not in LOCATIONS:
                text = f"Plant {row['WERKS']} storage location {row['LGORT']} is not defined"
                raise Refused("V1", "386", text, parameter="ORDER_ITEMS_IN", row=index)
        if not rows:
            raise Refused("V1", "385", "Document has no items")
        document.conditions = _of(values["IT_COND"], reference)
        document.texts = _of(values.get("IT_TEXT", []), reference)
        document.addresses = _of(values.get("IT_ADDRESS", []), reference)
        for extra in _of(values.get("IT_EXTRA", []), reference):
            if extra["FIELD"] not in HEADER_FIELDS:
                raise Refused(_OURS, "008", f"Field {extra['FIELD']} is not known", field=extra["FIELD"])
            document.extras[extra["FIELD"]] = extra["VALUE"]
        document.items = self._items(document, rows)
        self._price(document, rows)

    def _items(self, document: Document, rows: Sequence[Mapping[str, Any]]) -> dict[int, Item]:
        """New items as numbered; where the document has items already, those of the same material are kept."""
        there = dict(document.items)
        items: dict[int, Item] = {}
        for row in rows:
            made = Item(row["MATNR"], row["KWMENG"], row["WERKS"], row["LGORT"], row["ARKTX"])
            same = next((number for number, item in there.items() if item.matnr == made.matnr), None)
            if same is not None:
                old = there.pop(same)
                if made.kwmeng < old.shipped:
                    raise Refused(_OURS, "010", f"Item {same} was delivered already")
                made.shipped, made.billed = old.shipped, old.billed
            items[len(items) * 10 + 10] = made
        if any(item.shipped or item.billed for item in there.values()):
            raise Refused(_OURS, "010", "An item that was delivered cannot be deleted")
        return items

    def _price(self, document: Document, rows: Sequence[Mapping[str, Any]]) -> None:
        """The pricing procedure: prices per unit, fixed amounts, header amounts, and what SAP adds by itself."""
        quantities = {int(row["POSNR"]): row["KWMENG"] for row in rows}
        net, tax = self._surcharge, Decimal(0)
        for row in document.conditions:
            kind, item = CONDITIONS.get(row["KSCHL"]), int(row["POSNR"])
            if kind is None:
                raise Refused("V1", "801", f"Condition type {row['KSCHL']} is not in the pricing procedure")
            if item and item not in quantities:
                raise Refused("V1", "382", f"Item {item} does not exist")
            if row["KBETR"] != row["KBETR"].quantize(_CENT):
                raise Refused("VK", "031", "An amount has more decimals than its currency")
            if kind == "D" and row["MWSKZ"] not in TAX_CODES:
                raise Refused("FS", "107", f"Tax code {row['MWSKZ']} is not defined")
            amount = row["KBETR"]
            if kind == "B":
                if row["KPEIN"] < 1 or amount < 0 or not item:
                    raise Refused("VK", "032", "A price needs an item and a pricing unit")
                amount = (amount * quantities[item] / row["KPEIN"]).quantize(_CENT, ROUND_HALF_UP)
            net, tax = (net, tax + amount) if kind == "D" else (net + amount, tax)
        if self._own_tax is not None:
            tax = (net * self._own_tax).quantize(_CENT, ROUND_HALF_UP)
        document.net, document.tax = net, tax
        document.block = (document.header["LIFSK"] or "08") if net + tax != document.header["TOTAL"] else ""

    def _amend(self, document: Document, values: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        changed = {**row, "KUNNR": document.header["KUNNR"]}
        if document.state != "open":
            raise Refused(_OURS, "010", f"Document {document.vbeln} is rejected")
        self._valid(values, changed)
        draft = Document(document.vbeln, "C", changed, dict(document.items), [], block=document.block)
        self._fill(draft, values, row["REFERENCE"])
        draft.deliveries, draft.invoices = document.deliveries, document.invoices
        self._tables.documents[document.vbeln] = draft
        document.net, document.tax, document.block = draft.net, draft.tax, draft.block

    def _cancel(self, document: Document, _: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        if document.state == "cancelled":
            return
        if document.deliveries or document.invoices:
            raise Refused(_OURS, "005", f"Document {document.vbeln} has deliveries or billing documents")
        for item in document.items.values():
            item.abgru = row["ABGRU"]

    def _close(self, document: Document, _: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        for item in document.items.values():
            if item.open:
                item.abgru = row["ABGRU"]

    def _open(self, vbeln: str) -> Document:
        if vbeln in self._tables.locked:
            raise Refused(_OURS, "002", f"Document {vbeln} is being processed by a user")
        with self._tables.mutex:
            if vbeln not in self._tables.documents:
                raise Refused(_OURS, "006", f"Document {vbeln} does not exist")
            return self._tables.documents[vbeln]

    def _customer(self, values: Mapping[str, Any], row: dict[str, Any]) -> tuple[str, Callable[[], None]]:
        """BAPI_CUSTOMER_CREATEFROMDATA1 with a reference customer, or BAPI_CUSTOMER_CHANGEFROMDATA1."""
        if not row["KUNNR"] and row["MODEL"] not in self._tables.customers:
            raise Refused(_OURS, "009", f"Reference customer {row['MODEL']} does not exist")
        extras = {one["FIELD"]: one["VALUE"] for one in _of(values["IT_EXTRA"], row["REFERENCE"])}
        for name in extras:
            if name not in CUSTOMER_FIELDS:
                raise Refused(_OURS, "008", f"Field {name} is not known", field=name)
        number = row["KUNNR"] or self._tables.number("KUNNR")

        def store() -> None:
            known = {name: value for name, value in row.items() if name not in ("KUNNR", "MODEL", "REFERENCE")}
            self._tables.customers[number] = {**self._tables.customers.get(number, {}), **known, **extras}
            self._tables.changed("DEBI", number)

        return number, store

    def _paid(self, row: dict[str, Any]) -> tuple[str, Callable[[], None]]:
        """BAPI_ACC_DOCUMENT_POST: the clearing account to the customer."""
        if row["HKONT"] not in ACCOUNTS or row["BUKRS"] != SALES_AREA[0]:
            raise Refused("F5", "506", f"Account {row['HKONT']} is not in company code {row['BUKRS']}")
        if row["KUNNR"] not in self._tables.customers:
            raise Refused("F5", "102", f"Customer {row['KUNNR']} is not in company code {row['BUKRS']}")
        key = f"{self._tables.number('BELNR')}{row['BUKRS']}{row['BUDAT'][:4]}"
        return key, lambda: self._tables.payments.__setitem__(key, row)

    def _allowed(self, right: str) -> None:
        if right in self._denied:
            raise Refused(_OURS, "007", f"No authorisation for {right}")


def _of(rows: Sequence[dict[str, Any]], reference: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["REFERENCE"] == reference]
