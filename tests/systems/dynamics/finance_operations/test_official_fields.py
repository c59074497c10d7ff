"""What is written and read against field lists generated from F&O's metadata, where there is a copy of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from erpsync.ports.pages import Since
from erpsync.systems.dynamics.finance_operations import wire
from erpsync.systems.dynamics.finance_operations.simulator_schema import ENTITIES, ENUMERATIONS
from erpsync.testing.erp_contract import eur
from tests.systems.dynamics.finance_operations.stand import World, an_order, draft, made
from tests.systems.dynamics.finance_operations.test_afterwards import customer, refund

_TYPES = {
    "SalesOrderHeadersV2": "SalesOrderHeaderV2",
    "SalesOrderLines": "SalesOrderLine",
    "CustomersV3": "CustomerV3",
    "ReleasedProductsV2": "ReleasedProductV2",
    "WarehousesOnHandV2": "WarehouseOnHandV2",
}


@pytest.fixture(scope="module")
def official(contracts: Path) -> dict[str, dict[str, Any]]:
    path = contracts / "dynamics" / "fo" / "fo_scm_entity_fields.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    entities: dict[str, dict[str, Any]] = json.loads(path.read_text())["entities"]
    return {name: entities[kind] for name, kind in _TYPES.items()}


@pytest.mark.parametrize("entity", [wire.HEADERS, wire.LINES, wire.CUSTOMERS, wire.RELEASED, wire.ON_HAND])
def test_all_fields_that_are_read_exist(official: dict[str, dict[str, Any]], entity: wire.Entity[Any]) -> None:
    assert set(entity.fields) <= official[entity.name].keys()
    assert set(entity.key) <= official[entity.name].keys()


@pytest.mark.parametrize("name", sorted(_TYPES))
def test_the_simulators_fields_exist_and_are_of_their_kind(official: dict[str, dict[str, Any]], name: str) -> None:
    for field, kind in ENTITIES[name].fields.items():
        told = official[name][field]["type"]
        expected = {"text": "string", "date": "string", "dec": "decimal"}.get(kind.kind, kind.kind)
        assert told == expected or (kind.kind in ENUMERATIONS and told == kind.kind), f"{name}.{field}: {told}"


def test_all_fields_that_are_written_exist(official: dict[str, dict[str, Any]], fo: World) -> None:
    settings = {"sales_origin": "WEB", "customer_fields": {"SalesMemo": "reference"}}
    order = an_order("1", shipping=customer().shipping, payment_methods=("card",), tip=eur("1.00"))
    preview: Any = fo.erp(**settings).preview_order(draft(order))
    ref = fo.make(order, **settings)
    made(fo.erp(**settings).upsert_customers([customer()])["shop-customer-1"])
    draft_ = refund(ref, order, adjustment=eur("5.00"), total=eur("5.00"))
    made(fo.erp(**settings).post_refunds([draft_])["shop-refund-r1"])
    assert preview["SalesOrderHeadersV2"].keys() <= official["SalesOrderHeadersV2"].keys()
    for row in preview["SalesOrderLines"]:
        assert row.keys() <= official["SalesOrderLines"].keys()
    # The simulator takes no field that its schema has not, and its schema has none but the official ones.
    assert fo.erp().customers_changed(Since()).records
