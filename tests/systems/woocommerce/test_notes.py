"""What is written on orders: the ERP's number, and the mark of one that waits."""

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip
from erpsync.domain.ids import SourceId, TargetId
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import OrderMark, OrderNote
from erpsync.sandbox.faults import FaultKind
from tests.systems.woocommerce.stand import Stand, stand


def note(order_id: str, display: str = "SO-1") -> OrderNote:
    return OrderNote(SourceId(order_id), "erp", TargetId(display.removeprefix("SO-")), display)


def fields(shop: Stand, order_id: str) -> dict[str, object]:
    return {meta["key"]: meta["value"] for meta in shop.shop.order(order_id).meta}


def test_a_hundred_orders_are_told_their_numbers_in_one_call(shop: Stand) -> None:
    placed = [shop.shop.place({"SKU-0001": 1}) for _ in range(101)]
    told = shop.open().write_back([note(order_id, f"SO-{order_id}") for order_id in placed])
    assert set(told.values()) == {None}
    assert shop.calls("POST orders/batch") == 2
    assert fields(shop, placed[-1]) == {
        "erpsync_erp_order": f"SO-{placed[-1]}",
        "erpsync_erp_order_id": placed[-1],
    }


def test_a_number_that_changed_takes_the_place_of_the_one_before(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    for display in ("SO-1", "SO-2", "SO-2"):
        shop.open().write_back([note(order_id, display)])
    assert len(shop.shop.order(order_id).meta) == 2
    assert fields(shop, order_id)["erpsync_erp_order"] == "SO-2"


def test_an_order_that_is_gone_fails_alone(shop: Stand) -> None:
    gone, well = shop.shop.place({"SKU-0001": 1}), shop.shop.place({"SKU-0001": 1})
    shop.shop.trash(gone, force=True)
    told = shop.open().write_back([note(gone), note(well), note("no-id")])
    assert [type(told[SourceId(key)]) for key in (gone, well, "no-id")] == [Skip, type(None), Skip]
    assert fields(shop, well)


def test_writing_back_is_an_echo_that_changes_no_content(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, seconds_ago=10)
    before = shop.order(order_id)
    shop.open().write_back([note(order_id)])
    after = shop.order(order_id)
    assert after.version > before.version
    assert after.content_hash() == before.content_hash()


def test_a_lost_reply_leaves_it_unknown_and_writing_again_is_harmless(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    fault = shop.fault(FaultKind.LOST_REPLY, "POST orders/batch")
    with pytest.raises(OutcomeUnknown):
        shop.open().write_back([note(order_id)])
    assert fault.fired == 1
    assert shop.open().write_back([note(order_id)]) == {SourceId(order_id): None}
    assert len(shop.shop.order(order_id).meta) == 2


def test_what_was_written_before_a_lost_reply_stays_answered(shop: Stand) -> None:
    placed = [shop.shop.place({"SKU-0001": 1}) for _ in range(150)]
    fault = shop.fault(FaultKind.LOST_REPLY, "POST orders/batch", skip=1)
    told = list(shop.open().write_back([note(order_id) for order_id in placed]).values())
    assert fault.fired == 1
    assert set(told[:100]) == {None}
    assert {type(answer) for answer in told[100:]} == {OutcomeUnknown}


def test_a_host_that_takes_smaller_batches_gets_them(tools: Tools) -> None:
    with stand(tools, batch_limit=30) as shop:
        placed = [shop.shop.place({"SKU-0001": 1}) for _ in range(60)]
        store = shop.open()
        for calls in (3, 2):  # sixty are refused once, and never tried again
            before = shop.calls("POST orders/batch")
            assert set(store.write_back([note(order_id) for order_id in placed]).values()) == {None}
            assert shop.calls("POST orders/batch") == before + calls
        assert all(shop.shop.order(order_id).meta for order_id in placed)


@pytest.mark.parametrize("body", [b"<html>Request Entity Too Large</html>", b'{"code":"woocommerce_rest_error"}'])
def test_a_batch_of_one_that_is_refused_as_a_whole_was_not_done(shop: Stand, body: bytes) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    fault = shop.fault(FaultKind.STATUS, "POST orders/batch", status=413, body=body)
    with pytest.raises(Rejected) as refused:
        shop.open().write_back([note(order_id)])
    assert (fault.fired, bool(refused.value.problem.next_step)) == (1, True)


def test_a_mark_is_taken_away_and_other_fields_stay(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    shop.shop.shop.set_meta(shop.shop.order(order_id), "gift_note", "Hello")
    store = shop.open(meta_prefix="sync")
    store.mark_orders([OrderMark(SourceId(order_id), "unknown-sku")])
    assert fields(shop, order_id) == {"gift_note": "Hello", "sync_hold": "unknown-sku"}
    for _ in range(2):
        assert store.mark_orders([OrderMark(SourceId(order_id), "")]) == {SourceId(order_id): None}
    assert fields(shop, order_id) == {"gift_note": "Hello"}
