"""From the inbox to the jobs: each delivery moves its record, or says why not, and none stops the others."""

import hashlib

import pytest

from erpsync.domain.ids import ConnectionName
from erpsync.engine import intake, operations
from erpsync.ledger import jobs
from erpsync.ports.webhooks import Delivery
from erpsync.testing import samples
from erpsync.testing.barrier import together
from erpsync.testing.bench import SHOP, Bench
from erpsync.testing.fakes import SECRET, FakeWebhooks, change_of
from tests.engine.script import Script

# Longer than a key of an index may be, and not to be compressed.
LONG = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(150))


def states(bench: Bench) -> list[str]:
    return [row["state"] for row in bench.rows("SELECT state FROM inbox ORDER BY id")]


def raw(bench: Bench, body: bytes, key: str = "raw") -> int | None:
    """A delivery that is authentic and says what it likes."""
    return bench.receive(
        Delivery({"x-fake-secret": SECRET, "x-fake-delivery": key, "x-fake-topic": "orders/paid"}, body)
    )


def test_a_delivery_becomes_a_job_whose_state_it_carries(bench: Bench, script: Script) -> None:
    kept = bench.deliver(samples.order("1"))
    assert intake.take_in(bench.runtime) == 1
    row = bench.job("1")
    assert (row["flow"], row["source"], row["target"], row["number"]) == ("orders", "shop", "erp", "#1")
    assert (row["state"], row["state_inbox_id"]) == ("ready", kept)
    (told,) = bench.rows("SELECT * FROM inbox")
    assert (told["state"], told["source_id"], told["taken_at"]) == ("applied", "1", bench.clock.now())
    assert [call.job_id for call in bench.wake.take_jobs()] == [row["id"]]


def test_a_repeat_changes_nothing(bench: Bench, script: Script) -> None:
    order = samples.order("1")
    assert bench.deliver(order, key="same") is not None
    assert bench.deliver(order, key="same") is None
    assert intake.take_in(bench.runtime) == 1
    assert bench.job("1")["wanted_revision"] == 1


def test_deliveries_in_the_wrong_order_leave_the_latest_version_wanted(bench: Bench, script: Script) -> None:
    newest = bench.deliver(samples.order("1", version=9))
    bench.deliver(samples.order("1", version=3))
    intake.take_in(bench.runtime)
    bench.deliver(samples.order("1", version=5))
    intake.take_in(bench.runtime)
    row = bench.job("1")
    assert row["wanted_version"] == samples.order(version=9).version
    assert row["state_inbox_id"] == newest
    assert states(bench)[2] == "stale"


def test_a_burst_of_edits_is_one_job(bench: Bench, script: Script) -> None:
    for version in range(20):
        bench.deliver(samples.order("1", version=version))
    intake.take_in(bench.runtime)
    bench.work()
    assert script.together == [["1"]]
    assert bench.job("1")["state"] == "done"


def test_more_deliveries_than_one_bite_are_all_taken_in(bench: Bench, script: Script) -> None:
    for n in range(intake.BATCH + 5):
        bench.deliver(samples.order(str(n)))
    assert intake.take_in(bench.runtime) == intake.BATCH + 5
    assert set(states(bench)) == {"applied"}
    assert len(bench.wake.take_jobs()) == intake.BATCH + 5


def test_many_workers_take_in_at_once_and_each_delivery_once(bench: Bench, script: Script) -> None:
    for n in range(120):
        bench.deliver(samples.order(str(n % 30), version=n))
    futures = together(*[lambda: intake.take_in(bench.runtime)] * 4)
    assert sum(future.result() for future in futures) == 120
    assert "new" not in states(bench)
    for n in range(30):
        assert bench.job(str(n))["wanted_version"] == samples.order(version=90 + n).version


def test_what_no_route_syncs_is_ignored_and_says_so(bench: Bench, script: Script) -> None:
    order = samples.order("1")
    bench.receive(bench.delivery([change_of(order, flow="products")], order))
    bench.receive(bench.delivery([], None))
    assert intake.take_in(bench.runtime) == 2
    assert states(bench) == ["ignored", "ignored"]
    assert bench.rows("SELECT 1 FROM jobs") == []


def test_one_delivery_may_be_about_several_records(bench: Bench, script: Script) -> None:
    one, two = samples.order("1", version=5), samples.order("2")
    bench.deliver(samples.order("1", version=9))
    intake.take_in(bench.runtime)
    changes = [change_of(one, carries_state=False), change_of(two, carries_state=False)]
    bench.receive(bench.delivery(changes, None))
    intake.take_in(bench.runtime)
    assert states(bench) == ["applied", "applied"]
    assert bench.job("2")["state_inbox_id"] is None
    assert bench.job("1")["wanted_revision"] == 1


