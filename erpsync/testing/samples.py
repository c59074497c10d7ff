"""Orders to practise on: each adds up, unless it is told not to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, zero
from erpsync.domain.orders import Order, OrderLine, OrderStatus, ShippingLine, TaxLine, balance
from erpsync.domain.parties import Address, Customer

PLACED_AT = datetime(2026, 1, 1, 11, tzinfo=UTC)
KNOWN_CUSTOMER = Customer(source_id=SourceId("77"), email="ada@example.com", first_name="Ada", last_name="Lovelace")


def guest(email: str, name: str = "Grace") -> Customer:
    """A buyer without an account."""
    return Customer(email=email, first_name=name, last_name="Guest")


def line(
    sku: str = "MUG", quantity: str = "2", price: str = "10.00", currency: str = "EUR", **more: object
) -> OrderLine:
    """One line with 19 % tax on top; `more` are other fields of OrderLine."""
    net = Decimal(price) * Decimal(quantity)
    tax = Money(amount=net * Decimal("0.19"), currency=currency).rounded()
    fields: dict[str, object] = {
        "source_id": SourceId(f"line-{sku}"),
        "sku": Sku(sku),
        "title": f"A {sku}",
        "quantity": Decimal(quantity),
        "unit_price": Money(amount=Decimal(price), currency=currency),
        "discount": zero(currency),
        "taxes": (TaxLine(title="VAT", amount=tax, rate=Decimal("0.19")),),
    }
    return OrderLine.model_validate(fields | more)


def shipping(price: str = "4.90", currency: str = "EUR") -> ShippingLine:
    return ShippingLine(
        source_id=SourceId("ship-1"),
        code="standard",
        title="Standard",
        price=Money(amount=Decimal(price), currency=currency),
        discount=zero(currency),
    )


def order(source_id: str = "1001", *, version: int = 0, off_by: str = "0", **more: object) -> Order:
    """An order as it was `version` seconds after it was placed, with `more` other fields of Order.

    Its total is what its parts come to, plus `off_by`.
    """
    currency = str(more.get("currency", "EUR"))
    fields: dict[str, object] = {
        "source_id": SourceId(source_id),
        "number": f"#{source_id}",
        "created_at": PLACED_AT,
        "updated_at": PLACED_AT + timedelta(seconds=version),
        "status": OrderStatus.OPEN,
        "currency": currency,
        "taxes_included": False,
        "customer": KNOWN_CUSTOMER,
        "billing": Address(first_name="Ada", last_name="Lovelace", line1="St James's Square 12", country="GB"),
        "lines": (line(currency=currency),),
        "shipping_lines": (shipping(currency=currency),),
        "tip": zero(currency),
        "duties": zero(currency),
        "fees": zero(currency),
        "rounding": zero(currency),
        "total": zero(currency),
    }
    draft = Order.model_validate(fields | more)
    if "total" in more:
        return draft
    total = balance(draft).computed + Money(amount=Decimal(off_by), currency=currency)
    return draft.model_copy(update={"total": total})
