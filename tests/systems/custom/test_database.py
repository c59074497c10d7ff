"""A shop's own tables: what is read of them, what is written, and what goes wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import pytest
from sqlalchemy import URL
from sqlalchemy.dialects import mysql

from erpsync.domain.errors import Rejected, Skip, SyncError, Transient, Unavailable
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderStatus, balance
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store_records import (
    FulfilledLine,
    FulfilmentDraft,
    OrderMark,
    OrderNote,
    PriceChange,
    Stale,
    StockChange,
    StoreRef,
)
from erpsync.servers.launcher import Servers
from erpsync.systems.custom.capabilities import capabilities_of
from erpsync.systems.custom.database import DatabaseStore
from erpsync.systems.custom.database_reading import selected
from erpsync.systems.custom.settings import CustomSettings
from erpsync.testing.barrier import together
from erpsync.testing.clock import TestClock
from erpsync.transport.database import Database
from tests.systems.custom.database_shop import SETTINGS, TableShop
from tests.systems.custom.stage import shop_on


@dataclass
class Stand:
    shop: TableShop
    address: URL
    tools: Tools
    opened: list[DatabaseStore]

    def open(self, **changes: Any) -> DatabaseStore:
        values = {**SETTINGS, "database": self.address.render_as_string(hide_password=False), **changes}
        self.opened.append(DatabaseStore(CustomSettings.model_validate(values), self.tools))
        return self.opened[-1]

    def read(self, order_id: str, **changes: Any) -> Order | SyncError:
        return self.open(**changes).read_orders([SourceId(order_id)])[SourceId(order_id)]

    def order(self, order_id: str, **changes: Any) -> Order:
        found = self.read(order_id, **changes)
        assert isinstance(found, Order), found
        return found

    def failing(self, **changes: Any) -> list[tuple[str, str]]:
        found = [check for check in self.open(**changes).check() if not check.ok]
        assert all(check.next_step for check in found)
        return [(check.name, check.detail) for check in found]


@pytest.fixture
def stand(servers: Servers, tools: Tools) -> Iterator[Stand]:
    with shop_on(servers.database_url) as (shop, address):
        ready = Stand(shop, address, tools, [])
        yield ready
        for store in ready.opened:
            store.close()


def draft(stand: Stand, order_id: str, reference: str = "ship-1", quantity: int = 1) -> FulfilmentDraft:
    [line] = stand.order(order_id).lines
    parts = (FulfilledLine(line.source_id, line.sku, Decimal(quantity)),)
    return FulfilmentDraft(reference, SourceId(order_id), parts, (Parcel(carrier="DHL", number="00340"),), notify=True)


# -- reading


def test_an_order_is_read_with_what_its_columns_hold(stand: Stand) -> None:
    order = stand.order(stand.shop.place({"SKU-0001": 2}, email="ada@example.com"))
    assert (order.customer.email, order.customer.source_id, order.paid) == ("ada@example.com", None, True)
    assert order.billing is not None
    assert (order.billing.line1, order.billing.country, order.shipping) == ("Main Street 1", "AT", None)
    assert (order.shipping_lines[0].code, order.payment_methods) == ("standard", ("card",))
    assert order.lines[0].taxes[0].rate == Decimal("0.19")
    assert order.created_at.tzinfo is UTC


def test_a_basket_is_skipped_and_an_unknown_status_is_for_a_person(stand: Stand) -> None:
    order_id = stand.shop.place({"SKU-0001": 1})
    stand.shop.run("UPDATE shop.\"order\" SET state = 'basket'")
    assert isinstance(stand.read(order_id), Skip)
    stand.shop.run("UPDATE shop.\"order\" SET state = 'mystery'")
    refusal = stand.read(order_id)
    assert isinstance(refusal, Rejected)
    assert "statuses" in refusal.problem.next_step
    assert stand.order(order_id, statuses="mystery=closed").status is OrderStatus.CLOSED


def test_tax_is_worked_out_where_only_its_rate_is_kept(stand: Stand) -> None:
    order_id = stand.shop.place({"SKU-0001": 3})
    lines = str(SETTINGS["order_lines"]).replace("tax=tax, ", "")
    order = stand.order(order_id, order_lines=lines)
    assert order.tax == stand.order(order_id).tax
    assert balance(order).residual.amount == 0
    included = stand.order(order_id, order_lines=lines, taxes_included="true")
    assert included.lines[0].taxes[0].amount == Money(amount=Decimal("5.27"), currency="EUR")


def test_binary_fractions_are_not_money(stand: Stand) -> None:
    order_id = stand.shop.place({"SKU-0001": 1})
    stand.shop.run("ALTER TABLE shop.order_line ALTER unit TYPE double precision")
    refusal = stand.read(order_id)
    assert isinstance(refusal, Rejected)
    assert "unit_price" in refusal.problem.what
    assert [name for name, _ in stand.failing()] == ["table of lines"]


def test_a_quantity_below_zero_is_for_a_person_and_stops_no_other_order(stand: Stand) -> None:
    returned, sold = (stand.shop.place({"SKU-0001": 1}) for _ in range(2))
    stand.shop.run('UPDATE shop.order_line SET qty = -1 WHERE "order" = %s', int(returned))
    answers = stand.open().read_orders([SourceId(returned), SourceId(sold)])
    refusal = answers[SourceId(returned)]
    assert isinstance(refusal, Rejected)
    assert "quantity must not be negative" in refusal.problem.what
    assert isinstance(answers[SourceId(sold)], Order)


def test_times_without_a_zone_are_in_the_shops(stand: Stand) -> None:
    zone = "ALTER TABLE shop.\"order\" ALTER changed TYPE timestamp USING changed AT TIME ZONE 'Europe/Vienna'"
    order_id = stand.shop.place({"SKU-0001": 1})
    before = stand.order(order_id).version
    stand.shop.run(zone)
    assert stand.order(order_id, time_zone="Europe/Vienna").version == before
    store = stand.open(time_zone="Europe/Vienna")
    watermark = store.orders_changed(Since()).watermark
    again = stand.open(time_zone="Europe/Vienna").orders_changed(Since(watermark))
    assert [change.version for change in again.records] == [before]
    assert stand.open(time_zone="Asia/Tokyo").orders_changed(Since(before.isoformat())).records == ()


def test_what_changes_after_the_clock_was_set_back_is_not_taken_for_older(stand: Stand) -> None:
    """At 3:00 on that day it is 2:00 again: what changes a minute later has a time before the watermark's."""
    stand.shop.run("ALTER TABLE shop.\"order\" ALTER changed TYPE timestamp USING changed AT TIME ZONE 'Europe/Vienna'")
    before, after = (stand.shop.place({"SKU-0001": 1}) for _ in range(2))
    for order_id, local in ((before, "2026-10-25 01:30"), (after, "2026-10-25 02:01")):
        stand.shop.run('UPDATE shop."order" SET changed = %s::timestamp WHERE id = %s', local, int(order_id))
    page = stand.open(time_zone="Europe/Vienna").orders_changed(Since("2026-10-25T00:57:00+00:00"))
    assert [change.source_id for change in page.records] == [after]


