"""Shipments: kept once, told once, with their tracking."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, Throttled, Unavailable
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Start
from erpsync.ports.store_records import FulfilledLine, FulfilmentDraft, StoreRef, StoreWritten
from erpsync.sandbox.faults import FaultKind
from erpsync.systems.woocommerce.simulator import WooCommerceSimulator
from erpsync.testing.barrier import Meeting, together
from tests.systems.woocommerce.stand import Stand, stand

PUT, NOTE = "PUT orders/{id}", "POST orders/{id}/notes"


def draft(
    order_id: str,
    reference: str = "erp-ship-1",
    quantities: dict[str, int] | None = None,
    *,
    notify: bool = False,
    parcels: tuple[Parcel, ...] | None = None,
) -> FulfilmentDraft:
    lines = tuple(
        FulfilledLine(None, Sku(sku), Decimal(quantity)) for sku, quantity in (quantities or {"SKU-0001": 1}).items()
    )
    number = f"00340-{reference}"
    given = (Parcel(carrier="DHL", number=number, url=f"https://track.example.com/{number}"),)
    return FulfilmentDraft(reference, SourceId(order_id), lines, given if parcels is None else parcels, notify)


def fulfil(shop: Stand, *drafts: FulfilmentDraft, **changes: object) -> StoreWritten:
    """The answer to the last one."""
    return shop.open(**changes).fulfil(drafts)[drafts[-1].reference]


def refused(answer: StoreWritten, code: str) -> None:
    assert isinstance(answer, Rejected), answer
    assert (answer.code, bool(answer.problem.next_step)) == (code, True)


def tracking(shop: Stand, order_id: str) -> list[dict[str, object]]:
    return next(meta["value"] for meta in shop.shop.order(order_id).meta if "tracking_items" in meta["key"])


def test_an_order_is_complete_once_all_of_it_is_shipped(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2, "SKU-0002": 1})
    assert isinstance(fulfil(shop, draft(order_id, quantities={"SKU-0001": 2})), StoreRef)
    assert shop.shop.shown(order_id).state == "processing"
    assert isinstance(fulfil(shop, draft(order_id, "erp-ship-2", {"SKU-0002": 1})), StoreRef)
    assert shop.shop.shown(order_id).state == "completed"


def test_an_order_that_a_plugin_moves_on_from_completed_is_left_there(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    assert isinstance(fulfil(shop, draft(order_id), closed_statuses="archived"), StoreRef)
    assert isinstance(fulfil(shop, draft(order_id), closed_statuses="archived"), StoreRef)
    assert (shop.shop.shown(order_id).state, shop.calls(PUT)) == ("completed", 1)


def test_an_order_is_left_open_where_the_setting_says_so(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    assert isinstance(fulfil(shop, draft(order_id), complete_when_shipped=False), StoreRef)
    assert shop.shop.shown(order_id).state == "processing"


def test_what_was_refunded_need_not_be_shipped_and_cannot_be(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 3})
    shop.shop.refund(order_id, {"SKU-0001": 1})
    refused(fulfil(shop, draft(order_id, quantities={"SKU-0001": 3})), "too-much-shipped")
    assert isinstance(fulfil(shop, draft(order_id, quantities={"SKU-0001": 2})), StoreRef)
    assert shop.shop.shown(order_id).state == "completed"


def test_shipments_of_one_order_in_one_call_count_together(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 3})
    drafts = [draft(order_id, f"s{number}", {"SKU-0001": 2}) for number in (1, 2)]
    answers = shop.open().fulfil(drafts)
    assert isinstance(answers["s1"], StoreRef)
    refused(answers["s2"], "too-much-shipped")
    assert shop.shop.shown(order_id).shipments == {"00340-s1": {"SKU-0001": 2}}


def test_what_others_keep_in_the_tracking_list_stays(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2})
    theirs = {"tracking_id": "abc", "tracking_number": "BY-HAND", "date_shipped": "1", "products_list": []}
    shop.shop.shop.set_meta(shop.shop.order(order_id), "_wc_shipment_tracking_items", [theirs])
    fulfil(shop, draft(order_id))
    assert [item["tracking_number"] for item in tracking(shop, order_id)] == ["BY-HAND", "00340-erp-ship-1"]
    assert tracking(shop, order_id)[0] == theirs


def test_the_tracking_list_is_kept_where_the_setting_says(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2})
    fulfil(shop, draft(order_id), tracking_meta_key="_my_tracking_items")
    assert [item["tracking_number"] for item in tracking(shop, order_id)] == ["00340-erp-ship-1"]
    assert "_my_tracking_items" in {meta["key"] for meta in shop.shop.order(order_id).meta}


def test_several_parcels_of_a_shipment_hold_its_goods_once(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2})
    parcels = (Parcel(carrier="DHL", number="P1"), Parcel(carrier="UPS", number="P2"))
    answer = fulfil(shop, draft(order_id, parcels=parcels))
    assert isinstance(answer, StoreRef)
    assert answer.display == "P1, P2"
    assert shop.shop.shown(order_id).shipments == {"P1": {"SKU-0001": 1}, "P2": {}}


def test_a_shipment_without_a_parcel_is_kept_too(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    for _ in range(2):
        answer = fulfil(shop, draft(order_id, parcels=(), notify=True))
        assert isinstance(answer, StoreRef)
        assert answer.display == "erp-ship-1"
    assert shop.shop.shown(order_id).messages == 1


def test_a_reference_that_no_meta_can_be_named_by_is_kept_once(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2})
    strange = f"Lieferung/{'ß' * 200}"
    assert fulfil(shop, draft(order_id, strange)) == fulfil(shop, draft(order_id, strange))
    assert shop.calls(PUT) == 1


def test_the_buyer_is_told_in_the_shops_words_and_once(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    for _ in range(3):
        fulfil(shop, draft(order_id, notify=True), shipment_note="Unterwegs mit {carrier}: {number}")
    [note] = shop.shop.records()["notes"]
    assert (note["note"], note["customer_note"]) == ("Unterwegs mit DHL: 00340-erp-ship-1", True)


def test_the_buyer_is_not_told_where_nobody_asks_for_it(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    fulfil(shop, draft(order_id))
    assert shop.shop.records()["notes"] == []


def test_a_message_whose_reply_was_lost_is_not_sent_again(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    fault = shop.fault(FaultKind.LOST_REPLY, NOTE)
    answer = fulfil(shop, draft(order_id, notify=True))
    assert isinstance(answer, OutcomeUnknown)
    assert (fault.fired, answer.settle_seconds) == (1, 1)
    assert isinstance(fulfil(shop, draft(order_id, notify=True)), StoreRef)
    assert (shop.shop.shown(order_id).messages, shop.calls(PUT)) == (1, 1)


def test_a_message_that_never_came_about_is_sent_by_the_next_try(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    fault = shop.fault(FaultKind.REFUSE, NOTE)
    assert isinstance(fulfil(shop, draft(order_id, notify=True)), OutcomeUnknown)
    assert isinstance(fulfil(shop, draft(order_id, notify=True)), StoreRef)
    assert (fault.fired, shop.shop.shown(order_id).messages) == (1, 1)


def test_a_shipment_that_is_done_late_is_not_taken_for_missing(shop: Stand) -> None:
    """The shop does it after the connection broke: the answer says how long to wait before looking again."""
    order_id = shop.shop.place({"SKU-0001": 2})
    fault = shop.fault(FaultKind.LATE, PUT, seconds=0.3)
    answer = fulfil(shop, draft(order_id, notify=True))
    assert isinstance(answer, OutcomeUnknown)
    assert (fault.fired, answer.settle_seconds) == (1, 1)
    shop.faulty.wait_for_late()
    assert isinstance(fulfil(shop, draft(order_id, notify=True)), StoreRef)
    assert shop.shop.shown(order_id).shipments == {"00340-erp-ship-1": {"SKU-0001": 1}}
    assert (shop.shop.shown(order_id).messages, shop.calls(PUT)) == (1, 1)


def test_once_the_shop_does_not_answer_it_is_asked_no_more(shop: Stand) -> None:
    orders = [shop.shop.place({"SKU-0001": 1}) for _ in range(4)]
    drafts = [draft(order_id, f"s{order_id}") for order_id in orders]
    lost = shop.fault(FaultKind.LOST_REPLY, PUT, skip=1)
    told = list(shop.open().fulfil(drafts).values())
    assert lost.fired == 1
    assert isinstance(told[0], StoreRef)
    assert isinstance(told[1], OutcomeUnknown)
    assert [type(answer) for answer in told[2:]] == [Unavailable, Unavailable]
    assert shop.calls(PUT) == 2
    throttled = shop.fault(FaultKind.STATUS, PUT, status=429)
    told = list(shop.open().fulfil(drafts).values())
    assert throttled.fired == 1
    assert [type(answer) for answer in told] == [StoreRef, StoreRef, Throttled, Throttled]
    assert all(isinstance(answer, StoreRef) for answer in shop.open().fulfil(drafts).values())


class BothReadFirst(WooCommerceSimulator):
    """Answers no list of orders before two were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = Meeting(2)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        answer = super().__call__(environ, start_response)
        if self.operation(environ, b"") == "GET orders":
            self.meeting.arrive()
        return answer


