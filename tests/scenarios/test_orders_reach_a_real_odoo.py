"""Webhooks in at one end, sale orders in a real Odoo 19 at the other."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from erpsync.ledger import reads
from erpsync.sandbox import rehearsal
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.practice import write_secret
from erpsync.sandbox.rehearsal import Delivery, Tally
from erpsync.systems.shopify.simulator import create
from tests.odoo_server import OdooServer, behind_proxy, real_odoo, values_for
from tests.scenarios.stage import Stage, perform

pytestmark = pytest.mark.odoo
__all__ = ["real_odoo"]

ORDERS = 50
TWICE = 3


def test_fifty_orders_some_delivered_twice_at_once_and_a_reply_cut_off(real_odoo: OdooServer, tmp_path: Path) -> None:
    shop = create()
    placed = [shop.place_order([{"sku": f"SKU-{n % 40 + 1:04}", "quantity": n % 3 + 1}]) for n in range(ORDERS)]
    deliveries = [Delivery(*shop.deliver(order, "orders/create")) for order in placed]
    with (
        behind_proxy(real_odoo) as (proxied, faulty),
        perform(tmp_path, shop, erp_system="odoo", erp_table=_table(proxied, tmp_path)) as stage,
    ):
        cut = faulty.add(Fault(FaultKind.LOST_REPLY, operation="sale.order/load"))
        tally = Tally()
        for number, delivery in enumerate(deliveries):
            rehearsal.post(stage.webhooks, [[delivery] * (2 if number < TWICE else 1)], tally)
        settled = rehearsal.wait_until(lambda: _settled(stage), 150)
        with stage.ledger.connect() as connection:
            jobs = reads.jobs(connection, limit=ORDERS + 1)

    assert cut.fired == 1, "a reply that was not cut off proves nothing"
    assert settled
    assert tally.refused == []
    assert {job.state for job in jobs} == {"done"}, [job.problem for job in jobs if job.state != "done"]
    known = {record["id"]: record for record in shop.records()["orders"]}
    references = [f"shop-{order}" for order in placed]
    orders = real_odoo.search(
        "sale.order", [["client_order_ref", "in", references]], "client_order_ref", "amount_total", "state"
    )
    assert sorted(row["client_order_ref"] for row in orders) == sorted(references)
    for row in orders:
        expected = known[row["client_order_ref"].removeprefix("shop-")]
        assert Decimal(str(row["amount_total"])) == Decimal(expected["total"])
        assert row["state"] == "sale"
        assert _quantities(real_odoo, row["id"]) == {line["sku"]: line["quantity"] for line in expected["lines"]}
        assert expected["metafields"], "the shop was not told"


def _table(server: OdooServer, directory: Path) -> str:
    values = values_for(server)
    secret = write_secret(directory / "odoo.key", str(values.pop("api_key")))
    lines = ["[connections.erp]", 'system = "odoo"', f'api_key = {{ file = "{secret}" }}']
    return "\n".join([*lines, *(f"{key} = {_toml(value)}" for key, value in values.items()), ""])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_toml(item)}' for key, item in value.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'


def _quantities(server: OdooServer, order_id: int) -> dict[str, int]:
    lines = server.search("sale.order.line", [["order_id", "=", order_id]], "product_id", "product_uom_qty")
    found = {line["product_id"][1].split("]")[0].lstrip("["): int(line["product_uom_qty"]) for line in lines}
    return {sku: quantity for sku, quantity in found.items() if sku.startswith("SKU-")}


def _settled(stage: Stage) -> bool:
    with stage.ledger.connect() as connection:
        seen = reads.overview(connection, datetime.now(UTC))
    done = sum(seen.jobs.values())
    return done == ORDERS and not (seen.inbox.get("new") or seen.jobs.get("ready") or seen.jobs.get("running"))
