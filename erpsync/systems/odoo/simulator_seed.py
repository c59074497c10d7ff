"""What every simulated Odoo has from the start: the catalogue and the customers that all simulators share."""

from collections.abc import Sequence
from decimal import Decimal

from erpsync.systems.odoo import simulator_sales as sales
from erpsync.systems.odoo.simulator_records import Database
from erpsync.systems.odoo.simulator_stock import new_location

SKUS = tuple(f"SKU-{number:04}" for number in range(1, 51))
SERVICES = ("SHIPPING", "DISCOUNT", "CHARGE", "ROUNDING", "TAX", "REFUND")
CUSTOMERS = 10
_COUNTRIES = ("AT", "CH", "DE", "FR", "GB", "NL", "US")
_STATES = (("US", "CA"), ("US", "NY"))
_WAREHOUSES = (("Company", "WH"), ("Shop", "SHOP"))
_JOURNALS = (("Sales", "INV", "sale"), ("Bank", "BNK1", "bank"), ("Cash", "CSH1", "cash"))


def seed(database: Database, skus: Sequence[str]) -> None:
    new = database.insert
    euro = new("res.currency", {"name": "EUR", "active": True})
    dollar = new("res.currency", {"name": "USD", "active": True})
    company = new("res.company", {"name": "Company", "currency_id": euro})
    new("res.users", {"name": "Administrator", "login": "admin", "company_id": company})
    new("crm.team", {"name": "Sales"})
    new("uom.uom", {"name": "Units"})
    new("product.category", {"name": "All"})
    for name, code in _WAREHOUSES:
        stock = new_location(database, "Stock", "internal", new_location(database, code, "view"))
        warehouse = new("stock.warehouse", {"name": name, "code": code, "lot_stock_id": stock})
        deliveries = {"name": "Delivery Orders", "code": "outgoing", "reservation_method": "at_confirm"}
        new("stock.picking.type", {**deliveries, "warehouse_id": warehouse})
    for name, code, kind in _JOURNALS:
        new("account.journal", {"name": name, "code": code, "type": kind})
    # As in a database that was set up in dollars: a customer's price list would make orders in dollars.
    new("product.pricelist", {"name": "Default", "currency_id": dollar})
    new("product.pricelist", {"name": "Public", "currency_id": euro})
    countries = {code: new("res.country", {"name": code, "code": code}) for code in _COUNTRIES}
    for country, code in _STATES:
        new("res.country.state", {"name": code, "code": code, "country_id": countries[country]})
    for percent in (19, 7, 0):
        for name, included in ((f"{percent}%", False), (f"{percent}% incl.", True)):
            tax = {"name": name, "amount": Decimal(percent), "price_include": included, "active": True}
            new("account.tax", {**tax, "amount_type": "percent", "type_tax_use": "sale"})
    for number, sku in enumerate(skus, 1):
        price = Decimal(5 + number) + Decimal("0.90")
        product = {"name": f"Product {number}", "default_code": sku, "list_price": price, "is_storable": True}
        sales.create(database, "product.product", product)
    for code in SERVICES:
        service = {"name": code.title(), "default_code": code, "list_price": Decimal(0), "type": "service"}
        sales.create(database, "product.product", service)
    for number in range(1, CUSTOMERS + 1):
        person = {"name": f"Customer {number}", "email": f"customer-{number}@example.com", "customer_rank": 1}
        sales.create(database, "res.partner", person)