def test_two_workers_at_two_shipments_of_an_order_lose_neither(tools: Tools) -> None:
    """Both read the order before either writes: the later list would leave the earlier's tracking out."""
    with stand(tools, BothReadFirst()) as shop:
        order_id = shop.shop.place({"SKU-0001": 2})
        drafts = [draft(order_id, f"s{number}") for number in (1, 2)]
        answers = together(*(lambda one=one: fulfil(shop, one) for one in drafts))  # type: ignore[misc]
        assert all(isinstance(answer.result(), StoreRef) for answer in answers)
        shown = shop.shop.shown(order_id)
        assert shown.shipments == {"00340-s1": {"SKU-0001": 1}, "00340-s2": {"SKU-0001": 1}}
        assert shown.state == "completed"


def test_what_a_person_took_out_of_the_list_long_ago_is_not_put_back(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2})
    fulfil(shop, draft(order_id, "s1"))
    order = shop.shop.order(order_id)
    for meta in order.meta:
        if meta["key"].endswith("shipment_s1"):
            meta["value"]["items"][0]["date_shipped"] = "1700000000"
    shop.shop.shop.set_meta(order, "_wc_shipment_tracking_items", [])
    fulfil(shop, draft(order_id, "s2"))
    assert list(shop.shop.shown(order_id).shipments) == ["00340-s2"]


