"""The simulator attacked by plain requests, signed by code of this file only."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import requests

from erpsync.sandbox.runner import serve
from erpsync.systems.netsuite.simulator import NetSuiteSimulator, create
from erpsync.systems.netsuite.simulator_access import Fault, Keys

MESSAGES = "urn:messages_2023_2.platform.webservices.netsuite.com"
CORE = "urn:core_2023_2.platform.webservices.netsuite.com"
SALES = "urn:sales_2023_2.transactions.webservices.netsuite.com"
CUSTOMERS = "urn:customers_2023_2.transactions.webservices.netsuite.com"
ACCOUNTING = "urn:accounting_2023_2.lists.webservices.netsuite.com"
RELATIONS = "urn:relationships_2023_2.lists.webservices.netsuite.com"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FINDS = "getList:salesOrder by externalId"
TIME = f'<getServerTime xmlns="{MESSAGES}"/>'


@dataclass
class Attacker:
    simulator: NetSuiteSimulator
    url: str

    def post(self, body: str, passport: str | None = None, extra: str = "") -> str:
        """The reply's body, whatever its status."""
        header = f"{self.passport() if passport is None else passport}{extra}"
        envelope = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
            f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        return requests.post(self.url, data=envelope.encode(), headers={"SOAPAction": '"x"'}, timeout=60).text

    def passport(self, **changes: Any) -> str:
        keys = Keys()
        v: dict[str, Any] = {
            "account": keys.account,
            "consumerKey": keys.consumer_key,
            "token": keys.token_id,
            "nonce": base64.b16encode(hashlib.sha256(str(time.perf_counter_ns()).encode()).digest()[:10]).decode(),
            "timestamp": int(time.time()),
            "algorithm": "HMAC_SHA256",
            "secrets": f"{keys.consumer_secret}&{keys.token_secret}",
        } | changes
        text = "&".join(str(v[name]) for name in ("account", "consumerKey", "token", "nonce", "timestamp"))
        digest = hmac.new(v["secrets"].encode(), text.encode(), hashlib.sha256).digest()
        signature = changes.get("signature") or base64.b64encode(digest).decode()
        fields = "".join(
            f"<c:{name}>{v[name]}</c:{name}>" for name in ("account", "consumerKey", "token", "nonce", "timestamp")
        )
        return (
            f'<m:tokenPassport xmlns:m="{MESSAGES}" xmlns:c="{CORE}">{fields}'
            f'<c:signature algorithm="{v["algorithm"]}">{signature}</c:signature></m:tokenPassport>'
        )


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    simulator = create()
    with serve({"netsuite": simulator}) as served:
        yield Attacker(simulator, f"{served['netsuite'].base_url}/services/NetSuitePort_2023_2")


def upsert(*records: str) -> str:
    return f'<upsertList xmlns="{MESSAGES}">{"".join(records)}</upsertList>'


def sales_order(content: str, attributes: str = 'externalId="x-1"') -> str:
    return f'<record xmlns:t="{SALES}" xmlns:i="{XSI}" i:type="t:SalesOrder" {attributes}>{content}</record>'


def line(item: str = "1001", more: str = "<t:quantity>1</t:quantity>") -> str:
    return f'<t:itemList><t:item><t:item internalId="{item}"/>{more}</t:item></t:itemList>'


def further(search_id: str, page: int) -> str:
    fields = f"<searchId>{search_id}</searchId><pageIndex>{page}</pageIndex>"
    return f'<searchMoreWithId xmlns="{MESSAGES}">{fields}</searchMoreWithId>'


ENTITY = '<t:entity internalId="5001"/>'
GOOD = ENTITY + line()


def test_a_proper_passport_is_let_in(attacker: Attacker) -> None:
    assert "serverTime" in attacker.post(TIME)


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "AAAA"},
        {"secrets": "wrong&wrong"},
        {"secrets": Keys().consumer_secret},
        {"account": "1234567"},
        {"consumerKey": "other"},
        {"token": "other"},
        {"off_by_seconds": -400},
        {"off_by_seconds": 400},
        {"nonce": "short"},
        {"nonce": "with-special_chars"},
        {"nonce": "n" * 65},
        {"algorithm": "HMAC_SHA1"},
    ],
)
def test_any_other_is_refused(attacker: Attacker, changes: dict[str, Any]) -> None:
    if "off_by_seconds" in changes:
        changes = {"timestamp": int(time.time()) + changes["off_by_seconds"]}
    reply = attacker.post(TIME, attacker.passport(**changes))

    assert "invalidCredentialsFault" in reply
    assert "serverTime" not in reply