def test_an_id_that_the_column_cannot_hold_is_an_order_that_is_gone(stand: Stand) -> None:
    wanted = [SourceId(one) for one in ("no-number", "99999999999999999999", "1; DROP TABLE shop.order")]
    assert {type(one) for one in stand.open().read_orders(wanted).values()} == {Skip}


def test_rows_without_their_times_stop_nothing(stand: Stand) -> None:
    stand.shop.run('ALTER TABLE shop."order" ALTER placed DROP NOT NULL, ALTER changed DROP NOT NULL')
    orders = [stand.shop.place({"SKU-0001": 1}) for _ in range(3)]
    stand.shop.run('UPDATE shop."order" SET changed = NULL WHERE id = %s', int(orders[0]))
    stand.shop.run('UPDATE shop."order" SET placed = NULL WHERE id = %s', int(orders[1]))
    assert [change.source_id for change in stand.open().orders_changed(Since()).records] == orders[1:]
    for order_id, field in zip(orders[:2], ("updated_at", "created_at"), strict=True):
        refusal = stand.read(order_id)
        assert isinstance(refusal, Rejected)
        assert field in refusal.problem.what


def test_a_column_of_text_is_no_time(stand: Stand) -> None:
    stand.shop.run('ALTER TABLE shop."order" ALTER changed TYPE text')
    with pytest.raises(Unavailable, match="changed holds no date"):
        stand.open().orders_changed(Since())
    assert [name for name, _ in stand.failing()] == ["table of orders"]