def test_a_route_to_two_targets_makes_a_job_for_each(bench: Bench, script: Script) -> None:
    bench.targets = (ConnectionName("erp"), ConnectionName("erp2"))
    bench.deliver(samples.order("1"))
    intake.take_in(bench.runtime)
    assert [row["target"] for row in bench.rows("SELECT target FROM jobs ORDER BY target")] == ["erp", "erp2"]


def test_an_unreadable_delivery_is_a_dead_letter_and_is_kept(bench: Bench, script: Script) -> None:
    kept = raw(bench, b"\xff not json")
    bench.deliver(samples.order("1"))
    intake.take_in(bench.runtime)
    assert states(bench) == ["unreadable", "applied"]
    (letter,) = bench.letters()
    assert (letter.inbox_id, letter.job_id, letter.code) == (kept, None, "delivery-unreadable")
    assert letter.subject == "shop orders/paid"
    assert bench.wake.take_dead_letters() == [letter.id]
    (row,) = bench.rows("SELECT body FROM inbox WHERE state = 'unreadable'")
    assert bytes(row["body"]) == b"\xff not json"


def test_a_replayed_delivery_is_read_again(bench: Bench, script: Script) -> None:
    webhooks = bench.webhooks[SHOP]
    assert isinstance(webhooks, FakeWebhooks)
    webhooks.bug = KeyError("an adapter that is too old")
    bench.deliver(samples.order("1"))
    intake.take_in(bench.runtime)
    assert states(bench) == ["unreadable"]
    (letter,) = bench.letters()
    webhooks.bug = None
    operations.replay_dead_letter(bench.runtime, letter.id, "ada")
    assert bench.wake.take_intake()
    intake.take_in(bench.runtime)
    assert (states(bench), bench.letters(), bench.job("1")["state"]) == (["applied"], [], "ready")


def test_a_delivery_that_is_unreadable_again_is_a_new_dead_letter(bench: Bench, script: Script) -> None:
    raw(bench, b"nonsense")
    intake.take_in(bench.runtime)
    (first,) = bench.letters()
    operations.replay_dead_letter(bench.runtime, first.id, "ada")
    intake.take_in(bench.runtime)
    (second,) = bench.letters()
    assert second.id != first.id
    assert second.inbox_id == first.inbox_id


def test_a_bug_in_reading_shows_its_kind_and_not_its_content(bench: Bench, script: Script) -> None:
    webhooks = bench.webhooks[SHOP]
    assert isinstance(webhooks, FakeWebhooks)
    webhooks.bug = ZeroDivisionError("ada@example.com")
    bench.deliver(samples.order("1"))
    intake.take_in(bench.runtime)
    (letter,) = bench.letters()
    assert (letter.code, letter.inbox_id) == ("delivery-unreadable", 1)
    assert "ZeroDivisionError" in letter.problem
    assert "ada@" not in letter.problem


def test_a_delivery_of_a_connection_that_is_configured_no_more_waits_for_a_person(bench: Bench, script: Script) -> None:
    bench.deliver(samples.order("1"))
    del bench.webhooks[SHOP]
    intake.take_in(bench.runtime)
    assert states(bench) == ["unreadable"]
    assert len(bench.letters()) == 1


@pytest.mark.parametrize(
    ("field", "poison"),
    [("number", "#1\x00"), ("number", "#1\ud800"), ("source_id", "1\x00"), ("source_id", LONG)],
    ids=["a nul in the number", "half a pair in the number", "a nul in the id", "an id beyond the index"],
)
def test_a_delivery_that_the_ledger_cannot_hold_is_a_dead_letter_and_stops_no_other(
    bench: Bench, script: Script, field: str, poison: str
) -> None:
    bench.deliver(samples.order("2"))
    order = samples.order("1").model_copy(update={field: poison})
    bench.receive(bench.delivery([change_of(order, carries_state=False)], None))
    bench.deliver(samples.order("3"))
    intake.take_in(bench.runtime)
    assert states(bench) == ["applied", "unreadable", "applied"]
    assert [letter.inbox_id for letter in bench.letters()] == [2]


def test_a_discarded_record_is_left_alone_and_the_delivery_says_so(bench: Bench, script: Script) -> None:
    bench.deliver(samples.order("1"))
    intake.take_in(bench.runtime)
    with bench.database.begin() as connection:
        assert jobs.discard(connection, bench.job_id("1"), bench.clock.now())
    bench.deliver(samples.order("1", version=4))
    intake.take_in(bench.runtime)
    assert bench.job("1")["state"] == "discarded"
    assert "discarded" in bench.rows("SELECT note FROM inbox ORDER BY id DESC LIMIT 1")[0]["note"]
