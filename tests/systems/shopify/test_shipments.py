"""Shipments become fulfilments: once each, from where the goods lie, with one message to the buyer."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError, Transient, Unavailable
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId
from erpsync.ports.store_records import FulfilledLine, FulfilmentDraft, StoreRef
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.shopify.documents import DOCUMENTS
from erpsync.systems.shopify.simulator_api import SCOPES
from erpsync.testing.barrier import Meeting, together
from tests.systems.shopify.meanwhile import Meanwhile

OpenBench = Callable[..., Any]
PARCEL = Parcel(carrier="DHL", number="00340", url="https://track.example.com/00340")


def draft(bench: Any, order_id: str, quantities: dict[str, int | str], **changes: Any) -> FulfilmentDraft:
    lines = {str(line.sku): SourceId(str(line.id)) for line in bench.simulator.shop.find(order_id).lines}
    return FulfilmentDraft(
        reference=changes.pop("reference", "ship-1"),
        order_id=SourceId(order_id),
        lines=tuple(
            FulfilledLine(None if changes.get("by_sku") else lines.get(sku), Sku(sku), Decimal(quantity))
            for sku, quantity in quantities.items()
        ),
        parcels=changes.pop("parcels", (PARCEL,)),
        notify=changes.pop("notify", True),
        location=changes.pop("location", ""),
    )


def fulfil(bench: Any, *drafts: FulfilmentDraft, **settings: Any) -> list[StoreRef | SyncError]:
    answers = bench.store(**settings).fulfil(list(drafts))
    return [answers[each.reference] for each in drafts]


def made(bench: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bench.served.records()["fulfilments"]
    return found


def shipping(bench: Any, order_id: str) -> Any:
    """What the simulated store answers to the adapter's own query."""
    url = f"{bench.served.base_url}/admin/api/2026-10/graphql.json"
    variables = {"id": f"gid://shopify/Order/{order_id}", "namespace": "erpsync"}
    request = {"query": DOCUMENTS["Shipping"], "operationName": "Peek", "variables": variables}
    headers = {"X-Shopify-Access-Token": bench.served.settings["access_token"]}
    return requests.post(url, json=request, headers=headers, timeout=60).json()["data"]["node"]


