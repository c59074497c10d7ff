"""An OData client that others wrote reads this simulator's metadata, queries it and makes an order in it."""

import warnings
from decimal import Decimal

import requests

from tests.systems.sap.odata.stand import System

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyodata


def _client(sap: System, service: str) -> pyodata.Client:
    session = requests.Session()
    session.auth = (sap.values["user"], sap.values["password"])
    root = f"{sap.values['url']}/sap/opu/odata/sap/{service}"
    token = session.head(f"{root}/", headers={"X-CSRF-Token": "Fetch"}, timeout=60)
    session.headers["X-CSRF-Token"] = token.headers["x-csrf-token"]
    return pyodata.Client(root, session)


def test_it_reads_the_metadata_and_queries(sap: System) -> None:
    client = _client(sap, "API_PRODUCT_SRV")

    assert "A_Product" in {one.name for one in client.schema.entity_sets}
    found = client.entity_sets.A_Product.get_entities().filter("Product ge 'SKU-0048'").select("Product").execute()
    assert [one.Product for one in found][:3] == ["SKU-0048", "SKU-0049", "SKU-0050"]
    one = client.entity_sets.A_Product.get_entity("SKU-0001").execute()
    assert Decimal(one.GrossWeight) == Decimal("0.5")
    assert client.entity_sets.A_Product.get_entities().count().execute() == 56


def test_it_makes_an_order_that_the_adapter_finds(sap: System) -> None:
    client = _client(sap, "API_SALES_ORDER_SRV")
    buyer = sap.customer()
    condition = {"ConditionType": "PMP0", "ConditionRateValue": "7.50", "ConditionCurrency": "EUR"}
    item = {"Material": "SKU-0001", "RequestedQuantity": "2", "to_PricingElement": [condition], "SalesOrderItem": "10"}
    made = (
        client.entity_sets.A_SalesOrder.create_entity()
        .set(
            SalesOrderType="OR",
            SalesOrganization="1010",
            DistributionChannel="10",
            OrganizationDivision="00",
            SoldToParty=buyer,
            PurchaseOrderByCustomer="by-hand-1",
            TransactionCurrency="EUR",
            to_Item=[item],
        )
        .execute()
    )

    [found] = sap.erp().find_orders(["by-hand-1"])["by-hand-1"]
    assert found.target_id == made.SalesOrder
    assert sap.total("by-hand-1") == Decimal("17.85")
