"""XML-RPC's wire: values kept exact, nothing unsafe parsed, and what each fault means."""

from decimal import Decimal
from typing import Any
from xmlrpc.client import Fault as XmlFault
from xmlrpc.client import dumps, loads

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Since
from erpsync.sandbox.faults import Fault, FaultKind, FaultySimulator
from erpsync.systems.odoo.simulator import OdooSimulator
from erpsync.systems.odoo.xml_values import NotXmlRpc, decoded, encoded
from tests.odoo_server import OdooServer
from tests.systems.odoo.conftest import Odoo
from tests.systems.odoo.drafts import draft, item, order

FAR_TOO_LONG = 2**40


def answering(value: str) -> bytes:
    return f"<methodResponse><params><param><value>{value}</value></param></params></methodResponse>".encode()


@pytest.fixture
def by_xml(simulated: Odoo) -> Odoo:
    return Odoo(
        simulated.server,
        lambda **changes: simulated.settings_for(**{"protocol": "xmlrpc", **changes}),
        simulated.tools,
        simulated.deliver,
        simulated.invoice,
        simulated.new_key,
    )


@pytest.fixture
def faults(faulty: tuple[OdooServer, FaultySimulator]) -> FaultySimulator:
    return faulty[1]


@pytest.mark.parametrize("text", ["0.1", "26.380000000000003", "1e-07", "-5.0"])
def test_a_double_is_the_decimal_that_was_written(text: str) -> None:
    value = decoded(answering(f"<double>{text}</double>"))
    assert isinstance(value, Decimal)
    assert value == Decimal(text)


def test_integers_beyond_32_bits_are_read() -> None:
    assert decoded(answering(f"<i8>{FAR_TOO_LONG}</i8>")) == FAR_TOO_LONG


def test_what_xml_rpc_cannot_say_is_sent_as_odoo_understands_it() -> None:
    sent: Any = loads(encoded("execute_kw", [None, FAR_TOO_LONG, Decimal("1.50"), "a\x00b\x1fc\n", {"of": (True,)}]))
    assert sent == ((False, float(FAR_TOO_LONG), 1.5, "abc\n", {"of": [True]}), "execute_kw")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"<html></html>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><methodResponse/>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/evil.dtd"><methodResponse/>',
        answering("<double>much</double>"),
        answering("<nonsense>1</nonsense>"),
        b"<methodResponse><params></params></methodResponse>",
        b"<methodResponse><fault><value><int>1</int></value></fault></methodResponse>",
    ],
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(NotXmlRpc):
        decoded(body)


def test_a_login_page_in_between_is_told_as_such(by_xml: Odoo, faults: FaultySimulator) -> None:
    faults.add(Fault(FaultKind.STATUS, "authenticate", status=200, body=b"<html>Sign in</html>"))
    with pytest.raises(Transient) as caught:
        by_xml.erp().ping()
    assert caught.value.code == "reply-unreadable"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"api_key": "f" * 40}, "credentials-refused"),
        ({"user": "nobody"}, "credentials-refused"),
        ({"database": "nosuchdatabase"}, "database-unknown"),
    ],
)
def test_wrong_credentials_are_the_connections_fault(by_xml: Odoo, changes: dict[str, object], code: str) -> None:
    with pytest.raises(Unavailable) as caught:
        by_xml.erp(**changes).ping()
    assert caught.value.code == code


def test_a_missing_permission_is_named(by_xml: Odoo, tag: str) -> None:
    with pytest.raises(Rejected) as caught:
        by_xml.erp(api_key=by_xml.new_key("user")).find_orders([tag])
    assert caught.value.code == "permission-missing"


@pytest.mark.parametrize(
    ("code", "text", "kind", "told"),
    [
        (
            1,
            "Traceback\npsycopg2.errors.SerializationFailure: could not serialize access\n",
            Transient,
            "write-conflict",
        ),
        (1, "Traceback\npsycopg2.pool.PoolError: The Connection Pool Is Full\n", Throttled, "busy"),
        (1, "Traceback\nKeyError: 'Ada Byron'\n", Transient, "odoo-failed"),
        (1, "Traceback\nAttributeError: The method 'res.users.nope' does not exist\n", Rejected, "configuration"),
        (1, "Traceback\nValueError: Invalid field 'nope' on 'res.users'\n", Rejected, "configuration"),
        (2, "Ada Byron has been blocked", Rejected, "refused"),
        (2, "Record does not exist or has been deleted.\n(Record: res.users(9,), User: 2)", Rejected, "record-gone"),
        (2, "Object res.nope doesn't exist", Rejected, "configuration"),
        (3, "Access Denied", Unavailable, "credentials-refused"),
        (4, "You are not allowed to access 'User' (res.users) records of Ada Byron.", Rejected, "permission-missing"),
    ],
)
def test_each_fault_has_its_meaning(
    by_xml: Odoo, faults: FaultySimulator, code: int, text: str, kind: type[SyncError], told: str
) -> None:
    erp = by_xml.erp()
    body = dumps(XmlFault(code, text)).encode()
    fault = faults.add(Fault(FaultKind.STATUS, "res.users/context_get", status=200, body=body))
    with pytest.raises(kind) as caught:
        erp.ping()
    assert (fault.fired, caught.value.code) == (1, told)
    assert "Ada" not in str(caught.value)
    assert caught.value.problem.next_step


def test_an_answer_of_nothing_is_no_failure(by_xml: Odoo, simulator: OdooSimulator) -> None:
    """Odoo commits, and then cannot write None: the fault does not undo it."""
    erp = by_xml.erp()
    answer = erp.create_orders([draft("shop-1", order([item("SKU-0001")]), by_xml.customer("shop"))])["shop-1"]
    assert isinstance(answer, RecordRef)
    assert erp.close_orders([answer.target_id]) == {answer.target_id: answer}
    assert simulator.booked("shop-1")[0].state == "closed"


@pytest.mark.parametrize("operation", ["sale.order/load", "sale.order/action_confirm"])
def test_a_lost_reply_does_not_make_a_second_order(
    by_xml: Odoo, simulator: OdooSimulator, faults: FaultySimulator, operation: str
) -> None:
    drafts = [draft("shop-1", order([item("SKU-0001")]), by_xml.customer("shop"))]
    fault = faults.add(Fault(FaultKind.LOST_REPLY, operation))
    erp = by_xml.erp()
    with pytest.raises(OutcomeUnknown):
        erp.create_orders(drafts)
    assert isinstance(erp.create_orders(drafts)["shop-1"], RecordRef)
    assert (fault.fired, len(simulator.booked("shop-1"))) == (1, 1)


def test_it_signs_in_once_and_asks_for_each_models_fields_once(by_xml: Odoo, faults: FaultySimulator) -> None:
    erp = by_xml.erp()
    for _ in range(3):
        erp.find_orders(["shop-1"])
        erp.progress_changed(Since())
    assert faults.operations["authenticate"] == 1
    assert faults.operations["sale.order/fields_get"] == 1


def test_an_address_that_serves_no_xml_rpc_makes_records_wait(by_xml: Odoo, faults: FaultySimulator) -> None:
    faults.add(Fault(FaultKind.STATUS, "authenticate", status=404))
    with pytest.raises(Unavailable):
        by_xml.erp().ping()
