"""Amending, cancelling and closing sales orders."""

import itertools
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Transient
from erpsync.domain.ids import TargetId
from erpsync.domain.parties import Address
from erpsync.sandbox.faults import FaultKind
from erpsync.testing.erp_contract import eur
from tests.systems.dynamics.finance_operations.stand import World, an_order, draft, line, made, refused

PATCHES = r"batch .*(PATCH|DELETE|POST) SalesOrderLines.*"


def test_lines_that_stay_equal_are_not_touched(fo: World) -> None:
    ref = fo.make(an_order("a"))
    before = [row["InventoryLotId"] for row in fo.lines(ref.target_id)]
    after = draft(an_order("a", line("SKU-0001", "2"), line("SKU-0002", "3"), line("SKU-0003")))
    made(fo.erp().amend_orders({ref.target_id: after})[ref.target_id])
    rows = {row["InventoryLotId"]: row for row in fo.lines(ref.target_id)}
    assert set(before) < rows.keys()
    assert {row["ItemNumber"]: row["OrderedSalesQuantity"] for row in rows.values()} == {
        "SKU-0001": "2",
        "SKU-0002": "3",
        "FREIGHT": "1",
        "SKU-0003": "1",
    }


def test_an_order_that_is_equal_already_is_not_written(fo: World) -> None:
    one = draft(an_order("same"))
    ref = fo.make(an_order("same"))
    made(fo.erp().amend_orders({ref.target_id: one})[ref.target_id])
    assert fo.calls("batch PATCH") == 0


def test_a_new_address_and_a_new_price_are_written(fo: World) -> None:
    ref = fo.make(an_order("moved"))
    where = Address(first_name="Ada", last_name="Byron", line1="Other Street 1", city="Vienna", country="AT")
    after = draft(an_order("moved", line("SKU-0001", "2", "8.00"), line("SKU-0002"), shipping=where))
    made(fo.erp().amend_orders({ref.target_id: after})[ref.target_id])
    assert fo.header(ref.target_id)["DeliveryAddressCity"] == "Vienna"
    assert fo.simulator.controls.booked("shop-moved")[0].total == after.order.total.amount


def test_what_has_been_delivered_is_neither_removed_nor_lowered(fo: World) -> None:
    ref = fo.make(an_order("gone"))
    fo.simulator.controls.ship(ref.target_id, {"SKU-0001": Decimal(2)})
    erp = fo.erp()
    for lines in ((line("SKU-0001", "1"), line("SKU-0002")), (line("SKU-0002"),)):
        refused(erp.amend_orders({ref.target_id: draft(an_order("gone", *lines))})[ref.target_id], "already-delivered")
    more = draft(an_order("gone", line("SKU-0001", "5"), line("SKU-0002")))
    made(erp.amend_orders({ref.target_id: more})[ref.target_id])


def test_an_invoiced_order_takes_no_change(fo: World) -> None:
    ref = fo.make(an_order("billed"))
    fo.simulator.controls.invoice(ref.target_id)
    erp = fo.erp()
    made(erp.amend_orders({ref.target_id: draft(an_order("billed"))})[ref.target_id])
    after = draft(an_order("billed", line("SKU-0001", "2"), line("SKU-0002"), line("SKU-0004")))
    refused(erp.amend_orders({ref.target_id: after})[ref.target_id], "order-closed")


def test_a_cancelled_order_takes_no_change_and_one_that_is_gone_is_told(fo: World) -> None:
    ref = fo.make(an_order("void"))
    erp = fo.erp()
    made(erp.cancel_orders([ref.target_id])[ref.target_id])
    refused(erp.amend_orders({ref.target_id: draft(an_order("void"))})[ref.target_id], "order-closed")
    nobody = TargetId("SO-NONE")
    refused(erp.amend_orders({nobody: draft(an_order("void"))})[nobody], "order-gone")
    refused(erp.cancel_orders([nobody])[nobody], "order-gone")


def test_a_cancelled_order_keeps_its_number_without_lines_and_is_stopped(fo: World) -> None:
    ref = fo.make(an_order("void"))
    made(fo.erp().cancel_orders([ref.target_id])[ref.target_id])
    assert fo.lines(ref.target_id) == []
    assert fo.header(ref.target_id)["IsSalesProcessingStopped"] == "Yes"


