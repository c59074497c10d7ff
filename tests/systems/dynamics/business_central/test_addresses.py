"""Addresses in Business Central's fields: whole, or refused."""

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.orders import Order
from erpsync.testing.erp_contract import written
from tests.systems.dynamics.business_central.stand import World, an_order, customer_draft


def rejected(answer: object) -> Rejected:
    assert isinstance(answer, Rejected), answer
    assert answer.problem.next_step
    return answer


def billed(**place: str) -> Order:
    billing = an_order().billing
    assert billing is not None
    return an_order("1001", billing=billing.model_copy(update=place))


def test_a_street_that_is_too_long_goes_on_in_the_second_line_also_where_it_is_amended(world: World) -> None:
    erp = world.erp()
    long = billed(line1="Old Harbour Road " * 6 + "5", line2="Floor 2", company="C" * 120)
    ref = world.make(erp, long)
    made = world.the_order()
    assert made["sellToAddressLine1"] == made["shipToAddressLine1"] == ("Old Harbour Road " * 6)[:96]
    assert made["sellToAddressLine2"] == made["shipToAddressLine2"] == "Road 5, Floor 2"
    assert made["shipToName"] == "C" * 100

    world.faulty.operations.clear()
    written(erp.amend_orders({ref.target_id: world.draft(erp, long)})[ref.target_id])
    assert not [name for name in world.calls() if "PATCH sales" in name]
    written(erp.amend_orders({ref.target_id: world.draft(erp, billed(line1="Road 5"))})[ref.target_id])
    assert (world.the_order()["shipToAddressLine1"], world.the_order()["shipToAddressLine2"]) == ("Road 5", "")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"line1": "Secret " * 30}, "shipToAddressLine1 (100), shipToAddressLine2 (50)"),
        ({"city": "Secret" * 6}, "City would be 36 characters, and the field has 30"),
        ({"postal_code": "Secret" * 4}, "PostCode would be 24 characters, and the field has 20"),
        ({"phone": "Secret" * 6}, "phoneNumber would be 36 characters, and the field has 30"),
    ],
)
def test_an_address_that_does_not_fit_is_refused_and_never_cut(world: World, place: dict[str, str], told: str) -> None:
    erp = world.erp()
    drafts = [world.draft(erp, an_order("good")), world.draft(erp, billed(**place), "shop-bad")]
    answers = erp.create_orders(drafts)
    refusal = rejected(answers["shop-bad"])
    assert (refusal.code, refusal.problem.record) == ("too-long", "order #1001")
    assert told in refusal.problem.what.replace("sellTo", "shipTo")
    assert "Secret" not in str(refusal)

    number = written(answers["shop-good"]).target_id
    assert rejected(erp.amend_orders({number: drafts[1]})[number]).code == "too-long"
    assert world.the_order()["number"] == number


def test_a_region_whose_name_is_too_long_goes_by_its_code(world: World) -> None:
    world.make(world.erp(), billed(region="Ciudad Autónoma de Buenos Aires", region_code="C"))
    assert world.the_order()["shipToState"] == "C"


def test_a_customer_whose_e_mail_address_does_not_fit_is_refused_alone(world: World) -> None:
    long, short = customer_draft("shop-customer-2", email=f"{'secret' * 14}@example.com"), customer_draft()
    answers = world.erp().upsert_customers([long, short])
    written(answers[short.reference])
    refusal = rejected(answers[long.reference])
    assert (refusal.code, refusal.problem.record) == ("too-long", "customer shop-customer-2")
    assert "secret" not in str(refusal)
