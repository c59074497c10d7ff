"""NetSuite to practise on: one account, reached by SuiteTalk SOAP and by SuiteTalk REST."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from erpsync.ports.simulator import Start
from erpsync.systems.netsuite.simulator_access import Access, Keys
from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_clerk import Clerk
from erpsync.systems.netsuite.simulator_records import Stock, Values
from erpsync.systems.netsuite.simulator_rest import RestFace
from erpsync.systems.netsuite.simulator_soap import SoapFace
from erpsync.systems.netsuite.simulator_views import described

# Of an account without SuiteCloud Plus licences, all integrations together:
# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1500275531.html
DEFAULT_CONCURRENCY = 5
_REST = "/services/rest/"
_CHARGES = ("Discount", "Tip", "Fee", "Duty", "Rounding", "Tax", "Shipping", "Refund")


class NetSuiteSimulator:
    """One account. See `erpsync.ports.simulator.Simulator` and `ErpControls`, whose methods are the clerk's.

    `denied` holds what the role may not touch: record types, "deletedRecord", or "webServices".
    """

    def __init__(
        self,
        *,
        skus: Mapping[str, Decimal],
        keys: Keys | None = None,
        customers: int = 0,
        concurrency: int = DEFAULT_CONCURRENCY,
        latency_seconds: float = 0.0,
        one_world: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        between: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`between`: see Books. `now` is the account's clock."""
        self.denied: set[str] = set()
        self.access = Access(keys or Keys(), now, concurrency, latency_seconds)
        self.books = Books(now, between, one_world=one_world)
        self.soap = SoapFace(self.books, self.access, self.denied, now)
        self.rest = RestFace(self.books, self.access, self.denied, now)
        self._clerk = Clerk(self.books)
        self._now = now
        for number, (sku, price) in enumerate(skus.items(), start=1001):
            self._stock_up(self.books.add_item(sku, price, internal_id=str(number)).stock)
        for number, name in enumerate(_CHARGES, start=901):
            kind = "DiscountItem" if name == "Discount" else "OtherChargeSaleItem"
            self.books.add_item(name, Decimal(0), kind, str(number))
        for number in range(1, customers + 1):
            self.books.add_customer(_seed_customer(number))
        self.locations = self._clerk.locations
        self.booked = self._clerk.booked
        self.credited = self._clerk.credited
        self.paid = self._clerk.paid
        self.put_customer = self._clerk.put_customer
        self.put_product = self._clerk.put_product
        self.put_price = self._clerk.put_price
        self.put_stock = self._clerk.put_stock
        self.ship = self._clerk.ship
        self.invoice = self._clerk.invoice

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith(_REST):
            return self.rest(environ, start_response)
        base_url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
        if environ["REQUEST_METHOD"] == "GET":
            status, body = self.soap.document(path, base_url)
        else:
            sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, body = self.soap.respond(path, sent, base_url)
        headers = [
            ("Content-Type", "text/xml; charset=utf-8" if body.startswith(b"<") else "text/plain"),
            ("Content-Length", str(len(body))),
            ("Date", format_datetime(self._now(), usegmt=True)),
        ]
        start_response(status, headers)
        return [body]

    def settings(self, base_url: str) -> Mapping[str, str]:
        items = {f"{name.lower()}_item": str(number) for number, name in enumerate(_CHARGES, start=901)}
        del items["shipping_item"]
        return {
            **self.rest.settings(),
            **asdict(self.access.keys),
            "transport": "soap",
            **items,
            "base_url": base_url,
            "subsidiary": "1",
            "location": "1",
            "stock_locations": "1, 2",
            "currencies": "EUR=1, USD=2, GBP=3",
            "tax_code": "5",
            "default_shipping_method": "3",
            "default_payment_method": "5",
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return described(self.books)

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        if environ.get("PATH_INFO", "").startswith(_REST):
            return self.rest.operation(environ, body)
        return "wsdl" if environ["REQUEST_METHOD"] != "POST" else self.soap.operation(body)

    def _stock_up(self, places: dict[str, Stock]) -> None:
        for place, on_hand in zip(places.values(), (Decimal(500), Decimal(50)), strict=False):
            place.on_hand = on_hand


def create(*, latency_seconds: float = 0.0, concurrency: int = DEFAULT_CONCURRENCY) -> NetSuiteSimulator:
    """The simulator with the sandbox's shared catalogue and customers."""
    prices = {f"SKU-{number:04}": Decimal(5 + number) + Decimal("0.90") for number in range(1, 51)}
    made = NetSuiteSimulator(skus=prices, customers=10, latency_seconds=latency_seconds, concurrency=concurrency)
    for item in made.books.items.values():
        if item.sku in prices:
            item.prices[("2", "1")] = [(Decimal(0), item.price - 1), (Decimal(10), item.price - 2)]
    return made


def _seed_customer(number: int) -> Values:
    return {
        "isPerson": True,
        "firstName": "Customer",
        "lastName": str(number),
        "email": f"customer-{number}@example.com",
        "subsidiary": {"internalId": "1"},
        "currency": {"internalId": "1"},
    }
