"""`erpsync products`: what belongs together, before anything is written; and what is to be forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from erpsync.cli.sandbox import secret_fields, simulator_of
from erpsync.domain.ids import ConnectionName, SourceId, TargetId
from erpsync.ledger import links
from erpsync.ledger.links import Ends, LinkKind, Made
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import serve
from erpsync.systems import registry
from tests.cli.conftest import Run
from tests.cli.rows import actor, audits

SHOP, ERP = "woocommerce", "netsuite"


@pytest.fixture
def erp(surroundings: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """An ERP and a shop that both have SKU-0001 to SKU-0050, on a route that takes orders so far."""
    names = (SHOP, ERP)
    with serve({name: simulator_of(name) for name in names}) as served:
        path = write_configuration(
            tmp_path / "practice",
            {name: (name, one) for name, one in served.items()},
            {name: secret_fields(registry.spec(name)) for name in names},
            routes=[(SHOP, ERP)],
        )
        surroundings.setenv("ERPSYNC_CONFIG", str(path))
        simulator: Any = served[ERP].faulty.simulator
        yield getattr(simulator, "controls", simulator)


def found(ran: Any, sku: str) -> list[str]:
    [route] = ran.document["routes"]
    return [row["found"] for row in route["rows"] if row["sku"] == sku]


def test_what_is_spelt_alike_is_matched_and_the_rest_told(run: Run, erp: Any) -> None:
    erp.put_product("ONLY-ERP", "A new thing")
    ran = run("products", "match", "--all", "--json")
    [route] = ran.document["routes"]
    assert (ran.code, route["erp"], route["store"]) == (0, ERP, SHOP)
    assert (found(ran, "SKU-0001"), found(ran, "ONLY-ERP")) == (["matched"], ["only in ERP"])
    assert (route["counts"]["matched"], route["counts"]["ambiguous"]) == (50, 0)
    assert found(ran, "SKU-0060") == ["only in store"], "which the shop alone sells"


def test_a_sku_in_another_spelling_is_ambiguous_and_told_with_both(run: Run, erp: Any) -> None:
    erp.put_product("sku-0060", "Spelt otherwise")
    ran = run("products", "match")
    assert ran.code == 1
    [line] = [line for line in ran.stdout.splitlines() if line.startswith("ambiguous")]
    assert "sku-0060" in line
    assert '"SKU-0060" in product' in line
    assert "SKU-0001" not in ran.stdout, "what is matched is counted alone"
    assert "50 matched, 1 ambiguous" in ran.stdout


def test_another_name_is_told_which_there_are(run: Run, erp: Any) -> None:
    ran = run("products", "match", "--connection", "nobody")
    assert ran.code == 2
    assert f"there are: {ERP}, {SHOP}" in ran.stderr


@pytest.fixture
def linked(database: Engine) -> Engine:
    """A ledger in which product 4711 of the ERP is product 9 of the shop, and has two variants."""
    now = datetime.now(UTC)
    product, variant = (
        Ends(kind, ConnectionName("erp"), ConnectionName("shop")) for kind in (LinkKind.PRODUCT, LinkKind.VARIANT)
    )
    with database.begin() as connection:
        links.keep(connection, product, [Made(SourceId("4711"), TargetId("9"), "Shirt", "hash shown")], now)
        made = [Made(SourceId(sku), TargetId(f"9-{sku}"), "4711") for sku in ("SHIRT-M", "SHIRT-L")]
        links.keep(connection, variant, made, now)
    return database


def links_in(database: Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM links")).scalar_one())


def test_a_product_is_forgotten_with_its_variants_and_that_is_audited(run: Run, linked: Engine) -> None:
    ran = run("products", "forget", "erp", "shop", "4711", "--yes")
    assert (ran.code, links_in(linked)) == (0, 0)
    assert ran.stdout == "Forgot product 4711 of erp: it was product 9 of shop, with 2 linked variants.\n"
    assert "`erpsync dead replay`" in ran.stderr
    assert audits(linked) == [(actor(), "forget", "product 4711 of erp")]


def test_a_script_is_told_what_was_forgotten(run: Run, linked: Engine) -> None:
    ran = run("products", "forget", "erp", "shop", "4711", "--yes", "--json")
    assert ran.document == {"forgotten": {"store_product_id": "9", "variants": 2}}


def test_nothing_is_forgotten_where_nobody_can_be_asked(run: Run, linked: Engine) -> None:
    ran = run("products", "forget", "erp", "shop", "4711")
    assert (ran.code, links_in(linked)) == (2, 3)
    assert "Forget which product of shop the product 4711 of erp is?" in ran.stderr
    assert "add --yes" in ran.stderr


def test_a_product_that_is_not_linked_cannot_be_forgotten(run: Run, linked: Engine) -> None:
    ran = run("products", "forget", "erp", "outlet", "4711", "--yes")
    assert (ran.code, links_in(linked), audits(linked)) == (1, 3, [])
    assert "No product 4711 of erp is linked to one of outlet" in ran.stderr