def test_rows_of_one_moment_are_paged_without_loss(stand: Stand) -> None:
    placed = [stand.shop.place({"SKU-0001": 1}) for _ in range(7)]
    stand.shop.run('UPDATE shop."order" SET changed = now()')
    store, found, since = stand.open(page_size=2), [], Since()
    while True:
        page = store.orders_changed(since)
        found += [change.source_id for change in page.records]
        if page.cursor is None:
            break
        since = Since(None, page.cursor)
        store = stand.open(page_size=2)
    assert found == placed


def test_a_customer_that_cannot_be_read_does_not_stop_the_page(stand: Stand) -> None:
    bad = stand.shop.put_customer("Ada Lovelace", "a" * 3000)
    good = stand.shop.put_customer("Grace Hopper", "grace@example.com")
    page = stand.open().customers_changed(Since())
    assert [one.customer.source_id for one in page.records] == [good]
    [error] = page.unreadable
    assert error.problem.record == f"customer {bad}"
    assert "aaa" not in str(error)


def test_the_database_is_read_in_transactions_that_cannot_write(stand: Stand) -> None:
    database = Database("custom", stand.address.render_as_string(hide_password=False), statement_seconds=5)
    with pytest.raises(Unavailable, match="25006"), database.reading() as connection:
        connection.exec_driver_sql("DELETE FROM shop.stock")
    database.close()


# -- writing


def test_one_value_that_the_database_refuses_leaves_its_neighbours(stand: Stand) -> None:
    changes = [StockChange(Sku(f"SKU-{number:04d}"), "front", 7) for number in range(1, 6)]
    changes[2] = replace(changes[2], quantity=-1)
    answers = stand.open().set_stock(changes)
    refusal = answers[Sku("SKU-0003"), "front"]
    assert isinstance(refusal, Rejected)
    assert (refusal.code, bool(refusal.problem.next_step)) == ("constraint", True)
    assert [stand.shop.stock(change.sku, "front") for change in changes] == [7, 7, 100, 7, 7]


def test_stock_that_moved_meanwhile_is_left_alone(stand: Stand) -> None:
    answer = stand.open().set_stock([StockChange(Sku("SKU-0001"), "front", 5, was=3)])
    assert answer == {("SKU-0001", "front"): Stale(100)}
    assert stand.shop.stock("SKU-0001", "front") == 100


def test_two_rows_for_one_sku_are_not_written(stand: Stand) -> None:
    one_place = str(SETTINGS["stock"]).replace("location=place, ", "")
    answer = stand.open(stock=one_place).set_stock([StockChange(Sku("SKU-0001"), "main", 5)])
    refusal = answer[Sku("SKU-0001"), "main"]
    assert isinstance(refusal, Rejected)
    assert "2 rows" in refusal.problem.what
    stand.shop.run("DELETE FROM shop.stock WHERE place = 'back'")
    answer = stand.open(stock=one_place).set_stock([StockChange(Sku("SKU-0001"), "main", 5)])
    assert (answer, stand.shop.stock("SKU-0001", "front")) == ({("SKU-0001", "main"): None}, 5)


def test_a_price_in_another_currency_is_refused(stand: Stand) -> None:
    price = Money(amount=Decimal("9.99"), currency="USD")
    answer = stand.open().set_base_prices([PriceChange(Sku("SKU-0001"), price)])[Sku("SKU-0001")]
    assert isinstance(answer, Rejected)
    assert stand.shop.price("SKU-0001")[0] == 11


def test_a_number_too_long_for_its_column_is_refused(stand: Stand) -> None:
    order_id = SourceId(stand.shop.place({"SKU-0001": 1}))
    other = SourceId(stand.shop.place({"SKU-0001": 1}))
    notes = [OrderNote(order_id, "erp", TargetId("1"), "S" * 50), OrderNote(other, "erp", TargetId("2"), "SO2")]
    answers = stand.open().write_back(notes)
    assert isinstance(answers[order_id], Rejected)
    assert (answers[other], stand.shop.shown(other).notes) == (None, "SO2")


