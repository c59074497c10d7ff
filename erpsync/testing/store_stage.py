"""What a store's contract suite is given to work on."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.simulator import StoreControls
from erpsync.ports.spec import Capabilities, StoreAbility
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Webhooks


@dataclass(frozen=True)
class StoreStage:
    """A store to practise on. `open` gives a fresh adapter, as another worker has one, with settings changed by name.

    `lose_reply` arms one lost reply to a request that makes a fulfilment: it is done, and the answer never comes. What it
    returns tells how often that fired. `lose_product_reply` does so for a request that writes anything of products or
    variants, after the first so many of them; given by every store that has StoreAbility.PRODUCTS. `webhooks` is None
    where the store sends none.
    """

    open: Callable[..., Store]
    webhooks: Webhooks | None
    controls: StoreControls
    capabilities: Capabilities
    lose_reply: Callable[[], Callable[[], int]]
    lose_product_reply: Callable[[int], Callable[[], int]] | None = None

    def lacks(self, ability: StoreAbility, call: Callable[[], object]) -> bool:
        """Whether the store lacks the ability; then `call` must be refused with the declared sentence."""
        sentence = self.capabilities.missing.get(ability)
        if sentence is None:
            return False
        with pytest.raises(Rejected) as refused:
            call()
        if refused.value.problem.what != sentence:
            raise AssertionError(f"refused with {refused.value.problem.what!r} instead of {sentence!r}")
        return True

    def order(self, order_id: str) -> Order:
        answer = self.open().read_orders([SourceId(order_id)])[SourceId(order_id)]
        if not isinstance(answer, Order):
            raise AssertionError(answer)
        return answer
