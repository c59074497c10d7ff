"""What goes wrong on the way or in the account by REST, and what the adapter makes of it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.domain.ids import TargetId
from erpsync.ports.erp_records import OrderDraft, RecordRef
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.netsuite.rest_adapter import NetSuiteRestErp
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from tests.systems.netsuite.rest_stand import Account, account
from tests.systems.netsuite.stand import FirstWaits, customer_draft, order

PRICES = {"SKU-0001": Decimal("6.90")}
ONE, MANY = "PUT salesOrder", "POST salesOrder"


@pytest.fixture
def ours(tools: Tools) -> Iterator[Account]:
    with account(tools) as opened:
        yield opened


def drafts(ours: Account, *numbers: str) -> list[OrderDraft]:
    return [ours.draft(order(number)) for number in numbers]


def test_a_lost_reply_does_not_create_a_second_order(ours: Account) -> None:
    erp, draft = ours.erp(), ours.draft(order("1"))
    fault = ours.fault(Fault(FaultKind.LOST_REPLY, ONE))

    with pytest.raises(OutcomeUnknown) as lost:
        raise erp.create_orders([draft])["shop-1"]  # type: ignore[misc]
    found = erp.find_orders(["shop-1"])
    again = erp.create_orders([draft])

    assert fault.fired == 1
    assert lost.value.settle_seconds == 0
    assert found["shop-1"] == (again["shop-1"],)
    [made] = ours.orders()
    # Written twice, and not with twice the lines.
    assert [line["item"] for line in made["lines"]] == ["SKU-0001"]


def test_a_commit_after_the_client_gave_up_does_not_create_a_second_order(tools: Tools) -> None:
    late = FirstWaits("shop-1")
    with account(tools, NetSuiteSimulator(skus=PRICES, customers=1, between=late)) as ours:
        erp, draft = ours.erp(), ours.draft(order("1"))
        fault = ours.fault(Fault(FaultKind.LATE, ONE))

        assert isinstance(erp.create_orders([draft])["shop-1"], OutcomeUnknown)
        late.here.wait()
        early = erp.find_orders(["shop-1"])
        second = erp.create_orders([draft])
        late.let_on.hoist()
        ours.served.faulty.wait_for_late()

        assert fault.fired == 1
        assert early == {"shop-1": ()}
        assert isinstance(second["shop-1"], RecordRef)
        [made] = ours.orders()
        assert len(made["lines"]) == 1


def test_a_job_whose_receipt_is_lost_may_run_yet_so_that_nobody_looks_too_early(ours: Account) -> None:
    erp, both = ours.erp(timeout_seconds=30), drafts(ours, "1", "2")
    fault = ours.fault(Fault(FaultKind.LATE, MANY))
    ours.simulator.rest.jobs.working.clear()

    with pytest.raises(OutcomeUnknown) as lost:
        erp.create_orders(both)
    assert lost.value.settle_seconds == 30
    ours.served.faulty.wait_for_late()
    assert ours.orders() == []
    ours.simulator.rest.jobs.working.set()
    again = erp.create_orders(both)

    assert fault.fired == 1
    assert all(isinstance(one, RecordRef) for one in again.values())
    assert sorted(made["externalId"] for made in ours.orders()) == ["shop-1", "shop-2"]


def test_the_same_records_are_not_worked_off_by_two_jobs(ours: Account) -> None:
    fault = ours.fault(Fault(FaultKind.LOST_REPLY, MANY))
    erp, both = ours.erp(), drafts(ours, "1", "2")
    ours.simulator.rest.jobs.working.clear()

    with pytest.raises(OutcomeUnknown):
        erp.create_orders(both)
    ours.simulator.rest.jobs.working.set()
    again = erp.create_orders(both)

    assert fault.fired == 1
    assert all(isinstance(one, RecordRef) for one in again.values())
    # Either the first job had run and was seen, or the second was refused for it.
    assert ours.simulator.rest.jobs.get("1002") is None
    assert len(ours.orders()) == 2


def test_a_job_that_is_not_finished_in_time_is_unknown_and_found_again_later(ours: Account) -> None:
    def wait_long(_: float) -> None:
        ours.clock.moved += timedelta(seconds=100)

    tools = replace(ours.tools, pause=wait_long)
    impatient = NetSuiteRestErp(ours.settings(timeout_seconds=150), tools)
    both = drafts(ours, "1", "2")
    ours.simulator.rest.jobs.working.clear()

    with pytest.raises(OutcomeUnknown) as unfinished:
        impatient.create_orders(both)

    assert unfinished.value.code == "job-unfinished"
    assert unfinished.value.settle_seconds == 150
    ours.clock.moved = timedelta()
    ours.simulator.rest.jobs.working.set()
    again = ours.erp().create_orders(both)
    assert all(isinstance(one, RecordRef) for one in again.values())
    assert len(ours.orders()) == 2


def test_one_bad_record_of_a_job_fails_alone_and_says_why(ours: Account) -> None:
    good = drafts(ours, "1", "2", "3")
    bad = OrderDraft("shop-4", order("4"), TargetId("99999"))

    written = ours.erp().create_orders([*good, bad])

    assert [type(written[draft.reference]) for draft in good] == [RecordRef] * 3
    refused = written["shop-4"]
    assert isinstance(refused, Rejected)
    assert "99999" in refused.problem.what
    assert refused.problem.next_step
    assert ours.calls(MANY) == 1
    # Once in the job, which tells nobody why, and once by itself.
    assert ours.calls(ONE) == 1
    assert len(ours.orders()) == 3


def test_orders_that_are_there_already_are_written_by_themselves_the_others_as_a_job(ours: Account) -> None:
    erp = ours.erp()
    first = erp.create_orders(drafts(ours, "1"))

    written = erp.create_orders(drafts(ours, "1", "2", "3"))

    assert written["shop-1"] == first["shop-1"]
    assert (ours.calls(MANY), ours.calls(ONE)) == (1, 2)
    assert len(ours.orders()) == 3


def test_of_two_workers_with_one_order_one_is_told_to_try_again(tools: Tools) -> None:
    meeting = threading.Barrier(2)

    def meet(_: str) -> None:
        meeting.wait(20)

    with account(tools, NetSuiteSimulator(skus=PRICES, customers=1, between=meet)) as ours:
        draft = ours.draft(order("1"))
        results: list[object] = []
        threads = [
            threading.Thread(target=lambda: results.append(ours.erp().create_orders([draft])["shop-1"]))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert sorted(type(result).__name__ for result in results) == ["RecordRef", "Transient"]
        assert len(ours.orders()) == 1


def test_two_workers_with_the_same_orders_make_each_once(ours: Account) -> None:
    both = drafts(ours, "1", "2")
    ours.simulator.rest.jobs.working.clear()
    results: list[dict[str, object]] = []
    threads = [threading.Thread(target=lambda: results.append(dict(ours.erp().create_orders(both)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    while ours.calls(MANY) < 2 and any(thread.is_alive() for thread in threads):
        threading.Event().wait(0.01)
    ours.simulator.rest.jobs.working.set()
    for thread in threads:
        thread.join(30)

    assert len(results) == 2
    assert results[0] == results[1]
    assert len(ours.orders()) == 2


def test_too_many_requests_at_once_are_throttled(tools: Tools) -> None:
    inside, release = threading.Event(), threading.Event()

    def hold(_: str) -> None:
        inside.set()
        release.wait(20)

    with account(tools, NetSuiteSimulator(skus=PRICES, customers=1, concurrency=1, between=hold)) as ours:
        draft = ours.draft(order("1"))
        results: list[object] = []
        busy = threading.Thread(target=lambda: results.append(ours.erp().create_orders([draft])["shop-1"]))
        busy.start()
        assert inside.wait(20)

        with pytest.raises(Throttled) as throttled:
            ours.erp().create_orders([draft])

        release.set()
        busy.join(30)
        assert throttled.value.retry_after_seconds == 5
        assert throttled.value.counts_as_attempt is False
        assert isinstance(results[0], RecordRef)
        assert len(ours.orders()) == 1


def test_being_throttled_half_way_keeps_what_was_written(ours: Account) -> None:
    erp = ours.erp()
    made = erp.create_orders(drafts(ours, "1", "2", "3"))
    targets = [one.target_id for one in made.values() if isinstance(one, RecordRef)]
    fault = ours.fault(Fault(FaultKind.STATUS, "PATCH salesOrder", status=429, skip=1))

    written = erp.cancel_orders(targets)

    assert fault.fired == 1
    assert [type(written[target]) for target in targets] == [RecordRef, Throttled, Throttled]


@pytest.mark.parametrize(
    ("status", "error"), [(503, Unavailable), (429, Throttled), (502, OutcomeUnknown), (500, OutcomeUnknown)]
)
def test_a_gateways_answer_to_a_write_is_judged_by_its_status(
    ours: Account, status: int, error: type[SyncError]
) -> None:
    fault = ours.fault(Fault(FaultKind.STATUS, ONE, status=status, body=b"<html><body>Sorry</body></html>"))

    with pytest.raises(error):
        raise ours.erp().create_orders(drafts(ours, "1"))["shop-1"]  # type: ignore[misc]

    assert fault.fired == 1


def test_a_read_that_is_cut_off_is_an_outage_not_a_failed_order(ours: Account) -> None:
    fault = ours.fault(Fault(FaultKind.REFUSE, "suiteql item"))

    with pytest.raises(Unavailable):
        ours.erp().create_orders(drafts(ours, "1"))

    assert fault.fired == 1
    assert ours.orders() == []


def test_the_name_can_be_asked_for_later_when_the_look_up_after_a_write_fails(ours: Account) -> None:
    erp = ours.erp()
    fault = ours.fault(Fault(FaultKind.REFUSE, "find SalesOrd"))

    with pytest.raises(Unavailable):
        erp.create_orders(drafts(ours, "1"))

    assert fault.fired == 1
    [made] = ours.orders()
    assert [ref.display for ref in erp.find_orders(["shop-1"])["shop-1"]] == [made["tranId"]]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"not JSON", Transient),
        (b"[]", Transient),
        (b'{"items": "none"}', Transient),
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(ours: Account, body: bytes, error: type[SyncError]) -> None:
    fault = ours.fault(Fault(FaultKind.STATUS, "find SalesOrd", status=200, body=body))

    with pytest.raises(error):
        ours.erp().find_orders(["shop-1"])

    assert fault.fired == 1


@pytest.mark.parametrize("numbers", [("1",), ("1", "2")])
def test_a_role_that_may_not_write_stops_the_connection_not_the_orders(ours: Account, numbers: tuple[str, ...]) -> None:
    ours.simulator.denied.add("salesOrder")

    with pytest.raises(Unavailable) as refused:
        ours.erp().create_orders(drafts(ours, *numbers))

    assert refused.value.code == "permission-missing"
    assert "Sales Order (Full)" in refused.value.problem.next_step
    # Not one call for each record to be told the same.
    assert ours.calls(ONE) == 0


def test_a_role_that_may_not_read_items_is_told_which_table_is_hidden(ours: Account) -> None:
    ours.simulator.denied.add("item")

    with pytest.raises(Unavailable) as refused:
        ours.erp().create_orders(drafts(ours, "1"))

    assert "to read item" in refused.value.problem.what


def test_what_netsuite_says_of_a_customer_stays_in_netsuite(ours: Account) -> None:
    detail = "Jane Roe (jane@example.com) is on credit hold. Invalid Field Value 77 for the following field: terms"
    error = {"o:errorDetails": [{"detail": detail, "o:errorCode": "USER_ERROR", "o:errorPath": "terms"}]}
    fault = ours.fault(Fault(FaultKind.STATUS, ONE, status=400, body=json.dumps(error).encode()))

    refused = ours.erp().create_orders(drafts(ours, "1"))["shop-1"]

    assert fault.fired == 1
    assert isinstance(refused, Rejected)
    assert refused.problem.what == "NetSuite refused the record with USER_ERROR at terms: terms 77."
    assert "Jane" not in str(refused.problem) + str(refused)
    assert "replay" in refused.problem.next_step


def test_a_record_that_somebody_else_has_open_is_tried_again(ours: Account) -> None:
    ours.simulator.books.contested.add("shop-1")

    contested = ours.erp().create_orders(drafts(ours, "1"))["shop-1"]

    assert isinstance(contested, Transient)
    assert isinstance(ours.erp().create_orders(drafts(ours, "1"))["shop-1"], RecordRef)


def test_a_lost_reply_to_a_customer_makes_no_second_customer(ours: Account) -> None:
    erp = ours.erp()
    fault = ours.fault(Fault(FaultKind.LOST_REPLY, "PUT customer"))

    assert isinstance(erp.upsert_customers([customer_draft()])["shop-customer-1"], OutcomeUnknown)
    erp.upsert_customers([customer_draft()])

    assert fault.fired == 1
    [record] = [made for made in ours.served.records()["customers"] if made["externalId"]]
    assert len(record["addressbookList"]["addressbook"]) == 1


def test_orders_that_were_deleted_there_are_skipped(ours: Account) -> None:
    erp = ours.erp()
    [made] = erp.create_orders(drafts(ours, "1")).values()
    assert isinstance(made, RecordRef)
    ours.simulator.books.delete("salesOrder", {"internalId": made.target_id})

    cancelled = erp.cancel_orders([made.target_id])[made.target_id]
    amended = erp.amend_orders({made.target_id: ours.draft(order("1"))})[made.target_id]

    assert isinstance(cancelled, SyncError)
    assert cancelled.code == "order-deleted"
    assert isinstance(amended, Rejected)
    assert ours.orders() == []
