"""What is sold, told and pushed meets on the same SKUs, and never waits for one another in a circle."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Engine, text

from erpsync.domain.ids import ConnectionName, Sku, SourceId
from erpsync.domain.inventory import StockLevel
from erpsync.ledger import dirty, sales, stock
from erpsync.ledger.pushes import PushKind, Way
from erpsync.ledger.sales import Sold

ERP, SHOP = ConnectionName("erp"), ConnectionName("shop")
STORES = ("shop", "shop-eu", "outlet")
WAY = Way(PushKind.STOCK, ERP, SHOP)
START = datetime(2026, 1, 1, tzinfo=UTC)
SKUS, ROUNDS, WORKERS = 60, 40, 6


def test_no_two_of_them_deadlock(database: Engine) -> None:
    with database.begin() as connection:
        for store in STORES:
            connection.execute(
                text(
                    "INSERT INTO jobs (flow, source, target, source_id, number, wanted_version, due_at)"
                    " VALUES ('stock', 'erp', :store, 'all', 'erp', now(), now())"
                ),
                {"store": store},
            )
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(_work, database, seed) for seed in range(WORKERS)]:
            done.result()


def _work(database: Engine, seed: int) -> None:
    chance = random.Random(seed)
    steps: list[Callable[[Connection, random.Random, int], object]] = [_sell, _know, _tell, _take, _settle]
    for turn in range(ROUNDS):
        with database.begin() as connection:
            chance.choice(steps)(connection, chance, turn)


def _some(chance: random.Random) -> list[Sku]:
    return [Sku(f"SKU-{number:02d}") for number in chance.sample(range(SKUS), 30)]


def _sell(connection: Connection, chance: random.Random, turn: int) -> None:
    quantities = {sku: Decimal(chance.randrange(3)) for sku in _some(chance)}
    order = SourceId(str(chance.randrange(5)))
    sales.keep(connection, sales.Ends(SHOP, ERP), [Sold(order, START + timedelta(seconds=turn), quantities)])


def _know(connection: Connection, chance: random.Random, _turn: int) -> None:
    known = {SourceId(str(number)): dict.fromkeys(_some(chance), Decimal(1)) for number in chance.sample(range(5), 3)}
    sales.known(connection, sales.Ends(SHOP, ERP), known, START)
    sales.waived(connection, sales.Ends(SHOP, ERP), list(known)[:1], START)


def _tell(connection: Connection, chance: random.Random, turn: int) -> None:
    levels = [StockLevel(sku=sku, location="WH", on_hand=Decimal(chance.randrange(9))) for sku in _some(chance)]
    stock.keep_levels(connection, ERP, levels, START + timedelta(seconds=turn))


def _take(connection: Connection, chance: random.Random, _turn: int) -> None:
    taken = dirty.take(connection, WAY, 20, "")
    dirty.mark(connection, WAY, chance.sample(taken, len(taken) // 2))


def _settle(connection: Connection, _chance: random.Random, turn: int) -> None:
    sales.settle(connection, ERP)
    sales.purge(connection, START + timedelta(seconds=turn))
