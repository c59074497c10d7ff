"""The adapter when something breaks in between: nothing is made twice, and the next attempt finishes the work."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import OrderDraft, RecordRef
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind, FaultySimulator
from erpsync.sandbox.runner import serve
from erpsync.systems.odoo.simulator import API_KEY, DATABASE, OdooSimulator
from erpsync.testing.barrier import Flag, together
from tests.odoo_server import OdooServer
from tests.systems.odoo.conftest import Odoo, meeting_at, of_simulator
from tests.systems.odoo.drafts import ELSEWHERE, HOME, buyer, draft, item, order

# What JSON-2 answers when an exception escapes inside Odoo: nothing was written.
FAILED_INSIDE = (
    b'{"name": "builtins.KeyError", "message": "x", "arguments": ["x"], "context": {}, "debug": "Traceback"}'
)


@pytest.fixture
def faults(faulty: tuple[OdooServer, FaultySimulator]) -> FaultySimulator:
    return faulty[1]


@pytest.fixture
def orders(simulated: Odoo) -> list[OrderDraft]:
    customer = simulated.customer("shop")
    lines = [item("SKU-0001", "2", "6.90"), item("SKU-0002", "1", "7.90")]
    return [draft(f"shop-{number}", order(lines, f"#{number}"), customer) for number in range(5)]


def assert_made_once(simulator: OdooSimulator, orders: list[OrderDraft], state: str = "sale") -> None:
    booked = simulator.records()["sale.order"]
    assert sorted(row["client_order_ref"] for row in booked) == sorted(each.reference for each in orders)
    assert {(row["state"], row["amount_total"]) for row in booked} == {(state, 21.70)}
    assert len(simulator.records()["sale.order.line"]) == 2 * len(orders)


@pytest.mark.parametrize("operation", ["sale.order/load", "sale.order/action_confirm"])
def test_a_lost_reply_does_not_make_a_second_order(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft], operation: str
) -> None:
    fault = faults.add(Fault(FaultKind.LOST_REPLY, operation))
    erp = simulated.erp()
    with pytest.raises(OutcomeUnknown) as caught:
        erp.create_orders(orders)
    assert (caught.value.code, caught.value.settle_seconds) == ("reply-lost", 0)
    answers = erp.create_orders(orders)
    assert fault.fired == 1
    assert all(isinstance(answer, RecordRef) for answer in answers.values())
    assert_made_once(simulator, orders)


def test_a_write_that_lands_after_the_client_gave_up_does_not_make_a_second_order(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft]
) -> None:
    fault = faults.add(Fault(FaultKind.LATE, "sale.order/load", seconds=0.3))
    erp = simulated.erp()
    with pytest.raises(OutcomeUnknown):
        erp.create_orders(orders)
    first = erp.create_orders(orders)
    faults.wait_for_late()
    assert fault.fired == 1
    assert erp.create_orders(orders) == first
    assert_made_once(simulator, orders)


def test_two_workers_with_the_same_orders_make_each_once(tools: Tools, orders: list[OrderDraft]) -> None:
    simulator = OdooSimulator(between=meeting_at("sale.order/load"))
    with serve({"odoo": simulator}) as served:
        odoo = of_simulator(simulator, OdooServer(served["odoo"].base_url, DATABASE, API_KEY), tools)
        assert odoo.customer("shop") == orders[0].customer_id
        first, second = together(*[lambda: odoo.erp().create_orders(orders)] * 2)
        assert first.result() == second.result()
        # Both looked before either had written, so both wrote, and one of them was told to try again.
        assert served["odoo"].faulty.operations["sale.order/load"] == 2
    assert_made_once(simulator, orders)


def test_records_that_others_keep_changing_wait(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft]
) -> None:
    fault = faults.add(_load_answers("could not serialize access due to concurrent update\n", record=0, times=None))
    answers = simulated.erp().create_orders(orders)
    assert fault.fired == 3
    assert {answer.code for answer in answers.values() if isinstance(answer, Transient)} == {"write-conflict"}
    assert simulator.records()["sale.order"] == []


def test_a_refusal_that_blames_nobody_is_found_by_trying_each(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft]
) -> None:
    whole = faults.add(_load_answers("Unknown database error", record=None))
    one = faults.add(_load_answers("Nothing of that kind", record=0, containing='"erpsync.order__shop-3"'))
    answers = simulated.erp().create_orders(orders)
    assert (whole.fired, one.fired) == (1, 1)
    [bad] = [reference for reference, answer in answers.items() if isinstance(answer, SyncError)]
    assert bad == "shop-3"
    assert isinstance(answers[bad], Rejected)
    assert_made_once(simulator, [each for each in orders if each.reference != bad])


def test_a_confirmation_that_fails_inside_odoo_is_tried_one_by_one(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft]
) -> None:
    batch = faults.add(Fault(FaultKind.STATUS, "sale.order/action_confirm", status=500, body=FAILED_INSIDE))
    erp = simulated.erp()
    assert all(isinstance(answer, RecordRef) for answer in erp.create_orders(orders).values())
    assert batch.fired == 1
    assert_made_once(simulator, orders)


@pytest.mark.parametrize(("status", "body", "kind"), [(500, FAILED_INSIDE, Transient), (422, b"", Rejected)])
def test_an_order_that_will_not_confirm_fails_alone(
    simulated: Odoo,
    simulator: OdooSimulator,
    faults: FaultySimulator,
    orders: list[OrderDraft],
    status: int,
    body: bytes,
    kind: type[SyncError],
) -> None:
    simulated.erp(confirm=False).create_orders(orders)
    [third] = [row["id"] for row in simulator.records()["sale.order"] if row["client_order_ref"] == "shop-3"]
    fault = partial(Fault, FaultKind.STATUS, "sale.order/action_confirm", status=status, body=body)
    all_of_them, that_one = faults.add(fault()), faults.add(fault(containing=f'"ids":[{third}]'))
    answers = simulated.erp().create_orders(orders)
    assert (all_of_them.fired, that_one.fired) == (1, 1)
    [error] = [answer for answer in answers.values() if isinstance(answer, SyncError)]
    assert isinstance(error, kind)
    assert isinstance(answers["shop-3"], kind)
    assert error.problem.record == "order #3"
    assert all(isinstance(answer, RecordRef) for answer in simulated.erp().create_orders(orders).values())
    assert_made_once(simulator, orders)


def test_a_proxys_500_leaves_open_whether_orders_were_confirmed(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft]
) -> None:
    fault = faults.add(Fault(FaultKind.STATUS, "sale.order/action_confirm", status=500, body=b"<html>Sorry</html>"))
    with pytest.raises(OutcomeUnknown):
        simulated.erp().create_orders(orders)
    assert fault.fired == 1
    assert all(isinstance(answer, RecordRef) for answer in simulated.erp().create_orders(orders).values())
    assert_made_once(simulator, orders)


def test_an_order_whose_import_fails_inside_odoo_fails_alone(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft]
) -> None:
    whole = faults.add(Fault(FaultKind.STATUS, "sale.order/load", status=500, body=FAILED_INSIDE))
    one = faults.add(
        Fault(FaultKind.STATUS, "sale.order/load", '[["erpsync.order__shop-3"', status=500, body=FAILED_INSIDE)
    )
    answers = dict(simulated.erp().create_orders(orders))
    bad = answers.pop("shop-3")
    assert (whole.fired, one.fired) == (1, 1)
    assert isinstance(bad, Transient)
    assert (bad.code, bad.problem.record) == ("odoo-failed", "order #3")
    assert all(isinstance(answer, RecordRef) for answer in answers.values())
    assert_made_once(simulator, [each for each in orders if each.reference != "shop-3"])


@pytest.mark.parametrize(
    ("name", "message", "kind", "code"),
    [
        ("psycopg2.pool.PoolError", "The Connection Pool Is Full", Throttled, "busy"),
        ("psycopg2.errors.SerializationFailure", "could not serialize access", Transient, "write-conflict"),
        ("psycopg2.OperationalError", "server closed the connection", Transient, "odoo-failed"),
        ("builtins.ValueError", "Invalid field 'x_gone' on 'sale.order'", Rejected, "configuration"),
        ("builtins.MemoryError", "", Transient, "odoo-failed"),
    ],
)
def test_an_exception_inside_odoo_is_told_by_its_class(
    simulated: Odoo, faults: FaultySimulator, name: str, message: str, kind: type[SyncError], code: str
) -> None:
    body = json.dumps({"name": name, "message": message, "debug": "Traceback: Customer One"}).encode()
    faults.add(Fault(FaultKind.STATUS, "res.users/context_get", status=500, body=body))
    with pytest.raises(kind) as caught:
        simulated.erp().ping()
    assert caught.value.code == code
    assert ("x_gone" in str(caught.value)) is (code == "configuration")
    assert "Customer One" not in str(caught.value)


def test_more_calls_than_odoo_has_connections_wait_without_spending_attempts(tools: Tools) -> None:
    inside, release = Flag("the first call"), Flag("that the first call may go on")

    def hold(_: str) -> None:
        inside.hoist()
        release.wait()

    simulator = OdooSimulator(between=hold, connections=1)
    with serve({"odoo": simulator}) as served, ThreadPoolExecutor(1) as pool:
        odoo = of_simulator(simulator, OdooServer(served["odoo"].base_url, DATABASE, API_KEY), tools)
        first = pool.submit(odoo.erp().ping)
        inside.wait()
        with pytest.raises(Throttled) as refused:
            odoo.erp().ping()
        release.hoist()
        first.result()
        odoo.erp().ping()
    assert (refused.value.code, refused.value.counts_as_attempt) == ("busy", False)


@pytest.mark.parametrize("operation", ["sale.order/load", "sale.order.line/write"])
def test_a_lost_reply_does_not_double_an_amendment(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft], operation: str
) -> None:
    erp = simulated.erp()
    ref = erp.create_orders(orders[:1])["shop-0"]
    assert isinstance(ref, RecordRef)
    changed = draft("shop-0", order([item("SKU-0002", "3"), item("SKU-0003")], "#0"), orders[0].customer_id)
    fault = faults.add(Fault(FaultKind.LOST_REPLY, operation))
    with pytest.raises(OutcomeUnknown):
        erp.amend_orders({ref.target_id: changed})
    assert erp.amend_orders({ref.target_id: changed}) == {ref.target_id: ref}
    assert fault.fired == 1
    assert simulated.lines(ref.target_id) == [("Title of SKU-0002", 3.0, 10.0), ("Title of SKU-0003", 1.0, 10.0)]


def test_a_lost_reply_does_not_double_a_cancellation(
    simulated: Odoo, faults: FaultySimulator, orders: list[OrderDraft]
) -> None:
    erp = simulated.erp()
    ref = erp.create_orders(orders[:1])["shop-0"]
    assert isinstance(ref, RecordRef)
    fault = faults.add(Fault(FaultKind.LOST_REPLY, "sale.order/action_cancel"))
    with pytest.raises(OutcomeUnknown):
        erp.cancel_orders([ref.target_id])
    assert erp.cancel_orders([ref.target_id]) == {ref.target_id: ref}
    assert fault.fired == 1


@pytest.mark.parametrize("operation", ["stock.picking/action_cancel", "sale.order/action_lock"])
def test_a_lost_reply_does_not_keep_an_order_from_being_closed(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator, orders: list[OrderDraft], operation: str
) -> None:
    ref = simulated.erp().create_orders(orders[:1])["shop-0"]
    assert isinstance(ref, RecordRef)
    fault = faults.add(Fault(FaultKind.LOST_REPLY, operation))
    with pytest.raises(OutcomeUnknown):
        simulated.erp().close_orders([ref.target_id])
    assert simulated.erp().close_orders([ref.target_id]) == {ref.target_id: ref}
    assert (fault.fired, simulator.booked("shop-0")[0].state) == (1, "closed")
    assert {row["state"] for row in simulator.records()["stock.picking"]} == {"cancel"}


@pytest.mark.parametrize("release", [17, 19])
def test_closing_a_quotation_cancels_it(tools: Tools, release: int) -> None:
    simulator = OdooSimulator(release=release)
    with serve({"odoo": simulator}) as served:
        odoo = of_simulator(simulator, OdooServer(served["odoo"].base_url, DATABASE, API_KEY), tools)
        erp = odoo.erp(protocol="xmlrpc", confirm=False)
        customer = erp.upsert_customers([buyer("shop", "shop@example.com")])["shop"]
        assert isinstance(customer, RecordRef)
        ref = erp.create_orders([draft("shop-1", order([item("SKU-0001")]), customer.target_id)])["shop-1"]
        assert isinstance(ref, RecordRef)
        assert erp.close_orders([ref.target_id]) == {ref.target_id: ref}
    assert simulator.booked("shop-1")[0].state == "cancelled"


def test_a_lost_reply_does_not_make_a_second_customer_or_address(
    simulated: Odoo, simulator: OdooSimulator, faults: FaultySimulator
) -> None:
    erp, wanted = simulated.erp(), buyer("shop-c", "c@example.com", billing=HOME, shipping=ELSEWHERE)
    before = len(simulator.records()["res.partner"])
    fault = faults.add(Fault(FaultKind.LOST_REPLY, "res.partner/load", times=2))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            erp.upsert_customers([wanted])
    ref = erp.upsert_customers([wanted])["shop-c"]
    assert fault.fired == 2
    assert isinstance(ref, RecordRef)
    assert len(simulator.records()["res.partner"]) == before + 2


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (Fault(FaultKind.STATUS, status=503, headers=(("Retry-After", "7"),)), Unavailable, "unavailable"),
        (Fault(FaultKind.STATUS, status=429, headers=(("Retry-After", "7"),)), Throttled, "throttled"),
        (Fault(FaultKind.STATUS, status=200, body=b"<html>Sign in</html>"), Transient, "reply-unreadable"),
        (Fault(FaultKind.STATUS, status=200, body=b'{"name": "no list"}'), Transient, "reply-unreadable"),
        (Fault(FaultKind.STATUS, status=200, body=b'[{"id": "x"}]'), Transient, "reply-unreadable"),
        (Fault(FaultKind.STATUS, status=302, headers=(("Location", "/login"),)), Rejected, "configuration"),
        (Fault(FaultKind.STATUS, status=404, body=b"<html>"), Unavailable, "database-unknown"),
        (Fault(FaultKind.STATUS, status=409, body=b'{"name": "x.LockError"}'), Transient, "write-conflict"),
        (Fault(FaultKind.STATUS, status=418), Rejected, "refused"),
        (Fault(FaultKind.REFUSE), Unavailable, "unreachable"),
    ],
)
def test_answers_that_are_not_odoos(
    simulated: Odoo, faults: FaultySimulator, fault: Fault, kind: type[SyncError], code: str
) -> None:
    faults.add(Fault(fault.kind, status=fault.status, headers=fault.headers, body=fault.body, times=1))
    with pytest.raises(kind) as caught:
        simulated.erp().find_orders(["shop-1"])
    assert caught.value.code == code
    if isinstance(caught.value, Transient) and fault.headers and fault.status != 302:
        assert caught.value.retry_after_seconds == 7


def test_check_tells_an_outage_instead_of_raising(simulated: Odoo, faults: FaultySimulator) -> None:
    fault = faults.add(Fault(FaultKind.REFUSE, times=None))
    checks = simulated.erp().check()
    assert [(check.name, check.ok) for check in checks] == [("reachable", False)]
    faults.remove(fault)
    old = b'{"version_info": [17, 0, 0, "final", 0, ""], "version": "17.0"}'
    faults.add(Fault(FaultKind.STATUS, "web/version", status=200, body=old))
    assert [(check.name, check.ok) for check in simulated.erp().check()] == [("reachable", True), ("version", False)]


def test_check_tells_a_clock_that_is_off(simulated: Odoo, faults: FaultySimulator) -> None:
    body = b'{"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}'
    headers = (("Date", "Mon, 05 Oct 2020 09:00:00 GMT"),)
    faults.add(Fault(FaultKind.STATUS, "web/version", status=200, headers=headers, body=body))
    [clock] = [check for check in simulated.erp().check() if check.name == "clock"]
    assert (clock.ok, "NTP" in clock.next_step) == (False, True)


def test_check_tells_a_field_that_this_odoo_lacks(simulated: Odoo, faults: FaultySimulator) -> None:
    faults.add(Fault(FaultKind.STATUS, "sale.order.line/fields_get", status=200, body=b'{"id": {"type": "integer"}}'))
    [fields] = [check for check in simulated.erp().check() if check.name == "fields"]
    assert (fields.ok, "sale.order.line.qty_invoiced_posted" in fields.detail) == (False, True)


def _load_answers(message: str, *, record: int | None, times: int | None = 1, containing: str = "") -> Fault:
    said = {"type": "error", "message": message, **({} if record is None else {"record": record})}
    body = json.dumps({"ids": False, "messages": [said], "nextrow": 0}).encode()
    return Fault(FaultKind.STATUS, "sale.order/load", containing, status=200, body=body, times=times)