class TestOnce:
    def test_another_worker_answers_from_what_is_kept_on_the_order(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 3}])
        first = fulfil(bench, draft(bench, order_id, {"SKU-0001": 2}))
        assert fulfil(bench, draft(bench, order_id, {"SKU-0001": 2})) == first
        assert isinstance(first[0], StoreRef)
        assert first[0].display == "#1001-F1"
        assert len(made(bench)) == 1
        assert bench.controls.shown(order_id).messages == 1

    def test_two_equal_shipments_are_two(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        for reference in ("ship-1", "ship-2", "ship-2", "ship-1"):
            fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}, reference=reference))
        assert [each["lines"] for each in made(bench)] == [{"SKU-0001": 1}, {"SKU-0001": 1}]

    @pytest.mark.parametrize("parcels", [(PARCEL,), ()], ids=["with tracking", "without"])
    def test_a_lost_reply_is_an_unknown_outcome_and_then_found(self, bench: Any, parcels: tuple[Parcel, ...]) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        wanted = draft(bench, order_id, {"SKU-0001": 1}, parcels=parcels)
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="Fulfil"))
        (lost,) = fulfil(bench, wanted)
        assert isinstance(lost, OutcomeUnknown)
        assert lost.settle_seconds == 60
        assert fault.fired
        (found,) = fulfil(bench, wanted)
        assert isinstance(found, StoreRef)
        assert len(made(bench)) == 1
        assert bench.controls.shown(order_id).messages == 1

    def test_what_is_done_late_is_found_once_it_has_settled(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        wanted = draft(bench, order_id, {"SKU-0001": 1})
        fault = bench.served.faulty.add(Fault(FaultKind.LATE, operation="Fulfil", seconds=0.05))
        (late,) = fulfil(bench, wanted, settle_seconds=7)
        assert isinstance(late, OutcomeUnknown)
        assert late.retry_after_seconds == 7
        assert fault.fired
        bench.served.faulty.wait_for_late()
        assert isinstance(fulfil(bench, wanted)[0], StoreRef)
        assert len(made(bench)) == 1

    @pytest.mark.parametrize(
        "answer",
        [
            Fault(FaultKind.STATUS, operation="Fulfil", status=502),
            Fault(FaultKind.STATUS, operation="Fulfil", status=200, body=b"<html>"),
            Fault(FaultKind.STATUS, operation="Fulfil", status=200, body=b'{"data":null}'),
            Fault(
                FaultKind.STATUS, operation="Fulfil", status=200,
                body=b'{"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}',
            ),
        ],
    )  # fmt: skip
    def test_an_answer_that_does_not_tell_leaves_the_outcome_unknown(self, bench: Any, answer: Fault) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        bench.served.faulty.add(answer)
        assert isinstance(fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}))[0], OutcomeUnknown)
        assert answer.fired

    def test_a_throttled_call_was_surely_not_done(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        body = b'{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}'
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation="Fulfil", status=429, body=body))
        with pytest.raises(Transient) as raised:
            fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}))
        assert raised.value.counts_as_attempt is False

    def test_a_worker_that_died_before_it_kept_the_reference_made_no_second_one(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        wanted = draft(bench, order_id, {"SKU-0001": 1})
        fault = bench.served.faulty.add(Fault(FaultKind.REFUSE, operation="WriteBack"))
        with pytest.raises(Unavailable):
            fulfil(bench, wanted)
        assert fault.fired
        assert isinstance(fulfil(bench, wanted)[0], StoreRef)
        assert len(made(bench)) == 1

    def test_what_a_person_made_known_by_the_same_number_is_taken_for_it(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}, reference="by hand"))
        bench.simulator.shop.find(order_id).metafields.clear()
        assert isinstance(fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}))[0], StoreRef)
        assert bench.controls.shown(order_id).messages == 1

    def test_without_a_number_what_was_there_before_is_not_taken_for_it(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}, reference="by hand", parcels=()))
        bench.simulator.shop.find(order_id).metafields.clear()
        fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}, parcels=()))
        assert len(made(bench)) == 2

    def test_a_fulfilment_that_was_cancelled_is_not_made_again(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        first = fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}))
        bench.simulator.shop.find(order_id).fulfilments[0].status = "CANCELLED"
        assert fulfil(bench, draft(bench, order_id, {"SKU-0001": 1})) == first

    def test_one_that_shopify_is_still_at_work_on_counts(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        wanted = draft(bench, order_id, {"SKU-0001": 1})
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="Fulfil"))
        assert isinstance(fulfil(bench, wanted)[0], OutcomeUnknown)
        assert fault.fired
        answer = shipping(bench, order_id)
        answer["fulfillments"][0]["status"] = "PENDING"
        body = json.dumps({"data": {"node": answer}}).encode()
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation="Shipping", status=200, body=body))
        assert isinstance(fulfil(bench, wanted)[0], StoreRef)
        assert len(made(bench)) == 1

    def test_two_workers_with_two_shipments_of_one_order_keep_both(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 5}, {"sku": "SKU-0002", "quantity": 5}])
        drafts = [
            draft(bench, order_id, {f"SKU-000{n}": n}, reference=f"ship-{n}", parcels=(Parcel(number=f"N{n}"),))
            for n in (1, 2)
        ]
        # Neither is answered before both have looked and found none.
        both = Meanwhile(bench.simulator, "Fulfil", Meeting(2).arrive, each_time=True)
        with serve({"shopify": both}) as served:
            workers = [bench.store(base_url=served["shopify"].base_url) for _ in drafts]
            told = together(
                *(
                    lambda store=store, each=each: store.fulfil([each])
                    for store, each in zip(workers, drafts, strict=True)
                ),
                seconds=60,
            )
        assert both.happened
        answers = [future.result()[each.reference] for future, each in zip(told, drafts, strict=True)]
        assert all(isinstance(answer, StoreRef) for answer in answers)
        assert [fulfil(bench, each)[0] for each in drafts] == answers
        assert len(made(bench)) == 2


