"""What goes wrong on the way or in the account, and what the adapter makes of it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Since
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.netsuite import refusals
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.netsuite.simulator_access import Fault as Blocked
from erpsync.systems.netsuite.simulator_access import Keys
from erpsync.systems.netsuite.wire import Status
from erpsync.transport.soap import SoapFault
from tests.systems.netsuite.stand import FirstWaits, World, customer_draft, order

PRICES = {"SKU-0001": Decimal("6.90")}
UPSERT = "upsertList:SalesOrder"


def test_a_lost_reply_does_not_create_a_second_order(world: World) -> None:
    erp, draft = world.erp(), world.draft(order("1"))
    fault = world.served.faulty.add(Fault(FaultKind.LOST_REPLY, UPSERT))

    with pytest.raises(OutcomeUnknown) as lost:
        erp.create_orders([draft])
    found = erp.find_orders(["shop-1"])
    again = erp.create_orders([draft])

    assert fault.fired == 1
    assert lost.value.settle_seconds == 0
    assert found["shop-1"] == (again["shop-1"],)
    assert len(world.orders()) == 1


def test_a_commit_after_the_client_gave_up_does_not_create_a_second_order(open_world: Callable[..., World]) -> None:
    late = FirstWaits("shop-1")
    world = open_world(NetSuiteSimulator(skus=PRICES, customers=1, between=late))
    erp, draft = world.erp(), world.draft(order("1"))
    fault = world.served.faulty.add(Fault(FaultKind.LATE, UPSERT))

    with pytest.raises(OutcomeUnknown):
        erp.create_orders([draft])
    late.here.wait()
    early = erp.find_orders(["shop-1"])
    second = erp.create_orders([draft])
    late.let_on.hoist()
    world.served.faulty.wait_for_late()

    assert fault.fired == 1
    assert early == {"shop-1": ()}
    assert isinstance(second["shop-1"], RecordRef)
    assert len(world.orders()) == 1


def test_a_lost_reply_to_a_customer_makes_no_second_customer(world: World) -> None:
    erp = world.erp()
    fault = world.served.faulty.add(Fault(FaultKind.LOST_REPLY, "upsertList:Customer"))

    with pytest.raises(OutcomeUnknown):
        erp.upsert_customers([customer_draft()])
    erp.upsert_customers([customer_draft()])

    assert fault.fired == 1
    [record] = [c for c in world.served.records()["customers"] if c["externalId"]]
    # The retry saw that it exists, so the address was not entered twice.
    assert len(record["addressbookList"]["addressbook"]) == 1


def test_the_name_can_be_asked_for_later_when_the_look_up_after_a_write_fails(world: World) -> None:
    erp, draft = world.erp(), world.draft(order("1"))
    fault = world.served.faulty.add(Fault(FaultKind.REFUSE, "getList.*"))

    with pytest.raises(Unavailable):
        erp.create_orders([draft])

    assert fault.fired == 1
    [made] = world.orders()
    assert [ref.display for ref in erp.find_orders(["shop-1"])["shop-1"]] == [made["tranId"]]


def test_a_read_that_is_cut_off_is_an_outage_not_a_failed_order(world: World) -> None:
    fault = world.served.faulty.add(Fault(FaultKind.REFUSE, "search:Item"))

    with pytest.raises(Unavailable):
        world.erp().create_orders([world.draft(order("1"))])

    assert fault.fired == 1
    assert world.orders() == []


@pytest.mark.parametrize(
    ("status", "error"), [(503, Unavailable), (429, Throttled), (502, OutcomeUnknown), (500, OutcomeUnknown)]
)
def test_a_gateways_answer_to_a_write_is_judged_by_its_status(
    world: World, status: int, error: type[SyncError]
) -> None:
    body = b"<html><body>Sorry</body></html>"
    fault = world.served.faulty.add(Fault(FaultKind.STATUS, UPSERT, status=status, body=body))

    with pytest.raises(error):
        world.erp().create_orders([world.draft(order("1"))])

    assert fault.fired == 1


def test_too_many_requests_at_once_are_throttled(open_world: Callable[..., World]) -> None:
    inside, release = threading.Event(), threading.Event()

    def hold(external_id: str) -> None:
        inside.set()
        release.wait(20)

    world = open_world(NetSuiteSimulator(skus=PRICES, customers=1, concurrency=1, between=hold))
    draft = world.draft(order("1"))
    results: list[object] = []
    busy = threading.Thread(target=lambda: results.append(world.erp().create_orders([draft])["shop-1"]))
    busy.start()
    assert inside.wait(20)

    with pytest.raises(Throttled) as throttled:
        world.erp().create_orders([draft])

    release.set()
    busy.join(30)
    assert throttled.value.counts_as_attempt is False
    assert "WS_REQUEST_BLOCKED" in throttled.value.problem.what
    assert isinstance(results[0], RecordRef)
    assert isinstance(world.erp().create_orders([draft])["shop-1"], RecordRef)
    assert len(world.orders()) == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("exceededConcurrentRequestLimitFault", "WS_REQUEST_BLOCKED"),
        ("exceededRequestLimitFault", "WS_CONCUR_SESSION_DISALLWD"),
    ],
)
def test_every_call_that_is_throttled_waits_and_spends_no_attempt(world: World, name: str, code: str) -> None:
    erp, draft = world.erp(), world.draft(order("1"))
    calls = [
        erp.ping,
        lambda: erp.create_orders([draft]),
        lambda: erp.products_changed(Since()),
        lambda: erp.stock_levels(Since()),
        lambda: erp.progress_changed(Since()),
        lambda: erp.customers_changed(Since()),
    ]
    for call in calls:
        world.simulator.access.faults.append(Blocked(name, code, "Request blocked."))

        with pytest.raises(Throttled) as throttled:
            call()

        assert throttled.value.retry_after_seconds == 5
        assert throttled.value.counts_as_attempt is False
    assert world.simulator.access.faults == []
    assert isinstance(erp.create_orders([draft])["shop-1"], RecordRef)


def test_a_search_that_expires_between_two_pages_is_begun_again(world: World) -> None:
    twins = [world.simulator.books.add_customer({"isPerson": True, "email": "x@example.com"}) for _ in range(250)]
    world.simulator.soap.searches.expiring = 1

    found = world.erp().find_customers([customer_draft(email="x@example.com")])["shop-customer-1"]

    assert world.simulator.soap.searches.expiring == 0
    assert {ref.target_id for ref in found} == {twin.internal_id for twin in twins}
    assert world.served.faulty.operations["search:Customer"] == 2


def test_a_search_that_keeps_expiring_is_tried_again_later(world: World) -> None:
    for _ in range(150):
        world.simulator.books.add_customer({"isPerson": True, "email": "x@example.com"})
    world.simulator.soap.searches.expiring = 9

    with pytest.raises(Transient) as expired:
        world.erp().find_customers([customer_draft(email="x@example.com")])

    assert expired.value.code == "search-expired"
    assert world.served.faulty.operations["search:Customer"] == 3


def test_an_order_that_somebody_has_open_is_tried_again(world: World) -> None:
    erp = world.erp()
    made = erp.create_orders([world.draft(order("1"))])["shop-1"]
    assert isinstance(made, RecordRef)
    world.simulator.books.contested.add(made.target_id)

    first = erp.cancel_orders([made.target_id])[made.target_id]
    second = erp.cancel_orders([made.target_id])[made.target_id]

    assert isinstance(first, Transient)
    assert first.code == "rcrd-has-been-changed"
    assert second == made


def test_an_account_that_charges_tax_of_its_own_is_noticed(world: World) -> None:
    world.simulator.books.automatic_tax = Decimal("1.31")

    refusal = world.erp().create_orders([world.draft(order("1"))])["shop-1"]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "total-differs"
    assert "SO1001" in refusal.problem.what
    assert "8.21 EUR, not to 6.90 EUR" in refusal.problem.what


def test_of_two_calls_the_one_that_was_lost_leaves_the_other_known(world: World) -> None:
    drafts = [world.draft(order(str(number))) for number in range(101)]
    fault = world.served.faulty.add(Fault(FaultKind.LOST_REPLY, UPSERT, skip=1))

    results = world.erp().create_orders(drafts)

    assert fault.fired == 1
    assert isinstance(results["shop-100"], OutcomeUnknown)
    assert all(isinstance(results[f"shop-{number}"], RecordRef) for number in range(100))


def test_a_revoked_token_stops_the_connection_not_the_orders(world: World) -> None:
    erp, draft = world.erp(), world.draft(order("1"))
    world.simulator.access.revoked = True

    for act in (erp.ping, lambda: erp.create_orders([draft]), lambda: erp.find_orders(["shop-1"])):
        with pytest.raises(Unavailable) as refused:
            act()
        assert refused.value.code == "credentials-refused"
        assert "Login Audit Trail" in refused.value.problem.next_step

    world.simulator.access.revoked = False
    assert isinstance(erp.create_orders([draft])["shop-1"], RecordRef)


def test_a_wrong_secret_is_refused(world: World) -> None:
    for wrong in ({"consumer_secret": "wrong"}, {"token_secret": "wrong"}, {"token_id": "wrong"}, {"account": "765"}):
        with pytest.raises(Unavailable) as refused:
            world.erp(**wrong).ping()
        assert refused.value.code == "credentials-refused"


def test_no_secret_and_no_name_is_in_what_an_operator_reads(world: World) -> None:
    world.simulator.access.revoked = True
    keys = Keys()

    with pytest.raises(Unavailable) as refused:
        world.erp().ping()

    told = f"{refused.value}{refused.value.problem!r}{refused.value.__cause__!r}"
    for secret in (keys.consumer_key, keys.consumer_secret, keys.token_id, keys.token_secret):
        assert secret not in told
    assert keys.consumer_secret not in repr(world.settings())


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_off_is_refused_and_named(world: World, minutes: int) -> None:
    world.clock.moved = timedelta(minutes=minutes)

    with pytest.raises(Unavailable) as refused:
        world.erp().ping()

    assert refused.value.code == "credentials-refused"
    assert "clock" in refused.value.problem.next_step


def test_four_minutes_are_tolerated(world: World) -> None:
    world.clock.moved = timedelta(minutes=4)

    world.erp().ping()


def test_a_missing_permission_stops_the_connection_not_the_orders(world: World) -> None:
    erp, draft = world.erp(), world.draft(order("1"))
    world.simulator.denied.add("salesOrder")

    for act in (lambda: erp.create_orders([draft]), lambda: erp.find_orders(["shop-1"])):
        with pytest.raises(Unavailable) as refused:
            act()
        assert refused.value.code == "permission-missing"
        assert "Sales Order" in refused.value.problem.next_step

    world.simulator.denied.clear()
    assert isinstance(erp.create_orders([draft])["shop-1"], RecordRef)


@pytest.mark.parametrize("denied", ["customer", "item", "webServices"])
def test_what_else_the_role_may_not_touch_stops_the_connection(world: World, denied: str) -> None:
    world.simulator.denied.add(denied)

    with pytest.raises(Unavailable) as refused:
        _sync(world)

    assert refused.value.code == "permission-missing"


def _sync(world: World) -> None:
    erp = world.erp()
    erp.find_customers([customer_draft()])
    erp.create_orders([world.draft(order("1"))])


def test_an_answer_that_expands_entities_is_refused(world: World) -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>&b;</e:Body></e:Envelope>'
    )
    headers = (("Content-Type", "text/xml"),)
    reads = world.served.faulty.add(Fault(FaultKind.STATUS, "getServerTime", status=200, headers=headers, body=bomb))
    writes = world.served.faulty.add(Fault(FaultKind.STATUS, UPSERT, status=200, headers=headers, body=bomb))

    with pytest.raises(Transient) as read:
        world.erp().ping()
    with pytest.raises(OutcomeUnknown) as written:
        world.erp().create_orders([world.draft(order("1"))])

    assert (reads.fired, writes.fired) == (1, 1)
    assert read.value.code == written.value.code == "reply-unreadable"


def test_an_answer_for_fewer_records_than_were_sent_is_an_unknown_outcome(world: World) -> None:
    version = world.settings().endpoint_version
    messages = f"urn:messages_{version}.platform.webservices.netsuite.com"
    core = f"urn:core_{version}.platform.webservices.netsuite.com"
    short = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<upsertListResponse xmlns="{messages}"><writeResponseList><writeResponse>'
        f'<status xmlns="{core}" isSuccess="true"/></writeResponse></writeResponseList></upsertListResponse>'
        "</e:Body></e:Envelope>"
    ).encode()
    fault = world.served.faulty.add(Fault(FaultKind.STATUS, UPSERT, status=200, body=short))

    with pytest.raises(OutcomeUnknown):
        world.erp().create_orders([world.draft(order("1")), world.draft(order("2"))])

    assert fault.fired == 1


def test_the_wrong_endpoint_version_is_named() -> None:
    fault = SoapFault("INVALID_WS_VERSION", "invalidVersionFault", "")

    error = refusals.of_fault(fault, write=True)

    assert isinstance(error, Unavailable)
    assert "endpoint_version" in error.problem.next_step


def test_an_order_in_a_currency_that_is_not_configured_is_refused(world: World) -> None:
    refusal = world.erp(currencies={"USD": "2"}).create_orders([world.draft(order("1"))])["shop-1"]

    assert isinstance(refusal, Rejected)
    assert refusal.code == "currency-not-mapped"
    assert "`currencies`" in refusal.problem.next_step


@pytest.mark.parametrize(
    ("code", "element", "message", "write", "family"),
    [
        ("WS_REQUEST_BLOCKED", "exceededConcurrentRequestLimitFault", "", True, Throttled),
        ("WS_CONCUR_SESSION_DISALLWD", "exceededRequestLimitFault", "", True, Throttled),
        ("WS_REQUEST_BLOCKED", "", "", True, Throttled),
        ("USER_ERROR", "exceededUsageLimitFault", "", True, Throttled),
        ("INVALID_LOGIN_CREDENTIALS", "invalidCredentialsFault", "", True, Unavailable),
        ("USER_ERROR", "unexpectedErrorFault", "Invalid login attempt.", True, Unavailable),
        ("WS_PERMISSION_REQD", "insufficientPermissionFault", "", True, Unavailable),
        ("INVALID_ACCT", "invalidAccountFault", "", True, Unavailable),
        ("WS_FEATURE_REQD", "", "", True, Unavailable),
        ("ACCT_TEMP_UNAVAILABLE", "", "", True, Unavailable),
        ("UNSUPPORTED_WS_VERSION", "", "", True, Unavailable),
        ("SESSION_TIMED_OUT", "invalidSessionFault", "", True, Transient),
        ("MAX_RCRDS_EXCEEDED", "exceededRecordCountFault", "", True, Rejected),
        ("UNEXPECTED_ERROR", "unexpectedErrorFault", "", True, OutcomeUnknown),
        ("UNEXPECTED_ERROR", "unexpectedErrorFault", "", False, Transient),
        ("soapenv:Server.userException", "", "org.xml.sax.SAXException", True, OutcomeUnknown),
    ],
)
def test_a_fault_has_its_family(code: str, element: str, message: str, write: bool, family: type[SyncError]) -> None:
    error = refusals.of_fault(SoapFault(code, element, message), write=write)

    assert type(error) is family
    assert error.problem.system == "netsuite"
    assert error.problem.next_step


@pytest.mark.parametrize(
    ("code", "family", "name"),
    [
        ("RCRD_HAS_BEEN_CHANGED", Transient, "rcrd-has-been-changed"),
        ("DUP_RCRD", Transient, "dup-rcrd"),
        ("WS_REQUEST_BLOCKED", Throttled, "throttled"),
        ("ACCT_TEMP_UNAVAILABLE", Unavailable, "unavailable"),
        ("UNEXPECTED_ERROR", OutcomeUnknown, "outcome-unknown"),
        ("INVALID_KEY_OR_REF", Rejected, "invalid-key-or-ref"),
        ("USER_ERROR", Rejected, "user-error"),
        ("INSUFFICIENT_PERMISSION", Rejected, "insufficient-permission"),
        ("SOMETHING_NEW", Rejected, "something-new"),
    ],
)
def test_a_records_refusal_has_its_family(code: str, family: type[SyncError], name: str) -> None:
    secret = "Buyer Name at Street 1"
    status: Status = {"isSuccess": False, "statusDetail": [{"code": code, "message": secret, "type": "ERROR"}]}

    error = refusals.of_status(status, record="order #1")

    assert type(error) is family
    assert error.code == name
    assert error.problem.record == "order #1"
    assert secret not in str(error)


def test_an_address_that_netsuite_finds_too_long_is_to_be_shortened_in_the_store() -> None:
    status: Status = {
        "isSuccess": False,
        "statusDetail": [{"code": "EXCEEDED_MAX_FIELD_LENGTH", "message": "Street 1", "type": "ERROR"}],
    }

    error = refusals.of_status(status, record="order #1")

    assert type(error) is Rejected
    assert error.problem.next_step.startswith("Shorten the text in the store")
    assert "Street 1" not in str(error)


def test_a_warning_is_no_refusal() -> None:
    status: Status = {"isSuccess": True, "statusDetail": [{"code": "WARNING", "message": "", "type": "WARN"}]}

    assert refusals.code_of(status) == ""
