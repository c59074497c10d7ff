"""A shop that is nothing but tables: made, and used by its buyers, in SQL that the adapter knows nothing of."""

from collections.abc import Mapping
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from erpsync.ports.simulator import Hook, Shown, ShownProduct

# Names that no statement may leave unquoted.
SETTINGS: Mapping[str, Any] = {
    "currency": "EUR",
    "taxes_included": "false",
    "statuses": "new=open, done=closed, void=cancelled, basket=ignored",
    "orders": "table=shop.order, id=id, number=No., created_at=placed, updated_at=changed, total=gross, status=state, "
    "paid=is paid, payment_method=pay_by, email=user, first_name=first, last_name=last, shipping_method=ship_by, "
    "shipping_price=ship_price, shipping_tax=ship_tax, erp_id=erp_id, erp_number=erp_no, hold=held",
    "billing": "line1=street, city=city, postal_code=zip, country=country",
    "order_lines": "table=shop.order_line, id=id, order_id=order, sku=sku, title=title, quantity=qty, unit_price=unit, "
    "tax=tax, tax_rate=rate",
    "customers": "table=shop.user, id=id, updated_at=changed, email=mail, first_name=first, last_name=last",
    "stock": "table=shop.stock, sku=sku, location=place, quantity=qty",
    "prices": "table=shop.product, sku=sku, price=price",
    "fulfilments": "table=shop.shipment, reference=reference, order_id=order, number=numbers, carrier=carrier, url=url, "
    "notify=tell",
    "fulfilment_lines": "table=shop.shipment_line, reference=reference, line_id=line, sku=sku, quantity=qty",
}
TABLES = """
CREATE SCHEMA shop;
CREATE TABLE shop."order" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "No." text NOT NULL DEFAULT '', placed timestamptz NOT NULL,
    changed timestamptz NOT NULL, state text NOT NULL DEFAULT 'new', gross numeric(12, 2) NOT NULL DEFAULT 0,
    "is paid" boolean NOT NULL DEFAULT true, pay_by text NOT NULL DEFAULT 'card', "user" text, first text, last text,
    ship_by text, ship_price numeric(12, 2), ship_tax numeric(12, 2), street text, city text, zip text, country char(2),
    erp_id text, erp_no varchar(20), held text);
CREATE INDEX ON shop."order" (changed, id);
CREATE TABLE shop.order_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "order" bigint NOT NULL REFERENCES shop."order", sku text NOT NULL,
    title text, qty integer NOT NULL, unit numeric(12, 2) NOT NULL, tax numeric(12, 2), rate numeric(5, 2));
CREATE TABLE shop."user" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, changed timestamptz NOT NULL, mail text, first text, last text);
CREATE TABLE shop.product (sku text PRIMARY KEY, price numeric(12, 2) NOT NULL, sale_price numeric(12, 2));
CREATE TABLE shop.stock (
    sku text REFERENCES shop.product, place text, qty integer NOT NULL CHECK (qty >= 0), PRIMARY KEY (sku, place));
CREATE TABLE shop.shipment (
    reference text PRIMARY KEY, "order" bigint NOT NULL REFERENCES shop."order", numbers text NOT NULL, carrier text,
    url text, tell boolean);
CREATE TABLE shop.shipment_line (
    reference text NOT NULL REFERENCES shop.shipment, line bigint NOT NULL REFERENCES shop.order_line, sku text,
    qty numeric(12, 3) NOT NULL);
INSERT INTO shop.product SELECT 'SKU-' || lpad(n::text, 4, '0'), 10 + n, NULL FROM generate_series(1, 50) n;
INSERT INTO shop.stock SELECT sku, place, 100 FROM shop.product, unnest(ARRAY['front', 'back']) AS place;
"""
SHIPPING = Decimal("4.90")