def test_without_columns_for_them_nothing_is_written_on_orders(stand: Stand) -> None:
    order_id = SourceId(stand.shop.place({"SKU-0001": 1}))
    bare = ", ".join(part for part in str(SETTINGS["orders"]).split(", ") if not part.startswith(("erp", "hold")))
    store = stand.open(orders=bare)
    assert store.write_back([OrderNote(order_id, "erp", TargetId("1"), "SO1")]) == {order_id: None}
    missing = capabilities_of(
        CustomSettings.model_validate({**SETTINGS, "database": "mysql://x", "orders": bare})
    ).missing
    with pytest.raises(Rejected) as refused:
        store.mark_orders([OrderMark(order_id, "unknown-sku")])
    assert refused.value.problem.what == missing[StoreAbility.MARK_ORDERS]


def test_two_workers_with_one_shipment_make_one_though_nothing_is_unique(stand: Stand) -> None:
    stand.shop.run("ALTER TABLE shop.shipment_line DROP CONSTRAINT shipment_line_reference_fkey")
    stand.shop.run("ALTER TABLE shop.shipment DROP CONSTRAINT shipment_pkey")
    wanted = draft(stand, stand.shop.place({"SKU-0001": 2}))
    stores = [stand.open(), stand.open()]
    futures = together(*(lambda store=store: store.fulfil([wanted])["ship-1"] for store in stores))
    assert [future.result() for future in futures] == [StoreRef(SourceId("ship-1"), "00340")] * 2
    assert len(stand.shop.run("SELECT * FROM shop.shipment")) == 1


def test_a_shipment_that_is_refused_leaves_its_neighbours(stand: Stand) -> None:
    orders = [stand.shop.place({"SKU-0001": 1}) for _ in range(3)]
    drafts = [draft(stand, order_id, f"ship-{order_id}") for order_id in orders]
    stand.shop.cancel(orders[0])
    drafts[1] = replace(drafts[1], lines=(FulfilledLine(None, Sku("SKU-0009"), Decimal(1)),))
    drafts.append(replace(drafts[2], reference="ship-none", order_id=SourceId("4711")))
    answers = stand.open().fulfil(drafts)
    kinds = {reference: type(answer) for reference, answer in answers.items()}
    assert list(kinds.values()) == [Rejected, Rejected, StoreRef, Skip]


def test_a_row_that_somebody_holds_is_tried_again_later(stand: Stand) -> None:
    order_id = SourceId(stand.shop.place({"SKU-0001": 1}))
    # Every other statement has this long, too.
    store = stand.open(timeout_seconds=2)
    store.mark_orders([OrderMark(order_id, "x")])
    with stand.shop._connection.transaction():
        stand.shop.run('SELECT * FROM shop."order" FOR UPDATE')
        with pytest.raises(Transient) as error:
            store.mark_orders([OrderMark(order_id, "unknown-sku")])
    assert error.value.code == "database-busy"


# -- what goes wrong


def test_a_database_that_is_not_there_is_an_outage(stand: Stand) -> None:
    gone = stand.address.set(port=1).render_as_string(hide_password=False)
    with pytest.raises(Unavailable) as error:
        stand.open(database=gone).read_orders([SourceId("1")])
    assert error.value.code == "unreachable"
    assert stand.failing(database=gone) == [("reachable", "The database cannot be reached, or broke off.")]


def test_a_connection_that_was_cut_is_made_again(stand: Stand) -> None:
    store = stand.open()
    store.ping()
    # Of this shop's database: the server may be shared. It is gone when this returns.
    ended = stand.shop.run(
        "SELECT pg_terminate_backend(pid, 60000) AS ended FROM pg_stat_activity"
        " WHERE application_name = 'erpsync' AND datname = current_database()"
    )
    assert ended == [{"ended": True}]
    store.ping()


