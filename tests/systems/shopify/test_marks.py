"""Orders that wait for a person carry one tag of ours; all other tags stay."""

from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Skip, Unavailable
from erpsync.domain.ids import SourceId
from erpsync.ports.store_records import OrderMark
from erpsync.sandbox.faults import Fault, FaultKind


def mark(bench: Any, *marks: tuple[str, str], **settings: Any) -> dict[str, Any]:
    return dict(bench.store(**settings).mark_orders([OrderMark(SourceId(order_id), code) for order_id, code in marks]))


def tags(bench: Any, order_id: str) -> list[str]:
    return sorted(bench.controls.shown(order_id).marks)


def test_one_tag_changes_with_the_reason_and_others_stay(bench: Any) -> None:
    order_id = bench.simulator.place_order(tags=["VIP", "erpsync-partner"])
    mark(bench, (order_id, "unknown-sku"))
    assert tags(bench, order_id) == ["VIP", "erpsync-partner", "erpsync: unknown-sku"]
    mark(bench, (order_id, "order-unbalanced"))
    assert tags(bench, order_id) == ["VIP", "erpsync-partner", "erpsync: order-unbalanced"]
    mark(bench, (order_id, ""))
    assert tags(bench, order_id) == ["VIP", "erpsync-partner"]


def test_what_is_marked_already_is_not_written_again(bench: Any) -> None:
    order_ids = [bench.simulator.place_order(tags=["ERPSYNC: Unknown-SKU"]) for _ in range(3)]
    assert mark(bench, *((order_id, "unknown-sku") for order_id in order_ids)) == dict.fromkeys(order_ids)
    assert bench.served.faulty.operations == {"TagsOf": 1}


def test_a_long_reason_is_cut_and_still_ours(bench: Any) -> None:
    order_id = bench.simulator.place_order()
    mark(bench, (order_id, "a-reason-that-is-longer-than-any-tag-of-an-order-may-be"))
    (tag,) = tags(bench, order_id)
    assert len(tag) <= 40
    mark(bench, (order_id, ""))
    assert tags(bench, order_id) == []


def test_the_tag_may_be_another(bench: Any) -> None:
    order_id = bench.simulator.place_order()
    mark(bench, (order_id, "unknown-sku"), hold_tag="ERP")
    assert tags(bench, order_id) == ["ERP: unknown-sku"]


def test_an_order_that_is_gone_and_an_id_that_is_none_fail_alone(bench: Any) -> None:
    order_id = bench.simulator.place_order()
    found = mark(bench, ("5", "x"), ("none", "x"), (order_id, "unknown-sku"))
    assert isinstance(found["5"], Skip)
    assert isinstance(found["none"], Rejected)
    assert found[order_id] is None


def test_a_tag_that_shopify_refuses_fails_alone(bench: Any) -> None:
    first, second = bench.simulator.place_order(), bench.simulator.place_order()
    body = b'{"data":{"tagsAdd":{"userErrors":[{"field":["tags"]}]}}}'
    fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation="AddTags", status=200, body=body))
    found = mark(bench, (first, "unknown-sku"), (second, "unknown-sku"))
    assert fault.fired
    assert isinstance(found[first], Rejected)
    assert found[second] is None


def test_what_was_marked_before_an_outage_is_told(bench: Any) -> None:
    first, second = bench.simulator.place_order(), bench.simulator.place_order()
    fault = bench.served.faulty.add(Fault(FaultKind.REFUSE, operation="AddTags", skip=1))
    found = mark(bench, (first, "unknown-sku"), (second, "unknown-sku"))
    assert fault.fired
    assert found[first] is None
    assert isinstance(found[second], Unavailable)
    bench.served.faulty.add(Fault(FaultKind.REFUSE, operation="TagsOf"))
    with pytest.raises(Unavailable):
        mark(bench, (second, "unknown-sku"))
