"""What can go wrong on the way, and what a person is told."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.domain.parties import Address
from erpsync.domain.payments import Payment
from erpsync.ports.erp_records import CustomerDraft, PaymentDraft, RefundDraft
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.sap.soap import SPEC, simulator_wsdl
from erpsync.systems.sap.soap.adapter import SapSoapErp
from erpsync.systems.sap.soap.settings import SapSoapSettings
from erpsync.systems.sap.soap.simulator import SapSoapSimulator
from erpsync.systems.sap.soap.simulator_types import FUNCTIONS
from erpsync.testing.samples import KNOWN_CUSTOMER
from tests.systems.sap.soap.stand import CREATE, World, eur, order, refund, refused, returned

FAULT = (
    b'<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"><soap-env:Header/><soap-env:Body>'
    b"<soap-env:Fault><faultcode>soap-env:Server</faultcode><faultstring xml:lang='en'>Ada Byron crashed</faultstring>"
    b"<detail/></soap-env:Fault></soap-env:Body></soap-env:Envelope>"
)
XML = (("Content-Type", "text/xml; charset=utf-8"),)


def caught(call: Callable[[], object]) -> SyncError:
    with pytest.raises(SyncError) as raised:
        call()
    assert raised.value.problem.next_step
    return raised.value


def create(world: World, **changes: Any) -> Callable[[], object]:
    draft = world.draft(order("1"))
    return lambda: world.erp(**changes).create_orders([draft])


def test_a_wrong_password_stops_the_connection_not_the_orders(world: World) -> None:
    error = caught(create(world, password="wrong"))

    assert isinstance(error, Unavailable)
    assert error.code == "credentials-refused"
    assert "wrong" not in str(error)


def test_a_password_may_hold_any_character(world: World) -> None:
    assert "ä" in world.settings().password.get_secret_value()
    world.erp().ping()


@pytest.mark.parametrize("known", [True, False], ids=["WSDL at hand", "WSDL from SAP"])
def test_a_service_that_is_off_is_told_with_where_to_look(
    open_world: Callable[..., World], tmp_path: Path, known: bool
) -> None:
    world = open_world(active=False)
    wsdl = tmp_path / "zerpsync.wsdl"
    wsdl.write_bytes(simulator_wsdl.wsdl("http://127.0.0.1:1"))

    error = caught(create(world, wsdl_url=str(wsdl) if known else ""))

    assert isinstance(error, Unavailable)
    assert "SICF" in error.problem.next_step


def test_credentials_go_to_their_own_host_only(open_world: Callable[..., World]) -> None:
    elsewhere = open_world()

    error = caught(create(open_world(), wsdl_url=elsewhere.settings().wsdl))

    assert error.code == "credentials-refused"
    assert elsewhere.calls("wsdl") == 1


def test_a_fault_to_a_write_leaves_the_outcome_unknown_and_one_to_a_read_does_not(world: World) -> None:
    world.erp().ping()
    world.fault(FaultKind.STATUS, CREATE, status=500, body=FAULT, headers=XML)
    world.fault(FaultKind.STATUS, "Z_ERPSYNC_ORDER_FIND", status=500, body=FAULT, headers=XML)

    written = caught(create(world))
    read = caught(lambda: world.erp().find_orders(["shop-1"]))

    assert isinstance(written, OutcomeUnknown)
    assert type(read) is Transient
    assert "Ada" not in f"{written} {read}"


def test_an_answer_with_a_document_type_is_not_read(world: World) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]>' + FAULT.replace(b"crashed", b"&b;")
    world.fault(FaultKind.STATUS, "Z_ERPSYNC_ORDER_FIND", status=200, body=bomb, headers=XML)

    assert caught(lambda: world.erp().find_orders(["shop-1"])).code == "reply-unreadable"


def test_a_login_page_is_no_answer(world: World) -> None:
    world.fault(FaultKind.STATUS, "Z_ERPSYNC_PING", status=200, body=b"<html>Log on</html>")

    assert isinstance(caught(world.erp().ping), Transient)


def test_a_gateway_that_throttles_is_waited_for(world: World) -> None:
    world.fault(FaultKind.STATUS, CREATE, status=429, headers=(("Retry-After", "17"),))

    error = caught(create(world))

    assert isinstance(error, Throttled)
    assert error.retry_after_seconds == 17


def test_a_system_without_a_free_work_process_is_busy_not_broken(open_world: Callable[..., World]) -> None:
    world = open_world(work_processes=1)
    error: list[SyncError] = []
    world.simulator.sales.while_locked = lambda: error.append(caught(world.erp().ping))

    create(world)()

    assert isinstance(error[0], Unavailable)
    assert len(world.orders()) == 1


def test_nothing_is_done_when_the_connection_is_refused(world: World) -> None:
    fault = world.fault(FaultKind.REFUSE, CREATE)

    assert isinstance(caught(create(world)), OutcomeUnknown)
    assert fault.fired == 1
    assert world.orders() == []


@pytest.mark.parametrize("right", ["S_SERVICE", "V_VBAK_VKO/01"])
def test_a_missing_right_stops_the_connection_not_the_orders(world: World, right: str) -> None:
    world.simulator.denied.add(right)

    error = caught(create(world))

    assert isinstance(error, Unavailable)
    assert error.code == "permission-missing"
    assert "README" in error.problem.next_step


def test_names_and_streets_in_saps_messages_are_not_passed_on(world: World) -> None:
    home = Address(first_name="Ada", last_name="Byron", line1="Street 1", city="Berlin", postal_code="1", country="DE")
    draft = world.draft(order("1", shipping=home))

    refusal = refused(world.erp().create_orders([draft])["shop-1"])

    assert isinstance(refusal, Rejected)
    assert "AM 216" in refusal.problem.what
    assert "Byron" not in str(refusal)


def test_a_wrapper_that_lacks_an_operation_is_named(world: World) -> None:
    error = caught(create(world, operations=f"{CREATE}=Z_SHOP_ORDER"))

    assert isinstance(error, Rejected)
    assert "Z_SHOP_ORDER" in error.problem.what


class Renamed:
    """A system whose wrapper calls its operations otherwise."""

    def __init__(self) -> None:
        self.system = SapSoapSimulator()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read().replace(b"Z_SHOP_", b"Z_ERPSYNC_")
        inner = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        kept: list[Any] = []
        reply = b"".join(self.system(inner, lambda *answer: kept.extend(answer))).replace(b"Z_ERPSYNC_", b"Z_SHOP_")
        headers = [(name, value) for name, value in kept[1] if name != "Content-Length"]
        start_response(kept[0], [*headers, ("Content-Length", str(len(reply)))])
        return [reply]

    def settings(self, base_url: str) -> Any:
        return self.system.settings(base_url)

    def records(self) -> Any:
        return self.system.records()

    def operation(self, environ: Any, body: bytes) -> str:
        return self.system.operation(environ, body)


def test_operations_may_have_other_names(tools: Tools) -> None:
    names = {name: name.replace("Z_ERPSYNC_", "Z_SHOP_") for name in FUNCTIONS}
    with serve({"sap": Renamed()}) as running:
        settings = SapSoapSettings(**{**running["sap"].settings, "operations": names})
        erp = SapSoapErp(settings, tools)

        erp.ping()
        assert erp.find_orders(["shop-1"]) == {"shop-1": ()}

    assert "Z_SHOP_PING" in running["sap"].faulty.operations


def test_an_order_of_which_sap_says_nothing_is_of_unknown_outcome(world: World) -> None:
    draft = world.draft(order("1"))
    world.erp().ping()
    silence = FAULT.replace(FAULT[FAULT.index(b"<soap-env:Fault>") : FAULT.index(b"</soap-env:Body>")], (
        b'<n:Z_ERPSYNC_ORDER_CREATEResponse xmlns:n="urn:sap-com:document:sap:rfc:functions"><ET_RESULT/><ET_RETURN/>'
        b"</n:Z_ERPSYNC_ORDER_CREATEResponse>"
    ))  # fmt: skip
    world.fault(FaultKind.STATUS, CREATE, status=200, body=silence, headers=XML)

    assert isinstance(refused(world.erp().create_orders([draft])["shop-1"]), OutcomeUnknown)


def test_what_cannot_be_booked_after_the_sale_fails_alone(world: World) -> None:
    ref = world.make(order("1"))
    good = RefundDraft("shop-refund-1", ref.target_id, "shop-1", refund(returned("10.00", "1.90"), total="11.90"))
    gone = replace(good, reference="shop-refund-2", order_id="0000999999")
    odd = replace(good, reference="shop-refund-3", refund=refund(returned("10.00", "1.90"), total="50.00"))

    answers = world.erp().post_refunds([good, gone, odd])

    assert answers["shop-refund-1"].display == "60000001"
    assert isinstance(answers["shop-refund-2"], Rejected)  # never skipped: money was given back
    assert "deleted in SAP" in answers["shop-refund-2"].problem.next_step
    assert refused(answers["shop-refund-3"]).code == "does-not-balance"


def test_a_payment_without_its_account_names_the_setting(world: World) -> None:
    ref = world.make(order("1"))
    payment = Payment(source_id="p", method="paypal", amount=eur("5"), paid_at=order("1").created_at)
    draft = PaymentDraft("shop-payment-1", ref.target_id, world.customer(), payment)

    assert "payment_methods" in str(
        refused(world.erp(default_payment_method="").post_payments([draft])[draft.reference])
    )
    assert "company" in str(refused(world.erp(company="").post_payments([draft])[draft.reference]))
    unknown = refused(world.erp(default_payment_method="4711").post_payments([draft])[draft.reference])
    assert "F5 506" in unknown.problem.what


def test_a_customer_needs_its_model(world: World) -> None:
    draft = CustomerDraft("shop-customer-1", KNOWN_CUSTOMER, None, None, "EUR")

    refusal = refused(world.erp(model_customer="4711").upsert_customers([draft])[draft.reference])

    assert "model_customer" in refusal.problem.next_step
    assert "Lovelace" not in str(refusal)


def test_capabilities_follow_the_connection(world: World) -> None:
    assert SPEC.capabilities_of is not None
    ours, other = world.settings(), world.settings(wrapper_keeps_references_unique="false", settle_seconds=42)

    assert SPEC.capabilities_of(ours).unique_references
    assert not SPEC.capabilities_of(other).unique_references
    assert (SPEC.settle_seconds(ours), SPEC.settle_seconds(other)) == (0, 42)
