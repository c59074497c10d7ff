"""`erpsync products match`: what belongs together, before anything is written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from erpsync.cli.sandbox import secret_fields, simulator_of
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import serve
from erpsync.systems import registry
from tests.cli.conftest import Run

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
