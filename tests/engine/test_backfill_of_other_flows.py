"""What a system tells in one go is read in one chunk, whatever the flow is."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.engine import backfill, operations, polling
from erpsync.flows import history, table
from erpsync.flows.context import FlowContext
from erpsync.flows.table import Kind
from erpsync.ports.backfill import Past
from erpsync.ports.pages import Page, Since
from erpsync.ports.webhooks import Change
from erpsync.testing.bench import SHOP, Bench
from erpsync.testing.clock import TestClock
from tests.engine.pasts import BEGIN, END, shown
from tests.engine.script import Script

FLOW = "gadgets"


@dataclass
class Gadgets:
    """Gadgets of a shop by when they changed, told two a page; `told` are the reads that were asked for."""

    changed: dict[str, datetime]
    bodies: bool = False
    untimed: bool = False
    told: list[Since] = field(default_factory=list)

    def __call__(self, context: FlowContext, since: Since) -> Page[Change]:
        self.told.append(since)
        keys = sorted(key for key, at in self.changed.items() if since.begin is None or at >= since.begin)
        start = int(since.cursor or 0)
        now = context.clock.now()
        found = tuple(
            Change(
                FLOW,
                SourceId(key),
                now if self.untimed else self.changed[key],
                f"gadget {key}",
                carries_state=self.bodies,
                body=key.encode() if self.bodies else None,
            )
            for key in keys[start : start + 2]
        )
        return Page(found, str(start + 2) if start + 2 < len(keys) else None, "mark")


@pytest.fixture
def gadgets(bench: Bench, script: Script, monkeypatch: pytest.MonkeyPatch) -> Gadgets:
    made = Gadgets({f"{day:02}": BEGIN + timedelta(days=day - 1, hours=1) for day in range(0, 12)})
    monkeypatch.setitem(table.KINDS, FLOW, Kind(lambda _: script, made))
    bench.flows[FLOW] = script
    return made


def begun(bench: Bench, *, begin: datetime | None = BEGIN, end: datetime = END, target: str | None = None) -> int:
    past = Past(FLOW, SHOP, None if target is None else ConnectionName(target), begin, end)
    return operations.start_backfill(
        bench.runtime, past, history.windows(past), dry_run=False, concurrency=4, actor="ada"
    )


def moved(bench: Bench) -> list[str]:
    return [row["source_id"] for row in bench.rows("SELECT source_id FROM jobs ORDER BY source_id")]


def test_what_changed_after_the_end_is_left_out(bench: Bench, gadgets: Gadgets) -> None:
    backfill_id = begun(bench)
    bench.go_on(30)
    assert moved(bench) == [f"{day:02}" for day in range(1, 11)]
    progress = shown(bench, backfill_id)
    assert (progress.state, progress.chunks, progress.read) == ("done", 1, 10)


def test_without_a_beginning_it_is_read_from_the_first(bench: Bench, gadgets: Gadgets) -> None:
    begun(bench, begin=None)
    bench.go_on(30)
    assert moved(bench)[0] == "00"
    assert {since.watermark for since in gadgets.told} == {None}


def test_what_does_not_tell_when_it_changed_is_taken_in(bench: Bench, gadgets: Gadgets) -> None:
    gadgets.untimed = True
    begun(bench)
    bench.go_on(30)
    assert "11" in moved(bench)


def test_a_record_that_a_poll_brought_before_is_taken_to_a_target_that_has_not_got_it(
    bench: Bench, gadgets: Gadgets
) -> None:
    gadgets.bodies = True
    gadgets.changed = dict.fromkeys(gadgets.changed, bench.clock.now())
    assert polling.poll(bench.runtime, SHOP, FLOW).moved == 12
    bench.work()
    assert polling.poll(bench.runtime, SHOP, FLOW).moved == 0
    with bench.database.begin() as connection:
        connection.execute(text("DELETE FROM jobs"))
    begun(bench, begin=None, end=bench.clock.now() + timedelta(1), target="erp")
    bench.go_on(30)
    assert len(moved(bench)) == 12
    assert bench.rows("SELECT DISTINCT state FROM jobs") == [{"state": "done"}]


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_what_a_poll_tells_arrives_though_a_backfill_that_told_it_too_is_cancelled(
    bench: Bench, gadgets: Gadgets, cancelled_first: bool
) -> None:
    """The poll brings the very same body that the backfill has brought before."""
    gadgets.bodies = True
    gadgets.changed = dict.fromkeys(gadgets.changed, bench.clock.now())
    backfill_id = begun(bench, begin=None, end=bench.clock.now() + timedelta(1))
    assert backfill.read_on(bench.runtime, backfill_id) is not None
    assert len(moved(bench)) == 12
    bench.wake.lose_everything()
    if cancelled_first:
        assert operations.cancel_backfill(bench.runtime, backfill_id, "ada") == 12
    polling.poll(bench.runtime, SHOP, FLOW)
    if not cancelled_first:
        assert operations.cancel_backfill(bench.runtime, backfill_id, "ada") == 0
    bench.go_on(60)
    assert [row["state"] for row in bench.rows("SELECT state FROM jobs")] == ["done"] * 12


def test_only_the_target_that_was_named_gets_it(bench: Bench, gadgets: Gadgets) -> None:
    bench.targets = (ConnectionName("erp"), ConnectionName("erp2"))
    begun(bench, target="erp2")
    bench.sweep()
    bench.work()
    assert bench.rows("SELECT DISTINCT target FROM jobs") == [{"target": "erp2"}]


def test_it_goes_on_page_by_page_from_where_it_was(bench: Bench, gadgets: Gadgets) -> None:
    assert isinstance(bench.clock, TestClock)
    begun(bench)
    bench.go_on(30)
    assert [since.cursor for since in gadgets.told] == [None, "2", "4", "6", "8", "10"]