@pytest.mark.parametrize("status", ["cancelled", "refunded", "failed"])
def test_an_order_that_is_off_is_not_shipped(shop: Stand, status: str) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, status=status)
    refused(fulfil(shop, draft(order_id)), "order-is-off")
    assert shop.calls(PUT) == 0


def test_an_order_that_is_off_by_a_status_of_the_shops_own_is_not_shipped(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, status="declined")
    refused(fulfil(shop, draft(order_id), cancelled_statuses="declined"), "order-is-off")
    assert shop.calls(PUT) == 0


def test_an_order_that_is_gone_and_a_line_that_is_not_there_fail_alone(shop: Stand) -> None:
    gone, well = shop.shop.place({"SKU-0001": 1}), shop.shop.place({"SKU-0001": 1})
    shop.shop.trash(gone)
    other = draft(well, "other", {"SKU-0050": 1})
    answers = shop.open().fulfil([draft(gone, "gone"), other, draft(well, "well")])
    assert isinstance(answers["gone"], Skip)
    refused(answers["other"], "line-unknown")
    assert isinstance(answers["well"], StoreRef)


def test_goods_shipped_again_under_their_line_are_found_by_its_id(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1, "SKU-0002": 1})
    line = shop.order(order_id).lines[1]
    by_line = FulfilmentDraft(
        "s1", SourceId(order_id), (FulfilledLine(line.source_id, Sku("RENAMED"), Decimal(1)),), (), notify=False
    )
    assert isinstance(fulfil(shop, by_line), StoreRef)
    refused(fulfil(shop, draft(order_id, "s2", {"SKU-0002": 1})), "too-much-shipped")


def test_a_sku_in_two_lines_is_taken_from_one_after_the_other(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 2, "SKU-0002": 1})
    shop.shop.order(order_id).lines[1].sku = "SKU-0001"
    for reference in ("s1", "s2", "s3"):
        assert isinstance(fulfil(shop, draft(order_id, reference)), StoreRef)
    taken = [content["item_id"] for item in tracking(shop, order_id) for content in item["products_list"]]  # type: ignore[attr-defined]
    lines = [str(line.id) for line in shop.shop.order(order_id).lines]
    assert taken == [lines[0], lines[0], lines[1]]
    assert shop.shop.shown(order_id).state == "completed"
    refused(fulfil(shop, draft(order_id, "s4")), "too-much-shipped")


def test_an_answer_that_is_no_order_leaves_the_shipment_unknown(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    fault = shop.fault(FaultKind.STATUS, PUT, status=200, body=b"[]")
    answer = fulfil(shop, draft(order_id))
    assert isinstance(answer, OutcomeUnknown)
    assert (fault.fired, answer.settle_seconds) == (1, 1)


def test_a_status_that_the_shop_refuses_is_the_records_own_fault(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    body = b'{"code":"rest_invalid_param","message":"x","data":{"status":400,"params":{"status":"no"}}}'
    shop.fault(FaultKind.STATUS, PUT, status=400, body=body)
    answer = fulfil(shop, draft(order_id))
    refused(answer, "record-refused")
    assert isinstance(answer, Rejected)
    assert "rest_invalid_param about status" in answer.problem.what
