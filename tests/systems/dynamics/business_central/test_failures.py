"""What goes wrong between erpsync and Business Central, and what becomes of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import OrderDraft
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.dynamics.business_central import refusals
from erpsync.systems.dynamics.business_central.adapter import BusinessCentralErp
from erpsync.testing.barrier import together
from erpsync.testing.erp_contract import written
from tests.systems.dynamics.business_central.stage import CREATES, FINDS
from tests.systems.dynamics.business_central.stand import World, an_order, customer_draft, world_of

PERSONAL = "Ada Byron, St James's Square 12, ada@example.com"


# -- limits and outages


def test_too_many_requests_wait_as_long_as_they_are_told(tools: Tools) -> None:
    with world_of(tools, per_window=3, retry_after_seconds=17) as world:
        erp = world.erp()
        for _ in range(3):
            erp.ping()
        with pytest.raises(Throttled) as throttled:
            erp.ping()
    assert throttled.value.retry_after_seconds == 17
    assert not throttled.value.counts_as_attempt


def test_a_full_queue_is_throttled_too(tools: Tools) -> None:
    with world_of(tools, concurrent=0, queue=0) as world, pytest.raises(Throttled):
        world.erp().ping()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, Throttled), (503, Unavailable), (408, OutcomeUnknown), (504, OutcomeUnknown), (500, OutcomeUnknown)],
)
def test_what_a_status_means_for_a_write(world: World, status: int, kind: type[SyncError]) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    fault = world.faulty.add(Fault(FaultKind.STATUS, CREATES, status=status, headers=(("Retry-After", "9"),)))
    with pytest.raises(kind) as error:
        erp.create_orders([draft])
    assert fault.fired == 1
    assert isinstance(error.value, Transient)
    assert error.value.retry_after_seconds == (7 if kind is OutcomeUnknown else 9)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(408, Unavailable), (504, Unavailable), (500, Transient), (404, Unavailable), (400, Unavailable)],
)
def test_what_a_status_means_for_a_read(world: World, status: int, kind: type[SyncError]) -> None:
    erp = world.erp()
    fault = world.faulty.add(Fault(FaultKind.STATUS, "GET companies", status=status))
    with pytest.raises(kind) as error:
        erp.ping()
    assert fault.fired == 1
    assert not isinstance(error.value, OutcomeUnknown)
    assert error.value.problem.next_step


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"{}", b"[]"])
def test_an_answer_that_cannot_be_read_leaves_a_write_in_doubt_and_a_read_to_be_asked_again(
    world: World, body: bytes
) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    writing = world.faulty.add(Fault(FaultKind.STATUS, CREATES, status=200, body=body))
    with pytest.raises(OutcomeUnknown):
        erp.create_orders([draft])
    reading = world.faulty.add(Fault(FaultKind.STATUS, FINDS, status=200, body=body))
    with pytest.raises(Transient):
        erp.find_orders([draft.reference])
    assert (writing.fired, reading.fired) == (1, 1)


def test_one_order_of_a_batch_may_be_throttled(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    told = {"id": "0", "status": 429, "headers": {"retry-after": "23"}, "body": {"error": {"code": "X", "message": ""}}}
    body = json.dumps({"responses": [told]}).encode()
    fault = world.faulty.add(Fault(FaultKind.STATUS, CREATES, status=200, body=body))
    answer = erp.create_orders([draft])[draft.reference]
    assert fault.fired == 1
    assert isinstance(answer, Throttled)
    assert answer.retry_after_seconds == 23


def test_an_order_that_cannot_be_taken_back_yet_is_tried_again_and_then_told(world: World) -> None:
    erp = world.erp(tax_codes="19=VAT7, 0=NOVAT")
    draft = world.draft(erp, an_order())
    fault = world.faulty.add(Fault(FaultKind.STATUS, "batch: DELETE salesOrders", status=503))
    assert isinstance(erp.create_orders([draft])[draft.reference], Unavailable)
    assert fault.fired == 1
    [ref] = erp.find_orders([draft.reference])[draft.reference]
    answer = erp.amend_orders({ref.target_id: draft})[ref.target_id]
    assert isinstance(answer, Rejected)
    assert answer.problem.record == f"order #1001, sales order {ref.display}"


def test_an_answer_that_leaves_some_out_leaves_those_in_doubt(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    fault = world.faulty.add(Fault(FaultKind.STATUS, CREATES, status=200, body=b'{"responses": []}'))
    answer = erp.create_orders([draft])[draft.reference]
    assert fault.fired == 1
    assert isinstance(answer, OutcomeUnknown)
    assert answer.settle_seconds == 7


# -- credentials and permissions


def test_a_token_that_is_revoked_is_renewed_and_nothing_is_lost(world: World) -> None:
    erp = world.erp()
    draft = world.draft(erp, an_order())
    world.simulator.tokens.revoke()
    assert written(erp.create_orders([draft])[draft.reference])
    assert world.calls("token") == {"token": 2}
    assert len(world.rows("salesOrders")) == 1


def test_a_wrong_secret_says_what_to_renew_and_not_the_secret(world: World) -> None:
    with pytest.raises(Unavailable) as refused:
        world.erp(client_secret="wrong-secret").ping()
    assert "AADSTS7000215" in refused.value.problem.what
    assert "client_secret" in refused.value.problem.next_step
    assert "wrong-secret" not in str(refused.value)


def test_a_company_that_is_not_there_stops_everything(world: World) -> None:
    with pytest.raises(Unavailable, match="no company"):
        world.erp(company="Nowhere Ltd.").find_orders(["shop-1"])


def test_a_company_may_be_named_by_its_id(world: World) -> None:
    assert world.erp(company=world.simulator.company_id.upper()).find_orders(["shop-1"]) == {"shop-1": ()}


def test_a_missing_permission_is_the_connections_fault_and_costs_no_attempt(tools: Tools) -> None:
    with world_of(tools, denied=["POST salesOrders"]) as world:
        erp = world.erp()
        draft = world.draft(erp, an_order())
        answer = erp.create_orders([draft])[draft.reference]
    assert isinstance(answer, Unavailable)
    assert answer.code == "permission-missing"
    assert "permission sets" in answer.problem.next_step


def test_a_number_series_without_manual_numbers_says_where_to_allow_them(tools: Tools) -> None:
    with world_of(tools, manual_numbers=False) as world:
        draft = customer_draft()
        answer = world.erp().upsert_customers([draft])[draft.reference]
    assert isinstance(answer, Rejected)
    assert "Manual Nos." in answer.problem.next_step


# -- customers


def test_a_customer_that_is_right_already_is_not_written_again(world: World) -> None:
    draft = customer_draft()
    for _ in range(2):
        world.erp().upsert_customers([draft])
    assert [method for method, table, _ in world.simulator.bodies if table == "customers"] == ["POST"]


def test_an_address_is_found_whatever_its_capitals(world: World) -> None:
    known = world.simulator.put_customer("Grace", "grace@example.com")
    draft = customer_draft("shop-customer-9", email="Grace@Example.com")
    [found] = world.erp().find_customers([draft])[draft.reference]
    assert found.target_id == known


def test_two_customers_of_one_address_are_both_found(world: World) -> None:
    world.simulator.put_customer("Grace", "grace@example.com")
    world.simulator.books.add("customers", number="C9", email="GRACE@example.com".lower(), displayName="Grace again")
    draft = customer_draft("shop-customer-9", email="grace@example.com")
    assert len(world.erp().find_customers([draft])[draft.reference]) == 2


def test_a_buyer_without_a_name_or_an_address_is_still_a_customer(world: World) -> None:
    draft = customer_draft("shop-customer-1", first_name="", last_name="", email="")
    draft = type(draft)(draft.reference, draft.customer, None, None, "EUR")
    written(world.erp().upsert_customers([draft])[draft.reference])
    assert [row["displayName"] for row in world.rows("customers")] == ["shop-customer-1"]


def test_a_merchants_own_customer_fields_are_filled(world: World) -> None:
    draft = customer_draft()
    world.erp(customer_fields="website = reference\ntaxLiable = `true`").upsert_customers([draft])
    [row] = world.rows("customers")
    assert (row["website"], row["taxLiable"]) == ("shop-customer-1", True)


def test_a_customer_whose_fields_cannot_be_filled_fails_alone(world: World) -> None:
    drafts = [customer_draft("shop-1", phone="x"), customer_draft("shop-2", phone="5")]
    answers = world.erp(customer_fields={"website": "text(money(customer.phone, 'EUR'))"}).upsert_customers(drafts)
    assert isinstance(answers["shop-1"], Rejected)
    assert "website" in answers["shop-1"].problem.what
    assert written(answers["shop-2"])


# -- two workers at once


def at_once(world: World, act: Callable[[BusinessCentralErp, int], object]) -> list[Any]:
    """Two adapters, each in a thread of its own, let loose together."""
    works = [partial(act, world.erp(), number) for number in range(2)]
    return [done.result() for done in together(*works, seconds=60)]


def test_two_workers_never_make_one_customer_twice(world: World) -> None:
    draft = customer_draft()
    answers = at_once(world, lambda erp, _: erp.upsert_customers([draft])[draft.reference])
    assert len(world.rows("customers")) == 1
    assert all(not isinstance(answer, Rejected) for answer in answers)


def test_two_workers_make_their_orders_side_by_side(world: World) -> None:
    customer = world.customer(world.erp())
    drafts = [
        [OrderDraft(f"shop-{one}-{two}", an_order(f"{one}-{two}"), customer) for two in range(5)] for one in range(2)
    ]
    at_once(world, lambda erp, number: erp.create_orders(drafts[number]))
    assert len({row["externalDocumentNumber"] for row in world.rows("salesOrders")}) == 10


# -- the words of refusals


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (
            "You may not enter numbers manually. If you want to enter numbers manually, activate Manual Nos.",
            "manual-numbers-not-allowed",
        ),
        (
            "Status must be equal to 'Open'  in Sales Header: Document Type=Order, No.=101. Current value is 'Released'.",
            "order-released",
        ),
        ("Quantity must not be less than Quantity Shipped in Sales Line.", "already-shipped"),
        ("Posting Date is not within your range of allowed posting dates.", "posting-date-not-allowed"),
        (
            "The VAT Posting Setup does not exist. Identification fields and values: X='DOMESTIC'",
            "posting-setup-missing",
        ),
        (f"You cannot create this type of document when Customer {PERSONAL} is blocked.", "blocked"),
        (f"The length of the string is 60, but it must be at most 50. Value: {PERSONAL}", "text-too-long"),
        ("The sell-to customer cannot be found.", "customer-gone"),
        (f'The email address "{PERSONAL}" is not valid.', "invalid-email"),
        ("Item does not exist.", "unknown-sku"),
        ("Account does not exist.", "unknown-account"),
        (
            f"The field Country/Region Code of table Customer contains a value ({PERSONAL})"
            " that cannot be found in the related table.",
            "unknown-value",
        ),
        (f"Something about {PERSONAL} that nobody foresaw.", "refused"),
    ],
)
def test_a_refusal_says_what_to_do_and_nothing_about_people(message: str, code: str) -> None:
    correlation = "0b1c2d3e-0000-1111-2222-333344445555"
    body = {"error": {"code": "Application_DialogException", "message": f"{message}  CorrelationId:  {correlation}."}}
    error = refusals.of_answer(400, {}, body, record="order #1", write=True, settle_seconds=7, now=datetime.now(UTC))
    assert isinstance(error, Rejected)
    assert (error.code, error.problem.record) == (code, "order #1")
    assert error.problem.next_step.endswith(".")
    assert correlation in error.problem.what
    assert "Ada" not in str(error)
    assert "Square" not in str(error)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (409, "Another user has already changed the record.", Transient),
        (412, "Precondition failed.", Transient),
        (
            400,
            "The operation could not complete because a record in the Sales Header table was locked by another user.",
            Transient,
        ),
        (403, "Not allowed.", Unavailable),
        (
            400,
            "Sorry, the current permissions prevented the action. (TableData 36 Sales Header Insert: Base Application)",
            Unavailable,
        ),
        (500, "Something broke.", OutcomeUnknown),
        (500, "Your activity was deadlocked with another user.", Transient),
    ],
)
def test_what_passes_or_is_not_the_records_fault_is_no_rejection(
    status: int, message: str, kind: type[SyncError]
) -> None:
    body = {"error": {"code": "Internal_ServerError", "message": message}}
    error = refusals.of_answer(status, {}, body, record="order #1", write=True, settle_seconds=7, now=datetime.now(UTC))
    assert type(error) is kind
