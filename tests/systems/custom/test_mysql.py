"""The same tables in a real MySQL or MariaDB: ERPSYNC_TEST_MYSQL is the address of a server where databases may be made."""

import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, make_url

from erpsync.domain.errors import Rejected, Skip, Transient, Unavailable
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, balance
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import (
    FulfilledLine,
    FulfilmentDraft,
    OrderNote,
    PriceChange,
    Stale,
    StockChange,
    StoreRef,
)
from erpsync.systems.custom.database import DatabaseStore
from erpsync.systems.custom.settings import CustomSettings
from erpsync.transport.database import Database

SERVER = os.environ.get("ERPSYNC_TEST_MYSQL", "")
SETTINGS = {
    "currency": "EUR",
    "taxes_included": "false",
    "time_zone": "Europe/Vienna",
    "page_size": "2",
    "orders": "table=order, id=id, number=No., created_at=placed, updated_at=changed, total=total, email=user, "
    "erp_number=erp",
    "order_lines": "table=lines, id=id, order_id=order, sku=sku, quantity=qty, unit_price=price, tax_rate=rate",
    "stock": "table=stock, sku=sku, quantity=qty",
    "prices": "table=product, sku=sku, price=price",
    "fulfilments": "table=shipment, reference=reference, order_id=order, number=numbers",
    "fulfilment_lines": "table=parts, reference=reference, line_id=line, quantity=qty",
}
# `placed` has no zone, and is Vienna's time; `changed` has one inside.
TABLES = """
CREATE TABLE `order` (id int unsigned PRIMARY KEY AUTO_INCREMENT, `No.` varchar(20), placed datetime NOT NULL,
    changed timestamp(3) NOT NULL, total decimal(12, 2) NOT NULL, user varchar(200), erp varchar(10));
CREATE TABLE `lines` (id int PRIMARY KEY AUTO_INCREMENT, `order` int unsigned, sku varchar(40), qty int,
    price decimal(12, 2), rate decimal(5, 2));
CREATE TABLE stock (sku varchar(40) PRIMARY KEY, qty int, CHECK (qty >= 0));
CREATE TABLE product (sku varchar(40) PRIMARY KEY, price decimal(12, 2));
CREATE TABLE shipment (reference varchar(200) PRIMARY KEY, `order` int unsigned, numbers varchar(200));
CREATE TABLE parts (reference varchar(200), line int, qty decimal(12, 3));
INSERT INTO stock VALUES ('MUG', 9), ('CUP', 9);
INSERT INTO product VALUES ('MUG', 10.00);
INSERT INTO `order` VALUES (1, 'M1', '2026-07-01 14:00:00', '2026-07-01 12:00:00.5', 23.80, 'ada@example.com', NULL),
    (2, 'M2', '2026-07-01 14:00:01', '2026-07-01 12:00:00.5', 11.90, 'ada@example.com', NULL),
    (3, 'M3', '2026-07-01 14:00:02', '2026-07-01 12:00:00.5', 11.90, 'ada@example.com', NULL);
INSERT INTO `lines` VALUES (1, 1, 'MUG', 2, 10.00, 19), (2, 2, 'MUG', 1, 10.00, 19), (3, 3, 'MUG', 1, 10.00, 19);
"""


@pytest.fixture
def address() -> Iterator[str]:
    if not SERVER:
        pytest.skip("no MySQL: ERPSYNC_TEST_MYSQL is not set")
    pytest.importorskip("pymysql")
    server = make_url(SERVER).set(drivername="mysql+pymysql")
    name = f"erpsync_shop_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("SET time_zone = '+00:00'")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        connection.exec_driver_sql(f"USE {name}")
        for statement in TABLES.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        yield server.set(drivername="mysql", database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()


@pytest.fixture
def store(address: str, tools: Tools) -> Iterator[DatabaseStore]:
    opened = DatabaseStore(CustomSettings.model_validate({**SETTINGS, "database": address}), tools)
    yield opened
    opened.close()


def test_orders_are_read_and_paged(store: DatabaseStore) -> None:
    assert [check for check in store.check() if not check.ok] == []
    first = store.orders_changed(Since())
    second = store.orders_changed(Since(None, first.cursor))
    assert [change.source_id for change in (*first.records, *second.records)] == ["1", "2", "3"]
    assert second.cursor is None
    assert datetime.fromisoformat(first.watermark).tzinfo is not None
    answers = store.read_orders([SourceId("1"), SourceId("9"), SourceId("4000000000"), SourceId("x")])
    order = answers[SourceId("1")]
    assert isinstance(order, Order)
    assert (order.created_at, order.version) == (
        datetime(2026, 7, 1, 12, tzinfo=UTC),
        datetime(2026, 7, 1, 12, microsecond=500_000, tzinfo=UTC),
    )
    assert balance(order).residual.amount == 0
    assert [type(answer) for answer in list(answers.values())[1:]] == [Skip] * 3
    placed = store.orders_between(datetime(2026, 7, 1, 12, 0, 1, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC), None)
    assert [change.source_id for change in placed.records] == ["2", "3"]


def test_what_is_written_is_there_and_bad_rows_fail_alone(store: DatabaseStore) -> None:
    note = OrderNote(SourceId("1"), "erp", TargetId("1"), "SO1")
    for _ in range(2):
        # The second changes nothing, which MySQL counts as no row unless it is told to count those that were found.
        assert store.write_back([note]) == {"1": None}
    too_long = OrderNote(SourceId("2"), "erp", TargetId("2"), "S" * 50)
    assert isinstance(store.write_back([too_long, note])[SourceId("2")], Rejected)
    changes = [StockChange(Sku("MUG"), "main", 5, was=9), StockChange(Sku("CUP"), "main", -1)]
    answers = store.set_stock([*changes, StockChange(Sku("POT"), "main", 1)])
    assert answers[Sku("MUG"), "main"] is None
    assert {type(answers[Sku(sku), "main"]) for sku in ("CUP", "POT")} == {Rejected}
    assert store.set_stock(changes[:1]) == {("MUG", "main"): Stale(5)}
    assert store.set_base_prices([PriceChange(Sku("MUG"), Money(amount=Decimal("9.50"), currency="EUR"))]) == {
        "MUG": None
    }


def test_a_shipment_is_written_once(store: DatabaseStore) -> None:
    line = FulfilledLine(SourceId("1"), Sku("MUG"), Decimal(2))
    draft = FulfilmentDraft("ship-1", SourceId("1"), (line,), (Parcel(number="00340"),), notify=False)
    for _ in range(2):
        assert store.fulfil([draft]) == {"ship-1": StoreRef(SourceId("ship-1"), "00340")}
    more = FulfilmentDraft("ship-2", SourceId("1"), (line,), (), notify=False)
    assert isinstance(store.fulfil([more])["ship-2"], Rejected)


def test_reading_cannot_write_and_waiting_ends(address: str, tools: Tools, store: DatabaseStore) -> None:
    database = Database("custom", address, statement_seconds=1)
    with pytest.raises(Unavailable, match="1792"), database.reading() as connection:
        connection.exec_driver_sql("DELETE FROM stock")
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE stock SET qty = 3")
        hasty = DatabaseStore(
            CustomSettings.model_validate({**SETTINGS, "database": address, "timeout_seconds": 1}), tools
        )
        with pytest.raises(Transient) as error:
            hasty.set_stock([StockChange(Sku("MUG"), "main", 5)])
        hasty.close()
    database.close()
    assert error.value.code == "database-busy"