def test_a_request_needs_exactly_one_passport(attacker: Attacker) -> None:
    assert "invalidCredentialsFault" in attacker.post(TIME, "")
    assert "invalidCredentialsFault" in attacker.post(TIME, attacker.passport() + attacker.passport())


def test_a_passport_serves_one_request(attacker: Attacker) -> None:
    passport = attacker.passport()

    assert "serverTime" in attacker.post(TIME, passport)
    assert "invalidCredentialsFault" in attacker.post(TIME, passport)


def test_a_forged_passport_does_not_use_up_a_nonce(attacker: Attacker) -> None:
    attacker.post(TIME, attacker.passport(nonce="abcdef123456", signature="AAAA"))

    assert "serverTime" in attacker.post(TIME, attacker.passport(nonce="abcdef123456"))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (sales_order(line() + ENTITY), "out of order"),
        (sales_order(GOOD + ENTITY), "out of order or repeated"),
        (sales_order("<t:colour>red</t:colour>"), "not known"),
        (sales_order("<t:shippingCost>4,90</t:shippingCost>"), "not a xsd:double"),
        (sales_order("<t:tranDate>yesterday</t:tranDate>"), "not a xsd:dateTime"),
        (sales_order(GOOD, 'colour="red"'), "attribute colour is not known"),
        (f'<record xmlns:i="{XSI}" xmlns:c="{CORE}" i:type="c:RecordRef"/>', "is not a core:Record"),
        ("<record/>", "is abstract"),
        ("", "record is missing"),
    ],
)
def test_a_request_must_fit_the_schema(attacker: Attacker, record: str, reason: str) -> None:
    reply = attacker.post(upsert(record))

    assert "Fault" in reply
    assert reason in reply
    assert attacker.simulator.records()["salesOrders"] == []


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (sales_order(GOOD, 'internalId="7" externalId="x-1"'), "CANT_SET_INTERNALID"),
        (sales_order(GOOD, ""), "EXTERNALID_REQD"),
        (sales_order(line()), "USER_ERROR"),
        (sales_order(ENTITY), "USER_ERROR"),
        (sales_order(ENTITY + line(more="")), "USER_ERROR"),
        (sales_order('<t:entity internalId="99999"/>' + line()), "INVALID_KEY_OR_REF"),
        (sales_order(ENTITY + line("99999")), "INVALID_KEY_OR_REF"),
        (sales_order(ENTITY + '<t:location internalId="9"/>' + line()), "INVALID_KEY_OR_REF"),
        (
            f'<record xmlns:r="{RELATIONS}" xmlns:i="{XSI}" i:type="r:Customer" externalId="c">'
            "<r:isPerson>true</r:isPerson></record>",
            "USER_ERROR",
        ),
    ],
)
def test_a_record_that_breaks_a_rule_is_refused_by_itself(attacker: Attacker, record: str, code: str) -> None:
    reply = attacker.post(upsert(record, sales_order(GOOD, 'externalId="good"')))

    assert f"code>{code}<" in reply
    assert [made["externalId"] for made in attacker.simulator.records()["salesOrders"]] == ["good"]


def test_an_order_is_added_up_as_netsuite_does(attacker: Attacker) -> None:
    lines = (
        "<t:itemList>"
        '<t:item><t:item internalId="1001"/><t:quantity>3</t:quantity><t:rate>1.005</t:rate></t:item>'
        '<t:item><t:item internalId="1002"/><t:quantity>2</t:quantity><t:rate>5</t:rate><t:amount>9.99</t:amount></t:item>'
        '<t:item><t:item internalId="1003"/><t:quantity>1</t:quantity><t:amount>10.00</t:amount>'
        '<t:taxCode internalId="6"/></t:item>'
        '<t:item><t:item internalId="1004"/><t:quantity>1</t:quantity><t:amount>10.00</t:amount>'
        '<t:tax1Amt>1.91</t:tax1Amt><t:taxCode internalId="6"/></t:item>'
        "</t:itemList>"
    )
    shipping = '<t:shipMethod internalId="3"/><t:shippingCost>4.90</t:shippingCost>'

    attacker.post(upsert(sales_order(ENTITY + shipping + lines)))

    [made] = attacker.simulator.records()["salesOrders"]
    assert [line["amount"] for line in made["lines"]] == ["3.02", "9.99", "10.00", "10.00"]
    assert [line["tax"] for line in made["lines"]] == ["0", "0", "1.90", "1.91"]
    assert Decimal(made["total"]) == Decimal("3.02") + Decimal("9.99") + 20 + Decimal("3.81") + Decimal("4.90")


