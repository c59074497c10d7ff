"""Which record is which, unique both ways for orders."""

import pytest
from sqlalchemy.exc import IntegrityError

from erpsync.domain.ids import ConnectionName, SourceId, TargetId
from erpsync.ledger import checkpoints, links
from erpsync.ledger.links import Ends, Link, LinkKind, Made
from erpsync.testing.barrier import together
from tests.ledger.desk import ERP, SHOP, Desk

ORDERS = Ends(LinkKind.ORDER, SHOP, ERP)
CUSTOMERS = Ends(LinkKind.CUSTOMER, SHOP, ERP)
ONE, TWO = SourceId("1"), SourceId("2")


def record(desk: Desk, ends: Ends, source_id: str, target_id: str) -> None:
    with desk.database.begin() as connection:
        links.record(connection, ends, SourceId(source_id), TargetId(target_id), f"SO{target_id}", desk.now)


def find(desk: Desk, ends: Ends, *source_ids: str) -> dict[SourceId, Link]:
    with desk.database.begin() as connection:
        return links.find(connection, ends, [SourceId(one) for one in source_ids])


def test_a_link_is_found_by_its_source_and_remembers_what_was_written_and_told(desk: Desk) -> None:
    record(desk, ORDERS, "1", "900")
    assert find(desk, ORDERS, "1", "2") == {ONE: Link(TargetId("900"), "SO900", "", noted=False)}
    with desk.database.begin() as connection:
        links.written(connection, ORDERS, {ONE: "hash"}, desk.now)
        links.noted(connection, ORDERS, [ONE], desk.now)
    assert find(desk, ORDERS, "1") == {ONE: Link(TargetId("900"), "SO900", "hash", noted=True)}
    assert find(desk, ORDERS) == {}


def test_writing_a_link_again_is_harmless(desk: Desk) -> None:
    record(desk, ORDERS, "1", "900")
    with desk.database.begin() as connection:
        links.written(connection, ORDERS, {ONE: "hash"}, desk.now)
    record(desk, ORDERS, "1", "900")
    assert find(desk, ORDERS, "1")[ONE].content_hash == "hash"


def test_two_orders_never_answer_to_one_sales_order(desk: Desk) -> None:
    record(desk, ORDERS, "1", "900")
    with pytest.raises(IntegrityError):
        record(desk, ORDERS, "2", "900")
    assert set(find(desk, ORDERS, "1", "2")) == {ONE}


def test_of_two_orders_that_claim_one_sales_order_at_once_one_gets_it(desk: Desk) -> None:
    futures = together(lambda: record(desk, ORDERS, "1", "900"), lambda: record(desk, ORDERS, "2", "900"))
    assert [type(future.exception()) for future in futures].count(IntegrityError) == 1
    assert len(find(desk, ORDERS, "1", "2")) == 1


def test_a_guest_and_an_account_may_be_one_customer(desk: Desk) -> None:
    record(desk, CUSTOMERS, "77", "70")
    record(desk, CUSTOMERS, "guest-1", "70")
    assert len(find(desk, CUSTOMERS, "77", "guest-1")) == 2


def test_links_of_other_kinds_and_routes_are_not_mixed_up(desk: Desk) -> None:
    elsewhere = Ends(LinkKind.ORDER, ConnectionName("shop2"), ERP)
    record(desk, ORDERS, "1", "900")
    record(desk, CUSTOMERS, "1", "900")
    record(desk, elsewhere, "1", "900")
    with desk.database.begin() as connection:
        links.written(connection, elsewhere, {ONE: "theirs"}, desk.now)
        links.noted(connection, CUSTOMERS, [ONE, TWO], desk.now)
    assert find(desk, ORDERS, "1")[ONE] == Link(TargetId("900"), "SO900", "", noted=False)


def test_a_checkpoint_is_the_value_last_put(desk: Desk) -> None:
    with desk.database.begin() as connection:
        assert checkpoints.get(connection, ERP, "stock") is None
        checkpoints.put(connection, ERP, "stock", {"since": "2026-01-01T12:00:00Z"}, desk.now)
        checkpoints.put(connection, ERP, "stock", {"since": "2026-01-01T12:05:00Z"}, desk.now)
        checkpoints.put(connection, ERP, "prices", 7, desk.now)
    with desk.database.begin() as connection:
        assert checkpoints.get(connection, ERP, "stock") == {"since": "2026-01-01T12:05:00Z"}
        assert checkpoints.get(connection, SHOP, "stock") is None


def test_a_checkpoint_that_is_rolled_back_has_not_moved(desk: Desk) -> None:
    with desk.database.connect() as connection:
        checkpoints.put(connection, ERP, "stock", 1, desk.now)
        connection.rollback()
        assert checkpoints.get(connection, ERP, "stock") is None


def test_many_links_are_kept_at_once_with_what_was_written(desk: Desk) -> None:
    products = Ends(LinkKind.PRODUCT, ERP, SHOP)
    for content_hash in ("one", "two"):
        made = [Made(SourceId(str(number)), TargetId(f"p{number}"), "A mug", content_hash) for number in range(3)]
        with desk.database.begin() as connection:
            links.keep(connection, products, made, desk.now)
            links.keep(connection, products, [], desk.now)
        found = find(desk, products, "0", "1", "2")
        assert {(link.target_id, link.content_hash) for link in found.values()} == {
            (f"p{number}", content_hash) for number in range(3)
        }