class TableShop:
    """See `erpsync.ports.simulator.StoreControls`."""

    locations = ("front", "back")

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)
        self.run(TABLES)

    def close(self) -> None:
        self._connection.close()

    def run(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        found = self._connection.execute(statement, values or None)  # type: ignore[call-overload]
        with suppress(psycopg.ProgrammingError):
            return list(found.fetchall())
        return []

    def place(self, quantities: Mapping[str, int], *, email: str = "", seconds_ago: float = 0.0) -> str:
        with self._connection.transaction():
            [row] = self.run(
                'INSERT INTO shop."order" (placed, changed, "user", first, last, ship_by, ship_price, ship_tax, street,'
                " city, zip, country) SELECT at, at, %s, 'Ada', 'Buyer', 'standard', %s, %s, 'Main Street 1', 'Vienna',"
                " '1010', 'AT' FROM (SELECT clock_timestamp() - make_interval(secs => %s) AS at) AS times RETURNING id",
                email or "buyer@example.com",
                SHIPPING,
                _tax(SHIPPING),
                seconds_ago,
            )
            order_id = str(row["id"])
            self.run('UPDATE shop."order" SET "No." = \'T\' || id WHERE id = %s', row["id"])
            for sku, quantity in quantities.items():
                self._line(order_id, sku, quantity)
            self._total(order_id, touch=False)
        return order_id

    def edit(self, order_id: str, quantities: Mapping[str, int]) -> None:
        with self._connection.transaction():
            for sku, quantity in quantities.items():
                self.run('DELETE FROM shop.order_line WHERE "order" = %s AND sku = %s', int(order_id), sku)
                if quantity:
                    self._line(order_id, sku, quantity)
            self._total(order_id, touch=True)

    def cancel(self, order_id: str) -> None:
        self.run("UPDATE shop.\"order\" SET state = 'void', changed = clock_timestamp() WHERE id = %s", int(order_id))

    def refund(self, order_id: str, quantities: Mapping[str, int]) -> Decimal:
        raise NotImplementedError("the shop has no table of refunds")

    def shown(self, order_id: str) -> Shown:
        [order] = self.run('SELECT * FROM shop."order" WHERE id = %s', int(order_id))
        shipments: dict[str, dict[str, int]] = {}
        for row in self.run(
            'SELECT numbers, sku, qty FROM shop.shipment JOIN shop.shipment_line USING (reference) WHERE "order" = %s',
            int(order_id),
        ):
            shipments.setdefault(row["numbers"], {})[row["sku"]] = int(row["qty"])
        [told] = self.run('SELECT count(*) AS n FROM shop.shipment WHERE "order" = %s AND tell', int(order_id))
        marks = (order["held"],) if order["held"] else ()
        return Shown(order["state"], order["gross"], order["erp_no"] or "", marks, shipments, told["n"])

    def put_stock(self, sku: str, location: str, quantity: int) -> None:
        self.run("UPDATE shop.stock SET qty = %s WHERE sku = %s AND place = %s", quantity, sku, location)

    def stock(self, sku: str, location: str) -> int:
        [row] = self.run("SELECT qty FROM shop.stock WHERE sku = %s AND place = %s", sku, location)
        return int(row["qty"])

    def put_price(
        self,
        sku: str,
        base: Decimal,
        *,
        promotion: Decimal | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> None:
        if (start_seconds, end_seconds) != (None, None):
            raise NotImplementedError("a promotion of this shop has no times")
        self.run("UPDATE shop.product SET price = %s, sale_price = %s WHERE sku = %s", base, promotion, sku)

    def price(self, sku: str) -> tuple[Decimal, Decimal | None]:
        [row] = self.run("SELECT price, sale_price FROM shop.product WHERE sku = %s", sku)
        return row["price"], row["sale_price"]

    def product(self, sku: str) -> list[ShownProduct]:
        raise NotImplementedError("the shop's products are not written")

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        first, _, last = name.partition(" ")
        [row] = self.run(
            'INSERT INTO shop."user" (changed, mail, first, last)'
            " VALUES (clock_timestamp() - make_interval(secs => %s), %s, %s, %s) RETURNING id",
            seconds_ago,
            email,
            first,
            last,
        )
        return str(row["id"])

    def hooks(self) -> list[Hook]:
        return []

    def drop_subscriptions(self) -> None:
        raise NotImplementedError("the shop has no webhooks")

    def _line(self, order_id: str, sku: str, quantity: int) -> None:
        price = self.price(sku)[0]
        self.run(
            'INSERT INTO shop.order_line ("order", sku, title, qty, unit, tax, rate) VALUES (%s, %s, %s, %s, %s, %s, 19)',
            int(order_id),
            sku,
            f"Item {sku}",
            quantity,
            price,
            _tax(price * quantity),
        )

    def _total(self, order_id: str, *, touch: bool) -> None:
        moved = "clock_timestamp()" if touch else "changed"
        self.run(
            f'UPDATE shop."order" SET changed = {moved}, gross = ship_price + ship_tax + COALESCE('  # noqa: S608
            '(SELECT sum(qty * unit + tax) FROM shop.order_line WHERE "order" = %s), 0) WHERE id = %s',
            int(order_id),
            int(order_id),
        )


def _tax(net: Decimal) -> Decimal:
    return (net * Decimal("0.19")).quantize(Decimal("0.01"), ROUND_HALF_UP)