class TestSeveral:
    def place(self, bench: Any) -> tuple[str, tuple[str, ...]]:
        """An order whose lines lie at two locations."""
        places = bench.controls.locations
        lines = [
            {"sku": "SKU-0001", "quantity": 2, "location": int(places[0])},
            {"sku": "SKU-0002", "quantity": 2, "location": int(places[1])},
        ]
        return bench.simulator.place_order(lines), places

    def test_goods_of_two_locations_become_two_fulfilments_and_one_message(self, bench: Any) -> None:
        order_id, places = self.place(bench)
        (ref,) = fulfil(bench, draft(bench, order_id, {"SKU-0001": 1, "SKU-0002": 2}))
        assert isinstance(ref, StoreRef)
        assert ref.display == "#1001-F1 + #1001-F2"
        assert [(each["location"], each["lines"]) for each in made(bench)] == [
            (places[0], {"SKU-0001": 1}), (places[1], {"SKU-0002": 2}),
        ]  # fmt: skip
        assert bench.controls.shown(order_id).messages == 1
        assert bench.controls.shown(order_id).shipments == {"00340": {"SKU-0001": 1, "SKU-0002": 2}}

    @pytest.mark.parametrize("kind", [FaultKind.LOST_REPLY, FaultKind.REFUSE])
    def test_when_the_second_of_two_is_lost_the_buyer_is_told_once(self, bench: Any, kind: FaultKind) -> None:
        order_id, _ = self.place(bench)
        wanted = draft(bench, order_id, {"SKU-0001": 2, "SKU-0002": 2})
        fault = bench.served.faulty.add(Fault(kind, operation="Fulfil", skip=1))
        assert isinstance(fulfil(bench, wanted)[0], OutcomeUnknown)
        assert fault.fired
        assert isinstance(fulfil(bench, wanted)[0], StoreRef)
        assert len(made(bench)) == 2
        assert bench.controls.shown(order_id).messages == 1
        assert bench.controls.shown(order_id).shipments == {"00340": {"SKU-0001": 2, "SKU-0002": 2}}

    def test_the_location_it_left_from_is_preferred(self, bench: Any) -> None:
        places = bench.controls.locations
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 1, "location": int(places[0])}])
        order = bench.simulator.shop.find(order_id)
        bench.simulator.shop.shipments.assign(order, order.lines[0], 1, int(places[1]))
        fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}, location=places[1]))
        assert [each["location"] for each in made(bench)] == [places[1]]

    def test_ways_of_delivery_are_kept_apart(self, bench: Any) -> None:
        order_id, places = self.place(bench)
        first, second = bench.simulator.shop.find(order_id).fulfilment_orders
        second.location, second.delivery = first.location, "PICK_UP"
        assert isinstance(fulfil(bench, draft(bench, order_id, {"SKU-0001": 1, "SKU-0002": 1}))[0], StoreRef)
        assert [each["location"] for each in made(bench)] == [places[0], places[0]]

    def test_lists_are_read_beyond_the_first_page(self, bench: Any) -> None:
        places = bench.controls.locations
        lines = [{"sku": f"SKU-{n % 50 + 1:04d}", "price": "1.00", "location": int(places[0])} for n in range(45)]
        order_id = bench.simulator.place_order(lines)
        order = bench.simulator.shop.find(order_id)
        for _ in range(6):
            place = bench.simulator.shop.catalogue.add_location("Popup")
            bench.simulator.shop.shipments.assign(order, order.lines[0], 1, place.id)
        every = {str(line.sku): 1 for line in order.lines}
        wanted = draft(bench, order_id, every | {"SKU-0001": 7})
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="Fulfil"))
        assert isinstance(fulfil(bench, wanted)[0], OutcomeUnknown)
        assert fault.fired
        assert isinstance(fulfil(bench, wanted)[0], StoreRef)
        assert sum(quantity for each in made(bench) for quantity in each["lines"].values()) == 51
        assert {"MoreToShip", "MoreFulfilmentOrders", "MoreShipped"} <= bench.served.faulty.operations.keys()

    def test_lines_without_an_id_are_found_by_their_sku(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}, {"sku": "SKU-0001"}])
        wanted = draft(bench, order_id, {"SKU-0001": 2}, by_sku=True)
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="Fulfil"))
        assert isinstance(fulfil(bench, wanted)[0], OutcomeUnknown)
        assert fault.fired
        assert isinstance(fulfil(bench, wanted)[0], StoreRef)
        assert len(made(bench)) == 1

    def test_several_parcels_are_several_numbers(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        parcels = (Parcel(carrier="UPS", number=" 1Z1 "), Parcel(carrier="UPS", number="1Z2"), Parcel(carrier="UPS"))
        fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}, parcels=parcels))
        assert made(bench)[0]["numbers"] == ["1Z1", "1Z2"]


