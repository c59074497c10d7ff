"""Deliveries are kept once, whole, and each is read by one worker."""

from sqlalchemy import text

from erpsync.domain.ids import ConnectionName
from erpsync.ledger import inbox
from erpsync.ledger.inbox import InboxState, Settled
from erpsync.testing.barrier import Meeting, together
from tests.ledger.desk import SHOP, Desk


def store(desk: Desk, key: str, *, source: str = SHOP, body: bytes = b"{}") -> int | None:
    with desk.database.begin() as connection:
        return inbox.store(connection, ConnectionName(source), key, "orders/updated", {"a": "b"}, body, desk.now)


def test_a_delivery_is_kept_byte_for_byte(desk: Desk) -> None:
    body = bytes(range(256))
    kept = store(desk, "k", body=body)
    with desk.database.begin() as connection:
        (row,) = inbox.take_new(connection, 10)
    assert (row.id, row.connection, row.topic, row.headers, bytes(row.body)) == (
        kept,
        SHOP,
        "orders/updated",
        {"a": "b"},
        body,
    )
    assert row.received_at == desk.now


def test_a_repeat_is_one_row_however_many_come_at_once(desk: Desk) -> None:
    meeting = Meeting(10)

    def receive() -> int | None:
        with desk.database.begin() as connection:
            meeting.arrive()
            return inbox.store(connection, SHOP, "same", "t", {}, b"", desk.now)

    kept = [future.result() for future in together(*[receive] * 10)]
    assert len([one for one in kept if one is not None]) == 1
    assert len(desk.rows("SELECT 1 FROM inbox")) == 1
    assert store(desk, "same") is None


def test_two_shops_may_use_the_same_delivery_key(desk: Desk) -> None:
    assert store(desk, "k") is not None
    assert store(desk, "k", source="shop2") is not None


def test_a_repeat_of_a_delivery_that_is_rolled_back_is_kept(desk: Desk) -> None:
    with desk.database.connect() as connection:
        assert inbox.store(connection, SHOP, "k", "t", {}, b"first", desk.now) is not None
        connection.rollback()
    assert store(desk, "k", body=b"second") is not None


def test_two_workers_never_take_the_same_delivery(desk: Desk) -> None:
    for n in range(30):
        store(desk, f"k{n}")
    meeting = Meeting(3)

    def take() -> list[int]:
        with desk.database.begin() as connection:
            rows = inbox.take_new(connection, 10)
            meeting.arrive()
            inbox.settle(connection, [Settled(row.id, InboxState.APPLIED) for row in rows], desk.now)
            return [row.id for row in rows]

    taken = [row for future in together(take, take, take) for row in future.result()]
    assert len(taken) == len(set(taken)) == 30
    with desk.database.begin() as connection:
        assert inbox.count_new(connection) == 0


def test_what_a_worker_took_and_did_not_settle_is_new_again(desk: Desk) -> None:
    store(desk, "k")
    with desk.database.connect() as connection:
        assert len(inbox.take_new(connection, 10)) == 1
        connection.rollback()
    with desk.database.begin() as connection:
        assert len(inbox.take_new(connection, 10)) == 1


def test_deliveries_are_taken_oldest_first(desk: Desk) -> None:
    kept = [store(desk, f"k{n}") for n in range(5)]
    with desk.database.begin() as connection:
        assert [row.id for row in inbox.take_new(connection, 3)] == kept[:3]


def test_only_an_unreadable_delivery_is_made_new_again(desk: Desk) -> None:
    for state in InboxState:
        kept = store(desk, state)
        assert kept is not None
        if state is not InboxState.NEW:
            with desk.database.begin() as connection:
                inbox.settle(connection, [Settled(kept, state, "note")], desk.now)
        with desk.database.begin() as connection:
            assert inbox.reopen(connection, kept) == (state is InboxState.UNREADABLE)
    with desk.database.begin() as connection:
        assert inbox.count_new(connection) == 2


def test_refusals_are_counted_not_kept_even_when_many_come_at_once(desk: Desk) -> None:
    def refuse() -> None:
        with desk.database.begin() as connection:
            inbox.refuse(connection, "shop", "wrong secret", desk.now)

    for future in together(*[refuse] * 8):
        future.result()
    desk.advance(60)
    refuse()
    row = desk.one("SELECT * FROM refusals")
    assert (row["count"], (row["last_at"] - row["first_at"]).total_seconds()) == (9, 60)


def test_bodies_of_deliveries_that_are_gone_are_simply_not_there(desk: Desk) -> None:
    kept = store(desk, "k", body=b"here")
    assert kept is not None
    with desk.database.begin() as connection:
        assert inbox.body_of(connection, [kept, 999]) == {kept: b"here"}
        connection.execute(text("DELETE FROM inbox"))
        assert inbox.body_of(connection, [kept]) == {}
