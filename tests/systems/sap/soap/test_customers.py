"""Customers: made once, found, with the merchant's own fields."""

from collections.abc import Callable

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.domain.parties import Address, Customer
from erpsync.ports.erp_records import CustomerDraft
from tests.systems.sap.soap.stand import World, refused, written

ADA = Customer(
    source_id=SourceId("7"), email="ada@example.com", first_name="Ada", last_name="Byron", groups=("vip", "wholesale")
)
HOME = Address(line1="1 Main St", line2="Floor 2", city="Austin", region_code="TX", postal_code="73301", country="US")


def draft(reference: str = "shop-customer-7", customer: Customer = ADA) -> CustomerDraft:
    return CustomerDraft(reference, customer, HOME, HOME, "EUR")


def test_a_customer_arrives_with_address_group_and_own_fields(world: World) -> None:
    erp = world.erp(customer_fields={"MIDDLENAME": "customer.source_id"})
    ref = written(erp.upsert_customers([draft()])["shop-customer-7"])

    made = next(one for one in world.served.records()["customers"] if one["KUNNR"] == ref.target_id)
    assert {name: made[name] for name in ("FIRSTNAME", "LASTNAME", "COMPANY", "KDGRP", "MIDDLENAME", "BUKRS")} == {
        "FIRSTNAME": "Ada", "LASTNAME": "Byron", "COMPANY": "", "KDGRP": "02", "MIDDLENAME": "7", "BUKRS": "1000",
    }  # fmt: skip
    assert (made["STREET"], made["STREET2"], made["REGION"], made["EMAIL"]) == (
        "1 Main St", "Floor 2", "TX", "ada@example.com",
    )  # fmt: skip
    assert ref.display == ref.target_id.lstrip("0")


def test_a_field_that_sap_has_not_refuses_the_customer_by_its_name(world: World) -> None:
    answer = world.erp(customer_fields={"ZZNONE": "reference"}).upsert_customers([draft()])["shop-customer-7"]

    assert "ZZNONE" in refused(answer).problem.what


def test_one_bad_customer_fails_alone(world: World) -> None:
    long = ADA.model_copy(update={"phone": "Secretname" * 5})

    answers = world.erp().upsert_customers([draft(), draft("shop-customer-8", long)])

    written(answers["shop-customer-7"])
    refusal = refused(answers["shop-customer-8"])
    assert isinstance(refusal, Rejected)
    assert "PHONE would be 50 characters, and the field has 30" in refusal.problem.what
    assert "Secret" not in str(refusal)


def test_a_guest_without_a_name_is_still_a_customer(world: World) -> None:
    reference = "shop-customer-guest-" + "a" * 24
    nobody = CustomerDraft(reference, Customer(email="x@example.com"), None, None, "EUR")

    ref = written(world.erp().upsert_customers([nobody])[reference])

    assert world.simulator.tables.customers[ref.target_id]["LASTNAME"] == reference[-40:]


def test_two_customers_of_one_address_are_both_told(world: World) -> None:
    one, other = (written(world.erp().upsert_customers([draft(name)])[name]) for name in ("shop-a", "shop-b"))

    found = world.erp().find_customers([draft("shop-c"), draft("shop-a")])

    assert {ref.target_id for ref in found["shop-c"]} == {one.target_id, other.target_id}
    assert [ref.target_id for ref in found["shop-a"]] == [one.target_id]


def test_a_reference_that_sap_cannot_hold_is_nowhere_to_be_found(world: World) -> None:
    assert world.erp().find_orders(["r" * 61, "shop-1"]) == {"r" * 61: (), "shop-1": ()}


@pytest.mark.parametrize("keeps_unique", [True, False])
def test_a_customer_saved_twice_is_one(open_world: Callable[..., World], keeps_unique: bool) -> None:
    world = open_world(keeps_unique=keeps_unique)

    refs = {written(world.erp().upsert_customers([draft()])["shop-customer-7"]) for _ in range(3)}

    assert len(refs) == 1
    assert len(world.served.records()["customers"]) == 2  # with the model