def test_an_order_cancelled_by_hand_is_cancelled(fo: World) -> None:
    ref = fo.make(an_order("hand"))
    fo.simulator.controls.cancel_by_hand(ref.target_id)
    made(fo.erp().cancel_orders([ref.target_id])[ref.target_id])
    made(fo.erp().close_orders([ref.target_id])[ref.target_id])


def test_closing_keeps_the_charges_and_what_was_delivered(fo: World) -> None:
    ref = fo.make(an_order("rest", line("SKU-0001", "5"), line("SKU-0002")))
    fo.simulator.controls.ship(ref.target_id, {"SKU-0001": Decimal(2)})
    made(fo.erp().close_orders([ref.target_id])[ref.target_id])
    assert {row["ItemNumber"]: row["OrderedSalesQuantity"] for row in fo.lines(ref.target_id)} == {
        "SKU-0001": "2",
        "FREIGHT": "1",
    }


def test_closing_an_order_of_which_nothing_left_cancels_it(fo: World) -> None:
    ref = fo.make(an_order("none"))
    made(fo.erp().close_orders([ref.target_id])[ref.target_id])
    assert fo.simulator.controls.booked("shop-none")[0].state == "cancelled"


def test_an_order_that_somebody_else_changes_meanwhile_is_tried_again(fo: World) -> None:
    ref = fo.make(an_order("both"))
    fo.fail(
        PATCHES,
        FaultKind.STATUS,
        status=200,
        headers=(("Content-Type", "multipart/mixed; boundary=b"),),
        body=_refusal(),
    )
    after = draft(an_order("both", line("SKU-0001", "3"), line("SKU-0002")))
    answer = fo.erp().amend_orders({ref.target_id: after})[ref.target_id]
    assert isinstance(answer, Transient)
    assert answer.code == "write-conflict"


def test_a_packing_slip_between_reading_and_writing_is_not_overrun(fo: World) -> None:
    """The lines' ETags refuse it, and nothing of the order's changes is done."""
    ref = fo.make(an_order("race"))
    erp, access = fo.erp(), fo.simulator.access
    erp.ping()
    enter, requests = access.enter, itertools.count(1)

    def shipping_meanwhile() -> tuple[str, int] | None:
        if next(requests) == 2:
            fo.simulator.controls.ship(ref.target_id, {"SKU-0002": Decimal(1)})
        return enter()

    access.enter = shipping_meanwhile  # type: ignore[method-assign]
    answer = erp.cancel_orders([ref.target_id])[ref.target_id]
    assert isinstance(answer, Transient)
    assert len(fo.lines(ref.target_id)) == 3
    refused(erp.cancel_orders([ref.target_id])[ref.target_id], "order-shipped")


def test_a_lost_reply_to_an_amendment_waits_for_f_and_o(fo: World) -> None:
    ref = fo.make(an_order("wait"))
    after = draft(an_order("wait", line("SKU-0001", "2"), line("SKU-0002"), line("SKU-0005")))
    fault = fo.fail(PATCHES)
    with pytest.raises(OutcomeUnknown) as lost:
        fo.erp().amend_orders({ref.target_id: after})
    assert (fault.fired, lost.value.settle_seconds) == (1, 7)
    made(fo.erp().amend_orders({ref.target_id: after})[ref.target_id])
    assert len([row for row in fo.lines(ref.target_id) if row["ItemNumber"] == "SKU-0005"]) == 1


def test_one_order_of_several_that_cannot_be_amended_fails_alone(fo: World) -> None:
    good, bad = fo.make(an_order("good")), fo.make(an_order("bad"))
    drafts = {
        good.target_id: draft(an_order("good", line("SKU-0001"), tip=eur("1.00"))),
        bad.target_id: draft(an_order("bad", line("SKU-9999"))),
    }
    answers = fo.erp().amend_orders(drafts)
    made(answers[good.target_id])
    refused(answers[bad.target_id], "sku-unknown")


def _refusal() -> bytes:
    told = (
        b'{"error":{"code":"","message":"","innererror":{"message":"An update conflict occurred due to another user"}}}'
    )
    part = (
        b"Content-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n"
        + told
    )
    return b"--b\r\n" + part + b"\r\n--b--\r\n"
