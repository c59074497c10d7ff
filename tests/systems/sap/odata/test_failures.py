"""What goes wrong on the way, and what comes of it."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
import structlog.testing

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import Written
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.testing.barrier import together
from erpsync.testing.erp_contract import an_order, everything, line, written
from tests.systems.sap.odata.stand import System, customer, moving, system


def test_a_session_that_ended_is_renewed_and_the_write_done_once(sap: System) -> None:
    erp = sap.erp()
    customer_id = sap.customer()
    written(erp.create_orders([sap.draft(an_order("one"), customer_id)])["shop-one"])
    sap.simulator.end_sessions()
    written(erp.create_orders([sap.draft(an_order("two"), customer_id)])["shop-two"])

    assert len(sap.simulator.booked("shop-two")) == 1
    assert sap.count("create A_SalesOrder") == 3


def test_a_token_that_ended_early_is_renewed(tools: Tools) -> None:
    with system(tools, oauth=True) as sap:
        erp = sap.erp()
        erp.ping()
        sap.simulator.end_tokens()
        erp.ping()
        assert sap.count("token") == 2


def test_a_token_is_renewed_before_it_ends(tools: Tools) -> None:
    moved, clock = moving(tools)
    with system(moved, oauth=True) as sap:
        erp = sap.erp()
        erp.ping()
        erp.ping()
        assert sap.count("token") == 1
        clock.offset += timedelta(minutes=59, seconds=30)
        erp.ping()
        assert sap.count("token") == 2


def test_an_order_that_sap_makes_late_is_not_taken_for_missing(sap: System) -> None:
    draft = sap.draft(an_order("late"))
    erp = sap.erp(settle_seconds="3")
    fault = sap.fault(Fault(FaultKind.LATE, operation="create A_SalesOrder", seconds=0.3))
    with pytest.raises(OutcomeUnknown) as unknown:
        erp.create_orders([draft])

    assert fault.fired == 1
    assert unknown.value.settle_seconds == 3
    sap.faulty.wait_for_late()
    assert len(erp.find_orders([draft.reference])[draft.reference]) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_gateways_error_after_a_write_leaves_its_outcome_unknown(sap: System, status: int) -> None:
    draft = sap.draft(an_order("gateway"))
    fault = sap.fault(Fault(FaultKind.STATUS, operation="create A_SalesOrder", status=status))
    with pytest.raises(OutcomeUnknown):
        sap.erp().create_orders([draft])
    assert fault.fired == 1


def test_an_answer_that_is_no_batch_leaves_the_outcome_unknown(sap: System) -> None:
    draft = sap.draft(an_order("page"))
    page = Fault(FaultKind.STATUS, operation="create A_SalesOrder", status=200, body=b"<html>")
    sap.fault(page)
    with pytest.raises(OutcomeUnknown):
        sap.erp().create_orders([draft])
    assert page.fired == 1


def test_of_several_requests_each_order_has_its_own_outcome(sap: System) -> None:
    customer_id = sap.customer()
    drafts = [sap.draft(an_order(f"part-{at}"), customer_id) for at in range(5)]
    fault = sap.fault(Fault(FaultKind.LOST_REPLY, operation="create A_SalesOrder", skip=1))
    answers = sap.erp(order_batch="2").create_orders(drafts)

    assert fault.fired == 1
    unknown = [reference for reference, answer in answers.items() if isinstance(answer, OutcomeUnknown)]
    assert unknown == ["shop-part-2", "shop-part-3"]
    assert all(len(sap.simulator.booked(draft.reference)) == 1 for draft in drafts)


def test_after_a_failure_of_the_connection_what_is_left_is_not_sent(sap: System) -> None:
    customer_id = sap.customer()
    drafts = [sap.draft(an_order(f"stop-{at}"), customer_id) for at in range(5)]
    sap.fault(Fault(FaultKind.STATUS, operation="create A_SalesOrder", skip=1, status=503))
    answers = sap.erp(order_batch="2").create_orders(drafts)

    refused = [isinstance(answers[draft.reference], Unavailable) for draft in drafts]
    assert refused == [False, False, True, True, True]
    assert sap.count("create A_SalesOrder") == 2


@pytest.mark.parametrize("operation", ["create A_SalesOrder", "read A_SalesOrder by PurchaseOrderByCustomer"])
def test_throttling_waits_as_long_as_asked(sap: System, operation: str) -> None:
    draft = sap.draft(an_order("slow"))
    fault = sap.fault(Fault(FaultKind.STATUS, operation=operation, status=429, headers=(("Retry-After", "17"),)))
    with pytest.raises(Throttled) as throttled:
        sap.erp().create_orders([draft]) if "create" in operation else sap.erp().find_orders([draft.reference])

    assert fault.fired == 1
    assert throttled.value.retry_after_seconds == 17
    assert sap.simulator.booked(draft.reference) == []


def test_a_system_without_free_work_processes_is_waited_for(tools: Tools) -> None:
    with system(tools, max_at_once=0) as sap, pytest.raises(Unavailable) as busy:
        sap.erp().ping()
    assert busy.value.retry_after_seconds == 2


def test_an_order_that_somebody_edits_is_tried_again(sap: System) -> None:
    draft = sap.draft(an_order("locked"))
    body = (
        b"--B\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n"
        b'{"error":{"code":"V1/042","message":{"lang":"en","value":"Document 12 is being processed by ADA"}}}\r\n--B--'
    )
    headers = (("Content-Type", "multipart/mixed; boundary=B"),)
    sap.fault(Fault(FaultKind.STATUS, operation="create A_SalesOrder", status=202, headers=headers, body=body))
    answer = sap.erp().create_orders([draft])[draft.reference]
    assert isinstance(answer, Transient)
    assert answer.code == "record-locked"
    assert "ADA" not in str(answer)


def test_saps_own_words_never_reach_an_error(sap: System) -> None:
    stranger = sap.draft(an_order("private"), "Lovelace")  # type: ignore[arg-type]
    answer = sap.erp().create_orders([stranger])[stranger.reference]

    assert isinstance(answer, Rejected)
    assert "VP/199" in answer.problem.what
    assert "Lovelace" not in str(answer)
    assert answer.problem.next_step


def test_what_sap_warns_of_is_logged_by_its_code(sap: System) -> None:
    sap.simulator.service.warnings = [
        {"code": "SLS_LORD/009", "message": "Document of Ada is incomplete", "severity": "warning"},
        {"code": "V1/263", "message": "Item 10", "severity": "info"},
    ]
    draft = sap.draft(an_order("warned"))
    with structlog.testing.capture_logs() as logs:
        written(sap.erp().create_orders([draft])[draft.reference])

    [entry] = [one for one in logs if one["event"] == "sap.messages"]
    assert entry["messages"] == ["warning SLS_LORD/009", "info V1/263"]
    assert "Ada" not in str(logs)


def test_pages_of_the_server_are_followed_on_its_own_address(sap: System) -> None:
    sap.simulator.service.max_rows = 7
    products, _ = everything(sap.erp().products_changed)
    assert len(products) == 56
    sap.simulator.put_stock("SKU-0050", sap.simulator.locations[0], Decimal(3))
    told, _ = everything(sap.erp().stock_levels)
    assert len(sap.erp(page_size="9").stock_levels(Since()).records) == 8
    assert len(told) == 112
    assert [level.on_hand for level in told if level.sku == "SKU-0050"] == [3, 0]


@pytest.mark.parametrize("service", ["API_SALES_ORDER_SRV", "API_PRODUCT_SRV"])
def test_a_missing_right_stops_the_connection_not_the_record(sap: System, service: str) -> None:
    draft = sap.draft(an_order("denied"))
    sap.simulator.denied.add(service)
    with pytest.raises(Unavailable) as denied:
        sap.erp().create_orders([draft])
    assert denied.value.code == "not-permitted"
    assert "rights" in denied.value.problem.next_step


def test_a_service_that_is_not_active_stops_the_connection(sap: System) -> None:
    sap.simulator.inactive.add("API_MATERIAL_STOCK_SRV")
    with pytest.raises(Unavailable) as inactive:
        sap.erp().stock_levels(Since())
    assert inactive.value.code == "service-not-active"


def test_a_cursor_of_another_connection_is_refused_in_words(sap: System) -> None:
    with pytest.raises(Transient, match="checkpoint"):
        sap.erp().products_changed(Since("yesterday"))
    with pytest.raises(Transient, match="checkpoint"):
        sap.erp().products_changed(Since(None, "17"))


def test_workers_at_once_each_have_their_own_session(sap: System) -> None:
    customer_id = sap.customer()

    def work(worker: int) -> list[Written]:
        drafts = [sap.draft(an_order(f"w{worker}-{at}", line("SKU-0001")), customer_id) for at in range(3)]
        return list(sap.erp().create_orders(drafts).values())

    works = together(*(partial(work, worker) for worker in range(4)), seconds=60)
    answers = [answer for done in works for answer in done.result()]
    assert not [answer for answer in answers if isinstance(answer, SyncError)]
    assert len(sap.rows("A_SalesOrder")) == 12


def test_a_customer_whose_answer_is_lost_is_found_before_one_is_made(sap: System) -> None:
    draft = customer("lost")
    fault = sap.fault(Fault(FaultKind.LATE, operation="create A_BusinessPartner", seconds=0.3))
    with pytest.raises(OutcomeUnknown) as unknown:
        sap.erp(settle_seconds="2").upsert_customers([draft])
    assert (fault.fired, unknown.value.settle_seconds) == (1, 2)
    sap.faulty.wait_for_late()
    written(sap.erp().upsert_customers([draft])[draft.reference])
    assert len([row for row in sap.rows("A_BusinessPartner") if row["FirstName"] == "Ada"]) == 1
