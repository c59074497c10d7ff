"""Sales orders, made, amended, cancelled: what SAP has afterwards."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError, Transient
from erpsync.domain.ids import TargetId
from erpsync.domain.parties import Address
from erpsync.ports.erp_records import OrderDraft, RecordRef
from erpsync.sandbox.faults import FaultKind
from tests.systems.sap.soap.stand import CREATE, FIND, World, eur, line, order, refused, written

BERLIN = Address(
    first_name="Ada", last_name="Byron", company="Engines", line1="Street 1", line2="Floor 2", city="Berlin",
    region="Berlin", region_code="BE", postal_code="10115", country="DE", phone="030",
)  # fmt: skip


def create(world: World, *drafts: OrderDraft, **changes: Any) -> dict[str, RecordRef | SyncError]:
    return dict(world.erp(**changes).create_orders(list(drafts)))


def test_an_order_arrives_with_everything_that_was_ordered(world: World) -> None:
    placed = order(
        "7",
        line("SKU-0001", "3", "3.33", discount=eur("0.99"), title="A mug"),
        shipping=BERLIN,
        billing=Address(first_name="Ada", last_name="Byron", line1="1 Main St", city="Austin", region_code="TX",
                        postal_code="73301", country="US"),
        tip=eur("1.00"),
        note="Leave it\nat the door",
    )  # fmt: skip

    ref = world.make(placed, storage_location="0001", shipping_methods={"standard": "10"})

    [made] = world.orders()
    assert (made["VBELN"], ref.display) == (ref.target_id, "4969")
    assert (made["BSTKD"], made["BSTDK"], made["WAERK"], made["VSBED"]) == ("shop-7", "2026-01-01", "EUR", "10")
    assert made["items"] == [{"POSNR": 10, "MATNR": "SKU-0001", "KWMENG": "3.000", "ARKTX": "A mug", "LGORT": "0001"}]
    rows = [(row["POSNR"], row["KSCHL"], row["KBETR"], row["KPEIN"], row["MWSKZ"]) for row in made["conditions"]]
    assert rows == [
        ("000010", "ZTX0", "1.9000", "0", "A1"),
        ("000010", "ZPR0", "3.3300", "1", ""),
        ("000010", "ZDI0", "-0.9900", "0", ""),
        ("000000", "ZSH0", "4.9000", "0", ""),
        ("000000", "ZTI0", "1.0000", "0", ""),
    ]
    ship_to, bill_to = made["addresses"]
    assert (ship_to["PARVW"], ship_to["NAME1"], ship_to["NAME2"], ship_to["REGION"]) == (
        "WE",
        "Engines",
        "Ada Byron",
        "",
    )
    assert (bill_to["PARVW"], bill_to["NAME1"], bill_to["REGION"], bill_to["COUNTRY"]) == (
        "RE",
        "Ada Byron",
        "TX",
        "US",
    )
    assert made["texts"] == ["Leave it", "at the door"]


def test_a_hundred_orders_go_in_one_call_and_one_bad_one_fails_alone(world: World) -> None:
    drafts = [world.draft(order(str(number))) for number in range(99)]
    bad = world.draft(order("bad", line("SKU-0001"), line("SKU-9999")))

    answers = create(world, *drafts, bad)

    refusal = refused(answers.pop("shop-bad"))
    assert isinstance(refusal, Rejected)
    assert "SKU SKU-9999" in refusal.problem.what
    assert refusal.problem.record == "order #bad"
    assert len(world.orders()) == len({written(answer).target_id for answer in answers.values()}) == 99
    assert world.calls(CREATE) == 1
    world.erp().find_orders([draft.reference for draft in drafts])
    assert world.calls(FIND) == 1


def test_what_sap_warns_of_is_logged_and_stops_nothing(world: World) -> None:
    with capture_logs() as logs:
        ref = world.make(order("1", billing=None))

    assert [(event["event"], event["record"], event["document"]) for event in logs] == [
        ("SAP warns", "order #1", ref.target_id)
    ]
    assert logs[0]["messages"] == ["V1 555 The sales document is not yet complete"]


def test_of_two_workers_at_once_one_makes_the_order_and_the_other_waits(world: World) -> None:
    draft = world.draft(order("1"))
    meeting = threading.Barrier(2, timeout=60)
    second: list[RecordRef | SyncError] = []

    def other_worker() -> None:
        meeting.wait()
        second.append(world.erp().create_orders([draft])[draft.reference])
        meeting.wait()

    def hold_the_lock() -> None:
        meeting.wait()
        meeting.wait()

    other = threading.Thread(target=other_worker)
    world.simulator.sales.while_locked = hold_the_lock
    other.start()
    first = written(world.erp().create_orders([draft])[draft.reference])
    other.join()

    refusal = refused(second[0])
    assert isinstance(refusal, Transient)
    assert refusal.code == "locked"
    assert len(world.orders()) == 1
    world.simulator.sales.while_locked = lambda: None
    assert written(world.erp().create_orders([draft])[draft.reference]) == first


def test_with_the_lock_table_lost_the_database_still_keeps_the_second_order_out(world: World) -> None:
    draft = world.draft(order("1"))

    def enqueue_server_restarts() -> None:
        world.simulator.sales.while_locked = lambda: None
        world.simulator.tables._enqueued.clear()
        written(world.erp().create_orders([draft])[draft.reference])

    world.simulator.sales.while_locked = enqueue_server_restarts
    refusal = refused(world.erp().create_orders([draft])[draft.reference])

    assert isinstance(refusal, Transient)
    assert refusal.code == "update-ended"
    assert len(world.orders()) == 1
    assert written(world.erp().create_orders([draft])[draft.reference]).target_id == world.orders()[0]["VBELN"]


def test_an_order_that_sap_makes_late_is_not_made_twice(world: World) -> None:
    draft = world.draft(order("1"))
    late = world.fault(FaultKind.LATE, CREATE, seconds=0.3)

    with pytest.raises(OutcomeUnknown) as lost:
        world.erp().create_orders([draft])
    assert lost.value.settle_seconds == 0
    made = written(world.erp().create_orders([draft])[draft.reference])
    world.served.faulty.wait_for_late()

    assert late.fired == 1
    assert [found["VBELN"] for found in world.orders()] == [made.target_id]


def test_where_references_are_not_unique_a_late_order_is_waited_for(open_world: Callable[..., World]) -> None:
    world = open_world(keeps_unique=False)
    draft = world.draft(order("1"))
    late = world.fault(FaultKind.LATE, CREATE, seconds=0.3)

    with pytest.raises(OutcomeUnknown) as lost:
        world.erp(settle_seconds=600).create_orders([draft])

    assert late.fired == 1
    assert lost.value.settle_seconds == lost.value.retry_after_seconds == 600
    world.served.faulty.wait_for_late()
    assert len(world.erp().find_orders([draft.reference])[draft.reference]) == 1


def test_a_wrapper_without_lock_look_and_key_does_make_two(open_world: Callable[..., World]) -> None:
    world = open_world(keeps_unique=False)
    draft = world.draft(order("1"))

    made = {written(world.erp().create_orders([draft])[draft.reference]) for _ in range(2)}

    assert set(world.erp().find_orders([draft.reference])[draft.reference]) == made
    assert len(made) == 2


def test_an_order_entered_by_hand_under_our_reference_is_found_and_not_made_again(world: World) -> None:
    made = world.make(order("1"))
    world.simulator.tables.references.clear()  # as if a person had entered it in VA01

    assert [ref.target_id for ref in world.erp().find_orders(["shop-1"])["shop-1"]] == [made.target_id]
    assert written(create(world, world.draft(order("1")))["shop-1"]) == made
    assert len(world.orders()) == 1


def test_a_total_that_sap_makes_different_is_refused_with_the_arithmetic_and_blocked(
    open_world: Callable[..., World],
) -> None:
    world = open_world(surcharge=Decimal("1.50"))

    refusal = refused(create(world, world.draft(order("1")))["shop-1"])

    assert isinstance(refusal, Rejected)
    assert refusal.code == "total-differs"
    assert "4969 comes to 42.10 EUR in SAP (net 36.40 EUR + tax 5.70 EUR)" in refusal.problem.what
    assert "store says 40.60 EUR (difference -1.50 EUR)" in refusal.problem.what
    [made] = world.orders()
    assert made["block"] == "01"
    world.simulator.sales._surcharge = Decimal(0)
    written(world.erp().amend_orders({TargetId(made["VBELN"]): world.draft(order("1"))})[TargetId(made["VBELN"])])
    assert world.orders()[0]["block"] == ""


def test_an_order_that_a_lost_attempt_made_of_an_earlier_version_becomes_the_later_one(world: World) -> None:
    before = world.make(order("1"))

    after = written(create(world, world.draft(order("1", line("SKU-0001", "3"))))["shop-1"])  # the total is the same

    assert after == before
    assert world.simulator.booked("shop-1")[0].quantities == {"SKU-0001": 3}
    assert len(world.orders()) == 1


def test_sap_may_compute_the_tax(open_world: Callable[..., World]) -> None:
    world = open_world(own_tax=Decimal("0.19"))
    plain = order("1", line("SKU-0001", "2"), shipping_lines=())

    world.make(plain, tax_handling="erp", tax_condition="", tax_codes={})

    [made] = world.orders()
    assert [row["KSCHL"] for row in made["conditions"]] == ["ZPR0"]
    assert (made["net"], made["tax"]) == ("20.00", "3.80")


def test_an_amendment_changes_adds_and_takes_off_items_in_one_call(world: World) -> None:
    ref = world.make(order("1"))
    after = order("1", line("SKU-0002", "4"), line("SKU-0003"), note="New")

    written(world.erp().amend_orders({ref.target_id: world.draft(after)})[ref.target_id])

    [made] = world.orders()
    assert [(item["MATNR"], item["KWMENG"]) for item in made["items"]] == [("SKU-0002", "4.000"), ("SKU-0003", "1.000")]
    assert made["texts"] == ["New"]


def test_what_was_delivered_cannot_be_amended_away(world: World) -> None:
    ref = world.make(order("1"))
    world.simulator.ship(ref.target_id, {"SKU-0001": Decimal(2)})

    answer = world.erp().amend_orders({ref.target_id: world.draft(order("1", line("SKU-0002")))})[ref.target_id]

    refusal = refused(answer)
    assert isinstance(refusal, Rejected)
    assert "ZERPSYNC 010" in refusal.problem.what


def test_an_order_that_somebody_has_open_is_tried_again(world: World) -> None:
    ref = world.make(order("1"))
    world.simulator.tables.locked.add(ref.target_id)

    refusal = refused(world.erp().cancel_orders([ref.target_id])[ref.target_id])

    assert isinstance(refusal, Transient)
    assert refusal.retry_after_seconds == 10
    world.simulator.tables.locked.clear()
    written(world.erp().cancel_orders([ref.target_id])[ref.target_id])
    assert world.simulator.booked("shop-1")[0].state == "cancelled"


def test_an_order_deleted_in_sap_is_nothing_to_cancel(world: World) -> None:
    ref = world.make(order("1"))
    gone = TargetId("0000999999")

    answers = world.erp().cancel_orders([gone, ref.target_id])

    assert isinstance(answers[gone], Skip)
    assert isinstance(answers[ref.target_id], RecordRef)
    assert isinstance(world.erp().amend_orders({gone: world.draft(order("1"))})[gone], Rejected)


def test_the_merchants_own_fields_go_along(world: World) -> None:
    fields = {"ZZGIFT": "note", "PMNTTRMS": "'ZB01'", "REF_1": "text(total.amount)", "PO_METHOD": "null"}

    world.make(order("1", note="for Ada"), order_fields=fields)

    assert world.orders()[0]["extras"] == {"ZZGIFT": "for Ada", "PMNTTRMS": "ZB01", "REF_1": "40.60"}


def test_a_field_that_sap_has_not_is_named(world: World) -> None:
    refusal = refused(create(world, world.draft(order("1")), order_fields={"ZZNONE": "number"})["shop-1"])

    assert "ZZNONE" in refusal.problem.what
    assert "order_fields" in refusal.problem.next_step


@pytest.mark.parametrize(
    ("changes", "settings", "told"),
    [
        ({"currency": "GBP"}, {}, "currencies"),
        ({"tip": eur("1")}, {"tip_condition": ""}, "tip_condition"),
        ({"duties": eur("1")}, {"duty_condition": ""}, "duty_condition"),
        ({"fees": eur("1")}, {"fee_condition": ""}, "fee_condition"),
        ({"rounding": eur("0.01")}, {"rounding_condition": ""}, "rounding_condition"),
        ({}, {"shipping_condition": ""}, "shipping_condition"),
        ({}, {"tax_codes": "7=A2"}, "tax_codes"),
    ],
)
def test_a_setting_that_is_missing_is_named(
    world: World, changes: dict[str, Any], settings: dict[str, Any], told: str
) -> None:
    placed = order("1", **{name: value for name, value in changes.items() if name != "currency"})
    placed = placed.model_copy(update={"currency": changes.get("currency", "EUR")})

    refusal = refused(create(world, world.draft(placed), **settings)["shop-1"])

    assert isinstance(refusal, Rejected)
    assert told in refusal.problem.what + refusal.problem.next_step
    assert world.calls(CREATE) == 0


def test_what_is_too_long_is_refused_by_field_without_its_content(world: World) -> None:
    long_city = BERLIN.model_copy(update={"city": "Verylongcityname " * 3})
    long_note = "Z" * 300

    answers = create(
        world,
        world.draft(order("1", shipping=long_city)),
        world.draft(order("2", line(title="T" * 90), note=long_note)),
        world.draft(order("n" * 50)),
    )

    refusal = refused(answers["shop-1"])
    assert refusal.code == "too-long"
    assert "CITY would be 50 characters, and the field has 40" in refusal.problem.what
    assert "Verylong" not in str(refusal)
    assert "BSTKD" in refused(answers[f"shop-{'n' * 50}"]).problem.what
    [made] = world.orders()
    assert "".join(made["texts"]) == long_note
    assert made["items"][0]["ARKTX"] == "T" * 40


def test_a_street_that_is_too_long_goes_on_in_the_second_line_and_names_are_cut(world: World) -> None:
    long = {"line1": "Old Harbour Road " * 4 + "5", "company": "Analytical Engines of Marylebone Limited, Holding"}

    ref = world.make(order("1", shipping=BERLIN.model_copy(update=long)))

    [made] = world.orders()
    [address] = [row for row in made["addresses"] if row["PARVW"] == "WE"]
    assert (address["STREET"], address["STREET2"]) == (
        ("Old Harbour Road " * 4)[:55].strip(),
        "Harbour Road 5, Floor 2",
    )
    assert (address["NAME1"], address["NAME2"]) == ("Analytical Engines of Marylebone Limited", "Ada Byron")

    later = world.draft(order("1", shipping=BERLIN.model_copy(update={"line1": "Secret " * 20})))
    refusal = refused(world.erp().amend_orders({ref.target_id: later})[ref.target_id])
    assert refusal.code == "too-long"
    assert "STREET (60), STREET2 (40)" in refusal.problem.what
    assert "Secret" not in str(refusal)


def test_cancelling_needs_a_reason_for_rejection(world: World) -> None:
    ref = world.make(order("1"))

    refusal = refused(world.erp(cancel_reason="").cancel_orders([ref.target_id])[ref.target_id])

    assert "cancel_reason" in refusal.problem.next_step


def test_customer_numbers_are_padded_as_sap_keeps_them(world: World) -> None:
    customer = world.customer()
    draft = OrderDraft("shop-1", order("1"), TargetId(customer.lstrip("0")))

    written(create(world, draft)["shop-1"])

    assert world.orders()[0]["KUNNR"] == customer


def test_two_calls_that_end_differently_are_answered_each_for_itself(world: World) -> None:
    drafts = [world.draft(order(str(number))) for number in range(101)]
    world.fault(FaultKind.LOST_REPLY, CREATE, skip=1)

    answers = create(world, *drafts)

    assert [isinstance(answer, RecordRef) for answer in answers.values()] == [True] * 100 + [False]
    assert isinstance(answers["shop-100"], OutcomeUnknown)
