"""`erpsync map preview`: an order on its way through the mapping, at simulators, and nothing is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from erpsync import bootstrap
from erpsync.cli.sandbox import secret_fields, simulator_of
from erpsync.engine import intake
from erpsync.ledger import inbox
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import Served, serve
from erpsync.systems import registry
from erpsync.testing.clock import TestClock
from erpsync.testing.fakes import FakeWake
from tests.cli.conftest import Run

SYSTEMS = {"shop": "shopify", "erp": "odoo"}


@pytest.fixture
def served(surroundings: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dict[str, Served]]:
    """A shop and an ERP, and a configuration with a route and a field of the merchant's own."""
    with serve({name: simulator_of(system) for name, system in SYSTEMS.items()}) as found:
        path = write_configuration(
            tmp_path / "practice",
            {name: (SYSTEMS[name], one) for name, one in found.items()},
            {system: secret_fields(registry.spec(system)) for system in SYSTEMS.values()},
            routes=[("shop", "erp")],
            tables=["[connections.erp.order_fields]", "note = \"join(' / ', [number, note])\""],
        )
        surroundings.setenv("ERPSYNC_CONFIG", str(path))
        yield found


def placed(served: dict[str, Served], sku: str = "SKU-0001") -> str:
    """An order of which a webhook has told; its number."""
    shop = served["shop"].faulty.simulator
    order_id = shop.place_order([{"sku": sku, "quantity": 2}], note="ring twice")  # type: ignore[attr-defined]
    headers, body = shop.deliver(order_id, "orders/create")  # type: ignore[attr-defined]
    assembly = bootstrap.configured()
    assembly.announce()
    with assembly.database.begin() as connection:
        lower = {name.lower(): value for name, value in headers.items()}
        now = assembly.clock.now()
        assert inbox.store(connection, "shop", order_id, "orders/create", lower, body, now)  # type: ignore[arg-type]
    intake.take_in(assembly.runtime(FakeWake(TestClock())))
    assembly.database.dispose()
    [record] = [one for one in served["shop"].records()["orders"] if str(one["id"]) == order_id]
    return str(record["name"])


def test_the_three_shapes_of_an_order_are_shown_and_nothing_is_written(run: Run, served: dict[str, Served]) -> None:
    number = placed(served)
    shown = run("map", "preview", number, "--json")
    assert shown.code == 0
    document = shown.document
    assert (document["from"], document["to"], document["problem"]) == ("shop", "erp", None)
    assert document["source"]["name"] == document["canonical"]["number"] == number
    assert f"{number} / ring twice" in str(document["erp"])
    assert "booked as rounding" not in str(document["notes"])
    assert served["erp"].records()["sale.order"] == []


def test_for_people_it_names_both_ends_and_the_arithmetic(run: Run, served: dict[str, Served]) -> None:
    number = placed(served)
    shown = run("map", "preview", number.lstrip("#"), "--fresh")
    assert shown.code == 0
    for words in ("canonical", "erp, for Odoo", "ring twice", "SKU-0001", "lines ", "= "):
        assert words in shown.stdout
    assert "and the store says" in shown.stdout


def test_an_order_that_the_erp_would_not_get_says_why(run: Run, served: dict[str, Served]) -> None:
    number = placed(served, "SKU-9999")
    shown = run("map", "preview", number)
    assert shown.code == 1
    assert "SKU-9999" in shown.stderr
    assert "Next:" in shown.stderr


def test_an_order_that_nobody_knows_is_told(run: Run, served: dict[str, Served]) -> None:
    shown = run("map", "preview", "4711")
    assert shown.code == 1
    assert "no longer exists" in shown.stderr


def test_several_ways_ask_which(run: Run, served: dict[str, Served]) -> None:
    shown = run("map", "preview", "4711", "--from", "elsewhere")
    assert shown.code == 2
    assert "No route" in shown.stderr