def test_an_error_tells_nothing_of_the_rows(stand: Stand) -> None:
    order_id = SourceId(stand.shop.place({"SKU-0001": 1}, email="ada@example.com"))
    stand.shop.run("ALTER TABLE shop.\"order\" ADD CHECK (held IS DISTINCT FROM 'unknown-sku')")
    answer = stand.open().mark_orders([OrderMark(order_id, "unknown-sku")])[order_id]
    assert isinstance(answer, Rejected)
    assert answer.__cause__ is None
    assert "ada@" not in str(answer)


def test_orders_wait_while_a_right_or_a_column_is_missing(stand: Stand) -> None:
    order_id = SourceId(stand.shop.place({"SKU-0001": 1}))
    with pytest.raises(Unavailable, match="no column colour"):
        stand.read(order_id, orders=f"{SETTINGS['orders']}, note=colour")
    store = stand.open()
    store.read_orders([order_id])
    stand.shop.run("ALTER TABLE shop.order_line RENAME qty TO pieces")
    with pytest.raises(Unavailable, match="42703"):
        store.read_orders([order_id])


def test_checks_name_what_is_wrong(stand: Stand) -> None:
    assert stand.failing() == []
    wrong = stand.address.set(database="nowhere").render_as_string(hide_password=False)
    assert [name for name, _ in stand.failing(database=wrong)] == ["credentials"]
    [(name, detail)] = stand.failing(prices="table=shop.product, sku=sku, price=cost")
    assert (name, "cost" in detail) == ("table of prices", True)
    [(name, detail)] = stand.failing(stock="table=shop.shelf, sku=sku, quantity=qty")
    assert (name, "shop.shelf" in detail) == ("table of stock", True)
    skewed = replace(stand.tools, clock=TestClock())
    store = DatabaseStore(CustomSettings.model_validate({**SETTINGS, "database": _text(stand.address)}), skewed)
    stand.opened.append(store)
    assert [check.name for check in store.check() if not check.ok] == ["clock"]


def test_checks_name_the_rights_that_are_missing(stand: Stand) -> None:
    user = f"clerk_{stand.address.database}"
    stand.shop.run(f"CREATE ROLE {user} LOGIN PASSWORD 'a clerk''s password'")
    stand.shop.run(f"GRANT USAGE ON SCHEMA shop TO {user}")
    stand.shop.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA shop TO {user}")
    stand.shop.run(f"GRANT UPDATE (price) ON shop.product TO {user}")
    try:
        clerk = stand.address.set(username=user, password="a clerk's password")
        failing = stand.failing(database=_text(clerk))
        tables = ["orders", "stock", "fulfilments", "fulfilment lines"]
        assert [name for name, _ in failing] == [f"table of {table}" for table in tables]
        wrong = stand.address.set(username=user, password="a thief's")
        assert [name for name, _ in stand.failing(database=_text(wrong))] == ["credentials"]
    finally:
        for store in stand.opened:
            store.close()
        stand.shop.run(f"DROP OWNED BY {user}")
        stand.shop.run(f"DROP ROLE {user}")


def test_advice_is_given_where_a_shop_would_do_better(stand: Stand) -> None:
    stand.shop.run("DROP INDEX shop.order_changed_id_idx")
    details = {check.name: check.detail for check in stand.open().check()}
    assert "index on (changed, id)" in details["table of orders"]


# -- MySQL


def test_mysql_is_reached_by_its_driver_or_says_what_to_install() -> None:
    database = Database("custom", "mysql://shop@127.0.0.1:1/shop", statement_seconds=1)
    with pytest.raises(Unavailable) as error, database.reading():
        pass
    if find_spec("pymysql") is None:
        assert "erpsync[mysql]" in error.value.problem.next_step
    else:
        assert error.value.code == "unreachable"


def test_statements_quote_every_name_for_mysql_too(stand: Stand) -> None:
    store = stand.open()
    statement = selected(store._tables.orders, ("id", "number")).where(store._tables.orders["id"] == 5)
    compiled = str(statement.compile(dialect=mysql.dialect()))
    assert "`order`.`No.` AS number" in compiled
    assert "5" not in compiled


def _text(address: URL) -> str:
    return address.render_as_string(hide_password=False)