def test_lists_have_their_limits(attacker: Attacker) -> None:
    orders = [sales_order(GOOD, f'externalId="x-{number}"') for number in range(101)]
    reference = f'<baseRef xmlns:i="{XSI}" xmlns:c="{CORE}" i:type="c:RecordRef" type="salesOrder" externalId="x"/>'

    assert "exceededRecordCountFault" in attacker.post(upsert(*orders))
    assert attacker.simulator.records()["salesOrders"] == []
    too_many = f'<getList xmlns="{MESSAGES}">{reference * 1001}</getList>'
    assert "exceededRecordCountFault" in attacker.post(too_many)
    assert attacker.post(too_many.replace(reference, "", 1)).count("RCRD_DSNT_EXIST") == 1000


def test_add_takes_two_hundred_and_refuses_an_external_id_that_is_taken(attacker: Attacker) -> None:
    def add(*records: str) -> str:
        return f'<addList xmlns="{MESSAGES}">{"".join(records)}</addList>'

    orders = [sales_order(GOOD, f'externalId="x-{number}"') for number in range(201)]
    assert "exceededRecordCountFault" in attacker.post(add(*orders))
    assert attacker.post(add(*orders[:200])).count('isSuccess="true"') == 201

    reply = attacker.post(add(orders[0], sales_order(GOOD, 'externalId="new"'), sales_order(GOOD, "")))

    assert reply.count("code>DUP_RCRD<") == 1
    assert len(attacker.simulator.records()["salesOrders"]) == 202


def test_transactions_share_their_external_ids_whose_capitals_do_not_count(attacker: Attacker) -> None:
    attacker.post(upsert(sales_order(GOOD, 'externalId="Shop-1"')))
    deposit = (
        f'<record xmlns:k="{CUSTOMERS}" xmlns:i="{XSI}" i:type="k:CustomerDeposit" externalId="shop-1">'
        '<k:customer internalId="5001"/><k:payment>1</k:payment></record>'
    )

    refused = attacker.post(upsert(deposit))
    changed = attacker.post(upsert(sales_order(GOOD, 'externalId="SHOP-1"')))

    assert "code>DUP_RCRD<" in refused
    assert 'isSuccess="true"' in changed
    assert [made["externalId"] for made in attacker.simulator.records()["salesOrders"]] == ["Shop-1"]


def test_stock_is_asked_for_ten_thousand_items_at_most(attacker: Attacker) -> None:
    def asked(count: int) -> str:
        refs = '<c:recordRef internalId="1001"/>' * count
        filter_ = f'<itemAvailabilityFilter xmlns:c="{CORE}"><c:item>{refs}</c:item></itemAvailabilityFilter>'
        return f'<getItemAvailability xmlns="{MESSAGES}">{filter_}</getItemAvailability>'

    assert "exceededRecordCountFault" in attacker.post(asked(10_001))
    assert attacker.post(asked(1)).count("quantityOnHand>") == 4


def test_five_requests_at_once_are_answered_and_the_sixth_is_not(attacker: Attacker) -> None:
    with ExitStack() as busy:
        for _ in range(4):
            busy.enter_context(attacker.simulator.access.slot())
        assert "serverTime" in attacker.post(TIME)
        busy.enter_context(attacker.simulator.access.slot())
        assert "exceededConcurrentRequestLimitFault" in attacker.post(TIME)
    assert "serverTime" in attacker.post(TIME)


def test_a_fault_that_was_set_meets_one_request(attacker: Attacker) -> None:
    attacker.simulator.access.faults.append(Fault("unexpectedErrorFault", "UNEXPECTED_ERROR", "Sorry."))

    assert "UNEXPECTED_ERROR" in attacker.post(TIME)
    assert "serverTime" in attacker.post(TIME)


