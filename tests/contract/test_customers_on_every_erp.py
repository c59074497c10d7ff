"""The flow of customers through every real adapter: what orders have made is changed, and nobody is made twice."""

from typing import Any

from erpsync.domain.ids import SourceId
from erpsync.domain.parties import Customer
from erpsync.engine import polling
from erpsync.ports.store_records import StoreCustomer
from erpsync.testing import samples
from erpsync.testing.bench import SHOP
from erpsync.testing.reading import everything
from tests.contract.rig import Rig

ADA = samples.KNOWN_CUSTOMER
GRACE = samples.guest("grace@example.com")


def place(at_work: Rig, source_id: str, customer: Customer) -> None:
    at_work.bench.deliver(samples.order(source_id, lines=(samples.line("SKU-0001"),), customer=customer))
    at_work.take_in()
    at_work.work()


def tell(at_work: Rig, customer: Customer) -> None:
    """The shop has the account so, and is asked what changed."""
    bench, source_id = at_work.bench, customer.source_id or SourceId("")
    address = samples.order().billing
    bench.clock.advance(300)
    bench.store.shop.customers[source_id] = StoreCustomer(customer, address, address, bench.clock.now())
    bench.store.touch("customer", source_id)
    polling.poll(at_work.workers[0], SHOP, "customers")
    at_work.work()
    at_work.go_on(10)


def known(at_work: Rig) -> dict[str, str]:
    """The customers that are linked, by their ids, each with the last name that the ERP has."""
    told, _ = everything(at_work.stage.open().customers_changed)
    names = {one.ref.target_id: one.customer.last_name for one in told}
    return {row["target_id"]: names[row["target_id"]] for row in links(at_work)}


def links(at_work: Rig) -> list[Any]:
    return list(at_work.bench.rows("SELECT * FROM links WHERE kind = 'customer'"))


def test_a_buyer_with_an_account_and_one_who_was_a_guest_are_changed_and_not_made_again(at_work: Rig) -> None:
    place(at_work, "1001", ADA)
    place(at_work, "1002", GRACE)
    before = set(known(at_work))
    tell(at_work, ADA.model_copy(update={"last_name": "King"}))
    tell(at_work, GRACE.model_copy(update={"source_id": SourceId("78"), "last_name": "Hopper"}))
    assert at_work.states() == {"done": 4}
    assert (set(known(at_work)), sorted(known(at_work).values())) == (before, ["Hopper", "King"])
    # By the account alone, whatever the address.
    tell(
        at_work, GRACE.model_copy(update={"source_id": SourceId("78"), "last_name": "Murray", "email": "g@example.com"})
    )
    assert (set(known(at_work)), sorted(known(at_work).values())) == (before, ["King", "Murray"])


def test_a_customer_of_the_erp_s_own_people_is_left_to_them(at_work: Rig) -> None:
    theirs = at_work.stage.controls.put_customer("Augusta King", ADA.email)
    place(at_work, "1001", ADA)
    tell(at_work, ADA.model_copy(update={"last_name": "Byron"}))
    assert {row["target_id"] for row in links(at_work)} == {theirs}
    assert at_work.states() == {"done": 1, "skipped": 1}
    assert "Byron" not in known(at_work).values()
