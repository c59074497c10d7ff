"""What polls find: nothing is left out, whatever happens between two pages."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Throttled, Unavailable
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StoreVariant
from erpsync.ports.webhooks import Change
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.shopify import bulk
from erpsync.systems.shopify.simulator_api import SCOPES
from erpsync.transport.http import HttpClient

OpenBench = Callable[..., Any]


def walk(read: Callable[[Since], Page[Any]], since: Since | None = None) -> tuple[list[Any], Page[Any]]:
    """All records of a read, and its last page."""
    first = since or Since()
    page = read(first)
    records = [*page.records]
    while page.cursor is not None:
        page = read(Since(first.watermark, page.cursor, first.begin))
        records += page.records
    return records, page


class TestOrders:
    def test_more_orders_in_one_second_than_a_page_holds_are_all_told(self, bench: Any) -> None:
        placed = {bench.simulator.place_order() for _ in range(17)}
        bench.clock.move(1)
        placed |= {bench.simulator.place_order() for _ in range(5)}
        told, _ = walk(bench.store(page_size=3).orders_changed)
        assert {change.source_id for change in told} == placed

    def test_an_order_that_moves_to_the_end_meanwhile_hides_no_other(self, bench: Any) -> None:
        placed = []
        for _ in range(9):
            placed.append(bench.simulator.place_order())
            bench.clock.move(1)
        store = bench.store(page_size=2)
        told: list[str] = []
        cursor = None
        for moved in placed:
            page = store.orders_changed(Since(cursor=cursor))
            told += [change.source_id for change in page.records]
            cursor = page.cursor
            bench.simulator.edit_order(moved, note="moved")
            bench.clock.move(1)
            if cursor is None:
                break
        rest, _ = walk(store.orders_changed, Since(cursor=cursor)) if cursor else ([], None)
        assert set(placed) <= {*told, *(change.source_id for change in rest)}

    def test_an_order_that_is_deleted_meanwhile_hides_no_other(self, bench: Any) -> None:
        placed = []
        for _ in range(7):
            placed.append(bench.simulator.place_order())
            bench.clock.move(1)
        store = bench.store(page_size=3)
        page = store.orders_changed(Since())
        bench.simulator.delete_order(placed[0])
        told, _ = walk(store.orders_changed, Since(cursor=page.cursor))
        assert set(placed[3:]) <= {change.source_id for change in told}

    def test_a_read_begins_where_it_is_told_to(self, bench: Any) -> None:
        old = bench.simulator.place_order()
        bench.clock.move(7200)
        new = bench.simulator.place_order()
        told, _ = walk(bench.store().orders_changed, Since(begin=bench.clock.now() - timedelta(hours=1)))
        assert {change.source_id for change in told} == {new}
        assert old != new

    def test_the_next_read_overlaps_by_the_stores_own_clock(self, bench: Any) -> None:
        _, last = walk(bench.store().orders_changed)
        assert bench.clock.now() - datetime.fromisoformat(last.watermark) == timedelta(minutes=2, microseconds=250_000)

    def test_another_process_reads_on(self, bench: Any) -> None:
        placed = {bench.simulator.place_order() for _ in range(5)}
        first = bench.store(page_size=2).orders_changed(Since())
        bench.clock.move(60)
        rest, last = walk(bench.store(page_size=2).orders_changed, Since(cursor=first.cursor))
        assert {change.source_id for change in (*first.records, *rest)} == placed
        assert last.watermark == first.watermark

    def test_a_poll_is_later_than_the_webhooks_of_its_second_and_earlier_than_those_of_the_next(
        self, bench: Any
    ) -> None:
        """The webhook that was lost may have been the last of several in one second."""

        def version(change: Change) -> datetime:
            return change.version

        order_id = bench.simulator.place_order()
        told = bench.webhooks().changes(bench.delivery(order_id))
        late = bench.webhooks().changes(
            bench.delivery(order_id, x_shopify_triggered_at="2026-10-05T09:45:00.000000000Z")
        )
        (polled,) = bench.store().orders_changed(Since()).records
        bench.clock.move(1)
        bench.simulator.edit_order(order_id, note="later")
        later = bench.webhooks().changes(bench.delivery(order_id))
        assert version(told[0]) < version(late[0]) < version(polled) < version(later[0])
        assert bench.store().orders_changed(Since()).records[0].version > version(later[0])

    def test_a_row_that_cannot_be_read_is_named_and_the_others_are_told(self, bench: Any) -> None:
        nodes = [
            {"id": "gid://shopify/Order/1", "name": "#1", "createdAt": "2026-10-05T09:00:00Z", "updatedAt": "yesterday"},
            {"id": "gid://shopify/Order/2", "name": "#2", "createdAt": "2026-10-05T09:00:00Z",
             "updatedAt": "2026-10-05T09:00:00Z"},
        ]  # fmt: skip
        body = json.dumps({"data": {"orders": {"nodes": nodes, "pageInfo": {"hasNextPage": False}}}}).encode()
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation="OrdersListed", status=200, body=body))
        page = bench.store().orders_changed(Since())
        assert [change.source_id for change in page.records] == ["2"]
        (error,) = page.unreadable
        assert error.problem.record == "order #1"
        assert "updatedAt" in error.problem.what

    @pytest.mark.parametrize("since", [Since(cursor="page 2"), Since(watermark="yesterday"), Since(cursor="{}")])
    def test_a_checkpoint_that_is_not_ours_is_refused(self, bench: Any, since: Since) -> None:
        with pytest.raises(Rejected) as raised:
            bench.store().orders_changed(since)
        assert raised.value.code == "checkpoint-unreadable"

    def test_orders_of_a_time_are_those_placed_in_it(self, bench: Any) -> None:
        placed = []
        for _ in range(6):
            placed.append(bench.simulator.place_order())
            bench.clock.move(60)
        start = bench.clock.now().replace(microsecond=0) - timedelta(minutes=5)
        store = bench.store(page_size=2)
        found: list[str] = []
        page = store.orders_between(start, start + timedelta(minutes=2), None)
        found += [change.source_id for change in page.records]
        while page.cursor:
            page = store.orders_between(start, start + timedelta(minutes=2), page.cursor)
            found += [change.source_id for change in page.records]
        assert found == placed[1:3]


class TestCustomers:
    def test_only_those_that_changed_since_are_told_though_the_search_finds_whole_days(self, bench: Any) -> None:
        bench.clock.move(3600)
        customer_id = bench.controls.put_customer("Ada Lovelace", "ada@example.com")
        told, _ = walk(bench.store().customers_changed, Since(watermark=bench.clock.now().isoformat()))
        assert [one.customer.source_id for one in told] == [customer_id]

    def test_pages_are_by_id_and_leave_nobody_out(self, bench: Any) -> None:
        told, _ = walk(bench.store(page_size=3).customers_changed)
        assert {one.customer.email for one in told} == {f"customer-{n}@example.com" for n in range(1, 11)}

    def test_a_customer_has_the_default_address_and_the_tags(self, bench: Any) -> None:
        bench.simulator.shop.customers[0].tags = ["wholesale", "VIP"]
        told, _ = walk(bench.store().customers_changed)
        found = next(one for one in told if one.customer.email == "customer-1@example.com")
        assert found.customer.groups == ("wholesale", "VIP")
        assert found.billing == found.shipping
        assert found.billing is not None
        assert (found.billing.city, found.billing.country) == ("Sample City", "DE")

    def test_one_without_anything_is_told_as_well(self, bench: Any) -> None:
        person = bench.simulator.shop.customers[0]
        person.email, person.phone, person.address = "", "", None
        told, last = walk(bench.store().customers_changed)
        assert len(told) == 10
        assert last.unreadable == ()


def variants(bench: Any, since: Since | None = None, **settings: Any) -> dict[str, StoreVariant]:
    told, _ = walk(bench.store(**settings).variants_changed, since)
    return {str(one.sku): one for one in told}


class TestVariants:
    def test_only_those_that_changed_are_told(self, bench: Any) -> None:
        bench.clock.move(3600)
        bench.controls.put_price("SKU-0007", Decimal("1.00"))
        assert list(variants(bench, Since(watermark=bench.clock.now().isoformat()))) == ["SKU-0007"]

    def test_what_is_not_for_sale_not_counted_or_without_a_sku_is_told_as_that(self, bench: Any) -> None:
        one, two, three, four = (bench.simulator.shop.catalogue.by_sku(f"SKU-000{n}") for n in range(1, 5))
        one.product.status, two.tracked, three.sku, four.product.status = "ARCHIVED", False, "", "UNLISTED"
        found = variants(bench)
        assert (found["SKU-0001"].active, found["SKU-0002"].tracked, found["SKU-0004"].active) == (False, False, True)
        assert len(found) == 49

    def test_more_locations_than_a_page_holds_are_all_told(self, bench: Any) -> None:
        catalogue = bench.simulator.shop.catalogue
        variant = catalogue.by_sku("SKU-0001")
        for n in range(75):
            variant.levels[catalogue.add_location(f"Place {n:02d}").id] = n
        found = variants(bench)["SKU-0001"]
        assert found.stock == {str(place): units for place, units in variant.levels.items()}
        assert len(found.stock) == 77

    def test_stock_that_is_null_is_left_out(self, bench: Any) -> None:
        level = {"location": {"id": "gid://shopify/Location/3"}, "quantities": [{"quantity": None}]}
        node = {
            "id": "gid://shopify/ProductVariant/1", "sku": "A", "displayName": "A", "price": "1.00",
            "compareAtPrice": None, "updatedAt": "2026-10-05T09:00:00Z",
            "product": {"id": "gid://shopify/Product/1", "status": "ACTIVE"},
            "inventoryItem": {
                "id": "gid://shopify/InventoryItem/1", "tracked": True,
                "inventoryLevels": {"nodes": [level], "pageInfo": {"hasNextPage": False}},
            },
        }  # fmt: skip
        odd = node | {"id": "gid://shopify/ProductVariant/2", "price": "free"}
        listed = {"nodes": [node, odd], "pageInfo": {"hasNextPage": False}}
        body = json.dumps({"data": {"productVariants": listed}}).encode()
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation="VariantsListed", status=200, body=body))
        page = bench.store().variants_changed(Since())
        assert [(one.sku, one.stock) for one in page.records] == [("A", {})]
        assert [error.problem.record for error in page.unreadable] == ["variant 2"]


class TestBulk:
    def open(self, open_bench: OpenBench, count: int = 120, **rules: Any) -> Any:
        return open_bench(skus={f"S{n:03d}": Decimal(n) for n in range(1, count + 1)}, **rules)

    def test_a_large_catalogue_is_read_by_a_bulk_operation_in_parts(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench)
        bench.controls.put_stock("S005", bench.controls.locations[1], 42)
        bench.controls.put_price("S006", Decimal("20.00"), promotion=Decimal("15.00"))
        found = variants(bench, bulk_from=100, page_size=50)
        assert len(found) == 120
        assert found["S005"].stock == dict(zip(bench.controls.locations, (100, 42), strict=True))
        assert found["S006"].price.promotion is not None
        assert "VariantsListed" not in bench.served.faulty.operations
        assert bench.served.faulty.operations["RunInBulk"] == 1
        assert bench.clock.paused == [2.0]

    def test_both_ways_tell_the_same(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench, 30)
        assert variants(bench, bulk_from=10) == variants(bench)

    def test_another_process_reads_on_where_one_died(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench)
        settings: dict[str, Any] = {"bulk_from": 100, "page_size": 50}
        since, found = Since(), []
        while True:
            page = bench.store(**settings).variants_changed(since)
            found += [one.sku for one in page.records]
            if page.cursor is None:
                break
            since = Since(cursor=page.cursor)
        assert len(found) == len(set(found)) == 120

    def test_a_later_read_of_what_changed_needs_none(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench)
        bench.clock.move(600)
        _, last = walk(bench.store(bulk_from=100).variants_changed)
        bench.clock.move(600)
        assert variants(bench, Since(watermark=last.watermark), bulk_from=100) == {}
        assert bench.served.faulty.operations["RunInBulk"] == 1

    @pytest.mark.parametrize("status", ["FAILED", "EXPIRED", "CANCELED"])
    def test_where_it_fails_the_catalogue_is_read_page_by_page(self, open_bench: OpenBench, status: str) -> None:
        bench = self.open(open_bench)
        operation = {"id": "gid://shopify/BulkOperation/1", "status": status, "errorCode": "TIMEOUT", "url": None}
        body = json.dumps({"data": {"bulkOperation": operation}}).encode()
        fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation="BulkResult", status=200, body=body))
        assert len(variants(bench, bulk_from=100)) == 120
        assert fault.fired

    def test_where_its_file_is_gone_the_catalogue_is_read_page_by_page(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench)
        fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation="_bulk.*", status=404))
        assert len(variants(bench, bulk_from=100)) == 120
        assert fault.fired

    def test_a_file_store_that_is_down_is_an_outage(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench)
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation="_bulk.*", status=503))
        with pytest.raises(Unavailable):
            variants(bench, bulk_from=100)

    def test_the_sixth_at_a_time_waits(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench)
        for _ in range(5):
            bench.store(bulk_from=100).variants_changed(Since())
        with pytest.raises(Throttled) as raised:
            bench.store(bulk_from=100).variants_changed(Since())
        assert raised.value.retry_after_seconds == 60

    @pytest.mark.parametrize("part_bytes", [37, 500, 1_000_000])
    def test_the_file_is_read_in_parts_wherever_they_end(self, open_bench: OpenBench, part_bytes: int) -> None:
        bench = self.open(open_bench, 10)
        cursor = bench.store(bulk_from=10).variants_changed(Since()).cursor
        for _ in range(2):
            cursor = bench.store(bulk_from=10).variants_changed(Since(cursor=cursor)).cursor
        (operation,) = bench.simulator.api.bulk.operations.values()
        # A client that has no token: the file store is not Shopify's API.
        files = HttpClient("shopify", bench.served.base_url, bench.clock)
        address = f"{bench.served.base_url}/_bulk/{operation.id}.jsonl"
        groups, offset = [], 0
        while offset is not None:
            part = bulk.read_part(files, address, offset, 3, part_bytes=part_bytes)
            groups += part.groups
            offset = part.offset
        assert [group.record["sku"] for group in groups] == [f"S{n:03d}" for n in range(1, 11)]
        assert all(len(group.children) == 2 for group in groups)

    def test_a_missing_scope_is_named(self, open_bench: OpenBench) -> None:
        bench = self.open(open_bench, scopes=SCOPES - {"write_products"})
        with pytest.raises(Rejected) as raised:
            bench.store().variants_changed(Since())
        assert "read_products" in raised.value.problem.what


def test_times_are_asked_for_in_utc(bench: Any) -> None:
    order_id = bench.simulator.place_order()
    begin = bench.clock.now().astimezone(UTC) - timedelta(seconds=30)
    told, _ = walk(bench.store().orders_changed, Since(begin=begin.astimezone()))
    assert [change.source_id for change in told] == [order_id]
