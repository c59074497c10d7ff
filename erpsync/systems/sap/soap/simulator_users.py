"""What people in the simulated system do and see. See `erpsync.ports.simulator.ErpControls`."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from erpsync.ports.simulator import Booked
from erpsync.systems.sap.soap.simulator_tables import LOCATIONS, Tables


class Users:
    """Sales, warehouse and billing clerks of one system."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple("/".join(one) for one in LOCATIONS)

    def booked(self, reference: str) -> list[Booked]:
        with self._tables.mutex:
            return [
                Booked(
                    one.vbeln,
                    one.vbeln.lstrip("0"),
                    one.reference,
                    one.state,
                    one.net + one.tax,
                    one.header["WAERK"],
                    {item.matnr: item.kwmeng for item in one.items.values()},
                )
                for one in self._tables.documents.values()
                if one.vbtyp == "C" and one.reference == reference
            ]

    def credited(self, reference: str) -> list[Decimal]:
        with self._tables.mutex:
            documents = [self._tables.documents[key] for key in self._tables.references.get(("R", reference), [])]
            return [one.net + one.tax for one in documents]

    def paid(self, reference: str) -> list[Decimal]:
        with self._tables.mutex:
            return [one["WRBTR"] for one in self._tables.payments.values() if one["REFERENCE"] == reference]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        with self._tables.mutex:
            known = [key for key, one in self._tables.customers.items() if one["EMAIL"] == email]
            key = known[0] if known else self._tables.number("KUNNR")
            first, _, last = name.rpartition(" ")
            one = {**self._tables.customers.get(key, {}), "FIRSTNAME": first, "LASTNAME": last, "EMAIL": email}
            self._tables.customers[key] = one
            self._tables.changed("DEBI", key, seconds_ago)
            return key

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        with self._tables.mutex:
            self._tables.materials[sku] = {
                **self._tables.materials.get(sku, {}),
                "MAKTX": title,
                "LVORM": "" if active else "X",
            }
            self._tables.changed("MATERIAL", sku, seconds_ago)
            return sku

    def put_price(
        self, sku: str, price: Decimal, *, seconds_ago: float = 0.0, price_list: str = "", least: int = 1
    ) -> None:
        del seconds_ago  # a condition record tells no time of its change
        with self._tables.mutex:
            self._tables.prices[price_list, sku, Decimal(least)] = {"KBETR": price, "KONWA": "EUR", "KPEIN": 1}

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        del seconds_ago  # nor does MARD
        plant, _, place = location.partition("/")
        with self._tables.mutex:
            self._tables.mard[sku, plant, place] = on_hand
            self._tables.reservations[sku, plant, place] = reserved

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        with self._tables.mutex:
            document = self._tables.documents[order_id]
            for sku, quantity in quantities.items():
                item = next(one for one in document.items.values() if one.matnr == sku)
                item.shipped += quantity
            moment = self._tables.now() - timedelta(seconds=seconds_ago)
            document.deliveries.append(
                {
                    "DELIVERY": self._tables.number("LIKP"),
                    "SHIPPED_AT": self._tables.stamp(moment),
                    "CARRIER": carrier,
                    "TRACKING": number,
                    "items": dict(quantities),
                }
            )
            self._tables.changed("VBAK", order_id, seconds_ago)

    def invoice(self, order_id: str) -> None:
        with self._tables.mutex:
            document = self._tables.documents[order_id]
            anything = any(item.shipped for item in document.items.values())
            for item in document.items.values():
                item.billed = item.shipped if anything else item.kwmeng
            document.invoices.append(
                {
                    "INVOICE": self._tables.number("VBRK"),
                    "TOTAL": document.net + document.tax,
                    "WAERK": document.header["WAERK"],
                    "ISSUED_AT": self._tables.stamp(self._tables.now()),
                }
            )
            self._tables.changed("VBAK", order_id)