class TestRefusals:
    def refused(self, bench: Any, wanted: FulfilmentDraft) -> Rejected:
        (answer,) = fulfil(bench, wanted)
        assert isinstance(answer, Rejected), answer
        assert wanted.reference in answer.problem.record
        assert len(answer.problem.next_step) > 20
        assert made(bench) == []
        return answer

    def test_goods_on_hold_are_told_with_the_reason(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        held = bench.simulator.shop.find(order_id).fulfilment_orders[0]
        held.status, held.hold = "ON_HOLD", "HIGH_RISK_OF_FRAUD"
        answer = self.refused(bench, draft(bench, order_id, {"SKU-0001": 1}))
        assert "on hold (high risk of fraud)" in answer.problem.what

    def test_goods_that_are_scheduled_are_told(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        bench.simulator.shop.find(order_id).fulfilment_orders[0].status = "SCHEDULED"
        assert "scheduled" in self.refused(bench, draft(bench, order_id, {"SKU-0001": 1})).problem.what

    def test_goods_of_another_companys_service_are_told(self, bench: Any) -> None:
        place = bench.simulator.shop.catalogue.add_location("Shipper", service="shipper")
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "location": place.id}])
        answer = self.refused(bench, draft(bench, order_id, {"SKU-0001": 1}))
        assert "another company's fulfilment service" in answer.problem.what

    def test_goods_that_were_shipped_by_hand_are_told(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "quantity": 2}])
        fulfil(bench, draft(bench, order_id, {"SKU-0001": 2}, reference="by hand", parcels=(Parcel(number="X"),)))
        (answer,) = fulfil(bench, draft(bench, order_id, {"SKU-0001": 2}))
        assert isinstance(answer, Rejected)
        assert answer.code == "shipped-too-much"

    @pytest.mark.parametrize("quantity", ["0.5", "0", "-1"])
    def test_a_quantity_that_shopify_cannot_hold_is_refused(self, bench: Any, quantity: str) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        assert self.refused(bench, draft(bench, order_id, {"SKU-0001": quantity})).code == "quantity-not-whole"

    def test_a_line_that_the_order_has_not_is_refused(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        assert self.refused(bench, draft(bench, order_id, {"SKU-0033": 1})).code == "shipped-too-much"

    def test_an_empty_shipment_is_refused(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        assert self.refused(bench, draft(bench, order_id, {})).code == "shipment-empty"

    def test_a_missing_scope_is_named(self, open_bench: OpenBench) -> None:
        bench = open_bench(scopes=SCOPES - {"write_merchant_managed_fulfillment_orders"})
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        (answer,) = fulfil(bench, draft(bench, order_id, {"SKU-0001": 1}))
        assert isinstance(answer, Rejected)
        assert "read_merchant_managed_fulfillment_orders" in answer.problem.what

    def test_one_that_is_refused_does_not_keep_the_others(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        gone = draft(bench, order_id, {"SKU-0001": 1}, reference="gone")
        gone = FulfilmentDraft("gone", SourceId("12345"), gone.lines, gone.parcels, notify=False)
        odd = FulfilmentDraft("odd", SourceId("no id"), gone.lines, gone.parcels, notify=False)
        answers = fulfil(bench, gone, odd, draft(bench, order_id, {"SKU-0001": 1}))
        assert [type(answer) for answer in answers] == [Skip, Rejected, StoreRef]

    def test_what_was_made_before_an_outage_is_told(self, bench: Any) -> None:
        first, second = (bench.simulator.place_order([{"sku": "SKU-0001"}]) for _ in range(2))
        fault = bench.served.faulty.add(Fault(FaultKind.REFUSE, operation="Shipping", skip=1))
        answers = fulfil(
            bench, draft(bench, first, {"SKU-0001": 1}), draft(bench, second, {"SKU-0001": 1}, reference="ship-2")
        )
        assert fault.fired
        assert [type(answer) for answer in answers] == [StoreRef, Unavailable]

    def test_what_shopify_refuses_without_a_reason_is_told_with_where_to_look(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        body = b'{"data":{"fulfillmentCreate":{"fulfillment":null,"userErrors":[{"field":["fulfillment"]}]}}}'
        fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation="Fulfil", status=200, body=body))
        assert self.refused(bench, draft(bench, order_id, {"SKU-0001": 1})).code == "fulfilment-refused"
        assert fault.fired

    def test_a_hold_that_comes_between_looking_and_making_is_told(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}])
        waiting = bench.simulator.shop.find(order_id).fulfilment_orders[0]
        meanwhile = Meanwhile(bench.simulator, "Fulfil", lambda: setattr(waiting, "status", "ON_HOLD"))
        with serve({"shopify": meanwhile}) as served:
            wanted = draft(bench, order_id, {"SKU-0001": 1})
            (answer,) = fulfil(bench, wanted, base_url=served["shopify"].base_url)
        assert meanwhile.happened
        assert isinstance(answer, Rejected)
        assert answer.code == "fulfilment-blocked"