def test_what_was_deleted_is_told_in_pages(attacker: Attacker) -> None:
    for number in range(101):
        item = attacker.simulator.books.add_item(f"GONE-{number}", Decimal(1))
        attacker.simulator.books.delete("item", {"internalId": item.internal_id})

    def deleted(kind: str, page: int) -> str:
        type_ = f'<c:type operator="anyOf"><c:searchValue>{kind}</c:searchValue></c:type>'
        filter_ = f'<getDeletedFilter xmlns:c="{CORE}">{type_}</getDeletedFilter><pageIndex>{page}</pageIndex>'
        return attacker.post(f'<getDeleted xmlns="{MESSAGES}">{filter_}</getDeleted>')

    assert [deleted("inventoryItem", page).count("deletedDate>") for page in (1, 2, 3)] == [200, 2, 0]
    assert "deletedDate>" not in deleted("customer", 1)


@pytest.mark.parametrize(("size", "accepted"), [(4, False), (5, True), (1000, True), (1001, False)])
def test_pages_have_their_limits(attacker: Attacker, size: int, accepted: bool) -> None:
    record = f'<searchRecord xmlns:i="{XSI}" xmlns:a="{ACCOUNTING}" i:type="a:ItemSearch"/>'
    search = f'<search xmlns="{MESSAGES}">{record}</search>'
    preferences = f'<searchPreferences xmlns="{MESSAGES}"><pageSize>{size}</pageSize></searchPreferences>'

    reply = attacker.post(search, extra=preferences)

    assert ("INVALID_SEARCH_PAGE_SIZE" not in reply) is accepted
    if accepted:
        search_id = re.search(r"searchId>(\w+)<", reply)
        assert search_id
        assert "INVALID_SEARCH_PAGE_INDEX" in attacker.post(further(search_id[1], 99))


def test_an_unknown_search_has_no_further_page(attacker: Attacker) -> None:
    assert "INVALID_JOB_ID" in attacker.post(further("w", 2))


def test_a_document_type_and_broken_xml_are_refused(attacker: Attacker) -> None:
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaa">]><x>&a;</x>'
    for body in (bomb, "<s:Envelope", "", "<x/>"):
        reply = requests.post(attacker.url, data=body, timeout=60)
        assert reply.status_code == 500
        assert "Fault" in reply.text


def test_the_messages_version_must_be_the_endpoints(attacker: Attacker) -> None:
    assert "invalidVersionFault" in attacker.post(TIME.replace("2023_2", "2022_1"))


def test_there_is_nothing_else(attacker: Attacker) -> None:
    base = attacker.url.rpartition("/services")[0]
    for path in ("/", "/xsd/v2023_2_0/platform.xsd", "/xsd/v2023_2_0/../secret.xsd", "/wsdl/vX/netsuite.wsdl"):
        assert requests.get(base + path, timeout=60).status_code == 404
    assert requests.post(base + "/services/Other", data="x", timeout=60).status_code == 404


def test_the_address_of_the_web_services_is_told_without_a_passport(attacker: Attacker) -> None:
    asked = f'<getDataCenterUrls xmlns="{MESSAGES}"><account>1</account></getDataCenterUrls>'

    assert attacker.url.rpartition("/services")[0] in attacker.post(asked, "")


def test_operations_are_named_for_the_faults_that_aim_at_them(attacker: Attacker) -> None:
    environ = {"REQUEST_METHOD": "POST"}
    cases = {
        upsert(sales_order(GOOD)): "upsertList:SalesOrder",
        f'<getList xmlns="{MESSAGES}"><baseRef internalId="1" type="salesOrder"/></getList>': "getList",
        f'<getList xmlns="{MESSAGES}"><baseRef externalId="a" type="salesOrder"/></getList>': FINDS,
        f'<search xmlns="{MESSAGES}"><searchRecord xmlns:i="{XSI}" i:type="a:ItemSearch"/></search>': "search:Item",
    }
    for body, name in cases.items():
        assert attacker.simulator.operation(environ, f"<e:Body>{body}</e:Body>".encode()) == name
    assert attacker.simulator.operation(environ, b"\xff") == "unreadable"
    assert attacker.simulator.operation({"REQUEST_METHOD": "GET"}, b"") == "wsdl"
