"""Webhooks are made once, repaired after Shopify has deleted them, and left alone where they are well."""

from collections.abc import Callable
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.ports.store_records import SubscriptionState
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.testing.barrier import Meeting, together
from tests.systems.shopify.meanwhile import Meanwhile

OpenBench = Callable[..., Any]
ADDRESS = "https://erpsync.example.com/webhooks/shop"
TOPICS = ("ORDERS_CREATE", "ORDERS_UPDATED")


def listed(bench: Any) -> list[tuple[str, str, str]]:
    return sorted((each["topic"], each["uri"], each["format"]) for each in bench.served.records()["subscriptions"])


WELL = [(topic, ADDRESS, "JSON") for topic in TOPICS]


@pytest.mark.parametrize(
    "there",
    [
        [],
        [{"topic": "ORDERS_CREATE", "uri": ADDRESS}],
        [{"topic": topic, "uri": "https://old.example.com/hook"} for topic in TOPICS],
        [{"topic": topic, "uri": ADDRESS, "format": "XML"} for topic in TOPICS],
        [{"topic": topic, "uri": ADDRESS, "filter": "total_price:>100"} for topic in TOPICS],
        [{"topic": topic, "uri": ADDRESS} for topic in TOPICS],
    ],
    ids=["missing", "one missing", "elsewhere", "in XML", "filtered", "well"],
)
def test_whatever_is_there_becomes_one_of_each_that_is_well(open_bench: OpenBench, there: list[dict[str, Any]]) -> None:
    bench = open_bench(subscriptions=there)
    for _ in range(2):
        assert {one.state for one in bench.store().subscribe(ADDRESS)} == {SubscriptionState.ACTIVE}
        assert listed(bench) == WELL
    assert not any(each["filter"] for each in bench.served.records()["subscriptions"])


@pytest.mark.parametrize(
    ("there", "state"),
    [
        ({}, SubscriptionState.ACTIVE),
        ({"uri": "https://old.example.com/hook"}, SubscriptionState.ELSEWHERE),
        ({"format": "XML"}, SubscriptionState.DISABLED),
        ({"filter": "id:5"}, SubscriptionState.DISABLED),
        ({"includeFields": ["id"]}, SubscriptionState.ACTIVE),
    ],
)
def test_the_state_of_each_is_told(open_bench: OpenBench, there: dict[str, Any], state: SubscriptionState) -> None:
    bench = open_bench(subscriptions=[{"topic": "ORDERS_UPDATED", "uri": ADDRESS} | there])
    missing, found = bench.store().subscriptions(ADDRESS)
    assert (missing.topic, missing.state) == ("ORDERS_CREATE", SubscriptionState.MISSING)
    assert (found.topic, found.state) == ("ORDERS_UPDATED", state)
    assert found.address == there.get("uri", ADDRESS)


def test_one_that_is_well_beside_others_is_left_alone(open_bench: OpenBench) -> None:
    there = [
        {"topic": topic, "uri": uri} for topic in TOPICS for uri in ("https://other.example.com/hook", ADDRESS)
    ]  # fmt: skip
    bench = open_bench(subscriptions=there)
    before = listed(bench)
    assert {one.state for one in bench.store().subscribe(ADDRESS)} == {SubscriptionState.ACTIVE}
    assert listed(bench) == before


def test_a_second_one_at_our_address_is_deleted(open_bench: OpenBench) -> None:
    there = [{"topic": topic, "uri": ADDRESS, "format": form} for topic in TOPICS for form in ("XML", "JSON")]
    bench = open_bench(subscriptions=there)
    bench.store().subscribe(ADDRESS)
    assert listed(bench) == WELL


def test_more_than_a_page_of_subscriptions_are_read(open_bench: OpenBench) -> None:
    there = [{"topic": "ORDERS_CREATE", "uri": f"https://{n}.example.com/hook"} for n in range(130)]
    bench = open_bench(subscriptions=[*there, {"topic": "ORDERS_CREATE", "uri": ADDRESS}])
    assert bench.store().subscriptions(ADDRESS)[0].state is SubscriptionState.ACTIVE


def test_two_workers_at_once_make_one_of_each(open_bench: OpenBench) -> None:
    bench = open_bench(subscriptions=[])
    # Neither is answered before both have looked and found none.
    both = Meanwhile(bench.simulator, "Subscribe", Meeting(2).arrive, each_time=True)
    with serve({"shopify": both}) as served:
        workers = [bench.store(base_url=served["shopify"].base_url) for _ in range(2)]
        answers = together(*(lambda store=store: store.subscribe(ADDRESS) for store in workers), seconds=60)
    assert both.happened
    assert listed(bench) == WELL
    assert {one.state for answer in answers for one in answer.result()} == {SubscriptionState.ACTIVE}


def test_those_made_outside_the_api_are_neither_missed_nor_doubled(open_bench: OpenBench) -> None:
    bench = open_bench(subscriptions=[])
    store = bench.store(webhook_subscriptions="elsewhere")
    for found in (store.subscriptions(ADDRESS), store.subscribe(ADDRESS)):
        assert {one.state for one in found} == {SubscriptionState.ACTIVE}
        assert all("shopify.app.toml" in one.detail for one in found)
    assert listed(bench) == []


@pytest.mark.parametrize("address", ["http://erpsync.example.com/hook", "", "erpsync.example.com"])
def test_an_address_without_tls_is_refused(open_bench: OpenBench, address: str) -> None:
    with pytest.raises(Rejected) as raised:
        open_bench(subscriptions=[]).store().subscribe(address)
    assert "https" in raised.value.problem.next_step


def test_what_shopify_refuses_is_told_by_its_state(open_bench: OpenBench) -> None:
    bench = open_bench(subscriptions=[])
    body = b'{"data":{"webhookSubscriptionCreate":{"userErrors":[{"field":["webhookSubscription"]}]}}}'
    fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation="Subscribe", status=200, body=body))
    found = bench.store().subscribe(ADDRESS)
    assert fault.fired
    assert [one.state for one in found] == [SubscriptionState.MISSING, SubscriptionState.ACTIVE]
