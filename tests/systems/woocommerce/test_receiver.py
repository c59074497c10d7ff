"""The shop's deliveries at the receiver's door, over a real ledger."""

from datetime import UTC, datetime

import anyio
import pytest
from sqlalchemy import Engine, text

from erpsync.domain.ids import ConnectionName
from erpsync.ports.webhooks import Delivery, NotAuthentic
from erpsync.systems.woocommerce.webhooks import WooCommerceWebhooks
from erpsync.web.receiver import Receiver
from erpsync.web.refusals import Refusals
from tests.systems.woocommerce.stand import Stand

SHOP = ConnectionName("shop")


class Silent:
    def intake(self) -> None: ...


class Now:
    def now(self) -> datetime:
        return datetime.now(UTC)


def test_pings_are_answered_well_and_leave_one_row(shop: Stand, database: Engine) -> None:
    receiver = Receiver(
        webhooks={SHOP: WooCommerceWebhooks(shop.settings())},
        silent=frozenset(),
        max_bytes=100_000,
        database=database,
        clock=Now(),
        wake=Silent(),  # type: ignore[arg-type]
        refusals=Refusals(database, Now()),
        keepers=anyio.CapacityLimiter(1),
    )
    shop.open().subscribe("https://erpsync.example.com/webhooks/shop")
    pings = [
        Delivery({name.lower(): value for name, value in hook.headers.items()}, hook.body) for hook in shop.shop.hooks()
    ]
    assert [receiver.keep(SHOP, ping) for ping in pings] == ["stored", "duplicate", "duplicate"]
    with pytest.raises(NotAuthentic):
        receiver.keep(SHOP, Delivery({}, b'{"id": 7}'))
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM inbox")).scalar_one() == 1
